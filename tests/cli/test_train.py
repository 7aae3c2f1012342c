"""`charnn train` from a text to a model: what it prints, and which texts it takes."""

from __future__ import annotations

import gzip
import json
import os
import pty
from pathlib import Path

import pytest


def test_stdout_of_training_is_the_path_of_the_model_alone(trained):
    assert trained.result.code == 0
    assert trained.result.text == "checkpoints/pets\n"
    assert (trained.path / "config.json").is_file()


def test_notices_and_a_line_a_validation_are_on_stderr(trained):
    lines = trained.result.err.splitlines()
    assert (
        sum(line.startswith("step ") for line in lines)
        == len((trained.path / "history.jsonl").read_text().split("\n")) - 1
    )
    assert any("checkpoints/pets" in line for line in lines)


def test_no_bars_where_stderr_is_no_terminal(trained):
    assert "\x1b" not in trained.result.err
    assert "\r" not in trained.result.err


def test_a_terminal_on_stderr_gets_the_live_view_and_stdout_stays_clean(process, text_file, tiny):
    text_file()
    terminal, stderr = pty.openpty()
    child = process("train", "text.txt", *tiny, stderr=stderr)
    os.close(stderr)
    seen = b""
    try:
        while block := os.read(terminal, 65536):
            seen += block
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    assert child.stdout.read() == b"checkpoints/text\n"
    assert child.wait() == 0
    assert b"\x1b[" in seen
    assert b"bits/char" in seen


def test_json_is_one_object_with_the_model_the_outcome_and_the_scores(charnn, text_file, tiny):
    text_file()
    result = charnn("train", "text.txt", *tiny, "--json")
    assert result.code == 0
    assert set(result.json) == {
        "model", "seed", "outcome", "verdict", "nats_per_character", "bits_per_character", "step", "epoch", "seconds",
        "nats_by_network", "nats_by_ngrams", "characters",
    }  # fmt: skip
    assert result.json["model"] == "checkpoints/text"
    assert result.json["outcome"] == "budget"


def test_stdin_is_a_corpus_and_its_model_is_called_stdin(charnn, tmp_path, tiny):
    result = charnn("train", "-", *tiny, stdin=b"to be or not to be\n" * 30)
    assert result.text == "checkpoints/stdin\n"
    (source,) = json.loads((tmp_path / "checkpoints/stdin/config.json").read_text())["corpus"]["sources"]
    assert source["path"] == "-"
    assert source["characters"] == 19 * 30


def test_gzip_is_unpacked_and_leaves_no_trace_in_the_name(charnn, text_file, tmp_path, tiny):
    text_file(gzip.compress(b"to be or not to be\n" * 30), "hamlet.txt.gz")
    assert charnn("train", "hamlet.txt.gz", *tiny).text == "checkpoints/hamlet\n"
    config = json.loads((tmp_path / "checkpoints/hamlet/config.json").read_text())
    assert config["corpus"]["sources"][0]["characters"] == 19 * 30


def test_two_corpora_are_one_text_and_the_first_names_the_model(charnn, text_file, tmp_path, tiny):
    text_file("abc" * 100, "one.txt")
    text_file("xyz" * 100, "two.txt")
    assert charnn("train", "one.txt", "two.txt", *tiny).text == "checkpoints/one\n"
    corpus = json.loads((tmp_path / "checkpoints/one/config.json").read_text())["corpus"]
    assert [source["characters"] for source in corpus["sources"]] == [300, 300]
    assert corpus["documents"] == 2
    tokenizer = json.loads((tmp_path / "checkpoints/one/tokenizer.json").read_text())
    assert tokenizer["characters"] == list("abcxyz")


def test_validation_text_is_the_one_given(charnn, text_file, tmp_path, tiny):
    text_file("abc" * 100)
    text_file("cab" * 40, "held.txt")
    result = charnn("train", "text.txt", "--valid", "held.txt", *tiny)
    corpus = json.loads((tmp_path / result.text.strip() / "config.json").read_text())["corpus"]
    assert corpus["training_characters"] == 300
    assert corpus["validation_characters"] == 120
    assert charnn("eval", "--json").json["characters"] == 120


def test_rare_characters_become_the_unknown_token(charnn, text_file, tmp_path, tiny):
    text_file("abab" * 100 + "z" + "abab" * 100)
    result = charnn("train", "text.txt", *tiny, "--min-count", "2")
    tokenizer = json.loads((tmp_path / result.text.strip() / "tokenizer.json").read_text())
    assert tokenizer["characters"] == ["a", "b"]


def test_a_minimum_count_that_no_character_reaches_is_said(charnn, text_file, said_once, tiny):
    text_file("abab" * 10)
    result = charnn("train", "text.txt", *tiny, "--min-count", "99")
    assert result.code == 1
    assert "--min-count" in said_once(result)


def test_lines_as_documents_teach_where_a_line_ends(charnn, text_file, tiny):
    text_file("ab\n" * 200)
    options = [*tiny, "--steps", "250"]
    assert charnn("train", "text.txt", *options, "--documents", "line").code == 0
    result = charnn("sample", "--temp", "0", "--json")
    record = result.json
    assert (record["text"], record["reason"]) == ("ab\n", "stop")
    assert charnn("sample", "--temp", "0").text == "ab\n"


def test_text_that_is_not_utf8_is_refused_with_its_place_and_two_ways_out(charnn, text_file, said_once):
    text_file(b"na\xefve text\n" * 30)
    result = charnn("train", "text.txt")
    line = said_once(result)
    assert result.code == 1
    for part in ("text.txt", "byte 2", "0xef", "--encoding", "--tokenizer bytes"):
        assert part in line


def test_bytes_take_text_that_is_not_utf8(charnn, text_file, tiny):
    text_file(b"na\xefve text\n" * 30)
    assert charnn("train", "text.txt", "--tokenizer", "bytes", *tiny).code == 0
    assert charnn("eval", "--json").json["characters"] == 33


def test_a_named_encoding_takes_it_too_and_is_remembered(charnn, text_file, tiny):
    text_file(b"na\xefve text\n" * 30)
    assert charnn("train", "text.txt", "--encoding", "latin-1", *tiny).code == 0
    assert charnn("eval", "--json").json["characters"] == 33
    assert charnn("sample", "naï", "--length", "5").err == ""


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_every_cell_trains_and_samples(charnn, text_file, cell, tiny):
    text_file()
    assert charnn("train", "text.txt", *tiny, "--cell", cell).code == 0
    assert len(charnn("sample", "--temp", "0", "--length", "20", "--json").json["text"]) == 20


@pytest.mark.parametrize(("content", "missing"), [("", "empty"), ("a", "1 character")], ids=["empty", "one character"])
def test_a_text_too_short_to_hold_anything_out_is_refused_in_a_line(
    charnn, text_file, said_once, tmp_path, content, missing
):
    text_file(content)
    result = charnn("train", "text.txt", "--steps", "2")
    assert result.code == 1
    assert missing in said_once(result)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    "content",
    ["ab", "a" * 200, "one line\n", "\n", "\n" * 30, "To be, or not to be, that is the question: whether " * 4],
    ids=["two characters", "one symbol", "one line", "one line end", "line ends", "200 characters"],
)
@pytest.mark.parametrize("documents", ["file", "line", "paragraph"])
def test_small_texts_train_or_say_in_a_line_what_is_missing(charnn, text_file, said_once, content, documents):
    text_file(content)
    result = charnn("train", "text.txt", "--steps", "2", "--documents", documents)
    if result.code:
        assert result.code == 1
        said_once(result)
        assert len(content) < 2 or not content.strip()
    else:
        assert charnn("sample", "--length", "3").code == 0
        assert charnn("eval").code == 0


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_too_few_pieces_are_refused_with_the_number_that_is_needed(charnn, text_file, said_once, kind):
    text_file("abc " * 50)
    result = charnn("train", "text.txt", "--tokenizer", kind, "--vocab-size", "10")
    assert result.code == 1
    assert "--vocab-size" in said_once(result)


# what a network of a text can have besides

REFINED = ("--residual", "--recurrent-depth", "2", "--weight-drop", "0.25", "--embedding-dropout", "0.125")
SAID = "residual, recurrent depth 2, weight drop 0.25, embedding dropout 0.125"


@pytest.mark.parametrize("cell", [(), ("--cell", "rnn", "--gradient-flow", "0.5")], ids=["lstm", "rnn"])
def test_every_refinement_is_said_kept_and_used(charnn, text_file, tiny, cell):
    text_file()
    result = charnn("train", "text.txt", *tiny, "--layers", "2", *REFINED, *cell)
    said = SAID + ", gradient flow 0.5" * bool(cell)
    assert result.code == 0
    (line,) = (line for line in result.err.splitlines() if line.startswith("network "))
    assert f", {said}: " in line
    assert f", {said}; " in charnn("info").text
    network = charnn("info", "--json").json["network"]
    assert [network[name] for name in ("residual", "recurrent_depth", "weight_drop", "embedding_dropout")] == [
        *(True, 2, 0.25, 0.125)
    ]
    assert ("gradient_flow" in network) == bool(cell)
    assert len(charnn("sample", "--temp", "0", "--length", "20", "--json").json["text"]) == 20
    assert charnn("eval").code == 0


def test_without_refinements_the_model_says_nothing_of_them(trained):
    network = json.loads((trained.path / "config.json").read_text())["network"]
    assert list(network) == ["vocabulary_size", "cell", "layers", "hidden_size", "embedding_size", "dropout"]


@pytest.mark.parametrize("cell", [(), ("--cell", "gru")], ids=["lstm", "gru"])
def test_gradient_flow_without_an_rnn_is_refused_before_anything_is_made(
    charnn, text_file, tmp_path, said_once, tiny, cell
):
    text_file()
    result = charnn("train", "text.txt", *tiny, *cell, "--gradient-flow", "0.5")
    assert result.code == 2
    assert "--gradient-flow is for --cell rnn" in said_once(result)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((option, value) for option in ("--weight-drop", "--embedding-dropout") for value in ("-0.1", "1", "x")),
        *(("--recurrent-depth", value) for value in ("0", "1.5")),
        *(("--gradient-flow", value) for value in ("-1", "nan", "inf")),
    ],
)
def test_a_refinement_out_of_range_is_wrong_usage(charnn, text_file, tmp_path, said_once, tiny, option, value):
    text_file()
    result = charnn("train", "text.txt", *tiny, "--cell", "rnn", option, value)
    assert result.code == 2
    assert option.strip("-").replace("-", " ") in said_once(result).replace("-", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_a_start_from_another_model_keeps_its_depth(charnn, text_file, said_once, tiny):
    text_file()
    assert charnn("train", "text.txt", *tiny, "--layers", "2", *REFINED, "--out", "deep").code == 0
    assert charnn("train", "text.txt", "--steps", "3", "--from", "deep", "--out", "deeper").code == 0
    network = charnn("info", "deeper", "--json").json["network"]
    assert (network["residual"], network["recurrent_depth"]) == (True, 2)
    assert "weight_drop" not in network
    assert charnn("train", "text.txt", *tiny, "--layers", "2", "--out", "flat").code == 0
    for option, said in ((("--residual",), "no residual"), (("--recurrent-depth", "3"), "recurrent depth 1, not 3")):
        result = charnn("train", "text.txt", "--steps", "3", "--from", "flat", *option)
        assert result.code == 2
        assert said in said_once(result)


def test_the_last_notices_say_what_the_run_came_to_and_how_to_use_it(trained):
    *_, verdict, use = trained.result.err.splitlines()
    assert "on its own data" in verdict
    assert "on held-out data" in verdict
    assert use == "use it: charnn sample"


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_optimizer_is_the_one_that_was_named(charnn, text_file, tiny, optimizer):
    text_file()
    assert charnn("train", "text.txt", *tiny, "--optimizer", optimizer).code == 0
    recorded = json.loads(Path("checkpoints/text/config.json").read_text())["training"]
    assert recorded.get("optimizer", "adamw") == optimizer


def test_an_optimizer_that_is_none_is_wrong_usage(charnn, text_file):
    text_file()
    assert charnn("train", "text.txt", "--optimizer", "sgd").code == 2


@pytest.mark.parametrize(("characters", "said"), [(19_000, True), (40_000, False)])
def test_a_small_text_is_said_to_be_repeated(charnn, text_file, tiny, characters, said):
    text_file("the cat sat on a mat\n" * (characters // 21))
    result = charnn("train", "text.txt", *tiny, "--steps", "2")
    assert ("less than some 20 kB of text, a model mostly repeats that text" in result.err) == said


@pytest.mark.parametrize(("options", "said"), [((), True), (("--documents", "line"), False), (("--valid", "b"), False)])
def test_it_is_said_where_much_of_little_text_is_held_out_since_documents_are_kept_whole(
    charnn, text_file, tiny, options, said
):
    text_file("the cat sat on the mat\n" * 50, "a")
    text_file("the cat sat on the mat\n" * 30, "b")
    result = charnn("train", "a", "b", *options, *tiny, "--out", "m")
    assert ("so much is held out since files are kept whole; --valid FILE says what" in result.err) == said
