"""A short text is learned beside parts of what the model has learned, which it then does not forget."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from charnn.corpora.data_files import DataFiles
from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.language_model.corpus import Corpus, ReplayedPart, read_corpus
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learned_texts import (
    LENGTH,
    REPEATS,
    TIMES,
    replaying,
    spread,
    training_texts,
    with_replay,
)
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

OLD = "".join(f"{number:05d}\n" for number in range(4000))  # 24,000 characters


@pytest.fixture
def old(tmp_path: Path) -> Corpus:
    (tmp_path / "old.txt").write_text(OLD)
    return read_corpus(DataFiles([str(tmp_path / "old.txt")]))


def new_corpus(tmp_path: Path, text: str = "abcdefghij\n" * 10, document: str = "file") -> Corpus:
    (tmp_path / "new.txt").write_text(text)
    return read_corpus(DataFiles([str(tmp_path / "new.txt")]), document=document)  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [LENGTH, 3_000, 10_000, 24_000])
def test_pieces_are_spread_over_the_whole_text_in_its_order(wanted: int) -> None:
    pieces = [piece.text for piece in spread([ReplayedPart(OLD, ends=True)], wanted)]
    assert sum(map(len, pieces)) == pytest.approx(wanted, abs=LENGTH)
    starts = [OLD.index(piece) for piece in pieces]
    assert starts == sorted(starts)
    gaps = np.diff([0, *starts, len(OLD)])
    assert gaps.max() <= 2 * len(OLD) / len(pieces)


def test_no_more_than_there_is_can_be_replayed_and_documents_end_where_they_do() -> None:
    documents = [
        ReplayedPart("a" * 700, ends=True),
        ReplayedPart("b" * 10, ends=True),
        ReplayedPart("c" * 600, ends=False),
    ]
    assert spread(documents, 10**9) == [
        ReplayedPart("a" * 500, ends=False),
        ReplayedPart("a" * 200, ends=True),
        ReplayedPart("b" * 10, ends=True),
        ReplayedPart("c" * 500, ends=False),
        ReplayedPart("c" * 100, ends=False),
    ]


def test_a_short_text_is_read_several_times_among_different_parts_of_the_old_one(old: Corpus, tmp_path: Path) -> None:
    corpus = with_replay(new_corpus(tmp_path), old.config, any_bytes=False)
    new = corpus.config.training_characters
    replayed = sum(len(piece.text) for piece in corpus.replayed)
    assert replayed == pytest.approx(TIMES * REPEATS * new, abs=LENGTH)
    assert "".join(corpus.before) == "".join(old.validation)
    tokenizer = CharacterTokenizer.train([OLD, *corpus.user_texts])
    encoded = EncodedCorpus.encode(corpus, tokenizer)
    assert encoded.training_characters == len(encoded.training) == replayed + REPEATS * new
    assert STOP_ID not in encoded.training
    read = tokenizer.decode(encoded.training.tolist())
    found = [place for place in range(len(read)) if read.startswith(corpus.training[0], place)]
    assert len(found) == REPEATS
    assert min(np.diff(found)) > new * TIMES / 2
    pieces = [piece.text for piece in corpus.replayed]
    assert Counter(pieces).most_common(1)[0][1] == 1, "others each time"


def test_whole_documents_end_as_often_as_they_are_read(old: Corpus, tmp_path: Path) -> None:
    corpus = with_replay(new_corpus(tmp_path, document="line"), old.config, any_bytes=False)
    tokenizer = CharacterTokenizer.train([OLD, *corpus.user_texts])
    tokens = EncodedCorpus.encode(corpus, tokenizer).training
    assert np.count_nonzero(tokens == STOP_ID) == REPEATS * len(corpus.training)


def test_a_text_that_is_long_beside_the_old_one_is_learned_alone(old: Corpus, tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path, "abcdefghij\n" * 300)
    assert with_replay(corpus, old.config, any_bytes=False) is corpus


def test_an_old_text_that_is_not_there_any_more_is_said(old: Corpus, tmp_path: Path) -> None:
    corpus = new_corpus(tmp_path)
    (tmp_path / "old.txt").write_text("another")
    with pytest.warns(CharnnWarning, match=r"old\.txt: has changed.* may forget it"):
        assert with_replay(corpus, old.config, any_bytes=False) is corpus
    gone = dataclasses.replace(corpus, config=dataclasses.replace(corpus.config, replayed=old.config))
    with pytest.raises(CorpusError, match=r"old\.txt: has changed"):
        replaying(gone, any_bytes=False)


def test_what_was_replayed_before_is_replayed_again(old: Corpus, tmp_path: Path) -> None:
    """A model that learned a few lines, and then a few more, still reads the first text."""
    first = with_replay(new_corpus(tmp_path), old.config, any_bytes=False)
    (tmp_path / "newer.txt").write_text("xy\n" * 3)
    second = with_replay(read_corpus(DataFiles([str(tmp_path / "newer.txt")])), first.config, any_bytes=False)
    read = "".join(piece.text for piece in second.replayed)
    assert any(character in read for character in "0123456789")
    names = [Path(path).name for path, _ in training_texts(second.config)]
    assert names == ["newer.txt", "new.txt", "old.txt"]
