"""The options of a tagger, for learning a treebank and for being scored on one."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.errors import UsageError
from charnn.tasks.options import NETWORK, TREEBANKS, option
from charnn.tasks.shared_options import (
    DecoderOptions,
    EvaluationOptions,
    FoldOptions,
    LineOptions,
    MemberOptions,
    MistakeOptions,
    StartFromOptions,
    TeacherOptions,
)
from charnn.tasks.tagger.config import (
    PASSED_OVER,
    Level,
    TaggerNetworkConfig,
    TreebankFormat,
    WordReaderKind,
)
from charnn.tasks.training_options import RecurrentTrainingOptions


def names_of_columns(given: str) -> tuple[str, ...]:
    """The names of columns that --columns gives, with `_` for one that is passed over.

    Raises UsageError where a name is empty or comes twice, or where no column is left.
    """
    names = tuple(name.strip() for name in given.split(","))
    kept = [name for name in names if name != PASSED_OVER]
    if not all(names) or not kept or len(set(kept)) < len(kept):
        raise UsageError(f"--columns {given}: give names with commas between them, such as upos,xpos")
    return names


@dataclass(frozen=True)
class TaggerOptions(
    TeacherOptions,
    MemberOptions,
    DecoderOptions,
    StartFromOptions,
    LineOptions,
    FoldOptions,
    RecurrentTrainingOptions,
):
    columns: str | None = option(
        None,
        "Learn the tags of these columns, all with one network. A column is a kind of tag, such as upos, the universal "
        "parts of speech. Where the files have no names for their columns, these are the names of the columns after "
        "the word, in order; _ passes one over, as in _,_,ner. A word whose tag is _ or missing is neither learned nor "
        "scored in that column.",
        panel=TREEBANKS,
        metavar="upos,xpos,feats",
        shown_default="upos of CoNLL-U; elsewhere one column, called upos, xpos, ner, chunk or tag by what its tags "
        "look like, or by its name in a header",
    )
    format: TreebankFormat | None = option(
        None,
        "Read the files in this format: conllu, columns (between tabs or spaces), slashed (word_TAG) or aligned (see "
        "--tags).",
        panel=TREEBANKS,
        metavar="FORMAT",
        shown_default="told by their content",
    )
    level: Level = option("word", "Learn a tag for every word, or for every character of a line.", panel=TREEBANKS)
    tags: list[str] | None = option(
        None,
        "Take the tags of the characters from this file: it has the same lines as CORPUS, with a tag of one character "
        "in the place of each character. Repeatable, once for each CORPUS.",
        panel=TREEBANKS,
        metavar="FILE",
        shown_default="",
    )
    segment: bool | None = option(
        None,
        "Learn to find the words and sentences of raw text too, from the raw text of CoNLL-U, within a quarter of the "
        "time; tag then finds words that way if that finds more of them than rules do, and so it finds the sentences "
        "of running text (--format text).",
        panel=TREEBANKS,
        flag="--segment/--no-segment",
        shown_default="where rules find fewer than 95% of the words, as in languages without spaces",
    )
    words_from: WordReaderKind | None = option(
        None,
        "Read the spelling of a word with a convolution (cnn) or with an LSTM, character by character.",
        panel=TREEBANKS,
        shown_default=TaggerNetworkConfig.words_from,
    )

    linear: bool | None = option(
        None,
        "Learn a linear model of words and their neighbours too, by what they look like, which decides together with "
        "the network. It is for taggers that choose each tag of a word by itself (--decoder independent).",
        panel=NETWORK,
        flag="--linear/--no-linear",
        shown_default="on, where it makes held-out tags likelier",
    )

    reader: list[str] | None = option(
        None,
        "Have each sentence read by this language model of characters, too, which has learned text of the language, "
        "tagged or not: the state in which it is after a word goes beside what the word looks like. Give a second one, "
        "made by train --backwards, to read from the end as well. The model takes in what it needs of them.",
        panel=TREEBANKS,
        metavar="NAME|PATH",
        shown_default="",
    )

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """The names of the columns to learn, with `_` for one that is passed over; None where the data tell them.

        Raises UsageError where a name is empty or comes twice, or where no column is left.
        """
        return None if self.columns is None else names_of_columns(self.columns)


@dataclass(frozen=True)
class TaggerEvaluationOptions(MistakeOptions, EvaluationOptions):
    columns: str | None = option(
        None,
        "Score the tags of these columns. Where FILE has no names for its columns of tags, these are their names, in "
        "order, and _ passes one over; but where it has as many columns as the data of the model, these are chosen "
        "among those.",
        panel=TREEBANKS,
        metavar="upos,xpos",
        shown_default="all that the model tags",
    )
    format: TreebankFormat | None = option(
        None,
        "Read FILE in this format: conllu, columns (between tabs or spaces), slashed (word_TAG) or aligned (see "
        "--tags).",
        panel=TREEBANKS,
        metavar="FORMAT",
        shown_default="told by its content",
    )
    tags: list[str] | None = option(
        None,
        "Take the tags of the characters from this file: it has the same lines as FILE, with a tag of one character in "
        "the place of each character.",
        panel=TREEBANKS,
        metavar="FILE",
        shown_default="",
    )

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """The names of the columns in FILE, or None for those of the model; `_` stands for one that is passed over.

        Raises UsageError where a name is empty or comes twice, or where no column is left.
        """
        if self.columns is None:
            return None
        return names_of_columns(self.columns)
