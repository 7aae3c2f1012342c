"""Writes tagged sentences as JSON, an object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charnn.tasks.tagger.formats.sentence import Annotation
    from charnn.tasks.tagger.use.stream import AnnotatedSentence

DECIMALS = 6


class JsonWriter:
    """Writes an object for each sentence that has words: its file, line, model and words, and for each column its tags.

    With probabilities or alternatives, these are there by column too. Tags that are not probable enough are null, or
    what is to be in their place. A malformed sentence has its error instead.
    """

    def __init__(self, model: str, least: float, unsure: str | None, *, with_probabilities: bool) -> None:
        """`unsure` takes the place of tags that are less probable than `least`; `model` is the model's path."""
        self._model, self._least, self._unsure, self._with_probabilities = model, least, unsure, with_probabilities

    def text(self, sentences: Iterable[AnnotatedSentence]) -> str:
        objects = (self._object(*one) for one in sentences if one.sentence.words or one.sentence.error)
        return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)

    def _object(self, sentence: Any, annotations: Any) -> dict[str, Any]:
        result: dict[str, Any] = {"file": sentence.name, "line": sentence.line, "model": self._model}
        if annotations is None:
            return {**result, "error": str(sentence.error)}
        result |= {"words": sentence.words, "tags": {each.column: self._tags(each) for each in annotations}}
        if self._with_probabilities:
            result["probabilities"] = {
                each.column: [round(p, DECIMALS) for p in each.probabilities or ()] for each in annotations
            }
        if any(each.alternatives is not None for each in annotations):
            result["alternatives"] = {
                each.column: [[[tag, round(p, DECIMALS)] for tag, p in best] for best in each.alternatives or ()]
                for each in annotations
            }
        return result

    def _tags(self, annotation: Annotation) -> list[str | None]:
        if not self._least or annotation.probabilities is None:
            return list(annotation.tags)
        every = zip(annotation.tags, annotation.probabilities, strict=True)
        return [tag if p >= self._least else self._unsure for tag, p in every]
