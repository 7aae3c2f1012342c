"""How much a command says and to whom: --quiet, --log, `charnn help` and -V."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from charnn.version import __version__


def events(path="log.jsonl"):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_the_version_has_a_short_name(charnn):
    assert charnn("-V").text == charnn("--version").text == f"charnn {__version__}\n"


@pytest.mark.parametrize("command", [(), ("train",), ("models",), ("models", "export"), ("help",)], ids=" ".join)
def test_help_is_what_the_option_shows(charnn, command):
    result = charnn("help", *command)
    assert result.code == 0
    assert result.out == charnn(*command, "--help").out
    assert result.err == ""


def test_help_of_no_command_is_wrong_usage(charnn, said_once):
    result = charnn("help", "smaple")
    assert result.code == 2
    assert "did you mean `charnn sample`?" in said_once(result)


@pytest.mark.parametrize("before", [True, False])
def test_a_quiet_command_says_nothing_but_what_is_wrong(charnn, text_file, tiny, before):
    text_file()
    train = ("train", "text.txt", *tiny)
    result = charnn("-q", *train) if before else charnn(*train, "--quiet")
    assert (result.code, result.err, result.text) == (0, "", "checkpoints/text\n")
    assert charnn(*train).err != ""
    assert charnn("score", "-q", "--color", "text.txt").err == ""
    assert charnn("score", "--color", "text.txt").err != ""
    unknown = charnn("sample", "-q", "-m", "gone")
    assert unknown.err.startswith("charnn: gone: ")
    seen = charnn("score", "-q", text_file("ç\n", "new.txt"))
    assert seen.err.startswith("charnn: warning: ")


def test_a_quiet_command_says_nothing_at_a_terminal(trained, at_terminal, text_file, tiny):
    text_file()
    assert at_terminal("sample", "-q", "-m", trained.path, "--length", "3").err == ""
    assert at_terminal("train", "-q", "text.txt", *tiny).err == ""


def test_a_log_has_what_was_said_with_times(charnn, text_file, tiny):
    text_file()
    result = charnn("train", "text.txt", *tiny, "--log", "log.jsonl", "-q")
    assert result.err == ""
    found = events()
    kinds = [event["event"] for event in found]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert {"notice", "validation"} <= set(kinds)
    assert found[-1]["exit_code"] == 0
    assert found[0]["version"] == __version__
    validation = next(event for event in found if event["event"] == "validation")
    assert {"step", "nats_per_character", "training_nats", "best"} <= validation.keys()
    times = [datetime.fromisoformat(event["time"]) for event in found]
    assert times == sorted(times)
    assert datetime.now(UTC) - timedelta(minutes=5) < times[0] <= datetime.now(UTC)


def test_a_log_grows_and_has_errors_and_warnings(charnn, trained, text_file):
    text_file("ç\n")
    charnn("sample", "-m", "gone", "--log", "log.jsonl")
    charnn("score", "text.txt", "-m", trained.path, "--log", "log.jsonl")
    found = events()
    assert [event["event"] for event in found] == ["begin", "error", "end", "begin", "notice", "warning", "end"]
    assert found[1]["message"] == "gone: no model here (no config.json)"
    assert (found[2]["exit_code"], found[-1]["exit_code"]) == (1, 0)
    assert "never seen 'ç'" in found[-2]["message"]


def test_a_log_that_cannot_be_written_ends_the_command_before_it_does_anything(charnn, text_file, tmp_path, said_once):
    text_file()
    failed = charnn("train", "text.txt", "--log", "no/such/log")
    assert failed.code == 1
    assert said_once(failed) == "charnn: --log no/such/log: no such file or directory\n"
    assert not (tmp_path / "checkpoints").exists()


def test_a_command_after_a_quiet_one_speaks_again(charnn, text_file, tiny):
    text_file()
    assert charnn("train", "text.txt", *tiny, "-q").err == ""
    assert charnn("train", "text.txt", *tiny).err != ""
    assert not Path("log.jsonl").exists()
