"""How well lines of words become others, where words change by rules and by what stands beside them.

The lines are the sentences of treebanks, and of a text with old spellings, made worse in ways that are known. Beside
each other are a copy of the line, the target that training had most often for each word, and what charnn's words in
lines write by themselves, without a network: how many symbols of the test split are wrong.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer.learn.line_words import learn_line_words
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.use.scoring import distance

Lines = list[tuple[str, str]]

MOST_CHARACTERS, SCORED = 200, 300
WRITTEN = """
you>u are>r to>2 too>2 for>4 your>ur please>pls because>cuz tomorrow>tmr and>n the>da this>dis that>dat with>w what>wat
know>no see>c be>b why>y people>ppl thanks>thx message>msg night>nite have>hv love>luv great>gr8 before>b4 about>abt
from>frm okay>k back>bk good>gd should>shd would>wud could>cud really>rly very>v just>jst
"""
MISREAD = "rn>m m>rn l>1 I>l O>0 e>c h>b tt>ft u>ii .>, c>e S>5 li>h cl>d f>t s>5"


def changes(text: str) -> list[tuple[str, str]]:
    """What is before each > and after it."""
    pairs = (pair.partition(">") for pair in text.split())
    return [(before, after) for before, _, after in pairs]


def run(directory: Path) -> None:
    print(f"{'':<42}{'copied %':>10}{'looked up %':>13}{'words %':>10}{'lines right %':>15}{'learned':>9}{'a line':>9}")
    for name, first, read in SETS:
        training, test = read(directory, "train")[:first], read(directory, "test")[:SCORED]
        pairs = [Pair(source, target, "", number) for number, (source, target) in enumerate(training, 1)]
        begun = time.process_time()
        words = learn_line_words(pairs, Symbols.of(pairs, "characters", "characters"))
        learned = time.process_time()
        assert words is not None
        written = [words.likeliest(source, 1)[0] for source, _ in test]
        took = learned - begun, 1000 * (time.process_time() - learned) / len(test)
        sides = [source for source, _ in test], looked_up(training, test), written
        rates = "".join(
            f"{100 * wrong(side, test):>{width}.1f}" for side, width in zip(sides, (10, 13, 10), strict=True)
        )
        right = sum(line == target for line, (_, target) in zip(written, test, strict=True)) / len(test)
        print(
            f"{name + f', {len(training):,} lines':<42}{rates}{100 * right:>15.1f}{took[0]:>7.1f} s{took[1]:>6.1f} ms",
            flush=True,
        )


def wrong(lines: Sequence[str], test: Lines) -> float:
    """The fraction of symbols that are."""
    edits = sum(distance(target, line) for line, (_, target) in zip(lines, test, strict=True))
    return edits / sum(len(target) for _, target in test)


def looked_up(training: Lines, test: Lines) -> list[str]:
    """Each word replaced by what it was most often in lines that have as many words on both sides."""
    counts = defaultdict[str, Counter[str]](Counter)
    for source, target in training:
        if len(source.split()) == len(target.split()):
            for word, other in zip(source.split(), target.split(), strict=True):
                counts[word][other] += 1
    known = {word: others.most_common(1)[0][0] for word, others in counts.items()}
    return [" ".join(known.get(word, word) for word in source.split()) for source, _ in test]


def sentences(path: Path) -> Lines:
    """The words between spaces, and the text, of the sentences of a treebank, in another order."""
    found = []
    for block in path.read_text("utf-8").strip().split("\n\n"):
        lines = block.split("\n")
        text = next((line.split("=", 1)[1] for line in lines if line.startswith("# text =")), "")
        forms = (line.split("\t")[:2] for line in lines if not line.startswith("#"))
        words = " ".join(form for number, form in forms if number.isdigit())
        found.append((words, unicodedata.normalize("NFC", " ".join(text.split()))))
    Random(path.stem).shuffle(found)
    return [(words, text) for words, text in found if len(text.split()) >= 3 and len(text) <= MOST_CHARACTERS]


def of_english(spoil: Callable[[str, str, Random], tuple[str, str]]) -> Callable[[Path, str], Lines]:
    def read(directory: Path, part: str) -> Lines:
        random = Random(part)
        return [spoil(*one, random) for one in sentences(directory / "ud-english-ewt" / f"{part}.conllu")]

    return read


def without_accents(directory: Path, part: str) -> Lines:
    def bare(text: str) -> str:
        text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
        return "".join(c for c in text if unicodedata.category(c) != "Mn")

    return [(bare(text), text) for _, text in sentences(directory / "ud-vietnamese-vtb" / f"{part}.conllu")]


def old_spelling(directory: Path, part: str) -> Lines:
    """The tokens in the order of the text, with a new line after some signs and after twelve of them."""
    found, line = Lines(), Lines()
    path = directory / "normalisation" / "slovene-bohoric" / f"{part}.tsv"
    for row in path.read_text("utf-8").splitlines():
        old, new, *_ = row.split("\t")
        line.append((old, new))
        if len(line) >= 12 or (len(line) >= 6 and old in ".!?;:,"):
            found.append((" ".join(old for old, _ in line), " ".join(new for _, new in line)))
            line = []
    return found


def in_small_letters(words: str, text: str, random: Random) -> tuple[str, str]:
    return " ".join(re.sub(r"[^\w\s'@#$%&/+=-]", " ", text.lower()).split()) or "-", text


def as_messages(words: str, text: str, random: Random) -> tuple[str, str]:
    """Words shortened, many without their vowels, and half of the marks lost."""
    found, short = [], dict(changes(WRITTEN))
    for word in text.lower().split():
        before, bare, after = re.fullmatch(r"(\W*)(\w*)(.*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
        if bare in short and random.random() < 0.75:
            bare = short[bare]
        elif len(bare) > 4 and bare.isalpha() and random.random() < 0.35:
            bare = bare[0] + re.sub("[aeiou]", "", bare[1:-1]) + bare[-1]
        found.append(before + bare + (after if random.random() < 0.5 else ""))
    return " ".join(filter(None, found)) or "-", text


def as_scanned(words: str, text: str, random: Random) -> tuple[str, str]:
    """One place in fourteen that may be misread is, and one space in a hundred is lost."""
    found, at, misread = "", 0, changes(MISREAD)
    while at < len(text):
        read = [one for one in misread if text.startswith(one[0], at)]
        if read and random.random() < 0.07:
            right, other = random.choice(read)
            found, at = found + other, at + len(right)
        else:
            found, at = found + text[at] * (text[at] != " " or random.random() > 0.01), at + 1
    return found, text


SETS: list[tuple[str, int | None, Callable[[Path, str], Lines]]] = [
    ("Vietnamese without accents", None, without_accents),
    ("messages", 300, of_english(as_messages)),
    ("messages", 2_000, of_english(as_messages)),
    ("messages", 10_000, of_english(as_messages)),
    ("small letters without marks", 300, of_english(in_small_letters)),
    ("small letters without marks", 2_000, of_english(in_small_letters)),
    ("small letters without marks", 10_000, of_english(in_small_letters)),
    ("scanned", 300, of_english(as_scanned)),
    ("scanned", 2_000, of_english(as_scanned)),
    ("scanned", 10_000, of_english(as_scanned)),
    ("old Slovene", 300, old_spelling),
    ("old Slovene", 2_000, old_spelling),
    ("old Slovene", None, old_spelling),
    ("words between spaces, to text", 300, of_english(lambda words, text, random: (words, text))),
    ("text, to words between spaces", 300, of_english(lambda words, text, random: (text, words))),
]
