"""`charnn sample --interactive`, its lines from a pipe."""

from __future__ import annotations

import subprocess

import pytest


@pytest.fixture
def converse(process, trained):
    def say(*lines: str, options: tuple[str, ...] = ("--length", "12", "--temp", "0")) -> tuple[str, str]:
        child = process("sample", "-i", *options, "--seed", "1", "--model", trained.path, stdin=subprocess.PIPE)
        out, err = child.communicate("".join(line + "\n" for line in lines).encode(), timeout=60)
        assert child.returncode == 0
        return out.decode(), err.decode()

    return say


def written(out: str, text: str) -> str:
    """What the model wrote, where it was asked for the whole text last."""
    return out[out.index(text) :]


def test_what_is_typed_is_added_and_the_model_goes_on(converse, charnn, trained):
    out, err = converse("the cat", "/text")
    whole = charnn("sample", "the cat", "--length", "12", "--temp", "0", "--model", trained.path).text
    assert written(out, "the cat") == whole
    assert err == ""


def test_an_empty_line_goes_on_and_undo_goes_back(converse):
    once, _ = converse("the cat", "/text")
    twice, err = converse("the cat", "", "/undo", "/text")
    assert written(twice, "the cat") == written(once, "the cat")
    assert "at: " in err


def test_retry_writes_another_continuation_of_the_same_place(converse):
    out, _ = converse("the cat", "/retry", "/text", options=("--length", "12", "--temp", "2"))
    first, rest = out[:12], written(out, "the cat")
    assert rest.startswith("the cat")
    assert rest.removeprefix("the cat").strip() != first.strip()


def test_a_place_that_was_saved_is_returned_to(converse):
    once, _ = converse("the cat", "/text")
    out, err = converse("the cat", "/save here", " and a dog", "", "/load here", "/text")
    assert written(out, "the cat") == written(once, "the cat")
    assert "saved" in err


def test_options_change_on_the_way_and_a_wrong_one_is_one_line(converse):
    out, err = converse(
        "/length 3", "the", "/text", "/length x", "/nonsense 1", "/load nowhere", "/top-k", "/undo 1", "/undo"
    )
    assert len(written(out, "the").rstrip("\n")) <= 6
    assert err.count("charnn: ") == 4
    assert "--length: 3" in err
    assert "--top-k: None" in err


def test_a_line_may_begin_with_a_slash_and_hold_a_line_end(converse):
    out, _ = converse(r"//the\ncat", "/text", options=("--length", "0"))
    assert out == "/the\ncat\n"


def test_quit_ends_it(converse):
    assert converse("/quit", "the cat") == ("", "")


def test_what_keeps_a_text_out_of_loops_is_set_on_the_way_too(converse):
    plain, _ = converse("the", options=("--length", "80", "--temp", "0"))
    out, err = converse("/dry-multiplier 2", "/dry-allowed-length 4", "the", options=("--length", "80", "--temp", "0"))
    assert "--dry-multiplier: 2.0" in err
    assert out != plain
