"""The options that several tasks share. Each task inherits them, so that an option means the same everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from charnn.cells import CELLS
from charnn.config import Budget, Device, Optimizer, Precision, TrainingConfig
from charnn.config.tokenizer import TokenizerConfig, TokenizerKind
from charnn.corpora.decoding import OnError
from charnn.corpora.labelled import LabelledLayout
from charnn.errors import UsageError
from charnn.tasks.options import BUDGET, FIRST, LABELLED, MISTAKES, NETWORK, TEXTS, TRAINING, option


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
        "labelled texts a tenth of each label's, of pairs a tenth of the sources with all their targets",
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
class RecurrentTrainingOptions(TrainingOptions):
    """The options that every task has which trains a recurrent network with the shared optimizers."""

    cell: str | None = option(
        None,
        "Build the recurrent layers from this cell, the unit that remembers what was read.",
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
    embedding: int | None = option(
        None,
        "Turn each symbol (a tagger: each word) into a vector of N numbers, which are learned.",
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
        "Learn from N places of the text (a tagger: N sentences, a classifier: N texts) at each step.",
        panel=TRAINING,
        metavar="N",
        minimum=1,
        shown_default="chosen",
    )
    window: int | None = option(
        None,
        "Learn within windows of N symbols how they depend on each other; what was read before a window is still "
        "remembered (a tagger: cut sentences after N words; a classifier: let the network read the first N symbols of "
        "a text).",
        panel=TRAINING,
        metavar="N",
        minimum=1,
        shown_default="64; for taggers and classifiers 256",
    )
    learning_rate: float | None = option(
        None,
        "Let the learning rate, the size of the steps, rise to X at first; then it falls to nearly 0.",
        panel=TRAINING,
        metavar="X",
        shown_default="0.008, for taggers and classifiers 0.004",
    )
    optimizer: Optimizer | None = option(
        None,
        "Train with this optimizer. adamw trains all weights with AdamW, and muon trains the matrices of the recurrent "
        "layers with Muon and the rest with AdamW.",
        panel=TRAINING,
        shown_default="muon, for taggers and classifiers adamw",
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

    def training_settings(self, *, patience: int) -> dict[str, Any]:
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
    def sizes(self) -> dict[str, Any]:
        """The sizes that were asked for, named as the overrides of a task name them; None where the task chooses."""
        return {
            "layers": self.layers,
            "hidden_size": self.hidden,
            "dropout": self.dropout,
            "batch_size": self.batch,
            "window_length": self.window,
            "learning_rate": self.learning_rate,
            "budget": self.budget,
        }


ON_ERROR_HELP = (
    "Do this where a line has bytes that are not in the encoding: end with an error (fail), warn and leave the line "
    "out (skip), or warn and read each such byte as U+FFFD (replace). In a treebank, skip leaves out the sentence that "
    "has such a byte, and any that is malformed."
)


@dataclass(frozen=True)
class LineOptions:
    """The options for reading the files that a model is trained on."""

    on_error: OnError = option("fail", ON_ERROR_HELP, panel=TRAINING)


@dataclass(frozen=True)
class EvaluationOptions:
    """The options for reading the files that a model is scored on."""

    on_error: OnError = option("fail", ON_ERROR_HELP, panel="")


@dataclass(frozen=True)
class LabelledOptions:
    """The options that say where the labels and the texts of a file are."""

    label_column: int | None = option(
        None,
        "Take the labels from this column, 1 or 2, of lines that have a label and a text with a tab between them.",
        panel=LABELLED,
        metavar="1|2",
        minimum=1,
        maximum=2,
        shown_default="the column with fewer different values",
    )
    text: str | None = option(
        None,
        "Take the texts from this column of a table with a header (CSV, or with tabs), or this key of JSON lines.",
        panel=LABELLED,
        metavar="NAME",
        shown_default="a usual name, such as text or sentence",
    )
    label: str | None = option(
        None,
        "Take the labels from this column of a table with a header, or this key of JSON lines.",
        panel=LABELLED,
        metavar="NAME",
        shown_default="a usual name, such as label or class",
    )

    @property
    def layout(self) -> LabelledLayout:
        return LabelledLayout(self.text, self.label, self.label_column)


@dataclass(frozen=True)
class StartFromOptions:
    """The option of every task that can start from another model's weights."""

    start_from: str | None = option(
        None,
        "Start from the weights of this model instead of random ones. What both know keeps its weights: symbols, and "
        "in a tagger words, characters and tags. The network keeps its shape.",
        panel=TRAINING,
        metavar="NAME|PATH",
        flag="--from",
        shown_default="",
    )


@dataclass(frozen=True)
class DecoderOptions:
    """The option of every task that writes a sequence beside another: how it chooses symbols or tags."""

    decoder: Literal["independent", "feedback", "crf", "attention", "ctc"] | None = option(
        None,
        "With treebanks, choose each tag by itself (independent), each with a view of the tag before it (feedback), or "
        "the best sequence of tags as a whole (crf). Where all tags of a column keep to a scheme for named entities "
        "(BIO, IOB1, IOBES, BILOU, BMES), none of them writes what the scheme forbids. With pairs, write symbol by "
        "symbol, each with a view of those before it (attention), or let every place of the source write its own part "
        "of the target (ctc).",
        panel=NETWORK,
        shown_default="independent for treebanks, attention for pairs",
    )

    def decoder_among(self, kinds: Any, data: str) -> Any:
        """The decoder that was asked for, one of a Literal's `kinds`, which are those for `data`. Raises UsageError for
        another one."""
        if self.decoder is not None and self.decoder not in get_args(kinds):
            raise UsageError(f"--decoder {self.decoder}: for {data} there are {' and '.join(get_args(kinds))}")
        return self.decoder


@dataclass(frozen=True)
class SymbolOptions(StartFromOptions):
    """The options of tasks that read a text symbol by symbol."""

    tokenizer: TokenizerKind | None = option(
        None,
        "Cut the text into these symbols: characters, bytes (for files of any kind), or pieces of words that are "
        "learned from the text in one of two ways (unigram, bpe).",
        panel=TEXTS,
        metavar="KIND",
        shown_default="characters, or what the model of --from has",
    )
    vocab_size: int = option(
        TokenizerConfig.vocabulary_size,
        "With --tokenizer unigram or bpe, learn a vocabulary of N pieces.",
        panel=TEXTS,
        metavar="N",
        minimum=2,
    )
    min_count: int = option(
        TokenizerConfig.min_count,
        "Give a character that occurs fewer than N times no symbol of its own; all such characters share one.",
        panel=TEXTS,
        metavar="N",
        minimum=1,
    )

    def tokenizer_config(self, of_source: TokenizerConfig | None) -> TokenizerConfig:
        """The tokenizer that was asked for, or else that of the model to start from where there is one."""
        if self.tokenizer is None and of_source is not None:
            return TokenizerConfig(of_source.kind, of_source.vocabulary_size, self.min_count)
        return TokenizerConfig(self.tokenizer or TokenizerConfig.kind, self.vocab_size, self.min_count)


@dataclass(frozen=True)
class MistakeOptions:
    """The options for seeing what a model mistakes for what."""

    confusion: str | None = option(
        None,
        "Draw which tags, labels or symbols are taken for which as a picture (a confusion matrix). A tagger draws its "
        "first column or, with {column} in the name, one picture for each column.",
        panel=MISTAKES,
        metavar="FILE.png",
        shown_default="",
    )
    errors: bool = option(
        False,
        "List each mistake instead of the figures: each word with a wrong tag in its sentence, each text with a wrong "
        "label, or each source with a wrong target.",
        panel=MISTAKES,
    )


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """The seconds that a text such as `90`, `90s`, `3m`, `1.5h` or `1h30m` means. Raises UsageError for others."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"--time {text}: not a duration", hint="write it like 90s, 3m, 1.5h or 1h30m")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
