"""The objective of a tagger: the tags of every word of a sentence, all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charnn.arrays import Float32s
from charnn.config.training import TrainingConfig
from charnn.network.drawing import drawing_from
from charnn.streaming import batches_by_length
from charnn.tasks.tagger.config import TaggerValidation, TreebankConfig
from charnn.tasks.tagger.learn.data import UNTAGGED, Batch, EncodedSentences, EncodedTreebank
from charnn.tasks.tagger.learn.ensemble import AnyTagger, TaggerEnsemble
from charnn.tasks.tagger.learn.linear_model import SolvedModel
from charnn.tasks.tagger.learn.network import TaggerNetwork, decoded
from charnn.tasks.tagger.learn.teachers import Said
from charnn.tasks.tagger.linear_model import EDGE, MOST_KEPT, LinearModel
from charnn.training.objective import BatchedObjective, Batches, Ids, MemberLoss
from charnn.training.report import Report

VALIDATION_BATCH, VALIDATION_SCORES = 64, 1 << 23
"""The sentences that a validation reads at once, fewer where their words would have more scores."""


class TaggerObjective(BatchedObjective):
    """The members of an ensemble read the same batches, and each learns as if it were alone. They differ in the weights
    that they begin with, and in what is dropped.

    Where teachers have `said` something of the training words, the network learns from that as well (`Head.nats`). Its
    loss is counted as that of any other network, on the treebank.
    """

    validation_type = TaggerValidation

    def __init__(
        self,
        network: AnyTagger,
        treebank: EncodedTreebank,
        corpus: TreebankConfig,
        config: TrainingConfig,
        said: Said | None = None,
        linear: SolvedModel | None = None,
    ) -> None:
        random = np.random.default_rng(config.seed)
        super().__init__(Batches(treebank.training.lengths, rows=config.batch_size, random=random))
        self.said = said
        """What teachers say of the training words; None where there are none."""
        self._linear = linear
        self._ends = np.cumsum([0, *treebank.training.lengths])
        self.unit = corpus.level
        self.network = network
        self._device = next(network.parameters()).device
        self._treebank = treebank
        self._columns = corpus.columns

    @property
    def targets_in_batch(self) -> int:
        return self._batches.steps_in_batch

    def prepare(self, interrupted: Callable[[], bool]) -> None:
        """Solves the linear model that is to stand beside the network, if there is one."""
        if self._linear is not None and not self._linear.is_solved:
            self._linear.solve(self._treebank, interrupted)

    def loss(self) -> tuple[Tensor, int]:
        """The loss of the next batch, and its targets; a word is one, however many columns it has tags in, and
        none without a tag."""
        batch, said, words = self._next()
        return _nats(self.network, batch, said), words

    def losses(self) -> tuple[list[MemberLoss], int]:
        """What `loss` gives, by a function for each member."""
        assert isinstance(self.network, TaggerEnsemble)
        batch, said, words = self._next()

        def of(member: TaggerNetwork, generator: torch.Generator) -> Tensor:
            with drawing_from(member, generator):
                return _nats(member, batch, said)

        return [partial(of, member) for member in self.network.each], words

    def _next(self) -> tuple[Batch, list[Tensor] | None, int]:
        """The next batch, what teachers say of it, and how many of its words have a tag."""
        chosen = self._batches.next()
        batch = self._treebank.batch(self._treebank.training, chosen, self._device)
        said = None if self.said is None else self._said_of(self.said, chosen, batch)
        return batch, said, int((batch.tags_CBT != UNTAGGED).any(0).sum())

    def _said_of(self, said: Said, chosen: Sequence[int], batch: Batch) -> list[Tensor]:
        """For each column, what teachers say of the words of a batch that have a tag in it."""
        words_N = np.concatenate([np.arange(self._ends[i], self._ends[i + 1]) for i in chosen])
        is_word_BT = np.arange(batch.places_BT.shape[1]) < batch.lengths_B.numpy(force=True)[:, None]
        has_tag_CN = batch.tags_CBT.numpy(force=True)[:, is_word_BT] != UNTAGGED
        return [
            torch.from_numpy(said.of(column, words_N[has_tag_N])).to(self._device)
            for column, has_tag_N in enumerate(has_tag_CN)
        ]

    def leave_out(self, number: int) -> None:
        assert isinstance(self.network, TaggerEnsemble)
        self.network = self.network.without(number)

    def validate(self, report: Report) -> TaggerValidation:
        accuracies, every, unknown = self._score(self._treebank.validation)
        return TaggerValidation(
            self._columns, tuple(accuracies), every, unknown, report.step, report.epoch, report.seconds
        )

    def train_loss(self) -> float:
        accuracies, *_ = self._score(self._treebank.training, len(self._treebank.validation.lengths))
        return 1 - sum(accuracies) / len(accuracies)

    def figures_beside(self, linear: LinearModel) -> dict[str, float | None]:
        """The accuracies of the network as it is now with the linear model beside it, on all validation data, by their
        names in a validation."""
        _, every, unknown = self._score(self._treebank.validation, linear=linear)
        return {"all_columns_accuracy": every, "unknown_accuracy": unknown}

    def _score(
        self, sentences: EncodedSentences, count: int | None = None, linear: LinearModel | None = None
    ) -> tuple[list[float], float, float | None]:
        """The accuracies of the columns, of all together, and of unknown words, in the first `count` sentences, by the
        network alone or with a linear model beside it.

        Words without a tag are left out. A word is right in all together where each tag that it has is found.
        """
        right_C, tagged_C = np.zeros((2, len(self._columns)), np.int64)
        tagged = all_right = unknown = unknown_right = 0
        forms, additions = self._treebank.forms, None
        if linear is not None and (len(forms) + 1) * linear.size <= MOST_KEPT:
            additions = linear.additions([EDGE, *forms], self._treebank.knows)
        decoders = self.network.decoders()
        most = VALIDATION_SCORES // max(decoder.tags for decoder in decoders)
        for chosen in batches_by_length(sentences.lengths[:count].tolist(), rows=VALIDATION_BATCH, padded_total=most):
            batch = self._treebank.batch(sentences, chosen, self._device)
            features_BTF = self.network(batch.words, batch.places_BT, batch.lengths_B, batch.states_BTR)
            if not bool(features_BTF.isfinite().all()):
                return [math.nan] * len(self._columns), math.nan, None
            tags_CBT = batch.tags_CBT.numpy(force=True)
            scores = self.network.scores(features_BTF)
            if linear is not None:
                words = [sentences.words[number] for number in chosen]
                scores = _beside(linear, additions, scores, words, sentences.forms_of(chosen), self._treebank.knows)
            right_CBT = decoded(decoders, scores, batch.lengths_B) == tags_CBT
            is_word_BT = np.arange(right_CBT.shape[2]) < sentences.lengths[chosen][:, None]
            right_CW, has_tag_CW = right_CBT[:, is_word_BT], tags_CBT[:, is_word_BT] != UNTAGGED
            is_known_W = self._treebank.is_known[sentences.forms_of(chosen)]
            is_tagged_W = has_tag_CW.any(0)
            is_unknown_W, is_right_W = is_tagged_W & ~is_known_W, is_tagged_W & (right_CW | ~has_tag_CW).all(0)
            right_C += right_CW.sum(1)
            tagged_C += has_tag_CW.sum(1)
            tagged += int(is_tagged_W.sum())
            all_right += int(is_right_W.sum())
            unknown += int(is_unknown_W.sum())
            unknown_right += int(is_right_W[is_unknown_W].sum())
        # The first training sentences may have no tag of a column that the others have.
        accuracies = np.divide(right_C, tagged_C, out=np.ones(len(tagged_C)), where=tagged_C > 0)
        return accuracies.tolist(), all_right / tagged, unknown_right / unknown if unknown else None

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        said = {} if self.said is None else self.said.arrays()
        _, values = super().position()
        return {name: torch.from_numpy(array) for name, array in said.items()}, values


def _beside(
    linear: LinearModel,
    additions: Float32s | None,
    scores: Sequence[Tensor],
    words: Sequence[Sequence[str]],
    forms_N: Ids,
    knows: Callable[[str], bool],
) -> list[Tensor]:
    """The scores (B, T, S) of each column with those of a linear model added, whose `additions` are those of all forms
    after that of EDGE, unless they are too many. `forms_N` are the forms of the words of all sentences, one after the
    other, and `knows` says whether the training data have a form."""
    by_network = [scores_BTS.float().transpose(0, 1).numpy(force=True) for scores_BTS in scores]
    if additions is None:
        both = linear.add_to_words(by_network, words, knows)
    else:
        rows_BT = np.zeros(scores[0].shape[:2], np.intp)
        rows_BT[np.arange(rows_BT.shape[1]) < np.array(list(map(len, words)))[:, None]] = forms_N + 1
        both = linear.add_to(by_network, additions, rows_BT.T)
    return [torch.from_numpy(both_TBS).transpose(0, 1) for both_TBS in both]


def _nats(network: AnyTagger, batch: Batch, said: Sequence[Tensor] | None) -> Tensor:
    """What the tags of a batch cost the network, or each member of an ensemble."""
    features_BTF = network(batch.words, batch.places_BT, batch.lengths_B, batch.states_BTR, batch.tags_CBT)
    return network.nats(features_BTF, batch.tags_CBT, batch.lengths_B, said)
