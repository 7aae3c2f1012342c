"""The three ways to end a document on the lines of one text: what they cost, and whether lines come out as long.

Each trains for the same time with the sizes that charnn chooses for `symbol`, one after the other, seed by seed; with
`--epochs`, which a busy machine does not disturb, on as much text. The sum of the two costs compares: how long a line
is helps to write it, and is paid for where it is foretold. Each line is written from the initial state, as `charnn
sample` does; training shows it where a window of truncated BPTT opens a document, and at the openings beside the
windows.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from charnn.api import SilentObserver
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.language_model.corpus import Corpus, read_corpus
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.lengths import draw_length
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tasks.language_model.use.scores import LanguageScore
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.training.hardware import keep_freed_memory, thread_counts
from tests.benchmarks.machine import means
from tests.runs import into

SECONDS, SEEDS = 60.0, 1
LINES, LONGEST = 1000, 2000
"""How many lines are generated, and after how many characters one is given up."""
TEMPERATURES = (1.0, 0.7)
"""The characters are drawn at these temperatures.

An output that halts and a length that is drawn know none; a symbol is chosen among the others."""
LANES, WARM_UP = 8, 2048

Lengths = npt.NDArray[np.int64]


class Reached(NamedTuple):
    score: LanguageScore
    lengths: dict[float, Lengths]
    """The lengths of generated lines by temperature, in tokens, which are characters here."""


def run(
    corpus_path: Path, *, seconds: float | None = None, epochs: float | None = None, seeds: int | None = None
) -> None:
    budget, seeds = Budget(epochs=epochs) if epochs else Budget(seconds=seconds or SECONDS), seeds or SEEDS
    corpus = read_corpus(DataFiles([str(corpus_path)]), document="line")
    real = np.array([len(line) for line in corpus.training + corpus.validation])
    sizes: dict[str, Any] = {}
    reached: dict[Stopping, list[Reached]] = defaultdict(list)
    for seed in range(seeds):
        for stopping in get_args(Stopping):
            reached[stopping].append(_train(corpus, stopping, budget, seed, sizes))
    characters = reached["symbol"][0].score.characters
    print(f"{len(real):,} lines; {sizes}; {budget} of training, seeds 0 to {seeds - 1}")
    print(f"\nnats per character of the {characters:,} held out, the state carried")
    print(f"{'':<10} {'in all':<26} {'text':<26} {'ends':<26} nats per end")
    for stopping, results in reached.items():
        columns = [
            [(r.score.nats + r.score.stop_nats) / characters for r in results],
            [r.score.nats / characters for r in results],
            [r.score.stop_nats / characters for r in results],
            [r.score.stop_nats / r.score.stops for r in results],
        ]
        print(f"{stopping:<10} " + " ".join(f"{means(column, '.4f'):<26}" for column in columns))
    print(f"\nlengths of {LINES:,} lines, in characters with their ends, to those of all lines of the text")
    print(f"{'':<24} {'Kolmogorov-Smirnov':<26} {'Wasserstein':<26} {'mean':>6}  quartiles")
    print(f"{'the text':<24} {'':<26} {'':<26} {real.mean():>6.1f}  {_quartiles(real)}")
    drawn = [np.random.default_rng(seed).choice(real, LINES) for seed in range(seeds)]
    _row("drawn from the text", drawn, real)
    for temperature in TEMPERATURES:
        for stopping, results in reached.items():
            _row(f"{stopping}, temperature {temperature:g}", [r.lengths[temperature] for r in results], real)


def _row(name: str, drawn: Sequence[Lengths], real: Lengths) -> None:
    distances = np.array([_distances(lengths, real) for lengths in drawn])
    together = np.concatenate(drawn)
    print(
        f"{name:<24} {means(distances[:, 0].tolist(), '.3f'):<26} {means(distances[:, 1].tolist(), '.2f'):<26} "
        f"{together.mean():>6.1f}  {_quartiles(together)}"
    )


def _quartiles(lengths: Lengths) -> str:
    return " ".join(f"{quartile:g}" for quartile in np.percentile(lengths, [25, 50, 75]))


def _distances(lengths: Lengths, real: Lengths) -> tuple[float, float]:
    """The largest difference of the two distribution functions (Kolmogorov-Smirnov), and the area between them
    (Wasserstein, of order 1)."""
    places = np.arange(1 + max(lengths.max(), real.max()))
    shares = [np.searchsorted(np.sort(values), places, side="right") / len(values) for values in (lengths, real)]
    apart = np.abs(shares[0] - shares[1])
    return float(apart.max()), float(apart.sum())


def _train(corpus: Corpus, stopping: Stopping, budget: Budget, seed: int, sizes: dict[str, Any]) -> Reached:
    """Trains a network of the `sizes` that the first run of all has found."""
    overrides = LanguageModelOverrides(stopping=stopping, budget=budget, settings={"seed": seed}, **sizes)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model"
        keep_freed_memory()
        session = LanguageModelSession.start(into(path, thread_counts()), corpus, TokenizerConfig(), overrides)
        session.run(SilentObserver())
        network, training = session.config.network, session.config.training
        sizes |= {name: getattr(network, name) for name in ("layers", "hidden_size", "embedding_size", "dropout")}
        sizes |= {name: getattr(training, name) for name in ("batch_size", "window_length", "learning_rate")}
        model = RuntimeLanguageModel(session.directory.graph(quantized=False))
        record = session.config.record
        print(
            f"seed {seed}  {stopping:<8} {record.characters_per_second:>9,.0f} char/s  {record.epochs:6.2f} epochs  "
            f"ended by: {record.stopped_by}",
            flush=True,
        )
    tokenizer = session.tokenizer
    ids = [tokenizer.encode(line) for line in corpus.validation]
    score = score_carried(
        model, ids, corpus.config.validation_characters, stop_id=STOP_ID, lanes=LANES, warm_up=WARM_UP
    )
    random = np.random.default_rng(seed)
    return Reached(score, {value: generated_lengths(model, tokenizer, random, value) for value in TEMPERATURES})


def generated_lengths(
    model: RuntimeLanguageModel, tokenizer: Tokenizer, random: np.random.Generator, temperature: float
) -> Lengths:
    """The lengths of LINES lines, which are all written side by side; a lane is given up when its line has ended."""
    forbidden = [id for id in (tokenizer.unknown_id,) if id is not None]
    state, remaining_B = model.initial_state(LINES), np.zeros(LINES, np.int64)
    if model.stopping == "length":
        logits_BV, log_p_BL, state = model.open_documents(LINES)
        remaining_B = np.array([draw_length(log_p_L, random.random()) for log_p_L in log_p_BL])
    else:
        logits_BV, state = model.step(np.full(LINES, STOP_ID), state)
    lengths: list[int] = []
    for written in range(LONGEST):
        logits_BV = logits_BV.astype(np.float64)
        logits_BV[:, forbidden] = -np.inf
        p_stop_B = _softmax(logits_BV)[:, STOP_ID]
        if model.stopping != "symbol":
            logits_BV[:, STOP_ID] = -np.inf
        with np.errstate(invalid="ignore", divide="ignore"):  # where nothing but the stop is left
            ids_B = (logits_BV / temperature + random.gumbel(size=logits_BV.shape)).argmax(1)
        ended_B = ids_B == STOP_ID if model.stopping == "symbol" else random.random(len(ids_B)) < p_stop_B
        lengths += [written] * int(ended_B.sum())
        kept = np.flatnonzero(~ended_B)
        if not len(kept):
            break
        remaining_B = remaining_B[kept] - 1
        logits_BV, state = model.step(ids_B[kept], model.select(state, kept), {"countdown": remaining_B})
    return np.array(lengths + [LONGEST] * (LINES - len(lengths)))


def _softmax(logits_BV: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    mass_BV = np.exp(logits_BV - logits_BV.max(1, keepdims=True))
    return mass_BV / mass_BV.sum(1, keepdims=True)
