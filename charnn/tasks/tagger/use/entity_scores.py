"""The score of a tagger on named entities: an entity is right where its words and its type are, exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from charnn.evaluation.confusions import PrecisionRecall
from charnn.tasks.tagger.config import EntityScheme
from charnn.tasks.tagger.entities import OUTSIDE, SchemeRecognizer, Span, spans


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
            self._found.update(span.type for span in set[Span](ours).intersection(theirs))

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
