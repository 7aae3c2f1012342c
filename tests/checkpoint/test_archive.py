"""A model in a zip file: it comes back as it was, and nothing else comes out of such a file."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from charnn.checkpoint.archive import pack, unpack
from charnn.checkpoint.directory import NAMES, ModelDirectory
from charnn.errors import CharnnError, ModelFormatError
from tests.paths import GOLDEN

NAMES_HERE = NAMES | {"tokenizer.json", "segmenter"}


def packed(**more: Any) -> io.BytesIO:
    file = io.BytesIO()
    pack(ModelDirectory(GOLDEN / "format-1"), file, NAMES_HERE, **{"training": False, **more})
    return file


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file


def files(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.mark.parametrize("training", [False, True])
def test_a_model_comes_back_as_it_was(tmp_path: Path, training: bool) -> None:
    assert unpack(packed(training=training), "a.zip", tmp_path, NAMES_HERE) == "format-1"
    here = files(GOLDEN / "format-1")
    assert files(tmp_path) == {name: data for name, data in here.items() if training or "training" not in name}


def test_the_same_model_makes_the_same_bytes() -> None:
    assert packed().getvalue() == packed().getvalue()


@pytest.mark.parametrize("name", ["history.jsonl", "README.md", "training/state.safetensors"])
def test_a_file_of_somebody_is_not_packed_by_the_name_of_a_link(tmp_path: Path, name: str) -> None:
    model = Path(shutil.copytree(GOLDEN / "format-1", tmp_path / "model"))
    (tmp_path / "secret").write_text("mine")
    (model / name).unlink(missing_ok=True)
    (model / name).symlink_to(tmp_path / "secret")
    with pytest.raises(ModelFormatError, match="a link to a file that is no part of the model"):
        pack(ModelDirectory(model), io.BytesIO(), NAMES_HERE | {"README.md"}, training=True)


def test_a_link_within_a_model_is_packed_as_what_it_leads_to(tmp_path: Path) -> None:
    model = Path(shutil.copytree(GOLDEN / "format-1", tmp_path / "model"))
    (model / "history.jsonl").rename(model / "training" / "history.jsonl")
    (model / "history.jsonl").symlink_to("training/history.jsonl")
    file = io.BytesIO()
    pack(ModelDirectory(model), file, NAMES_HERE, training=False)
    with zipfile.ZipFile(file) as archive:
        assert archive.read("model/history.jsonl") == (GOLDEN / "format-1" / "history.jsonl").read_bytes()


def test_a_model_at_the_top_is_called_like_the_file(tmp_path: Path) -> None:
    assert unpack(zipped(("config.json", b"{}")), "poems.zip", tmp_path, NAMES_HERE) == "poems"
    assert files(tmp_path) == {"config.json": b"{}"}


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        ("m/../../evil", b"x"),
        ("/etc/evil", b"x"),
        ("../config.json", b"x"),
        ("m/run.py", b"x"),
        ("m/sub/config.json", b"x"),
        ("m/training\\..\\evil", b"x"),
        ("other/weights.safetensors", b"x"),
        (link("m/weights.safetensors"), b"/etc/passwd"),
        ("m/history.jsonl", b"0" * (1 << 27)),
    ],
    ids=lambda entry: str(entry[0])[:40],
)
def test_whatever_is_no_file_of_a_model_is_refused_and_nothing_is_written_elsewhere(
    entry: tuple[Any, bytes], tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(ModelFormatError, match=r"^a\.zip: "):
        unpack(zipped(("m/config.json", b"{}"), entry), "a.zip", into, NAMES_HERE)
    assert [path.name for path in tmp_path.iterdir()] == ["into"]
    assert set(files(into)) <= {"config.json"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_in_it_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="twice"):
        unpack(zipped(("m/config.json", b"{}"), ("m/config.json", b"[]")), "a.zip", tmp_path, NAMES_HERE)


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = packed().getvalue()
    for number, data in enumerate([b"", b"PK", whole[: len(whole) // 2], whole[:100] + b"\0" * 50 + whole[150:]]):
        into = tmp_path / str(number)
        into.mkdir()
        with pytest.raises(CharnnError) as caught:
            unpack(io.BytesIO(data), "a.zip", into, NAMES_HERE)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("a.zip: ")


def test_many_small_files_that_are_much_together_are_refused(tmp_path: Path) -> None:
    parts = [(f"m/training/{number}", bytes(1 << 22)) for number in range(20)]
    with pytest.raises(ModelFormatError, match=r"^a\.zip: the files in it would unpack to 83,886,082 bytes$"):
        unpack(zipped(("m/config.json", b"{}"), *parts), "a.zip", tmp_path, NAMES_HERE)
    assert files(tmp_path) == {}
