"""The user's cache: whole files or none, within its limit, the ones used last."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from charnn import cache
from charnn.errors import UsageError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(cache.LIMIT_VARIABLE, raising=False)
    return tmp_path / "cache"


def names() -> list[str]:
    return sorted(entry.path.stem for entry in cache.entries())


def test_what_was_kept_is_found_under_its_kind_and_key() -> None:
    cache.keep("ids", "a", b"one")
    found = cache.found("ids", "a")
    assert found is not None
    assert found.read_bytes() == b"one"
    assert cache.found("graphs", "a") is None
    assert cache.found("ids", "b") is None


def test_the_files_used_last_stay_whatever_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT_VARIABLE, "100")
    for age, (kind, key) in enumerate([("graphs", "old"), ("ids", "used"), ("texts", "older")]):
        cache.keep(kind, key, bytes(30))
        path = cache.found(kind, key)
        assert path is not None
        os.utime(path, (1000 - age, 1000 - age))
    cache.found("ids", "used")
    cache.keep("ids", "new", bytes(40))
    assert names() == ["new", "old", "used"]
    cache.keep("ids", "newer", bytes(60))
    assert "newer" in names()
    assert sum(entry.size for entry in cache.entries()) <= 100


def test_a_file_that_is_larger_than_the_limit_is_not_kept_and_drives_out_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT_VARIABLE, "100")
    cache.keep("ids", "small", bytes(60))
    cache.keep("ids", "large", bytes(101))
    assert names() == ["small"]


def test_an_interrupted_file_is_not_there(root: Path) -> None:
    def write() -> None:
        with cache.adding("ids", "a") as file:
            assert file is not None
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list((root / "ids").iterdir()) == []


def test_what_a_killed_process_left_is_removed_in_time(root: Path) -> None:
    cache.keep("ids", "a", b"one")
    left, fresh = root / "ids" / ".part-killed", root / "ids" / ".part-fresh"
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (0, 0))
    cache.keep("ids", "b", b"two")
    assert not left.exists()
    assert fresh.exists()
    assert names() == ["a", "b"]


def test_those_who_write_the_same_file_at_once_leave_a_whole_one() -> None:
    threads = [threading.Thread(target=cache.keep, args=("ids", "a", bytes([n]) * 100_000)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = cache.found("ids", "a")
    assert found is not None
    assert len(set(found.read_bytes())) == 1
    assert names() == ["a"]


def test_a_folder_that_others_may_write_to_is_not_used(root: Path) -> None:
    cache.keep("ids", "a", b"one")
    (root / "ids").chmod(0o777)
    assert cache.found("ids", "a") is None
    cache.keep("ids", "b", b"two")
    assert not (root / "ids" / "b.ids").exists()


def test_nothing_is_kept_where_nothing_can_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for named in ("", str(tmp_path / "file" / "cache")):
        (tmp_path / "file").write_bytes(b"")
        monkeypatch.setenv(cache.VARIABLE, named)
        cache.keep("ids", "a", b"one")
        assert cache.found("ids", "a") is None
        assert cache.entries() == []
        assert cache.clear() == []


def test_the_folder_is_where_caches_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "charnn"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for passed_over in ("relative", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", passed_over)
        assert cache.folder() == tmp_path / "home" / ".cache" / "charnn"
    monkeypatch.setenv("HOME", "")
    assert cache.folder() is None, "it is not put beside the root"


@pytest.mark.parametrize(
    ("said", "size"),
    [("", 10**10), ("0", 0), ("12", 12), ("500M", 5 * 10**8), ("1.5g", 15 * 10**8), (" 2 TB ", 2 * 10**12)],
)
def test_the_limit_is_a_size(said: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT_VARIABLE, said)
    assert cache.limit() == size


@pytest.mark.parametrize("said", ["much", "-1", "1Q", "1e9"])
def test_a_limit_that_is_no_size_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT_VARIABLE, said)
    with pytest.raises(UsageError, match="no size"):
        cache.limit()
