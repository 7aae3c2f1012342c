"""The scores of a tagger: of the tags of one column, and of named entities, as counts that can be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import eq
from typing import Any, NamedTuple

from charnn.evaluation.confusions import Confusions, PrecisionRecall, ratio
from charnn.tasks.tagger.config import EntityScheme
from charnn.tasks.tagger.entities import OUTSIDE, EntitySpan, SchemeRecognizer, spans
from charnn.tasks.tagger.formats.sentence import NO_TAG

UNIVERSAL_FEATURES = frozenset({
    "Abbr", "Animacy", "Aspect", "Case", "Definite", "Degree", "Evident", "Foreign", "Gender", "Mood", "NumType",
    "Number", "Person", "Polarity", "Polite", "Poss", "PronType", "Reflex", "Tense", "VerbForm", "Voice",
})  # fmt: skip
"""The features that the UD evaluation script compares, since the shared task of 2018. It does not
compare features that have become universal since (Typo, ExtPos, Deixis)."""


@dataclass(frozen=True, slots=True)
class TagScore(Confusions):
    """How predicted tags agree with those of the reference. Scores of parts add up to the score of the whole.

    Tags agree if they are the same string; `_`, where a treebank says nothing, is a tag like any other, as in the UD
    evaluation script. A known word is one whose form is in the training data.

    `TagScore()` is the score of nothing: it adds nothing to another, and each of its accuracies is None.
    """

    known_words: int = 0
    known_correct: int = 0
    unknown_words: int = 0
    unknown_correct: int = 0
    sentences: int = 0
    """How many sentences have words."""
    correct_sentences: int = 0
    """How many of these have no mistake."""

    @classmethod
    def of(cls, sentences: Iterable[tuple[Sequence[str], Sequence[str], Sequence[bool]]]) -> TagScore:
        """The score of `sentences`: the reference tags of each, the predicted tags, and whether each word is known.

        Raises ValueError where the three differ in length. One call on many sentences is much faster than a sum.
        """
        pairs: Counter[tuple[str, str]] = Counter()
        known_words = known_correct = words = all_correct = with_words = correct_sentences = 0
        for number, (reference, predicted, known) in enumerate(sentences, start=1):
            if not len(reference) == len(predicted) == len(known):
                lengths = f"{len(reference)} gold tags, {len(predicted)} predicted tags, {len(known)} known flags"
                raise ValueError(f"sentence {number}: {lengths}")
            pairs.update(zip(reference, predicted, strict=True))
            agrees = list(map(eq, reference, predicted))
            correct = sum(agrees)
            words += len(reference)
            all_correct += correct
            known_words += sum(map(bool, known))
            known_correct += sum(compress(agrees, known))
            with_words += len(reference) > 0
            correct_sentences += 0 < len(reference) == correct
        return cls(
            pairs=pairs,
            known_words=known_words,
            known_correct=known_correct,
            unknown_words=words - known_words,
            unknown_correct=all_correct - known_correct,
            sentences=with_words,
            correct_sentences=correct_sentences,
        )

    @classmethod
    def of_tagged(cls, sentences: Iterable[tuple[Sequence[str], Sequence[str], Sequence[bool]]]) -> TagScore:
        """The score of the words that have a tag of the reference, which is not NO_TAG."""
        return cls.of(
            (
                list(compress(reference, reference)),
                list(compress(predicted, reference)),
                list(compress(known, reference)),
            )
            if NO_TAG in reference
            else (reference, predicted, known)
            for reference, predicted, known in sentences
        )

    def __add__(self, other: TagScore) -> TagScore:
        return TagScore(
            pairs=self.pairs + other.pairs,
            known_words=self.known_words + other.known_words,
            known_correct=self.known_correct + other.known_correct,
            unknown_words=self.unknown_words + other.unknown_words,
            unknown_correct=self.unknown_correct + other.unknown_correct,
            sentences=self.sentences + other.sentences,
            correct_sentences=self.correct_sentences + other.correct_sentences,
        )

    @property
    def words(self) -> int:
        return self.known_words + self.unknown_words

    @property
    def correct(self) -> int:
        return self.known_correct + self.unknown_correct

    @property
    def accuracy(self) -> float | None:
        """Correct words over words; None without words."""
        return ratio(self.correct, self.words)

    @property
    def known_accuracy(self) -> float | None:
        """The accuracy on known words; None where there are none."""
        return ratio(self.known_correct, self.known_words)

    @property
    def unknown_accuracy(self) -> float | None:
        """The accuracy on unknown words; None where there are none."""
        return ratio(self.unknown_correct, self.unknown_words)

    @property
    def sentence_accuracy(self) -> float | None:
        """Sentences without a mistake over sentences; None without any."""
        return ratio(self.correct_sentences, self.sentences)

    def to_json(self) -> dict[str, Any]:
        """What `json` can write: numbers, null for what is undefined, and `tags` in the order of `matrix`."""
        return {
            "accuracy": self.accuracy,
            "known_accuracy": self.known_accuracy,
            "unknown_accuracy": self.unknown_accuracy,
            "words": self.words,
            "unknown_words": self.unknown_words,
            "sentences": self.sentences,
            "sentence_accuracy": self.sentence_accuracy,
            "tags": {tag: figures.to_json() for tag, figures in self.tags.items()},
        }


def joined_tags(*columns: Sequence[str]) -> list[str]:
    """For each word one tag that stands for its tags in all of `columns`: two are equal where all of theirs are.

    They are joined by a tab, which no tag of a file of columns can contain. The score of UPOS, XPOS and
    `universal_feats` of FEATS together is what the UD evaluation script calls AllTags. Raises ValueError where the
    columns differ in length.
    """
    return list(map("\t".join, zip(*columns, strict=True)))


@lru_cache(maxsize=1 << 16)  # a treebank has some hundred values of FEATS, each on very many words
def universal_feats(feats: str) -> str:
    """FEATS as the UD evaluation script compares them (its UFeats): universal features alone, in order of their names.

    Features of the language or treebank are left out, those of a layer (`Number[psor]`) among them; what a feature's
    name or value says is compared letter by letter, so `Int,Rel` is not `Rel,Int`. The order is UD's, regardless of
    case; `_` where nothing is left.
    """
    universal = [feature for feature in feats.split("|") if feature.split("=", 1)[0] in UNIVERSAL_FEATURES]
    return "|".join(sorted(universal, key=lambda feature: (feature.split("=", 1)[0].lower(), feature))) or "_"


class EntityTotals(NamedTuple):
    """The scores of a column whose tags mark entities."""

    overall: PrecisionRecall
    """Over entities of all types (micro-averaged), as conlleval and seqeval give it."""
    types: dict[str, PrecisionRecall]
    """The type of most entities first; the name is empty where entities have no types."""

    def to_json(self) -> dict[str, Any]:
        return {**self.overall.to_json(), "types": {name: figures.to_json() for name, figures in self.types.items()}}


class EntityScore:
    """How the entities of predicted tags agree with those of the reference; sentences are added.

    A word without a reference tag is in no entity of the reference, and predicted entities that have one of these words
    are left out, as nothing is known of them.
    """

    def __init__(self, scheme: EntityScheme | None) -> None:
        """`scheme` is that of the model. Without one the reference tells whether its tags mark entities."""
        self._scheme = scheme
        self._recognizer = SchemeRecognizer()
        self._found: Counter[str] = Counter()
        self._reference: Counter[str] = Counter()
        self._predicted: Counter[str] = Counter()

    def add(self, sentences: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
        """Adds the reference tags and the predicted tags of sentences; `""` stands for no reference tag."""
        for reference, predicted in sentences:
            self._recognizer.add(reference)
            if not self._marks_entities:
                continue
            ours, theirs = spans([tag or OUTSIDE for tag in reference]), spans(predicted)
            if not all(reference):
                theirs = [span for span in theirs if all(reference[span.start : span.end])]
            self._reference.update(span.type for span in ours)
            self._predicted.update(span.type for span in theirs)
            self._found.update(span.type for span in set[EntitySpan](ours).intersection(theirs))

    @property
    def reference_scheme(self) -> EntityScheme | None:
        """The scheme that the reference tags keep to, if they keep to any."""
        return self._recognizer.scheme

    @property
    def reference_is_of_another_scheme(self) -> bool:
        """Whether the model has a scheme, and the reference keeps to another one."""
        return self._scheme is not None and not self._recognizer.keeps_to(self._scheme) and bool(self.reference_scheme)

    @property
    def totals(self) -> EntityTotals | None:
        """None where the tags mark no entities."""
        if not self._marks_entities or not (self._scheme or self._recognizer.marks_entities):
            return None
        names = sorted(
            self._reference.keys() | self._predicted.keys(),
            key=lambda name: (-self._reference[name], -self._predicted[name], name),
        )
        counts = [(self._found[name], self._reference[name], self._predicted[name]) for name in names]
        overall = _figures(self._found.total(), self._reference.total(), self._predicted.total())
        return EntityTotals(overall, {name: _figures(*of) for name, of in zip(names, counts, strict=True)})

    @property
    def _marks_entities(self) -> bool:
        """Whether nothing has been seen so far that is no tag of an entity."""
        return self._scheme is not None or self._recognizer.may_mark_entities


def _figures(found: int, reference: int, predicted: int) -> PrecisionRecall:
    return PrecisionRecall(
        precision=found / predicted if predicted else None,
        recall=found / reference if reference else None,
        f1=2 * found / (reference + predicted) if reference + predicted else 0.0,
        reference=reference,
        predicted=predicted,
    )
