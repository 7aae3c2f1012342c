"""Which tags words may have, from what the input says of them and from a list of forms: other tags are never chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools
from charnn.corpora.lines import lines_of
from charnn.corpora.sources import read
from charnn.errors import CorpusError, UsageError
from charnn.readable import counted, instead_of
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.decoding.decoder import Allowed
from charnn.tasks.tagger.formats.columns import ColumnsSentence
from charnn.tasks.tagger.formats.sentence import NO_TAG, NOT_GIVEN, Annotation, Sentence
from charnn.tasks.tagger.formats.slashed import SlashedSentence

ENOUGH = 3
"""So many different values, none of which is a tag, tell that their column has no tags."""
Tags = Mapping[str, Sequence[str]]
"""The tags of a model by column, in the order of their ids."""
Masks = Mapping[str, npt.NDArray[np.bool_]]
"""For columns in which some word of a sentence is bound, which tags each word may have, (T, K)."""


@dataclass(frozen=True)
class Constraints:
    """What binds the tags of the words of sentences."""

    tags: Tags
    keeps: bool = False
    """Whether tags that the input has stay as they are, so that only words without one are tagged."""
    forms: Mapping[str, frozenset[str]] | None = None
    """For each form that is listed, the tags that it may have, of any column."""

    def of(self, sentence: Sentence) -> Masks:
        """The masks of one sentence. Each word may have one tag at least."""
        masks = dict[str, Bools]()
        for column, places in self._places.items():
            bound = dict[int, list[int]]()
            for word, form in enumerate(sentence.words):
                if self.forms is not None and (listed := self.forms.get(form)):
                    bound[word] = [places[tag] for tag in listed if tag in places]
            for word, tag in enumerate(self._given(sentence, column)):
                if tag in places:
                    bound[word] = [places[tag]]
            if not any(bound.values()):
                continue
            mask_TK = np.ones((len(sentence.words), len(places)), np.bool_)
            for word, allowed in bound.items():
                if allowed:
                    mask_TK[word] = False
                    mask_TK[word, allowed] = True
            if not mask_TK.all():
                masks[column] = mask_TK
        return masks

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """For each column, the ids of its tags."""
        return {column: {tag: place for place, tag in enumerate(tags)} for column, tags in self.tags.items()}

    def kept(self, sentence: Sentence, annotations: Sequence[Annotation]) -> list[Annotation]:
        """The annotations with the tags that the sentence had, those that the model does not know among them: they are
        certain, and have no alternative."""
        result = []
        for annotation in annotations:
            given = self._given(sentence, annotation.column)
            if any(given):
                annotation = _with_given(annotation, given)
            result.append(annotation)
        return result

    def _given(self, sentence: Sentence, column: str) -> list[str]:
        """The tag of each word that stays, and NO_TAG for a word that is tagged."""
        if not self.keeps or sentence.values(column) is None:
            return [NO_TAG] * len(sentence.words)
        return sentence.reference_tags(column)


def allowed_tags(column: str, masks: Sequence[Masks], steps: int, tags: int) -> Allowed | None:
    """The masks of a batch in one column, or None where no word of it is bound."""
    if not any(column in mask for mask in masks):
        return None
    allowed_BTK = np.ones((len(masks), steps, tags), np.bool_)
    for allowed_TK, mask in zip(allowed_BTK, masks, strict=True):
        if column in mask:
            allowed_TK[: len(mask[column])] = mask[column]
    return allowed_BTK


def _with_given(annotation: Annotation, given: Sequence[str]) -> Annotation:
    probabilities, alternatives = annotation.probabilities, annotation.alternatives
    if probabilities is not None:
        probabilities = [1.0 if own else p for own, p in zip(given, probabilities, strict=True)]
    if alternatives is not None:
        alternatives = [[(own, 1.0)] if own else others for own, others in zip(given, alternatives, strict=True)]
    tags = [own or found for own, found in zip(given, annotation.tags, strict=True)]
    return replace(annotation, tags=tags, probabilities=probabilities, alternatives=alternatives)


class ReplacedValues:
    """Tells whether the values that tags take the place of are tags at all, or something else, such as lemmas."""

    def __init__(self, tags: Tags, *, keeps: bool = False) -> None:
        """`keeps` says that they are kept, and tags take the place of gaps alone."""
        self._keeps = keeps
        self._tags = {column: frozenset(of_column) for column, of_column in tags.items()}
        self._seen: dict[str, set[str] | None] = {column: set() for column in tags}
        """The values of each column so far, or None once one of them was a tag."""
        self._first: dict[str, tuple[Sentence, str]] = {}
        """The first sentence that has values in each column, and the first of them."""

    def warning(self, block: Iterable[tuple[Sentence, object]], to: TextFormat) -> str | None:
        """What to say where the first values of a column of the input, which is written in its own format, are none of
        the model's tags; None otherwise. The first values of a column tell."""
        for sentence, _ in block:
            if sentence.error is not None or sentence.format != to or sentence.format == "conllu":
                continue
            for column, known in self._tags.items():
                values = [value for value in sentence.values(column) or () if value not in NOT_GIVEN]
                seen = self._seen[column]
                if seen is None or any(value in known for value in values):
                    self._seen[column] = None
                    continue
                seen.update(values)
                if values:
                    self._first.setdefault(column, (sentence, values[0]))
                if len(seen) >= ENOUGH:
                    return self._message(column)
        return None

    def rest(self) -> str | None:
        """What to say at the end, where a column had values, too few for `warning`, and none of them was a tag."""
        return next((self._message(column) for column, seen in self._seen.items() if seen), None)

    def _message(self, column: str) -> str:
        sentence, value = self._first[column]
        names = sentence.columns if isinstance(sentence, ColumnsSentence | SlashedSentence) else ()
        before = names[: names.index(column)] if column in names else ()
        becomes = "is kept;" if self._keeps else "is replaced; --append keeps it, and"
        return (
            f"{sentence.name}: what stands in the place of {column}, such as {value!r}, is none of the model's tags, "
            f"and {becomes} --columns {','.join([*before, '_', column])} passes it over"
        )


def read_forms(path: str, tags: Tags, *, encoding: str = "utf-8") -> dict[str, frozenset[str]]:
    """The forms that a file lists with the tags that each may have: on each line a form, a tab, and the tags with tabs
    or spaces between them. A form that comes again may have those tags too.

    Raises CorpusError for a line that has no tags, and for a tag that no column of the model has.
    """
    text, _ = read(path, encoding=encoding)
    known = dict.fromkeys(tag for of_column in tags.values() for tag in of_column)
    forms = dict[str, frozenset[str]]()
    for number, line in enumerate(lines_of(text), start=1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        form, _, rest = line.partition("\t")
        allowed = rest.split()
        if not form or not allowed:
            raise CorpusError(f"{path}:{number}: expected a form, a tab and the tags that it may have")
        for tag in allowed:
            if tag not in known:
                hint = instead_of(tag, list(known), "its tags are")
                raise CorpusError(f"{path}:{number}: the model has no tag {tag!r}", hint=hint)
        forms[form] = forms.get(form, frozenset()) | frozenset(allowed)
    return forms


def checked_forms(forms: Mapping[str, Collection[str]], tags: Tags) -> dict[str, frozenset[str]]:
    """The forms with the tags that each may have. Raises UsageError for a tag that no column of the model has."""
    known = dict.fromkeys(tag for of_column in tags.values() for tag in of_column)
    for form, allowed in forms.items():
        for tag in allowed:
            if tag not in known:
                raise UsageError(
                    f"lexicon: {form!r}: the model has no tag {tag!r}",
                    hint=instead_of(tag, list(known), "its tags are"),
                )
    return {form: frozenset(allowed) for form, allowed in forms.items()}


def given_tags(
    sentences: Sequence[Sequence[str]], tags: Sequence[Mapping[str, Sequence[str]]] | None, columns: Sequence[str]
) -> list[Sentence]:
    """The sentences as if they had been read in columns, with the tags that are given in each of these columns.

    Raises UsageError where the tags are not as many as the words.
    """
    if tags is not None and len(tags) != len(sentences):
        raise UsageError(f"keep: tags of {counted(len(tags), 'sentence')} are given, and there are {len(sentences):,}")
    read: list[Sentence] = []
    for number, words in enumerate(sentences, start=1):
        given = {} if tags is None else {name: of for name, of in tags[number - 1].items() if name in columns}
        for name, of_column in given.items():
            if len(of_column) != len(words):
                found = f"{counted(len(words), 'word')}, and {counted(len(of_column), 'tag')} of {name} for them"
                raise UsageError(f"keep: sentence {number} has {found}")
        cells = [words, *given.values()]
        read.append(ColumnsSentence("columns", "", number, "", list(words), columns=tuple(given), cells=cells))
    return read
