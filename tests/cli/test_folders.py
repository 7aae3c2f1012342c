"""A corpus that is a folder or that a list names, and one that can be read only once."""

from __future__ import annotations

import os
import threading

import pytest

import charnn as python
from charnn.tasks.language_model.directory import LanguageModelDirectory
from tests.cli.conftest import TEXT, TINY


@pytest.fixture
def folder(tmp_path):
    """Texts at several depths, and what is none."""
    files = {
        "b.txt": TEXT,
        "a/z.txt": TEXT,
        "a/é.txt": TEXT,
        "c/d/e.md": TEXT,
        "empty.txt": "",
        ".hidden": TEXT,
        ".git/config": TEXT,
        "program": "\0\1\2" * 50,
        "paper.pdf": "%PDF-1.7 and so on",
    }
    for name, text in files.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.symlink(tmp_path / "corpus", tmp_path / "corpus" / "loop")
    return tmp_path / "corpus"


def sources(directory):
    corpus = LanguageModelDirectory(directory).config().corpus
    return [os.path.relpath(source.path, directory.parents[0]) for source in corpus.sources]


TEXTS = ["corpus/b.txt", "corpus/a/z.txt", "corpus/a/é.txt", "corpus/c/d/e.md"]


def test_a_folder_is_learned_in_order_and_what_is_left_out_is_said(charnn, folder, tmp_path):
    result = charnn("train", "corpus", "--out", "m", *TINY)
    assert result.code == 0
    assert sources(tmp_path / "m") == TEXTS
    for reason, path in (
        ("as hidden", "corpus/.git, corpus/.hidden"),
        ("as empty", "corpus/empty.txt"),
        ("as no text", "corpus/paper.pdf, corpus/program"),
        ("as a link to a folder", "corpus/loop"),
    ):
        assert f"left out, {reason}: {path}\n" in result.err
    assert charnn("train", "corpus", "--resume", "m", "--steps", "9").code == 0
    assert charnn("train", "--resume", "m", "--steps", "10").code == 0
    assert charnn("eval", "--model", "m", "--json").code == 0
    assert charnn("eval", "corpus", "--model", "m", "--json").json["documents"] == len(TEXTS)


def test_a_model_is_named_after_its_folder(charnn, folder):
    assert charnn("train", "corpus/", *TINY).text == "checkpoints/corpus\n"


def test_a_folder_that_holds_models_is_learned_without_them(charnn, folder, tmp_path):
    assert charnn("train", "corpus/b.txt", "--out", "corpus/m", *TINY).code == 0
    assert "left out, as a model: corpus/m\n" in charnn("train", "corpus", "--out", "n", *TINY).err
    assert sources(tmp_path / "n") == TEXTS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\0"])
def test_a_list_names_the_files(charnn, folder, tmp_path, end):
    listed = "".join(f"{path}{end}" for path in ("corpus/c", "corpus/a/é.txt"))
    (tmp_path / "list").write_text(listed, newline="")
    for arguments, stdin in ((("list",), b""), (("-",), listed.encode())):
        result = charnn("train", "--files-from", *arguments, "--out", "m", "--overwrite", *TINY, stdin=stdin)
        assert result.code == 0
        assert sources(tmp_path / "m") == ["corpus/c/d/e.md", "corpus/a/é.txt"]


def test_python_takes_folders_and_lists(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list").write_text("corpus/b.txt\n")
    python.train("corpus/c", files_from=tmp_path / "list", out="m", steps=5, hidden=16, layers=1)
    assert sources(tmp_path / "m") == ["corpus/c/d/e.md", "corpus/b.txt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--files-from", "missing"), "missing: no such file"),
        (("--files-from", "nothing"), "nothing: the list names no file"),
        (("void",), "void: no text in this folder"),
        ((), "no corpus"),
    ],
)
def test_no_file_is_one_line(charnn, said_once, tmp_path, arguments, said):
    (tmp_path / "nothing").write_text("\n\n")
    (tmp_path / "void").mkdir()
    assert said in said_once(charnn("train", *arguments))


def test_a_pipe_is_no_corpus_to_resume_from(charnn, said_once, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(TEXT))
    writer.start()
    result = charnn("train", "pipe", "--out", "m", *TINY)
    writer.join()
    assert result.code == 0
    assert "pipe: a pipe, which cannot be read again" in result.err
    for arguments in (("train", "--resume", "m", "--steps", "40"), ("eval", "--model", "m")):
        assert "was trained on a pipe, which cannot be read again" in said_once(charnn(*arguments))
