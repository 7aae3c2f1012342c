"""What a tagger can be told when it learns a treebank, and when it is scored on one."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.errors import UsageError
from charnn.tasks.options import TREEBANKS, RecurrentTrainingOptions, option
from charnn.tasks.tagger.config import DecoderKind, Level, TaggerNetworkConfig, TreebankFormat, WordReaderKind


@dataclass(frozen=True)
class TaggerOptions(RecurrentTrainingOptions):
    columns: str | None = option(
        None,
        "Learn the tags of these columns, with one network and a head for each.",
        panel=TREEBANKS,
        metavar="upos,xpos,feats",
        shown_default="upos",
    )
    format: TreebankFormat | None = option(
        None, "Read the files in this format.", panel=TREEBANKS, shown_default="told by their content"
    )
    level: Level = option("word", "Learn a tag for every word, or for every character of a line.", panel=TREEBANKS)
    tags: list[str] | None = option(
        None,
        "Take the tags from this file: it has the same lines as CORPUS, with the tag of each character in its place. "
        "Repeatable, one for each CORPUS.",
        panel=TREEBANKS,
        metavar="FILE",
        shown_default="",
    )
    words_from: WordReaderKind | None = option(
        None,
        "Read the characters of a word by convolution or by an LSTM.",
        panel=TREEBANKS,
        shown_default=TaggerNetworkConfig.words_from,
    )
    decoder: DecoderKind | None = option(
        None,
        "Choose each tag by itself, with the tag before it as an input (feedback), or the best sequence as a whole "
        "(crf).",
        panel=TREEBANKS,
        shown_default=TaggerNetworkConfig.decoder,
    )

    @property
    def column_names(self) -> tuple[str, ...]:
        """Raises UsageError where a name is empty or comes twice."""
        if self.columns is None:
            return ("tag",) if self.level == "character" or self.tags else ("upos",)
        columns = tuple(column.strip() for column in self.columns.split(","))
        if not all(columns) or len(set(columns)) < len(columns):
            raise UsageError(f"--columns {self.columns}: give names with commas between them, such as upos,xpos")
        return columns


@dataclass(frozen=True)
class TaggerEvaluationOptions:
    columns: str | None = option(
        None,
        "Score these columns. Where FILE has no names for its tags, these are their names, in order; _ passes one "
        "over.",
        panel=TREEBANKS,
        metavar="upos,xpos",
        shown_default="all that the model tags",
    )
    format: TreebankFormat | None = option(
        None, "Read FILE in this format.", panel=TREEBANKS, shown_default="told by its content"
    )
    tags: list[str] | None = option(
        None,
        "Take the tags from this file: it has the same lines as FILE, with the tag of each character in its place.",
        panel=TREEBANKS,
        metavar="FILE",
        shown_default="",
    )
    confusion: str | None = option(
        None,
        "Draw the confusion matrix of the first column; with {column} in the name, one of each column.",
        panel=TREEBANKS,
        metavar="FILE.png",
        shown_default="",
    )
    errors: bool = option(False, "List the mistaken words in their sentences instead of the figures.", panel=TREEBANKS)

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """None for all of the model's; `_` stands for one that is passed over. Raises UsageError."""
        if self.columns is None:
            return None
        names = tuple(name.strip() for name in self.columns.split(","))
        scored = [name for name in names if name != "_"]
        if not all(names) or not scored or len(set(scored)) < len(scored):
            raise UsageError(f"--columns {self.columns}: give names with commas between them, such as upos,xpos")
        return names
