"""`charnn recall`: garbled lines are put back to the nearest lines of a list."""

from __future__ import annotations

import json

import pytest

TOWNS = "Aberdeen\nBirmingham\nCambridge\nEdinburgh\nGlasgow\nLeicester\nManchester\nNewcastle\nYork\n"
FIELDS = {
    *("file", "line", "source", "recalled", "nearest", "confidence", "overlap"),
    *("steps", "energy_before", "energy", "two_cycle", "form"),
}
FORMS = [
    (),
    ("--modern",),
    ("--classical",),
    ("--updates", "synchronous"),
    ("--learning", "hebbian"),
    ("--modern", "--units", "512"),
]


@pytest.fixture
def recall_from(charnn, text_file):
    """Runs the command with these bytes on its stdin, which is a file."""

    def run(*arguments, stdin=b""):
        with text_file(stdin, "stdin").open() as opened:
            return charnn("recall", *arguments, stdin=opened)

    return run


@pytest.fixture
def recall(recall_from, text_file):
    text_file(TOWNS, "towns.txt")
    return lambda *arguments, **streams: recall_from("towns.txt", *arguments, **streams)


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_lines_are_put_back_in_their_order_and_empty_ones_stay_empty(recall, form):
    result = recall(*form, stdin=b"yorck\n\nCanbridqe\r\n  \nMamchseter")
    assert (result.code, result.text, result.err) == (0, "York\n\nCambridge\n\nManchester\n", "")


def test_files_are_read_one_after_the_other_and_the_source_is_kept(recall, text_file):
    text_file("\ufeffYorc\n", "one.txt")
    text_file("\ufeffAbredeen\n", "two.txt")
    assert recall("one.txt", "-", "two.txt", "--keep-source", stdin=b"GLASCOW\n").text == (
        "Yorc\tYork\nGLASCOW\tGlasgow\nAbredeen\tAberdeen\n"
    )


@pytest.mark.parametrize("form", [("--modern",), ("--classical",)])
def test_json_has_the_energy_and_the_steps(recall, form):
    first, empty, other = (
        json.loads(line) for line in recall("--json", *form, stdin=b"Neucastle\n\nqqqq\n").text.splitlines()
    )
    assert set(first) == set(other) == FIELDS
    assert empty == {"file": "standard input", "line": 2, "source": "", "recalled": None}
    assert [(one["file"], one["line"]) for one in (first, other)] == [("standard input", 1), ("standard input", 3)]
    assert (first["source"], first["recalled"], first["form"]) == ("Neucastle", "Newcastle", form[0].removeprefix("--"))
    assert first["energy"] < first["energy_before"]
    assert first["steps"] >= 1
    assert first["confidence"] > 0.8 > 0.01 > other["confidence"]


def test_what_is_not_sure_is_replaced(recall):
    given = {"stdin": b"Neucastle\nqqqq\n"}
    assert recall("--min-confidence", "0.5", **given).text == "Newcastle\n_\n"
    assert recall("--min-confidence", "0.5", "--unsure", "", **given).text == "Newcastle\n\n"
    assert recall("--min-confidence", "0", **given).text.startswith("Newcastle\n")
    _, unsure = (json.loads(line) for line in recall("--min-confidence", "0.5", "--json", **given).text.splitlines())
    assert unsure["recalled"] is None
    assert unsure["nearest"] in TOWNS.split()
    named = recall("--min-confidence", "0.5", "--unsure", "?", "--json", **given).text.splitlines()
    assert [json.loads(line)["recalled"] for line in named] == ["Newcastle", "?"]


def test_states_that_take_turns_are_said(recall_from, text_file):
    """More lines than so few units hold."""
    text_file("".join(f"{n:b} {n}\n" for n in range(20)), "numbers.txt")
    arguments = ("numbers.txt", "--classical", "--units", "64")
    garbled = "".join(f"{n:o} {n:x}\n" for n in range(300)).encode()
    objects = recall_from(*arguments, "--updates", "synchronous", "--json", stdin=garbled)
    cycles = sum(json.loads(line)["two_cycle"] for line in objects.text.splitlines())
    assert cycles > 0
    assert f"the one of lower energy was taken: {cycles}; --updates asynchronous always settles" in objects.err
    settled = recall_from(*arguments, "--json", stdin=garbled)
    assert not any(json.loads(line)["two_cycle"] for line in settled.text.splitlines())
    assert "took turns" not in settled.err
    assert "the classical form of 64 units holds about 8 (0.14 for each unit)" in settled.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no lines to remember; name a file"),
        (("-",), "standard input has the lines to remember and the garbled ones, too"),
        (("towns.txt", "--unsure", "?"), "--unsure ?: takes the place of lines below --min-confidence"),
        (("towns.txt", "--modern", "--learning", "hebbian"), "--learning hebbian is for the classical form"),
        (("towns.txt", "--modern", "--updates", "synchronous"), "--updates synchronous is for the classical form"),
        (("many.txt", "--classical", "--units", "64"), "many.txt: 100 lines: the pseudo-inverse of 64 units"),
    ],
)
def test_what_contradicts_itself_is_refused(charnn, text_file, said_once, arguments, said):
    text_file(TOWNS, "towns.txt")
    text_file("".join(f"line {n}\n" for n in range(100)), "many.txt")
    failed = charnn("recall", *arguments, stdin=b"a\n")
    assert failed.code == 2
    assert said in said_once(failed)


def test_a_list_that_is_missing_or_has_no_lines_is_said_by_its_name(charnn, text_file, said_once):
    text_file("\n \n", "empty.txt")
    text_file(b"\xff\xfe\xfd", "bytes.txt")
    for name, said in (
        ("gone.txt", "gone.txt: no such file"),
        ("empty.txt", "empty.txt: there is no line to remember"),
        ("bytes.txt", "bytes.txt"),
    ):
        failed = charnn("recall", name, stdin=b"a\n")
        assert failed.code == 1
        assert said in said_once(failed)


def test_the_list_may_come_through_a_pipe(charnn, text_file):
    text_file("yorck\n", "garbled.txt")
    assert charnn("recall", "-", "garbled.txt", stdin=TOWNS.encode()).text == "York\n"


def test_other_encodings_are_read_and_written_when_named(recall_from, text_file):
    text_file("Köln\nZürich\n".encode("latin-1"), "towns.txt")
    assert recall_from("towns.txt", "--encoding", "latin-1", stdin=b"Koln\n").out == "Köln\n".encode("latin-1")
    assert recall_from("towns.txt", "--encoding", "latin-1", "--json", stdin=b"Koln\n").json["recalled"] == "Köln"


def test_bytes_that_are_not_in_the_encoding_are_passed_over_when_asked_for(recall):
    given = b"Yorc\nGlas\xffgow\nAbredeen\n"
    failed = recall(stdin=given)
    assert (failed.code, failed.text) == (1, "York\n")
    assert recall("--on-error", "skip", stdin=given).text == "York\nAberdeen\n"
    assert recall("--on-error", "replace", stdin=given).text == "York\nGlasgow\nAberdeen\n"


def test_on_a_slow_pipe_each_line_is_answered_at_once(process, text_file):
    text_file(TOWNS, "towns.txt")
    child = process("recall", "towns.txt", stdin=-1)
    for garbled, line in ((b"Yorc\n", b"York\n"), (b"GLASCOW\n", b"Glasgow\n")):
        child.stdin.write(garbled)
        child.stdin.flush()
        assert child.stdout.readline() == line
    child.stdin.close()
    assert child.wait(30) == 0


def test_whoever_reads_no_further_ends_it_quietly(process, text_file):
    text_file(TOWNS, "towns.txt")
    text_file("Yorc\n" * 20_000, "garbled.txt")
    child = process("recall", "--modern", "towns.txt", "garbled.txt")
    assert child.stdout.readline() == b"York\n"
    child.stdout.close()
    assert child.wait(30) == 0
    assert child.stderr.read() == b""


def test_the_energy_of_garbled_lines_is_drawn_and_its_numbers_printed(charnn, text_file, tmp_path):
    text_file(TOWNS, "towns.txt")
    text_file("Yorc\n\nNeucastle\n", "garbled.txt")
    drawn = charnn("plot", "energy", "towns.txt", "garbled.txt")
    assert (drawn.code, drawn.text, drawn.err) == (0, "energy.png\n", "")
    assert (tmp_path / "energy.png").read_bytes().startswith(b"\x89PNG")
    first, second = map(json.loads, charnn("plot", "energy", "towns.txt", "garbled.txt", "--json").text.splitlines())
    assert (first["recalled"], second["recalled"]) == ("York", "Newcastle")
    assert first["energies"] == sorted(first["energies"], reverse=True)
    text_file("\n", "empty.txt")
    assert "no line to settle" in charnn("plot", "energy", "towns.txt", "empty.txt").err


def test_the_capacity_is_drawn_and_its_numbers_printed(charnn, tmp_path):
    drawn = charnn("plot", "capacity", "--units", "60", "-o", "held.svg")
    assert (drawn.code, drawn.text, drawn.err) == (0, "held.svg\n", "")
    assert (tmp_path / "held.svg").read_text().startswith("<?xml")
    objects = [json.loads(line) for line in charnn("plot", "capacity", "--units", "60", "--json").text.splitlines()]
    assert {one["learning"] for one in objects} == {"hebbian", "pseudo-inverse"}
    assert all(0 <= one["recalled"] <= 1 for one in objects)
