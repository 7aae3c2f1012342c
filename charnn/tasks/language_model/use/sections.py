"""What a report shows of a language model: what it writes, what it copied, what surprises it, what its units do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from charnn.corpora.documents import split_documents
from charnn.corpora.sources import read
from charnn.errors import CharnnError, CorpusError, UsageError
from charnn.generation.config import SamplingConfig
from charnn.novelty.common_runs import CommonRuns, common_runs
from charnn.pages.page import (
    LEVELS,
    Html,
    Maker,
    Mark,
    as_html,
    chosen_shades,
    element,
    paragraph,
    prose,
    shade_of,
    shaded,
    table,
)
from charnn.readable import escaped
from charnn.tasks.language_model.learned_texts import held_out_texts, training_texts
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.language_model.use.neurons import Activations, Follower, activations, followers
from charnn.tasks.language_model.use.scores import SymbolNats, bits
from charnn.tokenizers.base import first_ids

TEMPERATURES = (0.4, 0.7, 1.0, 1.3)
SAMPLE_LENGTH = 500
AT_LEAST = 20
"""A run of so many characters that stands in the corpus, too, is marked as copied."""
READ_LENGTH = 1200
"""The most characters of the text that is shown in shades."""
ALTERNATIVES = 5
MOST_BITS = 8.0
"""A symbol of so many bits and more has the darkest shade."""
MOST_UNITS = 48


def sections(model: LanguageModel, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
    def text() -> str:
        return _text(model, files, encoding)

    return {
        "What it writes": lambda: _writing(model, seed),
        "What surprises it": lambda: _surprise(model, text(), learned=not files and not model.config.corpus.held_out),
        "What its units do": lambda: _units(model, text()),
    }


def _text(model: LanguageModel, files: Sequence[str], encoding: str) -> str:
    """The beginning of the files, or of what was held out, or where nothing was of what the model learned."""
    any_bytes = model.tokenizer.kind == "bytes"
    if files:
        documents = split_documents(read(files[0], encoding=encoding, any_bytes=any_bytes)[0], "file")
    elif not model.config.corpus.held_out:
        documents = [text[:READ_LENGTH] for _, text in training_texts(model.config.corpus, any_bytes=any_bytes)]
    else:
        documents = held_out_texts(model.config.corpus, READ_LENGTH, any_bytes=any_bytes)
    text = "".join(documents)[:READ_LENGTH]
    if not text:
        raise CorpusError("there is no text to read", hint="name a FILE")
    return text


class _Written(NamedTuple):
    temperature: float
    text: str
    bits_per_character: float


def _writing(model: LanguageModel, seed: int) -> Iterator[Html]:
    written = []
    for temperature in TEMPERATURES:
        pieces = list(
            model.texts([""], SamplingConfig(temperature=temperature, length=SAMPLE_LENGTH), seed=seed, scored=True)
        )
        text = "".join(piece for _, piece, _ in pieces)
        written.append(_Written(temperature, text, bits(-pieces[-1][0].log_probability) / max(len(text), 1)))
    try:
        corpus = training_texts(model.config.corpus, any_bytes=model.tokenizer.kind == "bytes")
        found: list[CommonRuns] | None = common_runs(
            [one.text for one in written], [text for _, text in corpus], AT_LEAST
        )
    except CharnnError as error:
        found = None
        yield paragraph(f"What of it is copied cannot be told: {error}.")
    if found is not None:
        yield paragraph(
            f"Underlined are runs of at least {AT_LEAST} characters that stand in what it learned from, word for word."
        )
    for number, one in enumerate(written):
        yield element("h3", f"At temperature {one.temperature:g}")
        yield prose(*(_underlined(one.text, found[number]) if found is not None else [one.text]))
    header = ["temperature", "bits/char"] + ["copied", "longest run", "its length"] * (found is not None)
    body = []
    for number, one in enumerate(written):
        row = [f"{one.temperature:g}", f"{one.bits_per_character:.2f}"]
        if found is not None:
            longest = found[number].longest
            run = one.text[longest.start : longest.start + longest.length] if longest else ""
            row += [f"{found[number].share or 0:.0%}", escaped(run, but="\\"), f"{len(run):,}"]
        body.append(row)
    yield table(header, body, f"What temperature does (seed {seed}): a low one repeats what is likely, a high one errs")


def _underlined(text: str, found: CommonRuns) -> Iterator[Html]:
    before = 0
    for run in found.runs():
        start = max(run.start, before)
        yield as_html(text[before:start])
        yield element("mark", text[start : run.start + run.length])
        before = run.start + run.length
    yield as_html(text[before:])


class _Reading(NamedTuple):
    """What the model made of a text, symbol by symbol."""

    symbols: list[tuple[str, float]]
    """Each with its nats."""
    alternatives: list[str]
    """What it would rather have had in the place of each, in words; empty where symbols are not single tokens."""


def _read(model: LanguageModel, text: str) -> _Reading:
    """Reads the text as one document. A model of texts with labels reads it as if it had them all, as often as they
    are."""
    config = model.config
    network = model.runtime("fp32", threads=1)
    if model.labels:
        network = network.with_labels(
            model.mixture(dict(zip(model.labels, config.corpus.label_probabilities, strict=True)))
        )
    scorer = model.beside_ngrams(network)
    opening = first_ids(model.tokenizer, ends_are_learned=model.may_stop)
    ids_1T = np.array([[*opening, *model.tokenizer.encode(text)]])
    inputs_1T, targets_1T = ids_1T[:, :-1], ids_1T[:, 1:]
    conditions = scorer.conditions(targets_1T, np.array([0], np.int32))
    logits_1TV, _ = scorer.sequence(inputs_1T, scorer.initial_state(1), conditions)
    logits_TV = logits_1TV[0, len(opening) - 1 :].astype(np.float64)
    top_T1 = logits_TV.max(-1, keepdims=True)
    log_p_TV = logits_TV - top_T1 - np.log(np.exp(logits_TV - top_T1).sum(-1, keepdims=True))
    own_T = ids_1T[0, len(opening) :]
    symbols = SymbolNats(model.tokenizer).of(text, -log_p_TV[np.arange(len(own_T)), own_T])
    if len(symbols) != len(own_T):
        return _Reading(symbols, [])
    likeliest_TK = np.argsort(-log_p_TV, axis=1, kind="stable")[:, :ALTERNATIVES]
    alternatives = [
        ", ".join(f"{_named(model, int(token))} {np.exp(log_p_V[token]):.0%}" for token in likeliest_K)
        for log_p_V, likeliest_K in zip(log_p_TV, likeliest_TK, strict=True)
    ]
    return _Reading(symbols, alternatives)


def _named(model: LanguageModel, token: int) -> str:
    if token == 0:
        return "the end"
    return _quoted(model.tokenizer.decode([token]))


def _quoted(symbol: str) -> str:
    return {" ": "a space", "\n": "a line end", "": "an unknown one"}.get(symbol, f"“{escaped(symbol, but=chr(92))}”")


def _surprise(model: LanguageModel, text: str, *, learned: bool) -> Iterator[Html]:
    reading = _read(model, text)
    total = sum(nats for _, nats in reading.symbols)
    marks = []
    for place, (symbol, nats) in enumerate(reading.symbols):
        said = f"{_quoted(symbol)} had {np.exp(-nats):.1%}, {bits(nats):.2f} bits."
        if reading.alternatives:
            said += f" The likeliest were {reading.alternatives[place]}."
        marks.append(Mark(symbol, shade_of(bits(nats) / len(symbol or "1") / MOST_BITS), said))
    known = " that it has learned, which" if learned else " that"
    yield paragraph(
        f"These are {len(text):,} characters{known} it reads one by one; the darker one is, the less it was expected. "
        f"It needed {bits(total) / len(text):.2f} bits for each. Point at one, touch it, or go along with the arrow "
        "keys to see what else the model had in mind."
    )
    yield shaded(marks, "No character is chosen yet.", scale="surprise")
    worst = sorted(range(len(marks)), key=lambda place: -reading.symbols[place][1])[:10]
    body = [
        (
            escaped(text_before(reading.symbols, place), but="\\"),
            _quoted(reading.symbols[place][0]),
            reading.alternatives[place] if reading.alternatives else "-",
            f"{bits(reading.symbols[place][1]):.1f}",
        )
        for place in worst
    ]
    yield table(["after", "came", "likelier", "bits"], body, "Its ten greatest surprises in this text", numbers=1)


def text_before(symbols: Sequence[tuple[str, float]], place: int) -> str:
    return "…" + "".join(symbol for symbol, _ in symbols[max(place - 20, 0) : place])


def _units(model: LanguageModel, text: str) -> Iterator[Html]:
    try:
        found = activations(model, text)
    except UsageError as error:
        yield paragraph(f"{error}.")
        return
    best = followers(found)
    yield paragraph(
        f"It has {len(found.units):,} hidden units: numbers that each character changes a little, and all that it "
        "remembers. Some follow a thing that a reader sees, and most do not. Blue is below zero, orange above."
    )
    kinds = [(_unit_name(found, number, best), _shades(found, number)) for number in _chosen(found, best)]
    yield chosen_shades(text, kinds, "Unit")
    body = [(one.trait, str(one.unit), f"{one.correlation:+.2f}") for one in best]
    if body:
        yield table(
            ["what it follows", "unit", "correlation"], body, "The unit that follows each thing best", numbers=1
        )


def _chosen(found: Activations, best: Sequence[Follower]) -> list[int]:
    """The units that follow something, the best first, and then those that change most."""
    following = [found.units.index(one.unit) for one in best]
    lively = np.argsort(-found.values_TU.std(0), kind="stable").tolist()
    return list(dict.fromkeys([*following, *lively]))[:MOST_UNITS]


def _unit_name(found: Activations, number: int, best: Sequence[Follower]) -> str:
    unit = found.units[number]
    said = [one.trait for one in best if one.unit == unit]
    return f"{unit}" + (f" follows {' and '.join(said)}" if said else "")


def _shades(found: Activations, number: int) -> list[int]:
    values_T = found.values_TU[:, number]
    largest = max(float(np.abs(values_T).max()), 1e-9)
    return [round(LEVELS * float(value) / largest) for value in values_T]
