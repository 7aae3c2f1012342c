"""`charnn train TREEBANK --members`: every command takes an ensemble of taggers as it takes one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from charnn import load, train
from charnn.checkpoint.members import each_own
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.plan import default_budget

WORDS = [
    ["the", "cat", "sat"], ["a", "dog", "ran", "off"], ["the", "old", "dog", "sat"], ["a", "mat"], ["cats", "ran"],
]  # fmt: skip
UPOS = {"the": "DET", "a": "DET", "sat": "VERB", "ran": "VERB", "old": "ADJ", "off": "ADP"}
TREEBANK = "".join(
    "".join(f"{n}\t{w}\t{w}\t{UPOS.get(w, 'NOUN')}\t_\t_\t0\troot\t_\t_\n" for n, w in enumerate(words, 1)) + "\n"
    for words in WORDS * 8
)
SMALL = ("--hidden", "8", "--batch", "4", "--precision", "fp32")
TEXT = "The cat sat. A dog ran off.\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tagger of two members, and with each of the members as a tagger of its own."""
    folder = tmp_path_factory.mktemp("members")
    (folder / "bank.conllu").write_text(TREEBANK)
    (folder / "text.txt").write_text(TEXT)
    train(
        folder / "bank.conllu",
        out=folder / "two",
        members=2,
        hidden=8,
        batch=4,
        precision="fp32",
        steps=30,
        linear=False,
    )
    weights = TaggerDirectory(folder / "two").weights()
    for number, own in enumerate(each_own(weights, 2)):
        shutil.copytree(folder / "two", folder / f"member-{number}")
        TaggerDirectory(folder / f"member-{number}").write_weights(dict(own))
        set_members(folder / f"member-{number}", None)
    return folder


def set_members(model: Path, members: int | None) -> None:
    path = model / "config.json"
    document = json.loads(path.read_text())
    document["network"].pop("members", None)
    document["network"] |= {} if members is None else {"members": members}
    path.write_text(json.dumps(document))


@pytest.fixture
def two(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "two", tmp_path / "two"))


def test_the_probability_of_a_tag_is_the_mean_of_those_of_the_members(made, charnn, text_file):
    text_file("the cat ran off\n", "words")

    def said(name: str) -> list[dict[str, float]]:
        result = charnn(
            "tag", "words", "--format", "tokens", "--json", "--nbest", "9", "--precision", "fp32", "-m", made / name
        )
        (line,) = result.text.splitlines()
        return [dict(word) for word in json.loads(line)["alternatives"]["upos"]]

    for ours, *theirs in zip(said("two"), said("member-0"), said("member-1"), strict=True):
        assert ours.keys() == theirs[0].keys()
        for tag, probability in ours.items():
            assert probability == pytest.approx(np.mean([one[tag] for one in theirs]), abs=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tag", "TEXT", "--probs"),
        ("tag", "TEXT", "--precision", "int8", "--min-confidence", "0.5"),
        ("tag", "TEXT", "--nbest", "2", "--json"),
        ("eval", "BANK", "--precision", "int8"),
        ("eval", "BANK", "--errors"),
        ("eval",),
        ("eval", "BANK", "--confusion", "confusion.png"),
        ("info",),
        ("report", "-o", "-"),
        ("plot", "curves", "--json"),
        ("models", "export", "--onnx", "--out", "graphs"),
        ("models", "export", "--out", "one.charnn"),
    ],
    ids=" ".join,
)
def test_every_use_of_one_tagger_is_one_of_members(made, two, charnn, arguments):
    files = {"TEXT": made / "text.txt", "BANK": made / "bank.conllu"}
    named = [files.get(one, one) for one in arguments]
    takes_name = arguments[0] in ("info", "report", "plot", "models")
    result = charnn(*named, *([two] if takes_name else ["-m", two]))
    assert result.code == 0, result.err


def test_a_run_says_its_members_and_goes_on_with_them(two, charnn, text_file):
    text_file(TREEBANK, "bank.conllu")
    result = charnn("train", "bank.conllu", *SMALL, "--members", "3", "--steps", "3", "--out", "three")
    assert result.code == 0, result.err
    assert "network   3 members, each cnn words, 1 x 2 x 8 lstm" in result.err
    assert "network     3 members, each cnn words" in charnn("info", "three").text
    longer = charnn("train", "--resume", "three", "--steps", "5")
    assert (longer.code, longer.text) == (0, "three\n")
    more = charnn("train", "bank.conllu", "--from", "three", "--steps", "2", "--out", "more")
    assert more.code == 0, more.err
    assert charnn("info", "more", "--json").json["network"]["members"] == 3
    other = charnn("train", "bank.conllu", "--from", "three", "--steps", "2", "--out", "other", "--members", "2")
    assert other.code == 2
    assert "has members 3, not 2" in other.err


def test_members_read_with_one_reader(made, charnn, text_file):
    text_file(TREEBANK, "bank.conllu")
    text_file(TEXT * 30, "plain.txt")
    small = ("--hidden", "8", "--layers", "1", "--batch", "4", "--window", "16", "--steps", "2", "--precision", "fp32")
    assert charnn("train", "plain.txt", *small, "--out", "reader").code == 0
    options = (*SMALL, "--members", "2", "--reader", "reader", "--steps", "6", "--out", "two")
    result = charnn("train", "bank.conllu", *options)
    assert result.code == 0, result.err
    names = [name for name in TaggerDirectory(Path("two")).weights() if "reader" in name and "spelling" not in name]
    assert names
    assert all(name.startswith("readers.forwards.") for name in names), "there is one, beside the members"
    shutil.rmtree("reader")
    assert charnn("train", "--resume", "two", "--steps", "8").code == 0
    text_file("the cat\n", "words")
    tagged = charnn("tag", "words", "-m", "two", "--format", "tokens", "--to", "slashed")
    assert tagged.code == 0, tagged.err
    assert len(tagged.text.split()) == 2


def test_a_budget_that_is_not_given_is_that_of_as_many_taggers():
    assert default_budget(50, 3).seconds == 3 * default_budget(50).seconds


def test_a_member_that_is_missing_or_one_too_many_is_damage(made, two, charnn, said_once):
    for members, missing in ((3, "members.2.words.weight"), (1, "words.weight")):
        set_members(two, members)
        result = charnn("tag", made / "text.txt", "-m", two)
        assert result.code == 1
        assert f"there is no '{missing}'" in said_once(result)


def test_python_takes_members(made, tmp_path):
    options = {"hidden": 8, "batch": 4, "precision": "fp32", "steps": 2}
    again = train(made / "bank.conllu", out=tmp_path / "more", members=2, **options)
    assert again.config.network.members == 2
    assert len(load(made / "two").tag([["the", "cat"]])[0]["upos"].tags) == 2


def test_members_teach_one_tagger_which_their_directory_outlives(two, charnn, text_file):
    text_file(TREEBANK, "bank.conllu")
    result = charnn("train", "bank.conllu", *SMALL, "--cell", "gru", "--steps", "4", "--out", "one", "--teacher", two)
    assert result.code == 0, result.err
    assert f"teachers  {two}; a fifth of the loss is on the treebank, the rest on what it says about it" in result.err
    assert f"teachers    {two}" in charnn("info", "one").text
    shutil.rmtree(two)
    assert charnn("train", "--resume", "one", "--steps", "6").code == 0
    text_file("the cat\n", "words")
    assert charnn("tag", "words", "-m", "one").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--teacher", "nowhere"), "nowhere: no model here"),
        (("--teacher", "two", "--decoder", "crf"), "--teacher is not for --decoder crf"),
        (("--teacher", "two", "--columns", "lemma"), "it does not tag lemma"),
        (("--teacher", "two", "--from", "two"), "--teacher is for a new network, and --from goes on with one"),
        (("--members", "101"), "--members 101"),
        (
            ("--task", "forecaster", "--members", "2"),
            "is for texts, treebanks, labelled texts and lists of pairs, and this is a forecaster",
        ),
        (
            ("--task", "forecaster", "--teacher", "two"),
            "--teacher is for texts and treebanks, and this is a forecaster",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_in_one_line_and_makes_nothing(two, charnn, text_file, said_once, options, said):
    text_file(TREEBANK.replace("\t_\t_\t0", "\tx\t_\t0"), "bank.conllu")
    result = charnn("train", "bank.conllu", *SMALL, "--steps", "2", "--out", "no", *options)
    assert result.code in (1, 2)
    assert said in said_once(result)
    assert not Path("no").exists()
