"""Whatever goes wrong is one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os

import pytest

from charnn.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", "gone.txt"),
        ("train", "gone.txt"),
        ("train", "text.txt", "--valid", "gone.txt"),
        ("sample", "--model", "gone.txt"),
        ("info", "gone.txt"),
        ("train", "--resume", "gone.txt"),
        ("train", "text.txt", "--from", "gone.txt"),
    ],
    ids=" ".join,
)
def test_what_is_missing_is_named(charnn, trained, monkeypatch, text_file, said_once, arguments):
    text_file()
    monkeypatch.setenv("CHARNN_MODEL", str(trained.path))
    result = charnn(*arguments)
    assert result.code == 1
    assert "gone.txt" in said_once(result)


@pytest.mark.parametrize("command", ["sample", "eval", "info"])
def test_no_model_at_all_is_said_with_how_to_get_one(charnn, said_once, command):
    result = charnn(command)
    assert result.code == 1
    assert "charnn train" in said_once(result)


@pytest.mark.parametrize("command", ["sample", "eval", "info"])
@pytest.mark.parametrize("broken", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"format_version": 99}'])
def test_a_damaged_model_is_named_with_the_file(charnn, copied, said_once, command, broken, content):
    (copied / broken).write_bytes(content)
    result = charnn(command, "--model", copied)
    assert result.code == 1
    line = said_once(result)
    assert str(copied) in line
    assert broken in line


@pytest.mark.parametrize("command", ["sample", "eval"])
@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_damaged_weights_are_named(charnn, copied, said_once, command, content):
    weights = copied / "weights.safetensors"
    weights.unlink() if content is None else weights.write_bytes(content)
    result = charnn(command, "--model", copied)
    assert result.code == 1
    assert str(weights) in said_once(result)


@pytest.mark.parametrize("missing", ["tokenizer.json", "weights.safetensors"])
def test_a_missing_file_of_a_model_is_named(charnn, copied, said_once, missing):
    (copied / missing).unlink()
    result = charnn("info", copied)
    assert result.code == 1
    assert missing in said_once(result)


def test_a_directory_is_no_corpus(charnn, tmp_path, said_once):
    (tmp_path / "texts").mkdir()
    result = charnn("train", "texts")
    assert result.code == 1
    assert "texts" in said_once(result)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("sample", "--colour"), "--colour"),
        (("train", "text.txt", "--colour"), "--colour"),
        (("paint",), "paint"),
        (("sample", "one", "two"), "two"),
        (("train",), "corpus"),
        (("train", "text.txt", "--steps", "0"), "--steps"),
        (("train", "text.txt", "--steps", "many"), "--steps"),
        (("train", "text.txt", "--cell", "cnn"), "--cell"),
        (("train", "text.txt", "--time", "soon"), "--time"),
        (("train", "text.txt", "--time", "3m", "--steps", "3"), "--time"),
        (("train", "text.txt", "--epochs", "1", "--steps", "3"), "--epochs"),
        (("train", "text.txt", "--clip", "1", "--clip-value", "1"), "--clip-value"),
        (("train", "text.txt", "--overwrite"), "--overwrite"),
        (("train", "text.txt", "--encoding", "klingon"), "klingon"),
        (("train", "text.txt", "--encoding", "latin-1", "--tokenizer", "bytes"), "--encoding"),
        (("sample", "--temp", "-1"), "--temp"),
        (("sample", "--length", "-2"), "--length"),
        (("sample", "--top-p", "1.5"), "--top-p"),
        (("sample", "-n", "0"), "-n"),
        (("eval", "--context", "some"), "--context"),
        (("eval", "--context", "0"), "--context"),
        (("eval", "--documents", "line"), "--documents"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(
    charnn, trained, monkeypatch, text_file, said_once, tmp_path, arguments, named
):
    text_file()
    monkeypatch.setenv("CHARNN_MODEL", str(trained.path))
    result = charnn(*arguments)
    assert named in said_once(result)
    assert result.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "text.txt", "--learning-rate", "0"),
        ("train", "text.txt", "--learning-rate", "nan"),
        ("train", "text.txt", "--clip", "0"),
        ("train", "text.txt", "--clip-value", "-1"),
        ("train", "text.txt", "--epochs", "0"),
        ("train", "text.txt", "--epochs", "-2"),
        ("train", "text.txt", "--time", "0s"),
        ("sample", "--top-p", "0"),
        ("sample", "--stop", ""),
    ],
    ids=" ".join,
)
def test_a_value_out_of_range_is_wrong_usage_whoever_finds_it(
    charnn, trained, monkeypatch, text_file, said_once, tmp_path, arguments
):
    text_file()
    monkeypatch.setenv("CHARNN_MODEL", str(trained.path))
    result = charnn(*arguments)
    said_once(result)
    assert result.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_two_models_at_once_are_wrong_usage(charnn, trained, copied, said_once):
    result = charnn("info", trained.path, "--model", copied)
    assert result.code == 2
    said_once(result)


def test_debug_shows_the_traceback_and_the_line_all_the_same(charnn):
    result = charnn("--debug", "eval", "gone.txt", "--model", "nowhere")
    assert result.code == 1
    assert result.out == b""
    assert result.err.startswith("Traceback (most recent call last):")
    assert result.err.splitlines()[-1].startswith("charnn: nowhere")


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_of_our_own_is_a_line_too(charnn, monkeypatch, debug, said_once):
    def fail(*arguments, **options):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(main, "command_line", lambda *names: fail)
    result = charnn(*(["--debug"] if debug else []), "info")
    assert result.code == 1
    assert ("Traceback" in result.err) == debug
    assert "charnn: RuntimeError: first line; run it as `charnn --debug" in result.err
    if not debug:
        said_once(result)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (MemoryError(), "there is not enough memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "there is not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "there is not enough memory"),
        (RuntimeError("[ONNXRuntimeError] : 6 : std::bad_alloc"), "there is not enough memory"),
        (ImportError("_philox.so: failed to map segment from shared object"), "there is not enough memory"),
        (OSError(errno.EMFILE, "Too many open files", "a.py"), "too many files are open; raise the limit"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "what was to be written: no space left on device; make room",
        ),
        (OSError(errno.EFBIG, "File too large", "a"), "a: file too large; raise the limit that `ulimit -f` shows"),
        (RuntimeError("can't start new thread"), "no further thread can be started; raise the limit"),
    ],
)
def test_a_limit_of_the_machine_is_said_with_what_to_do(charnn, monkeypatch, said_once, failure, said):
    def fail(arguments, **others):
        raise failure

    monkeypatch.setattr(main, "command_line", lambda *names: fail)
    result = charnn("info")
    assert result.code == 1
    line = said_once(result)
    assert said in line
    assert "--debug" not in line


def test_no_command_shows_the_help_and_is_wrong_usage(fresh_process):
    child = fresh_process()
    out, err = child.communicate()
    assert child.returncode == 2
    assert b"Usage:" in out + err
    assert b"Traceback" not in out + err


def test_the_exit_code_and_the_line_are_those_of_the_process(fresh_process):
    child = fresh_process("info", "gone.txt")
    out, err = child.communicate()
    assert child.returncode == 1
    assert out == b""
    assert err.startswith(b"charnn: gone.txt: ")
    assert err.count(b"\n") == 1


def test_a_name_with_a_line_break_still_makes_one_line(charnn, said_once):
    said_once(charnn("train", "gone\nfor good.txt"))


def test_a_name_that_is_not_utf8_is_a_name_like_any_other(process, tmp_path, tiny):
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("abc" * 100)
    child = process("train", name, *tiny)
    out, err = child.communicate()
    assert child.returncode == 0, err
    assert out == b"checkpoints/caf\xe9\n"
