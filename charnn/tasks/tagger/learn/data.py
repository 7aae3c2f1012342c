"""A treebank as numbers, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from charnn.readers.states import SentenceStates
from charnn.tasks.tagger.formats.sentence import NO_TAG, TaggedSentence
from charnn.tasks.tagger.learn.known_states import KnownStates
from charnn.tasks.tagger.learn.network import Words
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.treebank import Treebank

Ids = npt.NDArray[np.int64]

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
    states_BTR: torch.Tensor | None = None
    """What the model's readers say of the words, where it has readers."""


class EncodedSentences:
    """Sentences as the numbers of their forms and tags."""

    def __init__(
        self,
        sentences: Sequence[TaggedSentence],
        forms: dict[str, int],
        lexicon: Lexicon,
        states: SentenceStates | None = None,
    ) -> None:
        """`forms` numbers the distinct forms, and is added to. `states` are asked for what readers say of the words."""
        self.forms = [np.array([forms.setdefault(w, len(forms)) for w in s.words], np.int64) for s in sentences]
        ids = [{NO_TAG: UNTAGGED, **{tag: n for n, tag in enumerate(tags)}} for tags in lexicon.tags.values()]
        self.tags = [
            np.array(
                [[column.get(tag, UNSEEN) for tag in tags] for column, tags in zip(ids, s.tags, strict=True)], np.int64
            )
            for s in sentences
        ]
        self.lengths = np.array([len(s.words) for s in sentences], np.int64)
        self.words = [s.words for s in sentences]
        self.states = None if states is None else KnownStates(self.words, states)


class EncodedTreebank:
    """The training and validation sentences of a treebank as numbers, and the features of their forms."""

    def __init__(
        self, treebank: Treebank, lexicon: Lexicon, *, longest: int, states: SentenceStates | None = None
    ) -> None:
        """Training sentences longer than `longest` words are cut into parts, and parts without a tag left out.

        Where there are `states`, all sentences are read now.
        """
        forms: dict[str, int] = {}
        training = [part for sentence in treebank.training for part in _parts(sentence, longest) if any(part.is_tagged)]
        self.training = EncodedSentences(training, forms, lexicon, states)
        self.validation = EncodedSentences(treebank.validation, forms, lexicon, states)
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
            None if sentences.states is None else torch.from_numpy(sentences.states.of(indices)).to(device),
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
