"""The options that several tasks share beside those of training (`training_options`): what is read and how, where a run
starts, and what is shown. Each task inherits them, so that an option means the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from charnn.config.model import MOST_MEMBERS, ReadKind, TokenizerConfig
from charnn.corpora.decoding import OnError
from charnn.corpora.labelled_layout import LabelledLayout
from charnn.errors import UsageError
from charnn.readable import listed
from charnn.tasks.options import LABELLED, MISTAKES, NETWORK, TEXTS, TRAINING, option

ON_ERROR_HELP = (
    "Do this where a line has bytes that are not in the encoding: end with an error (fail), warn and leave the line "
    "out (skip), or warn and read each such byte as U+FFFD (replace). In a treebank, skip leaves out the sentence that "
    "has such a byte, and any that is malformed; from labelled texts and pairs it leaves out malformed rows, too."
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
        "Take the labels from this column, 1 or 2, of lines that have a label and a text with a tab, a bar, a "
        "semicolon or a comma between them, without a header.",
        panel=LABELLED,
        metavar="1|2",
        minimum=1,
        maximum=2,
        shown_default="the column with fewer different values",
    )
    text: str | None = option(
        None,
        "Take the texts from this column of a table with a header (CSV, or with tabs), or this key of JSON lines: its "
        "name or its number.",
        panel=LABELLED,
        metavar="NAME",
        shown_default="a usual name, such as text or sentence",
    )
    label: str | None = option(
        None,
        "Take the labels from this column of a table with a header, or this key of JSON lines: its name or its number. "
        "A classifier may have several, with commas between their names: columns of 0 and 1, each named after a label, "
        "or of labels.",
        panel=LABELLED,
        metavar="NAME",
        shown_default="a usual name, such as label or class",
    )

    @property
    def layout(self) -> LabelledLayout:
        return LabelledLayout(self.text, self.label, self.label_column)


@dataclass(frozen=True)
class FoldOptions:
    """The option of every task whose data are often few."""

    folds: int | None = option(
        None,
        "Cut the data into N parts, train N times without one of them, measure each model on the part that it lacks, "
        "and say the mean and the spread; then train one model of all the data, which is kept. Each of the N + 1 runs "
        "has the budget that is given. This is for treebanks, labelled texts and pairs.",
        panel=TRAINING,
        metavar="N",
        minimum=2,
        shown_default="",
    )


@dataclass(frozen=True)
class MemberOptions:
    """The option of every task whose model may be several networks."""

    members: int | None = option(
        None,
        "Train N networks side by side that differ by chance, and use them as one model whose probabilities are the "
        "mean of theirs. They share the time, and the model is N times as large. This pays where more time for one "
        "network brings nothing more. Those of a language model "
        "or a tagger learn at the same time, where there is a processor for each.",
        panel=NETWORK,
        metavar="N",
        minimum=1,
        maximum=MOST_MEMBERS,
        shown_default="1, or what the model of --from has; a language model or tagger, 2 where the time is long for "
        "its data",
    )


@dataclass(frozen=True)
class NgramOptions:
    """The option of the tasks whose models have n-grams beside the network."""

    ngrams: int | None = option(
        None,
        "Use n-grams, runs of up to N symbols, beside the network. A language model counts those of its text, and "
        "lets them and the network decide together what comes next. A classifier gives them weights (the direct path), "
        "besides words, pairs of words, which words have capitals or digits, how long a text is, and what texts of "
        "several words begin with and end in. 0 leaves all of this out.",
        panel=NETWORK,
        metavar="N",
        minimum=0,
        maximum=8,
        shown_default="7; a classifier, 5",
    )


@dataclass(frozen=True)
class TeacherOptions:
    """The option of every task whose networks can learn from what models say."""

    teacher: list[str] | None = option(
        None,
        "Learn from what this model says about the text as well as from the text, so that the new network learns what "
        "the model knows, and may be smaller, larger or of another cell. Repeatable; it then learns from the mean of "
        "what they say. Each must have learned the same symbols; a tagger, the same columns with the same tags.",
        panel=TRAINING,
        metavar="NAME|PATH",
        shown_default="",
    )


@dataclass(frozen=True)
class StartFromOptions:
    """The option of every task that can start from another model's weights."""

    start_from: str | None = option(
        None,
        "Start from the weights of this model instead of random ones. What both know keeps its weights: symbols, and "
        "in a tagger words, characters and tags. The network keeps its shape. A language model learns a few lines "
        "beside parts of the text that it has learned, which it then does not forget.",
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
            raise UsageError(f"--decoder {self.decoder}: for {data} there are {listed(get_args(kinds))}")
        return self.decoder


@dataclass(frozen=True)
class SymbolOptions(StartFromOptions):
    """The options of tasks that read a text symbol by symbol."""

    tokenizer: ReadKind | None = option(
        None,
        "Cut the text into these symbols: characters, bytes (for files of any kind), or pieces of words that are "
        "learned from the text in one of two ways (unigram, bpe). A classifier may read whole words, too (words).",
        panel=TEXTS,
        metavar="KIND",
        shown_default="characters, or what the model of --from has; for a classifier words, where texts have several "
        "that come again",
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
        "Give a character or a word that occurs fewer than N times no symbol of its own; all such share one. A word "
        "must come twice in any case.",
        panel=TEXTS,
        metavar="N",
        minimum=1,
    )

    def tokenizer_config(self, of_source: TokenizerConfig | None) -> TokenizerConfig:
        """The tokenizer that was asked for, or else that of the model to start from where there is one."""
        if self.tokenizer is None and of_source is not None:
            return TokenizerConfig(of_source.kind, of_source.vocabulary_size, self.min_count)
        return TokenizerConfig(self.tokenizer or TokenizerConfig.kind, self.vocab_size, self.min_count)

    def check_vocabulary(self, model: str, theirs: TokenizerConfig) -> None:
        """Raises UsageError where another vocabulary was asked for than that of `model`, whose vocabulary is kept."""
        for flag, asked, default, found in (
            ("--tokenizer", self.tokenizer, None, theirs.kind),
            ("--vocab-size", self.vocab_size, TokenizerConfig.vocabulary_size, theirs.vocabulary_size),
            ("--min-count", self.min_count, TokenizerConfig.min_count, theirs.min_count),
        ):
            if asked not in (default, found):
                raise UsageError(
                    f"{model}: it has {flag} {found}, not {asked}", hint=f"leave {flag} out: the vocabulary is the same"
                )


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
