"""`charnn tag`: text in, the same text with tags out, as it comes."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from itertools import groupby
from types import SimpleNamespace

import pytest

from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.tagger.learn.plan import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import read_treebank
from tests.runs import PLAIN, into

WORDS = {"the": "DET DT", "a": "DET DT", "cat": "NOUN NN", "cats": "NOUN NNS", "sleeps": "VERB VBZ", "saw": "VERB VBD"}
SENTENCES = ["the cat sleeps", "a cat saw the cats", "the cats saw a cat"]
TREEBANK = "".join(
    "".join(
        "\t".join([str(n), word, "_", *WORDS[word].split(), *"_____"]) + "\n"
        for n, word in enumerate(sentence.split(), 1)
    )
    + "\n"
    for sentence in SENTENCES * 10
)

# Everything that is not to be touched: comments, a range, an empty node, a form with a space, what stands in MISC,
# a sentence with other line ends, blank lines too many, and no line end at the end.
CONLLU = (
    "# sent_id = 1\n# text = the cat sleeps\n"
    "1\tthe\tthe\tX\tXX\tDefinite=Def\t2\tdet\t2:det\tA=b|UposProb=kept\n"
    "2-3\tcat sleeps\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n"
    "2\tcat\tcat\t_\t_\t_\t3\tnsubj\t_\t_\n"
    "2.1\tsaw\t_\tVERB\t_\t_\t_\t_\t0:x\t_\n"
    "3\tsleeps\t_\tY\t_\t_\t0\troot\t_\t_\n\n\n"
    "# the second\r\n1\ta cat\t_\t_\t_\t_\t_\t_\t_\t_\r\n\r\n"
    "1\tsaw\t_\t_\t_\t_\t_\t_\t_\tx"
)
BROKEN = "1\tcat\t_\t_\t_\t_\t_\t_\t_\t_\n2\tcats\t_\n\n"


def learned(directory, paths, **reading):
    """A tagger of the least size, made in a fraction of a second."""
    overrides = TaggerOverrides(hidden_size=8, word_size=8, budget=Budget(steps=20), settings=PLAIN)
    treebank = read_treebank(DataFiles(paths), **reading)
    session = TaggerSession.start(into(directory), treebank, overrides)
    session.run(SimpleNamespace(step=lambda *_: None, validation=lambda *_, **__: None))
    return directory


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A tagger of upos and xpos."""
    directory = tmp_path_factory.mktemp("tagger")
    (directory / "cats.conllu").write_text(TREEBANK)
    return learned(directory / "cats", [str(directory / "cats.conllu")], columns=("upos", "xpos"))


@pytest.fixture(scope="module")
def of_characters(tmp_path_factory):
    """A tagger of characters, which says where words begin."""
    directory = tmp_path_factory.mktemp("characters")
    (directory / "text").write_text("acat\nthecatsleeps\nacatsaw\nthecats\n" * 5)
    (directory / "tags").write_text("BBII\nBIIBIIBIIIII\nBBIIBII\nBIIBIII\n" * 5)
    paths = {"columns": ("tag",), "tag_paths": [str(directory / "tags")]}
    return learned(directory / "letters", [str(directory / "text")], **paths)


@pytest.fixture
def copied_tagger(tagger, tmp_path):
    return shutil.copytree(tagger, tmp_path / "copied")


@pytest.fixture
def tag(charnn, tagger, text_file):
    """`tag(text, options...)`: what becomes of a file with this text."""
    return lambda text, *options, model=tagger: charnn("tag", text_file(text), "--model", model, *options)


@pytest.fixture
def running(process, tagger):
    """`running(options...)`: a process that tags what is written to its stdin."""
    return lambda *options, **streams: process(
        "tag", "--model", tagger, *options, **{"stdin": subprocess.PIPE, "bufsize": 0, **streams}
    )


def rows(text):
    return [line.split("\t") for line in text.split("\n") if line]


def columns_of(line):
    """A row of CoNLL-U with nothing where tags stand."""
    cells = line.split("\t")
    return [*cells[:3], *cells[5:]] if len(cells) == 10 and cells[0].isdigit() else cells


# formats


def test_only_tags_change_byte_for_byte(tag):
    result = tag(CONLLU)
    assert (result.code, result.err) == (0, "")
    before, after = CONLLU.split("\n"), result.text.split("\n")
    assert list(map(columns_of, after)) == list(map(columns_of, before))
    words = [row for row in map(str.split, after) if row and row[0].isdigit()]
    tags = {(cells[3], cells[4]) for cells in (line.split("\t") for line in after) if cells[0].isdigit()}
    assert len(words) == 5
    assert all(upos in {"DET", "NOUN", "VERB"} and xpos in {"DT", "NN", "NNS", "VBZ", "VBD"} for upos, xpos in tags)


def test_tags_that_were_learned_are_said(tag):
    text = re.sub(r"\t[A-Z]+\t[A-Z]+\t", "\t_\t_\t", TREEBANK)
    same = sum(map(str.__eq__, tag(text).text.split("\n"), TREEBANK.split("\n")))
    assert same > 0.6 * len(TREEBANK.split("\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cats sleep.\nnow\n", "the T T\ncats T T\nsleep T T\n. T T\n\nnow T T\n\n"),
        ("the\tDET\ncats\tNOUN\n\nnow\tNOUN", "the T T\ncats T T\n\nnow T T"),
        ("the_DET_DT cats_NOUN_NN  now_NOUN_NN\n\nso_NOUN_NN", "the_T_T cats_T_T  now_T_T\n\nso_T_T"),
        ("1\tthe\t_\t_\t_\t_\t_\t_\t_\t_\n", "1 the _ T T _ _ _ _ _\n"),
        ("", ""),
        ("\n \n", ""),
    ],
    ids=["lines", "columns", "slashed", "conllu", "nothing", "blank"],
)
def test_what_comes_out_is_in_the_format_that_went_in_or_in_columns(tag, text, expected):
    result = tag(text)
    assert (result.code, result.err) == (0, "")
    blind = re.sub(r"([\t_])[A-Z]+(?=[\t_\s]|$)", r"\1T", result.text)
    assert blind.replace("\t", " ") == expected


@pytest.mark.parametrize(
    ("format", "expected"),
    [("lines", ["ca", "n't", "I", "."]), ("tokens", ["can't", "I."]), ("text", ["ca", "n't", "I", "."])],
)
def test_a_format_can_be_named(tag, format, expected):
    text = tag("can't\nI.\n", "--format", format).text
    assert [row[0] for row in rows(text)] == expected or format != "tokens"
    assert text.count("\n\n") == (1 if format == "text" else 2)


def test_every_output_is_one_of_four(tag):
    text = "the cat sleeps\n"
    assert re.fullmatch(
        r"the_[A-Z]+ cat_[A-Z]+ sleeps_[A-Z]+\n", tag(text, "--to", "slashed", "--columns", "upos").text
    )
    conllu = tag(text, "--to", "conllu").text
    assert conllu.startswith("# text = the cat sleeps\n1\tthe\t_\t")
    assert tag(conllu, "--to", "columns").text == tag(text).text == tag(text, "--to", "columns").text
    assert tag(tag(conllu, "--to", "slashed").text).text == tag(conllu, "--to", "slashed").text


def test_raw_text_is_a_word_a_line_so_that_tags_can_be_counted(process, tagger, text_file):
    text_file("the cat saw a cat\nthe cats\n")
    child = process("tag", "text.txt", "--model", tagger)
    counted = subprocess.run(["grep", "-c", "NOUN\\|VERB\\|DET"], stdin=child.stdout, capture_output=True, timeout=20)
    assert counted.stdout == b"7\n"
    assert child.wait(20) == 0


def test_gzip_is_unpacked(tag):
    assert tag(gzip.compress(CONLLU.encode())).out == tag(CONLLU).out


# options


def test_columns_are_the_ones_that_are_chosen_and_the_others_stay(tag):
    for line, before in zip(tag(CONLLU, "--columns", "xpos").text.split("\n"), CONLLU.split("\n"), strict=True):
        assert line.split("\t")[:4] == before.split("\t")[:4]
    both = rows(tag("the cat\n", "--columns", " xpos,upos,xpos").text)
    assert [row[:1] + row[:0:-1] for row in both] == rows(tag("the cat\n").text)


def test_probabilities_are_written_and_are_of_the_best(tag):
    for word, upos, upos_probability, best in rows(
        tag("the cat sleeps\n", "--columns", "upos", "--probs", "--nbest", "9").text
    ):
        found = [(tag, float(value)) for tag, value in (pair.rsplit(":", 1) for pair in best.split())]
        assert found[0] == (upos, float(upos_probability))
        assert [value for _, value in found] == sorted((value for _, value in found), reverse=True)
        assert sum(value for _, value in found) == pytest.approx(1, abs=1e-3)
        assert len(found) == 3, word
    assert "|UposProb=0." in tag(CONLLU, "--probs").text
    assert "kept" not in tag(CONLLU, "--probs").text
    assert tag("the\n", "--nbest", "2", "--columns", "upos").text.count(":") == 2


def test_tags_that_are_not_probable_enough_are_replaced(tag):
    sure = rows(tag("the cat sleeps now\n", "--columns", "upos", "--probs").text)
    least = sorted(float(row[2]) for row in sure)[2]
    expected = [[word, upos if float(p) >= least else "?", p] for word, upos, p in sure]
    options = ("--columns", "upos", "--probs", "--min-confidence", str(least - 0.00006), "--unsure", "?")
    assert rows(tag("the cat sleeps now\n", *options).text) == expected
    assert rows(tag("the\n", "--min-confidence", "1").text) == [["the", "_", "_"]]
    assert tag("the\n", "--min-confidence", "0").out == tag("the\n").out


def test_a_tag_that_is_not_sure_is_null_in_json_unless_it_has_another_name(tag):
    given = ("--json", "--columns", "upos", "--min-confidence")
    for least, options, said in (("1", (), None), ("1", ("--unsure", "?"), "?")):
        found = json.loads(tag("the cat\n", *given, least, *options).text)
        assert found["tags"] == {"upos": [said, said]}
        assert "probabilities" not in found
    assert json.loads(tag("the cat\n", *given, "0").text) == json.loads(tag("the cat\n", *given[:-1]).text)


def test_int8_and_fp32_are_both_there_for_an_lstm_and_int8_is_refused_where_there_is_none(tag, said_once, monkeypatch):
    for precision in ("int8", "fp32"):
        assert [row[0] for row in rows(tag("the cat\n", "--precision", precision).text)] == ["the", "cat"]
    monkeypatch.setattr("charnn.tasks.tagger.directory.TaggerDirectory.has_quantized_graph", lambda self: False)
    result = tag("the cat\n", "--precision", "int8")
    assert result.code == 2
    assert "int8" in said_once(result)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--columns", "lemma"), "lemma"),
        (("--columns", "upos,"), "--columns"),
        (("--unsure", "X"), "--min-confidence"),
        (("--unsure", "X\n", "--min-confidence", "1"), "a result stands on a line"),
        (("--min-confidence", "2"), "--min-confidence"),
        (("--nbest", "0"), "--nbest"),
        (("--to", "text"), "--to"),
        (("--to", "characters"), "--to columns"),
        (("--format", "characters"), "words"),
        (("--encoding", "klingon"), "klingon"),
        (("--to", "slashed", "--nbest", "2"), "--to"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(tag, said_once, options, named):
    result = tag("the cat\n", *options)
    assert named in said_once(result)
    assert result.code == 2


def test_a_model_of_another_task_is_named(tag, trained, said_once):
    result = tag("the cat\n", model=trained.path)
    assert result.code == 1
    assert "tagger is needed" in said_once(result)


# encodings


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "utf-16-be"])
def test_what_is_written_is_in_the_encoding_of_what_was_read(tag, encoding):
    text = "café là\nça\n" * 4000  # several blocks, and still one byte order mark
    result = tag(text.encode(encoding), "--encoding", encoding)
    assert [row[0] for row in rows(result.out.decode(encoding))] == ["café", "là", "ça"] * 4000


def test_a_character_that_the_encoding_does_not_have_is_named_after_all_before_it(tag):
    text = "the cat\n"
    result = tag(text, "--encoding", "ascii", "--min-confidence", "1", "--unsure", "¿", "--columns", "upos")
    assert result.code == 1
    assert result.text == "the\t"
    assert "'¿'" in result.err
    assert "ascii" in result.err


def test_a_byte_that_is_no_text_is_named_after_all_before_it(tag):
    result = tag(b"the cat\n" * 3 + b"\xff\n")
    assert result.code == 1
    assert len(rows(result.text)) == 6
    assert "text.txt: byte 24 is not utf-8" in result.err


# malformed input


def test_malformed_input_is_named_by_line_once_everything_before_it_was_written(tag, text_file):
    good = TREEBANK[: TREEBANK.index("\n\n") + 2]
    result = tag(good * 3000 + BROKEN + good)
    assert result.code == 1
    assert result.text == tag(good * 3000).text
    line = (good * 3000).count("\n") + 2
    assert re.fullmatch(rf"charnn: \S*text\.txt:{line}: expected 10 columns, found 3\n", result.err)


def test_with_skip_a_malformed_sentence_is_passed_on_untouched(tag):
    good = TREEBANK[: TREEBANK.index("\n\n") + 2]
    result = tag((good + BROKEN) * 5, "--on-error", "skip")
    assert result.code == 0
    assert result.text == (tag(good).text + BROKEN) * 5
    *named, last = result.err.splitlines()
    assert len(named) == 3
    for number, line in enumerate(named):
        assert f"text.txt:{4 + 2 + 7 * number}: expected 10 columns, found 3" in line
    assert last.startswith("charnn: warning: ")
    assert "5" in last
    assert tag(good, "--on-error", "skip").err == ""


# several files


def test_files_come_one_after_the_other_and_their_sentences_stay_apart(charnn, tagger, text_file):
    texts = [CONLLU, "", "1\tcat\t_\t_\t_\t_\t_\t_\t_\t_", CONLLU]
    names = [text_file(text, f"{number}.conllu") for number, text in enumerate(texts)]
    alone = [charnn("tag", name, "--model", tagger).text for name in names]
    result = charnn("tag", *names, "--model", tagger)
    assert result.text == alone[0] + "\n\n" + alone[2] + "\n\n" + alone[3]


def test_the_first_file_decides_what_is_written(charnn, tagger, text_file):
    names = [text_file("", "empty"), text_file("the cat\n", "raw"), text_file(CONLLU, "conllu")]
    assert [len(row) for row in rows(charnn("tag", *names, "--model", tagger).text)] == [3] * 7


def test_a_missing_file_is_named_once_the_files_before_it_were_tagged(charnn, tagger, text_file):
    result = charnn("tag", text_file("the cat\n"), "gone.txt", "--model", tagger)
    assert result.code == 1
    assert len(rows(result.text)) == 2
    assert result.err.startswith("charnn: gone.txt: ")


def test_dash_is_standard_input_among_files(running, text_file):
    text_file("a\n", "first")
    text_file("b\n", "last")
    out, err = running("--format", "tokens", "first", "-", "last").communicate(b"x\ny\n", timeout=20)
    assert [row[0] for row in rows(out.decode())] == ["a", "x", "y", "b"]
    assert err == b""


# characters


def test_a_tag_for_every_character_is_an_aligned_line(tag, of_characters):
    result = tag("thecat\r\n\n acat\nx", model=of_characters)
    assert (result.code, result.err) == (0, "")
    assert re.fullmatch(r"[BI]{6}\r\n\n[BI]{5}\n[BI]", result.text)
    assert tag("1\tcat\tX\n", model=of_characters).text.strip("BI") == "\n"


def test_characters_in_columns_stay_in_columns(tag, of_characters):
    assert [row[0] for row in rows(tag("t\tX\nh\tX\n", model=of_characters).text)] == ["t", "h"]
    aligned = tag("th\n", model=of_characters).text
    in_columns = tag("th\n", "--to", "columns", model=of_characters).text
    assert "".join(row[1] for row in rows(in_columns)) + "\n" == aligned


@pytest.mark.parametrize("options", [("--probs",), ("--nbest", "2"), ("--min-confidence", "0", "--unsure", "??")])
def test_what_has_no_place_in_an_aligned_line_is_written_in_columns(tag, of_characters, said_once, options):
    assert [row[0] for row in rows(tag("acat\n", *options, model=of_characters).text)] == list("acat")
    result = tag("acat\n", *options, "--to", "characters", model=of_characters)
    assert result.code == 2
    assert "--to columns" in said_once(result)


def test_words_are_refused_where_characters_are_tagged(tag, of_characters, said_once):
    result = tag("a cat\n", "--format", "tokens", model=of_characters)
    assert result.code == 2
    assert "--format tokens" in said_once(result)


# streams


def test_a_sentence_of_a_hundred_thousand_words_is_tagged(tag):
    result = tag("the cat sleeps and " * 25_000 + "\n", "--format", "tokens")
    assert result.code == 0
    assert len(rows(result.text)) == 100_000
    middle = rows(result.text)[40:99_960]
    assert [list(tags) for tags, _ in groupby(middle[0::4])] == [middle[0]]
    assert [list(tags) for tags, _ in groupby(middle[1::4])] == [middle[1]]


def test_a_sentence_is_written_as_soon_as_it_is_done_while_the_pipe_stays_open(running):
    child = running("--columns", "upos")

    def line():
        return child.stdout.readline().decode()

    for part in ("the cat\n", "a ", "cat\nthe ca"):
        child.stdin.write(part.encode())
        if part == "a ":
            continue
        for word in ("the", "cat") if part.startswith("the") else ("a", "cat"):
            assert line().startswith(f"{word}\t")
        assert line() == "\n"
    assert child.poll() is None
    child.stdin.write(b"ts\n")
    assert line().startswith("the\t")
    assert line().startswith("cats\t")
    rest, err = child.communicate(timeout=20)
    assert (rest, err, child.returncode) == (b"\n", b"", 0)


def test_conllu_is_written_as_soon_as_its_blank_line_is_there(running):
    child = running()
    sentence = b"# sent_id = 1\n1\tcat\t_\t_\t_\t_\t_\t_\t_\t_\n"
    for _ in range(2):
        child.stdin.write(sentence[:20])
        time.sleep(0.02)
        child.stdin.write(sentence[20:] + b"\n")
        assert child.stdout.readline() == b"# sent_id = 1\n"
        assert child.stdout.readline().startswith(b"1\tcat\t_\t")
        assert child.stdout.readline() == b"\n"
    child.stdin.write(sentence[:-1])
    out, _ = child.communicate(timeout=20)
    assert out.startswith(b"# sent_id = 1\n1\tcat\t_\t")
    assert not out.endswith(b"\n")


def test_head_ends_it_at_once_without_a_word(process, tagger):
    endless = subprocess.Popen(["yes", "the cat sleeps"], stdout=subprocess.PIPE)
    child = process("tag", "--model", tagger, stdin=endless.stdout)
    endless.stdout.close()
    head = subprocess.run(["head", "-2"], stdin=child.stdout, capture_output=True, timeout=30)
    child.stdout.close()
    assert child.wait(timeout=10) == 0
    endless.wait(timeout=10)
    assert child.stderr.read() == b""
    assert head.stdout.count(b"\n") == 2


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "waiting"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interruption_ends_it_at_once_with_130(running, number, busy):
    child = running()
    child.stdin.write(b"the cat\n")
    assert child.stdout.readline().startswith(b"the\t")
    if busy:
        with suppress(BlockingIOError):
            fcntl.fcntl(child.stdin, fcntl.F_SETFL, os.O_NONBLOCK)
            child.stdin.write(b"the cat sleeps\n" * 4000)
    child.send_signal(number)
    assert child.wait(timeout=10) == 130
    assert child.stderr.read() == b""


def test_a_reader_that_pauses_makes_the_writer_pause(running):
    """All that lies between them is the two pipes and a few blocks."""
    child = running("--format", "tokens")
    fcntl.fcntl(child.stdin, fcntl.F_SETFL, os.O_NONBLOCK)
    taken, waited = 0, 0.0
    while waited < 0.7 and taken < 10_000_000:
        wrote = child.stdin.write(b"the cat sleeps and sleeps and sleeps\n" * 1000) or 0
        taken += wrote
        waited = 0.0 if wrote else waited + 0.05
        time.sleep(0 if wrote else 0.05)
    assert taken < 2_000_000
    child.kill()


def test_on_a_terminal_every_line_is_answered(process, tagger):
    terminal, its_side = pty.openpty()
    child = process("tag", "--columns", "upos", "--model", tagger, stdin=its_side)
    os.close(its_side)
    for _ in range(2):
        os.write(terminal, b"the cat\n")
        assert child.stdout.readline().startswith(b"the\t")
        assert child.stdout.readline().startswith(b"cat\t")
        assert child.stdout.readline() == b"\n"
    os.write(terminal, b"\x04")
    assert child.wait(timeout=10) == 0
    assert child.stderr.read() == b""
    os.close(terminal)


def test_a_terminal_is_told_what_is_waited_for(process, tagger):
    terminal, its_side = pty.openpty()
    child = process("tag", "--model", tagger, stdin=its_side, stderr=its_side)
    os.close(its_side)
    assert b"Ctrl-D" in os.read(terminal, 1000)
    os.write(terminal, b"\x04")
    assert child.wait(timeout=10) == 0
    assert child.stdout.read() == b""
    os.close(terminal)


def test_a_closed_standard_input_is_named(tagger, fresh_process, tmp_path):
    child = fresh_process("tag", "--model", tagger, stdin=None, preexec_fn=lambda: os.close(0))
    _, err = child.communicate(timeout=20)
    assert child.returncode == 1
    assert err == b"charnn: standard input: closed\n"
