"""The raw text of a sentence in CoNLL-U, and where words and sentences stand in it: what a segmenter learns from."""

from __future__ import annotations

import re

from charnn.segmentation.boundaries import SegmentedText, is_aligned
from charnn.tasks.tagger.formats.conllu import ConlluSentence
from charnn.tasks.tagger.formats.sentence import Sentence

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
