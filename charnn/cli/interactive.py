"""`charnn sample --interactive`: a text that a person and the model write in turn."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Generator
from contextlib import closing

import numpy as np
import typer
from typer.exceptions import TyperException

from charnn.cli import console
from charnn.cli.sampling_options import sampling_from
from charnn.errors import CharnnError, UsageError
from charnn.generation.config import SamplingConfig
from charnn.generation.text import Request
from charnn.readable import unescaped
from charnn.tasks.language_model.use.model import LanguageModel

HELP = r"""What you type is added to the text, and the model goes on from there.
(nothing)         the model goes on
/retry            another continuation of the same place
/undo             back to before the last turn
/text             the whole text so far
/save NAME        remember this place; /load NAME returns to it, /saved lists them
/clear            begin anew
/temp 0.6         set an option of `charnn sample`; /temp shows it, /temp off unsets it
/quit             or Ctrl-D; Ctrl-C ends what is being written
\n in what you type is a line end; a line that begins with // begins with /."""


SHOWN = 40
"""The number of characters at the end of a text that are shown to say which place is meant."""


class Conversation:
    """The text so far, the texts that /undo and /load return to, and the options that the model writes with."""

    def __init__(self, model: LanguageModel, context: typer.Context, *, seed: int) -> None:
        """`context` has the options at the beginning; its command also reads those that are set in the conversation."""
        self._model, self._seed = model, seed
        self._command, self._parameters = context.command, dict(context.params)
        self._sampling = sampling_from(self._parameters)
        self._place = self._start = ""
        """The text so far, and the text as it was before the model's last continuation."""
        self._before: list[str] = []
        self._saved: dict[str, str] = {}
        self._turns = 0

    def take(self, line: str) -> Generator[str]:
        """Obeys a line that was typed, and gives what the model then writes, in pieces.

        Raises UsageError and the like for a line that cannot be obeyed, and leaves the text as it was.
        """
        name, _, argument = line.removeprefix("/").strip().partition(" ")
        argument = argument.strip()
        if not line.startswith("/") or line.startswith("//"):
            typed = line.removeprefix("/") if line.startswith("/") else line
            return self._go_on(self._place + unescaped(typed), is_new=True)
        match name:
            case "retry":
                return self._go_on(self._start, is_new=self._start == self._place)
            case "text":
                return _only(self._place)
            case "undo" if self._before:
                self._move(self._before.pop())
            case "clear":
                self._before.append(self._place)
                self._move("")
            case "save":
                self._saved[argument] = self._place
                console.say(f"saved: {_end(self._place)}")
            case "load" if argument in self._saved:
                self._before.append(self._place)
                self._move(self._saved[argument])
            case "saved":
                for saved, text in self._saved.items():
                    console.say(f"{saved:<12} {_end(text)}")
            case "help":
                console.say(HELP)
            case "undo":
                raise UsageError("/undo: there is nothing to undo")
            case "load":
                raise UsageError(f"/load {argument}: nothing was saved by that name", hint="/saved lists what was")
            case _:
                self._set(name, argument)
        return _only()

    def _go_on(self, start: str, *, is_new: bool) -> Generator[str]:
        """Lets the model continue `start`. The text becomes `start` and those pieces that the caller has taken."""
        random = np.random.default_rng((self._seed, self._turns))
        pieces = self._model.generator(self._sampling, label=self._parameters["label"], echo=False).texts(
            [Request(0, start, random)]
        )
        next(pieces)  # The first piece is empty, and raises what cannot be done before anything has changed.
        if is_new:
            self._before.append(self._place)
        self._turns += 1
        self._start = self._place = start
        for piece in pieces:
            self._place += piece.shown
            yield piece.shown

    def _move(self, text: str) -> None:
        self._place = self._start = text
        console.say(f"at: {_end(text)}")

    def _set(self, name: str, argument: str) -> None:
        """Sets the option of `charnn sample` with this name, one that says how text is made, and shows its value."""
        settable = {"label", *(field.name for field in dataclasses.fields(SamplingConfig))}
        option = next((p for p in self._command.params if p.name in settable and f"--{name}" in p.opts), None)
        if option is None or option.name is None:
            raise UsageError(f"/{name}: no such thing here", hint="/help says what there is")
        if argument:
            arguments = {"off": [], "on": [f"--{name}"]}.get(argument, [f"--{name}", argument])
            try:
                parameters = self._command.make_context(self._command.name, arguments).params
            except TyperException as failure:
                raise UsageError(failure.format_message()) from None
            changed = {**self._parameters, option.name: parameters[option.name]}
            self._sampling, self._parameters = sampling_from(changed), changed
        console.say(f"--{name}: {self._parameters[option.name]}")


def converse(conversation: Conversation, first: str) -> None:
    """Answers `first`, unless it is empty, and then the lines of stdin until they end or one is /quit."""
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if is_terminal:
        import readline  # noqa: F401 - it gives input() its keys

        console.say("what you type is added to the text; an empty line goes on; /help, /quit")
    line: str | None = first or _typed(is_terminal)
    while line is not None and line.strip() != "/quit":
        _answer(conversation, line)
        line = _typed(is_terminal)


def _answer(conversation: Conversation, line: str) -> None:
    last = "\n"
    try:
        with closing(conversation.take(line)) as pieces:
            for piece in pieces:
                console.write(piece)
                last = piece or last
    except KeyboardInterrupt:  # Ctrl-C ends this answer, and not the conversation.
        pass
    except CharnnError as failure:
        console.report(failure)
    if not last.endswith("\n"):
        console.write("\n")


def _typed(is_terminal: bool) -> str | None:
    """The next line, without its end; None where there is none."""
    if not is_terminal:
        line = sys.stdin.readline() if sys.stdin is not None else ""
        return line.removesuffix("\n") if line else None
    try:
        return input("> ")
    except EOFError:
        console.write("\n")
        return None
    except KeyboardInterrupt:
        console.write("\n")
        return _typed(is_terminal)


def _end(text: str) -> str:
    return repr(text[-SHOWN:]) if len(text) <= SHOWN else f"...{text[-SHOWN:]!r}"


def _only(*pieces: str) -> Generator[str]:
    yield from pieces
