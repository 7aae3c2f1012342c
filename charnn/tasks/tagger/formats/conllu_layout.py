"""The columns of CoNLL-U: the ten of the format, or those that a file names itself, as CoNLL-U Plus does.

A file in CoNLL-U Plus (https://universaldependencies.org/ext-format.html) begins with a comment that names its columns:

    # global.columns = ID FORM UPOS PARSEME:MWE

The names of the format mean what they mean there; others are annotation of the file's own. Only FORM must be among
them. The columns of tags are known by their names in small letters, such as upos and parseme:mwe.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from charnn.errors import CorpusError, UsageError

_NAMES = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_WITHOUT_TAGS = frozenset({"ID", "FORM", "HEAD", "DEPS", "MISC"})
_COMMENT = re.compile(r"(?P<before>#\s*global\.columns\s*=[ \t]*)(?P<names>[^\r\n]*?)(?=[ \t]*\r?(?:\n|\Z))")


@dataclass(frozen=True)
class Layout:
    """Which columns the rows of a file have."""

    names: tuple[str, ...] = _NAMES

    @cached_property
    def width(self) -> int:
        return len(self.names)

    @cached_property
    def id(self) -> int | None:
        """The place of the ids, from 0; where there are none, each row is a word."""
        return self._place("ID")

    @cached_property
    def form(self) -> int:
        return self.names.index("FORM")

    @cached_property
    def misc(self) -> int | None:
        return self._place("MISC")

    @cached_property
    def tags(self) -> dict[str, int]:
        """The places of the columns of tags by their names. `tag` is the one column of a model that was trained on tags
        without a name."""
        places = {name.lower(): place for place, name in enumerate(self.names) if name not in _WITHOUT_TAGS}
        if "upos" in places:
            places.setdefault("tag", places["upos"])
        return places

    def with_columns(self, columns: Sequence[str]) -> Layout:
        """This layout, with the columns of tags that it lacks at its end.

        Raises UsageError for names that cannot be those of tags.
        """
        lacking = [_name_of(column) for column in columns if column not in self.tags]
        return Layout((*self.names, *lacking)) if lacking else self

    @property
    def columns_comment(self) -> str:
        """The comment that names the columns."""
        return f"# global.columns = {' '.join(self.names)}\n"

    def _place(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


STANDARD = Layout()


def _name_of(column: str) -> str:
    name = column.upper()
    if name in _WITHOUT_TAGS or column.split() != [column]:
        raise UsageError(f"CoNLL-U cannot have tags in a column {column!r}", hint="write columns with --to columns")
    return name if name.lower() == column else column


def layout_of(comments: str, place: str) -> Layout | None:
    """The layout that these comments name, or None. Raises CorpusError for names that cannot be, at `place`."""
    found = _COMMENT.search(comments) if "global.columns" in comments else None
    if found is None:
        return None
    names = tuple(found["names"].split())
    if "FORM" not in names:
        raise CorpusError(
            f"{place}: global.columns names no FORM, the column of the words",
            hint="name all columns after =, such as # global.columns = ID FORM UPOS, or take the line out",
        )
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise CorpusError(f"{place}: global.columns names the column {twice} twice")
    return Layout(names)


def renamed(comments: str, layout: Layout) -> str:
    """The comments, with the columns of `layout` where they name columns."""
    return _COMMENT.sub(lambda found: found["before"] + " ".join(layout.names), comments)
