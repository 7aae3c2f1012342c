"""Texts without end, and small files that unpack to large ones, come to a clear end in bounded memory."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from charnn.config.model import SourceFile
from charnn.corpora import unpacking
from charnn.corpora.sources import read, read_again
from charnn.errors import CorpusError


def bomb(path: Path, size: int) -> Path:
    part = b"\0" * (1 << 20)
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(size >> 20):
            file.write(part)
    return path


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.txt"])
def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_it_is_all_there(name: str, tmp_path: Path) -> None:
    path = bomb(tmp_path / name, 1 << 28)
    limit = 600 << 20
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        "from charnn.corpora.sources import read\n"
        f"read({str(path)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "CorpusError" in done.stderr or "TooLargeError" in done.stderr
    assert "unpacks to more than 100 times its size" in done.stderr


def test_a_text_that_packs_very_well_is_read_where_it_is_small(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a" * 10_000_000))
    assert len(read(str(path))[0]) == 10_000_000


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_without_end_is_refused(device: str) -> None:
    with pytest.raises(CorpusError, match="without end"):
        read(device)


def test_the_empty_device_is_an_empty_text() -> None:
    assert read("/dev/null")[0] == ""


@pytest.mark.parametrize("packed", [False, True])
def test_a_text_larger_than_a_part_of_the_memory_is_refused_with_what_to_do(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "largest_text", lambda: 1000)
    path = tmp_path / "text"
    text = "".join(map(chr, range(32, 1100))).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    with pytest.raises(CorpusError, match="memory") as caught:
        read(str(path))
    assert caught.value.hint


def test_no_more_is_read_again_than_the_text_can_have_had(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x" * 1_000_000)
    claimed = SourceFile(str(path), hashlib.sha256(b"x" * 1_000_000).hexdigest(), characters=1_000_000)
    assert len(read_again(claimed)) == 1_000_000
    with pytest.raises(CorpusError, match="has changed"):
        read_again(dataclasses.replace(claimed, characters=10))
    for device in ("/dev/zero", "/dev/urandom"):
        with pytest.raises(CorpusError, match="cannot be read again"):
            read_again(SourceFile(device, "0" * 64, characters=10**12))
