from __future__ import annotations

import io
import re

import pytest
import sentencepiece

from charnn.config.model import TokenizerConfig
from charnn.errors import TokenizerError
from charnn.tokenizers import load, train
from charnn.tokenizers import sentencepiece as ours

TEXT = (
    "".join(
        f"the {animal} sat on the {place}, and the rain fell\n"
        for animal in ["cat", "dog", "hen"]
        for place in ["mat", "roof", "wall"]
    )
    * 3
)
KINDS = ("unigram", "bpe")


def learn(kind, *documents, vocabulary_size=400):
    return train(TokenizerConfig(kind=kind, vocabulary_size=vocabulary_size), documents)


def texts(tokenizer, text):
    return [tokenizer.symbols()[token] for token in tokenizer.encode(text).tolist()]


def test_worked_example():
    assert texts(learn("bpe", "ab ab ab\n" * 9), "ab ab\nabba\té▁") == [
        ("text", "ab"),
        ("text", " ab"),
        ("text", "\n"),
        ("text", "ab"),
        ("text", "b"),
        ("text", "a"),
        ("text", "\t"),
        ("byte", "c3"),
        ("byte", "a9"),
        ("byte", "e2"),
        ("byte", "96"),
        ("byte", "81"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_same_text_gives_the_same_model(kind):
    assert learn(kind, TEXT).to_bytes() == learn(kind, TEXT).to_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_learning_and_encoding_print_nothing(kind, capfd):
    learn(kind, TEXT).encode(TEXT)
    with pytest.raises(TokenizerError):
        learn(kind, TEXT, vocabulary_size=2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_frequent_sequences_are_one_token(kind):
    subject = learn(kind, TEXT)
    assert len(subject.encode("the rain fell")) < len("the rain fell")


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_encoded_alike_alone_and_together(kind):
    subject = learn(kind, TEXT)
    alone = [token for line in TEXT.splitlines(keepends=True) for token in subject.encode(line).tolist()]
    assert subject.encode(TEXT).tolist() == alone


@pytest.mark.parametrize("kind", KINDS)
def test_batches_change_no_id(kind, monkeypatch):
    subject = learn(kind, TEXT)
    whole = subject.encode(TEXT).tolist()
    monkeypatch.setattr(ours, "BATCH", 2)
    assert subject.encode(TEXT).tolist() == whole


@pytest.mark.parametrize("kind", KINDS)
def test_space_that_was_never_learnt_comes_back_as_a_space(kind):
    subject = learn(kind, "日本語のテキスト" * 50)
    assert subject.decode(subject.encode(" a  ▁ ").tolist()) == " a  ▁ "


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_learnt_from_however_long_and_whatever_they_hold(kind):
    """SentencePiece by itself skips overlong lines, and those with U+2585."""
    subject = learn(kind, "qz" * 100_000 + "▅jk")
    assert {("text", "q"), ("text", "z")} < {symbol for symbol in subject.symbols() if set(symbol[1]) <= set("qz")}
    assert ("text", "jk") in learn(kind, "▅jk\0jk" * 99).symbols()


@pytest.mark.parametrize("kind", KINDS)
def test_small_text_makes_a_smaller_vocabulary(kind):
    assert 258 < learn(kind, "hello", vocabulary_size=1000).size < 300


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["hello", TEXT, "日本語のテキスト" * 50, "".join(map(chr, range(0x4E00, 0x5100))) + "aaa " * 999]
)
def test_error_names_the_smallest_vocabulary_that_will_do(kind, text):
    with pytest.raises(TokenizerError, match="2 pieces are too few") as caught:
        learn(kind, text, vocabulary_size=2)
    needed = int(re.findall(r"--vocab-size (\d+) or more", caught.value.hint)[0])
    assert learn(kind, text, vocabulary_size=needed).size == needed
    with pytest.raises(TokenizerError, match=f"needs {needed},"):
        learn(kind, text, vocabulary_size=needed - 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["\n\r\n", "\0", "▁▅"])
def test_text_that_only_bytes_can_spell_is_no_vocabulary(kind, text):
    with pytest.raises(TokenizerError, match="no text to learn a vocabulary from"):
        learn(kind, text)


def test_text_of_reserved_names_alone_is_refused_in_one_line():
    with pytest.raises(TokenizerError, match=r"^SentencePiece finds no unigram vocabulary in this text$"):
        learn("unigram", "</s>" * 99)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_that_are_no_text_are_refused_with_their_place(kind):
    with pytest.raises(TokenizerError, match=r"^character 4 of this text .*U\+DCFF") as caught:
        learn(kind, TEXT).encode("abc\udcff")
    assert "--tokenizer bytes" in caught.value.hint
    with pytest.raises(TokenizerError, match="character 1 "):
        learn(kind, TEXT, "\ud800")


def foreign_model(**options):
    model = io.BytesIO()
    needed = {"vocab_size": 400, "hard_vocab_limit": False, "minloglevel": 3}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines()), model_writer=model, **needed, **options
    )
    return model.getvalue()


def test_model_without_bytes_is_refused():
    with pytest.raises(TokenizerError, match="not one that charnn made"):
        load("unigram", foreign_model(eos_id=0, unk_id=1, bos_id=-1))


def test_model_with_other_specials_is_refused():
    with pytest.raises(TokenizerError, match="not one that charnn made"):
        load("unigram", foreign_model(byte_fallback=True))


@pytest.mark.parametrize(
    "lossy",
    [
        {"add_dummy_prefix": True, "remove_extra_whitespaces": False, "normalization_rule_name": "identity"},
        {"add_dummy_prefix": False, "remove_extra_whitespaces": True, "normalization_rule_name": "identity"},
        {"add_dummy_prefix": False, "remove_extra_whitespaces": False, "normalization_rule_name": "nfkc"},
    ],
)
def test_model_that_changes_text_is_refused(lossy):
    model = foreign_model(byte_fallback=True, eos_id=0, unk_id=1, bos_id=-1, **lossy)
    with pytest.raises(TokenizerError, match="does not keep text as it is"):
        load("unigram", model)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short_model_is_refused(kind):
    model = learn(kind, TEXT).to_bytes()
    for length in range(0, len(model) - 1, len(model) // 50):
        with pytest.raises(TokenizerError, match=r"^tokenizer\.model: "):
            load(kind, model[:length])
