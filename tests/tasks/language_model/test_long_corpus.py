"""A corpus that is too long to be held is learned as it would be from memory: the same documents, ids and weights."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from charnn import cache, tokenizers
from charnn.api import SilentObserver
from charnn.config.model import TokenizerConfig
from charnn.corpora import rereading
from charnn.corpora.data_files import DataFiles
from charnn.corpora.decoding import OnError
from charnn.corpora.long_documents import LongDocuments
from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.language_model.corpus import Corpus, read_corpus, read_corpus_again
from charnn.tasks.language_model.documents import beginning, held
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learned_texts import held_out_texts, training_texts

TEXT = "".join(
    f"The {'x' * (n % 5)}{n}th line — naïve, 日本語 𝄞{chr(0x61 + n % 26)}.{end}"
    for n, end in zip(range(80), ["\n", "\r\n", "\n\n", "\n \t\n", "\r"] * 16, strict=True)
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes every text from now on one that is too long to be held, and read seven bytes at a time."""

    def make() -> None:
        monkeypatch.setattr(rereading, "LONG", 0)
        monkeypatch.setattr(rereading, "PIECE", 7)

    return make


def files(folder: Path, *contents: bytes, suffix: str = ".txt") -> list[str]:
    paths = [folder / f"{number}{suffix}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


UTF8 = TEXT.encode()
CASES: dict[str, tuple[list[bytes], dict[str, object]]] = {
    "utf-8": ([UTF8], {}),
    "several": ([UTF8[: UTF8.index(b"9th")], b"", UTF8[UTF8.index(b"9th") :], "é\n".encode() * 30], {}),
    "mark": ([b"\xef\xbb\xbf" + UTF8], {}),
    "marks inside": ([b"\xef\xbb\xbf" + UTF8 + b"\xef\xbb\xbf" + UTF8[:50]], {}),
    "utf-16": ([TEXT.encode("utf-16")], {"encoding": "utf-16"}),
    "latin-1": ([b"caf\xe9\r\nna\xefve\n" * 20], {"encoding": "latin-1"}),
    "bad bytes left out": ([UTF8 + b"bad \xff\xe6 line\r" + UTF8], {"on_error": "skip"}),
    "bad bytes replaced": ([b"\xe6\x97" + UTF8 + b"\xff\n"], {"on_error": "replace"}),
    "any bytes": ([b"\xe6\x97" + UTF8 + b"\xff\xfe\xef\xbb\xbf\0\n\xf0\x9d"], {"any_bytes": True}),
    "packed": ([gzip.compress(UTF8)], {}),
}


def read(paths: list[str], *, encoding: str = "utf-8", on_error: OnError = "fail", **how: object) -> Corpus:
    with pytest.warns(CharnnWarning) if on_error != "fail" else Nothing():
        return read_corpus(DataFiles(paths, encoding=encoding, on_error=on_error), **how)


class Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def assert_alike(corpus: Corpus, expected: Corpus, kind: tokenizers.base.TokenizerKind) -> None:
    assert isinstance(corpus.training, LongDocuments)
    assert corpus.config == expected.config
    assert held(corpus.training) == expected.training
    assert held(corpus.validation) == expected.validation
    assert corpus.run_lengths() == expected.run_lengths()
    tokenizer = tokenizers.train(TokenizerConfig(kind, vocabulary_size=400), expected.user_texts)
    assert tokenizers.train(TokenizerConfig(kind, vocabulary_size=400), corpus.user_texts).to_bytes() == (
        tokenizer.to_bytes()
    )
    for limit in (None, 1, 10, 45):
        found, wanted = (EncodedCorpus.encode(one, tokenizer, limit) for one in (corpus, expected))
        assert np.array_equal(found.training[:], wanted.training)
        assert list(map(list, found.validation)) == list(map(list, wanted.validation))
        assert found.validation_characters == wanted.validation_characters


@pytest.mark.parametrize("unit", ["file", "line", "paragraph"])
@pytest.mark.parametrize("case", CASES)
def test_a_long_corpus_is_what_it_would_be_in_memory(
    case: str, unit: str, tmp_path: Path, long: Callable[[], None]
) -> None:
    contents, how = CASES[case]
    how = {**how, "document": unit}
    kind = "bytes" if how.get("any_bytes") else "characters"
    paths = files(tmp_path, *contents, suffix=".gz" if case == "packed" else ".txt")
    expected = read(paths, **how)
    long()
    assert_alike(read(paths, **how), expected, kind)
    assert_alike(read(paths, **how), expected, kind)  # from the cache


@pytest.mark.parametrize("kind", ["bytes", "unigram", "bpe"])
def test_bytes_and_pieces_are_encoded_alike(kind: str, tmp_path: Path, long: Callable[[], None]) -> None:
    paths = files(tmp_path, UTF8 * 3)
    expected = read_corpus(DataFiles(paths), document="line")
    long()
    assert_alike(read_corpus(DataFiles(paths), document="line"), expected, kind)


def test_a_separate_validation_text_and_none_at_all(tmp_path: Path, long: Callable[[], None]) -> None:
    path, valid = files(tmp_path, UTF8, "éa\n".encode() * 9)
    separate = read_corpus(DataFiles([path], [valid]), document="line")
    none = read_corpus(DataFiles([path], holds_out=False))
    long()
    assert_alike(read_corpus(DataFiles([path], [valid]), document="line"), separate, "characters")
    assert_alike(read_corpus(DataFiles([path], holds_out=False)), none, "characters")


def test_standard_input_may_be_long(tmp_path: Path, long: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(tmp_path, gzip.compress(UTF8))
    expected = read_corpus(DataFiles([path]))
    long()
    with open(path, "rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        corpus = read_corpus(DataFiles(["-"]))
    assert held(corpus.training) == expected.training
    assert corpus.config.hashes == expected.config.hashes


def test_what_was_recorded_is_found_again(tmp_path: Path, long: Callable[[], None]) -> None:
    paths = files(tmp_path, UTF8, b"another text\n" * 9)
    recorded = read_corpus(DataFiles(paths), document="line").config
    learned, held_out = training_texts(recorded), held_out_texts(recorded, 20)
    long()
    again = read_corpus_again(recorded)
    assert again.config == recorded
    assert [(path, text[:]) for path, text in training_texts(recorded)] == learned
    assert held_out_texts(recorded, 20) == held_out
    Path(paths[1]).write_bytes(b"another text.\n" * 9)
    with pytest.raises(CorpusError, match="has changed since"):
        read_corpus_again(recorded)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (UTF8 + b"\xff", r"byte \d+ is not utf-8 \(0xff\), in line \d+"),
        (UTF8 + b"\xe6", r"byte \d+ is not utf-8 \(0xe6\)"),
        (b"%PDF-1.4 and more", "PDF"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (gzip.compress(UTF8)[:-9], "damaged gzip"),
    ],
)
def test_what_is_no_text_is_refused_as_it_is_in_memory(
    content: bytes, message: str, tmp_path: Path, long: Callable[[], None]
) -> None:
    paths = files(tmp_path, content)
    with pytest.raises(CorpusError, match=message) as expected:
        read_corpus(DataFiles(paths))
    long()
    with pytest.raises(CorpusError, match=message) as found:
        read_corpus(DataFiles(paths))
    if "gzip" not in message:
        assert str(found.value) == str(expected.value)


def weights(session: LanguageModelSession) -> Iterator[bytes]:
    session.run(SilentObserver())
    for array in session.directory.weights().values():
        yield array.tobytes()


@pytest.mark.parametrize("stopping", ["symbol", "length"])
def test_the_same_seed_gives_the_same_weights_to_the_byte(
    stopping: str, tmp_path: Path, long: Callable[[], None], start: Callable[..., LanguageModelSession]
) -> None:
    paths = files(tmp_path, UTF8)
    run = {"steps": 6, "layers": 1, "hidden_size": 16, "batch_size": 4, "window_length": 16, "stopping": stopping}
    expected = list(weights(start(read_corpus(DataFiles(paths), document="line"), "short", **run)))
    long()
    assert list(weights(start(read_corpus(DataFiles(paths), document="line"), "long", **run))) == expected


def test_ids_are_encoded_once_and_made_anew_where_they_are_damaged(
    tmp_path: Path, long: Callable[[], None], own_cache: Path
) -> None:
    long()
    paths = files(tmp_path, UTF8)
    corpus = read_corpus(DataFiles(paths))
    tokenizer = tokenizers.train(TokenizerConfig(), corpus.user_texts)
    ids = EncodedCorpus.encode(corpus, tokenizer, 1).training[:].tolist()
    (kept,) = (own_cache / "ids").iterdir()
    whole, made = kept.read_bytes(), kept.stat().st_ino
    assert len(whole) < 1.1 * len(ids) + 30  # a byte a symbol
    assert EncodedCorpus.encode(corpus, tokenizer, 1).training[:].tolist() == ids
    assert kept.stat().st_ino == made
    for damaged in (b"", whole[:-1], whole[10:], b"\0" + whole[1:], whole[:-21] + bytes(21)):
        kept.write_bytes(damaged)
        assert EncodedCorpus.encode(corpus, tokenizer, 1).training[:].tolist() == ids
        assert kept.read_bytes() == whole


def test_damaged_facts_are_found_anew(tmp_path: Path, long: Callable[[], None], own_cache: Path) -> None:
    long()
    paths = files(tmp_path, UTF8)
    expected = read_corpus(DataFiles(paths)).config
    (kept,) = (own_cache / "texts").iterdir()
    whole = kept.read_bytes()
    for damaged in (b"", whole[:-1], b"1\n{}", whole.replace(b'"documents":1', b'"documents":2')):
        kept.write_bytes(damaged)
        assert read_corpus(DataFiles(paths)).config == expected
        assert kept.read_bytes() == whole


def test_another_text_or_vocabulary_has_other_ids(tmp_path: Path, long: Callable[[], None]) -> None:
    long()
    first, second = files(tmp_path, b"abab" * 9, b"baba" * 9)
    found = [
        EncodedCorpus.encode(corpus, tokenizers.train(TokenizerConfig(), vocabulary), 1).training[:].tolist()
        for corpus, vocabulary in (
            (read_corpus(DataFiles([first])), ["ab"]),
            (read_corpus(DataFiles([second])), ["ab"]),
            (read_corpus(DataFiles([first])), ["abB"]),
            (read_corpus(DataFiles([first], holds_out=False)), ["ab"]),
        )
    ]
    assert len(set(map(tuple, found))) == 4


@pytest.mark.parametrize("variable", [(cache.VARIABLE, ""), (cache.LIMIT_VARIABLE, "10")])
def test_where_nothing_can_be_kept_a_long_text_is_learned_all_the_same(
    variable: tuple[str, str],
    tmp_path: Path,
    long: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    own_cache: Path,
) -> None:
    paths = files(tmp_path, UTF8)
    expected = read_corpus(DataFiles(paths))
    long()
    monkeypatch.setenv(*variable)
    assert_alike(read_corpus(DataFiles(paths)), expected, "characters")
    assert [path for path in own_cache.rglob("*") if path.is_file()] == []


def test_a_file_that_changes_under_the_reader_is_no_longer_read(tmp_path: Path, long: Callable[[], None]) -> None:
    long()
    (path,) = files(tmp_path, UTF8)
    corpus = read_corpus(DataFiles([path]))
    with open(path, "r+b") as file:
        file.truncate(100)
    with pytest.raises(CorpusError, match="has changed while it was read"):
        held(corpus.training)


def test_a_beginning_reads_no_more_than_it_gives(tmp_path: Path, long: Callable[[], None]) -> None:
    long()
    (path,) = files(tmp_path, b"ab\n" * 100 + b"\n" + b"c" * 1000)
    corpus = read_corpus(DataFiles([path], holds_out=False))
    assert beginning(corpus.training, 4) == ["ab\na"]
