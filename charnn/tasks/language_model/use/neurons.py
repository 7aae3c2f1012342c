"""What single hidden units do along a text, and which of them follow something that a reader sees (Karpathy 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float32s, Float64s
from charnn.corpora.progress import tell
from charnn.errors import UsageError
from charnn.readable import counted
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tokenizers.base import first_ids

QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“", "‘": "’"}  # noqa: RUF001
VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿаеёиоуыэюяαεηιουω")  # noqa: RUF001


class Unit(NamedTuple):
    """A hidden unit: the number of its layer and its number there, both from 1, as `2:17`."""

    layer: int
    number: int

    def __str__(self) -> str:
        return f"{self.layer}:{self.number}"


class Follower(NamedTuple):
    """A unit that follows a trait of the text."""

    unit: Unit
    trait: str
    correlation: float
    """The correlation over the characters of the text, from -1 to 1."""


class Activations(NamedTuple):
    """What the units were at each character of a text, once they had read it."""

    text: str
    values_TU: Float32s
    units: list[Unit]

    def of(self, unit: Unit) -> Float32s:
        """The values (T,) of one unit. Raises UsageError where there is no such unit."""
        check_units([unit], self.units)
        return self.values_TU[:, self.units.index(unit)]


def units_of(model: LanguageModel) -> list[Unit]:
    """The hidden units of a model, layer by layer; in a layer those of all its members, one after the other.

    Raises UsageError for one that reads other symbols than characters, or more than them.
    """
    config = model.config
    if config.tokenizer.kind != "characters" or config.network.labels or config.network.stopping == "length":
        raise UsageError(
            f"{model.path}: units are shown of models that read characters alone",
            hint="name one that was trained with --tokenizer characters, without --conditioned or --stopping length",
        )
    network = config.network
    width = network.members * network.hidden_size
    return [Unit(layer, n) for layer in range(1, network.layers + 1) for n in range(1, width + 1)]


def check_units(wanted: Sequence[Unit], units: Sequence[Unit]) -> None:
    """Raises UsageError for one that is not among the units of a model."""
    for unit in wanted:
        if unit not in units:
            last = units[-1]
            layers, units_each = counted(last.layer, "layer"), counted(last.number, "unit")
            raise UsageError(f"unit {unit}: the model has {layers} of {units_each}", hint="count from 1")


def activations(model: LanguageModel, text: str) -> Activations:
    """Reads the text as one document. Raises UsageError for an empty text, and as `units_of`."""
    units = units_of(model)
    if not text:
        raise UsageError("the text is empty, and there is nothing to show")
    runtime = model.runtime("fp32", threads=1)
    hidden = [place for place, name in enumerate(runtime.state_names) if name.startswith("hidden")]
    state = runtime.initial_state(1)
    opening = first_ids(model.tokenizer, ends_are_learned=model.may_stop)
    rows = []
    for place, token in enumerate([*opening, *model.tokenizer.encode(text)]):
        tell("reading", place, len(opening) + len(text))
        _, state = runtime.step(np.array([token]), state)
        if place >= len(opening):
            rows.append(np.concatenate([state[layer][:, 0].ravel() for layer in hidden]))
    return Activations(text, np.stack(rows), units)


def traits(text: str) -> dict[str, Float64s]:
    """What a reader sees at each character, as numbers (T,)."""
    line_place, word_place, inside, since_stop = 0, 0, list[str](), 0
    rows = []
    for c in text:
        if inside and c == inside[-1]:
            inside.pop()
        elif c in QUOTES:
            inside.append(QUOTES[c])
        line_place = 0 if c in "\r\n" else line_place + 1
        word_place = word_place + 1 if c.isalpha() else 0
        since_stop = 0 if c in ".!?" else since_stop + 1
        rows.append(
            (
                bool(inside),
                line_place,
                word_place,
                since_stop,
                c.isupper(),
                c in "\r\n",
                c == " ",
                c.isdigit(),
                c.lower() in VOWELS,
                c.isalpha() and c.lower() not in VOWELS,
                not c.isalnum() and not c.isspace(),
            )
        )
    names = (
        "quotes", "the place in the line", "the place in the word", "the length of the sentence so far", "capitals",
        "line ends", "spaces", "digits", "vowels", "consonants", "punctuation",
    )  # fmt: skip
    values_NT = np.array(rows, np.float64).T
    return dict(zip(names, values_NT, strict=True))


def followers(found: Activations) -> list[Follower]:
    """For each trait that varies in the text the unit that follows it best, the best one of all first."""
    centred_TU = found.values_TU - found.values_TU.mean(0)
    size_U = np.sqrt((centred_TU**2).sum(0))
    result = []
    for name, trait_T in traits(found.text).items():
        centred_T = trait_T - trait_T.mean()
        if (size := np.sqrt((centred_T**2).sum())) == 0:
            continue
        correlation_U = centred_T @ centred_TU / np.maximum(size * size_U, 1e-12)
        best = int(np.abs(correlation_U).argmax())
        result.append(Follower(found.units[best], name, float(correlation_U[best])))
    return sorted(result, key=lambda one: -abs(one.correlation))


def parse_units(names: Sequence[str]) -> list[Unit]:
    """The units of names such as `2:17`, or `17` of the first layer. Raises UsageError for anything else."""
    units = []
    for name in names:
        layer, _, number = name.strip().rpartition(":")
        if not number.isdecimal() or (layer and not layer.isdecimal()):
            raise UsageError(f"--units {name}: no unit", hint="write LAYER:UNIT, as in 2:17")
        units.append(Unit(int(layer or 1), int(number)))
    return units
