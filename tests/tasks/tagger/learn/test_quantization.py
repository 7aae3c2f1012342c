"""What int8 costs and gains a tagger: the verdict follows from what was measured, on the words that were meant."""

from __future__ import annotations

from itertools import cycle
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from charnn.tasks.tagger.config import TaggerQuantization, TreebankConfig
from charnn.tasks.tagger.decoding.decoder import IndependentDecoder
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.learn import quantization
from charnn.tasks.tagger.learn.data import EncodedTreebank
from charnn.tasks.tagger.learn.quantization import BATCH, LARGEST_LOSS, measure_quantization
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.treebank import Treebank

Scores = npt.NDArray[np.float32]


class Clock:
    """Time passes only where a graph is run."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class FakeTagger:
    """Says tag 0 of every word, but tag 1 of the first `wrong` words that it reads. A batch takes it no time at first,
    and then in each of the `rounds` so many seconds."""

    def __init__(self, clock: Clock, columns: int, wrong: int, rounds: list[float]) -> None:
        self.clock, self.columns, self.left = clock, columns, wrong
        self.seconds = cycle([0.0, *rounds])
        self.batches: list[list[int]] = []

    def vectors(self, features: WordFeatures) -> Scores:
        return np.ones((len(features.words_N), 1), np.float32)

    def scores(self, vectors_TBD: Scores, lengths_B: npt.NDArray[np.integer]) -> list[Scores]:
        is_word_TB = np.arange(len(vectors_TBD))[:, None] < lengths_B
        np.testing.assert_array_equal(vectors_TBD[..., 0], is_word_TB)
        self.batches.append(lengths_B.tolist())
        scores_TBK = np.zeros((*is_word_TB.shape, 2), np.float32)
        scores_TBK[..., 0] = 1
        for t, b in np.argwhere(is_word_TB)[: self.left]:
            scores_TBK[t, b, 1] = 2
        self.left = 0
        self.clock.now += next(self.seconds)
        return [scores_TBK if column == 0 else np.zeros_like(scores_TBK) for column in range(self.columns)]


def measured(
    monkeypatch: pytest.MonkeyPatch,
    lengths: list[int],
    *,
    wrong: tuple[int, int] = (0, 0),
    rounds: list[tuple[float, float]] | None = None,
    columns: int = 1,
    gold: str = "X",
) -> tuple[TaggerQuantization, FakeTagger]:
    """The verdict on validation sentences of these lengths, all their words tagged `gold`, where fp32 and int8 get so
    many words `wrong`, and `rounds` of a batch take so many seconds. Also what int8 was given."""
    clock, rounds = Clock(), rounds or [(2.0, 1.0)]
    plain, fast = (
        FakeTagger(clock, columns, wrong[number], [seconds[number] for seconds in rounds]) for number in range(2)
    )
    monkeypatch.setattr(quantization, "ROUNDS", len(rounds))
    monkeypatch.setattr(quantization, "time", clock)
    monkeypatch.setattr(
        quantization, "RuntimeTaggerNetwork", lambda _words, graph, states_size: fast if graph == "int8" else plain
    )
    directory = SimpleNamespace(word_graph=lambda: "words", graph=lambda *, quantized: "int8" if quantized else "fp32")
    names = tuple(f"column {number}" for number in range(columns))
    lexicon = Lexicon.of(["a"], dict.fromkeys(names, "XY"))
    sentences = [TaggedSentence(["a"] * length, ([gold] * length,) * columns) for length in lengths]
    treebank = EncodedTreebank(Treebank(sentences, sentences, TreebankConfig((), "conllu", names)), lexicon, longest=99)
    decoders = [IndependentDecoder(2)] * columns
    return measure_quantization(cast(TaggerDirectory, directory), treebank, decoders), fast


@pytest.mark.parametrize(
    ("wrong", "seconds", "used"),
    [
        ((0, 0), (2.0, 1.0), True),
        ((5, 0), (2.0, 1.0), True),
        ((0, 1), (2.0, 1.0), True),
        ((0, 2), (2.0, 1.0), False),
        ((3, 4), (1.01, 1.0), True),
        ((0, 0), (1.0, 1.0), False),
        ((0, 0), (1.0, 2.0), False),
        ((0, 9), (1.0, 2.0), False),
    ],
)
def test_int8_is_used_where_it_is_faster_and_loses_little(
    monkeypatch: pytest.MonkeyPatch, wrong: tuple[int, int], seconds: tuple[float, float], used: bool
) -> None:
    """Less than 1.6 of 1600 words may be lost."""
    result, _ = measured(monkeypatch, [50] * 32, wrong=wrong, rounds=[seconds])
    assert result == TaggerQuantization((wrong[1] - wrong[0]) / 1600, seconds[0] / seconds[1], used)
    assert result.used == (result.accuracy_lost < LARGEST_LOSS and result.speed_ratio > 1)


def test_a_word_is_right_that_is_right_in_every_column(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = measured(monkeypatch, [4, 6], wrong=(1, 3), columns=2)
    assert result.accuracy_lost == 0.2


def test_what_both_get_wrong_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = measured(monkeypatch, [4, 6], wrong=(0, 0), gold="never seen")
    assert result.accuracy_lost == 0


def test_padding_is_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are 12 words, and 20 are read with what pads them."""
    result, _ = measured(monkeypatch, [10, 2], wrong=(0, 3))
    assert result.accuracy_lost == 0.25


def test_the_first_sentences_up_to_the_limit_are_measured_those_of_like_lengths_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quantization, "SENTENCES", BATCH + 3)
    _, fast = measured(monkeypatch, [*range(BATCH + 3, 0, -1), 99, 99])
    of_like_lengths = [list(range(1, BATCH + 1)), [BATCH + 1, BATCH + 2, BATCH + 3]]
    assert fast.batches == [lengths for lengths in of_like_lengths for _ in ("scored", "timed")]


def test_speed_is_the_median_of_rounds_so_that_one_disturbed_round_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds = [(2.0, 1.0), (1.0, 50.0), (3.0, 1.0), (2.5, 1.0), (90.0, 1.0)]
    result, _ = measured(monkeypatch, [3], rounds=rounds)
    assert result.speed_ratio == 2.5


def test_rounds_are_sums_over_all_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    result, fast = measured(monkeypatch, [3] * (2 * BATCH), rounds=[(2.0, 1.0), (3.0, 1.0), (1.0, 1.0)])
    assert len(fast.batches) == 2 * 4
    assert result.speed_ratio == 2


def test_words_of_many_scores_are_read_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "MOST_SCORES", 2 * 3 * 4)
    _, fast = measured(monkeypatch, [3] * 8, rounds=[(2.0, 1.0)])
    assert len(fast.batches) == 2 * 2, "four sentences of three words with two tags at once"


def test_real_graphs_are_measured(start, treebank_of, silent) -> None:
    treebank = treebank_of("a_X b_Y\n" * 4)
    session: Any = start(treebank, steps=2)
    session.run(silent)
    encoded = EncodedTreebank(treebank, session.lexicon, longest=session.config.training.window_length)
    result = measure_quantization(session.directory, encoded, session.network.decoders())
    assert abs(result.accuracy_lost) <= 1
    assert result.speed_ratio > 0
