"""What contexts end in: what that adds to the powers of a network and of n-grams, and how it is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError
from charnn.ngrams.counting import count
from charnn.ngrams.model import NgramModel
from charnn.ngrams.table import NgramTable
from charnn.softmax import log_softmax
from charnn.tasks.language_model.directory import NGRAMS, LanguageModelDirectory
from charnn.tasks.language_model.endings import KINDS, LAST, Endings, ending_of, kinds_of
from charnn.tasks.language_model.learn import powers as learning
from charnn.tasks.language_model.learn.ending_powers import CAUTION, FEWEST, learn_added
from charnn.tasks.language_model.learn.powers import measured
from charnn.tasks.language_model.mixing import MixedNgrams, log_mixed, symbol_nats
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.task import LanguageModelTask
from tests.paths import ROOT
from tests.tasks.language_model.tiny import tiny_model

SPELLINGS = [b"", b"", *(bytes([byte]) for byte in b"\n aB7."), "\u4e2d".encode(), b"ab "]
SIZE, LENGTHS = len(SPELLINGS), 5
RANDOM = np.random.default_rng(0)
TEXT = RANDOM.choice(SIZE - 1, 4000, p=RANDOM.dirichlet(np.full(SIZE - 1, 0.5))).astype(np.int32) + 1
WEIGHTS = RANDOM.normal(0.4, 0.1, (2, LENGTHS + 3)).astype(np.float32)


def endings() -> Endings:
    of_last, of_kinds = RANDOM.normal(0, 0.3, (2, SIZE)), RANDOM.normal(0, 0.3, (2, KINDS**LAST))
    return Endings(kinds_of(SPELLINGS), of_last.astype(np.float32), of_kinds.astype(np.float32))


def table() -> NgramTable:
    return NgramTable.of(count([TEXT[:3000]], SIZE, LENGTHS, before=0), SIZE)


def test_an_id_is_of_the_kind_of_the_last_character_that_it_writes() -> None:
    assert kinds_of(SPELLINGS).tolist() == [0, 0, 1, 2, 3, 4, 5, 7, 6, 2]
    assert kinds_of([b"\xf0", "\u00e9".encode(), b"\t"]).tolist() == [0, 3, 2]


def test_a_context_ends_in_the_last_symbols_that_it_has() -> None:
    model, kinds = NgramModel(table(), SIZE), kinds_of(SPELLINGS)
    states = model.states(np.zeros(1, np.int32), TEXT[np.newaxis, 3000:])[0]
    last, numbers = ending_of(model, kinds, states)
    lengths = model.facts.lengths_S[states].tolist()
    assert {2, 3, 4} <= set(lengths)
    for place in range(LAST, len(states)):
        seen = TEXT[3000 : 3001 + place][::-1][: min(lengths[place], LAST)].tolist()
        seen += [0] * (LAST - len(seen))
        assert last[place] == seen[0]
        assert numbers[place] == sum(int(kinds[id_]) * KINDS ** (LAST - 1 - n) for n, id_ in enumerate(seen))
    assert [int(each[0]) for each in ending_of(model, kinds, np.zeros(1, np.int32))] == [0, 0]


def test_what_is_added_changes_the_powers_wherever_they_are_used() -> None:
    added = endings()
    plain, ngrams = MixedNgrams(table(), WEIGHTS, SIZE), MixedNgrams(table(), WEIGHTS, SIZE, None, added)
    network = log_softmax(RANDOM.normal(0, 1, (200, SIZE))).astype(np.float32)
    states = ngrams.model.states(np.zeros(1, np.int32), TEXT[np.newaxis, 3000:3200])[0]
    powers = plain.unbounded_SE[states].T + added.added(ngrams.model, states)
    expected = log_mixed(powers, [network, *ngrams.contexts.log_probabilities(states)])
    np.testing.assert_allclose(log_softmax(ngrams.logits(states, network)), expected, atol=1e-4)
    one = [log_softmax(ngrams.logits(states[n : n + 1], network[n : n + 1]))[0] for n in range(200)]
    np.testing.assert_allclose(one, expected, atol=1e-4)
    again = MixedNgrams.from_arrays(ngrams.arrays(), SIZE)
    np.testing.assert_array_equal(again.unbounded_SE, ngrams.unbounded_SE)


def test_what_is_learned_makes_the_text_likeliest_and_a_group_of_few_symbols_adds_nothing() -> None:
    """In each group another of the two models is right."""
    number, sizes = 3000, [4, 3]
    ids, groups = RANDOM.integers(0, 3, number), [RANDOM.integers(0, size - 1, number) for size in sizes]
    groups[0][: FEWEST - 1] = 3
    is_right = np.eye(3)[ids]
    right, wrong = (log_softmax(2 * is_right * share + RANDOM.normal(0, 1, (number, 3))) for share in (1, 0.5))
    first = groups[0][:, np.newaxis] == 0
    both = [np.where(first, right, wrong).astype(np.float32), np.where(first, wrong, right).astype(np.float32)]
    powers = np.full((2, number), 0.5)
    added = learn_added(powers, groups, sizes, both, ids)
    assert [one.shape for one in added] == [(2, 4), (2, 3)]
    assert (added[0][:, 3] == 0).all()
    assert added[0][0, 0] > added[0][1, 0] + 0.2
    assert added[0][0, 1] < added[0][1, 1] - 0.2

    def cost(tried: list[np.ndarray]) -> float:
        own = powers + sum(one[:, numbers] for one, numbers in zip(tried, groups, strict=True))
        return symbol_nats(own, both, ids).sum() + CAUTION / 2 * sum(float((one**2).sum()) for one in tried)

    best = cost([one.astype(np.float64) for one in added])
    assert best < cost([np.zeros_like(one) for one in added]) - 20
    for which, row, column in ((0, 0, 0), (0, 1, 1), (1, 0, 1)):
        for change in (-0.2, 0.2):
            other = [one.astype(np.float64) for one in added]
            other[which][row, column] += change
            assert cost(other) > best - 0.1


@pytest.mark.parametrize("matters", [True, False])
def test_endings_are_kept_where_they_bring_something(*, matters: bool) -> None:
    number = 4000
    ids, ends = RANDOM.integers(0, 3, number), RANDOM.integers(0, 2, number)
    right, wrong = (log_softmax(2 * np.eye(3)[ids] * sign + RANDOM.normal(0, 1, (number, 3))) for sign in (1, -0.2))
    is_first = (ends == 0 if matters else RANDOM.random(number) < 0.5)[:, np.newaxis]
    both = [np.where(is_first, right, wrong).astype(np.float32), np.where(is_first, wrong, right).astype(np.float32)]
    found = measured(
        np.ones((number, 1)), both, ids, np.arange(number) * 2 // number, usual_EF=np.full((2, 1), 0.5, np.float32),
        characters_each=1.0, endings_GN=[ends, ends],
    )  # fmt: skip
    assert found is not None
    assert (found.added is not None) == matters


def spoilt(directory: LanguageModelDirectory, **changes: Any) -> None:
    arrays, metadata = read_arrays(directory.path / NGRAMS, largest=1 << 30)
    write_arrays(directory.path / NGRAMS, {**arrays, **changes}, metadata)


def test_a_run_keeps_them_and_an_evaluation_uses_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "LEAST_GAIN_OF_ENDINGS", -1.0)
    directory = tiny_model(tmp_path, (ROOT / "data" / "fables.txt").read_text(encoding="utf-8")[:40_000], steps=60)
    ngrams, figures = directory.ngrams(), directory.config().ngrams
    assert ngrams.endings is not None
    model = charnn.load(directory.path)
    evaluation = LanguageModelTask().evaluate(model, [], LanguageModelEvaluationOptions())
    list(evaluation.run())
    assert evaluation.to_json()["nats_per_character"] == pytest.approx(figures.nats_per_character, abs=0.05)
    shown = ngrams.endings.arrays()
    for name, values in shown.items():
        spoilt(directory, **{name: values[..., :-1].copy()})
        with pytest.raises(ModelFormatError, match="what its contexts end in"):
            directory.ngrams()
        spoilt(directory, **{name: values})
    spoilt(directory, **{"endings.of_last_EV": shown["endings.of_last_EV"] * np.float32("nan")})
    with pytest.raises(ModelFormatError, match="what its contexts end in"):
        directory.ngrams()
