"""Every command of the README and every example of the help runs, in a folder that has the files which it names.

Trainings take a few steps instead of their time, samples are few and short, and pictures have few dots; nothing else of
a command is changed.
"""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import subprocess

import pytest

from charnn.cli.main import run
from tests.commands import CHARNN
from tests.once import made_once
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LONG = 'Once upon a time Mr Fox met Mrs Miller.\nROMEO: Dear Miss Goose, "how is it done?" he said; nobody knew!\n' * 40
SHORT = LONG[: len(LONG) // 8]
TAGGED = "".join(
    f"# text = {word}s sleep\n1\t{word}s\t_\tNOUN\tNN\t_\t0\troot\t_\t_\n"
    "2\tsleep\t_\tVERB\tVB\tNumber=Plur\t1\tdep\t_\t_\n\n"
    for word in ["cat", "dog", "fox", "hen", "crow", "mouse"] * 4
)
LABELLED = "".join(
    f"{label}\t{text} {n}\n"
    for n in range(20)
    for label, text in (("spam", "buy"), ("Irish", "O'Neil"), ("billing", "pay"))
)
SERIES = "year,sales\n" + "".join(f"{1900 + n},{n % 7 + n % 3}\n" for n in range(80))
NEWER = "year,sales\n" + "".join(f"{1980 + n},{n}\n" for n in range(6))
PAIRS = "".join(f"{word}{n}\t{word}{n}ed\n" for n in range(20) for word in ("walk", "talk"))
NER = "".join(f"Ann\tB-PER\nLee\tI-PER\nsat{n}\tO\n\n" for n in range(20))
TICKETS = "day,message\n" + "".join(f"{n},pay {n}\n" for n in range(9))
FILES = {
    **dict.fromkeys(
        ("corpus.txt", "more.txt", "letters/a.txt", "letters/b.txt", "other.txt", "input.txt", "news.txt",
         "data/fables.txt"), LONG,
    ),
    **dict.fromkeys(("letters.txt", "story.txt", "chapter.txt"), SHORT),
    **dict.fromkeys(
        ("names.txt", "notes.txt", "new.txt", "letter.txt", "app.log", "chat.log", "inbox.txt", "reviews.txt",
         "words.txt", "scanned.txt", "garbled.txt", "towns.txt", "terms.txt"),
        "cats sleep\nwalk1\nO'Neil\n" * 9,
    ),
    **dict.fromkeys(
        ("treebank.conllu", "train.conllu", "dev.conllu", "test.conllu", "new.conllu", "data/fables-train.conllu",
         "data/fables-dev.conllu"), TAGGED,
    ),
    "begun.conllu": TAGGED.replace("NOUN", "_"), "bare.txt": "ecole\nete\n" * 20, "accented.txt": "école\nété\n" * 20,
    "names.tsv": LABELLED, "reviews.tsv": LABELLED, "new-reviews.tsv": LABELLED,
    "pairs.tsv": PAIRS, "spelling-sound.tsv": PAIRS, "dev.tsv": PAIRS,
    "tickets.csv": TICKETS, "ner.tsv": NER, "test.tsv": NER, "LIST": "more.txt\n",
    "series.csv": SERIES, "data/sunspots.csv": SERIES, "newer.csv": NEWER,
}  # fmt: skip
SMALL = ("--hidden", "8", "--layers", "1", "--precision", "fp32")
MADE = {
    "corpus": ("corpus.txt", "--documents", "line", "--hidden", "20", "--layers", "2"),
    "tags": ("treebank.conllu", "--columns", "upos,feats", *SMALL),
    "labels": ("reviews.tsv", "--task", "classifier", *SMALL),
    "series": ("series.csv", "--task", "forecaster", "--horizon", "4", *SMALL),
    "targets": ("pairs.tsv", *SMALL), "names": ("names.tsv", "--conditioned", *SMALL),
}  # fmt: skip
COPIES = {**dict.fromkeys(("english", "french", "poems", "rnn", "gru", "lstm"), "corpus"), "reviews": "labels"}
INSTEAD = {
    "--time": "--steps",
    "--epochs": "--steps",
    "-n": "-n",
    "--length": "--length",
    "--characters": "--characters",
    "--folds": "--folds",
}
FEW = {"--steps": "6", "-n": "4", "--length": "60", "--characters": "300", "--folds": "2"}
ALONE = {
    "train": "charnn train corpus.txt", "classify": "charnn classify new.txt", "sample": "charnn sample",
    "transduce": "charnn transduce words.txt", "tag": "charnn tag notes.txt", "eval": "charnn eval",
    "score": "charnn score notes.txt", "recall": "charnn recall names.txt notes.txt",
}  # fmt: skip
"""What an option is put behind that the README names alone, after a command of this name."""


def of_the_readme():
    """Each command of its table and of its blocks; an option or command that is named alone is completed."""
    for row in re.findall(r"^\| .*\|$", README, re.MULTILINE):
        before = ""
        for code in re.findall(r"`([^`]*)`", re.split(r"(?<!\\)\|", row)[2]):
            command = code.replace("\\|", "|")
            if command.startswith("--"):
                command = f"{ALONE[before]} {command}"
            elif not re.match(r"(charnn|zcat|torchrun|echo) ", command):
                command = f"charnn {command}"
            yield command
            before = command.rpartition("charnn ")[2].split()[0]
    yield from re.findall(r"^    \$ (.*)$", README, re.MULTILINE)


def of_the_help(command):
    for line in (command.help or "").splitlines():
        if re.match(r"\s*(charnn|zcat|tail|echo|cut|printf|cat) ", line):
            yield line.strip()
    for inner in getattr(command, "commands", {}).values():
        yield from of_the_help(inner)


EXAMPLES = [
    command
    for command in dict.fromkeys([*of_the_readme(), *of_the_help(CHARNN)])
    if not command.startswith("torchrun ")  # several processes are tried in test_torchrun.py
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """The files, and a model of each kind that some command takes by default or by name."""

    def fill(folder):
        for name, content in FILES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(content)
        (folder / "letters/c.gz").write_bytes(gzip.compress(LONG.encode()))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.delenv("CHARNN_MODEL", raising=False)
            for name, arguments in MADE.items():
                assert run(["train", "-q", *arguments, "--steps", "3", "--out", f"checkpoints/{name}"]) == 0
        for name, model in COPIES.items():
            shutil.copytree(folder / "checkpoints" / model, folder / "checkpoints" / name)

    return made_once(tmp_path_factory, "examples", fill)


@pytest.fixture
def folder(shelf, tmp_path):
    shutil.copytree(shelf, tmp_path, dirs_exist_ok=True, copy_function=copied_or_linked)
    return tmp_path


def copied_or_linked(source, target):
    """All files but histories are only ever replaced as a whole."""
    (shutil.copyfile if source.endswith("history.jsonl") else os.link)(source, target)


@pytest.mark.parametrize("command", EXAMPLES)
def test_an_example_runs(charnn, folder, monkeypatch, command):
    monkeypatch.setattr("charnn.plots.canvas.DOTS_PER_INCH", 40)
    if (model := default_of(command)) is not None:
        monkeypatch.setenv("CHARNN_MODEL", model)
    if "test.conllu --model english" in command:
        shutil.rmtree(folder / "checkpoints/english")
        shutil.copytree(folder / "checkpoints/tags", folder / "checkpoints/english")
    if "rename corpus poems" in command:
        shutil.rmtree(folder / "checkpoints/poems")
    for pipeline in re.split(r" && ", command):
        written = b""
        for stage in split_unquoted(pipeline):
            written = run_stage(charnn, folder, stage, written)
        if "train" in pipeline:
            monkeypatch.delenv("CHARNN_MODEL", raising=False)


def default_of(command):
    """The model that a command takes where it names none; None where the model of its task is meant."""
    if re.search(r"charnn (train|tag|classify|transduce|forecast|models|plot forecast|eval \w+\.conllu)", command):
        return None
    if "--label" in command:
        return "names"
    return "labels" if "plot calibration" in command else "tags" if "plot confusion" in command else "corpus"


def split_unquoted(pipeline):
    """The stages of a pipeline; a | within quotes is none of its own."""
    stages, quote = [""], ""
    for character in pipeline:
        quote = "" if character == quote else quote or (character if character in "'\"" else "")
        if character == "|" and not quote:
            stages.append("")
        else:
            stages[-1] += character
    return [stage.strip() for stage in stages]


def run_stage(charnn, folder, stage, stdin):
    """What one stage writes to stdout."""
    if not stage.startswith("charnn "):
        if shutil.which(stage.split()[0]) is None:
            return b"x\n"  # jq is not everywhere
        script = stage.replace("tail -f", "cat")
        done = subprocess.run(["bash", "-c", script], cwd=folder, input=stdin, capture_output=True, timeout=30)
        assert done.stderr == b""
        return done.stdout
    words = shlex.split(stage)[1:]
    target = words.index(">") if ">" in words else None
    words = words[:target]
    source = folder / "stdin"
    source.write_bytes(stdin)
    if "<" in words:
        source = folder / words[words.index("<") + 1]
        words = words[: words.index("<")]
    with source.open(encoding="utf-8") as stream:
        result = charnn(*smaller(words), stdin=stream)
    assert result.code == 0, result.err
    return result.out


def smaller(words):
    """The same command with less to do."""
    few = []
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        few.append(INSTEAD.get(word, word) if before not in INSTEAD else FEW[INSTEAD[before]])
    if words[0] in ("train", "compare"):
        new = "--resume" not in words
        few += ["--steps", "6"] * ("--steps" not in few) + [*SMALL] * (new and "--from" not in words)
    if words[:2] == ["plot", "temperature"] and "--characters" not in words:
        few += ["--characters", "300"]
    if words[:2] == ["plot", "capacity"]:
        few += ["--units", "200"]
    if words[:2] == ["plot", "gradients"] and "--steps" not in words:
        few += ["--steps", "6"]
    return few
