"""`charnn sample`: writes text, after prompts that are an argument, a file or standard input."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import console, notices, options, sample_options, sampling_options, unread
from charnn.cli.prompts import Prompts, prompts
from charnn.cli.sampling_options import refuse_chance, sampling_from
from charnn.errors import UsageError
from charnn.generation.config import SamplingConfig

if TYPE_CHECKING:
    from charnn.generation.text import ChosenToken, Piece, Text
    from charnn.tasks.language_model.use.model import LanguageModel

DEFAULT = SamplingConfig()
BATCH = 64
_ESCAPE = re.compile(r"\\[nrt]")


def sample(
    context: typer.Context,
    prompt: Annotated[
        str,
        typer.Argument(
            help="Let the model go on from this beginning, which is printed too; - reads it from stdin, which "
            "is not read without it.",
            show_default=False,
        ),
    ] = "",
    model: options.Model = None,
    prompt_file: sample_options.PromptFile = None,
    prompts_by_line: sample_options.Prompts = False,
    echo: sample_options.Echo = True,
    interactive: sample_options.Interactive = False,
    adapt: sample_options.Adapt = False,
    save: sample_options.Save = None,
    label: sample_options.Label = None,
    temperature: sampling_options.Temperature = DEFAULT.temperature,
    temperature_range: sampling_options.TemperatureRange = None,
    top_k: sampling_options.TopK = None,
    top_p: sampling_options.TopP = None,
    min_p: sampling_options.MinP = None,
    typical: sampling_options.Typical = None,
    top_n_sigma: sampling_options.TopNSigma = None,
    repetition_penalty: sampling_options.RepetitionPenalty = DEFAULT.repetition_penalty,
    presence_penalty: sampling_options.PresencePenalty = DEFAULT.presence_penalty,
    frequency_penalty: sampling_options.FrequencyPenalty = DEFAULT.frequency_penalty,
    penalty_window: sampling_options.PenaltyWindow = DEFAULT.penalty_window,
    dry_multiplier: sampling_options.DryMultiplier = DEFAULT.dry_multiplier,
    dry_base: sampling_options.DryBase = DEFAULT.dry_base,
    dry_allowed_length: sampling_options.DryAllowedLength = DEFAULT.dry_allowed_length,
    dry_penalty_last_n: sampling_options.DryPenaltyLastN = DEFAULT.dry_penalty_last_n,
    dry_sequence_breakers: sampling_options.DrySequenceBreakers = None,
    bias: sampling_options.Bias = None,
    banned: sampling_options.Banned = "",
    filters: sampling_options.Filters = None,
    beams: sampling_options.Beams = DEFAULT.beams,
    pattern: sample_options.Pattern = None,
    length: sample_options.Length = sample_options.LENGTH,
    lines: sample_options.Lines = None,
    words: sample_options.Words = None,
    sentences: sample_options.Sentences = None,
    stop_strings: sample_options.StopStrings = None,
    include_stop: sample_options.IncludeStop = False,
    number: sample_options.Number = 1,
    batch: sample_options.Batch = BATCH,
    seed: options.Seed = None,
    on_error: options.OnError = "fail",
    precision: options.Precision = "auto",
    as_json: options.AsJson = False,
    log_probabilities: sample_options.LogProbabilities = None,
) -> None:
    """Generate text, and write it to stdout as it is made.

    The model reads the prompt and writes on from there, symbol by symbol:
    each time it gives a probability to every symbol, and one is drawn.

    A text ends where it is as long as --length, --lines, --words or
    --sentences allow, before a --stop string, or where the model ends it: a
    model that was trained on whole documents has learned where they end.

    charnn sample "The Fox" --temp 0.6 | head -3
    charnn sample -n 1000 --stop '\\n' --model names | sort -u
    echo "ROMEO:" | charnn sample - --sentences 2
    charnn sample --pattern '(Mr|Mrs|Miss) \\w+' -n 5
    charnn sample --model names --label Irish -n 20
    charnn sample --adapt --prompt-file chapter.txt --no-echo
    """
    from charnn.tasks.language_model.use.model import SEEDS, LanguageModel

    sampling = sampling_from(context.params)
    loaded = LanguageModel.find(model, precision=precision)
    any_bytes = loaded.tokenizer.kind == "bytes"
    loaded.threads = loaded.threads_for_steps(options.processors())
    if (escape := _ESCAPE.search(prompt)) and loaded.tokenizer.unknown_characters("\\"):
        console.warn(
            f"the prompt has {escape[0]} as two characters, and the model has never seen a backslash: where it should "
            f"be one, bash writes $'{escape[0]}', and --prompt-file reads it from a file"
        )
    _check_adaptation(loaded, save, adapt=adapt, interactive=interactive, several=prompts_by_line)
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    notices.announce(loaded.directory, model, seed=seed)
    if interactive:
        from charnn.cli.interactive import Conversation, converse

        converse(Conversation(loaded, context, seed=seed), prompt)
        return
    if sampling.beams > 1:
        refuse_chance(context)
    writer = TextWriter(loaded, echo=echo, seed=seed, as_json=as_json or log_probabilities is not None)
    given = prompts(prompt, prompt_file, a_line_each=prompts_by_line, any_bytes=any_bytes, on_error=on_error)
    if not prompt and prompt_file is None:
        unread.warn_of_unread_input("charnn sample -")
    with ExitStack() as stack:
        reader = loaded
        if adapt:
            text = next(given) or ""
            reader, given = stack.enter_context(_adapted(loaded, text, save)), iter([text])
        asked = Prompts(given)
        pieces = reader.texts(
            asked,
            sampling,
            seed=seed,
            label=label,
            number=number,
            batch=batch,
            echo=echo,
            scored=as_json,
            alternatives=log_probabilities,
        )
        for piece in pieces:
            writer.write(piece)
    if asked.failure is not None:
        raise asked.failure


def _check_adaptation(model: LanguageModel, save: str | None, *, adapt: bool, interactive: bool, several: bool) -> None:
    """Raises UsageError where --adapt or --save is not meant for what else was asked."""
    if not adapt:
        if save is not None:
            raise UsageError(f"--save {save}: keeps what --adapt has learned", hint="give that too")
        return
    for option, is_given in (("--interactive", interactive), ("--prompts", several)):
        if is_given:
            raise UsageError(f"--adapt learns from one prompt, and {option} reads several")
    if model.labels:
        raise UsageError(f"--adapt: {model.path} learned texts with labels, and --adapt is for texts without")
    if save is not None and os.path.lexists(save):
        raise UsageError(f"--save {save}: exists", hint="name a new directory")


@contextmanager
def _adapted(model: LanguageModel, prompt: str, save: str | None) -> Iterator[LanguageModel]:
    """The model after it has learned from the prompt. Without `save` it is gone after the context."""
    from charnn.checkpoint.locate import option_for
    from charnn.tasks.language_model.learn.adaptation import adapted_to
    from charnn.tasks.language_model.use.model import LanguageModel

    if not prompt:
        raise UsageError("--adapt: the model learns from the prompt, and there is none")
    with TemporaryDirectory(prefix="charnn-") as scratch:
        path = Path(scratch, "model") if save is None else Path(save)
        adapted = adapted_to(prompt, model.directory, path)
        if save is not None:
            console.notice(f"what it has learned is kept: charnn sample{option_for(adapted)}")
        yield LanguageModel(adapted, precision=model.precision, threads=model.threads)


class TextWriter:
    """Writes texts to stdout, one after the other, each in the pieces in which it is made."""

    def __init__(self, model: LanguageModel, *, echo: bool, seed: int, as_json: bool) -> None:
        self._model, self._echo, self._seed, self._as_json = model, echo, seed, as_json
        self._current: Text | None = None
        self._shown: list[str] = []
        self._last = ""

    def write(self, piece: Piece) -> None:
        """Writes one piece. A piece of another text than the last one begins that text."""
        text, shown, is_last = piece
        if text is not self._current:
            self._current, self._shown, self._last = text, [], ""
            shown = (text.request.prompt if self._echo else "") + shown
        if self._as_json:
            self._shown.append(shown)
            if is_last:
                console.write_json(self._record(text))
            return
        self._last = shown or self._last
        if is_last and not self._last.endswith("\n"):
            shown += "\n"
        if shown:
            console.write(shown)

    def _record(self, text: Text) -> dict[str, Any]:
        record: dict[str, Any] = {
            "text": "".join(self._shown),
            "prompt": text.request.prompt,
            "reason": text.reason,
            "model": str(self._model.path),
            "seed": self._seed,
            "number": text.request.number,
            "log_probability": text.log_probability,
        }
        if (label := self._model.label_of(text)) is not None:
            record["label"] = label
        if text.tokens:
            record["symbols"] = [_symbol(token) for token in text.tokens]
        return record


def _symbol(token: ChosenToken) -> dict[str, Any]:
    return {
        "text": token.text,
        "log_probability": token.log_probability,
        "alternatives": [[text, log_probability] for text, log_probability in token.alternatives],
    }
