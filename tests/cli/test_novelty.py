"""`charnn novelty`: what a text has copied from what a model learned, and where it stands there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from charnn.config.model import TokenizerConfig
from charnn.corpora.data_files import DataFiles
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory

FIGURES = {"text", "characters", "at_least", "copied", "share", "longest"}
RUN = {"text", "line", "column", "length", "source", "source_line", "source_column", "run"}
LEARNED = "".join(f"{word} one, two {word} three\n" for word in ("alder", "birch", "cedar", "doum", "elm", "fig")) * 3
HELD_OUT = "xylophones quietly vex jazzy kings, hmmm, why, whoa\n"


@pytest.fixture
def corpus(text_file):
    return text_file("the cat sat on the mat.\na dog ran off with the hat.\n", "corpus.txt")


@pytest.fixture
def compare(charnn, corpus):
    return lambda *arguments, **streams: charnn("novelty", "--corpus", "corpus.txt", *arguments, **streams)


@pytest.fixture
def learn(copied):
    """Makes a model directory that records these files, in the folder that commands run in, as what it learned."""

    def as_if(*names, validation=(), tokenizer="characters", **reading):
        folder = copied.parent
        corpus = read_corpus(
            DataFiles([str(folder / name) for name in names], [str(folder / name) for name in validation]), **reading
        )
        model = LanguageModelDirectory(copied)
        config = model.config()
        model.write_config(replace(config, corpus=corpus.config, tokenizer=TokenizerConfig(kind=tokenizer)))

    return as_if


@pytest.fixture
def own(charnn):
    return lambda *arguments, **streams: charnn("novelty", "--model", "copied", *arguments, **streams)


@pytest.fixture
def own_text(text_file, learn):
    """Documents are its lines, and the last one was held out."""
    path = text_file(LEARNED + HELD_OUT, "learned.txt")
    learn("learned.txt", document="line")
    return path


def records(result):
    assert result.code == 0
    return [json.loads(line) for line in result.text.splitlines()]


def test_json_has_what_is_promised(compare, text_file):
    text_file("I say\na dog ran off!", "story.txt")
    result = compare("story.txt", "--at-least", 5, "--json")
    assert result.err == ""
    assert set(result.json) == FIGURES | {"corpus_characters", "held_out"}
    assert set(result.json["longest"]) == RUN
    assert result.json == {
        "text": "story.txt",
        "characters": 20,
        "at_least": 5,
        "copied": 14,
        "share": 0.7,
        "corpus_characters": 52,
        "held_out": None,
        "longest": {
            "text": "story.txt",
            "line": 1,
            "column": 6,
            "length": 14,
            "source": "corpus.txt",
            "source_line": 1,
            "source_column": 24,
            "run": "\na dog ran off",
        },
    }


def test_a_report_says_the_same_numbers(compare, text_file):
    text_file("I say\na dog ran off!", "story.txt")
    result = compare("story.txt", "--at-least", 5)
    assert result.err == ""
    for part in ("20 characters", "52 of corpus.txt", "70.0%", "14 characters, story.txt:1:6, there corpus.txt:1:24"):
        assert part in result.text
    assert result.text.endswith("\n            \\na dog ran off\n")
    assert "chance" not in result.text


def test_stdin_is_the_default_and_each_of_several_files_is_compared(compare, text_file):
    text_file("a dog ran off with me", "story.txt")
    results = [compare(*given, "--json", stdin=b"a dog ran off with me") for given in ((), ("-",), ("story.txt",))]
    assert [result.json["copied"] for result in results] == [0, 0, 0]
    assert [result.json["longest"]["length"] for result in results] == [19, 19, 19]
    found = records(compare("story.txt", "-", "--json", stdin=b"the cat sat on the mat."))
    assert [record["text"] for record in found] == ["story.txt", "standard input"]
    assert [record["share"] for record in found] == [0, 1]


def test_several_corpora_are_told_apart(charnn, text_file):
    text_file("one two three\n", "first.txt")
    text_file("four\nfive six seven\n", "second.txt")
    arguments = ("--corpus", "first.txt", "--corpus", "second.txt", "--at-least", 8)
    result = charnn("novelty", *arguments, "--runs", stdin=b"two three\nfive six")
    assert (
        result.text
        == "10\tstandard input:1:1\tfirst.txt:1:5\ttwo three\\n\n9\tstandard input:1:10\tsecond.txt:1:5\t\\nfive six\n"
    )
    assert "34 of 2 files" in charnn("novelty", *arguments, stdin=b"six").text


def test_runs_are_rows_and_objects(compare):
    text = b"so the cat sat\nwith the hat"
    result = compare("--runs", "--at-least", 9, stdin=text)
    assert result.text.splitlines() == [
        "11\tstandard input:1:4\tcorpus.txt:1:1\tthe cat sat",
        "12\tstandard input:2:1\tcorpus.txt:2:15\twith the hat",
    ]
    found = records(compare("--runs", "--at-least", 9, "--json", stdin=text))
    assert [set(record) for record in found] == [RUN, RUN]
    assert [record["run"] for record in found] == ["the cat sat", "with the hat"]


def test_every_line_has_a_row(compare):
    text = b"the cat sat on\r\n\nxyz\na dog\tran off\n"
    result = compare("--per-line", "--at-least", 6, stdin=text)
    assert result.text.splitlines() == [
        "1.0000\t14\tcorpus.txt:1:1\tthe cat sat on",
        "-\t0\t-\t",
        "0.0000\t0\t-\txyz",
        "0.5385\t7\tcorpus.txt:2:7\ta dog\tran off",
    ]
    found = records(compare("--per-line", "--at-least", 6, "--json", stdin=text))
    assert [set(record) for record in found] == [FIGURES | {"line"}] * 4
    assert [record["line"] for record in found] == [1, 2, 3, 4]
    assert [record["share"] for record in found] == [1, None, 0, 7 / 13]


def test_a_run_that_is_listed_lies_within_its_line(compare):
    result = compare("--per-line", "--runs", "--at-least", 4, stdin=b"...\n a mat.\na dog.")
    assert (
        result.text == "5\tstandard input:2:3\tcorpus.txt:1:19\t mat.\n5\tstandard input:3:1\tcorpus.txt:2:1\ta dog\n"
    )


def test_a_model_is_compared_with_what_it_was_trained_on_only(own, own_text):
    learned = own("--json", stdin=b"elm one, two elm three\n").json
    assert learned["share"] == 1
    assert learned["corpus_characters"] == len(LEARNED)
    assert learned["longest"]["source"] == str(own_text)
    held_out = own("--json", stdin=HELD_OUT.encode()).json
    assert held_out["share"] == 0
    chance = {"characters": len(HELD_OUT), "share": 0, "longest": held_out["longest"]["length"]}
    assert held_out["held_out"] == chance


def test_a_single_document_is_cut_where_training_cut_it(own, text_file, learn):
    text_file("a" * 90 + "b" * 10, "learned.txt")
    learn("learned.txt")
    assert own("--json", stdin=b"a" * 90).json["share"] == 1
    assert own("--json", stdin=b"bbb").json["longest"] is None


def test_chance_is_what_the_held_out_text_has_in_common(charnn, trained):
    rows = charnn("novelty", "--model", trained.path, stdin=b"1234").text.splitlines()
    assert rows[1:] == [
        "copied      0.0% is in runs of 20 characters and more",
        "by chance   100.0%, the longest of 104: so it is with 104 held-out characters",
        "longest     not one character stands there",
    ]


def test_a_validation_file_is_held_out_whole(own, text_file, learn):
    text_file(LEARNED, "learned.txt")
    validation = text_file(HELD_OUT, "valid.txt")
    learn("learned.txt", validation=["valid.txt"])
    result = own("--json", stdin=b"fig one").json
    assert result["corpus_characters"] == len(LEARNED)
    assert result["held_out"]["characters"] == len(HELD_OUT)
    validation.unlink()
    result = own("--json", stdin=b"fig one")
    assert result.json["held_out"] is None
    assert result.err.startswith("charnn: warning: ")
    assert str(validation) in result.err


def test_places_of_several_training_files_are_their_own(own, text_file, learn):
    text_file("one two three four five six\n", "first.txt")
    second = text_file("\nseven eight nine ten\n" + "eleven twelve\n" * 5, "second.txt")
    learn("first.txt", "second.txt", document="line")
    result = own("--json", stdin=b"eight nine ten").json
    assert (result["corpus_characters"], result["held_out"]["characters"]) == (106, 14)
    longest = result["longest"]
    assert (longest["source"], longest["source_line"], longest["source_column"]) == (str(second), 2, 7)


def test_a_model_of_bytes_reads_any(own, text_file, learn):
    text_file(b"\xff\xfe\x00 any bytes at all \xc3 \xff\n" * 20, "bytes.bin")
    learn("bytes.bin", tokenizer="bytes", any_bytes=True)
    result = own(stdin=b"\xff\xfe\x00 any bytes at all \xc3")
    assert result.code == 0
    assert "copied      100.0%" in result.text
    assert r"\udcff\udcfe\x00 any" in result.text
    assert own("--per-line", stdin=b"\xff\xfe").out.endswith(b"\t\xff\xfe\n")
    assert own("--json", stdin=b"\xff\xfe").json["longest"]["run"] == "\udcff\udcfe"


def test_characters_are_counted_not_bytes(compare, text_file):
    text_file("süße 😀 käse", "corpus.txt")
    result = compare("--at-least", 3, "--json", stdin="die süße 😀!".encode()).json
    assert (result["characters"], result["copied"], result["longest"]["run"]) == (11, 6, "süße 😀")


def test_a_long_run_is_shortened_and_stays_on_its_line(compare, text_file):
    text_file("a\n" * 500, "corpus.txt")
    rows = compare(stdin=b"a\n" * 400).text.splitlines()
    assert len(rows) == 4
    assert rows[-1].endswith("a\\n ...")
    assert len(rows[-1]) < 400


def test_other_encodings_are_read_when_named(compare, text_file):
    text_file("grün und süß".encode("latin-1"), "corpus.txt")
    result = compare("--encoding", "latin-1", "--at-least", 4, "--json", stdin="grün".encode("latin-1"))
    assert result.json["share"] == 1


@pytest.mark.parametrize("flags", [(), ("--per-line",), ("--runs",)])
def test_an_empty_text_has_nothing_to_compare(compare, said_once, flags):
    result = compare(*flags)
    assert result.code == 1
    assert "empty" in said_once(result)


def test_an_empty_corpus_is_said(charnn, text_file, said_once):
    text_file("", "nothing.txt")
    result = charnn("novelty", "--corpus", "nothing.txt", stdin=b"abc")
    assert result.code == 1
    assert "nothing.txt" in said_once(result)


def test_what_contradicts_itself_is_refused(charnn, corpus, said_once):
    for arguments, word in (
        (("--corpus", "corpus.txt", "--model", "m"), "--model"),
        (("--corpus", "-"), "standard input"),
        (("--corpus", "corpus.txt", "--at-least", "0"), "--at-least"),
    ):
        result = charnn("novelty", *arguments, stdin=b"abc")
        assert result.code == 2
        assert word in said_once(result)


def test_a_missing_file_and_a_missing_model_are_said(charnn, compare, said_once):
    assert "no.txt" in said_once(compare("no.txt"))
    assert "--model" in said_once(charnn("novelty", stdin=b"abc"))


def test_a_corpus_that_is_gone_is_said_with_a_way_out(own, own_text, said_once):
    own_text.unlink()
    result = own(stdin=b"abc")
    assert result.code == 1
    line = said_once(result)
    assert str(own_text) in line
    assert "--corpus" in line


def test_whoever_reads_no_further_ends_it_quietly(process, corpus, text_file):
    text_file("the cat sat\n" * 20_000, "story.txt")
    child = process("novelty", "--corpus", "corpus.txt", "--per-line", "story.txt")
    assert child.stdout.readline().startswith(b"0.0000\t11\tcorpus.txt:1:1\t")
    child.stdout.close()
    assert child.wait(30) == 0
    assert child.stderr.read() == b""


def test_it_stands_in_a_pipe_behind_a_sample(process, trained):
    sample = process("sample", "the cat", "--length", "50", "--model", trained.path)
    child = process("novelty", "--json", "--model", trained.path, stdin=sample.stdout)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, b"")
    assert json.loads(out)["longest"]["length"] >= len("the cat")
    assert sample.wait(30) == 0


def test_labelled_texts_of_several_files_are_found_in_their_own(charnn, text_file):
    """Each text has its file and its line, though training read them in another order."""
    animals = [f"the {n} brown animals of the wood went home" for n in range(40)]
    towns = [f"there are {n} streets in a town by the sea" for n in range(40)]
    for name, label, texts in (("a.tsv", "animal", animals), ("b.tsv", "town", towns)):
        text_file("".join(f"{label}\t{text}\n" for text in texts), name)
    quick = ("--conditioned", "--steps", "1", "--hidden", "4", "--out", "model")
    assert charnn("train", "a.tsv", "b.tsv", *quick).code == 0
    learned = text_file(f"{animals[7]}\n{towns[9]}\n", "learned.txt")
    rows = [line.split("\t") for line in charnn("novelty", learned, "-m", "model", "--per-line").text.splitlines()]
    assert [share for share, *_ in rows] == ["1.0000", "1.0000"]
    assert [place.rpartition("/")[2] for _, _, place, _ in rows] == ["a.tsv:8:1", "b.tsv:10:1"]
    assert charnn("novelty", learned, "-m", "model").text.splitlines()[0].endswith(" of 2 files")
