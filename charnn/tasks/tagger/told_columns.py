"""Tells which column of a treebank is to be learned, and what it is called, where nobody has said it.

CoNLL-U has names of its own. Other files have a name for a column where they have a header, and else it is told by what
its tags look like: `upos` and `feats` of Universal Dependencies, `xpos` of other sets that many treebanks have, `ner`
and `chunk` where tags mark runs of words, and `tag` for whatever else. Where there are several columns, the last one
that marks runs of words is meant, as in the files of CoNLL-2000 to 2003, and else the first one with tags of a known
set, or that looks like tags.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import chain

from charnn.errors import CharnnWarning
from charnn.readable import counted
from charnn.tasks.tagger.config import PASSED_OVER, Level, TreebankFormat
from charnn.tasks.tagger.formats.columns import ColumnsSentence
from charnn.tasks.tagger.formats.sentence import Malformed, Sentence
from charnn.tasks.tagger.formats.tags import are_tags, tolerated, usual_name
from charnn.tasks.tagger.reference_sentences import reference_sentences

OF_CONLLU = "upos"
OF_CHARACTERS = "tag"
TELLING_WORDS = 1 << 13
"""So many words tell what the columns of a file are."""
RUNS = ("ner", "chunk")
"""The columns that mark runs of words: the one that is sooner meant first."""
KNOWN = ("upos", "xpos")


def told_columns(text: str, name: str, format: TreebankFormat, level: Level, known: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns to learn from the file `name`, with `_` for one before them that is passed over.

    `known` is the columns of a model that the new one starts from, or learns from: where that has one, the column is
    called as it is there. A warning says which of several columns is taken.
    """
    if format == "conllu":
        return (OF_CONLLU,)
    if format == "aligned" or level == "character":
        return (OF_CHARACTERS,)
    if format == "slashed":
        slashed = _beginning(text, name, format, level, (OF_CHARACTERS,))
        tags = chain.from_iterable(sentence.values(OF_CHARACTERS) or () for sentence in slashed)
        return (_called(usual_name(list(tags)), known),)
    sentences = [s for s in _beginning(text, name, format, level, ()) if isinstance(s, ColumnsSentence)]
    columns = [list(chain.from_iterable(cells)) for cells in zip(*(s.after_words for s in sentences), strict=False)]
    if not columns:
        return (_called(OF_CHARACTERS, known),)
    place = _meant(columns, [word for sentence in sentences for word in sentence.words])
    if header := sentences[0].columns:
        others = [column for column in header if column != header[place]]
        if others:
            _say(f"{name}: the column {header[place]} is learned; --columns {','.join(header)} learns all")
        return (header[place],)
    column = _called(usual_name(columns[place]), known)
    if len(columns) > 1:
        _say_which(name, column, place, columns)
    return (*[PASSED_OVER] * place, column)


def _meant(columns: Sequence[Sequence[str]], words: Sequence[str]) -> int:
    """The place of the column that is meant among those after the words, counted from 0."""
    names = list(map(usual_name, columns))
    for run in RUNS:
        if run in names:
            return len(names) - 1 - names[::-1].index(run)
    known = (place for place, name in enumerate(names) if name in KNOWN)
    like_tags = (place for place, values in enumerate(columns) if are_tags(values, words, tolerated=tolerated(values)))
    return next(chain(known, like_tags), 0)


def _called(name: str, known: Sequence[str]) -> str:
    """The name of a column of that kind; where there is a single column that is known, its name."""
    return known[0] if len(known) == 1 else name


def _say_which(name: str, column: str, place: int, columns: Sequence[Sequence[str]]) -> None:
    """Says which column is learned, and how to learn another, or all."""
    before, after = [PASSED_OVER] * place, [PASSED_OVER] * (len(columns) - place - 1)
    other = 0 if place else len(columns) - 1
    named = [PASSED_OVER] * other + [usual_name(columns[other])]
    which = "last" if not after else "first" if not before else f"one with number {place + 1}"
    _say(
        f"{name}: {counted(len(columns), 'column')} stand after the words, and the {which} is taken for {column}; "
        f"--columns {','.join([*before, column, *after])} says so, and --columns {','.join(named)} takes the "
        f"{'first' if place else 'last'}"
    )


def _say(what: str) -> None:
    warnings.warn(what, CharnnWarning, stacklevel=2)


def _beginning(text: str, name: str, format: TreebankFormat, level: Level, columns: Sequence[str]) -> list[Sentence]:
    """The sentences with which a treebank begins that can be read."""
    sentences, words = list[Sentence](), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)  # the file is read again
        for sentence in reference_sentences(text, name, format, columns, level, Malformed("skip")):
            sentences.append(sentence)
            words += len(sentence)
            if words >= TELLING_WORDS:
                break
    return sentences
