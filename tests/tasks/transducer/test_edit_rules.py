"""What edits make of a source is as likely as their counts say, and arrays that are no edits are refused."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer.edit_rules import BUNDLES, CONTEXT, EDITS, MET, MOST_TRIED, EditRules
from charnn.tasks.transducer.learn.edit_rules import LONGEST, learn_edit_rules
from charnn.tasks.transducer.symbols import EncodedSource, Symbols

FORMS = [
    ("walk", "PST", "walked"), ("talk", "PST", "talked"), ("try", "PST", "tried"), ("sing", "PST", "sang"),
    ("walk", "PL", "walks"), ("try", "PL", "tries"), ("mach", "PTCP", "gemacht"), ("ring", "PST", "rang"),
]  # fmt: skip


def pairs_of(forms: list[tuple[str, str, str]]) -> list[Pair]:
    return [Pair(lemma, form, features, line) for line, (lemma, features, form) in enumerate(forms, 1)]


def learned(forms: list[tuple[str, str, str]] = FORMS) -> tuple[EditRules, Symbols]:
    pairs = pairs_of(forms)
    symbols = Symbols.of(pairs, "characters", "characters")
    rules = learn_edit_rules(pairs, symbols)
    assert rules is not None
    return rules, symbols


def made(rules: EditRules, symbols: Symbols, source: str, features: str) -> dict[str, float]:
    targets = rules.targets(symbols.encode_source(source, features))
    return {symbols.decode(ids): p for ids, p in targets.items()}


def test_the_counts_of_longer_contexts_weigh_more_by_witten_and_bell() -> None:
    rules, symbols = learned([("ab", "X", "abc"), ("bb", "X", "bbc"), ("aa", "X", "aad"), ("ca", "X", "caa")])
    found = made(rules, symbols, "cb", "X")
    # After nothing c was added twice, and d and a once. After b, at the end of two, it was c twice.
    p_c = 2 / 3 + 1 / 3 * 2 / 4
    assert found == pytest.approx({"cbc": p_c, "cbd": 1 / 3 / 4, "cba": 1 / 3 / 4})


def test_what_begins_depends_on_what_ends() -> None:
    rules, symbols = learned([("ma", "P", "gemat"), ("la", "P", "gelat"), ("be", "P", "bee"), ("n", "Q", "n")])
    found = made(rules, symbols, "na", "P")
    assert max(found, key=found.__getitem__) == "genat"
    assert found["genat"] > 5 * found.get("nat", 0.0)


def test_probabilities_are_no_more_than_one() -> None:
    rules, symbols = learned()
    for source in ("walk", "bring", "fly", "k"):
        assert sum(made(rules, symbols, source, "PST").values()) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("source", "features", "target"),
    [("stalk", "PST", "stalked"), ("string", "PST", "strang"), ("wry", "PST", "wried"), ("stry", "PL", "stries"),
     ("krach", "PTCP", "gekracht")],
)  # fmt: skip
def test_the_likeliest_is_what_like_sources_became(source: str, features: str, target: str) -> None:
    rules, symbols = learned()
    encoded = symbols.encode_source(source, features)
    best = [symbols.decode(ids) for ids in rules.proposed(encoded, 3)]
    assert best[0] == target
    assert len(best) <= 3
    right, wrong = (symbols.encode_target(text)[:-1] for text in (target, f"{source}rrr"))
    ((right_p, wrong_p),) = rules.scores([encoded], [[right, wrong]])
    assert wrong_p == -math.inf < right_p == pytest.approx(math.log(made(rules, symbols, source, features)[target]))


def test_features_that_were_never_met_together_are_read_as_none() -> None:
    rules, symbols = learned([*FORMS, ("walk", "PL;PTCP", "walkings")])
    found = made(rules, symbols, "stalk", "PST;PL")
    assert found == made(rules, symbols, "stalk", "")
    assert {"stalked", "stalks"} <= set(found)


def test_a_symbol_that_no_target_has_can_only_be_removed() -> None:
    rules, symbols = learned([("Ab", "X", "ab"), ("Ac", "X", "ac"), ("bc", "X", "bca")])
    assert set(made(rules, symbols, "Acb", "X")) == {"acb", "acba"}
    assert not rules.proposed(symbols.encode_source("bA", "X"), 2)


def test_pairs_come_as_often_as_they_are_counted() -> None:
    rules, symbols = learned([("ab", "X", "abc")] * 3 + [("ab", "X", "abd")])
    found = made(rules, symbols, "ba", "X")
    assert found == pytest.approx({"bac": 3 / 4, "bad": 1 / 4})


def test_sides_of_other_kinds_have_no_edits() -> None:
    pairs = pairs_of(FORMS)
    assert learn_edit_rules(pairs, Symbols.of(pairs, "characters", "bytes")) is None


def test_pairs_that_are_all_too_long_have_no_edits() -> None:
    pairs = pairs_of([("ab" * LONGEST, "X", "ab")])
    assert learn_edit_rules(pairs, Symbols.of(pairs, "characters", "characters")) is None


def test_an_interruption_and_a_short_budget_leave_some_pairs_out() -> None:
    forms = [(f"{number}a", "X", f"{number}b") for number in range(2500)]
    pairs = pairs_of(forms)
    symbols = Symbols.of(pairs, "characters", "characters")
    every, interrupted, short = (
        learn_edit_rules(pairs, symbols, seconds, lambda stop=stop: stop)
        for seconds, stop in ((None, False), (None, True), (0.02, False))
    )
    sizes = [0 if rules is None else len(rules.arrays()[MET]) for rules in (every, interrupted, short)]
    assert sizes[0] > sizes[1] > 0
    assert sizes[0] > sizes[2] > 0


def test_very_many_edits_are_sorted_out_at_once() -> None:
    forms = [(f"{number}a", "X", f"{number}a{number}") for number in range(30_000)]
    rules, symbols = learned(forms)
    started = time.process_time()
    assert len(made(rules, symbols, "12345a", "X")) == len(made(rules, symbols, "12345a", "Y")) == MOST_TRIED
    assert time.process_time() - started < 5


def test_very_many_beginnings_are_sorted_out_at_once() -> None:
    rules, symbols = learned([(f"{number}a", "X", f"b{number}c{number}a{number % 200}") for number in range(10_000)])
    made(rules, symbols, "1a", "X")
    started = time.process_time()
    assert made(rules, symbols, "12345a", "X")
    assert time.process_time() - started < 1


def test_a_bundle_that_nothing_was_met_with_makes_nothing() -> None:
    rules, symbols = learned()
    arrays = rules.arrays()
    more = {
        BUNDLES: np.append(arrays[BUNDLES], np.int32(1)),
        f"{BUNDLES}.lengths": np.append(arrays[f"{BUNDLES}.lengths"], np.int32(1)),
    }
    again = EditRules.from_arrays({**arrays, **more}, symbols.outputs)
    source = symbols.encode_source("walk", "PL")
    assert not again.targets(EncodedSource([1, *source.symbols, 0], 1, source.copies, source.texts))


def test_arrays_make_the_same_again() -> None:
    rules, symbols = learned()
    again = EditRules.from_arrays(rules.arrays(), symbols.outputs)
    assert (again.bundles, again.edits, again.size) == (rules.bundles, rules.edits, rules.size)
    for source in ("stalk", "ring"):
        assert made(again, symbols, source, "PST") == made(rules, symbols, source, "PST")


def test_a_missing_array_is_refused() -> None:
    rules, symbols = learned()
    arrays = rules.arrays()
    for name in arrays:
        with pytest.raises(ValueError, match="no table of"):
            EditRules.from_arrays({key: value for key, value in arrays.items() if key != name}, symbols.outputs)


def changed(array: npt.NDArray[Any], place: Any, value: int) -> npt.NDArray[Any]:
    copy = array.copy()
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        (MET, (0, 0), -1), (MET, (-1, 0), 99), (MET, (0, 0), 2), (MET, (0, 1), 99), (MET, (0, 2), -1),
        (MET, (0, 3), 0), (f"{BUNDLES}.lengths", 0, 9), (f"{EDITS}.lengths", 0, -1), (EDITS, 0, -1), (EDITS, 1, 99),
        (EDITS, -1, 999),
    ],
)  # fmt: skip
def test_arrays_that_contradict_each_other_are_refused(name: str, place: Any, value: int) -> None:
    rules, symbols = learned()
    arrays = rules.arrays()
    with pytest.raises(ValueError, match=r"edits|met"):
        EditRules.from_arrays({**arrays, name: changed(arrays[name], place, value)}, symbols.outputs)


@pytest.mark.parametrize("shape", [(3, 3 + 2 * CONTEXT), (0, 4 + 2 * CONTEXT), (5,)])
def test_tables_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    rules, symbols = learned()
    with pytest.raises(ValueError, match="no table of edits"):
        EditRules.from_arrays({**rules.arrays(), MET: np.zeros(shape, np.int32)}, symbols.outputs)
