"""A treebank as numbers, made once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from charnn.arrays import Float32s
from charnn.corpora.progress import tell
from charnn.corpora.stored_strings import StoredRows
from charnn.readers.states import SentenceStates
from charnn.streaming import batches_by_length
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.formats.sentence import NO_TAG, TaggedSentence
from charnn.tasks.tagger.learn.network import WordBatch
from charnn.tasks.tagger.lexicon import Lexicon, WordFeatures
from charnn.tasks.tagger.treebank import Treebank

KEPT_BYTES = 1 << 30
"""The most memory that is taken for the states of a treebank's training sentences, or of those held out. Where all
would take more, each batch is read when it comes, anew in each epoch."""
ROWS = 32
"""How many sentences are read at once. Twice as many were a fifth slower."""


class KnownStates:
    """The states of the words of sentences, in fp16 where they are kept."""

    def __init__(self, sentences: Sequence[Sequence[str]], states: SentenceStates) -> None:
        self._sentences, self._states = sentences, states
        lengths = list(map(len, sentences))
        self._ends = np.cumsum([0, *lengths])
        self.are_kept = 2 * states.size * sum(lengths) <= KEPT_BYTES
        if not self.are_kept:
            return
        self._kept_NR = np.empty((sum(lengths), states.size), np.float16)
        done, characters = 0, [sum(map(len, words)) for words in sentences]
        for chosen in batches_by_length(characters, rows=ROWS):
            states_TBR = states.of([sentences[i] for i in chosen])
            for row, i in enumerate(chosen):
                self._kept_NR[self._ends[i] : self._ends[i + 1]] = states_TBR[: lengths[i], row]
            done += sum(lengths[i] for i in chosen)
            tell("reading the treebank", done, sum(lengths))

    def of(self, indices: Sequence[int]) -> Float32s:
        """The states of the sentences with these numbers, (B, T, R), 0 beyond the end of each."""
        chosen = [self._sentences[i] for i in indices]
        if not self.are_kept:
            return np.ascontiguousarray(self._states.of(chosen).transpose(1, 0, 2))
        states_BTR = np.zeros((len(chosen), max(map(len, chosen)), self._states.size), np.float32)
        for row, i in enumerate(indices):
            states_BTR[row, : len(self._sentences[i])] = self._kept_NR[self._ends[i] : self._ends[i + 1]]
        return states_BTR


Ids = npt.NDArray[np.int64]

UNSEEN = -1
"""The id of a tag that the training data do not have, so that no prediction of it is right."""
UNTAGGED = -2
"""The id in the place of a tag that a word does not have: it has no part in the loss or the score."""
LEAST = UNTAGGED
"""The least of these."""
LARGEST_FORM = (1 << 32) - 1
"""How many different words are told apart; there is no memory for so many."""


@dataclass(frozen=True)
class Batch:
    """B sentences of up to T words, padded at the end with place 0 and tag UNTAGGED."""

    words: WordBatch
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
        self.forms = StoredRows(
            (np.array([forms.setdefault(w, len(forms)) for w in s.words], np.uint32) for s in sentences),
            LARGEST_FORM,
            "words of a treebank",
        )
        ids = [{NO_TAG: UNTAGGED, **{tag: n for n, tag in enumerate(tags)}} for tags in lexicon.tags.values()]
        self._tags = [
            _stored(ids_of_tags, [s.tags[number] for s in sentences]) for number, ids_of_tags in enumerate(ids)
        ]
        self.words = [s.words for s in sentences]
        self.states = None if states is None else KnownStates(self.words, states)

    @property
    def lengths(self) -> Ids:
        return self.forms.lengths

    def forms_of(self, indices: Iterable[int]) -> Ids:
        """The forms of the words of these sentences, one after the other."""
        return np.concatenate([self.forms[i] for i in indices]).astype(np.int64)

    def tags_of(self, indices: Iterable[int]) -> Ids:
        """(C, words): the tags of the words of these sentences, one after the other, in each column."""
        chosen = list(indices)
        return np.stack([np.concatenate([column[i] for i in chosen]).astype(np.int64) for column in self._tags]) + LEAST


def _stored(ids: Mapping[str, int], tags: Iterable[Sequence[str]]) -> StoredRows:
    """The ids of tags above LEAST, so that none is negative."""
    rows = (np.array([ids.get(tag, UNSEEN) - LEAST for tag in of_sentence], np.uint32) for of_sentence in tags)
    return StoredRows(rows, max(ids.values()) - LEAST, "tags of a treebank")


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
        self.knows = lexicon.knows
        """Whether the training data have a form."""
        self.is_known = np.array(list(map(self.knows, forms)))
        """The same of each of `forms`."""
        self.forms = list(forms)
        """The distinct forms, by their numbers."""
        features = lexicon.features(self.forms)
        self._features = {name: torch.from_numpy(getattr(features, name)) for name in WordFeatures.__slots__}

    def tag_counts(self, network: TaggerNetworkConfig) -> torch.Tensor | None:
        """What `ToldTags` learns from, of a network that has it: how often each word had each tag in the training data,
        (words, tags of all columns). Id 0, which stands for no word of its own, has none."""
        if not network.tells_tags:
            return None
        chosen = range(len(self.training.lengths))
        ids_N = self._features["words_N"].numpy()[self.training.forms_of(chosen)]
        counts = np.zeros((network.words, sum(network.tags)), np.float32)
        ends = np.cumsum([0, *network.tags])
        for tags_N, first in zip(self.training.tags_of(chosen), ends, strict=False):
            is_counted_N = (tags_N >= 0) & (ids_N > 0)
            np.add.at(counts, (ids_N[is_counted_N], first + tags_N[is_counted_N]), 1)
        return torch.from_numpy(counts)

    def batch(self, sentences: EncodedSentences, indices: Sequence[int], device: torch.device) -> Batch:
        """The sentences with these numbers, in this order."""
        lengths_B, tags_CW = sentences.lengths[list(indices)], sentences.tags_of(indices)
        shape = len(indices), int(lengths_B.max())
        forms_BT = np.zeros(shape, np.int64)
        tags_BTC = np.full((*shape, len(tags_CW)), UNTAGGED, np.int64)
        is_word_BT = np.arange(shape[1]) < lengths_B[:, None]
        forms_BT[is_word_BT] = sentences.forms_of(indices)
        tags_BTC[is_word_BT] = tags_CW.T
        distinct, places = np.unique(forms_BT, return_inverse=True)
        chosen = {name: values[torch.from_numpy(distinct)] for name, values in self._features.items()}
        longest = int(chosen["lengths_N"].max())
        chosen["characters_NL"] = chosen["characters_NL"][:, :longest]
        return Batch(
            WordBatch(**{name: values.to(device) for name, values in chosen.items()}),
            torch.from_numpy(places.reshape(shape)).to(device),
            torch.from_numpy(np.ascontiguousarray(tags_BTC.transpose(2, 0, 1))).to(device),
            torch.from_numpy(lengths_B).to(device),
            None if sentences.states is None else torch.from_numpy(sentences.states.of(indices)).to(device),
        )


def encoded_words(features: WordFeatures, device: torch.device) -> WordBatch:
    return WordBatch(**{n: torch.from_numpy(getattr(features, n)).to(device) for n in WordFeatures.__slots__})


def _parts(sentence: TaggedSentence, longest: int) -> list[TaggedSentence]:
    if len(sentence.words) <= longest:
        return [sentence]
    cuts = range(0, len(sentence.words), longest)
    return [
        TaggedSentence(sentence.words[i : i + longest], tuple(tags[i : i + longest] for tags in sentence.tags))
        for i in cuts
    ]
