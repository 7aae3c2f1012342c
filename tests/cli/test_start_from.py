"""`charnn train --from`: another model's weights are where training starts."""

from __future__ import annotations

import json
import shutil

import pytest

from charnn.cli.main import run

NEW = "ein zug fuhr über die brücke. the cat sat on the hat.\n" * 20


def history(path):
    return [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]


def test_a_text_with_new_characters_is_learnt_from_a_better_start(charnn, text_file, tmp_path, tiny):
    text_file()
    text_file("the hat sat on the cat. a dog ran öff with the mat!\n" * 20, "new.txt")
    longer = [*tiny, "--steps", "200"]
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


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A folder with 10,000 characters and their model."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "old.txt").write_text("the cat sat on the mat. a dog ran off with the hat!\n" * 200)
    small = ("--hidden", "16", "--steps", "150", "--batch", "16")
    assert run(["train", str(folder / "old.txt"), "-q", *small, "--out", str(folder / "old")]) == 0
    return folder


@pytest.fixture
def learned(old, tmp_path):
    """The same in the folder that commands run in, where it may be spoilt."""
    shutil.copytree(old, tmp_path, dirs_exist_ok=True)
    config = tmp_path / "old" / "config.json"
    config.write_text(config.read_text().replace(str(old), str(tmp_path)))


FEW = "xxx yyy zzz\n" * 20


def nats(charnn, name, model):
    return charnn("eval", name, "-m", model, "--json").json["nats_per_character"]


def test_a_few_lines_are_learned_in_seconds_and_the_old_text_is_not_forgotten(charnn, learned, text_file):
    text_file(FEW, "more.txt")
    result = charnn("train", "more.txt", "--from", "old", "--out", "new", "--learning-rate", "0.01")
    assert result.code == 0
    assert "beside it 9,360 characters of what the model has learned" in result.err
    said = next(line for line in result.err.splitlines() if line.startswith("what it had learned before: "))
    before, after = (nats(charnn, "old.txt", model) for model in ("old", "new"))
    assert said.endswith(" before")
    assert nats(charnn, "more.txt", "new") < nats(charnn, "more.txt", "old") - 1
    assert after < before + 0.05
    forgets = charnn("train", "more.txt", "--from", "old", "--out", "forgets", "--forget", "--steps", "200")
    assert "beside it" not in forgets.err
    assert nats(charnn, "old.txt", "forgets") > after + 0.3


def test_a_run_beside_an_old_text_goes_on_only_where_that_is_still_there(charnn, learned, text_file):
    text_file(FEW, "more.txt")
    assert charnn("train", "more.txt", "--from", "old", "--steps", "5", "--out", "new").code == 0
    again = charnn("train", "--resume", "new", "--steps", "8")
    assert again.code == 0
    assert "beside it 9,360 characters" in again.err
    text_file("other", "old.txt")
    refused = charnn("train", "--resume", "new", "--steps", "12")
    assert (refused.code, refused.out) == (1, b"")
    assert "old.txt: has changed" in refused.err


def test_members_and_teachers_go_with_new_networks_and_forgetting_with_old_ones(charnn, trained, text_file, said_once):
    text_file()
    result = charnn("train", "text.txt", "--steps", "3", "--from", trained.path, "--members", "2")
    assert result.code == 2
    assert "members 1, not 2" in said_once(result)
    result = charnn("train", "text.txt", "--steps", "3", "--from", trained.path, "--teacher", trained.path)
    assert result.code == 2
    assert "--teacher is for a new network" in said_once(result)
    result = charnn("train", "text.txt", "--steps", "3", "--forget")
    assert result.code == 2
    assert "--from" in said_once(result)


def test_an_old_text_that_came_through_a_pipe_cannot_be_read_again_which_is_said(charnn, learned, text_file, tmp_path):
    config = tmp_path / "old" / "config.json"
    config.write_text(config.read_text().replace(str(tmp_path / "old.txt"), "-"))
    text_file(FEW, "more.txt")
    result = charnn("train", "more.txt", "--from", "old", "--steps", "3", "--out", "new")
    assert result.code == 0
    assert "may forget it" in result.err
    assert "beside it" not in result.err
