"""The formats of tagged and of raw text: read as they come, by name, and written without losing a byte."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from charnn.errors import UsageError
from charnn.segmentation.boundaries import Splitter
from charnn.segmentation.sentences import SentenceFinder, SentencesByRule
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import columns as columns_format
from charnn.tasks.tagger.formats import conllu, raw, slashed
from charnn.tasks.tagger.formats.columns import ColumnsReader, ColumnsSentence
from charnn.tasks.tagger.formats.conllu import ConlluReader, ConlluSentence
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence, SentenceReader
from charnn.tasks.tagger.formats.slashed import SlashedReader, SlashedSentence

_WRITERS: dict[TextFormat, Callable[[Sentence, Sequence[Annotation]], str]] = {
    "conllu": conllu.written,
    "columns": columns_format.written,
    "slashed": slashed.written,
    "characters": raw.written,
}


def open_reader(
    format: TextFormat,
    name: str,
    *,
    columns: Sequence[str] = ("upos",),
    known: Collection[str] = frozenset(),
    splitter: Splitter | None = None,
    finder: SentenceFinder | None = None,
) -> SentenceReader:
    """A reader of one stream; `name` is what its messages call it.

    `columns` names the tags that stand after the words in `columns` and `slashed`, in their order; CoNLL-U has its own
    names. `known` is the forms of the training treebank, best as a set: they guide how raw text is split
    where no `splitter` says otherwise, nor a `finder` in running text.
    """
    match format:
        case "conllu":
            return ConlluReader(name)
        case "columns":
            return ColumnsReader(name, columns)
        case "slashed":
            return SlashedReader(name, columns)
        case "lines":
            return raw.raw_lines(name, splitter or WordSplitter(known))
        case "tokens":
            return raw.token_lines(name)
        case "text":
            return raw.RunningTextReader(name, finder or SentencesByRule(known, splitter or WordSplitter(known)))
        case "characters":
            return raw.character_lines(name)


def render(sentence: Sentence, annotations: Sequence[Annotation], to: TextFormat) -> str:
    """The sentence in the format `to`, with what the annotations say of its words.

    In the format that it was read from, only the columns of the annotations change, and all else is kept byte for byte;
    in another it is written anew. A malformed sentence is its source in any format. A sentence without words is its
    source in its own format, and otherwise nothing, or where a line is a sentence an empty line. Raises UsageError for
    a format that has no place for tags, or not for these.
    """
    if sentence.error is not None:
        return sentence.source
    if to == sentence.format and isinstance(sentence, ConlluSentence | ColumnsSentence | SlashedSentence):
        return sentence.rewritten(annotations)
    if to not in _WRITERS:
        raise UsageError(f"tags cannot be written as {to}", hint=f"choose one of {', '.join(_WRITERS)}")
    return _WRITERS[to](sentence, annotations)
