"""What is said of wrong options, of every command: it is on one line, and in charnn's own words."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from charnn.errors import CharnnError
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.task import LanguageModelTask
from tests.commands import CHARNN

LIBRARIES = re.compile(
    r"Invalid value|is not a valid|No such option|No such command|not in the range|requires an arg|does not take a|"
    r"unexpected extra|Missing|Input should|Value error|Traceback|Error:|validation error|pydantic|<class"
)
TOP = CHARNN.commands
COMMANDS = {
    **TOP,
    **{f"{name} {inner}": one for name, group in TOP.items() for inner, one in getattr(group, "commands", {}).items()},
}
WRONG = ("-7", "nan", "inf", "1e999", "1.5.2", "")
"""Each option gets a `?` and two of these, others than the options before it."""
NEEDS_NOTHING = ("plot capacity", "cache")
"""Commands that succeed without a model or a file, so that no text that an option may have is wrong."""


def every_wrong_use(command):
    yield ("--no-such-option",)
    for number, option in enumerate(COMMANDS[command].params):
        flags = [flag for flag in option.opts if flag.startswith("-")]
        if not flags:
            continue
        flag = max(flags, key=len)
        if option.is_flag:
            yield (f"{flag}=yes",)
            continue
        yield (flag,)
        if command in NEEDS_NOTHING and option.type.name in ("str", "text"):
            continue
        for value in ("?", WRONG[2 * number % len(WRONG)], WRONG[(2 * number + 1) % len(WRONG)]):
            yield (flag, *([value] * option.nargs))


@pytest.mark.parametrize(
    "command", ["train", "compare", "classify", "tag", "transduce", "score", "eval", "recall lines.txt"]
)
def test_standard_input_is_named_once(charnn, said_once, command):
    result = charnn(*command.split(), "-", "-", stdin=b"the cat\n")
    assert result.code == 2
    assert "- stands for standard input, which can be read once; name it once" in said_once(result)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_takes_what_is_no_number(charnn, said_once, text_file, command):
    """Every comparison with NaN is false, so it would meet every limit, and rule nothing out."""
    text_file("one\ntwo\n", "corpus.txt")
    takes_file = any(one.param_type_name == "argument" for one in COMMANDS[command].params)
    for option in COMMANDS[command].params:
        if option.type.name.startswith("float"):
            flag = max(option.opts, key=len)
            result = charnn(*command.split(), *["corpus.txt"] * takes_file, flag, "nan")
            assert result.code == 2
            assert f"{flag} nan: give a number" in said_once(result)


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("export",), "NAME|PATH"),
        (("export", "model"), "--out FILE.zip|FOLDER"),
        (("import",), "FILE.zip"),
        (("rename", "model"), "NEW"),
        (("remove",), "NAME|PATH..."),
    ],
    ids=str,
)
def test_what_is_missing_is_named(charnn, arguments, missing):
    result = charnn("models", *arguments)
    assert result.code == 2
    assert result.err == f"charnn: {missing} is missing; see `charnn models {arguments[0]} --help`\n"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_wrong_option_is_explained_in_our_own_words(charnn, command):
    # There is neither a model nor a corpus, so nothing succeeds, whatever the value of an option that takes any.
    given = ("missing.txt",) if command == "train" else ()
    every = list(every_wrong_use(command))
    assert every
    for arguments in every:
        result = charnn(*command.split(), *given, *arguments)
        assert result.code in (1, 2), arguments
        assert LIBRARIES.search(result.err) is None, result.err
        assert result.err.startswith("charnn: "), arguments
        assert result.err.count("\n") == 1, arguments
        assert result.out == b"", arguments


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sample", "--temp", "x"), "--temp x: give a number of at least 0; see `charnn sample --help`"),
        (("train", "--dropout", "2"), "--dropout 2.0: give a number from 0 to 0.99; see `charnn train --help`"),
        (("score", "--keep", "x"), "--keep x: choose above or below; see `charnn score --help`"),
        (("sample", "--length"), "--length: a value must follow"),
        (("score", "--json=3"), "--json: takes no value"),
        (("sample", "--zz"), "--zz: no such option"),
        (("sample", "a", "b"), "b: more than the command takes; quote what has spaces in it"),
        (("sample", "The", "Fox"), "quote what has spaces in it: charnn sample 'The Fox'"),
        (("sample", "it's", "a", "Fox", "--temp", "1"), """charnn sample 'it'"'"'s a Fox'"""),
        (("sample", "--tmep", "1"), "--tmep: no such option; did you mean --temp?"),
        (("sample", "--temprature", "1"), "--temprature: no such option; did you mean --temp?"),
        (("sample", "--qqqqqqq", "1"), "--qqqqqqq: no such option; see"),
        (("zz",), "zz: no such command; see `charnn --help`"),
        (("smaple",), "smaple: no such command; did you mean `charnn sample`?"),
        (("export", "poems"), "export: no such command; did you mean `charnn models export`?"),
        (("gradients",), "gradients: no such command; did you mean `charnn plot gradients`?"),
        (("generate", "--length", "9"), "generate: no such command; did you mean `charnn sample`?"),
        (("delete", "poems"), "delete: no such command; did you mean `charnn models remove`?"),
        (("models", "renam"), "renam: no such command; did you mean `charnn models rename`?"),
        (("novel.txt",), "novel.txt: no such command; did you mean `charnn train novel.txt`?"),
        (("my novel.txt",), "did you mean `charnn train 'my novel.txt'`?"),
        (("books/novel",), "did you mean `charnn train books/novel`?"),
        (("sample", "- buy milk"), "'- buy milk' begins with a dash, as an option does; put -- before it: "),
        (("sample", "-no thanks"), "'-no thanks' begins with a dash, as an option does; put -- before it: "),
    ],
)
def test_the_line_says_what_is_right(charnn, said_once, arguments, said):
    failed = charnn(*arguments)
    assert failed.code == 2
    assert said in said_once(failed)


@pytest.mark.parametrize(
    ("arguments", "which"),
    [
        (("score", "lines.txt", "-m", ""), "--model"),
        (("score", "lines.txt", "-m", "one", "-m", ""), "--model"),
        (("score", "lines.txt", ""), "FILE"),
        (("train", ""), "CORPUS"),
        (("train", "--resume", "", "--steps", "9"), "--resume"),
        (("train", "lines.txt", "--from", ""), "--from"),
        (("info", ""), "MODEL"),
        (("report", "-o", ""), "--out"),
        (("sample", "--prompt-file", ""), "--prompt-file"),
        (("plot", "curves", ""), "MODEL"),
        (("models", "export", "", "-o", "x.zip"), "NAME|PATH"),
        (("recall", ""), "LINES"),
        (("info", "--log", ""), "--log"),
    ],
)
def test_a_name_that_is_empty_stands_for_nothing(charnn, said_once, trained, monkeypatch, arguments, which):
    """A variable that was never set is one, and the model that was trained last is not what was meant."""
    monkeypatch.setenv("CHARNN_MODEL", str(trained.path))
    failed = charnn(*arguments)
    assert failed.code == 2
    assert said_once(failed).startswith(f"charnn: {which}")
    assert "empty; give one, or leave it out" in failed.err


def test_a_file_or_folder_of_any_name_is_taken_for_what_to_train_on(charnn, said_once, tmp_path):
    (tmp_path / "novel").write_text("text")
    (tmp_path / "letters").mkdir()
    for name in ("novel", "letters"):
        assert f"did you mean `charnn train {name}`?" in said_once(charnn(name))


def test_a_prompt_with_a_dash_follows_two(charnn, trained):
    result = charnn("sample", "--model", trained.path, "--length", "3", "--", "- the cat")
    assert result.text.startswith("- the cat")


def test_a_backslash_that_is_likely_a_mistake_is_named(charnn, trained, text_file):
    options = ("--model", trained.path, "--length", "3")
    assert "$'\\n'" in charnn("sample", r"the cat\nthe", *options).err
    assert "two characters" not in charnn("sample", "the cat\nthe", *options).err
    assert charnn("train", text_file("a\\nb\\nc" * 200), "--out", "m", "--steps", "5", "--hidden", "8").code == 0
    assert charnn("sample", r"a\nb", "--model", "m", "--length", "3").err == ""


def places(value, path=()):
    """The place of every value in a JSON object, at any depth."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield *path, key
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def test_a_damaged_configuration_is_explained_in_our_own_words(charnn, copied):
    """`info` reads it: whatever a place holds, what is wrong is an error of charnn's or nothing."""
    config = json.loads((copied / "config.json").read_text())
    found = list(places(config))
    assert len(found) > 40
    for place in found:
        for wrong in ("?", -1, 1.5, None, [], {}, True):
            damaged = json.loads(json.dumps(config))
            inner = damaged
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = wrong
            (copied / "config.json").write_text(json.dumps(damaged))
            try:
                LanguageModelTask().describe(LanguageModelDirectory(copied))
            except CharnnError as error:
                said = str(error)
                assert LIBRARIES.search(said) is None, (place, said)
                assert str(copied) in said
                assert "\n" not in said
    (copied / "config.json").write_text(json.dumps({**config, "network": "?"}))
    assert charnn("info", copied).err.startswith("charnn: ")


def test_info_says_at_which_step_a_run_goes_on_or_was_cut(charnn, copied):
    copied = copied.rename(copied.with_name("a writer's model"))
    assert "\nstatus " not in charnn("info", copied).text
    config = json.loads((copied / "config.json").read_text())
    for stopped_by, said in (("running", "last saved at step 30"), ("interrupt", "interrupted at step 30")):
        config["record"]["stopped_by"] = stopped_by
        (copied / "config.json").write_text(json.dumps(config))
        info = charnn("info", copied).text
        assert said in info
        assert f"charnn train --resume {shlex.quote(str(copied))} goes on" in info


def test_characters_that_only_the_validation_text_has_are_counted(charnn, text_file):
    text_file("the cat\n" * 50)
    text_file("the cat zzq\n" * 3, "valid.txt")
    result = charnn("train", "text.txt", "--valid", "valid.txt", "--steps", "5", "--hidden", "8")
    assert result.code == 0
    assert "the validation text has 9 characters that the training text lacks ('z', 'q')" in result.err
