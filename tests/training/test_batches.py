"""Which sentences are learned from together: each once an epoch, with those of its length, never too many words."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.training.objective import LENGTH_NOISE, Batches

Ids = npt.NDArray[np.int64]
of_any_treebank = given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=60).map(np.array),
    sentences=st.integers(1, 12),
    seed=st.integers(0, 99),
)


def batches_of(lengths: Ids, sentences: int, seed: int = 0) -> Batches:
    return Batches(lengths, rows=sentences, random=np.random.default_rng(seed))


def read_epoch(batches: Batches) -> list[list[int]]:
    end, read = int(batches.epoch) + 1, []
    while batches.epoch < end:
        read.append(batches.next())
    return read


@of_any_treebank
def test_every_sentence_is_read_once_an_epoch(lengths: Ids, sentences: int, seed: int) -> None:
    batches = batches_of(lengths, sentences, seed)
    for _ in range(3):
        assert sorted(np.concatenate(read_epoch(batches))) == list(range(len(lengths)))


@of_any_treebank
def test_no_batch_has_more_words_than_is_said_padding_counted_but_for_one_long_sentence(
    lengths: Ids, sentences: int, seed: int
) -> None:
    batches = batches_of(lengths, sentences, seed)
    assert batches.steps_in_batch == max(int(sentences * lengths.mean()), 1)
    for batch in read_epoch(batches):
        assert len(batch) == 1 or lengths[batch].max() * len(batch) <= batches.steps_in_batch


@of_any_treebank
def test_sentences_of_a_batch_are_of_like_lengths(lengths: Ids, sentences: int, seed: int) -> None:
    """Lengths are blurred by up to LENGTH_NOISE; what is between those of a batch all the same is in the batch."""
    epoch = read_epoch(batches_of(lengths, sentences, seed))
    for batch in epoch:
        between = (lengths > lengths[batch].min() + LENGTH_NOISE) & (lengths < lengths[batch].max() - LENGTH_NOISE)
        assert set(np.flatnonzero(between)) <= set(batch)


def test_little_is_padded_and_few_batches_are_small() -> None:
    lengths = np.random.default_rng(0).geometric(1 / 16, 2000).clip(1, 100)
    batches = batches_of(lengths, 32)
    epoch = read_epoch(batches)
    padded = sum(len(batch) * lengths[batch].max() for batch in epoch)
    assert padded < 1.2 * lengths.sum()
    assert len(epoch) < 1.3 * lengths.sum() / batches.steps_in_batch


def test_every_epoch_has_other_batches_in_another_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, 200)
    batches = batches_of(lengths, 8)
    first, second = ([frozenset(batch) for batch in read_epoch(batches)] for _ in range(2))
    assert len(set(first) & set(second)) < 0.2 * len(first)
    longest = [[lengths[list(batch)].max() for batch in epoch] for epoch in (first, second)]
    assert all(epoch != sorted(epoch) and epoch != sorted(epoch, reverse=True) for epoch in longest)
    assert longest[0] != longest[1]


def test_the_same_seed_gives_the_same_batches_and_another_others() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, 50)
    one, same, other = (read_epoch(batches_of(lengths, 4, seed)) for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_the_epoch_counts_batches() -> None:
    batches = batches_of(np.full(4, 5), 1)
    seen = [batches.epoch]
    for _ in range(6):
        batches.next()
        seen.append(batches.epoch)
    assert seen == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5])


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=60).map(np.array),
    sentences=st.integers(1, 12),
    read=st.integers(0, 30),
)
def test_restored_batches_go_on_with_exactly_the_same_ones(lengths: Ids, sentences: int, read: int) -> None:
    batches, restored = batches_of(lengths, sentences), batches_of(lengths, sentences, seed=1)
    for _ in range(read):
        batches.next()
    restored.restore(json.loads(json.dumps(batches.position())))
    assert restored.epoch == batches.epoch
    assert restored.position() == batches.position()
    for _ in range(20):
        assert restored.next() == batches.next()


def test_a_position_may_be_taken_again_after_it_was_restored() -> None:
    lengths = np.arange(1, 30)
    whole, broken = batches_of(lengths, 3), batches_of(lengths, 3)
    for _ in range(25):
        expected = whole.next()
        restored = batches_of(lengths, 3, seed=9)
        restored.restore(broken.position())
        broken = restored
        assert broken.next() == expected


@pytest.mark.parametrize(
    "change",
    [
        *({"next": value} for value in (-1, 8, 10**6, None, "text")),
        *({"epochs": value} for value in (-1, None, "text")),
        *({"random": value} for value in (None, {}, [], "text", {"bit_generator": "MT19937"})),
    ],
    ids=str,
)
def test_a_position_that_there_is_not_is_refused(change: dict[str, object]) -> None:
    batches = batches_of(np.full(7, 5), 1)
    with pytest.raises((ValueError, TypeError, KeyError)):
        batches.restore({**batches.position(), **change})
