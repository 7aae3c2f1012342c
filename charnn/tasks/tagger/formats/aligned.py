"""Two texts of the same lines and lengths, one the tags of the other's characters."""

from __future__ import annotations

from charnn.errors import CorpusError
from charnn.tasks.tagger.formats.raw import line_of
from charnn.tasks.tagger.formats.sentence import TaggedSentence


def align(text: str, name: str, tags: str, tags_name: str) -> list[TaggedSentence]:
    """A sentence for each line that is not empty. CorpusError for the first that differs in length."""
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
    return [line_of(line) for line in lines]
