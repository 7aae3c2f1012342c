"""How texts begin that are written from nothing, with the openings of documents learned from the initial state and
without, on corpora of few long documents and of many short ones.

Both sides take as many steps, one after the other, from the same weights. A sample begins right where its first
characters are those of a document of the corpus.
"""

from __future__ import annotations

import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import numpy.typing as npt

from charnn.api import SilentObserver
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import generate
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.language_model.corpus import Corpus, read_corpus
from charnn.tasks.language_model.learn import openings
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.training.hardware import keep_freed_memory, thread_counts
from tests.benchmarks.machine import means
from tests.runs import into

STEPS, HIDDEN, SEEDS = 600, 96, 1
FILES, FIRST_LINE = 40, "CHAPTER\n"
PYTHON_CHARACTERS, SHORTEST_MODULE = 4_000_000, 3_000
SAMPLES, BEGINNING = 100, 8
"""The samples of each model, and how many of their first characters are looked at."""
DOCUMENTS, BEFORE = 300, 400
"""The probability of the first token is the mean over so many documents, read after so many tokens before them."""
OPENING = 16
"""The loss of an opening is of so many tokens of each document that was held out."""
VALIDATED = 4_000
LANES, WARM_UP = 8, 2048

Ids = npt.NDArray[np.integer]


class Case(NamedTuple):
    corpus: str
    tokenizer: Any = "characters"
    stopping: Stopping = "symbol"

    def __str__(self) -> str:
        others = [name for name in (self.tokenizer, self.stopping) if name not in ("characters", "symbol")]
        return ", ".join([self.corpus, *others])


CASES = (
    Case("chapters"),
    Case("chapters", "bytes", "halt"),
    Case("chapters", "unigram", "length"),
    Case("python"),
    Case("paragraphs"),
    Case("paragraphs", "unigram", "halt"),
    Case("lines"),
    Case("lines", "bytes", "length"),
)


class Reached(NamedTuple):
    nats: float
    """The nats per character of the held-out text, with the state carried."""
    from_zeros: float
    """The probability of a document's first token after the stop that is read from the initial state, ..."""
    after_document: float
    """... and after the document before it and its stop."""
    opening_nats: float
    """Per token of the openings of documents that were held out, from the initial state."""
    right: int
    """How many samples begin right."""
    speed: float


def run(
    corpus_path: Path,
    *,
    seconds: float | None = None,
    epochs: float | None = None,
    seeds: int | None = None,
    hidden_size: int = HIDDEN,
    cases: tuple[Case, ...] = CASES,
) -> None:
    budget = Budget(epochs=epochs) if epochs else Budget(seconds=seconds) if seconds else Budget(steps=STEPS)
    print(
        f"{budget} of training, 2 x {hidden_size}, seeds 0 to {(seeds or SEEDS) - 1}; {SAMPLES} samples of each model"
    )
    print(
        f"{'':<38} {'nats':<26} {'p, from zeros':<16} {'after a document':<18} {'opening nats':<14} {'right':<8} char/s"
    )
    with tempfile.TemporaryDirectory() as scratch:
        corpora = dict(_corpora(corpus_path, Path(scratch)))
        for case in cases:
            for name, lanes_per_opening in (("before", 1 << 60), ("after", openings.LANES_PER_OPENING)):
                with mock.patch.object(openings, "LANES_PER_OPENING", lanes_per_opening):
                    reached = [
                        _train(corpora[case.corpus], case, budget, seed, hidden_size) for seed in range(seeds or SEEDS)
                    ]
                columns = [means(column, form) for column, form in zip(zip(*reached, strict=True), FORMS, strict=True)]
                print(
                    f"{f'{case}: {name}':<38} " + " ".join(f"{c:<{w}}" for c, w in zip(columns, WIDTHS, strict=True)),
                    flush=True,
                )


FORMS, WIDTHS = (".4f", ".3f", ".3f", ".3f", ".0f", ",.0f"), (26, 16, 18, 14, 8, 0)


def _corpora(text_path: Path, scratch: Path) -> Iterator[tuple[str, Corpus]]:
    text = text_path.read_text("utf-8")
    ends = [text.index("\n", len(text) * number // FILES) + 1 for number in range(1, FILES)]
    paths = []
    for number, (start, end) in enumerate(zip([0, *ends], [*ends, len(text)], strict=True)):
        paths.append(scratch / f"{number}.txt")
        paths[-1].write_text(FIRST_LINE + text[start:end], "utf-8")
    yield "chapters", read_corpus(DataFiles([str(path) for path in paths]))
    yield "paragraphs", read_corpus(DataFiles([str(text_path)]), document="paragraph")
    yield "lines", read_corpus(DataFiles([str(text_path)]), document="line")
    yield "python", read_corpus(DataFiles([str(path) for path in python_modules()]))


def python_modules() -> Iterator[Path]:
    """Modules of Python's own library, from all over it, of so many characters in all."""
    library, characters = Path(sysconfig.get_paths()["stdlib"]), 0
    modules = sorted(path for pattern in ("*.py", "[a-z]*/*.py") for path in library.glob(pattern))
    for index in np.random.default_rng(0).permutation(len(modules)):
        path = modules[index]
        data = path.read_bytes()
        ours = {"site-packages", "test", "tests", "idlelib"}.isdisjoint(path.parts)
        if ours and data.isascii() and len(data) >= SHORTEST_MODULE and characters < PYTHON_CHARACTERS:
            characters += len(data)
            yield path


def _train(corpus: Corpus, case: Case, budget: Budget, seed: int, hidden_size: int) -> Reached:
    settings = {"seed": seed, "patience": 0, "validation_characters": VALIDATED}
    overrides = LanguageModelOverrides(
        budget=budget, hidden_size=hidden_size, stopping=case.stopping, settings=settings
    )
    with tempfile.TemporaryDirectory() as scratch:
        keep_freed_memory()
        session = LanguageModelSession.start(
            into(Path(scratch) / "model", thread_counts()),
            corpus,
            TokenizerConfig(case.tokenizer, 1000),
            overrides,
        )
        session.run(SilentObserver())
        model = RuntimeLanguageModel(session.directory.graph(quantized=False))
        speed = session.config.record.characters_per_second
    tokenizer = session.tokenizer
    held_out = [tokenizer.encode(text) for text in corpus.validation]
    characters = corpus.config.validation_characters
    score = score_carried(model, held_out, characters, stop_id=STOP_ID, lanes=LANES, warm_up=WARM_UP)
    texts = [*corpus.training, *corpus.validation]
    documents = [tokenizer.encode(text) for text in texts]
    chosen = np.random.default_rng(0).permutation(np.arange(1, len(documents)))[:DOCUMENTS]
    beginnings = {text[:BEGINNING] for text in texts}
    sampling = SamplingConfig(temperature=1.0, length=BEGINNING)
    samples = [
        "".join(generate(model, tokenizer, "", sampling, np.random.default_rng(number))) for number in range(SAMPLES)
    ]
    opened = [_nats(model, [], document, OPENING) for document in held_out[:DOCUMENTS]]
    return Reached(
        score.nats_per_character,
        float(np.mean([np.exp(-_nats(model, [], documents[i], 1)[0]) for i in chosen])),
        float(np.mean([np.exp(-_nats(model, documents[i - 1], documents[i], 1)[0]) for i in chosen])),
        float(np.mean(np.concatenate(opened))),
        sum(sample[:BEGINNING] in beginnings for sample in samples),
        speed,
    )


def _nats(model: RuntimeLanguageModel, before: Ids | list[int], document: Ids, tokens: int) -> npt.NDArray[np.floating]:
    """What the first tokens of `document` cost after the end of the one `before` and a stop; from the initial state
    where `before` is empty."""
    first = document[:tokens]
    ids_1T = np.concatenate([before[-BEFORE:], [STOP_ID], first]).astype(np.int64)[np.newaxis]
    inputs_1T, targets_1T = ids_1T[:, :-1], ids_1T[:, 1:]
    conditions = model.conditions(targets_1T, np.array([len(document) - len(first)]))
    costs, _ = model.costs(inputs_1T, targets_1T, model.initial_state(1), conditions)
    nats: npt.NDArray[np.floating] = costs.text_BT[0, -len(first) :]
    return nats
