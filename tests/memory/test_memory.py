"""`charnn.Memory`: lines that are remembered, and garbled lines that are put back to them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import charnn
from charnn.corpora import large_arrays
from charnn.errors import CharnnWarning, UsageError
from charnn.memory import memory as remembered

TOWNS = ["Aberdeen", "Birmingham", "Cambridge", "Edinburgh", "Glasgow", "Leicester", "Manchester", "Newcastle", "York"]
GARBLED = ["Abredeen", "Birmngham", "Canbridqe", "edinburg", "GLASCOW", "Leister", "Mamchseter", "Neucastle", "Yorck"]
MANY = [f"{town} {number} {other}" for town in TOWNS for other in TOWNS for number in ("north", "south", "x", "zz")]


@pytest.mark.parametrize("updates", ["asynchronous", "synchronous", None])
@pytest.mark.parametrize("form", ["modern", "classical"])
def test_garbled_lines_are_put_back(form, updates):
    memory = charnn.Memory(TOWNS, form=form, updates=updates if form == "classical" else None)
    found = memory.recall(GARBLED)
    assert [one.line for one in found] == TOWNS
    assert [one.source for one in found] == GARBLED
    for one in found:
        assert one.overlap > 0.99
        assert one.energies[-1] < one.energies[0]
        assert one.steps >= 1
        assert not one.two_cycle


@pytest.mark.parametrize("form", ["modern", "classical"])
def test_every_line_recalls_itself_with_confidence(form):
    lines = ["Polish", "polish", "résumé", "resume", "a", "b", "New York", "New  York", "日本", "日本語"]
    for one in charnn.Memory(lines, form=form).recall(lines):
        assert one.line == one.source
    assert all(one.confidence > 0.99 for one in charnn.Memory(TOWNS, form=form).recall(TOWNS))


def test_confidence_falls_with_what_is_changed_and_is_none_for_another_line():
    memory = charnn.Memory(TOWNS)
    whole, changed, more, other = (one.confidence for one in memory.recall(["Leicester", "Leister", "Lexter", "qqq"]))
    assert whole > changed > more > other
    assert other < 0.01


def test_few_lines_take_the_classical_form_and_many_the_modern_one():
    assert charnn.Memory(TOWNS).form == "classical"
    assert charnn.Memory(MANY).form == "modern"
    assert charnn.Memory(TOWNS, units=64).form == "modern"
    assert charnn.Memory(TOWNS, form="modern").form == "modern"


def test_many_lines_are_told_apart_by_the_modern_form():
    garbled = [line[:2] + line[3:] for line in MANY]
    found = charnn.Memory(MANY).recall(garbled)
    assert sum(one.line == line for one, line in zip(found, MANY, strict=True)) > 0.98 * len(MANY)


def test_more_lines_than_the_classical_form_holds_are_warned_of():
    with pytest.warns(CharnnWarning, match=r"324 lines: the classical form of 2,048 units holds about 286"):
        memory = charnn.Memory(MANY, updates="asynchronous")
    assert memory.form == "classical"


def test_more_lines_than_units_are_refused_by_the_pseudo_inverse():
    with pytest.raises(UsageError, match=r"324 lines: the pseudo-inverse of 300 units holds fewer"):
        charnn.Memory(MANY, form="classical", units=300)


def test_more_units_than_the_classical_form_can_connect_are_for_the_modern_one():
    assert charnn.Memory(["York", "Leeds"], units=5000).form == "modern"
    with pytest.raises(UsageError, match=r"5,000 units: the classical form has at most 4,096"):
        charnn.Memory(["York", "Leeds"], form="classical", units=5000)


def test_lines_that_hebbs_rule_forgets_are_counted():
    with pytest.warns(CharnnWarning, match=r"\d+ of 36 lines are forgotten: hebbian learning"):
        charnn.Memory(MANY[:36], learning="hebbian")


def test_empty_and_repeated_lines_are_passed_over_and_empty_ones_recall_nothing():
    memory = charnn.Memory(["York", "", "  ", "York", "Bath"])
    assert memory.lines == ["York", "Bath"]
    assert [one and one.line for one in memory.recall(["", "Yorc", " \t", "bat"])] == [None, "York", None, "Bath"]
    assert memory.recall([]) == []


def test_what_contradicts_itself_is_refused():
    with pytest.raises(UsageError, match="no line to remember"):
        charnn.Memory(["", " "])
    with pytest.raises(UsageError, match="classical form"):
        charnn.Memory(TOWNS, form="modern", learning="hebbian")


def test_one_line_is_the_memory_of_all():
    for form in ("modern", "classical"):
        assert charnn.Memory(["York"], form=form).recall(["Yrok"])[0].line == "York"


def test_neither_torch_nor_onnxruntime_is_imported():
    code = (
        "import charnn, sys; charnn.Memory(['a', 'b']).recall(['a']); print({'torch', 'onnxruntime'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_patterns_in_a_temporary_file_recall_the_same(monkeypatch):
    expected = charnn.Memory(MANY, form="modern").recall(GARBLED)
    monkeypatch.setattr(large_arrays, "HELD", 0)
    assert charnn.Memory(MANY, form="modern").recall(GARBLED) == expected


def test_long_lines_of_a_stream_are_recalled_few_together(monkeypatch):
    monkeypatch.setattr(remembered, "USUAL_LENGTH", 10)
    memory, sizes = charnn.Memory(TOWNS), []
    recall = memory.recall
    monkeypatch.setattr(memory, "recall", lambda lines: sizes.append(len(lines)) or recall(lines))
    for text, expected in (("York", [8, 12]), ("Manchester " * 4, [1, 3, 6, 10])):
        sizes.clear()
        lines = [remembered.GarbledLine(text, "towns.txt", number) for number in range(1, 21)]
        chunks = list(remembered.recall_stream([lines], memory))
        assert [garbled for chunk in chunks for garbled, _ in chunk] == lines
        assert {found.line for chunk in chunks for _, found in chunk if found} == {text.split()[0]}
        assert sizes == expected
