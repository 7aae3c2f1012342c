"""How many words charnn's tagger gets right beside taggers that learn from the same treebank: UPOS, gold words."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import NamedTuple, get_args

from charnn.cells import CELLS
from charnn.corpora.data_files import DataFiles
from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig, WordReaderKind
from charnn.tasks.tagger.formats.sentence import TaggedSentence
from charnn.tasks.tagger.treebank import read_treebank
from charnn.tasks.tagger.use.scores import TagScore
from tests.benchmarks.machine import seconds
from tests.benchmarks.startup import CHARNN
from tests.benchmarks.tagging_peers import Crfsuite, NltkPerceptron, Peer

TREEBANKS = {"English-EWT": "ud-english-ewt", "Vietnamese-VTB": "ud-vietnamese-vtb"}
SMALL = (20_000, 6_000)
"""Words of the first treebank that a small one is made of."""
SEEDS, SMALL_SEEDS, EPOCHS = 5, 3, 8
MINUTE = "60s"
FABLES = Path(__file__).parents[2] / "data"
CHOICES = {"decoder": get_args(DecoderKind), "words_from": get_args(WordReaderKind), "cell": tuple(CELLS)}


def run(directory: Path, *, seeds: int | None = None, time: str | None = None) -> None:
    """With the default settings, which is also the default time unless another is given."""
    treebank, *others = treebanks(directory)
    options = ["--time", time] if time else []
    table(treebank)
    row(f"charnn, {_time(time)}", [charnn(treebank, seed, *options) for seed in range(seeds or SEEDS)])
    if time != MINUTE:
        row(f"charnn, {MINUTE}", [charnn(treebank, 0, "--time", MINUTE)])
    peers(treebank, seeds=1)
    with tempfile.TemporaryDirectory() as scratch:
        for small in (*others, *(beginning(treebank, words, Path(scratch)) for words in SMALL if others)):
            table(small)
            tried = seeds or SMALL_SEEDS
            row(f"charnn, {_time(time)}", [charnn(small, seed, *options) for seed in range(tried)])
            peers(small, seeds=tried)


def ablation(directory: Path, *, seeds: int | None = None, epochs: float | None = None) -> None:
    """Without the linear model, and with each other decoder, reader of words and cell in place of the default one, for
    equally many epochs."""
    treebank, *_ = treebanks(directory)
    budget = f"{epochs or EPOCHS:g}"
    table(treebank)
    for name, options in _variants():
        row(name, [charnn(treebank, seed, "--epochs", budget, *options) for seed in range(seeds or 1)])
    print(f"each for {budget} epochs")


def _variants() -> Iterator[tuple[str, list[str]]]:
    defaults = {field: getattr(TaggerNetworkConfig, field) for field in CHOICES}
    yield f"defaults ({', '.join(defaults.values())})", []
    yield "--no-linear", ["--no-linear"]
    for field, kinds in CHOICES.items():
        option = f"--{field.replace('_', '-')}"
        for kind in kinds:
            if kind != defaults[field]:
                yield f"{option} {kind}", [option, kind]


# what is learned from


@dataclass(frozen=True)
class Treebank:
    name: str
    train: Path
    test: Path
    valid: Path | None = None
    """Only chooses which of charnn's weights are kept; where there is none, the last tenth of `train` does."""

    def sentences(self) -> tuple[list[TaggedSentence], list[TaggedSentence]]:
        """The sentences to train on, and those to test with."""
        read = read_treebank(DataFiles([str(self.train)], [str(self.test)]))
        return read.training, read.validation


def treebanks(directory: Path) -> list[Treebank]:
    """Those of `TREEBANKS` in the directory, the large one first; or else only the fables, which is said."""
    found = [
        Treebank(name, *(directory / folder / f"{split}.conllu" for split in ("train", "test", "dev")))
        for name, folder in TREEBANKS.items()
    ]
    if all(path.is_file() for treebank in found for path in (treebank.train, treebank.test, treebank.valid) if path):
        return found
    print(f"no {' and '.join(TREEBANKS.values())} in {directory}: the fables instead, which are no benchmark")
    return [Treebank("the fables", FABLES / "fables-train.conllu", FABLES / "fables-dev.conllu")]


def beginning(treebank: Treebank, words: int, scratch: Path) -> Treebank:
    """The treebank with only the first sentences to train on: those until there are so many words."""
    kept, count = [], 0
    for sentence in treebank.train.read_text("utf-8").removesuffix("\n\n").split("\n\n"):
        if count >= words:
            break
        kept.append(sentence)
        count += len(re.findall(r"^\d+\t", sentence, re.MULTILINE))
    path = scratch / f"{words}.conllu"
    path.write_text("\n\n".join(kept) + "\n\n", "utf-8")
    return replace(treebank, name=f"the first {words:,} words of {treebank.name}", train=path)


# what is reached


class Result(NamedTuple):
    accuracy: float
    unknown_accuracy: float | None
    """The accuracy on words whose form, capitals and all, is not in the training data; None where there are none."""
    seconds: float
    """How long training took; for charnn the whole process, with its start and the graphs that it measures."""


def train_command(treebank: Treebank, model: Path, *options: str) -> list[str]:
    valid = ["--valid", str(treebank.valid)] if treebank.valid else []
    return [CHARNN, "train", str(treebank.train), *valid, "--out", str(model), *options]


def charnn(treebank: Treebank, seed: int, *options: str) -> Result:
    """Trains and scores charnn by the commands that a user types."""
    quiet = partial(subprocess.run, check=True, stdout=subprocess.PIPE)
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        taken = seconds(partial(quiet, train_command(treebank, model, "--seed", str(seed), *options)))
        scored = quiet([CHARNN, "eval", str(treebank.test), "--model", str(model), "--json"])
    score = json.loads(scored.stdout)["upos"]
    return Result(score["accuracy"], score["unknown_accuracy"], taken)


def peers(treebank: Treebank, *, seeds: int) -> None:
    row("CRFsuite", [trained_peer(Crfsuite(), treebank)])  # has no seed
    row("NLTK perceptron", [trained_peer(NltkPerceptron(seed=seed), treebank) for seed in range(1, seeds + 1)])


def trained_peer(peer: Peer, treebank: Treebank) -> Result:
    """Reading the files is no part of its time."""
    training, test = treebank.sentences()
    known = {word for sentence in training for word in sentence.words}
    taken = seconds(partial(peer.train, [(sentence.words, sentence.tags[0]) for sentence in training]))
    score = TagScore.of((s.tags[0], peer.tag(s.words), [word in known for word in s.words]) for s in test)
    assert score.accuracy is not None
    return Result(score.accuracy, score.unknown_accuracy, taken)


# the tables


def table(treebank: Treebank) -> None:
    training, test = (sum(map(len, sentences)) for sentences in treebank.sentences())
    print(f"\n{treebank.name}: {training:,} words to train on, {test:,} to test with; means, and lowest to highest")
    print(f"{'':<44} {'accuracy':<23} {'unknown words':<23} training", flush=True)


def row(name: str, results: Sequence[Result]) -> None:
    accuracies, unknown, taken = zip(*results, strict=True)
    known = [100 * accuracy for accuracy in unknown if accuracy is not None]
    figures = f"{means([100 * a for a in accuracies]):<23} {means(known) if known else 'none':<23}"
    print(f"{name + _seeds(results):<44} {figures} {means(taken, ',.1f')} s", flush=True)


def means(values: Sequence[float], form: str = ".2f") -> str:
    """The mean, and the lowest and highest beside it where there are several."""
    around = f" ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else ""
    return f"{mean(values):{form}}{around}"


def _seeds(results: Sequence[Result]) -> str:
    return f", {len(results)} seeds" if len(results) > 1 else ""


def _time(time: str | None) -> str:
    return time or "default time"
