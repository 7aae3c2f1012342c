"""`charnn eval` where the model is a tagger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from charnn.cli import console, inference, tag_tables
from charnn.cli.gold import GoldSentence, held_out, of_files
from charnn.cli.mistakes import mistakes
from charnn.cli.options import InferencePrecision
from charnn.cli.tally import JudgedSentence, Tally, tagged_blocks
from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.config import Level, TreebankFormat
from charnn.tasks.tagger.directory import TaggerDirectory


def evaluate(
    directory: TaggerDirectory,
    files: Sequence[str],
    *,
    columns: str | None,
    format: TreebankFormat | None,
    tag_paths: Sequence[str],
    encoding: str,
    precision: InferencePrecision,
    confusion: str | None,
    errors: bool,
    as_json: bool,
) -> None:
    """`confusion` is the path of a picture, or, with {column} in it, of one for each column."""
    corpus = directory.config().corpus
    names = corpus.columns if columns is None else _names(columns)
    scored = [name for name in names if name != "_"]
    for column in scored:
        if column not in corpus.columns:
            hint = f"its columns are {', '.join(corpus.columns)}"
            raise UsageError(f"--columns: {directory.path} does not tag {column}", hint=hint)
    sentences: Iterable[GoldSentence]
    if files:
        sentences = of_files(files, names, scored, corpus, format=format, tag_paths=tag_paths, encoding=encoding)
        name = ", ".join(files)
    else:
        if format is not None or tag_paths:
            option = "--tags" if tag_paths else "--format"
            raise UsageError(f"{option} is for a FILE; what the model was validated with has its own")
        sentences = held_out(corpus, scored)
        name = "held out of the treebank"
    tally = Tally(scored)
    tagger = inference.load_tagger(directory, precision)
    try:
        for block in tagged_blocks(sentences, scored, tagger, directory.lexicon()):
            tally.add(block)
            if errors:
                _write_mistakes(block, scored, corpus.level, as_json=as_json)
    finally:
        tagger.close()
    if tally.together.words == 0:
        raise CorpusError(f"{name}: there is no sentence")
    if confusion is not None:
        _draw(tally, confusion, f"{name}, {directory.path}")
    if errors:
        wrong = ", ".join(f"{column} {score.words - score.correct:,}" for column, score in tally.columns.items())
        console.notice(f"mistakes in {tally.together.words:,} {corpus.level}s: {wrong}")
    elif as_json:
        about = {"file": name if files else None, "precision": precision, "model": str(directory.path)}
        console.write_json({**tally.to_json(), **about})
    else:
        console.write(tag_tables.report(tally, model=str(directory.path), treebank=name, level=corpus.level))


def _names(columns: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in columns.split(","))
    scored = [name for name in names if name != "_"]
    if not all(names) or not scored or len(set(scored)) < len(scored):
        raise UsageError(f"--columns {columns}: give names with commas between them, such as upos,xpos")
    return names


def _write_mistakes(block: Sequence[JudgedSentence], columns: Sequence[str], level: Level, *, as_json: bool) -> None:
    for mistake in mistakes(block, columns):
        if as_json:
            console.write_json(mistake.to_json())
        else:
            console.write(mistake.to_line(level))


def _draw(tally: Tally, path: str, title: str) -> None:
    from charnn.plots.confusion import save_confusion

    columns = list(tally.columns)
    if "{column}" not in path and len(columns) > 1:
        console.notice(f"{path} shows {columns[0]}; with {{column}} in its name there is a picture of each column")
        columns = columns[:1]
    for column in columns:
        save_confusion(
            *tally.columns[column].matrix(), Path(path.replace("{column}", column)), title=f"{column}: {title}"
        )
