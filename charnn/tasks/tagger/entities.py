"""Named entities as tags of words: the schemes that mark them, what each scheme allows, and the spans that tags mean.

A tag is `O`, or a prefix and a type such as `B-PER`, or a prefix alone where there is one type. In BIO (IOB2) each
entity begins with B-; in IOB1 only one that comes right after another of its type; IO has no B-, and may leave out the
prefix: `PER`. IOBES ends entities with E- and marks those of one word with S-; BILOU (L-, U-) and BMES (M-, E-, S-) say
the same in other letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from charnn.tasks.tagger.config import EntityScheme, TreebankConfig
from charnn.tasks.tagger.decoding.decoder import Transitions
from charnn.tasks.tagger.formats.tags import is_known
from charnn.tasks.tagger.lexicon import Lexicon

OUTSIDE = "O"
_PREFIXED = re.compile(r"([BIESLUM])(?:-(.*))?", re.DOTALL)
_TYPE = re.compile(r"[^\W\d_][\w&/.-]+")
_ROLES = {"L": "E", "U": "S", "M": "I"}
_LETTERS: dict[EntityScheme, frozenset[str]] = {
    "IO": frozenset("I"),
    "BIO": frozenset("BI"),
    "IOB1": frozenset("BI"),
    "IOBES": frozenset("BIES"),
    "BILOU": frozenset("BILU"),
    "BMES": frozenset("BMES"),
}
"""The prefixes of each scheme."""
_CLOSED = frozenset({"IOBES", "BILOU", "BMES"})
"""The schemes that mark the last word of an entity."""


MOST_TAGS = 4096
"""A decoder that keeps to a scheme, or learns which tags follow which, has numbers for each two tags. With all copies
that it takes to learn them, those of so many tags are about a gigabyte."""


class EntitySpan(NamedTuple):
    """An entity: the words of a sentence from `start` up to, not including, `end`."""

    start: int
    end: int
    type: str


class SchemeRecognizer:
    """Tells by the tags of sentences, which are added, whether they mark entities, and in which scheme.

    A word whose tag is `""` has none; what stands beside it breaks no scheme.
    """

    def __init__(self) -> None:
        self._tags: set[str] = set()
        self._pairs: set[tuple[str | None, str | None]] = set()
        self._words = self._outside = 0
        """How many words have tags, and how many of them have `O`."""
        self.may_mark_entities = True
        """Whether each tag so far is one of an entity, or `O`."""

    def add(self, tags: Sequence[str]) -> None:
        if not self.may_mark_entities:
            return
        new = {tag for tag in set(tags) - self._tags if tag}
        self.may_mark_entities = all(tag == OUTSIDE or _PREFIXED.fullmatch(tag) or _is_type(tag) for tag in new)
        self._tags |= new
        self._words += len(tags) - tags.count("")
        self._outside += tags.count(OUTSIDE)
        self._pairs.update(pairwise([None, *tags, None]))

    @property
    def marks_entities(self) -> bool:
        """Whether the tags are those of some scheme, whatever their order is."""
        return self._letters is not None

    @property
    def scheme(self) -> EntityScheme | None:
        """The scheme that all of the sentences keep to; None where they are no entities, or where they keep to none.

        Tags in the letters of a scheme whose order breaks it, as `I-PER` at the beginning does BIO, are not of that
        scheme.
        """
        if (letters := self._letters) is None:
            return None
        return next((s for s, known in _LETTERS.items() if letters <= known and self.keeps_to(s)), None)

    def keeps_to(self, scheme: EntityScheme) -> bool:
        """Whether this scheme allows all that was seen."""
        pairs = (tuple(map(_part_or_end, pair)) for pair in self._pairs if "" not in pair)
        return (self._letters or frozenset()) <= _LETTERS[scheme] and all(_allowed(scheme, *p) for p in pairs)

    @property
    def _letters(self) -> frozenset[str] | None:
        """The prefixes of the tags, types without one counted as I; None where the tags mark no entities.

        Types without prefixes are trusted where most words are outside of entities, as no other tags leave most out.
        """
        if not self.may_mark_entities:
            return None
        types = [tag for tag in self._tags if tag != OUTSIDE and not _PREFIXED.fullmatch(tag)]
        if not types:
            return _letters(self._tags)
        is_bare = len(types) == len(self._tags - {OUTSIDE}) and 2 * self._outside > self._words
        return frozenset("I") if is_bare else None


def recognize_scheme(sentences: Iterable[Sequence[str]]) -> EntityScheme | None:
    """The scheme that all of these sentences keep to, as `SchemeRecognizer` tells it."""
    recognizer = SchemeRecognizer()
    for sentence in sentences:
        recognizer.add(sentence)
    return recognizer.scheme


def transitions(scheme: EntityScheme, tags: Sequence[str]) -> Transitions | None:
    """What the scheme allows among these tags; None where it allows everything."""
    parts = list(map(_part, tags))
    roles, types = list(dict.fromkeys(part.role for part in parts)), dict[str, int]()
    role_K = np.array([roles.index(part.role) for part in parts])
    type_K = np.array([types.setdefault(part.type, len(types)) for part in parts])
    # What is allowed depends on the roles, and on whether the types are the same: on nothing else of K * K pairs.
    of_others_RR, of_same_RR = (
        np.array([[_allowed(scheme, _Part(before, "A"), _Part(after, type)) for after in roles] for before in roles])
        for type in ("B", "A")
    )
    allowed_KK = np.empty((len(tags), len(tags)), np.bool_)
    for allowed_K, role, type in zip(allowed_KK, role_K, type_K, strict=True):
        allowed_K[:] = np.where(type_K == type, of_same_RR[role, role_K], of_others_RR[role, role_K])
    rule = Transitions(
        allowed_KK,
        np.array([_allowed(scheme, None, after) for after in parts]),
        np.array([_allowed(scheme, before, None) for before in parts]),
    )
    return None if rule.allowed_KK.all() and rule.first_K.all() and rule.last_K.all() else rule


def rules(corpus: TreebankConfig, lexicon: Lexicon) -> list[Transitions | None]:
    """For each column of a tagger, what may follow what; None where everything may, or where tags are too many."""
    schemes = (corpus.scheme(column) for column in range(len(corpus.columns)))
    return [
        None if scheme is None or len(tags) > MOST_TAGS else transitions(scheme, tags)
        for scheme, tags in zip(schemes, lexicon.tags.values(), strict=True)
    ]


def spans(tags: Sequence[str]) -> list[EntitySpan]:
    """The entities that the tags of a sentence mean, read as conlleval does (and seqeval by default).

    Tags that break every scheme mean something as well: an entity begins where a tag says so, and where the tag before
    is of no entity or of another type.
    """
    found: list[EntitySpan] = []
    start, before = 0, _Part(OUTSIDE, "")
    for place, tag in enumerate([*tags, OUTSIDE]):
        now = _part(tag)
        parted = before.type != now.type or before.role in ("E", "S", OUTSIDE) or now.role in ("B", "S", OUTSIDE)
        if parted and before.role != OUTSIDE:
            found.append(EntitySpan(start, place, before.type))
        if parted:
            start = place
        before = now
    return found


class _Part(NamedTuple):
    role: str
    """B, I, E, S or O."""
    type: str
    """Empty where there is none."""


def _part(tag: str) -> _Part:
    match = _PREFIXED.fullmatch(tag)
    if match is None:
        return _Part("I", tag) if tag != OUTSIDE and _is_type(tag) else _Part(OUTSIDE, "")
    letter, kind = match[1], match[2]
    return _Part(_ROLES.get(letter, letter), kind or "")


def _is_type(tag: str) -> bool:
    """Whether the tag may be the type of an entity, and is none of parts of speech."""
    return _TYPE.fullmatch(tag) is not None and not is_known(tag)


def _part_or_end(tag: str | None) -> _Part | None:
    return None if tag is None else _part(tag)


def _letters(tags: Iterable[str]) -> frozenset[str] | None:
    """The prefixes of these tags; None where a tag is neither `O` nor prefixed, or where none has a prefix.

    Prefixes without a type are trusted only where there are several, as `I` and `S` may be anything.
    """
    marked = [_PREFIXED.fullmatch(tag) for tag in tags if tag != OUTSIDE]
    if not marked or not all(marked):
        return None
    letters = frozenset(match[1] for match in marked if match is not None)
    typed = {match[2] is not None for match in marked if match is not None}
    if not any(letters <= known for known in _LETTERS.values()):
        return None
    return letters if typed == {True} or (typed == {False} and "B" in letters and len(letters) > 1) else None


def _allowed(scheme: EntityScheme, before: _Part | None, after: _Part | None) -> bool:
    """Whether the scheme allows the one right after the other; None is the beginning or the end of a sentence."""
    is_inside = before is not None and before.role in ("B", "I")
    if scheme in _CLOSED:
        goes_on = after is not None and after.role in ("I", "E")
        same = before is not None and after is not None and before.type == after.type
        return same if is_inside and goes_on else is_inside == goes_on
    same = is_inside and before is not None and after is not None and before.type == after.type
    if after is None:
        return True
    if scheme == "BIO":
        return after.role != "I" or same
    if scheme == "IOB1":
        return after.role != "B" or same
    return True
