"""Learns the linear model of words in context from a treebank, and finds out what it brings beside a network.

Each column has a softmax regression, which is solved to its optimum. It also learns from the tags that the words around
had elsewhere, and what it makes of these becomes part of the weights of those words. How far it and the network are
believed is learned from sentences that neither has learned from: the probability of a tag is in proportion to that by
the network to some power, times that by the linear model to another. Words that the training data have are apart from
others there, as the network knows little of a word that it has not learned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch

from charnn.arrays import Bools, Float32s, Float64s, Int64s
from charnn.linear.matrix import LabelledMatrix
from charnn.linear.mixture import Mixture, fit_mixture, nats
from charnn.linear.rows import SparseRows
from charnn.linear.solving import Solving, solution
from charnn.linear.targets import Targets
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.data import UNTAGGED, EncodedSentences, EncodedTreebank, Ids
from charnn.tasks.tagger.learn.tags_elsewhere import EDGE_ID, TagsElsewhere
from charnn.tasks.tagger.lexicon import normalized
from charnn.tasks.tagger.linear_gain import TaggerLinear
from charnn.tasks.tagger.linear_model import (
    DISTANCES,
    EDGE,
    REACH,
    LinearModel,
    appearances,
    hashes_of_words,
    known_rows,
)
from charnn.tasks.tagger.use.model import Tagger

STRENGTH = 3.0
"""The loss over all words weighs so many times as much as half the squared weights."""
MOST_ITERATIONS, WORK = 100, 6e10
"""The iterations of a solution, and the work of all of them; that of EWT takes five seconds of a core."""
MOST_WEIGHTS = 4_000_000
"""Features times the tags of all columns, at most; the rarest features are left out."""
MOST_TOLD = 1_000_000
"""The weights of what tags words had elsewhere, at most: where a column has some 450 tags or more, it is left out."""
FEW_WORDS = 50_000
"""Where there are more, features that are met once are left out."""
MOST_WORDS, MOST_SCORES = 1 << 18, 1 << 24
"""A larger treebank has so many of its words learned, from sentences all over it, and with many tags no more words than
have so many scores together. While it is learned, a word takes some 1.5 kB."""
SOLVING_SHARE = 0.3
"""The part of a budget of seconds that the solution may take. Where it would need more it is cut short."""
USUAL_POWERS = (0.4, 0.35), (0.35, 0.4)
"""Those of the network and of the linear model where nothing is held out, for words that the training data have and for
others. The former are also what is expected of the powers of all words before any held-out word is seen."""
CERTAINTY, KINDS_CERTAINTY = 20.0, 200.0
"""How many words' worth of evidence it takes to move the powers of all words away from these, and those of known words
and of unknown ones away from those of all."""
MEASURED_SCORES = 4_000_000
"""The powers are learned from no more held-out words than have so many scores of a column."""


@dataclass(frozen=True)
class Words:
    """N words with a tag of a column to learn from."""

    rows: SparseRows
    features: int
    targets: Targets
    weights_K: Float32s
    multiple: bool = False


class SolvedModel:
    """The linear model of a treebank's training sentences; nothing until it is solved."""

    def __init__(self, tags: Sequence[int], seconds: float | None) -> None:
        """`tags` is how many each column has, and `seconds` the budget of the run, if it is one of time."""
        self._tags, self._seconds = tags, seconds
        self._parts: tuple[npt.NDArray[np.uint32], list[tuple[Float64s, Float64s]]] | None = None

    @property
    def is_solved(self) -> bool:
        return self._parts is not None

    def solve(self, treebank: EncodedTreebank, interrupted: Callable[[], bool]) -> None:
        """Solves it, within its part of the budget, and as far as it has come once `interrupted()` says so."""
        ends = None if self._seconds is None else time.perf_counter() + SOLVING_SHARE * self._seconds
        solving = Solving(len(self._tags), lambda: interrupted() or (ends is not None and time.perf_counter() > ends))
        sentences = treebank.training
        chosen = _some(sentences, max(self._tags))
        lengths = sentences.lengths[list(chosen)]
        forms_ND = _around(sentences.forms_of(chosen) + 1, lengths, edge=EDGE_ID)
        hashes_F, rows = _rows(treebank.forms, forms_ND, sum(self._tags))
        ids: dict[str, int] = {}
        word_of_form = np.array([ids.setdefault(normalized(form), len(ids)) for form in (EDGE, *treebank.forms)])
        found = []
        for tags_N, size in zip(sentences.tags_of(chosen), self._tags, strict=True):
            tags_ND = _around(tags_N, lengths, edge=UNTAGGED)
            elsewhere = TagsElsewhere(word_of_form[forms_ND], tags_ND, words=len(ids), tags=size)
            found.append(_solved(hashes_F, rows, elsewhere, list(ids), solving))
        self._parts = hashes_F, found

    def with_powers(self, powers_MCW: Float64s) -> LinearModel:
        """The model beside a network, where each of the two has these powers in each column, for words of each kind."""
        assert self._parts is not None
        hashes_F, found = self._parts
        tables, biases = zip(*found, strict=True)
        return LinearModel(
            hashes_F,
            np.concatenate(tables, 1).astype(np.float16),
            np.concatenate(biases).astype(np.float32),
            powers_MCW.astype(np.float32),
            self._tags,
        )

    def with_usual_powers(self) -> LinearModel:
        """The model beside a network where nothing is held out."""
        return self.with_powers(np.stack([np.transpose(USUAL_POWERS)] * len(self._tags), 1))

    def beside(
        self, network: TaggerDirectory, treebank: EncodedTreebank | None
    ) -> tuple[LinearModel, TaggerLinear] | None:
        """The model with the powers that suit the sentences of the treebank that are held out, and what it brings
        there. None where it makes their tags no likelier. Where none are held out, its powers are the usual ones.
        `network` has no linear model yet."""
        if treebank is None:
            model = self.with_usual_powers()
            return model, TaggerLinear(features=len(model))
        sentences, powers, figures = treebank.validation, [], []
        count = _first(sentences.lengths, MEASURED_SCORES // max(self._tags))
        chosen, texts = range(count), sentences.words[:count]
        with Tagger(network, precision="fp32") as tagger:
            scores = tagger.sentence_tagger.scores(texts)
        by_network = [np.concatenate(of_column) for of_column in zip(*scores, strict=True)]
        by_itself = self._scores(texts, treebank.knows)
        forms_N = sentences.forms_of(chosen)
        is_known_N = treebank.is_known[forms_N]
        is_right_N, has_tag_N = np.ones(len(forms_N), np.bool_), np.zeros(len(forms_N), np.bool_)
        for network_NK, own_NK, tags_N in zip(by_network, by_itself, sentences.tags_of(chosen), strict=True):
            tagged = tags_N != UNTAGGED
            logits_MNK = np.stack([network_NK, own_NK]).astype(np.float64)[:, tagged]
            targets_NK = tags_N[tagged, np.newaxis] == np.arange(logits_MNK.shape[2])
            nats_E, right_EN = _figures(logits_MNK, targets_NK, is_known_N[tagged])
            figures.append((nats_E, right_EN.mean(1)))
            powers.append([mixture.shares_M for mixture in _mixtures(logits_MNK, targets_NK, is_known_N[tagged])])
            is_right_N[tagged] &= right_EN[-1]
            has_tag_N |= tagged
        _, likely_by_network, likely_by_both = np.mean([nats_E for nats_E, _ in figures], axis=0)
        if not likely_by_both < likely_by_network:
            return None
        alone, by_network_alone, both = np.stack([right_E for _, right_E in figures], 1).round(6).tolist()
        model, unknown_N = self.with_powers(np.array(powers).transpose(2, 0, 1)), has_tag_N & ~is_known_N
        return model, TaggerLinear(
            len(model),
            int(has_tag_N.sum()),
            tuple(both),
            tuple(by_network_alone),
            tuple(alone),
            round(float(is_right_N[has_tag_N].mean()), 6),
            round(float(is_right_N[unknown_N].mean()), 6) if unknown_N.any() else None,
        )

    def _scores(self, texts: Sequence[Sequence[str]], knows: Callable[[str], bool]) -> list[Float64s]:
        """The scores by the linear model alone of the words of all texts, for each column, (N, its tags)."""
        alone = self.with_usual_powers()
        forms = {word: row for row, word in enumerate(dict.fromkeys(chain([EDGE], chain.from_iterable(texts))))}
        additions = alone.additions(list(forms), knows)
        totals = []
        for words in texts:
            rows_T1 = np.array([forms[word] for word in words], np.intp)[:, np.newaxis]
            totals.append(alone.total(additions, rows_T1)[:, 0])
        return np.split(np.concatenate(totals).astype(np.float64), np.cumsum(self._tags)[:-1], axis=1)


def _some(sentences: EncodedSentences, tags: int) -> range:
    """The numbers of the sentences that are learned: all, or one in so many."""
    words = int(sentences.lengths.sum())
    return range(0, len(sentences.lengths), -(-words // min(MOST_WORDS, MOST_SCORES // tags)))


def _first(lengths: Int64s, most: int) -> int:
    """How many of the first sentences have at most so many words together; one at least."""
    return max(int(np.searchsorted(np.cumsum(lengths), most, "right")), 1)


def _around(values_N: Ids, lengths: Ids, *, edge: int) -> Ids:
    """(N, D): what stands at each distance from each word of sentences of these lengths, and `edge` beyond them."""
    padded = np.full(len(values_N) + 2 * REACH * len(lengths), edge, np.int64)
    places_N = np.arange(len(values_N)) + REACH * (1 + 2 * np.repeat(np.arange(len(lengths)), lengths))
    padded[places_N] = values_N
    around_ND: Ids = padded[places_N[:, np.newaxis] + DISTANCES]
    return around_ND


def _rows(forms: Sequence[str], forms_ND: Ids, tags: int) -> tuple[npt.NDArray[np.uint32], SparseRows]:
    """The hashes of the features that are worth learning from, and the rows of N words: of the forms at each distance,
    by their numbers, which begin at 1. There are so many `tags` in all columns together."""
    hashes, starts = appearances([EDGE, *forms])
    parts_ND = forms_ND * len(DISTANCES) + np.arange(len(DISTANCES))
    met = np.repeat(np.bincount(parts_ND.ravel(), minlength=len(starts) - 1), np.diff(starts))
    every, number = np.unique(hashes, return_inverse=True)
    counts = np.bincount(number, met, minlength=len(every)).astype(np.int64)
    most = max(MOST_WEIGHTS // tags, 1)
    least = 1 if len(forms_ND) <= FEW_WORDS else 2
    if (counts >= least).sum() > most:
        usual = int(np.sort(counts)[-most])
        least = max(least, usual + int((counts >= usual).sum() > most))
    hashes_F = every[counts >= least]
    rows = known_rows(hashes_F, hashes, starts).chosen(parts_ND.ravel())
    return hashes_F, SparseRows(rows.ids, rows.values, rows.starts[:: len(DISTANCES)])


def _solved(
    hashes_F: npt.NDArray[np.uint32], rows: SparseRows, elsewhere: TagsElsewhere, words: Sequence[str], solving: Solving
) -> tuple[Float64s, Float64s]:
    """The weights (F, K) and the bias (K,) of a column's tags by the rows of N words, and by what tags the words around
    had elsewhere."""
    is_told = elsewhere.size * elsewhere.tags <= MOST_TOLD
    every = rows.beside(elsewhere.rows(), len(hashes_F)) if is_told else rows
    features = len(hashes_F) + (elsewhere.size if is_told else 0)
    tagged = np.flatnonzero(elsewhere.own_tags_N >= 0)
    own = every if len(tagged) == len(every) else every.chosen(tagged)
    targets = Targets.one_each(elsewhere.own_tags_N[tagged], elsewhere.tags)
    found, bias_K = solution(
        Words(own, features, targets, np.ones(elsewhere.tags, np.float32)),
        LabelledMatrix(own, targets, features),
        torch.ones(1),
        STRENGTH,
        solving,
        most_work=WORK,
        most_iterations=MOST_ITERATIONS,
    )
    table_FK, told = np.split(found.numpy(), [len(hashes_F)])
    if not is_told:
        return table_FK, bias_K.numpy()
    added_DVK, by_all_K = elsewhere.weights_of_words(told)
    _add_to_words(table_FK, hashes_F, added_DVK, words)
    return table_FK, bias_K.numpy() + by_all_K


def _add_to_words(
    table_FK: Float32s,
    hashes_F: npt.NDArray[np.uint32],
    added_DVK: Float32s,
    words: Sequence[str],
) -> None:
    """Adds to the weights of the words themselves, where they have some."""
    hashes_DV = hashes_of_words(words)
    places_DV = np.searchsorted(hashes_F, hashes_DV)
    has_weights_DV = places_DV < len(hashes_F)
    has_weights_DV[has_weights_DV] = hashes_F[places_DV[has_weights_DV]] == hashes_DV[has_weights_DV]
    np.add.at(table_FK, places_DV[has_weights_DV], added_DVK[has_weights_DV])


def _mixtures(logits_MNK: Float64s, targets_NK: Bools, is_known_N: Bools) -> list[Mixture]:
    """How far the network is believed by itself, or beside the linear model: of words that the training data have, and
    of others."""
    experts, _, tags = logits_MNK.shape
    usual = Mixture(np.array(USUAL_POWERS[0]), np.zeros(tags)) if experts > 1 else Mixture.equal(1, tags)
    every = _mixture(logits_MNK, targets_NK, usual, CERTAINTY)
    kinds = is_known_N, ~is_known_N
    return [_mixture(logits_MNK[:, own_N], targets_NK[own_N], every, KINDS_CERTAINTY) for own_N in kinds]


def _mixture(logits_MNK: Float64s, targets_NK: Bools, expected: Mixture, certainty: float) -> Mixture:
    return fit_mixture(logits_MNK, targets_NK, multiple=False, expected=expected, certainty=certainty, biased=False)


def _figures(logits_MNK: Float64s, targets_NK: Bools, is_known_N: Bools) -> tuple[Float64s, Bools]:
    """The nats per word (3,), and whether each word is right (3, N), by the linear model, by the network and by both.
    Each half of the words is scored with powers that the other half has decided, so that what the network is short of
    is not a better temperature alone."""
    network_NK, both_NK = np.empty((2, *targets_NK.shape))
    half = len(targets_NK) // 2
    parts = slice(half), slice(half, None)
    for learned, scored in (parts, parts[::-1]):
        for found_NK, experts in ((network_NK, 1), (both_NK, 2)):
            mixtures = _mixtures(logits_MNK[:experts, learned], targets_NK[learned], is_known_N[learned])
            known_NK, unknown_NK = (mixture.logits(logits_MNK[:experts, scored]) for mixture in mixtures)
            found_NK[scored] = np.where(is_known_N[scored, np.newaxis], known_NK, unknown_NK)
    every = [logits_MNK[1], network_NK, both_NK]
    return (
        np.array([nats(one_NK, targets_NK, multiple=False) for one_NK in every]),
        np.stack([np.take_along_axis(targets_NK, one_NK.argmax(1)[:, np.newaxis], 1)[:, 0] for one_NK in every]),
    )
