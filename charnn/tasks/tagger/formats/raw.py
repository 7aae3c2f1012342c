"""Text without tags: lines of raw text, lines of words between spaces, running text, and lines of characters.

A line is a sentence; the sentences of running text are found (`charnn.segmentation.sentences`). Where each character of
a line is tagged, the tags are another line of the same length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from charnn.corpora.lines import Lines, bare_lines, line_ends, without_end
from charnn.errors import CorpusError
from charnn.segmentation.boundaries import SegmentedText, Splitter, is_aligned
from charnn.segmentation.graphemes import clusters, is_one
from charnn.segmentation.sentences import FoundSentence, SentenceFinder, ends_paragraph
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import columns
from charnn.tasks.tagger.formats.conllu import ConlluSentence
from charnn.tasks.tagger.formats.sentence import ENDS, Annotation, Malformed, Sentence, TaggedSentence

_WORD = re.compile(r"[^ \t\r\n\ufeff]+")


class LineReader:
    """A reader of lines, whatever the words of a line are."""

    def __init__(
        self, format: TextFormat, name: str, words: Callable[[list[str]], Sequence[tuple[list[str], list[bool] | None]]]
    ) -> None:
        """`words` gives the words of each of some lines, and whether a space follows each word."""
        self._format: TextFormat = format
        self._name = name
        self._words = words
        self._lines = Lines()
        self._line = 0

    def feed(self, text: str) -> list[Sentence]:
        return self._sentences(self._lines.push(text))

    def finish(self) -> list[Sentence]:
        return self._sentences(self._lines.flush())

    def _sentences(self, lines: list[str]) -> list[Sentence]:
        return [self._sentence(line, *found) for line, found in zip(lines, self._words(lines), strict=True)]

    def _sentence(self, source: str, words: list[str], spaces: list[bool] | None) -> Sentence:
        self._line += 1
        return Sentence(self._format, self._name, self._line, source, words, spaces=spaces)


def raw_lines(name: str, splitter: Splitter) -> LineReader:
    """A reader of lines of raw text, whose words the splitter finds."""
    return LineReader("lines", name, splitter.split_all)


def token_lines(name: str) -> LineReader:
    """Words between spaces and tabs, as they are; other white space, such as a no-break space, is part of a word."""
    return LineReader("tokens", name, lambda lines: [(_WORD.findall(line), None) for line in lines])


class RunningTextReader:
    """A reader of raw text that runs on over line ends, whose sentences are found by a finder of its own."""

    def __init__(self, name: str, finder: SentenceFinder) -> None:
        self._name = name
        self._finder = finder
        self._line = 1
        self._paragraph_ended = True

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(found, more=True) for found in self._finder.push(text)]

    def finish(self) -> list[Sentence]:
        rest = self._finder.flush()
        return [self._sentence(found, more=found is not rest[-1]) for found in rest]

    def _sentence(self, found: FoundSentence, *, more: bool) -> Sentence:
        source, words, spaces = found
        if more and words and not source[-1].isspace():  # another sentence follows without a space
            spaces[-1] = False
        sentence = Sentence("text", self._name, self._line, source, words, spaces=spaces)
        sentence.opens_paragraph = bool(words) and self._paragraph_ended
        self._paragraph_ended = not words or ends_paragraph(source)
        self._line += line_ends(source)
        return sentence


def character_lines(name: str) -> LineReader:
    """A reader of lines whose words are their characters (grapheme clusters: a letter with its marks is one), spaces
    and tabs too, but neither line end nor byte order mark."""

    def characters(line: str) -> tuple[list[str], list[bool] | None]:
        words = list(clusters(without_end(line).removeprefix("\ufeff")))
        return words, [False] * len(words)

    return LineReader("characters", name, lambda lines: list(map(characters, lines)))


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The line of tags, aligned with the line that was read; columns where the tags are not single characters each."""
    tags = annotations[0].tags if annotations else ()
    aligned = len(annotations) <= 1 and all(map(is_one, tags))
    if not aligned or any(annotation.is_more_than_tags for annotation in annotations):
        return columns.written(sentence, annotations)
    line_end = sentence.source[len(sentence.source.rstrip("\r\n")) :] if sentence.format == "characters" else "\n"
    return "".join(tags) + line_end


def align(
    text: str, name: str, tags: str, tags_name: str, malformed: Malformed = ENDS
) -> list[tuple[int, TaggedSentence]]:
    """The tagged sentences of two texts of the same lines and lengths, `tags` the tags of the characters of `text`, and
    the numbers of their lines, counted from 1.

    A character is a grapheme cluster, in both texts: a letter with its marks is one, however it is encoded.
    There is a sentence for each line that is not empty. A line that differs in length, or has a byte that is not in the
    encoding, is `malformed`. Raises CorpusError where one text has more lines.
    """
    lines, tag_lines = ([line.removeprefix("\ufeff") for line in bare_lines(whole)] for whole in (text, tags))
    sentences: list[tuple[int, TaggedSentence]] = []
    for number, pair in enumerate(zip(lines, tag_lines, strict=False), 1):
        line, tag_line = map(clusters, pair)
        bad = [malformed.bad_byte(f"{of}:{number}", side) for of, side in zip((name, tags_name), pair, strict=True)]
        if error := next(filter(None, bad), None):
            malformed.leave_out(error)
        elif len(line) != len(tag_line):
            found = "1 character" if len(line) == 1 else f"{len(line)} characters"
            place = f"{tags_name}:{number}"
            malformed.leave_out(CorpusError(f"{name}:{number}: {found}, where {place} has {len(tag_line)}"))
        elif line:
            sentences.append((number, TaggedSentence(list(line), (list(tag_line),))))
    if len(lines) != len(tag_lines):
        found = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
        raise CorpusError(f"{name}: {found}, where {tags_name} has {len(tag_lines)}")
    return sentences


_TEXT = re.compile(r"^#[ \t]*text[ \t]*=[ \t]*(\S.*?)[ \t]*\r?$", re.MULTILINE)
_OPENS_PARAGRAPH = re.compile(r"^#[ \t]*new(?:par|doc)\b", re.MULTILINE)
_NO_SPACE = "SpaceAfter=No"


def raw_text(sentence: Sentence, *, opens_paragraph: bool = False) -> SegmentedText | None:
    """The text of the sentence with its words, or None where the sentence does not tell it.

    The text is that of `# text`, or else is made from SpaceAfter=No. A range of words that are together what stands in
    the text (do|n't) is those words. Any other (French du, which is de and le) is one word of the text. A sentence
    opens a paragraph where `# newpar` or `# newdoc` says so, or where it is known to.
    """
    if not isinstance(sentence, ConlluSentence) or sentence.error or not sentence.words:
        return None
    layout = sentence.layout
    if layout.id is None or layout.misc is None:
        return None
    places = layout.id, layout.form, layout.misc
    ids, forms, misc = ([cell.rstrip("\r\n") for cell in sentence.cells[p :: layout.width]] for p in places)
    words: list[str] = []
    text, spaced = "", True
    row = 0
    while row < len(ids):
        first, dash, last = ids[row].partition("-")
        if "." in first:  # an empty node, which the text does not have
            row += 1
            continue
        surface, spaced, parts = forms[row], _NO_SPACE not in misc[row], [forms[row]]
        row += 1
        if dash:
            parts = []
            while row < len(ids) and "-" not in ids[row] and float(ids[row]) < int(last) + 1:
                parts += [forms[row]] if "." not in ids[row] else []
                row += 1
        words += parts if "".join(parts) == surface else [surface]
        text += surface + " " * spaced
    opens_paragraph |= _OPENS_PARAGRAPH.search(sentence.head) is not None
    given = _TEXT.search(sentence.head)
    if given and is_aligned(segmented := SegmentedText(given[1], words, opens_paragraph, spaced)):
        return segmented
    tells = given or any(_NO_SPACE in cell for cell in misc)
    return SegmentedText(text.strip(), words, opens_paragraph, spaced) if tells else None
