"""`charnn train`: a text or a treebank in, a model directory out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import given, options
from charnn.config import (
    Budget,
    Cell,
    DecoderKind,
    Device,
    DocumentUnit,
    Level,
    Precision,
    TaggerNetworkConfig,
    TokenizerConfig,
    TokenizerKind,
    TrainingConfig,
    TreebankFormat,
    WordReaderKind,
)
from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.checkpoint import ModelDirectory
    from charnn.cli.observers import LiveView
    from charnn.training import LanguageModelSession, Outcome, TaggerSession

TOKENIZER = TokenizerConfig()
data_option, treebanks_option, network_option, training_option, result_option = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in ("Data", "Treebanks", "Network (chosen for the data and the time, unless given)", "Training", "Result")
)
INTERRUPTED = 130
TAGGER_PATIENCE = 0


def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(metavar="CORPUS...", help="Texts, or treebanks (told by content), plain or .gz; - is stdin."),
    ] = None,
    valid: Annotated[
        list[str] | None, data_option("--valid", metavar="FILE", help="Validate with this instead of the last tenth.")
    ] = None,
    documents: Annotated[
        DocumentUnit, data_option("--documents", help="What one document is; each ends in a stop.")
    ] = "file",
    encoding: Annotated[str, data_option("--encoding", help="Of the files.")] = "utf-8",
    tokenizer: Annotated[TokenizerKind, data_option("--tokenizer", help="What the text is read as.")] = TOKENIZER.kind,
    vocabulary_size: Annotated[
        int, data_option("--vocab-size", min=2, help="Pieces, for unigram and bpe.")
    ] = TOKENIZER.vocabulary_size,
    min_count: Annotated[
        int, data_option("--min-count", min=1, help="Rarer characters become unknown.")
    ] = TOKENIZER.min_count,
    columns: Annotated[
        str | None,
        treebanks_option(
            "--columns",
            metavar="upos,xpos,feats",
            help="The tags to learn, a head each. Default: upos.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        TreebankFormat | None, treebanks_option("--format", help="Default: told by content.", show_default=False)
    ] = None,
    level: Annotated[Level, treebanks_option("--level", help="What has a tag.")] = "word",
    tags: Annotated[
        list[str] | None,
        treebanks_option(
            "--tags", metavar="FILE", help="Beside CORPUS: the same lines, with the tag of each character in its place."
        ),
    ] = None,
    words_from: Annotated[
        WordReaderKind | None,
        treebanks_option(
            "--words-from",
            help=f"What reads characters into words. Default: {TaggerNetworkConfig.words_from}.",
            show_default=False,
        ),
    ] = None,
    decoder: Annotated[
        DecoderKind | None,
        treebanks_option(
            "--decoder",
            help=f"How tags follow from scores. Default: {TaggerNetworkConfig.decoder}.",
            show_default=False,
        ),
    ] = None,
    cell: Annotated[Cell, network_option("--cell", help="The recurrent cell.")] = "lstm",
    layers: Annotated[int | None, network_option("--layers", min=1, help="Recurrent layers.")] = None,
    hidden: Annotated[int | None, network_option("--hidden", min=1, help="Units of a layer.")] = None,
    embedding: Annotated[
        int | None, network_option("--embedding", min=1, help="Size of a symbol's, or word's, vector.")
    ] = None,
    dropout: Annotated[float | None, network_option("--dropout", min=0, max=0.99, help="Variational.")] = None,
    batch: Annotated[
        int | None, training_option("--batch", min=1, help="Lanes, or sentences, read side by side.")
    ] = None,
    window: Annotated[
        int | None, training_option("--window", min=1, help="Steps of truncated BPTT; words of a sentence.")
    ] = None,
    learning_rate: Annotated[float | None, training_option("--learning-rate", help="At its top.")] = None,
    clip: Annotated[
        float | None,
        training_option("--clip", help=f"Largest norm of the gradient. Default: {TrainingConfig.clip_norm:g}."),
    ] = None,
    clip_value: Annotated[
        float | None, training_option("--clip-value", help="Instead: largest value in the gradient.")
    ] = None,
    time: Annotated[str | None, training_option("--time", metavar="3m", help="Train for so long.")] = None,
    epochs: Annotated[float | None, training_option("--epochs", help="Or: read the text so often.")] = None,
    steps: Annotated[int | None, training_option("--steps", min=1, help="Or: take so many steps.")] = None,
    patience: Annotated[
        int | None,
        training_option(
            "--patience",
            min=0,
            help=f"Validations without a better one that end it; 0: never. Default: {TrainingConfig.patience}, "
            f"for taggers {TAGGER_PATIENCE}.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        Precision,
        training_option("--precision", help="auto is bf16 where the hardware has it."),
    ] = "auto",
    device: Annotated[Device, training_option("--device", help="Where to train.")] = "auto",
    seed: Annotated[int, training_option("--seed", min=0, help="Of everything random.")] = 0,
    out: Annotated[
        Path | None, result_option("--out", help="The model directory. Default: checkpoints/<stem>.")
    ] = None,
    overwrite: Annotated[bool, result_option("--overwrite", help="Replace the model at --out.")] = False,
    resume: Annotated[str | None, result_option("--resume", metavar="NAME|PATH", help="Go on with this run.")] = None,
    start_from: Annotated[
        str | None, result_option("--from", metavar="NAME|PATH", help="Start from this model's weights.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Learn a text, or the tags of a treebank.

    A text makes a character language model; CoNLL-U, tab-separated columns
    or word_TAG lines make a tagger.
    A longer --time gives a larger network and a better model.
    Ctrl-C saves what was learned; --resume goes on from there.
    The path of the model directory is printed on stdout at the end.

    charnn train corpus.txt --time 3m
    zcat letters/*.gz | charnn train - --documents paragraph
    charnn train train.conllu --valid dev.conllu --columns upos,xpos
    charnn train bare.txt --level character --tags accented.txt
    """
    from charnn.cli import console, train_tagger, train_text
    from charnn.cli.observers import PlainLines
    from charnn.cli.signals import Interruption
    from charnn.training import TaggerWishes, Wishes

    budget = given.budget(time, epochs, steps)
    if resume is not None:
        given.refuse_others(context, {"corpus", "resume", "time", "epochs", "steps", "as_json"})
        session = _resume(resume, corpus or [], budget)
    else:
        if not corpus:
            raise UsageError("no corpus to learn from", hint="name a text file, or - for stdin")
        if clip is not None and clip_value is not None:
            raise UsageError("--clip and --clip-value: give one of them")
        task = given.task(context, corpus[0], encoding)
        settings: dict[str, Any] = {"precision": precision, "device": device, "seed": seed}
        settings["patience"] = (
            patience if patience is not None else TAGGER_PATIENCE if task == "tagger" else TrainingConfig.patience
        )
        if clip_value is not None:
            settings |= {"clip_norm": None, "clip_value": clip_value}
        elif clip is not None:
            settings |= {"clip_norm": clip}
        sizes: dict[str, Any] = {
            "layers": layers,
            "hidden_size": hidden,
            "dropout": dropout,
            "lanes": batch,
            "window_length": window,
            "learning_rate": learning_rate,
            "budget": budget,
        }

        def directory() -> ModelDirectory:
            return _new_directory(corpus[0], out, overwrite)

        if task == "tagger":
            session = train_tagger.start(
                corpus,
                valid or [],
                columns=columns,
                format=format,
                level=level,
                tag_paths=tags or [],
                encoding=encoding,
                wishes=TaggerWishes(cell=cell, word_size=embedding, words_from=words_from, decoder=decoder, **sizes),
                settings=settings,
                directory=directory,
            )
        else:
            chosen = frozenset(name for name in ("cell", "tokenizer") if given.is_given(context, name))
            session = train_text.start(
                corpus,
                valid or [],
                document=documents,
                encoding=encoding,
                tokenizer=TokenizerConfig(tokenizer, vocabulary_size, min_count),
                wishes=Wishes(cell=cell, embedding_size=embedding, given=chosen, **sizes),
                settings=settings,
                directory=directory,
                source=start_from,
            )
    try:
        for line in session.description():
            console.notice(line)
        observer = _live_view(session) if console.is_terminal() else PlainLines()
        with Interruption() as interruption, observer:
            outcome = session.run(observer, interruption.requested)
    except BaseException:
        session.directory.discard_if_empty()
        raise
    _conclude(session, outcome, as_json=as_json)
    if outcome == "interrupt":
        raise typer.Exit(INTERRUPTED)


def _resume(name: str, paths: list[str], budget: Budget | None) -> LanguageModelSession | TaggerSession:
    from charnn.checkpoint import find_model
    from charnn.cli import train_tagger, train_text

    directory = find_model(name, None)
    resume = train_tagger.resume if directory.config().task == "tagger" else train_text.resume
    return resume(directory, paths, budget)


def _live_view(session: LanguageModelSession | TaggerSession) -> LiveView:
    from charnn.cli import train_tagger, train_text
    from charnn.cli.observers import LiveView
    from charnn.training import LanguageModelSession

    if isinstance(session, LanguageModelSession):
        return LiveView(train_text.preview(session), train_text.PREVIEW_TITLE)
    return LiveView(train_tagger.preview(session), train_tagger.PREVIEW_TITLE)


def _new_directory(first_path: str, out: Path | None, overwrite: bool) -> ModelDirectory:
    from charnn.checkpoint import ModelDirectory, new_model_path

    if out is not None:
        return ModelDirectory.create(out, overwrite=overwrite)
    if overwrite:
        raise UsageError("--overwrite needs --out, the model to replace")
    stem = "stdin" if first_path == "-" else Path(first_path.removesuffix(".gz")).stem
    return ModelDirectory.create(new_model_path(stem))


def _conclude(session: LanguageModelSession | TaggerSession, outcome: Outcome, *, as_json: bool) -> None:
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
