"""A new model takes its name with its first whole save, and nobody else trains where a training goes on."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from charnn.checkpoint import place as module
from charnn.checkpoint.directory import ModelDirectory
from charnn.errors import CharnnWarning, ModelBusyError, ModelError, UsageError
from tests.paths import GOLDEN


def save(model: ModelDirectory, text: str = "new") -> None:
    """Saves a model as a run does."""
    model.write("weights.safetensors", text.encode())
    model.write("config.json", text.encode())
    model.write_training_state({}, {})
    model.publish()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN / "format-1", tmp_path / "model"))


def test_nothing_has_the_name_before_the_first_save_and_then_the_whole_model(tmp_path: Path) -> None:
    model = ModelDirectory.create(tmp_path / "above" / "model")
    model.write("weights.safetensors", b"new")
    assert not model.path.exists()
    save(model)
    assert model.path == model.folder == tmp_path / "above" / "model"
    model.release()
    assert names(model.path) == {"weights.safetensors", "config.json", "training"}
    assert names(tmp_path / "above") == {"model"}
    assert names(model.path / "training") == {"state.safetensors"}


@pytest.mark.parametrize("can_exchange", [True, False])
def test_an_old_model_stays_until_the_new_one_is_saved(
    old: Path, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(module, "exchange", lambda left, right: False)
    before = {file.name: file.read_bytes() for file in old.iterdir() if file.is_file()}
    model = ModelDirectory.create(old, overwrite=True, names=before)
    model.write("weights.safetensors", b"new")
    assert {file.name: file.read_bytes() for file in old.iterdir() if file.is_file()} == before
    save(model)
    assert (old / "config.json").read_bytes() == b"new"
    assert names(old) == {"weights.safetensors", "config.json", "training"}
    assert names(old.parent) == {"model"}
    model.release()


def test_a_run_that_saves_nothing_leaves_what_was_there(old: Path, tmp_path: Path) -> None:
    before = names(old)
    model = ModelDirectory.create(old, overwrite=True, names=before)
    model.write("config.json", b"new")
    model.discard_unsaved()
    assert names(tmp_path) == {"model"}
    assert names(old) == before
    nothing = ModelDirectory.create(tmp_path / "above" / "new")
    nothing.discard_unsaved()
    nothing.discard_unsaved()
    assert names(tmp_path) == {"model"}


def test_a_run_that_has_saved_leaves_its_model(tmp_path: Path) -> None:
    model = ModelDirectory.create(tmp_path / "model")
    save(model)
    model.discard_unsaved()
    assert (tmp_path / "model" / "config.json").is_file()


def test_a_model_whose_replacement_was_cut_between_two_renames_is_found(old: Path) -> None:
    old.rename(old.with_name(".model.old"))
    assert ModelDirectory.open(old).path == old
    assert names(old.parent) == {"model"}


def test_what_came_in_the_way_is_not_replaced(tmp_path: Path, old: Path) -> None:
    new, other = ModelDirectory.create(tmp_path / "new"), ModelDirectory.create(old, overwrite=True, names=names(old))
    (tmp_path / "new").mkdir()
    for path in (tmp_path / "new", old):
        (path / "notes.txt").write_text("precious")
    for model in (new, other):
        with pytest.raises(OSError, match="there now"):
            save(model)
        model.discard_unsaved()
        assert (model.path / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize("name", [".", "..", "/", ""])
def test_no_model_takes_the_place_of_the_directory_that_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "above" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "above" / "here")
    with pytest.raises(UsageError, match="the place of where you are"):
        ModelDirectory.create(Path(name), overwrite=True)
    assert names(tmp_path / "above") == {"here"}


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc is Linux's")
def test_a_place_where_nothing_can_be_made_is_refused_and_not_tried_for_ever() -> None:
    with pytest.raises(ModelError, match="/proc/model: the model directory cannot be made: No such file"):
        ModelDirectory.create(Path("/proc/model"))


def test_a_place_in_a_working_directory_that_has_been_removed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    with pytest.raises(ModelError, match="cannot be made: No such file"):
        ModelDirectory.create(Path("model"))
    monkeypatch.chdir(tmp_path)


def test_a_model_is_made_from_where_the_working_directory_has_been_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    model = ModelDirectory.create(tmp_path / "model")
    save(model)
    model.release()
    monkeypatch.chdir(tmp_path)
    assert names(tmp_path) == {"model"}


# What a killed run leaves.


def test_what_a_run_left_that_was_killed_before_its_first_save_is_removed_and_said(tmp_path: Path) -> None:
    left = tmp_path / ".model.new"
    (left / "training").mkdir(parents=True)
    for name in (".weights.safetensors.a1b2c3d4", "weights.safetensors", "training/lock", "training/.x.a1b2c3d4"):
        (left / name).touch()
    with pytest.warns(CharnnWarning, match="cut off before its first save"):
        model = ModelDirectory.create(tmp_path / "model")
    save(model)
    model.release()
    assert names(tmp_path) == {"model"}
    assert names(model.path) == {"weights.safetensors", "config.json", "training"}


def test_a_run_of_an_early_version_that_was_killed_before_its_first_save_does_not_keep_the_name(tmp_path: Path) -> None:
    left = tmp_path / "model"
    left.mkdir()
    for name in (".weights.safetensors.a1b2c3d4", "weights.safetensors"):
        (left / name).touch()
    model = ModelDirectory.create(left)
    save(model)
    assert names(left) == {"weights.safetensors", "config.json", "training"}
    model.release()


@pytest.mark.parametrize("name", ["notes.txt", ".profile", ".notes.txt.a1b2c3d4", ".weights.safetensors.a1b2"])
def test_what_no_run_has_left_is_never_removed(name: str, tmp_path: Path) -> None:
    for folder in (tmp_path / "model", tmp_path / ".other.new"):
        folder.mkdir()
        (folder / name).write_text("precious")
        (folder / ".weights.safetensors.a1b2c3d4").touch()
    for path in (tmp_path / "model", tmp_path / "other"):
        with pytest.raises(UsageError):
            ModelDirectory.create(path)
    assert (tmp_path / "model" / name).read_text() == (tmp_path / ".other.new" / name).read_text() == "precious"


def test_no_temporary_file_outlives_the_next_claim(old: Path) -> None:
    half_written = [old / ".config.json.a1b2c3d4", old / "training" / ".state.safetensors.a1b2c3d4"]
    for file in [*half_written, old / ".mine.txt"]:
        file.touch()
    model = ModelDirectory.open(old)
    model.claim()
    assert not any(file.exists() for file in half_written)
    assert (old / ".mine.txt").exists()
    model.release()


# Two at once.


@contextmanager
def elsewhere(code: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has done this and waits."""
    script = "from pathlib import Path\nfrom charnn.checkpoint.directory import ModelDirectory\n"
    script += textwrap.dedent(code) + "\nprint('ready', flush=True)\ninput()"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_second_training_is_refused_with_the_process_that_holds_the_first(old: Path, tmp_path: Path) -> None:
    for code, calls in {
        f"m = ModelDirectory.create(Path({str(tmp_path / 'new')!r}))": [
            lambda: ModelDirectory.create(tmp_path / "new"),
            lambda: ModelDirectory.create(tmp_path / "new", overwrite=True),
        ],
        f"m = ModelDirectory.open(Path({str(old)!r}))\nm.claim()": [
            lambda: ModelDirectory.open(old).claim(),
            lambda: ModelDirectory.create(old, overwrite=True, names=names(old)),
        ],
        f"m = ModelDirectory.create(Path({str(old)!r}), overwrite=True, names={names(old)})": [
            lambda: ModelDirectory.open(old).claim(),
            lambda: ModelDirectory.create(old, overwrite=True, names=names(old)),
        ],
    }.items():
        with elsewhere(code) as child:
            for call in calls:
                with pytest.raises(ModelBusyError, match=f"process {child.pid} on {socket.gethostname()}") as caught:
                    call()
                assert caught.value.hint
        # A killed process holds nothing.
    model = ModelDirectory.open(old)
    model.claim()
    model.release()


def test_a_lock_of_a_process_that_is_gone_locks_nothing_whoever_has_its_number_now(old: Path) -> None:
    for who in ({"pid": os.getpid(), "host": socket.gethostname()}, {"pid": 1, "host": "elsewhere"}, "nonsense"):
        (old / "training" / "lock").write_text(json.dumps(who))
        model = ModelDirectory.open(old)
        model.claim()
        model.release()
        assert not (old / "training" / "lock").exists()


def test_a_lock_moves_with_the_model_to_its_name(tmp_path: Path) -> None:
    model = ModelDirectory.create(tmp_path / "model")
    save(model)
    with pytest.raises(ModelBusyError):
        ModelDirectory.open(tmp_path / "model").claim()
    model.release()
    model = ModelDirectory.open(tmp_path / "model")
    model.claim()
    model.release()


def test_many_that_begin_at_once_are_one_that_trains_and_others_that_are_refused(tmp_path: Path) -> None:
    code = f"""
        import sys
        from charnn.errors import ModelBusyError
        from pathlib import Path
        from charnn.checkpoint.directory import ModelDirectory
        sys.stdin.readline()
        try:
            model = ModelDirectory.create(Path({str(tmp_path / "model")!r}))
            print("trains", flush=True)
        except ModelBusyError:
            print("refused", flush=True)
        sys.stdin.readline()
    """
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    said = [child.stdout.readline().strip() for child in children if child.stdout is not None]
    for child in children:
        child.communicate("\n")
    assert sorted(said) == ["refused"] * 5 + ["trains"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_model_that_cannot_be_written_is_said_in_one_line(old: Path) -> None:
    old.chmod(0o500)
    with pytest.raises(ModelError, match="nothing can be written here"):
        ModelDirectory.open(old).claim()
    old.chmod(0o700)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_lock_that_is_no_regular_file_is_refused(old: Path, make: object) -> None:
    make(old / "training" / "lock")  # type: ignore[operator]
    with pytest.raises(ModelError, match=r"\A[^\n]+\Z"):
        ModelDirectory.open(old).claim()
