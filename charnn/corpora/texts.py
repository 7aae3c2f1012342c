"""Reads the texts of a corpus: short ones into memory, and long ones where their files are (`long_texts`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from charnn.config.model import SourceFile
from charnn.corpora.decoding import OnError, warn_of_nul
from charnn.corpora.documents import DocumentUnit
from charnn.corpora.long_texts import LongText, long_text
from charnn.corpora.rereading import RereadableFile, all_at_once, opened_again
from charnn.corpora.sources import check_encoding, note, text_in, text_in_again
from charnn.readable import file_name


class SourceText(NamedTuple):
    """A text, and the record that finds its file again."""

    text: str | LongText
    source: SourceFile


class _How(TypedDict):
    encoding: str
    any_bytes: bool
    on_error: OnError


@dataclass(frozen=True)
class Reading:
    """How the files of a corpus are read."""

    encoding: str = "utf-8"
    any_bytes: bool = False
    on_error: OnError = "fail"
    unit: DocumentUnit = "file"

    def texts(self, *groups: Sequence[str]) -> list[list[SourceText]]:
        """The texts at the paths of each group. All are in memory, or, where they are long together, none is.

        Raises as `sources.read` does.
        """
        check_encoding(self.encoding, self.any_bytes)
        how = self._how()
        files = [[RereadableFile(path) for path in paths] for paths in groups]
        whole = all_at_once([file for group in files for file in group])
        if whole is not None:
            data = iter(whole)
            return [[SourceText(*text_in(next(data), file.path, **how)) for file in group] for group in files]
        texts = [[long_text(file, unit=self.unit, **how) for file in group] for group in files]
        for text in (text for group in texts for text in group):
            note(text.source)
            if not self.any_bytes and text.facts.counts[:1] and text.facts.counts[0][0] == 0:
                warn_of_nul("\0", file_name(text.path), line=None)
        return [[SourceText(text, text.source) for text in group] for group in texts]

    def texts_again(self, *groups: Sequence[SourceFile]) -> list[list[SourceText]]:
        """The texts that the records of each group are of, as `texts` gave them.

        Raises CorpusError where a file is missing or has changed.
        """
        check_encoding(self.encoding, self.any_bytes)
        how = self._how()
        files = [[opened_again(source) for source in group] for group in groups]
        whole = all_at_once([file for group in files for file in group])
        data = iter(whole or [])
        return [
            [
                SourceText(
                    long_text(file, unit=self.unit, again=source, **how)
                    if whole is None
                    else text_in_again(next(data), source, **how),
                    source,
                )
                for file, source in zip(group, sources, strict=True)
            ]
            for group, sources in zip(files, groups, strict=True)
        ]

    def _how(self) -> _How:
        return _How(encoding=self.encoding, any_bytes=self.any_bytes, on_error=self.on_error)
