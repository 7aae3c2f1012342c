"""What becomes of the sentences of a treebank that cannot be read."""

from __future__ import annotations

import warnings

from charnn.corpora.decoding import Decoding, OnError, bad_byte
from charnn.corpora.lines import line_ends
from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.tagger.formats.sentence import Sentence

FEW = 3
"""So many sentences are each named in a warning; further ones are only counted."""


class Malformed:
    """Leaves out sentences that are malformed or have bytes that are not in the encoding, and warns of them; or ends at
    the first one."""

    def __init__(self, on_error: OnError = "fail", encoding: str = "utf-8") -> None:
        """Sentences are left out where `on_error` is skip."""
        self.left_out = 0
        self._skips, self._encoding = on_error == "skip", encoding
        self.decoding: Decoding = "mark" if self._skips else on_error
        """How `sources.read` has to read the files."""

    def check_bytes(self, sentence: Sentence) -> None:
        """Makes a sentence malformed that has bytes that are not in the encoding, which decoding has marked."""
        if self._skips and (found := bad_byte(sentence.source)) is not None:
            line = sentence.line + line_ends(sentence.source[: found[0]])
            sentence.error, sentence.words = self.bad_byte(f"{sentence.name}:{line}", sentence.source), []

    def bad_byte(self, place: str, text: str) -> CorpusError | None:
        """The error of the first byte of a text that decoding has marked, or None where there is none."""
        if not self._skips or (found := bad_byte(text)) is None:
            return None
        return CorpusError(f"{place}: a byte that is not {self._encoding} (0x{found[1]:02x})")

    def leave_out(self, error: CorpusError) -> None:
        """Counts a sentence that has this error. Raises the error where sentences are not left out."""
        if not self._skips:
            error.hint = error.hint or "--on-error skip leaves such sentences out"
            raise error
        self.left_out += 1
        if self.left_out <= FEW:
            warnings.warn(f"{error}: the sentence is left out", CharnnWarning, stacklevel=2)

    def report(self) -> None:
        """Warns of how many sentences there were, where not every one of them was named."""
        if self.left_out > FEW:
            warnings.warn(
                f"sentences that cannot be read and were left out: {self.left_out:,}", CharnnWarning, stacklevel=2
            )


ENDS = Malformed()
"""Ends at the first sentence that is malformed."""
