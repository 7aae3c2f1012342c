"""`charnn train --from`: another model's weights are where training starts."""

from __future__ import annotations

import json

import pytest

NEW = "ein zug fuhr über die brücke. the cat sat on the hat.\n" * 20


def history(path):
    return [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]


def test_a_text_with_new_characters_is_learnt_from_a_better_start(charnn, text_file, tmp_path, tiny):
    text_file()
    text_file("the hat sat on the cat. a dog ran öff with the mat!\n" * 20, "new.txt")
    longer = [option if option != "30" else "200" for option in tiny]
    assert charnn("train", "text.txt", *longer).code == 0
    assert charnn("train", "new.txt", *tiny, "--out", "fresh").code == 0
    assert charnn("train", "new.txt", *tiny, "--from", "text", "--out", "started").code == 0
    fresh, started = (history(tmp_path / name)[0]["nats_per_character"] for name in ("fresh", "started"))
    assert started < fresh - 0.3


def test_the_new_model_knows_the_characters_of_both_texts(charnn, trained, text_file, tiny):
    text_file(NEW)
    assert charnn("train", "text.txt", *tiny, "--from", trained.path).code == 0
    assert charnn("sample", "w für m", "--length", "5").err == ""


def test_the_shape_is_that_of_the_model_to_start_from(charnn, trained, text_file):
    text_file(NEW)
    assert charnn("train", "text.txt", "--steps", "3", "--from", trained.path).code == 0
    network = charnn("info", "--json").json["network"]
    assert (network["cell"], network["layers"], network["hidden_size"]) == ("lstm", 1, 16)


@pytest.mark.parametrize(
    ("option", "value"), [("--cell", "gru"), ("--hidden", "32"), ("--layers", "2"), ("--embedding", "5")]
)
def test_another_shape_is_refused(charnn, trained, text_file, tmp_path, said_once, option, value):
    text_file()
    result = charnn("train", "text.txt", "--steps", "3", "--from", trained.path, option, value)
    assert result.code == 2
    assert value in said_once(result)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_the_cell_of_a_gru_need_not_be_said_again(charnn, text_file, tiny):
    text_file()
    assert charnn("train", "text.txt", *tiny, "--cell", "gru").code == 0
    assert charnn("train", "text.txt", "--steps", "3", "--from", "text").code == 0
    assert charnn("info", "text-2", "--json").json["network"]["cell"] == "gru"
    assert charnn("train", "text.txt", "--steps", "3", "--from", "text", "--cell", "lstm").code == 2


def test_the_model_to_start_from_stays_as_it_was(charnn, copied, text_file):
    text_file()
    before = {path.name: path.read_bytes() for path in copied.iterdir() if path.is_file()}
    assert charnn("train", "text.txt", "--steps", "3", "--from", copied).code == 0
    assert {path.name: path.read_bytes() for path in copied.iterdir() if path.is_file()} == before


def test_another_tokenizer_can_be_asked_for(charnn, trained, text_file):
    text_file(NEW)
    assert charnn("train", "text.txt", "--steps", "3", "--from", trained.path, "--tokenizer", "bytes").code == 0
    assert charnn("info", "--json").json["tokenizer"]["kind"] == "bytes"


def test_a_minimum_count_holds_when_starting_from_a_model_too(charnn, trained, text_file):
    text_file("the cat sat on the mat.\n" * 20 + "ß")
    assert charnn("train", "text.txt", "--steps", "3", "--from", trained.path, "--min-count", "2").code == 0
    assert "'ß'" in charnn("sample", "ß", "--length", "1").err
