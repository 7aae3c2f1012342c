"""Keeps the runs of a text, such as spaces or dashes, to what the corpus has that the model learned.

At a low temperature a model that has written forty spaces may write another for ever. The text that it learned from
does not. So no run becomes longer than the longest one of its character there, and where one is longer than usual, no
temperature makes it likelier that it goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from charnn.corpora.runs import RunLengths
from charnn.tokenizers.base import UNKNOWN_TEXT, IncrementalDecoder, Tokenizer

SINGLE = RunLengths(1, 1)
"""The runs of a character that never follows itself in the corpus, or is not in it."""
Tokens = Sequence[int]


class RunBounds(NamedTuple):
    """What the run at the end of a text asks of its next token."""

    too_long: Tokens = ()
    """The tokens that would make it longer than the longest one."""
    lengthening: Tokens = ()
    """The other tokens that would lengthen it, where it is as long as is usual or longer."""


FREE = RunBounds()


class CharacterRun:
    """The run at the end of a text: a character, how many more of it may follow, and whether one more makes the run
    longer than usual. It is the same object for all texts that end alike, so that a step costs little more than a
    look-up."""

    __slots__ = ("again", "bounds", "character", "is_long", "room")

    def __init__(self, character: str, room: int, *, is_long: bool, bounds: RunBounds) -> None:
        self.character, self.room, self.is_long, self.bounds = character, room, is_long, bounds
        self.again: CharacterRun | None = None
        """The run with one more of its character, once that has been asked for."""


class RunLimits:
    """Says what the run at the end of a text asks of the next token."""

    def __init__(self, runs: Mapping[str, RunLengths], tokenizer: Tokenizer) -> None:
        """`runs` are those of the text that the model learned."""
        self._lengths, self._tokenizer = runs, tokenizer
        self._first: dict[str, CharacterRun] = {}
        self._runs: dict[tuple[str, int], CharacterRun] = {}
        self._after_escape: dict[tuple[str, bytes], Tokens] = {}
        self._ids = defaultdict[bytes, list[int]](list)
        for token, spelling in enumerate(tokenizer.spellings()):
            self._ids[spelling].append(token)
        self.start = CharacterRun("", 1, is_long=False, bounds=FREE)

    def after(self, run: CharacterRun, text: str) -> CharacterRun:
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
        new = self._run(character, max(self._lengths.get(character, SINGLE).longest - length, 0))
        if len(text) == 1:
            self._first[text] = new
        return new

    def bounds(self, run: CharacterRun, decoder: IncrementalDecoder) -> RunBounds:
        """What `run` asks of the next token. `decoder` has decoded the text so far.

        A token is judged by the characters that it completes: the last byte of a character, and not its first, makes a
        run longer.
        """
        if not (pending := decoder.pending):
            return run.bounds
        if not run.is_long:
            return FREE
        if run.character == UNKNOWN_TEXT or "\udc80" <= run.character <= "\udcff":
            tokens = self._after_half_a_character(run.character, decoder)
        else:
            whole = run.character.encode("utf-8", "surrogatepass")
            tokens = self._ids.get(whole.removeprefix(pending), ()) if whole.startswith(pending) else ()
        return RunBounds(too_long=tokens) if run.room == 0 else RunBounds(lengthening=tokens)

    def _run(self, character: str, room: int) -> CharacterRun:
        if (run := self._runs.get((character, room))) is None:
            lengths, leading = self._lengths.get(character, SINGLE), self._leading.get(character, ())
            is_long = room <= lengths.longest - lengths.usual
            bounds = RunBounds(
                tuple(token for token, n in leading if n > room),
                tuple(token for token, n in leading if n <= room and is_long),
            )
            run = self._runs[character, room] = CharacterRun(character, room, is_long=is_long, bounds=bounds)
        return run

    def _after_half_a_character(self, character: str, decoder: IncrementalDecoder) -> Tokens:
        """The tokens after which the bytes of a character that has begun turn out to be `character`, which stands for
        a byte that is not UTF-8."""
        key = character, decoder.pending
        if (tokens := self._after_escape.get(key)) is None:
            texts = (decoder.fork().decode(token) for token in range(self._tokenizer.size))
            tokens = self._after_escape[key] = [t for t, text in enumerate(texts) if text.startswith(character)]
        return tokens

    @cached_property
    def _leading(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """For each character, the tokens that begin with it, and how often it comes at their beginning."""
        leading = defaultdict[str, list[tuple[int, int]]](list)
        for token in range(self._tokenizer.size):
            if text := self._tokenizer.decoder().decode(token):
                leading[text[0]].append((token, len(text) - len(text.lstrip(text[0]))))
        return leading
