"""Where a model goes, which model a command takes, and what is never harmed."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.ended import end_before


def files_of(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_second_model_of_the_same_text_gets_the_next_name(charnn, text_file, tiny):
    text_file()
    names = [charnn("train", "text.txt", *tiny, "--steps", "2").text for _ in range(3)]
    assert names == ["checkpoints/text\n", "checkpoints/text-2\n", "checkpoints/text-3\n"]


def test_the_printed_path_is_a_model(charnn, text_file, tmp_path, tiny):
    text_file()
    path = charnn("train", "text.txt", *tiny, "--out", "deep/down/model").text.removesuffix("\n")
    assert path == "deep/down/model"
    assert charnn("info", "--model", path, "--json").json["model"] == path
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("kind", ["model", "directory", "empty directory", "file"])
def test_out_is_refused_where_something_is(charnn, text_file, tmp_path, copied, said_once, kind):
    text_file()
    out = copied if kind == "model" else tmp_path / "out"
    if kind == "file":
        out.write_text("precious")
    elif kind != "model":
        out.mkdir()
    if kind == "directory":
        (out / "notes.txt").write_text("precious")
    before = files_of(tmp_path)
    result = charnn("train", "text.txt", "--steps", "2", "--out", out)
    assert result.code == 2
    assert str(out) in said_once(result)
    assert files_of(tmp_path) == before


def test_overwrite_replaces_a_model_whole(charnn, text_file, copied, tiny):
    text_file("xyz" * 100)
    assert (copied / "tokenizer.json").is_file()
    options = (*tiny, "--tokenizer", "bpe", "--vocab-size", "262")
    result = charnn("train", "text.txt", *options, "--out", copied, "--overwrite")
    assert result.code == 0
    assert not (copied / "tokenizer.json").exists()
    assert charnn("info", copied, "--json").json["network"]["vocabulary_size"] == 262


def test_overwrite_leaves_alone_a_model_with_something_else_beside_it(charnn, text_file, copied, said_once):
    text_file()
    (copied / "notes.txt").write_text("precious")
    before = files_of(copied)
    result = charnn("train", "text.txt", "--steps", "2", "--out", copied, "--overwrite")
    assert result.code == 2
    assert str(copied) in said_once(result)
    assert files_of(copied) == before


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_overwrite_leaves_alone_what_is_no_model(charnn, text_file, tmp_path, said_once, kind):
    text_file()
    out = tmp_path / "out"
    if kind == "directory":
        out.mkdir()
        (out / "notes.txt").write_text("precious")
    else:
        out.write_text("precious")
    before = files_of(tmp_path)
    result = charnn("train", "text.txt", "--steps", "2", "--out", out, "--overwrite")
    assert result.code == 2
    said_once(result)
    assert files_of(tmp_path) == before


def test_overwriting_the_model_that_training_starts_from_does_not_lose_it(charnn, text_file, copied, tiny):
    text_file()
    result = charnn("train", "text.txt", "--steps", "5", "--from", copied, "--out", copied, "--overwrite")
    assert "Traceback" not in result.err
    assert charnn("sample", "--model", copied, "--length", "5").code == 0


def test_a_wrong_option_does_not_cost_the_model_that_was_to_be_overwritten(charnn, text_file, copied):
    text_file()
    before = files_of(copied)
    for wrong in (["--learning-rate", "0"], ["--device", "mps"], ["--tokenizer", "bpe", "--vocab-size", "3"]):
        assert charnn("train", "text.txt", "--out", copied, "--overwrite", "--steps", "2", *wrong).code in (1, 2)
        assert files_of(copied) == before


@pytest.mark.parametrize(
    "wrong",
    [["--learning-rate", "nan"], ["--min-count", "99999"], ["--device", "mps"], ["--from", "gone"]],
    ids=" ".join,
)
def test_a_run_that_fails_leaves_no_directory_behind(charnn, text_file, tmp_path, wrong):
    text_file()
    assert charnn("train", "text.txt", "--steps", "2", *wrong).code in (1, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_a_loss_that_is_never_finite_leaves_no_directory_behind(charnn, text_file, tmp_path, tiny):
    text_file()
    result = charnn("train", "text.txt", *tiny, "--learning-rate", "1e300")
    assert result.code == 1
    assert result.out == b""
    assert result.err.splitlines()[-1].startswith("charnn: ")
    assert [path.name for path in tmp_path.rglob("*")] == ["text.txt"]


def test_a_place_where_no_directory_can_be_is_said(charnn, text_file, said_once):
    text_file()
    result = charnn("train", "text.txt", "--steps", "2", "--out", "text.txt/model")
    assert result.code == 1
    assert "text.txt/model" in said_once(result)


def test_the_newest_model_is_the_one_meant_and_a_damaged_one_is_passed_over(charnn, trained, tmp_path):
    for age, name in enumerate(("newest", "middle", "oldest")):
        model = shutil.copytree(trained.path, tmp_path / "checkpoints" / name)
        end_before(model, age)
    assert charnn("info", "--json").json["model"] == "checkpoints/newest"
    (tmp_path / "checkpoints/newest/config.json").write_text("{}")
    assert charnn("info", "--json").json["model"] == "checkpoints/middle"


def test_a_model_is_known_by_its_name_under_checkpoints(charnn, trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "checkpoints" / "pets")
    assert charnn("info", "pets", "--json").json["model"] == "checkpoints/pets"
    assert charnn("info", "--model", "pets", "--json").json["model"] == "checkpoints/pets"


def test_the_environment_names_a_model_and_the_option_overrules_it(charnn, trained, copied, tmp_path, monkeypatch):
    shutil.copytree(trained.path, tmp_path / "checkpoints" / "newest")
    monkeypatch.setenv("CHARNN_MODEL", str(copied))
    assert charnn("info", "--json").json["model"] == str(copied)
    assert charnn("info", "--model", trained.path, "--json").json["model"] == str(trained.path)


def test_a_model_works_elsewhere_without_what_resuming_needs(charnn, trained, copied, said_once):
    shutil.rmtree(copied / "training")
    prompt = ("sample", "the", "--seed", "1", "--length", "40")
    assert charnn(*prompt, "--model", copied).out == charnn(*prompt, "--model", trained.path).out
    assert charnn("eval", "--model", copied).code == 0
    assert charnn("info", copied, "--json").json["training_bytes"] == 0
    result = charnn("train", "--resume", copied, "--steps", "40")
    assert result.code == 1
    assert str(copied) in said_once(result)


def test_a_run_that_breaks_leaves_the_old_model_and_ends_with_1(charnn, text_file, copied, tiny):
    before = {file.name: file.read_bytes() for file in copied.iterdir() if file.is_file()}
    result = charnn("train", text_file(), *tiny, "--learning-rate", "1e30", "--out", copied, "--overwrite")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith("charnn: the loss breaks")
    assert "the loss broke at step" in result.err
    assert {file.name: file.read_bytes() for file in copied.iterdir() if file.is_file()} == before
    assert not list(copied.parent.glob(".*"))


def test_two_that_begin_at_once_take_two_names_or_one_is_refused(charnn, process, text_file, tmp_path):
    text_file()
    options = ("--steps", "100000", "--hidden", "16", "--layers", "1", "--batch", "4", "--patience", "0")
    first, second = (process("train", "text.txt", *options) for _ in range(2))
    models = [tmp_path / "checkpoints" / name for name in ("text", "text-2")]
    while not all(model.is_dir() for model in models):  # a second after its first step each is saved
        assert first.poll() is second.poll() is None
        time.sleep(0.02)
    assert [path for path in models[0].parent.iterdir() if path.name[0] != "." and path not in models] == []
    for arguments in (("text.txt", *options, "--out", "checkpoints/text", "--overwrite"), ("--resume", "text")):
        third = charnn("train", *arguments)
        assert (third.code, third.out) == (1, b"")
        assert f"process {first.pid} on " in third.err or f"process {second.pid} on " in third.err
    for child in (first, second):
        child.terminate()
        child.communicate(timeout=60)
        assert child.returncode == 130
    assert not list((tmp_path / "checkpoints").rglob("lock"))
