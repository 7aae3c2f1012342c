"""Taggers that learn from a treebank alone and are a `pip install` away: what charnn's tagger is measured beside."""

from __future__ import annotations

import importlib
import random
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

TaggedSentence = tuple[list[str], list[str]]  # words, and a tag for each


@dataclass
class Peer(ABC):
    """A tagger of gold words, set up as one who knows it would."""

    name: str

    @abstractmethod
    def train(self, sentences: list[TaggedSentence]) -> None:
        """Learn from these alone; what was learnt before is forgotten."""

    @abstractmethod
    def tag(self, words: list[str]) -> list[str]:
        """A tag for each word of one sentence. Features are made here, so its time is the whole of tagging."""


@dataclass
class NltkPerceptron(Peer):
    """NLTK's averaged perceptron: greedy, with its own features and tag dictionary.

    Its default is 5 passes; 10 take twice as long and are better (EWT's development set: 94.06 beside 93.75).
    """

    name: str = "NLTK perceptron"
    passes: int = 10
    seed: int = 1
    _tag: Callable[[list[str]], list[tuple[str, str]]] = field(init=False, repr=False)

    def train(self, sentences: list[TaggedSentence]) -> None:
        tagger = _imported("nltk.tag.perceptron", package="nltk").PerceptronTagger(load=False)
        before = random.getstate()
        random.seed(self.seed)  # NLTK shuffles the sentences after each pass with the global generator
        try:
            tagger.train([list(zip(words, tags, strict=True)) for words, tags in sentences], nr_iter=self.passes)
        finally:
            random.setstate(before)
        self._tag = tagger.tag

    def tag(self, words: list[str]) -> list[str]:
        return [tag for _, tag in self._tag(words)]


@dataclass
class Crfsuite(Peer):
    """A linear-chain CRF over hand features, trained by L-BFGS.

    The features, both penalties and the number of iterations were chosen on the development sets of English-EWT
    (whole, and cut to 20,000 words) and Vietnamese-VTB.
    """

    name: str = "CRFsuite"
    l1: float = 0.1
    l2: float = 0.1
    iterations: int = 100
    _tag: Callable[[list[list[str]]], list[str]] = field(init=False, repr=False)

    def train(self, sentences: list[TaggedSentence]) -> None:
        crfsuite = _imported("pycrfsuite", package="python-crfsuite")
        options = {"c1": self.l1, "c2": self.l2, "max_iterations": self.iterations}
        trainer = crfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params(options | {"feature.possible_transitions": True})
        for words, tags in sentences:
            trainer.append(features(words), tags)
        tagger = crfsuite.Tagger()
        with tempfile.TemporaryDirectory() as path:
            model = str(Path(path) / "model.crfsuite")
            trainer.train(model)
            tagger.open(model)  # reads all of it; `open_inmemory` would point into bytes that it does not keep alive
        self._tag = tagger.tag

    def tag(self, words: list[str]) -> list[str]:
        return self._tag(features(words))


def features(words: list[str]) -> list[list[str]]:
    """For each word: itself, its affixes and shape, its neighbours' as far as two words away, and pairs of words."""
    seen = [_EDGE, _EDGE, *map(_word_features, words), _EDGE, _EDGE]
    rows = []
    for before2, before, word, after, after2 in zip(seen, seen[1:], seen[2:], seen[3:], seen[4:], strict=False):
        left, middle, right = before.lower, word.lower, after.lower
        pairs = (f"<={left}|{middle}", f">={middle}|{right}", f"<>={left}|{right}")
        rows.append([*word.own, *before2.before2, *before.before, *after.after, *after2.after2, *pairs])
    if words and words[0][:1].isupper():
        rows[0].append("capital first")  # as every sentence has it, this says less than a capital elsewhere
    return rows


class _WordFeatures(NamedTuple):
    """What a word says about itself, and about those that it stands beside."""

    lower: str
    own: tuple[str, ...]
    before2: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    after2: tuple[str, ...]


_EDGE = _WordFeatures("", (), (), ("first",), ("last",), ())
_AFFIX_LENGTHS = range(1, 6)
_NEIGHBOUR_SUFFIX_LENGTH = 3


@lru_cache(maxsize=1 << 16)  # words recur: most of the time of tagging would go into this
def _word_features(word: str) -> _WordFeatures:
    lower, shape = word.lower(), _shape(word)
    affixes = [length for length in _AFFIX_LENGTHS if length <= len(lower)]
    flags = {
        "capital": word[:1].isupper(),
        "all capitals": word.isupper(),
        "inner capital": any(map(str.isupper, word[1:])),
        "digit": any(map(str.isdigit, word)),
        "hyphen": "-" in word,
        "no letter or digit": not any(map(str.isalnum, word)),
    }
    own = (
        f"word={word}",
        f"lower={lower}",
        f"shape={shape}",
        *(f"-{length}={lower[-length:]}" for length in affixes),
        *(f"+{length}={lower[:length]}" for length in affixes),
        *(name for name, holds in flags.items() if holds),
    )
    suffix = lower[-_NEIGHBOUR_SUFFIX_LENGTH:]
    before = (f"before={lower}", f"before-={suffix}", f"before shape={shape}")
    after = (f"after={lower}", f"after-={suffix}", f"after shape={shape}")
    return _WordFeatures(lower, own, (f"before2={lower}",), before, after, (f"after2={lower}",))


def _shape(word: str) -> str:
    """`Xx-d` for `Covid-19`: kinds of characters, each run of one kind written once."""
    shape = ""
    for character in word:
        kind = character
        if character.isalpha():
            kind = "X" if character.isupper() else "x"
        elif character.isdigit():
            kind = "d"
        if not shape.endswith(kind):
            shape += kind
    return shape


def _imported(module: str, *, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"the taggers to compare with need `pip install nltk python-crfsuite` (or `charnn[bench]`): "
            f"{package} is missing"
        ) from error
