"""What is learned from and what is held out, the first time and again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.errors import CorpusError
from charnn.tasks.language_model.corpus import read_corpus, read_corpus_again


def test_of_a_long_text_no_more_is_held_out_than_validation_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charnn.corpora.documents.HELD_OUT_CHARACTERS", 50)
    (tmp_path / "long.txt").write_text("x" * 1000)
    config = read_corpus(DataFiles([str(tmp_path / "long.txt")])).config
    assert (config.training_characters, config.validation_characters) == (950, 50)


def test_what_a_record_says_was_held_out_is_held_out_again(tmp_path: Path) -> None:
    """Whatever would be held out today."""
    (tmp_path / "text.txt").write_text("ab" * 50)
    config = read_corpus(DataFiles([str(tmp_path / "text.txt")])).config
    assert (config.training_characters, config.validation_characters) == (90, 10)
    recorded = replace(config, training_characters=70, validation_characters=30)
    again = read_corpus_again(recorded)
    assert [len(document) for document in (*again.training, *again.validation)] == [70, 30]
    assert again.config == recorded


@pytest.mark.parametrize(("text", "valid"), [("", None), ("", "abc"), ("abc", "")])
def test_an_empty_text_is_named(tmp_path: Path, text: str, valid: str | None) -> None:
    (tmp_path / "text.txt").write_text(text)
    (tmp_path / "valid.txt").write_text(valid or "")
    held_out = [] if valid is None else [str(tmp_path / "valid.txt")]
    empty = "valid.txt" if text else "text.txt"
    with pytest.raises(CorpusError, match=f"{empty}: the text is empty"):
        read_corpus(DataFiles([str(tmp_path / "text.txt")], held_out))
