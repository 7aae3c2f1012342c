"""Checks the texts and numbers that a program gives, so that what is none is said before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

from charnn.errors import UsageError


def given_texts(texts: Iterable[str], method: str) -> Iterator[str]:
    """The texts, one after the other, as they come; `method` is the name of what was called with them.

    Raises UsageError for a single text, whose characters would otherwise be taken for texts, and for what is no text.
    """
    return _checked(_several(texts, method, "texts"), method)


def given_sentences(sentences: Iterable[Iterable[str]], method: str) -> list[list[str]]:
    """The sentences, each as its words. Raises UsageError for what is no list of sentences of words."""
    found = []
    for number, sentence in enumerate(_several(sentences, method, "sentences"), 1):
        if isinstance(sentence, str | bytes) or not isinstance(sentence, Iterable):
            raise UsageError(
                f"{method}: sentence {number} is of type {type(sentence).__name__}, and should be a list of words",
                hint="model.words([text]) finds the words of a text",
            )
        found.append(list(_checked(sentence, f"{method}: sentence {number}", "word")))
    return found


def given_text(text: Any, method: str) -> str:
    """The text. Raises UsageError for what is none."""
    if not isinstance(text, str):
        raise UsageError(f"{method}: the text is of type {type(text).__name__}, not str")
    return text


def _several(given: Any, method: str, what: str) -> Iterable[Any]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise UsageError(
            f"{method} takes a list of {what}, and was given a single {type(given).__name__}",
            hint=f"put it into a list: {method}([...])",
        )
    return given


def _checked(given: Iterable[Any], place: str, what: str = "text") -> Iterator[str]:
    for number, one in enumerate(given, 1):
        if not isinstance(one, str):
            raise UsageError(f"{place}: {what} {number} is of type {type(one).__name__}, not str")
        yield one


def given_number(number: Any, name: str, method: str, *, least: int = 0) -> int:
    """A whole number of at least `least`, NumPy's too. Raises UsageError for what is none."""
    if not isinstance(number, Integral) or isinstance(number, bool) or number < least:
        raise UsageError(f"{method}: {name}={number!r:.60}: give a whole number of at least {least}")
    return int(number)
