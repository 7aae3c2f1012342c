"""Large arrays are the same in a file as in memory, and what has no room says so."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from charnn.corpora import large_arrays
from charnn.corpora.large_arrays import Gathered, large_array, let_go
from charnn.corpora.rereading import temporary_file
from charnn.errors import CorpusError

PARTS = [np.arange(5), np.zeros(0, np.int64), np.arange(1000) * 3, np.array([7])]


@pytest.fixture
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_arrays, "HELD", 16)


def gathered(dtype: type = np.int32) -> np.ndarray:
    found = Gathered(dtype, "numbers")
    for part in PARTS:
        found.add(part)
    return found.array()


def test_what_is_gathered_in_a_file_is_what_is_gathered_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    held = gathered()
    monkeypatch.setattr(large_arrays, "HELD", 16)
    np.testing.assert_array_equal(gathered(), held)
    assert gathered().dtype == held.dtype == np.int32


@pytest.mark.usefixtures("nothing_held")
def test_an_array_in_a_file_keeps_what_was_written_when_its_memory_is_let_go() -> None:
    filled = large_array(10_000, np.float32, "numbers")
    filled[:] = np.arange(10_000)
    found = gathered()
    let_go(filled[10:20], found, np.arange(3))
    np.testing.assert_array_equal(filled, np.arange(10_000, dtype=np.float32))
    np.testing.assert_array_equal(found, np.concatenate(PARTS))


def test_nothing_gathered_is_an_empty_array() -> None:
    assert Gathered(np.uint8, "numbers").array().shape == (0,)


@pytest.mark.usefixtures("nothing_held")
def test_a_full_disk_is_told_with_the_folder_and_what_had_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def fileno(self) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(large_arrays, "temporary_file", Full)
    with pytest.raises(CorpusError, match=r"no room for a copy of numbers: No space left") as failure:
        gathered()
    assert failure.value.hint is not None
    with pytest.raises(CorpusError, match="no room for a copy of numbers"):
        large_array(10_000, np.float32, "numbers")


@pytest.mark.skipif(os.name == "nt", reason="Windows removes a file where it is closed")
def test_a_temporary_file_has_no_name_that_a_kill_could_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARNN_CACHE", str(tmp_path))
    with temporary_file() as file:
        file.write(b"x")
        file.flush()
        assert os.fstat(file.fileno()).st_nlink == 0
        assert os.listdir(tmp_path) == []


def test_where_no_folder_can_be_written_to_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(CorpusError, match="no room for a copy of what is too long to be held: Read-only") as failure:
        temporary_file()
    assert "CHARNN_CACHE" in (failure.value.hint or "")
