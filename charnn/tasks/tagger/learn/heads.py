"""The heads of a tagger, one for each decoder of `decoding`, which take an encoder's features to scores and a loss.

Shapes: B sentences of up to T words, padded at the end; F features of a word; S scores of a word; K tags.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.arrays import Float32s
from charnn.tasks.tagger.config import DecoderKind
from charnn.tasks.tagger.decoding.decoder import Decoder, Transitions
from charnn.tasks.tagger.decoding.saved import decoder_from

FEEDBACK_SIZE = 64
"""How many units the feedback head's hidden layer has."""
TREEBANK_WEIGHT = 0.2
"""The part of the loss of a network with teachers that is on the treebank. The rest is on what they say about it."""
FORBIDDEN = -1e4
"""The score of a transition that the rule forbids, in training: so low that its exponential is 0 in fp32."""


class Head(nn.Module, ABC):
    """Takes the features of words to scores, and scores and tags to a loss.

    `scores_layer` (weight (S, F), bias (S,)) is the part that an exported graph computes; the decoder is the rest.
    Everything is computed in the precision of the weights, under autocast too: next to the encoder it costs little,
    and the losses of long sentences are sums.
    """

    kind: ClassVar[DecoderKind]

    def __init__(self, features: int, tags: int, *, score_size: int) -> None:
        super().__init__()
        self.tags = tags
        self.score_size = score_size
        self.rule: Transitions | None = None
        self.scores_layer = nn.Linear(features, score_size)

    def scores(self, features: Tensor) -> Tensor:
        """The scores (..., S) of features (..., F), which are linear in them; `decoder().decode` takes them."""
        with torch.autocast(features.device.type, enabled=False):
            scores: Tensor = self.scores_layer(features.to(self.scores_layer.weight.dtype))
            return scores

    def nats(self, features_BTF: Tensor, tags_BT: Tensor, lengths_B: Tensor, said_NK: Tensor | None = None) -> Tensor:
        """The sum of -ln p over all sentences, a scalar, where p is that of each word's tag, or of each sentence's tags
        for the crf.

        A word whose tag is below 0 has none, and no loss: the crf takes the probability that the words with tags have
        them, whatever the others have. Tags are int64, and each sentence has at least one word. Padded places make no
        difference, whatever they hold, and get no gradient.

        `said_NK` are the probabilities that teachers give the N words that have a tag. The gradient is then that of the
        cross entropy with them, and with the weight TREEBANK_WEIGHT that of the sum, which is given as it is.
        """
        word_BT = torch.arange(tags_BT.shape[1], device=tags_BT.device) < lengths_B[:, None]
        with torch.autocast(features_BTF.device.type, enabled=False):
            return self._nats(features_BTF, tags_BT, word_BT, said_NK)

    @abstractmethod
    def _nats(self, features_BTF: Tensor, tags_BT: Tensor, word_BT: Tensor, said_NK: Tensor | None) -> Tensor: ...

    @abstractmethod
    def arrays(self) -> dict[str, Float32s]:
        """Copies of what the decoder needs beside the scores, by the names that `decoder_from` knows."""

    def decoder(self) -> Decoder:
        """The decoder with the weights as they are now; later training does not change it."""
        return decoder_from(self.kind, self.arrays(), tags=self.tags, rule=self.rule)

    def keep_to(self, rule: Transitions) -> None:
        """From now on the decoder keeps to the rule, which all training data keep to."""
        self.rule = rule


class IndependentHead(Head):
    """A softmax over tags for every word by itself."""

    kind = "independent"

    def __init__(self, features: int, tags: int) -> None:
        super().__init__(features, tags, score_size=tags)
        _start_uniform(self.scores_layer)

    def _nats(self, features_BTF: Tensor, tags_BT: Tensor, word_BT: Tensor, said_NK: Tensor | None) -> Tensor:
        tagged_BT = word_BT & (tags_BT >= 0)
        return _cross_entropy(self.scores(features_BTF[tagged_BT]), tags_BT[tagged_BT], said_NK)

    def arrays(self) -> dict[str, Float32s]:
        return {}


class FeedbackHead(Head):
    """The recurrence of `decoding.feedback`, from each tag to the next word's hidden layer.

    It is trained by teacher forcing: the input is the right tag of the word before, which is known for all words at
    once, so no step waits for another. The price is that the head never learns to live with its own mistakes.
    A word before that has no tag is given the one that the head itself would choose there, beside the tags that are
    known.
    """

    kind = "feedback"

    def __init__(self, features: int, tags: int, *, size: int = FEEDBACK_SIZE) -> None:
        super().__init__(features, tags, score_size=size)
        self.tag_vectors = nn.Embedding(tags + 1, size)  # the last is for the place before the first word
        self.output = nn.Linear(size, tags)
        nn.init.xavier_uniform_(self.scores_layer.weight)
        nn.init.zeros_(self.scores_layer.bias)
        nn.init.xavier_uniform_(self.tag_vectors.weight)
        # Not `_start_uniform`: what the encoder learns from comes through these weights. Where they are small and most
        # words have one tag, as with entities, it learned nothing else for several epochs.
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def _nats(self, features_BTF: Tensor, tags_BT: Tensor, word_BT: Tensor, said_NK: Tensor | None) -> Tensor:
        tagged_BT = word_BT & (tags_BT >= 0)
        known_BT = self._completed(features_BTF, tags_BT, word_BT) if bool((word_BT & ~tagged_BT).any()) else tags_BT
        previous_BT = functional.pad(known_BT[:, :-1], (1, 0), value=self.tags)
        # From here on all words of all sentences are one list, as teacher forcing leaves no order among them.
        hidden_NS = torch.tanh(self.scores(features_BTF[tagged_BT]) + self.tag_vectors(previous_BT[tagged_BT]))
        return _cross_entropy(self.output(hidden_NS), tags_BT[tagged_BT], said_NK)

    @torch.no_grad()
    def _completed(self, features_BTF: Tensor, tags_BT: Tensor, word_BT: Tensor) -> Tensor:
        """The tags, and for words that have none those that the decoder chooses as the weights are now."""
        scores_BTS = self.scores(features_BTF).numpy(force=True)
        if not np.isfinite(scores_BTS[word_BT.numpy(force=True)]).all():  # the loss will say so
            return tags_BT.clamp(min=0)
        allowed_BTK = torch.ones(*tags_BT.shape, self.tags, dtype=torch.bool, device=tags_BT.device)
        given_BT = word_BT & (tags_BT >= 0)
        allowed_BTK[given_BT] = torch.arange(self.tags, device=tags_BT.device) == tags_BT[given_BT, None]
        decoding = self.decoder().decode(
            scores_BTS, word_BT.sum(1).numpy(force=True), allowed_BTK=allowed_BTK.numpy(force=True)
        )
        return torch.from_numpy(decoding.tags_BT.astype(np.int64)).to(tags_BT.device)

    def arrays(self) -> dict[str, Float32s]:
        return {
            "tag_vectors": _copy(self.tag_vectors.weight),
            "output_weight": _copy(self.output.weight),
            "output_bias": _copy(self.output.bias),
        }


class CrfHead(Head):
    """The linear-chain conditional random field of `decoding.crf`, whose likelihood the forward recursion computes."""

    kind = "crf"

    def __init__(self, features: int, tags: int) -> None:
        super().__init__(features, tags, score_size=tags)
        _start_uniform(self.scores_layer)
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))
        self._penalties: Tensor | None
        self.register_buffer("_penalties", None, persistent=False)

    def keep_to(self, rule: Transitions) -> None:
        """The loss is that among sequences whose neighbours keep to the rule, too. What the rule says of beginnings and
        ends is left to the decoder: a long sentence is cut into parts in training, and a part may begin with any tag.
        """
        super().keep_to(rule)
        forbidden_KK = torch.from_numpy(~rule.allowed_KK)
        self._penalties = torch.zeros(forbidden_KK.shape).masked_fill(forbidden_KK, FORBIDDEN)

    def _nats(self, features_BTF: Tensor, tags_BT: Tensor, word_BT: Tensor, said_NK: Tensor | None) -> Tensor:
        assert said_NK is None, "a crf has no teachers"
        scores_BTK = self.scores(features_BTF.masked_fill(~word_BT[..., None], 0))
        tags_BT = tags_BT.masked_fill(~word_BT, 0)
        every_B = self._log_partition(scores_BTK, word_BT)
        if not bool((tags_BT < 0).any()):
            return (every_B - self._score(scores_BTK, tags_BT, word_BT)).sum()
        # A partial likelihood: the sum of all sequences that have the tags that are known, over the sum of all.
        excluded_BTK = (tags_BT[..., None] >= 0) & (
            torch.arange(self.tags, device=tags_BT.device) != tags_BT[..., None]
        )
        return (every_B - self._log_partition(scores_BTK.masked_fill(excluded_BTK, -math.inf), word_BT)).sum()

    def _score(self, scores_BTK: Tensor, tags_BT: Tensor, word_BT: Tensor) -> Tensor:
        """The score of each sentence's tags, (B,)."""
        of_words_BT = scores_BTK.gather(-1, tags_BT[..., None])[..., 0]
        between_BT = self.transitions[tags_BT[:, :-1], tags_BT[:, 1:]]
        last_B = tags_BT.gather(1, word_BT.sum(1, keepdim=True) - 1)[:, 0]
        inner_B = (of_words_BT * word_BT).sum(1) + (between_BT * word_BT[:, 1:]).sum(1)
        return inner_B + self.start[tags_BT[:, 0]] + self.end[last_B]

    def _log_partition(self, scores_BTK: Tensor, word_BT: Tensor) -> Tensor:
        """The log of the sum of exp(score) over all sequences of tags, (B,)."""
        through = _log_sums(self.transitions if self._penalties is None else self.transitions + self._penalties)
        first_BK, *others = scores_BTK.unbind(1)
        log_BK = self.start + first_BK
        for scores_BK, is_word_B in zip(others, word_BT.unbind(1)[1:], strict=True):
            log_BK = torch.where(is_word_B[:, None], through(log_BK) + scores_BK, log_BK)
        return torch.logsumexp(log_BK + self.end, -1)

    def arrays(self) -> dict[str, Float32s]:
        return {"transitions": _copy(self.transitions), "start": _copy(self.start), "end": _copy(self.end)}


_HEADS: dict[DecoderKind, Callable[[int, int], Head]] = {
    "independent": IndependentHead,
    "feedback": FeedbackHead,
    "crf": CrfHead,
}


def make_head(kind: DecoderKind, features: int, tags: int, rule: Transitions | None = None) -> Head:
    head = _HEADS[kind](features, tags)
    if rule is not None:
        head.keep_to(rule)
    return head


def _cross_entropy(logits_NK: Tensor, tags_N: Tensor, said_NK: Tensor | None) -> Tensor:
    """The sum of -ln p of the tags, with the gradient that `Head.nats` says."""
    nats = functional.cross_entropy(logits_NK, tags_N, reduction="sum")
    if said_NK is None:
        return nats
    apart = (1 - TREEBANK_WEIGHT) * (functional.cross_entropy(logits_NK, said_NK, reduction="sum") - nats)
    return nats + apart - apart.detach()


def _log_sums(transitions_KK: Tensor) -> Callable[[Tensor], Tensor]:
    """The function of log_BK whose value (B, K) at j is log sum_i exp(log_BK[:, i] + transitions_KK[i, j]).

    It is a product of matrices, which takes a fraction of the memory and time of B * K * K exponentials, where the
    transitions are so close that no sum can lose its largest term. They may take half of the range of exp, which leaves
    as much for gradients.
    """
    top = transitions_KK.detach().max()
    spread = float(top - transitions_KK.detach().min())
    if spread > -0.5 * math.log(torch.finfo(transitions_KK.dtype).tiny):
        return lambda log_BK: torch.logsumexp(log_BK[:, :, None] + transitions_KK, 1)
    exponentials_KK = (transitions_KK - top).exp()

    def by_product(log_BK: Tensor) -> Tensor:
        top_B1 = log_BK.detach().amax(-1, keepdim=True)
        return ((log_BK - top_B1).exp() @ exponentials_KK).log() + (top_B1 + top)

    return by_product


def _start_uniform(layer: nn.Linear) -> None:
    """Makes the weights small, so that the first loss is that of a uniform guess, ln K nats."""
    nn.init.normal_(layer.weight, std=0.02)
    nn.init.zeros_(layer.bias)


def _copy(parameter: Tensor) -> Float32s:
    return parameter.numpy(force=True).copy()
