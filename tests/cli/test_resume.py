"""`charnn train --resume`: the same run goes on, and nothing else."""

from __future__ import annotations

import pytest


def test_another_text_is_refused_where_validation_had_its_own_too(charnn, text_file, said_once, tiny):
    text_file()
    text_file("the cat.\n" * 9, "held.txt")
    text_file("another text\n" * 50, "other.txt")
    assert charnn("train", "text.txt", "--valid", "held.txt", *tiny).code == 0
    result = charnn("train", "other.txt", "--resume", "text", "--steps", "10")
    assert result.code == 2
    assert "other.txt" in said_once(result)


@pytest.mark.parametrize("option", ["--out elsewhere", "--overwrite", "--task tagger"])
def test_what_cannot_change_is_refused_by_name(charnn, said_once, trained, option):
    result = charnn("train", "--resume", trained.path, "--steps", "40", *option.split())
    assert result.code == 2
    assert option.split()[0] in said_once(result)


def test_a_default_that_is_given_all_the_same_is_refused_too(charnn, said_once, trained):
    result = charnn("train", "--resume", trained.path, "--cell", "lstm")
    assert result.code == 2
    assert "--cell" in said_once(result)


@pytest.mark.parametrize("budget", [(), ("--steps", "30"), ("--steps", "10"), ("--epochs", "0.5")], ids=" ".join)
def test_a_budget_that_is_spent_is_refused_and_nothing_changes(charnn, copied, trained, said_once, budget):
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    result = charnn("train", "--resume", copied, *budget)
    assert result.code == 2
    assert "--steps" in said_once(result)
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before


def test_a_run_on_stdin_goes_on_with_the_same_stdin(charnn, said_once, tiny):
    text = b"to be or not to be\n" * 30
    assert charnn("train", "-", *tiny, stdin=text).code == 0
    result = charnn("train", "--resume", "stdin", "--steps", "10")
    assert result.code == 1
    assert "standard input" in said_once(result)
    assert charnn("train", "-", "--resume", "stdin", "--steps", "10", stdin=b"another").code == 2
    assert charnn("train", "-", "--resume", "stdin", "--steps", "10", stdin=text).code == 0


@pytest.mark.parametrize("content", [b"", b"no arrays", None])
def test_a_damaged_training_state_is_named(charnn, copied, said_once, content):
    state = copied / "training" / "state.safetensors"
    state.unlink() if content is None else state.write_bytes(content)
    result = charnn("train", "--resume", copied, "--steps", "40")
    assert result.code == 1
    assert str(copied) in said_once(result)
