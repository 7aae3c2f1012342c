"""`charnn sample`: text on stdout, as it is made."""

from __future__ import annotations

import json
import subprocess

import pytest


@pytest.fixture
def sample(charnn, trained):
    return lambda *arguments: charnn("sample", *arguments, "--model", trained.path)


@pytest.fixture(scope="module")
def many_bytes(tmp_path_factory):
    return tmp_path_factory.mktemp("bytes")


@pytest.fixture
def byte_model(charnn, many_bytes, text_file, tiny):
    """Hardly trained on bytes: every byte is about as likely as any other."""
    if not (many_bytes / "model").exists():
        text_file(bytes(range(256)) * 4, "noise.bin")
        assert charnn("train", "noise.bin", "--tokenizer", "bytes", *tiny, "--out", many_bytes / "model").code == 0
    return many_bytes / "model"


def test_text_is_all_there_is_on_stdout_and_stderr_is_silent(sample):
    result = sample("the cat", "--seed", "1", "--length", "50")
    assert result.code == 0
    assert result.text.startswith("the cat")
    assert result.err == ""


@pytest.mark.parametrize("length", [0, 1, 57])
def test_length_counts_the_characters_after_the_prompt(sample, length):
    result = sample("the", "--temp", "0", "--length", length, "--json")
    assert len(result.json["text"]) == len("the") + length
    assert result.json["reason"] == "length"


def test_a_model_that_never_saw_a_document_end_does_not_end_its_text(sample):
    for seed in range(10):
        assert sample("--seed", seed, "--length", "60", "--json").json["reason"] == "length"


def test_the_text_ends_in_one_line_end_whether_the_model_wrote_it_or_not(sample):
    for seed in range(5):
        arguments = ("--seed", seed, "--length", "30")
        text = sample(*arguments, "--json").json["text"]
        assert sample(*arguments).text == (text if text.endswith("\n") else text + "\n")


def test_a_seed_repeats_exactly_and_another_does_not(sample):
    texts = [sample("--seed", seed, "--length", "60").out for seed in "112"]
    assert texts[0] == texts[1] != texts[2]


def test_without_a_seed_every_text_is_another(sample):
    assert sample("--length", "60").out != sample("--length", "60").out


def test_temperature_0_is_the_same_whatever_the_seed(sample):
    assert sample("--temp", "0", "--seed", "1", "--length", "60").out == sample("--temp", "0", "--length", "60").out


@pytest.mark.parametrize("option", [("--top-k", "1"), ("--top-p", "1e-9"), ("--min-p", "1")], ids=" ".join)
def test_a_filter_that_leaves_one_symbol_is_greedy(sample, option):
    assert sample(*option, "--seed", "1", "--length", "60").out == sample("--temp", "0", "--length", "60").out


def test_a_stop_string_ends_the_text_and_is_not_printed(sample):
    texts = (sample("--seed", seed, "--length", "80", "--json").json["text"] for seed in range(100))
    seed, whole = next((seed, text) for seed, text in enumerate(texts) if len(text) > 20)
    stop = whole[10:13]
    result = sample("--seed", seed, "--length", "80", "--stop", stop, "--json")
    assert result.json == {"text": whole[: whole.index(stop)], "reason": "stop string"}


def test_a_stop_string_can_be_a_line_end_written_as_an_escape(sample):
    texts = (sample("--seed", seed, "--length", "80", "--json").json["text"] for seed in range(100))
    seed, whole = next((seed, text) for seed, text in enumerate(texts) if "\n" in text[:-1])
    result = sample("--seed", seed, "--length", "80", "--stop", r"\n", "--json")
    assert result.json == {"text": whole[: whole.index("\n")], "reason": "stop string"}


def test_several_texts_are_all_different_and_begin_with_the_prompt(sample):
    lines = sample("the", "-n", "4", "--seed", "1", "--length", "30", "--json").text.splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    assert len(texts) == len(set(texts)) == 4
    assert all(text.startswith("the") for text in texts)


def test_the_first_of_several_texts_is_the_one_that_comes_alone(sample):
    alone = sample("the", "--seed", "1", "--length", "30").out
    assert sample("the", "-n", "3", "--seed", "1", "--length", "30").out.startswith(alone)


def test_an_unknown_character_in_the_prompt_is_one_warning_that_names_it(sample):
    result = sample("the é and the ü, é", "--length", "5")
    assert result.code == 0
    assert result.text.startswith("the é and the ü, é")
    assert result.err.count("\n") == 1
    assert result.err.startswith("charnn: warning: ")
    assert result.err.count("'é'") == result.err.count("'ü'") == 1


def test_a_prompt_with_line_ends_is_printed_as_it_is(sample):
    assert sample("the\r\ncat\n", "--length", "0").out == b"the\r\ncat\n"


def test_bytes_are_written_raw(charnn, byte_model):
    out = charnn("sample", "--model", byte_model, "--seed", "1", "--length", "300").out
    with pytest.raises(UnicodeDecodeError):
        out.decode("utf-8")
    assert len(out.decode("utf-8", "surrogateescape").removesuffix("\n")) in (299, 300)


def test_json_of_bytes_that_are_no_utf8_still_parses(charnn, byte_model):
    arguments = ("sample", "--model", byte_model, "--seed", "1", "--length", "100")
    raw = charnn(*arguments).out
    text = charnn(*arguments, "--json").json["text"]
    assert raw.removesuffix(b"\n") == text.encode("utf-8", "surrogateescape").removesuffix(b"\n")


def test_int8_is_refused_where_the_model_has_none(charnn, copied, said_once):
    (copied / "model.int8.onnx").unlink()
    result = charnn("sample", "--model", copied, "--precision", "int8")
    assert result.code == 2
    assert "int8" in said_once(result)


def test_int8_and_fp32_are_both_there_for_an_lstm(sample):
    for precision in ("int8", "fp32"):
        assert sample("--precision", precision, "--temp", "0", "--length", "9", "--json").json["reason"] == "length"


def test_text_arrives_as_it_is_made(process, trained):
    child = process("sample", "the", "--temp", "0", "--length", "100000000", "--model", trained.path)
    assert child.stdout.read(20).startswith(b"the")
    assert child.poll() is None


def test_head_ends_it_at_once_without_a_word(process, trained):
    child = process("sample", "the", "--temp", "0", "--length", "100000000", "--model", trained.path)
    head = subprocess.run(["head", "-c", "10"], stdin=child.stdout, capture_output=True, timeout=20)
    child.stdout.close()
    assert child.wait(timeout=5) == 0
    assert child.stderr.read() == b""
    assert len(head.stdout) == 10


@pytest.mark.parametrize("arguments", [("eval",), ("info",), ("info", "--json")], ids=" ".join)
def test_a_reader_that_is_gone_is_no_error(process, trained, arguments):
    child = process(*arguments, "--model", trained.path)
    child.stdout.close()
    assert child.wait(timeout=20) == 0
    assert child.stderr.read() == b""


def test_using_a_model_is_a_filter_among_others(process, trained):
    child = process("sample", "the", "--temp", "0", "--length", "200", "--model", trained.path)
    scored = process("eval", "-", "--json", "--model", trained.path, stdin=child.stdout)
    child.stdout.close()
    result = json.loads(scored.stdout.read())
    assert scored.wait() == child.wait() == 0
    assert 203 <= result["characters"] <= 204
