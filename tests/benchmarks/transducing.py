"""How well and how fast lines are turned into others: pronunciation, inflection, normalisation, transliteration.

Each set is a folder with train.tsv, dev.tsv and test.tsv, a source and a target on each line, with features between the
two for inflection. charnn validates with dev.tsv and has its defaults otherwise; the whole of test.tsv is scored, with
the beam that `eval` has. A row gives the word error rate, which is the fraction of lines that are not right as a whole.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer.dataset import references
from tests.benchmarks.transducing_peers import phonetisaurus

GROUPS = {
    "g2p, 800 lines": [f"g2p/{language}" for language in ("ady", "gre", "ice", "ita", "khm")],
    "g2p, 8,000 lines": [f"g2p/{language}" for language in ("dut", "hun", "fre")],
    "inflection": [f"inflection/{language}" for language in ("tur", "deu", "swa")],
    "normalisation": ["normalisation/slovene-bohoric"],
    "transliteration": ["transliteration/english-hebrew"],
}
FIRST = {"normalisation/slovene-bohoric": (1_000, 10_000)}
"""The first lines of these sets, so many of them, are learned by themselves, too."""
VARIANTS: dict[str, list[str]] = {
    "default": [],
    "attention none": ["--attention", "none", "--copy", "never"],
    "attention additive": ["--attention", "additive"],
    "attention dot": ["--attention", "dot"],
    "attention monotonic": ["--attention", "monotonic"],
    "decoder ctc": ["--decoder", "ctc"],
    "no copying": ["--copy", "never"],
    "no label smoothing": ["--label-smoothing", "0"],
    "scheduled sampling 0.2": ["--scheduled-sampling", "0.2"],
}
CHARNN = [sys.executable, "-m", "charnn"]
SHORT_RUNS = 60, 260
"""The steps of the two runs from which the cost of a step is told."""
LINES = 5_000
"""So many lines are transduced to see how fast that is; test lines are repeated until they are so many."""


class Result(NamedTuple):
    word_error_rate: float
    symbol_error_rate: float
    three_best: float
    """The fraction of lines whose target is among the three likeliest."""
    seconds: float
    """How long training took."""
    processor: float
    """The seconds of processor time of training, its start counted."""
    greedy: float
    """Lines a second, greedily, from file to file, the start included."""
    beam: float
    """The same with a beam of 5."""
    megabytes: float
    """The size of the model directory, without what only further training needs."""
    ngrams: dict[str, float] | None
    """What config.json says of the n-grams of aligned pairs; None where they did not help."""


def run(
    directory: Path, *, seeds: int | None = None, time: str | None = None, epochs: float | None = None,
    sets: Sequence[str] | None = None, processor: float | None = None,
) -> None:  # fmt: skip
    heading()
    for group, names in GROUPS.items():
        means = []
        for name in names:
            if (sets and not any(name.startswith(one) for one in sets)) or not _is_there(directory, name):
                continue
            for first in (*FIRST.get(name, ()), None):
                measured = results(directory / name, budget(time, epochs), seeds or 1, first, processor=processor)
                title = name if first is None else f"{name}, {first:,} lines"
                row(title, measured)
                _ngrams_row(measured)
                _peer_row(directory / name, title, first)
                if first is not None or name in FIRST:
                    print(f"{'    looked up alone':<44} {100 * _lookup(directory / name, first):.2f}")
            means.append(mean(one.word_error_rate for one in measured))
        if len(means) > 1:
            print(f"{f'mean of {group}':<44} {100 * mean(means):.2f}")


def ablation(
    directory: Path, *, seeds: int | None = None, time: str | None = None, epochs: float | None = None,
    sets: Sequence[str] | None = None, variants: Sequence[str] | None = None, processor: float | None = None,
) -> None:  # fmt: skip
    """The same with single settings changed, side by side."""
    heading()
    for name in sets or ("g2p/ice", "g2p/dut", "inflection/tur"):
        if _is_there(directory, name):
            for variant in variants or VARIANTS:
                options = [*budget(time, epochs), *VARIANTS[variant]]
                row(f"{name}: {variant}", results(directory / name, options, seeds or 1, processor=processor))


def _steps(folder: Path, options: Sequence[str], first: int | None, processor: float) -> list[str]:
    """A budget of about so many seconds of processor time, told from two short runs. Each has as many validations as a
    long one."""
    with tempfile.TemporaryDirectory() as scratch:
        (short, before), (long, after) = (
            (steps, _train(folder, Path(scratch) / str(steps), [*options, "--steps", str(steps)], first))
            for steps in SHORT_RUNS
        )
    return ["--steps", str(max(round(long + (processor - after) * (long - short) / (after - before)), long))]


def _train(folder: Path, model: Path, options: Sequence[str], first: int | None) -> float:
    """Trains on the first so many lines, and gives the seconds of processor time that it took."""
    train = model.with_suffix(".tsv")
    train.write_text("".join((folder / "train.tsv").read_text("utf-8").splitlines(keepends=True)[:first]), "utf-8")
    command = [*CHARNN, "train", str(train), "--task", "transducer", "--valid", str(folder / "dev.tsv")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--out", str(model), *options], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def heading() -> None:
    print(
        f"{'':<44} wrong %                 symbols %  3-best %  training  processor  "
        "lines/s: greedy, beam 5       directory"
    )


def _is_there(directory: Path, name: str) -> bool:
    found = (directory / name / "train.tsv").is_file()
    if not found:
        print(f"{name}: not in {directory}")
    return found


def budget(time: str | None, epochs: float | None) -> list[str]:
    if epochs is not None:
        return ["--epochs", str(epochs)]
    return [] if time is None else ["--time", time]


def results(
    folder: Path, options: Sequence[str], seeds: int, first: int | None = None, *, processor: float | None = None
) -> list[Result]:
    """With `processor`, each is trained for about so many seconds of processor time, whatever else the machine does."""
    if processor is not None:
        options = [*options, *_steps(folder, options, first, processor)]
    return [_charnn(folder, [*options, "--seed", str(seed)], first) for seed in range(seeds)]


def _charnn(folder: Path, options: Sequence[str], first: int | None) -> Result:
    test = folder / "test.tsv"
    with tempfile.TemporaryDirectory() as scratch:
        model, sources = Path(scratch) / "model", Path(scratch) / "sources"
        started = time.perf_counter()
        processor = _train(folder, model, options, first)
        trained = time.perf_counter() - started
        scored = subprocess.run(
            [*CHARNN, "eval", str(test), "-m", str(model), "--json"], check=True, capture_output=True
        )
        figures = json.loads(scored.stdout)
        rows = _rows(test)
        lines = ["\t".join(row[:-1]) for row in rows]
        sources.write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)), "utf-8")
        likeliest = subprocess.run(
            [*CHARNN, "transduce", str(sources), "-m", str(model), "--nbest", "3", "--json"],
            check=True, capture_output=True,
        )  # fmt: skip
        right = _references(rows)
        found = [json.loads(line) for line in likeliest.stdout.splitlines()]
        among = [
            any(one["target"] in right[line] for one in each["nbest"])
            for line, each in zip(dict.fromkeys(lines), found, strict=True)
        ]
        speeds = [_speed(model, sources, beam) for beam in ("1", "5")]
        size = sum(path.stat().st_size for path in model.iterdir() if path.is_file()) / 1e6
        ngrams = json.loads((model / "config.json").read_text("utf-8")).get("ngrams")
    return Result(
        figures["word_error_rate"], figures["symbol_error_rate"], mean(among), trained, processor, *speeds, size, ngrams
    )


def _rows(path: Path, first: int | None = None) -> list[list[str]]:
    """The cells of the first so many lines; empty lines, which stand between sentences, ask for nothing."""
    lines = path.read_text("utf-8").splitlines()[:first]
    return [line.split("\t") for line in lines if line.strip()]


def _references(rows: Sequence[Sequence[str]]) -> dict[str, set[str]]:
    right: dict[str, set[str]] = {}
    for row in rows:
        right.setdefault("\t".join(row[:-1]), set()).add(row[-1])
    return right


def _speed(model: Path, sources: Path, beam: str) -> float:
    """Lines a second. Each line is made another one, since `transduce` works once for lines that are the same."""
    lines = sources.read_text("utf-8").splitlines()
    many = [
        f"{line[:1] * (number // len(lines))}{line}" for number, line in enumerate(lines * (LINES // len(lines) + 1))
    ]
    started = time.perf_counter()
    subprocess.run(
        [*CHARNN, "transduce", "-m", str(model), "--beam", beam], check=True, capture_output=True,
        input="".join(f"{line}\n" for line in many[:LINES]).encode(),
    )  # fmt: skip
    return LINES / (time.perf_counter() - started)


def _lookup(folder: Path, first: int | None) -> float:
    """The word error rate where a known source gets its most frequent target, and an unknown one stays as it is."""
    counts: dict[str, Counter[str]] = {}
    for source, target in _rows(folder / "train.tsv", first):
        counts.setdefault(source, Counter())[target] += 1
    known = {source: targets.most_common(1)[0][0] for source, targets in counts.items()}
    return mean(known.get(source, source) != target for source, target in _rows(folder / "test.tsv"))


def row(name: str, measured: Sequence[Result]) -> None:
    rates = [100 * one.word_error_rate for one in measured]
    spread = f" ({min(rates):.2f} to {max(rates):.2f})" if len(rates) > 1 else ""
    speeds = f"{mean(one.greedy for one in measured):,.0f}, {mean(one.beam for one in measured):,.0f}"
    print(
        f"{name:<44} {f'{mean(rates):.2f}{spread}':<23} {100 * mean(one.symbol_error_rate for one in measured):>9.2f}  "
        f"{100 * mean(one.three_best for one in measured):>8.2f}  {mean(one.seconds for one in measured):>6.1f} s  "
        f"{mean(one.processor for one in measured):>7.1f} s  {speeds:<28}  "
        f"{mean(one.megabytes for one in measured):.1f} MB",
        flush=True,
    )


def _ngrams_row(measured: Sequence[Result]) -> None:
    """What n-grams of aligned pairs are worth on the validation data, where they are kept."""
    kept = [one.ngrams for one in measured if one.ngrams is not None]
    if kept:
        mixed, alone = (100 * mean(1 - each[name] for each in kept) for name in ("accuracy", "accuracy_alone"))
        title = f"    n-grams kept by {len(kept)} of {len(measured)}, validation"
        print(f"{title:<44} {mixed:.2f}, without {alone:.2f}", flush=True)


def _peer_row(folder: Path, title: str, first: int | None) -> None:
    train, test = _rows(folder / "train.tsv", first), _rows(folder / "test.tsv")
    if len(train[0]) > 2:
        return
    pairs = [(source, target) for source, target in train]
    tests = references([Pair(source, target, "", number) for number, (source, target) in enumerate(test, 1)])
    is_g2p = folder.parent.name == "g2p"
    if (peer := phonetisaurus(pairs, _references(test), tests, phones=is_g2p)) is not None:
        print(
            f"{f'    Phonetisaurus, {title}':<44} {f'{100 * peer.word_error_rate:.2f}':<23} {'':>9}  "
            f"{100 * peer.three_best:>8.2f}  {peer.seconds:>6.1f} s  {'':>9}  {peer.lines_per_second:,.0f}",
            flush=True,
        )
