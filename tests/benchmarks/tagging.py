"""Words a second of `charnn tag` beside taggers that a Python program calls; its memory, its start, its size."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

from charnn.tasks.language_model.directory import LanguageModelDirectory
from tests.benchmarks import tagging_peers
from tests.benchmarks.machine import alternate, ratio, seconds, spread
from tests.benchmarks.quality import peak_memory
from tests.benchmarks.startup import CHARNN
from tests.benchmarks.tagging_peers import Crfsuite, NltkPerceptron, Peer
from tests.benchmarks.tagging_quality import MINUTE, Treebank, train_command, treebanks

WORDS, FEWER_WORDS = 500_000, 100_000
ROUNDS, STARTS = 3, 7

Side = Callable[[], float]


def run(directory: Path, *, tagger: Path | None = None, time: str | None = None) -> None:
    """Measures the model in the directory `tagger`, or one that is trained first."""
    treebank, *_ = treebanks(directory)
    with tempfile.TemporaryDirectory() as scratch:
        if tagger is None:
            tagger = Path(scratch) / "model"
            train = train_command(treebank, tagger, "--time", time or MINUTE)
            subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
        speed(treebank, tagger, Path(scratch))
        memory(treebank, tagger, Path(scratch))
        start(tagger)
        in_use, _ = LanguageModelDirectory.open(tagger).size_on_disk()
    print(f"\nmodel directory without training/: {in_use / 1e6:.1f} MB")


def speed(treebank: Treebank, model: Path, scratch: Path) -> None:
    training, test = treebank.sentences()
    times = repetitions(treebank, WORDS)
    words, words_once = times * sum(map(len, test)), sum(map(len, training + test))
    stream, once = scratch / "stream.conllu", scratch / "once.conllu"
    stream.write_bytes(treebank.test.read_bytes() * times)
    once.write_bytes(treebank.train.read_bytes() + treebank.test.read_bytes())
    charnn = Process(model, scratch / "tagged.conllu")
    sides = charnn.sides(stream, words)
    sides["charnn tag, training and test data once"] = lambda: words_once / charnn.seconds(once)
    data = [(sentence.words, sentence.tags[0]) for sentence in training]
    sides |= peer_sides(data, [sentence.words for sentence in test] * times)
    # All that this process has loaded by now would be searched for garbage again and again while the peers tag.
    gc.collect()
    gc.freeze()
    taken = alternate(sides, ROUNDS)
    print(f"\n{treebank.name}: its test split {times} times, {words:,} words; training and test data {words_once:,}")
    print("charnn tag: a process from CoNLL-U file to CoNLL-U file, its start included. The others: sentences that are")
    print("in memory and split into words, one thread, nothing written. 1.00x is NLTK's speed.")
    for name, values in taken.items():
        right = f"  {100 * charnn.accuracies[name]:.2f}% right" if name in charnn.accuracies else ""
        print(f"{name:<42} {spread(values, ',.0f', ' words/s'):<38} {ratio(values, taken['NLTK perceptron'])}{right}")


def memory(treebank: Treebank, model: Path, scratch: Path) -> None:
    def peak(path: Path) -> float:
        return peak_memory([CHARNN, "tag", str(path), "--model", str(model)])[0]

    sides: dict[str, Side] = {}
    for words in (FEWER_WORDS, WORDS):
        path = scratch / f"{words}.conllu"
        path.write_bytes(treebank.test.read_bytes() * repetitions(treebank, words))
        sides[f"charnn tag, {words:,} words"] = partial(peak, path)
    print("\npeak memory")
    for name, values in alternate(sides, ROUNDS).items():
        print(f"{name:<42} {spread(values, ',.0f', ' MB')}")


def start(model: Path) -> None:
    quiet = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    commands = {
        'python -c "import torch"': partial(quiet, [sys.executable, "-c", "import torch"]),
        'echo "The cat sat." | charnn tag': partial(
            quiet, [CHARNN, "tag", "--model", str(model)], input=b"The cat sat.\n"
        ),
    }
    taken = alternate({name: partial(seconds, command) for name, command in commands.items()}, STARTS)
    print("\nstart-up")
    for name, values in taken.items():
        print(f"{name:<42} {spread(values, '.3f', ' s')}")
    torch, tag = taken.values()
    print(f"{'charnn tag beside import torch':<42} {ratio(tag, torch)}")


def repetitions(treebank: Treebank, words: int) -> int:
    """How often the test split is repeated until there are so many words."""
    _, test = treebank.sentences()
    return -(-words // sum(map(len, test)))


class Process:
    """`charnn tag`, from a file to a file."""

    def __init__(self, model: Path, out: Path) -> None:
        self.accuracies: dict[str, float] = {}
        """The accuracy of what each side wrote."""
        self._model, self._out = model, out

    def sides(self, stream: Path, words: int) -> dict[str, Side]:
        directory = LanguageModelDirectory.open(self._model)
        quantization = directory.config().quantization
        default = "int8" if quantization is not None and quantization.used else "fp32"

        def words_per_second(name: str, *options: str) -> float:
            taken = self.seconds(stream, *options)
            if name not in self.accuracies:
                self.accuracies[name] = accuracy(stream, self._out)
            return words / taken

        sides: dict[str, Side] = {}
        for precision in ("int8", "fp32") if directory.has_quantized_graph() else ("fp32",):
            name = f"charnn tag, {precision}{' (the default here)' if precision == default else ''}"
            sides[name] = partial(words_per_second, name, "--precision", precision)
        if hasattr(os, "sched_setaffinity"):
            name = "charnn tag, on one core"
            sides[name] = partial(on_one_core, partial(words_per_second, name))
        return sides

    def seconds(self, stream: Path, *options: str) -> float:
        command = [CHARNN, "tag", str(stream), "--model", str(self._model), *options]
        with self._out.open("wb") as file:
            return seconds(partial(subprocess.run, command, check=True, stdout=file))


def on_one_core(measure: Side) -> float:
    """The peers have no use for a second. A process may run where the one that starts it may."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        return measure()
    finally:
        os.sched_setaffinity(0, before)


def accuracy(gold: Path, predicted: Path) -> float:
    """The accuracy of the UPOS of two CoNLL-U files, which have to be the same in all else."""
    words = correct = 0
    with gold.open(encoding="utf-8", newline="") as these, predicted.open(encoding="utf-8", newline="") as those:
        for line, other in zip(these, those, strict=True):
            fields, others = line.split("\t"), other.split("\t")
            if fields[0].isdecimal():
                words += 1
                correct += fields.pop(3) == others.pop(3)
            assert fields == others, f"{line!r} became {other!r}"
    return correct / words


def peer_sides(data: list[tagging_peers.TaggedSentence], sentences: list[list[str]]) -> dict[str, Side]:
    words = sum(map(len, sentences))

    def words_per_second(peer: Peer) -> float:
        def tag_all() -> None:
            for sentence in sentences:
                peer.tag(sentence)

        return words / seconds(tag_all)

    crfsuite, nltk = Crfsuite(), NltkPerceptron()
    for peer in (crfsuite, nltk):
        peer.train(data)
    return {
        "CRFsuite, features of words kept": partial(words_per_second, crfsuite),
        "CRFsuite, features made each time": partial(without_cache, partial(words_per_second, crfsuite)),
        "NLTK perceptron": partial(words_per_second, nltk),
    }


def without_cache(measure: Side) -> float:
    """A text that is repeated is wholly in the cache of words' features, which no other text would be."""
    make = tagging_peers._word_features.__wrapped__
    with mock.patch.object(tagging_peers, "_word_features", make):
        return measure()
