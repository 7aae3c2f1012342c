"""Symbols between spaces: whole words in, whole words out, whatever is between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.errors import TokenizerError
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.spaced import SpacedTokenizer

SYMBOLS = st.lists(st.text("aéʃ1", min_size=1, max_size=3), min_size=1, max_size=9)


@given(symbols=SYMBOLS, spaces=st.text(" \t", min_size=1, max_size=3))
def test_symbols_come_back_with_one_space_between_them(symbols: list[str], spaces: str) -> None:
    tokenizer = SpacedTokenizer.train([" ".join(symbols)])
    ids = tokenizer.encode(spaces + spaces.join(symbols) + spaces)
    assert len(ids) == len(symbols)
    assert tokenizer.decode(ids) == " ".join(symbols)
    decoder = tokenizer.decoder()
    assert "".join(decoder.decode(int(token)) for token in ids) + decoder.flush() == " ".join(symbols)
    assert decoder.pending == b""


@given(symbols=SYMBOLS)
def test_its_file_makes_the_same_one(symbols: list[str]) -> None:
    tokenizer = SpacedTokenizer.train([" ".join(symbols)])
    again = SpacedTokenizer.from_bytes(tokenizer.to_bytes())
    assert again.symbols() == tokenizer.symbols()
    assert again.to_bytes() == tokenizer.to_bytes()


def test_what_training_had_not_is_the_unknown_symbol() -> None:
    tokenizer = SpacedTokenizer.train(["a b"])
    assert tokenizer.encode("a x b x y").tolist() == [2, 1, 3, 1, 1]
    assert tokenizer.unknown_characters("a x b x y") == ("x", "y")
    assert tokenizer.decode([2, 1, STOP_ID]) == "a \ufffd"


@pytest.mark.parametrize("symbols", [[], ["b", "a"], ["a", "a"], ["a b"], [""]])
def test_what_are_no_symbols_is_refused(symbols: list[str]) -> None:
    with pytest.raises(TokenizerError):
        SpacedTokenizer(symbols)
