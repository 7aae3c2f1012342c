"""A treebank as numbers, made once, and the batches of sentences of like lengths that are drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from charnn.streaming import batches_by_length
from charnn.tasks.tagger.formats.sentence import NO_TAG, TaggedSentence
from charnn.tasks.tagger.learn.network import Words
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.treebank import Treebank

Ids = npt.NDArray[np.int64]

LENGTH_NOISE = 3.0
"""How many words lengths are blurred by, so that no epoch has the batches of another and still little is padded."""


class Batches:
    """Draws batches in which every sentence comes once an epoch; each epoch has new ones, in a new order."""

    def __init__(self, lengths: Ids, *, sentences: int, random: np.random.Generator) -> None:
        """`lengths` is how many words each sentence has.

        A batch has about `sentences` sentences of mean length, fewer long ones or more short ones, since all batches
        have about as many words, padding counted.
        """
        self.random = random
        self._lengths = lengths
        self.words_in_batch = max(int(sentences * lengths.mean()), 1)
        self._epochs = -1
        self._next = 0
        self._batches: list[list[int]] = []
        self._begin_epoch()

    def next(self) -> list[int]:
        """The numbers of the next batch's sentences."""
        if self._next == len(self._batches):
            self._begin_epoch()
        self._next += 1
        return self._batches[self._next - 1]

    @property
    def epoch(self) -> float:
        """How many epochs have been drawn, the current one in part."""
        return self._epochs + self._next / len(self._batches)

    def position(self) -> dict[str, Any]:
        return {"epochs": self._epochs, "next": self._next, "random": self._before}

    def restore(self, position: dict[str, Any]) -> None:
        """Goes on where `position` was taken. Raises ValueError, KeyError or TypeError for one of other sentences."""
        self.random.bit_generator.state = position["random"]
        self._begin_epoch()
        self._epochs, self._next = int(position["epochs"]), int(position["next"])
        if self._epochs < 0 or not 0 <= self._next <= len(self._batches):
            raise ValueError(f"there is no batch {self._next} in epoch {self._epochs}")

    def _begin_epoch(self) -> None:
        self._before = self.random.bit_generator.state
        blurred = self._lengths + self.random.uniform(0, LENGTH_NOISE, len(self._lengths))
        order = np.argsort(blurred, kind="stable").tolist()
        batches = batches_by_length(self._lengths.tolist(), padded_total=self.words_in_batch, order=order)
        self._batches = [batches[i] for i in self.random.permutation(len(batches))]
        self._epochs += 1
        self._next = 0


UNSEEN = -1
"""The id of a tag that the training data do not have, so that no prediction of it is right."""
UNTAGGED = -2
"""The id in the place of a tag that a word does not have: it has no part in the loss or the score."""


@dataclass(frozen=True)
class Batch:
    """B sentences of up to T words, padded at the end with place 0 and tag UNTAGGED."""

    words: Words
    """The distinct words of the batch."""
    places_BT: torch.Tensor
    tags_CBT: torch.Tensor
    lengths_B: torch.Tensor


class EncodedSentences:
    """Sentences as the numbers of their forms and tags."""

    def __init__(self, sentences: Sequence[TaggedSentence], forms: dict[str, int], lexicon: Lexicon) -> None:
        """`forms` numbers the distinct forms, and is added to."""
        self.forms = [np.array([forms.setdefault(w, len(forms)) for w in s.words], np.int64) for s in sentences]
        ids = [{NO_TAG: UNTAGGED, **{tag: n for n, tag in enumerate(tags)}} for tags in lexicon.tags.values()]
        self.tags = [
            np.array(
                [[column.get(tag, UNSEEN) for tag in tags] for column, tags in zip(ids, s.tags, strict=True)], np.int64
            )
            for s in sentences
        ]
        self.lengths = np.array([len(s.words) for s in sentences], np.int64)


class EncodedTreebank:
    """The training and validation sentences of a treebank as numbers, and the features of their forms."""

    def __init__(self, treebank: Treebank, lexicon: Lexicon, *, longest: int) -> None:
        """Training sentences longer than `longest` words are cut into parts, and parts without a tag left out."""
        forms: dict[str, int] = {}
        training = [part for sentence in treebank.training for part in _parts(sentence, longest) if any(part.is_tagged)]
        self.training = EncodedSentences(training, forms, lexicon)
        self.validation = EncodedSentences(treebank.validation, forms, lexicon)
        self.is_known = np.array([lexicon.knows(form) for form in forms])
        """Whether the training data have each form."""
        features = lexicon.features(list(forms))
        self._features = {name: torch.from_numpy(getattr(features, name)) for name in WordFeatures.__slots__}

    def batch(self, sentences: EncodedSentences, indices: Sequence[int], device: torch.device) -> Batch:
        """The sentences with these numbers, in this order."""
        lengths_B = sentences.lengths[list(indices)]
        shape = len(indices), int(lengths_B.max())
        forms_BT = np.zeros(shape, np.int64)
        tags_BTC = np.full((*shape, len(sentences.tags[0])), UNTAGGED, np.int64)
        is_word_BT = np.arange(shape[1]) < lengths_B[:, None]
        forms_BT[is_word_BT] = np.concatenate([sentences.forms[i] for i in indices])
        tags_BTC[is_word_BT] = np.concatenate([sentences.tags[i] for i in indices], axis=1).T
        distinct, places = np.unique(forms_BT, return_inverse=True)
        chosen = {name: values[torch.from_numpy(distinct)] for name, values in self._features.items()}
        longest = int(chosen["lengths_N"].max())
        chosen["characters_NL"] = chosen["characters_NL"][:, :longest]
        return Batch(
            Words(**{name: values.to(device) for name, values in chosen.items()}),
            torch.from_numpy(places.reshape(shape)).to(device),
            torch.from_numpy(np.ascontiguousarray(tags_BTC.transpose(2, 0, 1))).to(device),
            torch.from_numpy(lengths_B).to(device),
        )


def encoded_words(features: WordFeatures, device: torch.device) -> Words:
    return Words(**{n: torch.from_numpy(getattr(features, n)).to(device) for n in WordFeatures.__slots__})


def _parts(sentence: TaggedSentence, longest: int) -> list[TaggedSentence]:
    if len(sentence.words) <= longest:
        return [sentence]
    cuts = range(0, len(sentence.words), longest)
    return [
        TaggedSentence(sentence.words[i : i + longest], tuple(tags[i : i + longest] for tags in sentence.tags))
        for i in cuts
    ]
