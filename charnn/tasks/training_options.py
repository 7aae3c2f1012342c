"""The options of every task that learns: its budget, its network and how it is trained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from charnn.cells import CELLS
from charnn.config import Budget, Device, Optimizer, Precision, TrainingConfig
from charnn.errors import UsageError
from charnn.tasks.options import BUDGET, FIRST, NETWORK, TRAINING, option


@dataclass(frozen=True)
class TrainingOptions:
    """The options that every task has when it learns."""

    time: str | None = option(
        None,
        "Train for this long. A longer time gives a larger network and a better model.",
        panel=FIRST,
        metavar="3m",
        shown_default="what suits the length of the data",
    )
    valid: list[str] | None = option(
        None,
        "Measure the model on this file while it trains, and keep the weights that do best on it. Repeatable. none "
        "learns all of the data, measures nothing and keeps the last weights, which suits a tiny text.",
        panel=FIRST,
        metavar="FILE|none",
        shown_default="the last tenth of the data, a million characters at most, which is then not learned from; of "
        "labelled texts a tenth of each label's, of pairs a tenth of the sources with all their targets, of a series "
        "its last rows",
    )
    epochs: float | None = option(
        None, "Train until the data have been read X times, instead of --time.", panel=BUDGET, metavar="X"
    )
    steps: int | None = option(
        None,
        "Train for N steps, each with one batch of the data, instead of --time.",
        panel=BUDGET,
        metavar="N",
        minimum=1,
    )
    patience: int | None = option(
        None,
        "End the run early after N validations in a row without a better one, once the learning rate has fallen to its "
        "last value. 0 never ends it early.",
        panel=BUDGET,
        metavar="N",
        minimum=0,
        shown_default=f"{TrainingConfig.patience}, for a language model; for other models 0",
    )
    files_from: str | None = option(
        None,
        "Learn from the files that this list names, too: a path on each line, or paths with a NUL after each, as "
        "`find -print0` writes them. - is stdin.",
        panel=FIRST,
        metavar="LIST",
        shown_default="",
    )
    encoding: str = option("utf-8", "Read the files in this encoding.", panel=TRAINING, metavar="NAME")
    precision: Precision = option(
        "auto",
        "Multiply matrices in this precision. auto is bf16 where the hardware is fast at it, and otherwise fp32.",
        panel=TRAINING,
    )
    device: Device = option("auto", "Train on this device. auto takes a GPU where there is one.", panel=TRAINING)
    seed: int = option(
        0,
        "Start the random numbers from N. The same N gives the same model where the budget is --steps or --epochs.",
        panel=TRAINING,
        metavar="N",
        minimum=0,
    )

    @property
    def holds_out(self) -> bool:
        """Whether some of the data, or other data, are kept to validate with. Raises UsageError where both are asked
        for."""
        if "none" in (self.valid or []) and len(self.valid or []) > 1:
            raise UsageError("--valid none learns all of the data, and --valid FILE validates with others: give one")
        return self.valid != ["none"]

    @property
    def validation_paths(self) -> list[str]:
        """The files to validate with. Where there are none, and `holds_out`, a part of the data is held out."""
        return [path for path in self.valid or [] if self.holds_out]

    @property
    def budget(self) -> Budget | None:
        """The budget, or None where the task chooses it. Raises UsageError where two budgets were given."""
        given = [value for value in (self.time, self.epochs, self.steps) if value is not None]
        if not given:
            return None
        if len(given) > 1:
            raise UsageError("--time, --epochs and --steps: give one of them")
        return Budget(seconds=None if self.time is None else seconds(self.time), epochs=self.epochs, steps=self.steps)


@dataclass(frozen=True)
class NetworkTrainingOptions(TrainingOptions):
    """The options that every task has which trains a recurrent network with the shared optimizers."""

    cell: str | None = option(
        None,
        "Build the recurrent layers from this cell, the unit that remembers what was read. A wavenet is a block of "
        "convolutions instead, which see the last 64 symbols and no others. An ntm is a neural Turing machine: an lstm "
        "with a memory of 64 places, which it writes to and reads from. It takes several times as long to train.",
        panel=NETWORK,
        metavar="|".join(CELLS),
        shown_default="lstm",
    )
    layers: int | None = option(
        None,
        "Put N recurrent layers on top of each other.",
        panel=NETWORK,
        metavar="N",
        minimum=1,
        shown_default="chosen",
    )
    hidden: int | None = option(
        None,
        "Give each layer N units. More can remember more, and take longer to train.",
        panel=NETWORK,
        metavar="N",
        minimum=1,
        shown_default="chosen",
    )
    dropout: float | None = option(
        None,
        "Switch units off at random, with probability P, while training. This keeps the network from learning its text "
        "by heart.",
        panel=NETWORK,
        metavar="P",
        minimum=0,
        maximum=0.99,
        shown_default="chosen",
    )
    batch: int | None = option(
        None,
        "Learn from N places of the text (a tagger: N sentences, a classifier: N texts, a forecaster: N windows) at "
        "each step.",
        panel=TRAINING,
        metavar="N",
        minimum=1,
        shown_default="chosen",
    )
    window: int | None = option(
        None,
        "Learn within windows of N symbols how they depend on each other; what was read before a window is still "
        "remembered (a tagger: cut sentences after N words; a classifier: let the network read the first N symbols of "
        "a text; a forecaster: read N rows before each forecast).",
        panel=TRAINING,
        metavar="N",
        minimum=1,
        shown_default="64; for taggers and classifiers 256, for forecasters two seasons, 24 to 96 rows",
    )
    learning_rate: float | None = option(
        None,
        "Let the learning rate, the size of the steps, rise to X at first; then it falls to nearly 0.",
        panel=TRAINING,
        metavar="X",
        shown_default="0.008; for all but language models 0.004, for classifiers of large batches up to 0.008",
    )
    optimizer: Optimizer | None = option(
        None,
        "Train with this optimizer. adamw trains all weights with AdamW, and muon trains the matrices of the recurrent "
        "layers with Muon and the rest with AdamW.",
        panel=TRAINING,
        shown_default="muon; for all but language models adamw",
    )
    clip: float | None = option(
        None,
        "Scale a gradient whose norm is above X down to X, so that no step is too large.",
        panel=TRAINING,
        metavar="X",
        shown_default=f"{TrainingConfig.clip_norm:g}",
    )
    clip_value: float | None = option(
        None,
        "Cut each number of a gradient to at most X in size, instead of --clip.",
        panel=TRAINING,
        metavar="X",
        shown_default="",
    )

    def __post_init__(self) -> None:
        if self.cell is not None and self.cell not in CELLS:
            raise UsageError(f"--cell {self.cell}: no such cell", hint=f"there are {', '.join(CELLS)}")

    def training_settings(self, *, patience: int = 0) -> dict[str, Any]:
        """The fields of TrainingConfig that follow from these options, besides the sizes. `patience` is the task's
        default.

        Raises UsageError where options contradict each other.
        """
        if self.clip is not None and self.clip_value is not None:
            raise UsageError("--clip and --clip-value: give one of them")
        settings: dict[str, Any] = {"precision": self.precision, "device": self.device, "seed": self.seed}
        settings["patience"] = patience if self.patience is None else self.patience
        if not self.holds_out:
            settings["keeps"] = "last"
        if self.optimizer is not None:
            settings["optimizer"] = self.optimizer
        if self.clip_value is not None:
            settings |= {"clip_norm": None, "clip_value": self.clip_value}
        elif self.clip is not None:
            settings["clip_norm"] = self.clip
        return settings

    @property
    def overrides(self) -> dict[str, Any]:
        """What was asked for of the network and its training, by the names that `Overrides` has for it; None where the
        task chooses."""
        return {
            "cell": self.cell,
            "layers": self.layers,
            "hidden_size": self.hidden,
            "dropout": self.dropout,
            "batch_size": self.batch,
            "window_length": self.window,
            "learning_rate": self.learning_rate,
            "budget": self.budget,
        }


@dataclass(frozen=True)
class RecurrentTrainingOptions(NetworkTrainingOptions):
    """The options of such a task whose network reads symbols."""

    embedding: int | None = option(
        None,
        "Turn each symbol (a tagger: each word) into a vector of N numbers, which are learned.",
        panel=NETWORK,
        metavar="N",
        minimum=1,
        shown_default="chosen",
    )


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """The seconds that a text such as `90`, `90s`, `3m`, `1.5h` or `1h30m` means. Raises UsageError for others."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"--time {text}: not a duration", hint="write it like 90s, 3m, 1.5h or 1h30m")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
