r"""A line ends in \n, \r\n or \r alone, and no other character ends one, in whatever command reads lines."""

from __future__ import annotations

import json

import pytest

import charnn as api
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.transducer.directory import TransducerDirectory
from tests.cli.conftest import TEXT, TINY

NO_ENDS = "\f\v\x1c\x1d\x1e\x85\u2028\u2029"
LINES = [*(f"the cat{no_end}sat" for no_end in NO_ENDS), "", "a dog ran", "the hat"]
ENDS = pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
SHORT = ("--steps", "1", "--hidden", "4", "--precision", "fp32")
TAGS = "\u2028\x85abcdefgh"
"""Tags of characters, two of which end lines elsewhere."""


def text_of(lines, end):
    return "".join(line + end for line in lines)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A language model, a tagger, a classifier and a transducer."""
    folder = tmp_path_factory.mktemp("models")
    data = {
        "language-model": TEXT,
        "tagger": "the_D cat_N sat_V\na_D dog_N ran_V\n" * 9,
        "classifier": "".join(f"{'no' if n % 3 else 'yes'}\tthe cat {n}\n" for n in range(24)),
        "transducer": "".join(f"word{n}\tW O R {n}\n" for n in range(24)),
    }
    for task, text in data.items():
        (folder / f"{task}.txt").write_text(text)
        api.train(folder / f"{task}.txt", task=task, steps=1, hidden=4, precision="fp32", out=folder / task)
    return folder


def objects(result):
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.decode().split("\n")[:-1]]


@ENDS
def test_a_document_is_a_line(charnn, text_file, tmp_path, end):
    text_file(text_of(LINES, end))
    assert charnn("train", "text.txt", "--documents", "line", "--valid", "none", "--out", "m", *TINY).code == 0
    assert LanguageModelDirectory(tmp_path / "m").config().corpus.documents == len(LINES)


@ENDS
@pytest.mark.parametrize(
    ("task", "command", "key"),
    [
        ("language-model", ("score",), "text"),
        ("language-model", ("sample", "--prompts", "--length", "2", "--prompt-file"), "prompt"),
        ("classifier", ("classify",), "text"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_line_goes_in_and_an_object_comes_out(charnn, models, text_file, end, task, command, key):
    found = objects(charnn(*command, text_file(text_of(LINES, end)), "--json", "-m", models / task))
    assert [record[key] for record in found] == LINES
    numbers = [record["line"] for record in found if "line" in record]
    assert numbers in ([], list(range(1, len(LINES) + 1)))


@pytest.mark.parametrize(
    ("task", "command", "key"),
    [
        ("language-model", ("score",), "file"),
        ("language-model", ("score", "--units", "1:1"), "file"),
        ("language-model", ("novelty", "--per-line"), "text"),
        ("tagger", ("tag",), "file"),
        ("classifier", ("classify",), "file"),
        ("classifier", ("eval", "-"), "file"),
        ("transducer", ("eval", "-"), "file"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_standard_input_has_one_name(charnn, models, text_file, task, command, key):
    line = {"classifier": "no\tthe cat\nno\tthe dog\n", "transducer": "word1\tW O R 1\n"}.get(task, "the cat sat\n")
    with open(text_file(line), encoding="utf-8") as stdin:
        found, *_ = objects(charnn(*command, "--json", "-m", models / task, stdin=stdin))
    assert found[key] == "standard input"


@ENDS
def test_a_line_is_compared_with_the_corpus(charnn, models, text_file, end):
    options = ("--per-line", "--json", "--at-least", "3", "--corpus", models / "language-model.txt")
    found = objects(charnn("novelty", text_file(text_of(LINES, end)), *options))
    assert [(record["line"], record["characters"]) for record in found] == list(enumerate(map(len, LINES), 1))
    runs = objects(charnn("novelty", "text.txt", "--runs", *options[1:]))
    (place,) = [(run["line"], run["column"]) for run in runs if run["run"].startswith("a dog ran")]
    assert place == (LINES.index("a dog ran") + 1, 1)


@ENDS
def test_a_line_is_a_sentence_to_tag(charnn, models, text_file, end):
    text_file(text_of(LINES, end))
    for options in (("--format", "tokens"), ()):
        found = objects(charnn("tag", "text.txt", *options, "--json", "-m", models / "tagger"))
        assert [record["line"] for record in found] == [number for number, line in enumerate(LINES, 1) if line]
    assert ["the", "cat", "sat"] not in objects(charnn("tag", "text.txt", "--format", "tokens", "--json", "-m",
                                                       models / "tagger"))[0].values()  # fmt: skip


@ENDS
def test_a_line_of_running_text_counts(charnn, models, text_file, end):
    r"""A blank line ends a paragraph, and a line end in one is a space, whatever the ends of lines are."""
    text_file(text_of(["A cat sat", f"here. The{NO_ENDS}dog", "", "a hat", "sat."], end))
    found = objects(charnn("tag", "text.txt", "--format", "text", "--json", "-m", models / "tagger"))
    assert [(record["line"], " ".join(record["words"])) for record in found] == [
        (1, "A cat sat here ."),
        (2, "The dog"),
        (4, "a hat sat ."),
    ]


@ENDS
def test_a_line_is_a_tagged_sentence(charnn, models, text_file, tmp_path, end):
    text_file(text_of(["the_D c\x85t_N", "a_D dog\u2028x_N", "", "a_D hat_N"] * 4, end), "tagged.txt")
    (report,) = objects(charnn("eval", "tagged.txt", "--json", "-m", models / "tagger"))
    assert report["tag"]["words"] == 24
    trained = charnn("train", "tagged.txt", "--columns", "tag", "--task", "tagger", "--out", "m", *SHORT)
    assert trained.code == 0, trained.err
    assert {*TaggerDirectory(tmp_path / "m").lexicon().tags["tag"]} == {"D", "N"}


@pytest.mark.parametrize("format", ["conllu", "columns"])
def test_a_return_in_a_row_of_a_treebank_is_an_error_and_no_part_of_a_tag(charnn, models, text_file, format):
    r"""The rows of treebanks end in \n or \r\n, as CoNLL-U says."""
    row = {"columns": "the\tD{}T\n", "conllu": "1\tthe\t_\tD{}T\t_\t_\t_\t_\t_\t_\n"}[format]
    text = row.format("") + "\n" + row.format("\r") + "\n"
    old = text.replace("\r", "").replace("\n", "\r")
    for content, line in ((text, 3), (old, 1)):
        result = charnn("tag", text_file(content), "--format", format, "-m", models / "tagger")
        assert result.code == 1
        assert f"text.txt:{line}: \\r alone ends no row; tr " in result.err
        trained = charnn("train", "text.txt", "--task", "tagger", "--format", format, *SHORT)
        assert f"text.txt:{line}: \\r alone ends no row; tr " in trained.err
    skipped = charnn("tag", text_file(text), "--on-error", "skip", "--format", format, "-m", models / "tagger")
    assert skipped.code == 0
    assert skipped.out.decode().endswith(f"{row.format(chr(13))}\n")


@ENDS
def test_a_line_has_a_line_of_tags(charnn, text_file, tmp_path, end):
    text_file(text_of(["\u2028\x85abcdef"] * 5, end), "bare.txt")
    text_file(text_of([TAGS[:8]] * 5, end), "tags.txt")
    trained = charnn("train", "bare.txt", "--level", "character", "--tags", "tags.txt", "--out", "m", *SHORT)
    assert trained.code == 0, trained.err
    directory = TaggerDirectory(tmp_path / "m")
    assert {*directory.lexicon().tags[directory.config().corpus.columns[0]]} == {*TAGS[:8]}
    (report,) = objects(charnn("eval", "bare.txt", "--tags", "tags.txt", "--json", "-m", "m"))
    assert report["tag"]["words"] == 40


@ENDS
def test_a_line_has_a_label(charnn, text_file, tmp_path, end):
    labelled = [f"{'no' if n % 2 else 'yes'}\t{line}" for n, line in enumerate(LINES * 2)]
    text_file(text_of(labelled, end), "labelled.tsv")
    options = ("--task", "classifier", "--label-column", "1", "--valid", "none", "--out", "m", *SHORT)
    assert charnn("train", "labelled.tsv", *options).code == 0
    assert ClassifierDirectory(tmp_path / "m").config().corpus.training_texts == len(labelled)
    assert charnn("eval", "labelled.tsv", "--json", "-m", "m").json["texts"] == len(labelled)
    written = charnn("train", "labelled.tsv", "--conditioned", "--label-column", "1", "--out", "c", *TINY)
    assert written.code == 0, written.err
    labels = LanguageModelDirectory(tmp_path / "c").config().corpus.labels
    assert [label.name for label in labels] == ["no", "yes"]


@ENDS
def test_a_line_of_a_file_that_is_a_label(charnn, text_file, tmp_path, end):
    (tmp_path / "labels").mkdir()
    for label in ("no", "yes"):
        text_file(text_of(LINES, end), f"labels/{label}.txt")
    trained = charnn("train", "labels", "--task", "classifier", "--valid", "none", "--out", "m", *SHORT)
    assert trained.code == 0, trained.err
    texts = 2 * sum(bool(line) for line in LINES)
    assert ClassifierDirectory(tmp_path / "m").config().corpus.training_texts == texts


@ENDS
def test_a_line_is_a_pair(charnn, models, text_file, tmp_path, end):
    pairs = [f"{line or 'x'}\t{n} W" for n, line in enumerate(LINES)]
    text_file(text_of(pairs, end), "pairs.tsv")
    trained = charnn("train", "pairs.tsv", "--task", "transducer", "--valid", "none", "--out", "m", *SHORT)
    assert trained.code == 0, trained.err
    assert TransducerDirectory(tmp_path / "m").config().corpus.training_pairs == len(pairs)
    turned = charnn("transduce", text_file(text_of(LINES, end)), "-m", models / "transducer", "--json")
    assert [record["source"] for record in objects(turned)] == [line.strip() for line in LINES]


@ENDS
def test_a_line_of_a_list_is_a_path(charnn, text_file, tmp_path, end):
    text_file(name="a\u2028b.txt")
    text_file(name="c.txt")
    text_file(text_of(["a\u2028b.txt", "c.txt"], end), "list.txt")
    assert charnn("train", "--files-from", "list.txt", "--out", "m", *TINY).code == 0
    assert len(LanguageModelDirectory(tmp_path / "m").config().corpus.sources) == 2


@ENDS
def test_lines_that_are_picked_out_keep_their_ends(charnn, models, text_file, end):
    """Also a table has a row for each line, which ends as the rows of tables do."""
    text = text_of(LINES, end)
    assert charnn("score", text_file(text), "--threshold", "-1", "-m", models / "language-model").out == text.encode()
    kept = charnn("classify", "text.txt", "--only", "no", "--only", "yes", "-m", models / "classifier")
    assert kept.out == text.encode()
    table = charnn("score", "text.txt", "-m", models / "language-model").out.decode()
    assert table.count("\n") == len(LINES)
    assert table.endswith("\n")
