"""What holds for every tokenizer."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig, TokenizerKind
from charnn.errors import TokenizerError
from charnn.tokenizers import LARGEST_FILE, load, train
from charnn.tokenizers.base import STOP_ID, Tokenizer

KINDS = get_args(TokenizerKind)
PIECES = ("unigram", "bpe")
LEARNT_FROM = "The cat sat on the mat; the cat is fat.\n\tNaïve café, 5 €\r\n日本語のテキスト。\n" * 20
NASTY = [
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301 is not \u00e9, \ufb01 is not fi",
    "a\r\nb\rc\n\n\n",
    "\ttab\t\t",
    "\0a\0\0",
    "  two   three    ",
    " ",
    "▁under▁▁score ▁ ",
    "▅ ▅▅",
    "<s></s><unk><0x0A><0xFF>",
    "\ue000\uf8ff\U0010ffff",
    "\ufffd\ufeff\u200b\u2028\u0085\x0b\x0c\x1c",
    "ꙮ never seen ꙮ",
    "",
]
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    st.sampled_from(" \t\n\r\0▁▅ae\u0301é<>0xs/👩\u200d")
)


@cache
def tokenizer(kind: TokenizerKind, text: str = LEARNT_FROM) -> Tokenizer:
    return train(TokenizerConfig(kind=kind, vocabulary_size=400), [text])


def tokenizer_that_knows(kind: TokenizerKind, text: str) -> Tokenizer:
    """Characters have to be learnt from the text that they are to write; the other kinds write any."""
    return train(TokenizerConfig(kind=kind), [text + "."]) if kind == "characters" else tokenizer(kind)


def assert_comes_back(kind: TokenizerKind, text: str) -> None:
    subject = tokenizer_that_knows(kind, text)
    tokens = subject.encode(text)
    assert tokens.dtype == np.int32
    assert tokens.ndim == 1
    assert not {STOP_ID, subject.unknown_id} & set(tokens.tolist())
    assert subject.decode(tokens.tolist()) == text


@pytest.mark.parametrize("kind", KINDS)
@given(texts)
def test_any_text_comes_back(kind, text):
    assert_comes_back(kind, text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [*NASTY, " ".join(NASTY), LEARNT_FROM, "x" * 70_000])
def test_nasty_text_comes_back(kind, text):
    assert_comes_back(kind, text)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_decoder_gives_in_parts_what_decode_gives_at_once(kind, data):
    subject = tokenizer(kind)
    tokens = data.draw(st.lists(st.integers(0, subject.size - 1)))
    decoder = subject.decoder()
    assert "".join([*map(decoder.decode, tokens), decoder.flush()]) == subject.decode(tokens)
    assert decoder.flush() == ""


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_a_decoder_that_is_forked_goes_on_as_the_first_one_would_and_leaves_it_alone(kind, data):
    subject = tokenizer(kind)
    before, after, others = (data.draw(st.lists(st.integers(0, subject.size - 1), max_size=5)) for _ in range(3))
    decoder = subject.decoder()
    written = "".join(map(decoder.decode, before))
    forked = decoder.fork()
    for one, tokens in ((forked, others), (decoder, after)):
        assert written + "".join([*map(one.decode, tokens), one.flush()]) == subject.decode([*before, *tokens])


@pytest.mark.parametrize("kind", KINDS)
@given(texts)
def test_decoder_never_gives_half_a_character(kind, text):
    subject = tokenizer_that_knows(kind, text)
    decoder = subject.decoder()
    so_far = ""
    for token in subject.encode(text).tolist():
        so_far += decoder.decode(token)
        assert text.startswith(so_far)
    assert so_far == text
    assert decoder.flush() == ""


@pytest.mark.parametrize("kind", ["bytes", *PIECES])
def test_decoder_waits_for_the_last_byte_of_a_character(kind):
    decoder = tokenizer(kind).decoder()
    assert [decoder.decode(token) for token in tokenizer(kind).encode("👩").tolist()] == ["", "", "", "👩"]


@pytest.mark.parametrize("kind", KINDS)
def test_stop_is_no_text_even_inside_a_character(kind):
    subject = tokenizer(kind)
    tokens = [token for token in subject.encode("é\n").tolist() for token in (STOP_ID, token, STOP_ID)]
    assert subject.decode(tokens) == "é\n"


@pytest.mark.parametrize("kind", ["characters", *PIECES])
def test_unknown_is_written_as_the_replacement_character(kind):
    assert tokenizer(kind).decode([1]) == "\ufffd"
    assert tokenizer(kind).unknown_id == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_id_has_a_symbol_of_its_own(kind):
    subject = tokenizer(kind)
    symbols = subject.symbols()
    assert len(symbols) == len(set(symbols)) == subject.size
    assert symbols[STOP_ID] == ("special", "stop")
    assert ("text", "e") in symbols
    assert all(subject.decode([i]) == text for i, (what, text) in enumerate(symbols) if what == "text")


@pytest.mark.parametrize("kind", KINDS)
@given(texts)
def test_spellings_of_a_text_are_its_utf_8(kind, text):
    subject = tokenizer_that_knows(kind, text)
    assert b"".join(subject.spellings()[token] for token in subject.encode(text).tolist()) == text.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_special_tokens_and_they_alone_spell_nothing(kind):
    subject = tokenizer(kind)
    spellings = subject.spellings()
    assert len(spellings) == subject.size
    assert {i for i, spelling in enumerate(spellings) if not spelling} == {STOP_ID, subject.unknown_id} - {None}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_kept_loads_as_the_same_tokenizer(kind):
    subject = tokenizer(kind)
    copy = load(kind, subject.to_bytes())
    assert (copy.kind, copy.size, copy.unknown_id, copy.file_name) == (
        subject.kind,
        subject.size,
        subject.unknown_id,
        subject.file_name,
    )
    assert copy.symbols() == subject.symbols()
    assert copy.to_bytes() == subject.to_bytes()
    for text in [*NASTY, LEARNT_FROM]:
        assert copy.encode(text).tolist() == subject.encode(text).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("documents", [[], [""], ["", ""]])
def test_no_text_is_no_vocabulary(kind, documents):
    with pytest.raises(TokenizerError, match="no text to learn a vocabulary from"):
        train(TokenizerConfig(kind=kind), documents)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [b"", b"\0", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 9999])
def test_damaged_file_is_refused(kind, data):
    with pytest.raises(TokenizerError):
        load(kind, data)


@pytest.mark.parametrize("kind", KINDS)
def test_huge_file_is_refused_unread(kind):
    with pytest.raises(TokenizerError, match="67,108,865 bytes"):
        load(kind, b" " * (LARGEST_FILE + 1))


@pytest.mark.parametrize(
    ("kind", "other"), [("characters", "bytes"), ("bytes", "characters"), ("unigram", "bytes"), ("bytes", "bpe")]
)
def test_file_of_another_kind_is_refused(kind, other):
    with pytest.raises(TokenizerError):
        load(kind, tokenizer(other).to_bytes())


def test_characters_and_bytes_never_import_sentencepiece():
    program = (
        "import sys; from charnn.config.model import TokenizerConfig; from charnn.tokenizers import load, train\n"
        "for kind in ('characters', 'bytes'): load(kind, train(TokenizerConfig(kind=kind), ['abc']).to_bytes())\n"
        "sys.exit('sentencepiece' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
