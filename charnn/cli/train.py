"""`charnn train`: a text or a treebank in, a model directory out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from charnn.cli import given, options, train_options, workers
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import UsageError
from charnn.tokenizers.config import TokenizerConfig

if TYPE_CHECKING:
    from charnn.checkpoint.directory import ModelDirectory
    from charnn.tasks.language_model.learn.session import LanguageModelSession
    from charnn.tasks.tagger.learn.session import TaggerSession
    from charnn.training.distributed.processes import Processes
    from charnn.training.loop import Outcome

TOKENIZER = TokenizerConfig()
INTERRUPTED = 130
D = TypeVar("D", bound="ModelDirectory")


def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(metavar="CORPUS...", help="Texts, or treebanks (told by content), plain or .gz; - is stdin."),
    ] = None,
    valid: train_options.Valid = None,
    documents: train_options.Documents = "file",
    stopping: train_options.Stopping = None,
    encoding: train_options.Encoding = "utf-8",
    tokenizer: train_options.Tokenizer = TOKENIZER.kind,
    vocabulary_size: train_options.VocabularySize = TOKENIZER.vocabulary_size,
    min_count: train_options.MinCount = TOKENIZER.min_count,
    columns: train_options.Columns = None,
    format: train_options.Format = None,
    level: train_options.Level = "word",
    tags: train_options.Tags = None,
    words_from: train_options.WordsFrom = None,
    decoder: train_options.Decoder = None,
    cell: train_options.Cell = "lstm",
    layers: train_options.Layers = None,
    hidden: train_options.Hidden = None,
    embedding: train_options.Embedding = None,
    dropout: train_options.Dropout = None,
    residual: train_options.Residual = False,
    recurrent_depth: train_options.RecurrentDepth = None,
    weight_drop: train_options.WeightDrop = None,
    embedding_dropout: train_options.EmbeddingDropout = None,
    gradient_flow: train_options.GradientFlow = None,
    batch: train_options.Batch = None,
    window: train_options.Window = None,
    learning_rate: train_options.LearningRate = None,
    optimizer: train_options.Optimizer = None,
    clip: train_options.Clip = None,
    clip_value: train_options.ClipValue = None,
    time: train_options.Time = None,
    epochs: train_options.Epochs = None,
    steps: train_options.Steps = None,
    patience: train_options.Patience = None,
    precision: train_options.Precision = "auto",
    device: train_options.Device = "auto",
    seed: train_options.Seed = 0,
    out: train_options.Out = None,
    overwrite: train_options.Overwrite = False,
    resume: train_options.Resume = None,
    start_from: train_options.From = None,
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
    from charnn.cli.observers import LiveView, PlainLines
    from charnn.cli.signals import Interruption
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
    from charnn.tasks.tagger.directory import TaggerDirectory
    from charnn.tasks.tagger.learn.overrides import TaggerOverrides
    from charnn.training.hardware import keep_freed_memory

    keep_freed_memory()
    processes = context.with_resource(workers.joined(context))
    budget = given.budget(time, epochs, steps)
    if resume is not None:
        given.refuse_others(context, {"corpus", "resume", "time", "epochs", "steps", "as_json"})
        session = _resume(resume, corpus or [], budget, processes)
    else:
        if not corpus:
            raise UsageError("no corpus to learn from", hint="name a text file, or - for stdin")
        if clip is not None and clip_value is not None:
            raise UsageError("--clip and --clip-value: give one of them")
        task = given.task(context, corpus[0], encoding)
        workers.check(processes, task, [*corpus, *(valid or [])])
        settings: dict[str, Any] = {"precision": precision, "device": device, "seed": seed}
        default_patience = train_options.TAGGER_PATIENCE if task == "tagger" else TrainingConfig.patience
        settings["patience"] = default_patience if patience is None else patience
        if optimizer is not None:
            settings["optimizer"] = optimizer
        if clip_value is not None:
            settings |= {"clip_norm": None, "clip_value": clip_value}
        elif clip is not None:
            settings |= {"clip_norm": clip}
        sizes: dict[str, Any] = {
            "layers": layers,
            "hidden_size": hidden,
            "dropout": dropout,
            "batch_size": batch,
            "window_length": window,
            "learning_rate": learning_rate,
            "budget": budget,
        }

        if task == "tagger":
            session = train_tagger.start(
                corpus,
                valid or [],
                columns=columns,
                format=format,
                level=level,
                tag_paths=tags or [],
                encoding=encoding,
                overrides=TaggerOverrides(
                    cell=cell, word_size=embedding, words_from=words_from, decoder=decoder, **sizes
                ),
                settings=settings,
                directory=partial(_new_directory, TaggerDirectory, corpus[0], out, overwrite),
            )
        else:
            session = train_text.start(
                corpus,
                valid or [],
                document=documents,
                encoding=encoding,
                tokenizer=TokenizerConfig(tokenizer, vocabulary_size, min_count),
                overrides=LanguageModelOverrides(
                    cell=cell if given.is_given(context, "cell") else None,
                    embedding_size=embedding,
                    residual=residual or None,
                    recurrent_depth=recurrent_depth,
                    weight_drop=weight_drop,
                    embedding_dropout=embedding_dropout,
                    gradient_flow=gradient_flow,
                    stopping=stopping,
                    **sizes,
                ),
                settings=settings,
                directory=partial(_new_directory, LanguageModelDirectory, corpus[0], out, overwrite),
                source=start_from,
                tokenizer_given=given.is_given(context, "tokenizer"),
                processes=processes,
            )
    try:
        for line in session.description() if processes.is_first else ():
            console.notice(line)
        is_watched = console.is_terminal() and processes.is_first
        observer = LiveView(session.preview, session.preview_title) if is_watched else PlainLines()
        with Interruption() as interruption, observer:
            outcome = session.run(observer, interruption.requested)
    except BaseException:
        session.directory.discard_if_empty()
        raise
    if processes.is_first:
        _conclude(session, outcome, as_json=as_json)
    if outcome == "interrupt":
        raise typer.Exit(INTERRUPTED)


def _resume(
    name: str, paths: list[str], budget: Budget | None, processes: Processes
) -> LanguageModelSession | TaggerSession:
    """Where several processes go on, the first one alone reads the directory."""
    from charnn.checkpoint.locate import find_model
    from charnn.cli import train_tagger, train_text
    from charnn.tasks import directory_of
    from charnn.tasks.language_model.config import LanguageModelConfig
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.tagger.directory import TaggerDirectory

    path, task = processes.broadcast(lambda: (str((found := directory_of(find_model(name, None))).path), found.name))
    workers.check(processes, task, paths)
    if task == "tagger":
        return train_tagger.resume(TaggerDirectory(Path(path)), paths, budget)
    directory = LanguageModelDirectory(Path(path))
    config = processes.broadcast(
        directory.config, pack=LanguageModelConfig.to_json, unpack=LanguageModelConfig.from_json
    )
    return train_text.resume(directory, config, paths, budget, processes)


def _new_directory(kind: type[D], first_path: str, out: Path | None, overwrite: bool) -> D:
    from charnn.checkpoint.locate import new_model_path
    from charnn.tasks import FILES

    if out is not None:
        return kind.create(out, overwrite=overwrite, names=FILES)
    if overwrite:
        raise UsageError("--overwrite needs --out, the model to replace")
    stem = "stdin" if first_path == "-" else Path(first_path.removesuffix(".gz")).stem
    return kind.create(new_model_path(stem))


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
    if session.verdict is not None:
        console.notice(session.verdict)
    if as_json:
        result = {"model": str(path), "outcome": outcome, "verdict": session.verdict, **scores.to_json()}
        console.write_json(result)
    elif outcome != "interrupt":
        console.write(f"{path}\n")
