"""Says which tokens may come next in a text that is to match a regular expression as a whole.

Patterns are about characters. Tokens that are bytes are allowed only as parts of valid UTF-8, so `.` is never half a
character, nor a byte that belongs to none. The module `expression` says what an expression may consist of.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import numpy as np

from charnn.arrays import Bools, Int32s
from charnn.errors import UsageError
from charnn.generation.pattern import character_sets
from charnn.generation.pattern.automaton import DEAD, NEVER, Automaton
from charnn.generation.pattern.character_sets import CharacterSet
from charnn.tokenizers.base import STOP_ID, Tokenizer

PatternState = tuple[int, bytes]
"""A state of the automaton, and the bytes of a character that is not complete."""

CACHED_STATES = 512
"""The costs of all tokens are kept for so many states, which takes 16 MB for a vocabulary of 8,000."""

_IN_UTF_8: CharacterSet = np.array([0, 0xD800, 0xE000, 0x110000], np.int32)


class Pattern:
    """Follows texts along one expression, and never into a dead end.

    From every state that `start`, `read` and `advance` give, a match can be reached with the tokenizer's tokens.
    """

    def __init__(self, expression: str, tokenizer: Tokenizer, *, banned: str = "") -> None:
        """`banned` has the characters that must never be written.

        Raises UsageError where `expression` is not well formed, not supported or too large, or where this vocabulary
        can write nothing that matches.
        """
        self._spellings = tokenizer.spellings()
        self._banned = frozenset(banned)
        texts = {token: text for token, spelling in enumerate(self._spellings) if (text := _text(spelling))}
        parts = [token for token, spelling in enumerate(self._spellings) if spelling and token not in texts]
        texts = {token: text for token, text in texts.items() if self._banned.isdisjoint(text)}
        # Every tokenizer can write each of its characters by itself, as a token or in bytes. So what can be reached
        # depends only on which characters it has, and not on how they are joined in tokens.
        if tokenizer.kind in ("characters", "spaces"):
            writable = character_sets.of(set(map(ord, chain.from_iterable(texts.values()))))
            parts = []  # These tokens stand for bytes that are not UTF-8, and no two of them make a character.
        else:
            writable = character_sets.difference(_IN_UTF_8, character_sets.of(map(ord, self._banned)))
        self._automaton = Automaton(expression, writable)
        self.start: PatternState = (self._automaton.start, b"")
        self.shortest = self.needed(self.start)
        """The number of characters of the shortest text that matches."""
        if self.shortest == NEVER:
            lacking = [c for c in sorted(self._automaton.literals) if not character_sets.contains(writable, ord(c))]
            reason = f": it lacks {', '.join(map(repr, lacking))}" if lacking else ""
            raise UsageError(f"this vocabulary can write nothing that matches the pattern{reason}")
        self._beginnings = [t for t in parts if self._follow(self.start, self._spellings[t])]
        self._continuations = [t for t in parts if t not in self._beginnings]
        self._whole = np.fromiter(texts, np.intp)
        self._grow(list(texts.values()))
        self._costs = lru_cache(CACHED_STATES)(self._compute_costs)

    def allowed(self, state: PatternState, characters_left: int | None) -> Bools:
        """The tokens after which a match can be reached, (V,), with at most `characters_left` characters, theirs too.

        None sets no limit. The stop token is allowed where the text so far matches, and the unknown token never is. At
        least one token is allowed where `characters_left` is at least `needed(state)`. A token that begins a character
        counts as none until another token completes it, but is allowed only where that character still fits.
        """
        limit = NEVER - 1 if characters_left is None else min(characters_left, NEVER - 1)
        mask: Bools = self._costs(state) <= limit
        return mask

    def advance(self, state: PatternState, token: int) -> PatternState:
        """The state after `token`, one that is allowed and not the stop token."""
        followed = self._follow(state, self._spellings[token])
        assert followed is not None
        return followed[0]

    def needed(self, state: PatternState) -> int:
        """The fewest characters until a match, including one that has begun; 0 where the text so far matches."""
        position, begun = state
        if not begun:
            return self._automaton.needed(position)
        kinds = self._automaton.writable_kinds(*_range_of(begun))
        following = [self._automaton.step(position, kind) for kind in kinds]
        return min(NEVER, 1 + min(map(self._automaton.needed, following), default=NEVER))

    def read(self, text: str) -> PatternState | None:
        """The state after `text`, or None where no match begins with it. The vocabulary may lack its characters."""
        position = self._walk(self._automaton.start, text)
        return None if self._automaton.needed(position) == NEVER else (position, b"")

    def _walk(self, position: int, text: str) -> int:
        for character in text:
            position = self._automaton.step(position, self._automaton.kind(ord(character)))
        return position

    def _follow(self, state: PatternState, spelling: bytes) -> tuple[PatternState, int] | None:
        """The state after `spelling` and the number of characters that it completes, or None where it cannot come."""
        position, begun = state
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            text = decoder.decode(begun + spelling)
        except UnicodeDecodeError:
            return None
        if not self._banned.isdisjoint(text):
            return None
        return (self._walk(position, text), decoder.getstate()[0]), len(text)

    def _compute_costs(self, state: PatternState) -> Int32s:
        """The number of characters of the shortest match that begins with each token, (V,); `NEVER` without one."""
        position, begun = state
        costs_V = np.full(len(self._spellings), NEVER, np.int32)
        if not begun:
            costs_V[self._whole] = self._costs_of_texts(position)[self._alike]
            if self._automaton.needed(position) == 0:
                costs_V[STOP_ID] = 0
        for token in self._continuations if begun else self._beginnings:
            if followed := self._follow(state, self._spellings[token]):
                after, characters = followed
                costs_V[token] = min(NEVER, characters + self.needed(after))
        return costs_V

    def _grow(self, texts: list[str]) -> None:
        """Grows the tree of `texts`, whose nodes are kinds of characters: texts that the automaton cannot tell apart
        end in one node."""
        kinds = self._automaton.kinds("".join(texts)).tolist()
        self._tree = _Node(0)
        nodes, alike, at = 1, [], 0
        for text in texts:
            node = self._tree
            for kind in kinds[at : at + len(text)]:
                if kind not in node.children:
                    node.children[kind] = _Node(nodes)
                    nodes += 1
                node = node.children[kind]
            alike.append(node.number)
            at += len(text)
        self._nodes = nodes
        self._alike = np.array(alike, np.intp)
        """The number of the node of each text."""

    def _costs_of_texts(self, position: int) -> Int32s:
        """The number of characters of each node's text, and of those that are still needed after it, together."""
        automaton = self._automaton
        costs = np.full(self._nodes, NEVER, np.int32)
        level, characters = [(self._tree, position)], 0
        while level:
            characters += 1
            following = []
            for node, before in level:
                for kind, child in node.children.items():
                    after = automaton.step(before, kind)
                    if after != DEAD:
                        costs[child.number] = min(NEVER, characters + automaton.needed(after))
                        following.append((child, after))
            level = following
        return costs


@dataclass(frozen=True, slots=True)
class _Node:
    number: int
    children: dict[int, _Node] = field(default_factory=dict)


def _text(spelling: bytes) -> str:
    """The text that `spelling` writes by itself, or "" where that is not whole characters."""
    try:
        return spelling.decode()
    except UnicodeDecodeError:
        return ""


def _range_of(begun: bytes) -> tuple[int, int]:
    """The first and last code point whose UTF-8 begins with `begun`, which has some but not all of its bytes."""
    length = 2 if begun[0] < 0xE0 else 3 if begun[0] < 0xF0 else 4
    prefix = begun[0] & (0x7F >> length)
    for byte in begun[1:]:
        prefix = prefix << 6 | byte & 0x3F
    open_bits = 6 * (length - len(begun))
    first_of_length = {2: 0x80, 3: 0x800, 4: 0x10000}[length]
    return max(prefix << open_bits, first_of_length), min((prefix + 1 << open_bits) - 1, 0x10FFFF)
