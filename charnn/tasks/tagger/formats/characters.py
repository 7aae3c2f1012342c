"""Lines whose characters are tagged, each by one character: the line, and the line of its tags, of the same length."""

from __future__ import annotations

from collections.abc import Sequence

from charnn.errors import CorpusError
from charnn.tasks.tagger.formats import columns
from charnn.tasks.tagger.formats.raw import LineReader
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence, TaggedSentence


def character_lines(name: str) -> LineReader:
    """A reader of lines whose words are their characters, spaces and tabs too, but neither line end nor byte order
    mark."""

    def characters(line: str) -> tuple[list[str], list[bool]]:
        words = list(without_line_end(line))
        return words, [False] * len(words)

    return LineReader("characters", name, characters)


def without_line_end(line: str) -> str:
    """The line without its end, and without a byte order mark."""
    return line.removesuffix("\n").removesuffix("\r").removeprefix("\ufeff")


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The line of tags, aligned with the line that was read; columns where the tags are not single characters each."""
    tags = annotations[0].tags if annotations else ()
    aligned = len(annotations) <= 1 and all(len(tag) == 1 for tag in tags)
    if not aligned or any(annotation.is_more_than_tags for annotation in annotations):
        return columns.written(sentence, annotations)
    line_end = sentence.source[len(sentence.source.rstrip("\r\n")) :] if sentence.format == "characters" else "\n"
    return "".join(tags) + line_end


def align(text: str, name: str, tags: str, tags_name: str) -> list[TaggedSentence]:
    """The tagged sentences of two texts of the same lines and lengths, `tags` the tags of the characters of `text`.

    There is a sentence for each line that is not empty. Raises CorpusError for the first line that differs in length.
    """
    lines, tag_lines = _lines(text), _lines(tags)
    sentences: list[TaggedSentence] = []
    for number, (line, tag_line) in enumerate(zip(lines, tag_lines, strict=False), 1):
        if len(line) != len(tag_line):
            found = "1 character" if len(line) == 1 else f"{len(line)} characters"
            raise CorpusError(f"{name}:{number}: {found}, where {tags_name}:{number} has {len(tag_line)}")
        if line:
            sentences.append(TaggedSentence(list(line), (list(tag_line),)))
    if len(lines) != len(tag_lines):
        found = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
        raise CorpusError(f"{name}: {found}, where {tags_name} has {len(tag_lines)}")
    return sentences


def _lines(text: str) -> list[str]:
    lines = text.removesuffix("\n").split("\n") if text else []
    return [without_line_end(line) for line in lines]
