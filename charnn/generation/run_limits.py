"""Keeps the runs of a text, such as spaces or dashes, within the longest ones of the corpus that the model learned.

At a low temperature a model that has written forty spaces may write another for ever. No text that it learned from does
that, so the length of the longest run of each character there is a limit that no text needs to break.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from charnn.tokenizers.base import UNKNOWN_TEXT, IncrementalDecoder, Tokenizer

SINGLE = 1
"""The longest run of a character that never follows itself in the corpus, or is not in it."""
Tokens = Sequence[int]


class Run:
    """The run at the end of a text: a character, and how many more of it may follow. It is the same object for all
    texts that end alike, so that a step costs little more than a look-up."""

    __slots__ = ("again", "character", "room", "too_long")

    def __init__(self, character: str, room: int, too_long: Tokens) -> None:
        self.character, self.room, self.too_long = character, room, too_long
        self.again: Run | None = None
        """The run with one more of its character, once that has been asked for."""


class RunLimits:
    """Says which tokens would make the run at the end of a text longer than the longest one of its character."""

    def __init__(self, longest: Mapping[str, int], tokenizer: Tokenizer) -> None:
        """`longest` has the longest run of each character that may follow itself; see `corpora.runs`."""
        self._longest, self._tokenizer = longest, tokenizer
        self._first: dict[str, Run] = {}
        self._runs: dict[tuple[str, int], Run] = {}
        self._after_escape: dict[tuple[str, bytes], Tokens] = {}
        self._ids = defaultdict[bytes, list[int]](list)
        for token, spelling in enumerate(tokenizer.spellings()):
            self._ids[spelling].append(token)
        self.start = Run("", 1, ())

    def after(self, run: Run, text: str) -> Run:
        """The run at the end after `text`, which may be empty, has been added behind `run`."""
        if text == run.character:
            following = run.again or run
            if run.again is None and text:
                following = run.again = run if run.room == 0 else self._run(text, run.room - 1)
            return following
        if (first := self._first.get(text)) is not None:
            return first
        if not text:
            return run
        character = text[-1]
        length = len(text) - len(text.rstrip(character))
        if length == len(text) and character == run.character:
            return self._run(character, max(run.room - length, 0))
        new = self._run(character, max(self._longest.get(character, SINGLE) - length, 0))
        if len(text) == 1:
            self._first[text] = new
        return new

    def too_long(self, run: Run, decoder: IncrementalDecoder) -> Tokens:
        """The tokens that would make `run` too long. `decoder` has decoded the text so far.

        A token is judged by the characters that it completes: the last byte of a character, and not its first, makes a
        run longer.
        """
        if not (pending := decoder.pending):
            return run.too_long
        if run.room or not run.character:
            return ()
        if run.character == UNKNOWN_TEXT or "\udc80" <= run.character <= "\udcff":
            return self._after_half_a_character(run.character, decoder)
        whole = run.character.encode("utf-8", "surrogatepass")
        return self._ids.get(whole.removeprefix(pending), ()) if whole.startswith(pending) else ()

    def _run(self, character: str, room: int) -> Run:
        if (run := self._runs.get((character, room))) is None:
            too_long = tuple(token for token, n in self._leading.get(character, ()) if n > room)
            run = self._runs[character, room] = Run(character, room, too_long)
        return run

    def _after_half_a_character(self, character: str, decoder: IncrementalDecoder) -> Tokens:
        """The tokens after which the bytes of a character that has begun turn out to be `character`, which stands for
        a byte that is not UTF-8."""
        key = character, decoder.pending
        if (tokens := self._after_escape.get(key)) is None:
            texts = (copy.deepcopy(decoder).decode(token) for token in range(self._tokenizer.size))
            tokens = self._after_escape[key] = [t for t, text in enumerate(texts) if text.startswith(character)]
        return tokens

    @cached_property
    def _leading(self) -> Mapping[str, Iterable[tuple[int, int]]]:
        """For each character, the tokens that begin with it, and how often it comes at their beginning."""
        leading = defaultdict[str, list[tuple[int, int]]](list)
        for token in range(self._tokenizer.size):
            if text := self._tokenizer.decoder().decode(token):
                leading[text[0]].append((token, len(text) - len(text.lstrip(text[0]))))
        return leading
