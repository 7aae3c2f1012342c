"""`charnn models`: which there are, which is the default, and how they are renamed, removed, sent and taken in."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime
import pytest

from charnn.checkpoint.directory import ModelDirectory
from tests.ended import end_before
from tests.paths import GOLDEN


@pytest.fixture
def put(tmp_path):
    def model(name, golden="format-1", *, age=0.0, stopped_by="budget", root="checkpoints"):
        path = Path(shutil.copytree(GOLDEN / golden, tmp_path / root / name))
        config = json.loads((path / "config.json").read_text())
        config["record"]["stopped_by"] = stopped_by
        (path / "config.json").write_text(json.dumps(config))
        end_before(path, age)
        return path

    return model


@pytest.fixture
def shelf(put):
    put("old", age=50)
    put("new", age=10)
    put("tags", "tagger-1", age=100)
    put("begun", stopped_by="running")
    (put("broken", age=200) / "config.json").write_text("{")


def test_a_name_of_several_lines_is_one_row_of_the_table(put, charnn):
    put("a\nb")
    (row,) = charnn("models").text.splitlines()[1:-1]
    assert row[3:].startswith("a\\nb ")
    assert charnn("models", "--json").json["name"] == "a\nb"


def test_a_table_says_what_each_model_is_and_which_are_the_defaults(shelf, charnn):
    result = charnn("models")
    assert result.code == 0
    header, *rows, last = result.text.splitlines()
    assert header.split() == ["name", "task", "size", "score", "corpus", "ended"]
    names = [row[3:].split()[0] for row in rows]
    assert sorted(names[:-1]) + names[-1:] == ["begun", "new", "old", "tags", "broken"]
    by_name = dict(zip(names, rows, strict=True))
    assert {name for name, row in by_name.items() if row.startswith("*")} == {"new", "tags"}
    assert by_name["begun"].endswith("unfinished")
    assert by_name["broken"].endswith("damaged")
    for part in ("language-model", "0.2915 bits/char", "golden.txt", "2025-12-31", " kB"):
        assert part in by_name["new"]
    assert last == "* is taken where none is named"


def test_json_is_an_object_for_each_model(shelf, charnn):
    found = {entry["name"]: entry for entry in map(json.loads, charnn("models", "--json").text.splitlines())}
    assert {name for name, entry in found.items() if entry["default"]} == {"new", "tags"}
    assert {name for name, entry in found.items() if entry["finished"]} == {"new", "old", "tags"}
    new = found["new"]
    assert new["model"] == "checkpoints/new"
    assert new["task"] == "language-model"
    assert new["scores"]["bits_per_character"] == pytest.approx(0.2915, abs=1e-4)
    assert new["corpus"] == ["/corpus/golden.txt"]
    assert new["ended"] == "2025-12-31T23:59:50+00:00"
    assert "not JSON" in found["broken"]["status"]


def test_another_folder_can_be_listed(put, charnn, said_once):
    put("far", root="elsewhere")
    assert "far" in charnn("models", "--in", "elsewhere").text
    assert "no model under checkpoints/" in said_once(charnn("models"))
    assert charnn("models", "--json").text == ""


def test_a_default_that_is_fixed_stays_until_it_is_forgotten(shelf, put, charnn, at_terminal, text_file):
    assert charnn("models", "--default", "old").err == "checkpoints/old is the default language model\n"
    assert charnn("info", "--json").json["model"] == "checkpoints/old"
    assert charnn("sample", "--json", "--length", "3").json["model"] == "checkpoints/old"
    assert "(the default; -m names another)" in at_terminal("sample", "--length", "3").err
    put("newest", age=-10)
    assert charnn("sample", "--json", "--length", "3").json["model"] == "checkpoints/old"
    assert charnn("tag", "--json", text_file("ant\n")).json["model"] == "checkpoints/tags"
    assert charnn("models", "--newest").code == 0
    assert charnn("sample", "--json", "--length", "3").json["model"] == "checkpoints/newest"


def test_a_default_may_have_a_name_that_is_not_utf_8(put, charnn):
    name = os.fsdecode(b"caf\xe9")
    put(name)
    assert charnn("models", "--default", name).code == 0
    assert charnn("info", "--json").json["model"] == f"checkpoints/{name}"


def test_a_fixed_default_that_is_gone_is_never_replaced_silently(shelf, charnn, said_once):
    charnn("models", "--default", "old")
    shutil.rmtree("checkpoints/old")
    failed = charnn("sample", "--length", "3")
    assert failed.code == 1
    assert "checkpoints/old: fixed as the default" in said_once(failed)


@pytest.mark.parametrize("content", ["{", "[]", '{"tagger": 3}', "\x00"])
def test_a_damaged_file_of_defaults_is_named(shelf, charnn, said_once, content):
    Path("checkpoints/default.json").write_text(content)
    assert "checkpoints/default.json: damaged" in said_once(charnn("sample", "--length", "3"))
    assert charnn("models", "--newest").code == 0
    assert charnn("sample", "--length", "3").code == 0


def test_a_model_elsewhere_is_no_default(put, charnn, said_once):
    put("far", root="elsewhere")
    assert charnn("models", "--default", "elsewhere/far").code == 2
    assert charnn("models", "--default", "far", "--in", "elsewhere").code == 0
    assert "did you mean" not in said_once(charnn("models", "--default", "zzz"))


def test_a_renamed_model_stays_the_default(shelf, charnn):
    charnn("models", "--default", "old")
    assert charnn("models", "rename", "old", "poems").text == "checkpoints/poems\n"
    assert charnn("info", "--json").json["model"] == "checkpoints/poems"
    assert not Path("checkpoints/old").exists()


@pytest.mark.parametrize("new", ["new", "../out", "a/b", "", ".hidden", "-x", "."])
def test_a_name_that_is_taken_or_none_is_refused(shelf, charnn, new):
    assert charnn("models", "rename", "--", "old", new).code == 2
    assert Path("checkpoints/old/config.json").is_file()


def test_removed_models_are_gone_and_so_is_what_was_fixed(shelf, charnn):
    charnn("models", "--default", "old")
    result = charnn("models", "remove", "old", "broken")
    assert result.code == 0
    assert result.err == "removed checkpoints/old\nremoved checkpoints/broken\n"
    assert charnn("sample", "--json", "--length", "3").json["model"] == "checkpoints/new"
    assert {path.name for path in Path("checkpoints").iterdir() if path.is_dir()} == {"new", "tags", "begun"}


def test_a_directory_with_other_things_is_left_alone(shelf, charnn, said_once):
    Path("checkpoints/old/notes.txt").write_text("precious")
    failed = charnn("models", "remove", "old")
    assert failed.code == 2
    assert "checkpoints/old" in said_once(failed)
    assert Path("checkpoints/old/notes.txt").read_text() == "precious"


@pytest.mark.parametrize("change", [("remove", "old"), ("rename", "old", "newer")], ids=lambda change: change[0])
def test_a_model_that_is_being_trained_is_left_alone(shelf, charnn, said_once, change):
    held = ModelDirectory.open(Path("checkpoints/old"))
    held.claim()
    try:
        failed = charnn("models", *change)
    finally:
        held.release()
    assert failed.code == 1
    assert "checkpoints/old" in said_once(failed)
    assert charnn("models", *change).code == 0


@pytest.mark.parametrize(("answer", "stays"), [("n\n", True), ("\n", True), ("y\n", False)])
def test_a_terminal_is_asked_before_a_model_is_removed(shelf, process, tmp_path, answer, stays):
    terminal, its_side = pty.openpty()
    child = process("models", "remove", "old", stdin=its_side, stderr=its_side)
    os.close(its_side)
    assert b"remove checkpoints/old, " in os.read(terminal, 1000)
    os.write(terminal, answer.encode())
    assert child.wait(timeout=20) == 0
    os.close(terminal)
    assert (tmp_path / "checkpoints" / "old").exists() == stays


def test_with_yes_a_terminal_is_not_asked(shelf, at_terminal, tmp_path):
    assert at_terminal("models", "remove", "-y", "old").code == 0
    assert not (tmp_path / "checkpoints" / "old").exists()


def test_a_model_that_is_sent_writes_the_same_text_elsewhere(shelf, charnn):
    assert charnn("models", "export", "new", "-o", "new.zip").text == "new.zip\n"
    assert charnn("models", "import", "new.zip", "--as", "twin").text == "checkpoints/twin\n"
    sample = ("sample", "ant", "--length", "30", "--seed", "1")
    assert charnn(*sample, "-m", "twin").out == charnn(*sample, "-m", "new").out
    failed = charnn("models", "import", "new.zip")
    assert failed.code == 2
    assert "checkpoints/new exists" in failed.err
    assert not list(Path("checkpoints").glob(".*"))


def test_a_model_goes_through_a_pipe(shelf, process):
    sent, _ = process("models", "export", "tags", "-o", "-").communicate(timeout=20)
    child = process("models", "import", "-", "--as", "taken", stdin=subprocess.PIPE)
    out, err = child.communicate(sent, timeout=20)
    assert (out, err, child.returncode) == (b"checkpoints/taken\n", b"", 0)


@pytest.mark.parametrize("file", ["/dev/zero", "-", "pipe", "text.txt"])
def test_what_is_no_zip_file_is_refused_at_its_beginning(shelf, charnn, said_once, text_file, tmp_path, file):
    text_file()
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(Path("pipe").write_bytes, b"0" * 100) if file == "pipe" else None
        with open("/dev/zero") as endless:
            failed = charnn("models", "import", file, "--as", "x", stdin=endless)
        shown = "standard input" if file == "-" else file
        assert said_once(failed) == f"charnn: {shown}: not a zip file; charnn models export makes one\n"
        assert failed.code == 1
        if written is not None:
            written.result(timeout=10)


def test_no_model_has_a_name_that_a_terminal_would_obey(shelf, charnn, said_once):
    charnn("models", "export", "new", "-o", "new.zip")
    for arguments in (("import", "new.zip", "--as", "x\x1b[2J"), ("rename", "new", "x\x9b2J")):
        failed = charnn("models", *arguments)
        assert failed.code == 2
        assert "cannot be the name of a model" in said_once(failed)


def test_a_pipe_in_the_place_of_the_defaults_is_named(shelf, charnn, said_once):
    Path("checkpoints/default.json").unlink(missing_ok=True)
    os.mkfifo("checkpoints/default.json")
    assert "checkpoints/default.json: damaged" in said_once(charnn("sample", "--length", "3"))


def test_what_resuming_needs_is_sent_where_it_is_wanted(charnn, trained, text_file, tmp_path):
    charnn("models", "export", trained.path, "-o", "a.zip")
    charnn("models", "export", trained.path, "-o", "b.zip", "--training")
    charnn("models", "import", "a.zip", "--as", "a")
    charnn("models", "import", "b.zip", "--as", "b")
    assert charnn("train", "--resume", "a", "--steps", "40").code == 1
    assert charnn("train", "--resume", "b", "--steps", "40").code == 0


@pytest.mark.parametrize("golden", ["format-1", "tagger-1", "classifier-1", "transducer-1"])
def test_graphs_are_written_for_those_who_have_no_charnn(put, charnn, golden, tmp_path):
    path = put("model", golden)
    result = charnn("models", "export", "model", "--onnx", "-o", "graphs")
    assert result.code == 0
    names = {file.name for file in path.glob("*.onnx")}
    assert sorted(result.text.splitlines()) == sorted(f"graphs/{name}" for name in names)
    for name in names:
        onnxruntime.InferenceSession(tmp_path / "graphs" / name)
    assert charnn("models", "export", "model", "--onnx", "-o", "-").code == 2
    assert charnn("models", "export", "model", "--onnx", "-o", "graphs/model.onnx").code == 1


@pytest.mark.parametrize("golden", ["format-1", "tagger-1", "classifier-1"])
@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "tokenizer.json", "lexicon.json"])
@pytest.mark.parametrize("spoilt", [None, b"", b"{}"], ids=["missing", "empty", "another"])
def test_a_model_that_is_not_sound_is_not_taken_in(put, charnn, said_once, golden, name, spoilt):
    path = put("model", golden)
    if not (path / name).is_file():
        pytest.skip("this kind of model has no such file")
    charnn("models", "export", "model", "-o", "sound.zip")
    spoilt_zip = io.BytesIO()
    with zipfile.ZipFile("sound.zip") as sound, zipfile.ZipFile(spoilt_zip, "w") as other:
        for entry in sound.namelist():
            data = spoilt if entry.endswith(f"/{name}") else sound.read(entry)
            if data is not None:
                other.writestr(entry, data)
    Path("spoilt.zip").write_bytes(spoilt_zip.getvalue())
    failed = charnn("models", "import", "spoilt.zip", "--as", "x")
    assert failed.code in (1, 2)
    assert "spoilt.zip" in said_once(failed)
    assert ".import" not in failed.err
    assert [entry.name for entry in Path("checkpoints").iterdir()] == ["model"]


def test_a_file_that_cannot_be_written_or_read_is_named(put, charnn, said_once):
    put("model")
    assert said_once(charnn("models", "export", "model", "-o", "no/such.zip")).startswith("charnn: no/such.zip: ")
    assert said_once(charnn("models", "import", "gone.zip")).startswith("charnn: gone.zip: ")


def test_options_of_the_list_are_none_of_what_changes_a_model(put, charnn):
    put("model")
    assert charnn("models", "--json", "rename", "model", "other").code == 2
    assert charnn("models", "--newest", "--default", "model").code == 2


@pytest.mark.parametrize(
    "arguments",
    [("models", "rename", "poem", "x"), ("sample", "-m", "poem"), ("info", "poem"), ("eval", "-m", "POEMS")],
)
def test_a_misspelt_name_is_answered_by_the_nearest(put, charnn, said_once, arguments):
    put("poems")
    failed = charnn(*arguments)
    assert failed.code == 1
    assert failed.err.endswith("did you mean poems?\n")
