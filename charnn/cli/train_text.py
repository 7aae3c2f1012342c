"""`charnn train` where the corpus is a text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charnn.config.training import Budget
from charnn.corpora.documents import DocumentUnit
from charnn.errors import UsageError
from charnn.tasks.language_model.config import CorpusConfig
from charnn.tokenizers.config import TokenizerConfig

if TYPE_CHECKING:
    from charnn.tasks.language_model.config import LanguageModelConfig
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
    from charnn.tasks.language_model.learn.session import LanguageModelSession
    from charnn.training.distributed.processes import Processes


def start(
    paths: Sequence[str],
    valid: Sequence[str],
    *,
    document: DocumentUnit,
    encoding: str,
    tokenizer: TokenizerConfig,
    overrides: LanguageModelOverrides,
    settings: Mapping[str, Any],
    directory: Callable[[], LanguageModelDirectory],
    source: str | None,
    tokenizer_given: bool,
    processes: Processes,
) -> LanguageModelSession:
    """Where several processes start, the first one alone reads `source`."""
    from charnn.tasks.language_model.corpus import read_corpus
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.learn.session import LanguageModelSession
    from charnn.training.hardware import thread_counts

    start_from = LanguageModelDirectory.find(source) if source is not None and processes.is_first else None

    def chosen() -> TokenizerConfig:
        if start_from is None or tokenizer_given:
            return tokenizer
        theirs = start_from.config().tokenizer
        return dataclasses.replace(theirs, min_count=tokenizer.min_count)

    tokenizer = processes.broadcast(chosen, pack=TokenizerConfig.to_json, unpack=TokenizerConfig.from_json)
    any_bytes = tokenizer.kind == "bytes"
    corpus = read_corpus(paths, valid, document=document, encoding=encoding, any_bytes=any_bytes)
    return LanguageModelSession.start(
        directory, corpus, tokenizer, overrides, settings, start_from, processes, thread_counts()
    )


def resume(
    directory: LanguageModelDirectory,
    config: LanguageModelConfig,
    paths: Sequence[str],
    budget: Budget | None,
    processes: Processes,
) -> LanguageModelSession:
    """`config` is that of the directory."""
    from charnn.tasks.language_model.corpus import read_corpus, read_corpus_again
    from charnn.tasks.language_model.learn.session import LanguageModelSession
    from charnn.training.hardware import thread_counts

    recorded, any_bytes = config.corpus, config.tokenizer.kind == "bytes"
    if paths:
        valid = [source.path for source in recorded.validation_sources]
        corpus = read_corpus(paths, valid, document=recorded.document, encoding=recorded.encoding, any_bytes=any_bytes)
        if _hashes(corpus.config) != _hashes(recorded):
            raise UsageError(f"{', '.join(paths)}: not the text that {directory.path} was trained on")
    else:
        corpus = read_corpus_again(recorded, any_bytes=any_bytes)
    return LanguageModelSession.resume(directory, corpus, budget, processes, thread_counts())


def _hashes(corpus: CorpusConfig) -> list[str]:
    return [source.sha256 for source in (*corpus.sources, *corpus.validation_sources)]
