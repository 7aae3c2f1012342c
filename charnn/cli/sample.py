"""`charnn sample`: text on stdout, as it is made."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from charnn.cli import options, sample_options
from charnn.generation.config import SamplingConfig

DEFAULT = SamplingConfig()
BATCH = 64
SEEDS = 1 << 32


def sample(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What the text begins with; it is printed too. - reads stdin.")] = "",
    model: options.Model = None,
    prompt_file: sample_options.PromptFile = None,
    a_prompt_a_line: sample_options.Prompts = False,
    echo: sample_options.Echo = True,
    interactive: sample_options.Interactive = False,
    temperature: sample_options.Temperature = DEFAULT.temperature,
    temperature_range: sample_options.TemperatureRange = None,
    top_k: sample_options.TopK = None,
    top_p: sample_options.TopP = None,
    min_p: sample_options.MinP = None,
    typical: sample_options.Typical = None,
    top_n_sigma: sample_options.TopNSigma = None,
    repetition_penalty: sample_options.RepetitionPenalty = DEFAULT.repetition_penalty,
    presence_penalty: sample_options.PresencePenalty = DEFAULT.presence_penalty,
    frequency_penalty: sample_options.FrequencyPenalty = DEFAULT.frequency_penalty,
    penalty_window: sample_options.PenaltyWindow = DEFAULT.penalty_window,
    bias: sample_options.Bias = None,
    banned: sample_options.Banned = "",
    filters: sample_options.Filters = None,
    beams: sample_options.Beams = DEFAULT.beams,
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
    precision: Annotated[
        options.InferencePrecision,
        typer.Option("--precision", help="auto is int8 where the model's own measurement found it worth it."),
    ] = "auto",
    as_json: options.AsJson = False,
    log_probabilities: sample_options.LogProbabilities = None,
) -> None:
    """Generate text: it streams to stdout as it is made.

    A text ends where it is as long as --length, --lines, --words or
    --sentences allow, at a --stop string, or where the model ends it: one
    that has seen whole documents has learned when to stop.

    charnn sample "The Fox" --temp 0.6 | head -3
    charnn sample -n 1000 --stop '\\n' --model names | sort -u
    echo "ROMEO:" | charnn sample - --sentences 2
    charnn sample --pattern '(Mr|Mrs|Miss) \\w+' -n 5
    """
    from charnn.cli import inference
    from charnn.cli.prompts import prompts
    from charnn.cli.texts import TextWriter, requests
    from charnn.generation.beam import likeliest_texts
    from charnn.generation.generator import TextGenerator, in_order
    from charnn.tasks.language_model.directory import LanguageModelDirectory

    sampling = sample_options.sampling(context.params)
    directory = LanguageModelDirectory.find(model)
    tokenizer = directory.tokenizer()
    network = inference.load_language_model(directory, precision)
    may_stop = directory.config().corpus.ends_are_learned
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    if interactive:
        from charnn.cli.interactive import Conversation, converse

        converse(Conversation(network, tokenizer, context, seed=seed, may_stop=may_stop), prompt)
        return
    given = prompts(prompt, prompt_file, a_line_each=a_prompt_a_line, any_bytes=tokenizer.kind == "bytes")
    writer = TextWriter(echo=echo, seed=seed, as_json=as_json or log_probabilities is not None)
    if sampling.beams > 1:
        sample_options.refuse_chance(context)
        wanted = requests(given, tokenizer, number=1, seed=seed)
        pieces = likeliest_texts(network, tokenizer, sampling, wanted, number=number, may_stop=may_stop, echo=echo)
    else:
        wanted = requests(given, tokenizer, number=number, seed=seed)
        generator = TextGenerator(
            network,
            tokenizer,
            sampling,
            batch=batch,
            may_stop=may_stop,
            echo=echo,
            scored=as_json,
            alternatives=log_probabilities,
        )
        pieces = in_order(generator.texts(wanted))
    for piece in pieces:
        writer.write(piece)
