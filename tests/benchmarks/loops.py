"""Where texts go round in circles: loops per thousand characters at several temperatures, and what breaks them.

A loop is a stretch of a text that stands nowhere in the corpus and says one thing over and over: a run of one
character, of at least 4, that is longer than any there; or at least three times in a row the same 2 to 150 characters,
12 in all. Stretches that overlap are one loop.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import charnn
from charnn.generation.config import FILTERS, SamplingConfig
from charnn.generation.sampler import Sampler
from charnn.novelty.common_runs import common_runs
from charnn.tasks.language_model.learned_texts import held_out_texts, training_texts
from charnn.tasks.language_model.use.model import LanguageModel
from tests.benchmarks.openings import python_modules
from tests.paths import ROOT

TIME = "4m"
TEMPERATURES = (0.3, 0.5, 0.6, 0.7, 0.8, 1.0)
SAMPLES, LENGTH = 200, 600
SHORTEST_RUN, TIMES, SHORTEST, LONGEST_UNIT = 4, 3, 12, 150
READ = 50_000
"""So many characters of held-out text at most are read to see what DRY would make less likely."""
COPIED = 20
"""A run of so many characters that stands in the corpus, too, is copied."""
WORD = re.compile(r"[^\W\d_]+")

NO_RUNS = tuple(name for name in FILTERS if name != "runs")
DRY = {"dry_multiplier": 0.8}
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {"filters": NO_RUNS},
    "runs": {},
    "dry": {"filters": NO_RUNS, **DRY},
    "runs, dry": DRY,
}


class Measured(NamedTuple):
    loops: float
    """Loops per thousand characters."""
    looping: float
    """The share of the texts that has a loop."""
    inside: float
    """The share of the characters that lie in loops."""
    known: float
    """The share of the words that are words of the corpus."""
    copied: float
    """The share of the characters that lie in copied runs."""


def run(corpus: Path, *, time: str | None = None, models: Path | None = None) -> None:
    """Measures the models in the directory `models`, or trains them for `time` each."""
    print(f"{SAMPLES} texts of {LENGTH} characters each; copied: in runs of {COPIED} characters of the corpus")
    print(f"{'':<30} {'loops per 1,000':<16} {'of texts':<10} {'of characters':<15} {'known words':<13} copied")
    with tempfile.TemporaryDirectory() as scratch:
        for name, model in _models(corpus, models, Path(scratch), time or TIME):
            texts = [text for _, text in training_texts(model.config.corpus)]
            known = Corpus(texts, {character: runs.longest for character, runs in (model.runs or {}).items()})
            print(_row(f"{name}, held-out text", known.measure(_pieces(model))), flush=True)
            for temperature in TEMPERATURES:
                for variant, options in VARIANTS.items():
                    measured = known.measure(samples(model, temperature=temperature, **options))
                    print(_row(f"{name}, {temperature}, {variant}", measured), flush=True)
            hit = penalised(model, **DRY)
            print(f"{name}: DRY takes a nat or more from the logit of {hit:.2%} of the characters of held-out text")


def _row(label: str, m: Measured) -> str:
    shares = f"{m.looping:<10.1%} {m.inside:<15.2%} {m.known:<13.1%} {m.copied:.1%}"
    return f"{label:<30} {m.loops:<16.3f} {shares}"


def _pieces(model: LanguageModel) -> list[str]:
    """As many pieces of held-out text as there are samples, of their length, or fewer where there is less."""
    text = "".join(held_out_texts(model.config.corpus, SAMPLES * LENGTH))
    return [text[start : start + LENGTH] for start in range(0, len(text), LENGTH)]


def penalised(model: LanguageModel, **options: Any) -> float:
    """The share of the tokens of held-out text that DRY makes less likely by a nat or more, each in its place."""
    text = "".join(held_out_texts(model.config.corpus, READ))
    ids_N = model.tokenizer.encode(text)
    sampler = Sampler(SamplingConfig(temperature=1.0, filters=("dry",), **options), model.tokenizer)
    history, hits = sampler.history(), 0
    history.extend([ids_N[:0]])
    even_1V = np.zeros((1, model.tokenizer.size))
    for token in ids_N.tolist():
        logits_V = sampler.distribution(even_1V, history)[0]
        hits += bool(logits_V[token] <= -1.0)
        history.add(np.array([token]))
    return hits / len(ids_N)


def samples(model: LanguageModel, **options: Any) -> list[str]:
    texts: dict[int, str] = defaultdict(str)
    sampling = SamplingConfig(length=LENGTH, **options)
    for piece in model.texts([""], sampling, seed=1, number=SAMPLES, batch=SAMPLES):
        texts[piece.text.request.number] += piece.shown
    return list(texts.values())


class Corpus:
    """What a text is held against: the texts that a model learned."""

    def __init__(self, texts: Sequence[str], longest_runs: Mapping[str, int]) -> None:
        self._texts, self._joined, self._runs = texts, "\0".join(texts), longest_runs
        self._words = set(WORD.findall(self._joined))

    def measure(self, texts: Sequence[str]) -> Measured:
        loops = [self.loops(text) for text in texts]
        characters = sum(map(len, texts))
        words = [word for text in texts for word in WORD.findall(text)[:-1]]  # the last one may be cut
        copied = common_runs(texts, self._texts, COPIED)
        return Measured(
            1000 * sum(map(len, loops)) / characters,
            sum(map(bool, loops)) / len(texts),
            sum(end - start for found in loops for start, end in found) / characters,
            sum(word in self._words for word in words) / len(words),
            sum(match.copied for match in copied) / characters,
        )

    def loops(self, text: str) -> list[tuple[int, int]]:
        """Where each loop of `text` begins and ends."""
        codes = np.array([ord(character) for character in text], np.int64)
        found = []
        for unit in range(1, min(LONGEST_UNIT, len(text) - 1) + 1):
            repeats = np.concatenate([[False], codes[unit:] == codes[:-unit], [False]])
            edges = np.flatnonzero(repeats[1:] != repeats[:-1]).reshape(-1, 2)
            for start, end in edges.tolist():
                stretch = text[start : end + unit]
                if self._is_loop(stretch, unit):
                    found.append((start, end + unit))
        merged = list[tuple[int, int]]()
        for start, end in sorted(found):
            if merged and start < merged[-1][1]:
                start, before = merged.pop()
                end = max(end, before)
            merged.append((start, end))
        return merged

    def _is_loop(self, stretch: str, unit: int) -> bool:
        if unit == 1:
            return len(stretch) > max(self._runs.get(stretch[0], 1), SHORTEST_RUN - 1)
        return len(stretch) >= max(TIMES * unit, SHORTEST) and stretch not in self._joined


def _models(corpus: Path, models: Path | None, scratch: Path, time: str) -> Iterator[tuple[str, LanguageModel]]:
    trained: Mapping[str, tuple[list[Path], Any]] = {
        "python": (list(python_modules()), {}),
        corpus.stem: ([corpus], {}),
        "fables": ([ROOT / "data" / "fables.txt"], {"documents": "paragraph"}),
    }
    for name, (paths, options) in trained.items():
        directory = (models or scratch) / name
        if models is None:
            charnn.train([str(path) for path in paths], time=time, out=str(directory), **options)
        model = charnn.load(directory)
        assert isinstance(model, LanguageModel)
        yield name, model
