"""How much memory and time thousands of tags, symbols, labels or columns take to be learned and used.

The data are made up: words of syllables, characters of a large block of Unicode, and random walks. Each run takes one
step, so that what is measured is what kinds cost and not how long a network learns.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.novelty import measured

SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
FIRST_CHARACTER = 0x4E00
SHAPE = ("--steps", "1", "--hidden", "32", "--seed", "1", "--out", "model", "--overwrite", "--quiet")

Lines = Iterator[str]


def word(chosen: random.Random, syllables: int) -> str:
    return "".join(chosen.choices(SYLLABLES, k=syllables))


def tagged(tags: int, words: int) -> Lines:
    """Sentences of ten words, of which there are four to a tag; words by rank, and each of them once."""
    chosen = random.Random(0)
    known = list(dict.fromkeys(word(chosen, 4) for _ in range(4 * tags)))
    text = known + chosen.choices(known, [1 / rank for rank in range(1, len(known) + 1)], k=max(words - len(known), 0))
    numbers = {one: number % tags for number, one in enumerate(known)}
    chosen.shuffle(text)
    for start in range(0, len(text), 10):
        yield "".join(f"{one}\tT{numbers[one]}\n" for one in text[start : start + 10]) + "\n"


def labelled(labels: int, texts: int) -> Lines:
    """Texts of 5 to 14 words, most of them with a word that their label has more often than others."""
    chosen = random.Random(0)
    own = [word(chosen, 3) for _ in range(labels)]
    for number in range(texts):
        words = [word(chosen, 2) for _ in range(chosen.randint(5, 14))]
        if chosen.random() < 0.8:
            words[0] = own[number % labels]
        yield f"L{number % labels}\t{' '.join(words)}\n"


def characters(symbols: int, chosen: random.Random, length: int) -> str:
    return "".join(chr(FIRST_CHARACTER + int(symbols * chosen.random() ** 2)) for _ in range(length))


def sounds(symbols: int, pairs: int) -> Lines:
    """A few characters, and a syllable for each."""
    chosen = random.Random(0)
    of = [word(chosen, 1) for _ in range(symbols)]
    for _ in range(pairs):
        source = characters(symbols, chosen, chosen.randint(1, 6))
        yield f"{source}\t{' '.join(of[ord(one) - FIRST_CHARACTER] for one in source)}\n"


def corrected(symbols: int, pairs: int) -> Lines:
    """Some twenty characters, and the same with one more."""
    chosen = random.Random(0)
    for _ in range(pairs):
        source = characters(symbols, chosen, chosen.randint(15, 25))
        place = chosen.randrange(len(source))
        yield f"{source}\t{source[:place]}{characters(symbols, chosen, 1)}{source[place:]}\n"


def text(symbols: int, length: int) -> Lines:
    chosen = random.Random(0)
    for _ in range(length // 40):
        yield characters(symbols, chosen, 40) + "\n"


def words(kinds: int, length: int) -> Lines:
    chosen = random.Random(0)
    known = [word(chosen, 4) for _ in range(kinds)]
    for start in range(0, length, 10):
        rest = chosen.choices(known, k=5)
        yield " ".join([*(known[(start // 2 + n) % kinds] for n in range(5)), *rest]) + "\n"


def columns(count: int, rows: int) -> Lines:
    """Random walks, day by day."""
    chosen, values = random.Random(0), [100.0] * count
    yield f"day,{','.join(f's{number}' for number in range(count))}\n"
    for row in range(rows):
        values = [value + chosen.gauss(0, 1) for value in values]
        yield f"{date(2020, 1, 1) + timedelta(row)},{','.join(f'{value:.2f}' for value in values)}\n"


class Kinds(NamedTuple):
    """Data of many kinds of something, and what is done with them."""

    name: str
    lines: Callable[[], Lines]
    learning: tuple[str, ...]
    uses: tuple[tuple[str, ...], ...] = (("eval", "--json"),)


EVERY = (
    Kinds("tags-3000", lambda: tagged(3_000, 40_000), ("--task", "tagger")),
    Kinds("tags-20000", lambda: tagged(20_000, 100_000), ("--task", "tagger")),
    Kinds("crf-3000", lambda: tagged(3_000, 15_000), ("--task", "tagger", "--decoder", "crf"), ()),
    Kinds("labels-5000", lambda: labelled(5_000, 22_500), ("--task", "classifier")),
    Kinds("symbols-6000", lambda: sounds(6_000, 12_000), ("--task", "transducer")),
    Kinds("copied-6000", lambda: corrected(6_000, 6_000), ("--task", "transducer")),
    Kinds("copied-20000", lambda: corrected(20_000, 6_000), ("--task", "transducer")),
    Kinds("characters-10000", lambda: text(10_000, 400_000), ("--task", "language-model")),
    Kinds("words-40000", lambda: words(40_000, 200_000), ("--task", "language-model", "--tokenizer", "words")),
    Kinds("columns-1000", lambda: columns(1_000, 400), ("--task", "forecaster")),
)


def run(wanted: list[str] | None = None) -> None:
    """Prints the most memory of a run of one step, and of what is done with its model, and how long a processor worked.
    Those alone that are `wanted`, such as tags-20000, if any are."""
    for one in EVERY:
        if wanted and one.name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            os.environ["CHARNN_CACHE"] = str(folder / "cache")
            with (folder / "data.txt").open("w", encoding="utf-8") as file:
                file.writelines(one.lines())
            commands = [("train", "data.txt", *one.learning, *SHAPE)]
            commands += [(command, "-m", "model", *options) for command, *options in one.uses]
            found = [(command[0], measured([sys.executable, "-m", "charnn", *command], folder)) for command in commands]
        said = "; ".join(f"{command}: {of.megabytes:,.0f} MB, {of.computing:.1f} s" for command, of in found)
        print(f"{one.name:<24} {said}", flush=True)
