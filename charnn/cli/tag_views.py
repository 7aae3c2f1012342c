"""What `charnn tag` writes: sentences in the format of --to, or in one that suits their own, or as objects; and what it
says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from charnn.cli import console
from charnn.corpora.decoding import FEW
from charnn.errors import UsageError
from charnn.segmentation.graphemes import is_one
from charnn.tasks.tagger.config import OutputFormat, TextFormat
from charnn.tasks.tagger.formats.sentence import Sentence
from charnn.tasks.tagger.use.constraints import ReplacedValues
from charnn.tasks.tagger.use.json_writer import JsonWriter
from charnn.tasks.tagger.use.stream import UNTAGGED, AnnotatedSentence, TagWriter


class Result:
    """What is written: sentences as objects, or as texts in the format of --to, or else in one that suits the input."""

    def __init__(
        self, texts: TagWriter, objects: JsonWriter | None, to: OutputFormat | None, encoding: str, *, can_align: bool
    ) -> None:
        """`can_align` says whether a tag may stand in the place of its character. Raises UsageError where it is to."""
        if to == "characters" and not can_align:
            raise UsageError(
                "--to characters: there is room for a tag of one character only", hint="choose --to columns"
            )
        self._texts, self._objects, self._to, self._can_align = texts, objects, to, can_align
        self._output = console.Output(encoding)

    @property
    def format(self) -> TextFormat:
        return self._texts.to

    def suit(self, read: TextFormat | None) -> None:
        """Chooses the format for sentences that were read in another."""
        self._texts.to = self._to or _default(read, can_align=self._can_align)

    def write(self, block: list[AnnotatedSentence]) -> None:
        """Raises UsageError where their format has no place for the tags."""
        if self._texts.appends and self._texts.to == "conllu":
            raise UsageError("--append: rows of CoNLL-U have no place for more", hint="choose --to columns")
        if self._objects is not None:
            console.write(self._objects.text(block))
        elif text := self._texts.text(block):
            self._output.write(text)


class Notices:
    """Says once which options do nothing and what is replaced that is no tag, and counts malformed sentences, which are
    written unchanged, or left out where they are raw text."""

    def __init__(self, flag: str | None, replaced: ReplacedValues | None) -> None:
        """`flag` is the option that is about tags of the input, if one was given."""
        self._flag, self._replaced = flag, replaced
        self._passed_on = self._left_out = 0

    def see(self, block: list[AnnotatedSentence], to: TextFormat) -> None:
        """Looks at sentences that are about to be written in the format `to`."""
        raw = next((one.sentence for one in block if one.sentence.format in UNTAGGED), None)
        if self._flag is not None and raw is not None:
            console.warn(
                f"{self._flag} does nothing: {raw.name} is read as raw text, which has no tags; --format says otherwise"
            )
            self._flag = None
        if self._replaced is not None and (warning := self._replaced.warning(block, to)):
            console.warn(warning)
            self._replaced = None

    def skip(self, sentence: Sentence) -> None:
        """Counts a malformed sentence, and names it where it is one of the first."""
        if sentence.format in UNTAGGED:
            self._left_out += 1
        else:
            self._passed_on += 1
        if self._passed_on + self._left_out <= FEW:
            console.warn(f"{sentence.error}: {'left out' if sentence.format in UNTAGGED else 'passed on as it is'}")

    def report(self) -> None:
        """Says what is known once all is read."""
        if self._replaced is not None and (warning := self._replaced.rest()):
            console.warn(warning)
        if self._passed_on:
            console.warn(f"malformed sentences that were passed on as they are: {self._passed_on:,}")
        if self._left_out:
            console.warn(f"sentences that were left out: {self._left_out:,}")


def can_align(tags: Mapping[str, Iterable[str]], replacement: str) -> bool:
    """Whether each word has a single tag, of a single character."""
    return len(tags) == 1 and all(map(is_one, (*chain.from_iterable(tags.values()), replacement)))


def _default(format: TextFormat | None, *, can_align: bool) -> OutputFormat:
    """The format to write where --to does not say."""
    match format:
        case "conllu" | "columns" | "slashed":
            return format
        case "characters" if can_align:
            return "characters"
    return "columns"
