"""All that the contract knows of each task. A new task adds an entry to BUILDERS."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from charnn.tasks.classifier.directory import labels_bytes

TEXT = "In the beginning was the word, and the word was short.\n" * 6
TREEBANK = "".join(
    " ".join(f"{'abc'[(n + k) % 3]}{k}_{'XYZ'[(n * k) % 3]}" for k in range(1 + n % 7)) + "\n" for n in range(20)
)
"""Sentences of all lengths, so that the order of batches matters."""
WORDS_TO_TURN = ["abba", "bab", "cab", "acab", "bacca", "abc", "cba", "aab", "bbc", "ccab", "ba", "ab", "ca", "bcb"]
PAIRS = "".join(f"{word}\t{' '.join(reversed(word.upper()))}\n" for word in WORDS_TO_TURN)
"""Each word backwards, in capitals between spaces."""
GOLDEN_PAIRS = "walk\tV;PST\twalked\nsing\tV;PST\tsang\nice 🧊\tV;PST\tice 🧊d\nbake\tV;PRS\tbaked\n"
"""The last form is not what the model writes."""
GOLDEN_TEXT = "naïve ant 🧊\n" * 3
GOLDEN_TREEBANK = """1\tthe\tthe\tDET\t_\t_\t2\tdep\t_\t_
2\tNew York\tNew York\tPROPN\t_\tNumber=Sing\t0\troot\t_\t_
3\t1,999\t1999\tNUM\t_\tNumType=Card\t2\tdep\t_\t_
4\t🧊\t🧊\tVERB\t_\t_\t2\tdep\t_\t_

"""
"""The last tag is not what the model says."""


LABELLED = "".join(
    f"{'abc'[(n + n * n // 7 % 4 // 3) % 3]}\t{'xyz'[n % 3] * (1 + n % 4)}{'uvw'[n * 7 // 5 % 3]} {n % 11}\n"
    for n in range(240)
)
"""Texts of all lengths. The label of every fourth or so is not the one that its letters say."""
GOLDEN_LABELLED = "".join(
    f"{label}\t{text}\n"
    for label, text in [
        ("fruit of a tree", "naïve pear"),
        ("fruit of a tree", "a cat"),
        ("animal, wild or tame", "ant 🧊"),
    ]
)
"""The second label is not what the model says."""


def _logistic(length: int) -> list[float]:
    """Values that follow from one another, but by no linear rule."""
    values = [0.3]
    while len(values) < length:
        values.append(3.7 * values[-1] * (1 - values[-1]))
    return values


SERIES = "day,sales,visits\n" + "".join(
    f"{date(2024, 1, 1) + timedelta(n)},{40 * value:.2f},{'?' if n % 17 == 3 else round(9 + n % 7 + 5 * value, 1)}\n"
    for n, value in enumerate(_logistic(60))
)
"""Two months, of which a visit or two were not counted."""
GOLDEN_SERIES = "month,naïve 🧊\n" + "".join(f"20{20 + n // 12}-{1 + n % 12:02d},{5 + n % 12 % 5}\n" for n in range(30))


@dataclass(frozen=True)
class Use:
    """A way to use a model: as a command line, and in Python."""

    arguments: tuple[str, ...]
    stdin: str = ""
    python: Callable[[Any], object] | None = None
    """What the model gives; None where the command alone has it."""
    parse: Callable[[str], object] = str
    """The same, out of what the command writes to stdout."""
    precision: Any = None
    on_golden: bool = True
    """Whether the golden models can do it too."""

    @property
    def command(self) -> tuple[str, ...]:
        precision = () if self.precision is None else ("--precision", self.precision)
        return (*self.arguments, *precision)


@dataclass(frozen=True)
class Builder:
    data: str
    """The text of a small file of the task's kind."""
    other_data: str
    options: Mapping[str, Any]
    """Options of a tiny network, by their names in Python, with every kind of dropout."""
    variants: tuple[Mapping[str, Any], ...]
    """Networks that differ in what resuming has to restore. The first is what the options alone give."""
    others: tuple[Mapping[str, Any], ...]
    """Networks whose training state cannot be this one's."""
    large_batch: int
    """A step of so many rows is worth more than one thread."""
    learned: Mapping[str, Any]
    """Options with which the network learns the data well enough for int8 to be told from it."""
    uses: tuple[Use, ...]
    """The first one works with every model, and reads all files that using it needs."""
    evaluations: tuple[tuple[str, ...], ...]
    """Options of `charnn eval`."""
    golden: Mapping[str, tuple[str, float]]
    """For each old model directory: data to score it on, and what that costs it."""
    cost: Callable[[Mapping[str, Any]], float]
    """The figure, out of the JSON of an evaluation, that int8 makes a little worse; the lower the better."""
    cost_lost: str
    """How the record of the quantization names what int8 costs in that figure."""
    rewritten: Callable[[Any], Mapping[str, bytes]]
    """The task's own files in a directory, read and made again."""


def _line(text: str) -> str:
    """The text with the line end that the command puts after one that has none."""
    return text if text.endswith("\n") else text + "\n"


def _nats(out: str) -> list[float]:
    return [json.loads(line)["nats"] for line in out.splitlines()]


def _tagged(out: str) -> list[list[str]]:
    return [[word.rpartition("_")[2] for word in line.split()] for line in out.splitlines()]


def _probabilities(classifier: Any) -> list[tuple[str, float]]:
    return [(said.label, round(said.probability, 4)) for said in classifier.classify(TEXTS)]


def _classified(out: str) -> list[tuple[str, float]]:
    rows = [line.split("\t") for line in out.splitlines()]
    return [(label, float(probability)) for label, probability, _ in rows]


TEXTS = ["xxu 1", "", "yv 2 cat", "zzzz"]
TEXT_LINES = "".join(f"{text}\n" for text in TEXTS)

SENTENCES = [["a0", "b1", "c2"], ["the", "1,999"]]
TO_TRANSDUCE = ["abba", "walk", "cab"]
SOURCES = "".join(f"{word}\tV;PST\n" for word in TO_TRANSDUCE)
"""A model without features reads the tab and what follows as part of the source."""
WORDS = "".join(" ".join(words) + "\n" for words in SENTENCES)


def _tags(tagger: Any) -> list[list[str]]:
    column = tagger.columns[0]
    return [list(sentence[column].tags) for sentence in tagger.tag(SENTENCES, columns=[column])]


def _targets(transducer: Any) -> list[str]:
    return list(transducer.transduce(SOURCES.splitlines()))


def _quantiles(forecaster: Any) -> list[list[str]]:
    return [
        [row["time"], row["column"], *(str(value) for value in row["quantiles"].values())]
        for row in forecaster.forecast().rows()
    ]


def _forecast(out: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(out)))[1:]


def _errors(figures: Mapping[str, Any]) -> float:
    """The share of wrong tags, of all columns."""
    columns = [one for name, one in figures.items() if isinstance(one, dict) and name != "all_columns"]
    return 1 - sum(one["accuracy"] for one in columns) / len(columns)


BUILDERS: dict[str, Builder] = {
    "language-model": Builder(
        data=TEXT,
        other_data="Another text with other words.\n" * 9,
        options={
            "hidden": 8, "embedding": 6, "layers": 2, "batch": 4, "window": 10, "dropout": 0.3, "weight_drop": 0.2,
            "embedding_dropout": 0.1, "precision": "fp32", "device": "cpu", "patience": 0, "ngrams": 0,
        },
        variants=(
            {"cell": "lstm"}, {"cell": "gru"}, {"cell": "rnn"}, {"documents": "line", "stopping": "length"},
            {"members": 2, "stopping": "length", "documents": "line"}, {"members": 3, "cell": "gru"},
        ),
        others=(
            {"hidden": 12}, {"embedding": 5}, {"layers": 1}, {"layers": 3}, {"cell": "gru"}, {"cell": "rnn"},
            {"members": 2},
        ),
        large_batch=700,
        learned={"steps": 60, "hidden": 16, "learning_rate": 0.02, "dropout": 0.0},
        uses=(
            Use(
                ("sample", "an", "--seed", "3", "--length", "40", "--no-echo"),
                python=lambda model: _line("".join(model.sample("an", seed=3, length=40))),
            ),
            Use(
                ("sample", "an", "--seed", "3", "--length", "40", "--no-echo", "--temp", "0.5", "--top-k", "5"),
                python=lambda model: _line("".join(model.sample("an", seed=3, length=40, temperature=0.5, top_k=5))),
                precision="int8",
            ),
            Use(
                ("sample", "an", "--seed", "3", "--length", "20", "--no-echo", "--beam", "3"),
                python=lambda model: _line("".join(model.sample("an", seed=3, length=20, beams=3))),
            ),
            Use(
                ("score", "--json"), "an ant\n\nxqz vkj\na tin\n",
                python=lambda model: [round(line.nats, 6) for line in model.score(["an ant", "", "xqz vkj", "a tin"])],
                parse=_nats,
            ),
            Use(("score", "--color"), "an ant\n"),
            Use(("score", "--per-character", "--json"), "an ant\n"),
            Use(("novelty", "--at-least", "5"), "In the beginning\n", on_golden=False),
        ),
        evaluations=((), ("--context", "10")),
        golden={"format-1": (GOLDEN_TEXT, 0.49605)},
        cost=lambda figures: float(figures["bits_per_character"]),
        cost_lost="bits_per_character_lost",
        rewritten=lambda directory: {"tokenizer.json": directory.tokenizer().to_bytes()},
    ),
    "tagger": Builder(
        data=TREEBANK,
        other_data="the_D cat_N\na_D dog_N\n" * 4,
        options={
            "hidden": 8, "embedding": 8, "layers": 1, "batch": 4, "dropout": 0.3, "columns": "tag",
            "precision": "fp32", "device": "cpu", "patience": 0,
        },
        variants=(
            {},
            {"cell": "lstm", "decoder": "crf"},
            {"cell": "gru", "words_from": "lstm", "decoder": "feedback", "layers": 2},
            {"members": 2, "decoder": "feedback"}, {"members": 3, "cell": "gru"},
        ),
        others=({"hidden": 9}, {"layers": 2}, {"cell": "gru"}, {"decoder": "crf"}, {"members": 2}),
        large_batch=600,
        learned={"steps": 40, "learning_rate": 0.02, "dropout": 0.0},
        uses=(
            Use(("tag", "--format", "tokens", "--to", "slashed", "--columns", "{column}"), WORDS, _tags, _tagged),
            Use(
                ("tag", "--format", "tokens", "--to", "slashed", "--columns", "{column}"), WORDS, _tags, _tagged,
                precision="int8",
            ),
            Use(("tag", "--format", "text", "--to", "conllu", "--probs"), "The cat sat. A dog ran."),
            Use(("tag", "--format", "tokens", "--nbest", "2", "--to", "columns", "--min-confidence", "0.5"), WORDS),
        ),
        evaluations=((), ("--errors",)),
        golden={"tagger-1": (GOLDEN_TREEBANK, 0.25)},
        cost=_errors,
        cost_lost="accuracy_lost",
        rewritten=lambda directory: {"lexicon.json": directory.lexicon().to_bytes()},
    ),
    "classifier": Builder(
        data=LABELLED,
        other_data="".join(f"{'yes' if n % 2 else 'no'}\tnot {n}\n" for n in range(12)),
        options={
            "hidden": 8, "embedding": 6, "layers": 1, "batch": 4, "dropout": 0.3, "ngrams": 2,
            "precision": "fp32", "device": "cpu", "patience": 0,
        },
        variants=(
            {},
            {"cell": "gru", "pool": "attention", "layers": 2, "balance": True},
            {"cell": "lstm", "pool": "last", "ngrams": 0, "tokenizer": "bytes"},
            {"members": 2, "pool": "attention"},
            {"tokenizer": "words"},
        ),
        others=({"hidden": 9}, {"layers": 2}, {"cell": "gru"}, {"members": 2}),
        large_batch=2000,
        learned={"steps": 120, "learning_rate": 0.02, "dropout": 0.0},
        uses=(
            Use(("classify",), TEXT_LINES, _probabilities, _classified, precision="fp32"),
            Use(("classify",), TEXT_LINES, _probabilities, _classified, precision="int8"),
            Use(("classify", "--probs", "--json"), TEXT_LINES),
            Use(("classify", "--why"), TEXT_LINES),
        ),
        evaluations=((), ("--errors",)),
        golden=dict.fromkeys(
            ("classifier-1", "classifier-likelihoods-1", "classifier-words-1"), (GOLDEN_LABELLED, 1 / 3)
        ),
        cost=lambda figures: 1 - float(figures["accuracy"]),
        cost_lost="accuracy_lost",
        rewritten=lambda directory: {
            "tokenizer.json": directory.tokenizer().to_bytes(), "labels.json": labels_bytes(directory.labels()),
        },
    ),
    "transducer": Builder(
        data=PAIRS,
        other_data="some\tother\npairs\there\nand\tthere\n" * 3,
        options={
            "hidden": 8, "embedding": 6, "layers": 1, "batch": 4, "dropout": 0.3, "precision": "fp32", "device": "cpu",
            "patience": 0,
        },
        variants=(
            {},
            {"cell": "gru", "attention": "additive", "layers": 2, "scheduled_sampling": 0.3},
            {"cell": "rnn", "attention": "dot", "target_symbols": "characters", "copy": "always"},
            {"cell": "lstm", "attention": "none"},
            {"decoder": "ctc", "target_symbols": "characters", "copy": "always"},
            {"members": 2, "copy": "always", "target_symbols": "characters"},
        ),
        others=({"hidden": 9}, {"layers": 2}, {"cell": "gru"}, {"attention": "additive"}, {"decoder": "ctc"}),
        large_batch=1200,
        learned={"steps": 60, "hidden": 16, "learning_rate": 0.02, "dropout": 0.0},
        uses=(
            Use(("transduce",), SOURCES, _targets, str.splitlines),
            Use(("transduce",), SOURCES, _targets, str.splitlines, precision="int8"),
            Use(("transduce", "--nbest", "2", "--beam", "3", "--keep-source", "--min-confidence", "0.5"), SOURCES),
            Use(("transduce", "--sample", "--seed", "3", "--temp", "0.7", "--json"), SOURCES),
            Use(("transduce", "--pattern", ".*", "--beam", "1"), SOURCES),
        ),
        evaluations=((), ("--errors",), ("--beam", "1")),
        golden={"transducer-1": (GOLDEN_PAIRS, 0.25)},
        cost=lambda figures: float(figures["word_error_rate"]),
        cost_lost="accuracy_lost",
        rewritten=lambda directory: {
            "symbols.json": directory.symbols().to_bytes(), "lookup.json": directory.lookup().to_bytes()
        },
    ),
    "forecaster": Builder(
        data=SERIES,
        other_data="".join(f"{n * n % 7}\n" for n in range(40)),
        options={
            "hidden": 8, "layers": 1, "batch": 4, "dropout": 0.3, "window": 8, "horizon": 3, "precision": "fp32",
            "device": "cpu", "patience": 0,
        },
        variants=({}, {"cell": "gru", "layers": 2, "season": 1}, {"cell": "wavenet", "series": "visits"}),
        others=({"hidden": 9}, {"layers": 2}, {"cell": "gru"}, {"series": "sales"}),
        large_batch=4000,
        learned={"steps": 100, "learning_rate": 0.03, "hidden": 16, "dropout": 0.0},
        uses=(
            Use(("forecast",), python=_quantiles, parse=_forecast),
            Use(("forecast",), python=_quantiles, parse=_forecast, precision="int8"),
            Use(("forecast", "--horizon", "9", "--json")),
            Use(("forecast", "-", "--horizon", "2"), SERIES, on_golden=False),
        ),
        evaluations=((), ("--horizon", "2")),
        golden={"forecaster-1": (GOLDEN_SERIES, 1.44627)},
        cost=lambda figures: float(figures["forecast"]["mase"]),
        cost_lost="mase_lost",
        rewritten=lambda directory: {"series.json": directory.series().to_bytes()},
    ),
}  # fmt: skip
