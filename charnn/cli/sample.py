"""`charnn sample`: text on stdout, as it is made."""

from __future__ import annotations

from typing import Annotated

import typer

from charnn.cli import options
from charnn.config import SamplingConfig

DEFAULT = SamplingConfig()


def sample(
    prompt: Annotated[str, typer.Argument(help="What the text begins with; it is printed too.")] = "",
    model: options.Model = None,
    temperature: Annotated[
        float, typer.Option("--temp", "-t", min=0, help="Below 1 is safer, above 1 is wilder, 0 always the likeliest.")
    ] = DEFAULT.temperature,
    top_k: Annotated[int | None, typer.Option("--top-k", min=1, help="Only the K likeliest symbols.")] = None,
    top_p: Annotated[
        float | None, typer.Option("--top-p", min=0, max=1, help="Only the likeliest that make up this probability.")
    ] = None,
    min_p: Annotated[
        float | None,
        typer.Option("--min-p", min=0, max=1, help="Only those at least this many times as likely as the likeliest."),
    ] = None,
    length: Annotated[
        int, typer.Option("--length", "-l", min=0, help="Characters at most, the prompt not counted.")
    ] = (DEFAULT.length),
    stop: Annotated[
        list[str] | None,
        typer.Option("--stop", metavar="STRING", help=r"End before this string (\n is a line end). Repeatable."),
    ] = None,
    number: Annotated[int, typer.Option("-n", min=1, help="How many texts, one after another.")] = 1,
    seed: options.Seed = None,
    precision: Annotated[
        options.InferencePrecision,
        typer.Option("--precision", help="auto is int8 where the model's own measurement found it worth it."),
    ] = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Generate text: it streams to stdout as it is made.

    A text ends at --length characters, at a --stop string (which is not
    printed), or where the model ends it: one that has seen whole documents
    has learned a stop token.

    charnn sample "The Fox" --temp 0.6 | head -3
    charnn sample --stop '\\n' -n 20 --model names
    """
    import numpy as np

    from charnn.checkpoint import LanguageModelConfig, find_model
    from charnn.cli import console, inference
    from charnn.generation import generate

    sampling = SamplingConfig(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        length=length,
        stop_strings=tuple(options.unescaped(string) for string in stop or ()),
    )
    directory = find_model(model, "language-model")
    tokenizer = directory.tokenizer()
    network = inference.load_language_model(directory, precision)
    if unknown := tokenizer.unknown_characters(prompt):
        console.warn(f"the model has never seen {', '.join(map(repr, unknown))}: read as the unknown token")
    may_stop = directory.config_of(LanguageModelConfig).corpus.ends_are_learned
    for index in range(number):
        random = np.random.default_rng(None if seed is None else (seed, index))
        generation = generate(network, tokenizer, prompt, sampling, random, may_stop=may_stop)
        if as_json:
            text = "".join(generation)
            console.write_json({"text": prompt + text, "reason": generation.reason})
            continue
        last = prompt
        console.write(prompt)
        for piece in generation:
            console.write(piece)
            last = piece
        if not last.endswith("\n"):
            console.write("\n")
