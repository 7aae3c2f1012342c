"""Misspelt names put back to a list by a Hopfield network, beside the nearest by edit distance; and what it holds.

The names are those of names-18-languages, without repetition. `changed` has other letters in the place of some;
`edited` has a third of these changed, a third left out, and after a third of them another letter put in.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import charnn
from charnn.memory.hopfield import LOADS, capacity
from tests.benchmarks.machine import alternate, means, spread

NAMES, SEEDS, ROUNDS = 1_000, 3, 3
RATES = (0.1, 0.2, 0.3)
"""Such parts of the characters of each name are garbled, and at least one is."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CLASSICAL = ((50, "pseudo-inverse"), (280, "pseudo-inverse"), (10, "hebbian"), (50, "hebbian"))
"""So many names the classical form remembers, by this learning."""
UNITS, GARBLED = 1_000, 0.1

Garble = Callable[[str, float, random.Random], str]
Recall = Callable[[Sequence[str]], list[str]]


def changed(name: str, rate: float, chance: random.Random) -> str:
    places = set(_places(name, rate, chance))
    return "".join(_other(letter, chance) if place in places else letter for place, letter in enumerate(name))


def edited(name: str, rate: float, chance: random.Random) -> str:
    edits = {place: chance.choice("sdi") for place in _places(name, rate, chance)}
    made = {
        "s": lambda letter: _other(letter, chance),
        "d": lambda letter: "",
        "i": lambda letter: letter + chance.choice(LETTERS),
    }
    return "".join(made[edits[place]](letter) if place in edits else letter for place, letter in enumerate(name))


def _places(name: str, rate: float, chance: random.Random) -> list[int]:
    return chance.sample(range(len(name)), max(1, round(rate * len(name))))


def _other(letter: str, chance: random.Random) -> str:
    return chance.choice([other for other in LETTERS if other != letter.lower()])


def run(directory: Path, *, seeds: int | None = None) -> None:
    files = [directory / "names-18-languages" / name for name in ("train.tsv", "test.tsv")]
    if all(path.exists() for path in files):
        names = sorted({line.split("\t")[1] for path in files for line in path.read_text("utf-8").splitlines()})
        lists = [random.Random(seed).sample(names, 2 * NAMES) for seed in range(seeds or SEEDS)]
        _accuracy("the modern form, 2,048 units", lists, NAMES, lambda known: _hopfield(known, form="modern"))
        try:
            from rapidfuzz import distance, process
        except ModuleNotFoundError:
            print("nearest edit distance: rapidfuzz is not installed")
        else:

            def nearest(known: Sequence[str]) -> Recall:
                score = distance.Levenshtein.distance
                return lambda lines: [known[at] for at in process.cdist(lines, known, scorer=score).argmin(1)]

            _accuracy("nearest edit distance (rapidfuzz)", lists, NAMES, nearest)
        for count, learning in CLASSICAL:
            method = partial(_hopfield, form="classical", learning=learning)
            _accuracy(f"the classical form, {learning}", lists, count, method)
        _confidence(lists)
    else:
        print(f"names: {files[0].parent} has none")
    print(f"\nrandom patterns of {UNITS:,} units, {GARBLED:.0%} of them turned round: recalled, mean overlap")
    for learning in ("hebbian", "pseudo-inverse"):
        for at in capacity(LOADS, learning, units=UNITS, garbled=GARBLED):
            print(f"{learning:<16} {at.load:.2f} N  {at.recalled:>5.0%}  {at.overlap:.3f}", flush=True)


def _hopfield(known: Sequence[str], **how: str) -> Recall:
    memory = charnn.Memory(known, **how)
    return lambda lines: [one.line if one else "" for one in memory.recall(lines)]


def _accuracy(name: str, lists: Sequence[list[str]], count: int, method: Callable[[Sequence[str]], Recall]) -> None:
    """A row for each way to garble and each rate: the accuracy on each list, and how fast the last list was read."""
    print(f"\n{name}, {count:,} names")
    for garble in (changed, edited):
        for rate in RATES:
            right = []
            for seed, drawn in enumerate(lists):
                known = drawn[:count]
                garbled = [garble(line, rate, random.Random(f"{seed} {line}")) for line in known]
                recall = method(known)
                found = recall(garbled)
                right.append(100 * statistics.fmean(a == b for a, b in zip(found, known, strict=True)))
            taken = alternate({name: partial(_seconds, recall, garbled)}, ROUNDS)[name]
            speed = spread([count / seconds for seconds in taken])
            print(f"  {garble.__name__} {rate:.0%}  {means(right, '.1f', '%')}  {speed} lines/s", flush=True)


def _seconds(recall: Recall, lines: Sequence[str]) -> float:
    """Computing time of this process: the machine is shared."""
    started = time.process_time()
    recall(lines)
    return time.process_time() - started


def _confidence(lists: Sequence[list[str]]) -> None:
    """Half of the lines are garbled names of the list, half are other names: how many are kept, and how many of these
    are right."""
    print(
        "\n--min-confidence: kept of garbled names (20% edited), right of those; kept of names that are not in the list"
    )
    for least in (0.3, 0.5, 0.8, 0.9):
        kept, right, others = [], [], []
        for seed, drawn in enumerate(lists):
            known, unknown = drawn[:NAMES], drawn[NAMES:]
            memory = charnn.Memory(known)
            garbled = [edited(line, 0.2, random.Random(f"{seed} {line}")) for line in known]
            found = list(zip(memory.recall(garbled), known, strict=True))
            sure = [(one.line, line) for one, line in found if one and one.confidence >= least]
            kept.append(100 * len(sure) / NAMES)
            right.append(100 * statistics.fmean(a == b for a, b in sure))
            others.append(100 * statistics.fmean(one.confidence >= least for one in memory.recall(unknown) if one))
        print(
            f"  {least}  {means(kept, '.1f', '%')}  {means(right, '.1f', '%')}  {means(others, '.1f', '%')}", flush=True
        )
