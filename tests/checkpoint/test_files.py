"""A file is the old one or the new one, whatever fails between, and nothing else is left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from charnn.checkpoint.files import write_atomic, write_output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "kept.bin").write_bytes(b"old")
    return tmp_path / "kept.bin"


def test_new_content_replaces_old_and_is_alone(file: Path) -> None:
    write_atomic(file, b"new \x00\r\n")
    assert file.read_bytes() == b"new \x00\r\n"
    assert os.listdir(file.parent) == [file.name]


def test_file_that_was_not_there_is_made_for_everyone_to_read(tmp_path: Path) -> None:
    write_atomic(tmp_path / "new", b"")
    assert (tmp_path / "new").read_bytes() == b""
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("moment", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failing_write_leaves_the_old_file_and_no_temporary_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, moment: str, failure: BaseException
) -> None:
    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(type(failure)):
        write_atomic(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == [file.name]


def test_content_is_complete_and_flushed_before_it_takes_the_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    seen: list[bytes] = []
    fsync, replace = os.fsync, os.replace

    def note_flush(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def note_content(source: str, target: Path) -> None:
        assert os.stat(source).st_ino in flushed
        assert Path(source).parent == file.parent
        seen.extend([Path(source).read_bytes(), file.read_bytes()])
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_flush)
    monkeypatch.setattr(os, "replace", note_content)
    write_atomic(file, b"new")
    assert seen == [b"new", b"old"]
    assert flushed[-1] == file.parent.stat().st_ino


def test_missing_directory_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "nowhere" / "file", b"new")


def test_an_output_goes_through_a_link_and_into_a_pipe_and_replaces_neither(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    write_output(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_output(tmp_path / "pipe", b"packed")
        assert os.read(reader, 100) == b"packed"
        assert (tmp_path / "pipe").is_fifo()
    finally:
        os.close(reader)


def test_an_output_that_only_its_owner_may_read_stays_so(file: Path) -> None:
    file.chmod(0o600)
    write_output(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
