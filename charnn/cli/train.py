"""`charnn train`: a text in, a model directory out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import options
from charnn.config import (
    Budget,
    Cell,
    CorpusConfig,
    Device,
    DocumentUnit,
    Precision,
    SamplingConfig,
    TokenizerConfig,
    TokenizerKind,
    TrainingConfig,
)
from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.checkpoint import ModelDirectory
    from charnn.cli.observers import Preview
    from charnn.training import LanguageModelSession, Outcome, Report, Wishes

TOKENIZER = TokenizerConfig()
DATA = "Text"
NETWORK = "Network (chosen for the text and the time, unless given)"
TRAINING = "Training"
RESULT = "Result"
SAMPLE = SamplingConfig(temperature=0.7, length=240)
SAMPLE_TITLE = "a sample, temperature 0.7"
INTERRUPTED = 130


def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None, typer.Argument(metavar="CORPUS...", help="Text files, plain or .gz; - is stdin.")
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option("--valid", metavar="FILE", help="Validate with this text.", rich_help_panel=DATA),
    ] = None,
    documents: Annotated[
        DocumentUnit,
        typer.Option("--documents", help="What one document is; each ends in a stop.", rich_help_panel=DATA),
    ] = "file",
    encoding: Annotated[str, typer.Option("--encoding", help="Of the files.", rich_help_panel=DATA)] = "utf-8",
    tokenizer: Annotated[
        TokenizerKind, typer.Option("--tokenizer", help="What the text is read as.", rich_help_panel=DATA)
    ] = TOKENIZER.kind,
    vocabulary_size: Annotated[
        int, typer.Option("--vocab-size", min=2, help="Pieces, for unigram and bpe.", rich_help_panel=DATA)
    ] = TOKENIZER.vocabulary_size,
    min_count: Annotated[
        int, typer.Option("--min-count", min=1, help="Rarer characters become unknown.", rich_help_panel=DATA)
    ] = TOKENIZER.min_count,
    cell: Annotated[Cell, typer.Option("--cell", help="The recurrent cell.", rich_help_panel=NETWORK)] = "lstm",
    layers: Annotated[
        int | None, typer.Option("--layers", min=1, help="Recurrent layers.", rich_help_panel=NETWORK)
    ] = None,
    hidden: Annotated[
        int | None, typer.Option("--hidden", min=1, help="Units of a layer.", rich_help_panel=NETWORK)
    ] = None,
    embedding: Annotated[
        int | None, typer.Option("--embedding", min=1, help="Size of a symbol's vector.", rich_help_panel=NETWORK)
    ] = None,
    dropout: Annotated[
        float | None, typer.Option("--dropout", min=0, max=0.99, help="Variational.", rich_help_panel=NETWORK)
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, help="Lanes read side by side.", rich_help_panel=TRAINING)
    ] = None,
    window: Annotated[
        int | None, typer.Option("--window", min=1, help="Steps of truncated BPTT.", rich_help_panel=TRAINING)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="At its top.", rich_help_panel=TRAINING)
    ] = None,
    clip: Annotated[
        float | None,
        typer.Option(
            "--clip",
            help=f"Largest norm of the gradient. Default: {TrainingConfig.clip_norm:g}.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    clip_value: Annotated[
        float | None,
        typer.Option("--clip-value", help="Instead: largest value in the gradient.", rich_help_panel=TRAINING),
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="3m", help="Train for so long.", rich_help_panel=TRAINING)
    ] = None,
    epochs: Annotated[
        float | None, typer.Option("--epochs", help="Or: read the text so often.", rich_help_panel=TRAINING)
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Or: take so many steps.", rich_help_panel=TRAINING)
    ] = None,
    patience: Annotated[
        int,
        typer.Option(
            "--patience",
            min=0,
            help="Validations without a better one that end it; 0: never.",
            rich_help_panel=TRAINING,
        ),
    ] = TrainingConfig.patience,
    precision: Annotated[
        Precision,
        SamplingConfig,
        typer.Option("--precision", help="auto is bf16 where the hardware has it.", rich_help_panel=TRAINING),
    ] = "auto",
    device: Annotated[Device, typer.Option("--device", help="Where to train.", rich_help_panel=TRAINING)] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything random.", rich_help_panel=TRAINING)] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The model directory. Default: checkpoints/<stem>.", rich_help_panel=RESULT),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model at --out.", rich_help_panel=RESULT)
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option("--resume", metavar="NAME|PATH", help="Go on with this run.", rich_help_panel=RESULT),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME|PATH", help="Start from this model's weights.", rich_help_panel=RESULT),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Learn a text: train a character language model on it.

    A longer --time gives a larger network and a better model.
    Ctrl-C saves what was learned; --resume goes on from there.
    The path of the model directory is printed on stdout at the end.

    charnn train corpus.txt --time 3m
    zcat letters/*.gz | charnn train - --documents paragraph
    """
    from charnn.cli import console
    from charnn.cli.observers import LiveView, PlainLines
    from charnn.cli.signals import Interruption
    from charnn.training import Wishes

    budget = _budget(time, epochs, steps)
    if resume is not None:
        _refuse_others(context, {"corpus", "resume", "time", "epochs", "steps", "as_json"})
        session = _resume(resume, corpus or [], budget)
    else:
        if not corpus:
            raise UsageError("no corpus to learn from", hint="name a text file, or - for stdin")
        if clip is not None and clip_value is not None:
            raise UsageError("--clip and --clip-value: give one of them")
        wishes = Wishes(
            cell=cell,
            layers=layers,
            hidden_size=hidden,
            embedding_size=embedding,
            dropout=dropout,
            lanes=batch,
            window_length=window,
            learning_rate=learning_rate,
            budget=budget,
            given=frozenset(name for name in ("cell", "tokenizer") if _is_given(context, name)),
        )
        settings: dict[str, Any] = {"patience": patience, "precision": precision, "device": device, "seed": seed}
        if clip_value is not None:
            settings |= {"clip_norm": None, "clip_value": clip_value}
        elif clip is not None:
            settings |= {"clip_norm": clip}
        session = _start(
            corpus,
            valid or [],
            document=documents,
            encoding=encoding,
            tokenizer=TokenizerConfig(tokenizer, vocabulary_size, min_count),
            wishes=wishes,
            settings=settings,
            directory=lambda: _new_directory(corpus[0], out, overwrite),
            source=start_from,
        )
    try:
        for line in session.description():
            console.notice(line)
        observer = LiveView(_sampler(session), SAMPLE_TITLE) if console.is_terminal() else PlainLines()
        with Interruption() as interruption, observer:
            outcome = session.run(observer, interruption.requested)
    except BaseException:
        session.directory.discard_if_empty()
        raise
    _conclude(session, outcome, as_json=as_json)
    if outcome == "interrupt":
        raise typer.Exit(INTERRUPTED)


def _start(
    paths: list[str],
    valid: list[str],
    *,
    document: DocumentUnit,
    encoding: str,
    tokenizer: TokenizerConfig,
    wishes: Wishes,
    settings: dict[str, Any],
    directory: Callable[[], ModelDirectory],
    source: str | None,
) -> LanguageModelSession:
    from charnn.checkpoint import LanguageModelConfig, find_model
    from charnn.corpora import read_corpus
    from charnn.training import LanguageModelSession

    start_from = find_model(source, "language-model") if source is not None else None
    if start_from is not None and "tokenizer" not in wishes.given:
        tokenizer = dataclasses.replace(
            start_from.config_of(LanguageModelConfig).tokenizer, min_count=tokenizer.min_count
        )
    any_bytes = tokenizer.kind == "bytes"
    corpus = read_corpus(paths, valid, document=document, encoding=encoding, any_bytes=any_bytes)
    return LanguageModelSession.start(directory, corpus, tokenizer, wishes, settings, start_from)


def _resume(name: str, paths: list[str], budget: Budget | None) -> LanguageModelSession:
    from charnn.checkpoint import LanguageModelConfig, find_model
    from charnn.corpora import read_corpus, read_corpus_again
    from charnn.training import LanguageModelSession

    directory = find_model(name, "language-model")
    config = directory.config_of(LanguageModelConfig)
    recorded, any_bytes = config.corpus, config.tokenizer.kind == "bytes"
    if paths:
        valid = [source.path for source in recorded.validation_sources]
        corpus = read_corpus(paths, valid, document=recorded.document, encoding=recorded.encoding, any_bytes=any_bytes)
        if _hashes(corpus.config) != _hashes(recorded):
            raise UsageError(f"{', '.join(paths)}: not the text that {directory.path} was trained on")
    else:
        corpus = read_corpus_again(recorded, any_bytes=any_bytes)
    return LanguageModelSession.resume(directory, corpus, budget)


def _hashes(corpus: CorpusConfig) -> list[str]:
    return [source.sha256 for source in (*corpus.sources, *corpus.validation_sources)]


def _new_directory(first_path: str, out: Path | None, overwrite: bool) -> ModelDirectory:
    from charnn.checkpoint import ModelDirectory, new_model_path

    if out is not None:
        return ModelDirectory.create(out, overwrite=overwrite)
    if overwrite:
        raise UsageError("--overwrite needs --out, the model to replace")
    stem = "stdin" if first_path == "-" else Path(first_path.removesuffix(".gz")).stem
    return ModelDirectory.create(new_model_path(stem))


def _sampler(session: LanguageModelSession) -> Preview:
    """For the live view: what the network writes by now."""
    import numpy as np

    from charnn.generation import generate
    from charnn.network import NumpyLanguageModel

    network, may_stop = NumpyLanguageModel(session.network), session.config.corpus.ends_are_learned

    def sample(report: Report) -> str:
        random = np.random.default_rng(report.step)
        return "".join(generate(network, session.tokenizer, "", SAMPLE, random, may_stop=may_stop))

    return sample


def _conclude(session: LanguageModelSession, outcome: Outcome, *, as_json: bool) -> None:
    """What was reached and how to go on, on stderr; the path, or the result as JSON, on stdout."""
    from charnn.cli import console

    path, config = session.directory.path, session.config
    if outcome == "interrupt":
        console.notice(f"interrupted: saved. Go on with: charnn train --resume {path}")
    elif outcome == "loss not finite":
        console.warn(
            "the loss became infinite: training stopped; the best weights are kept. Try a lower --learning-rate"
        )
    scores = config.scores
    if scores is None:
        return
    console.notice(f"best validation: {scores}, after {console.duration(scores.seconds)}; ended by: {outcome}")
    if as_json:
        result = {"model": str(path), "outcome": outcome, **scores.to_json()}
        console.write_json(result)
    elif outcome != "interrupt":
        console.write(f"{path}\n")


def _budget(time: str | None, epochs: float | None, steps: int | None) -> Budget | None:
    given = [value for value in (time, epochs, steps) if value is not None]
    if not given:
        return None
    if len(given) > 1:
        raise UsageError("--time, --epochs and --steps: give one of them")
    return Budget(seconds=options.seconds(time) if time is not None else None, epochs=epochs, steps=steps)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_others(context: typer.Context, allowed: set[str]) -> None:
    """A resumed run is the run that it was: only what `allowed` names can be given."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in allowed and _is_given(context, name):
            raise UsageError(f"{parameter.opts[0]} cannot change in a run that is resumed")
