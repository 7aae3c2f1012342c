"""Tells whether a text is one of texts with labels, from how it begins."""

from __future__ import annotations

import re
from typing import NamedTuple

from charnn.corpora.columns import header_of
from charnn.corpora.foreign import looks_like_table
from charnn.corpora.headless import two_columns
from charnn.corpora.keys import keys_of_first
from charnn.corpora.labelled import FASTTEXT
from charnn.corpora.labelled_layout import named_or_left, usual_places
from charnn.corpora.lines import bare_lines
from charnn.corpora.pair_recognition import are_alike
from charnn.corpora.tables import Table

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""Characters that no text has. Bytes of another kind have them."""
FEWEST_LINES = 4
"""So many lines can tell that one of two columns has labels."""
_PARTED_BY = {"|": "a bar", ";": "a semicolon", ",": "a comma"}


class LabelledForm(NamedTuple):
    """Why a text seems to be one of texts with labels."""

    reason: str
    """What it has."""
    is_sure: bool
    """Whether other data hardly look like this."""
    has_names: bool = False
    """Whether its columns or keys have names."""


def recognize_labelled(sample: str) -> LabelledForm | None:
    """What a text that begins like this has, if it seems to be one of texts with labels. The last line may be cut."""
    if _CONTROL.search(sample):
        return None
    lines = [line for _, line in Table(sample, "").lines()]
    whole = lines if sample.endswith(("\n", "\r")) or len(lines) < 2 else lines[:-1]
    if not whole:
        return None
    if whole[0].startswith(FASTTEXT):
        return LabelledForm(f"lines that begin with {FASTTEXT}", is_sure=True)
    names = header_of(whole[0])
    is_json = Table(sample, "").has_objects
    if is_json:
        names = keys_of_first(sample) or []
    if usual_places(names).count(None) == 1 and None not in named_or_left(names) and looks_like_table(sample):
        return LabelledForm(f"the {'keys' if is_json else 'columns'} {' and '.join(names)}", False, has_names=True)
    if None not in usual_places(names) and (is_json or len(whole) > 1):
        return LabelledForm(f"{'objects' if is_json else 'columns'} for texts and labels", is_sure=True, has_names=True)
    if "\t" not in whole[0] and (found := two_columns(whole)) is not None:
        return LabelledForm(
            f"lines of a label and a text with {_PARTED_BY[found.separator]} between them", is_sure=False
        )
    has_blank_lines = any(not line.strip() for line in bare_lines(sample.rstrip()))
    if len(whole) < FEWEST_LINES or not all("\t" in line for line in whole) or has_blank_lines:
        return None
    firsts, lasts = {line.partition("\t")[0] for line in whole}, {line.rpartition("\t")[2] for line in whole}
    if 2 * min(len(firsts), len(lasts)) > max(len(firsts), len(lasts)):
        return None
    if are_alike([line.split("\t") for line in whole]):  # several spellings of each word, say
        return None
    return LabelledForm("lines of a label and a text with a tab between them", is_sure=False)
