"""`charnn sample`: text on stdout, as it is made."""

from __future__ import annotations

import json
import re
import subprocess

import pytest


@pytest.fixture
def sample(charnn, trained):
    return lambda *arguments, **more: charnn("sample", *arguments, "--model", trained.path, **more)


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
    assert (result.json["text"], result.json["reason"]) == (whole[: whole.index(stop)], "stop string")


def test_include_stop_prints_the_stop_string_and_nothing_after_it(sample):
    whole = sample("--seed", "1", "--length", "80", "--json").json["text"]
    stop = whole[10:13]
    shown = sample("--seed", "1", "--length", "80", "--stop", stop, "--include-stop", "--json").json["text"]
    assert shown == whole[: whole.index(stop) + 3]


def test_a_stop_string_can_be_a_line_end_written_as_an_escape(sample):
    texts = (sample("--seed", seed, "--length", "80", "--json").json["text"] for seed in range(100))
    seed, whole = next((seed, text) for seed, text in enumerate(texts) if "\n" in text[:-1])
    result = sample("--seed", seed, "--length", "80", "--stop", r"\n", "--json")
    assert (result.json["text"], result.json["reason"]) == (whole[: whole.index("\n")], "stop string")


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


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        (("--words", "3"), r"\s*\S+\s+\S+\s+\S+"),
        (("--lines", "2"), r"[^\n]*\n[^\n]*\n"),
        (("--sentences", "1"), r"(?:(?!\.\s)[\s\S])*\."),
    ],
    ids=lambda value: value[0],
)
def test_a_text_can_be_so_many_words_lines_or_sentences_long(sample, limit, shown):
    for seed in range(5):
        result = sample(*limit, "--seed", seed, "--length", "9000", "--json").json
        assert re.fullmatch(shown, result["text"]), result["text"]
        assert result["reason"] == limit[0].removeprefix("--")


def test_several_lengths_at_once_end_it_where_the_first_is_reached(sample):
    result = sample("--words", "50", "--length", "7", "--lines", "9", "--json").json
    assert (len(result["text"]), result["reason"]) == (7, "length")


def test_json_says_all_that_repeats_the_text(sample):
    first = sample("the", "-n", "3", "--length", "20", "--json").text.splitlines()[2]
    record = json.loads(first)
    again = sample("the", "-n", "3", "--length", "20", "--json", "--seed", record["seed"]).text.splitlines()[2]
    assert again == first
    assert (record["prompt"], record["number"]) == ("the", 2)


def test_the_log_probability_is_what_the_symbols_add_up_to(sample):
    record = sample("the", "--length", "12", "--logprobs", "2", "--seed", "1").json
    assert "the" + "".join(symbol["text"] for symbol in record["symbols"]) == record["text"]
    assert sum(s["log_probability"] for s in record["symbols"]) == pytest.approx(record["log_probability"])
    assert all(len(symbol["alternatives"]) == 2 for symbol in record["symbols"])


def test_greedily_the_first_alternative_is_what_was_chosen(sample):
    record = sample("the", "--temp", "0", "--samplers", "temperature", "--length", "12", "--logprobs", "1").json
    assert all(symbol["alternatives"] == [[symbol["text"], symbol["log_probability"]]] for symbol in record["symbols"])


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_side_by_side_texts_are_the_same_and_in_the_same_order(sample, batch):
    arguments = ("the", "-n", "9", "--seed", "1", "--length", "25", "--precision", "fp32")
    assert sample(*arguments, "--batch", batch).out == sample(*arguments).out


def test_a_prompt_comes_from_a_pipe_as_it_is(charnn, process, trained):
    child = process("sample", "-", "--temp", "0", "--length", "5", "--model", trained.path, stdin=subprocess.PIPE)
    out, err = child.communicate(b"the cat\n")
    expected = charnn("sample", "the cat\n", "--temp", "0", "--length", "5", "--model", trained.path).out
    assert (out, err, child.returncode) == (expected, b"", 0)


def test_a_prompt_comes_from_a_file_and_need_not_be_printed(charnn, trained, tmp_path):
    (tmp_path / "prompt.txt").write_text("the cat sat")
    arguments = ("--temp", "0", "--length", "9", "--model", trained.path)
    echoed = charnn("sample", "the cat sat", *arguments).text
    assert charnn("sample", "--prompt-file", tmp_path / "prompt.txt", *arguments).text == echoed
    assert charnn("sample", "the cat sat", "--no-echo", *arguments).text == echoed.removeprefix("the cat sat")


def test_prompts_are_lines_each_with_as_many_texts_as_asked_for(charnn, trained, tmp_path):
    (tmp_path / "prompts.txt").write_bytes(b"the cat\r\n\na dog")
    result = charnn(
        *("sample", "--prompt-file", tmp_path / "prompts.txt", "--prompts", "-n", "2", "--length", "4", "--json"),
        *("--model", trained.path),
    )
    records = [json.loads(line) for line in result.text.splitlines()]
    assert [record["prompt"] for record in records] == ["the cat", "the cat", "", "", "a dog", "a dog"]
    assert [record["number"] for record in records] == list(range(6))


def test_a_prompt_is_answered_before_the_next_one_is_there(process, trained):
    arguments = ("-", "--prompts", "--length", "5", "--json", "--model", trained.path)
    child = process("sample", *arguments, stdin=subprocess.PIPE)
    for prompt in ("the cat", "a dog"):
        child.stdin.write(prompt.encode() + b"\n")
        child.stdin.flush()
        assert json.loads(child.stdout.readline())["prompt"] == prompt
    child.stdin.close()
    assert child.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("the", "--prompt-file", "x.txt"), "prompt"),
        (("the", "--prompts"), "--prompts"),
        (("--prompt-file", "missing.txt"), "missing.txt"),
        (("--temp-range", "1"), "--temp-range"),
        (("--temp-range", "2,1"), "temperatures"),
        (("--bias", "e"), "--bias"),
        (("--bias", "é=1"), "é"),
        (("--samplers", "top-k,magic"), "magic"),
        (("--samplers", "top-k,top-k"), "filters"),
        (("--pattern", "[a"), "pattern"),
        (("--pattern", "a{30}", "--length", "20"), "30"),
        (("the", "--pattern", "a.*"), "'the'"),
        (("--pattern", "a.*", "--stop", "x"), "pattern"),
        (("--pattern", "a.*", "--words", "2"), "pattern"),
        (("--length", "-2"), "--length"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_one_line_and_no_text(sample, said_once, arguments, said):
    result = sample(*arguments)
    assert result.code in (1, 2)
    assert said in said_once(result)
    assert result.out == b""


def test_what_comes_out_matches_the_pattern_from_the_first_to_the_last_character(sample):
    for prompt, echo in (("", "--echo"), ("the ", "--echo"), ("a ", "--no-echo")):
        expression = r"the (cat|dog|hat)( sat| ran){1,3}\."
        result = sample(prompt, echo, "-n", "6", "--pattern", expression, "--temp", "2", "--seed", "1", "--json")
        for line in result.text.splitlines():
            assert re.fullmatch(expression, json.loads(line)["text"])


def test_a_pattern_and_a_length_are_both_kept(sample):
    lines = sample(
        "-n", "20", "--pattern", "[a-z ]+[.]", "--length", "9", "--temp", "2", "--seed", "1"
    ).text.splitlines()
    assert len(lines) == 20
    assert all(len(line) <= 9 and line.endswith(".") for line in lines)


def test_a_banned_character_never_comes_and_a_biased_one_often(sample):
    text = sample("--ban", "ae\\n", "--length", "300", "--temp", "2").text.removesuffix("\n")
    assert not set(text) & set("ae\n")
    biases = ("--bias", "e=-5", "--bias", "t=90", "--length", "50")
    assert set(sample(*biases, "--samplers", "bias,temperature").text.strip()) == {"t"}
    assert sample(*biases).text.count("t") >= 25


def test_runs_keep_within_the_longest_of_the_corpus_unless_they_are_left_out(sample, copied, charnn):
    arguments = ("--bias", "f=90", "--length", "60")  # the corpus has "off"
    assert max(map(len, re.findall("f+", sample(*arguments).text))) == 2
    for precision in ("int8", "fp32"):
        assert "fff" not in sample(*arguments, "--precision", precision).text
    assert sample(*arguments, "--samplers", "bias,temperature").text == "f" * 60 + "\n"
    assert sample(*arguments, "--pattern", "f{60}").text == "f" * 60 + "\n"
    (copied / "runs.json").unlink()
    assert charnn("sample", *arguments, "--model", copied).text == "f" * 60 + "\n"
    (copied / "runs.json").write_text("[]")
    assert f"{copied / 'runs.json'}: damaged" in charnn("sample", *arguments, "--model", copied).err


def test_beams_keep_within_the_longest_runs_of_the_corpus(sample):
    arguments = ("--beam", "3", "--bias", "f=90", "--length", "20")
    assert "fff" not in sample(*arguments).text
    assert sample(*arguments, "--samplers", "bias").text == "f" * 20 + "\n"


def test_dry_breaks_a_loop(sample):
    def kinds(*options):
        text = sample("the", "--temp", "0", "--length", "200", *options).text
        return len({text[place : place + 6] for place in range(200)})

    plain = kinds()
    assert kinds("--dry-multiplier", "0.8", "--dry-allowed-length", "4") > 1.5 * plain
    assert kinds("--dry-multiplier", "0.8", "--dry-allowed-length", "4", "--samplers", "runs,temperature") == plain
    assert kinds("--dry-multiplier", "0.8", "--dry-allowed-length", "4", "--dry-penalty-last-n", "1") == plain
    every = [part for character in " acdefghimnorst." for part in ("--dry-sequence-breaker", character)]
    assert kinds("--dry-multiplier", "0.8", "--dry-allowed-length", "4", *every) == plain


@pytest.mark.parametrize(
    "options",
    [
        ("--dry-multiplier", "-1"),
        ("--dry-multiplier", "inf"),
        ("--dry-base", "0.9"),
        ("--dry-allowed-length", "0"),
        ("--dry-penalty-last-n", "0"),
        ("--dry-sequence-breaker", ""),
        ("--dry-multiplier", "1", "--beam", "2"),
        ("--samplers", "drying"),
    ],
    ids=" ".join,
)
def test_a_wrong_setting_is_one_line(sample, said_once, options):
    result = sample(*options, "--length", "5")
    assert result.code == 2
    assert said_once(result)


def test_the_order_of_the_samplers_matters_and_what_is_left_out_is_off(sample):
    arguments = ("--top-k", "1", "--length", "40", "--seed", "1")
    greedy = sample("--temp", "0", "--samplers", "temperature", "--length", "40").out
    assert sample(*arguments, "--samplers", "top-k,temperature").out == greedy
    assert sample(*arguments, "--samplers", "temperature").out != greedy


def test_beam_search_is_likelier_than_greed_and_leaves_nothing_to_chance(sample):
    greedy = sample("the", "--temp", "0", "--length", "20", "--json").json
    best = sample("the", "--beam", "8", "--length", "20", "--json").json
    assert best["log_probability"] >= greedy["log_probability"]
    assert len(best["text"]) == len("the") + 20
    assert sample("the", "--beam", "8", "--length", "20", "--seed", "7").text == best["text"].rstrip("\n") + "\n"


def test_beams_find_several_texts_the_best_first(sample):
    lines = sample("the", "--beam", "4", "-n", "3", "--length", "9", "--json").text.splitlines()
    records = [json.loads(line) for line in lines]
    assert len({record["text"] for record in records}) == 3
    scores = [record["log_probability"] for record in records]
    assert scores == sorted(scores, reverse=True)


def test_beam_search_keeps_patterns_bans_and_stop_strings(sample):
    assert sample("--beam", "3", "--pattern", "the (cat|dog)[.]").text in ("the cat.\n", "the dog.\n")
    assert "a" not in sample("the", "--beam", "3", "--ban", "a", "--length", "30").text
    assert sample("the", "--beam", "3", "--stop", " ", "--length", "30").text.strip().count(" ") == 0


@pytest.mark.parametrize("option", [("--temp", "1"), ("--top-k", "3"), ("--length", "-1"), ("-n", "4")], ids=" ".join)
def test_what_has_no_part_in_beam_search_is_refused(sample, said_once, option):
    result = sample("the", "--beam", "3", *option)
    assert result.code == 2
    assert said_once(result)


@pytest.mark.parametrize("option", [(), ("--beam", "3")], ids=str)
def test_a_ban_and_a_pattern_are_both_kept(sample, option):
    text = sample("--pattern", "the (cat|dog|hat)[.]", "--ban", "c", "--ban", "cd", *option).text
    assert text == "the hat.\n"


@pytest.mark.parametrize("lines", [(), ("--prompts",)])
def test_a_prompt_that_would_be_read_for_minutes_is_refused_in_a_line(sample, lines, tmp_path, monkeypatch):
    monkeypatch.setattr("charnn.cli.prompts.LONGEST_PROMPT", 20)
    path = tmp_path / "prompt.txt"
    path.write_text("a" * 20)
    assert sample("--prompt-file", path, *lines, "--length", "3").code == 0
    path.write_text("a" * 21)
    refused = sample("--prompt-file", path, *lines, "--length", "3")
    assert refused.code == 2
    assert f"{path}: a prompt of 21 characters, where 20 are the most" in refused.err
    assert refused.err.count("\n") == 1
