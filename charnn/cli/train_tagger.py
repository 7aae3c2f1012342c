"""`charnn train` where the corpus is a treebank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charnn.config.training import Budget
from charnn.errors import UsageError
from charnn.tasks.tagger.config import Level, TreebankConfig, TreebankFormat

if TYPE_CHECKING:
    from charnn.tasks.tagger.directory import TaggerDirectory
    from charnn.tasks.tagger.learn.overrides import TaggerOverrides
    from charnn.tasks.tagger.learn.session import TaggerSession


def start(
    paths: Sequence[str],
    valid: Sequence[str],
    *,
    columns: str | None,
    format: TreebankFormat | None,
    level: Level,
    tag_paths: Sequence[str],
    encoding: str,
    overrides: TaggerOverrides,
    settings: Mapping[str, Any],
    directory: Callable[[], TaggerDirectory],
) -> TaggerSession:
    from charnn.tasks.tagger.learn.session import TaggerSession
    from charnn.tasks.tagger.treebank import read_treebank
    from charnn.training.hardware import thread_counts

    treebank = read_treebank(
        paths,
        valid,
        columns=_columns(columns, level, tag_paths),
        format=format,
        level=level,
        tag_paths=tag_paths,
        encoding=encoding,
    )
    return TaggerSession.start(directory, treebank, overrides, settings, thread_counts())


def resume(directory: TaggerDirectory, paths: Sequence[str], budget: Budget | None) -> TaggerSession:
    from charnn.tasks.tagger.learn.session import TaggerSession
    from charnn.tasks.tagger.treebank import read_treebank, read_treebank_again
    from charnn.training.hardware import thread_counts

    recorded = directory.config().corpus
    if paths:
        treebank = read_treebank(
            paths,
            [source.path for source in recorded.validation_sources],
            columns=recorded.columns,
            format=recorded.format,
            level=recorded.level,
            tag_paths=[source.path for source in recorded.tag_sources],
            encoding=recorded.encoding,
        )
        if _hashes(treebank.config) != _hashes(recorded):
            raise UsageError(f"{', '.join(paths)}: not the treebank that {directory.path} was trained on")
    else:
        treebank = read_treebank_again(recorded)
    return TaggerSession.resume(directory, treebank, budget, thread_counts())


def _columns(given: str | None, level: Level, tag_paths: Sequence[str]) -> tuple[str, ...]:
    if given is None:
        return ("tag",) if level == "character" or tag_paths else ("upos",)
    columns = tuple(column.strip() for column in given.split(","))
    if not all(columns) or len(set(columns)) < len(columns):
        raise UsageError(f"--columns {given}: give names with commas between them, such as upos,xpos")
    return columns


def _hashes(treebank: TreebankConfig) -> list[str]:
    sources = (*treebank.sources, *treebank.validation_sources, *treebank.tag_sources)
    return [source.sha256 for source in sources]
