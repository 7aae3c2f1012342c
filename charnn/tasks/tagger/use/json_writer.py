"""Writes tagged sentences as JSON, an object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charnn.tasks.tagger.use.stream import AnnotatedSentence, TagWriter

DECIMALS = 6


class JsonWriter:
    """Writes an object for each sentence that has words: its file, line, model and words, and for each column its tags.

    With probabilities or alternatives, these are there by column too. A malformed sentence has its error instead.
    """

    def __init__(self, writer: TagWriter, model: str) -> None:
        """`writer` says what takes the place of tags that are not probable enough; `model` is the model's path."""
        self._writer, self._model = writer, model

    def text(self, sentences: Iterable[AnnotatedSentence]) -> str:
        objects = (self._object(*one) for one in sentences if one.sentence.words or one.sentence.error)
        return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)

    def _object(self, sentence: Any, annotations: Any) -> dict[str, Any]:
        result: dict[str, Any] = {"file": sentence.name, "line": sentence.line, "model": self._model}
        if annotations is None:
            return {**result, "error": str(sentence.error)}
        written = [self._writer.as_written(annotation) for annotation in annotations]
        result |= {"words": sentence.words, "tags": {each.column: list(each.tags) for each in written}}
        if any(each.probabilities is not None for each in written):
            result["probabilities"] = {
                each.column: [round(p, DECIMALS) for p in each.probabilities or ()] for each in written
            }
        if any(each.alternatives is not None for each in written):
            result["alternatives"] = {
                each.column: [[[tag, round(p, DECIMALS)] for tag, p in best] for best in each.alternatives or ()]
                for each in written
            }
        return result
