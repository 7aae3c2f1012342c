"""What of a corpus training reads, as ids."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.tasks.language_model.config import CorpusConfig
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tokenizers.characters import CharacterTokenizer

TOKENIZER = CharacterTokenizer("abc")


def corpus_of(validation: list[str]) -> Corpus:
    characters = sum(map(len, validation))
    return Corpus(["aab"], validation, CorpusConfig((), training_characters=3, validation_characters=characters))


@pytest.mark.parametrize(
    ("limit", "read"),
    [
        (None, ["abc", "c", "bb"]),
        (7, ["abc", "c", "bb"]),
        (6, ["abc", "c", "bb"]),
        (5, ["abc", "c"]),
        (3, ["abc"]),
        (2, ["ab"]),
    ],
)
def test_validation_reads_the_first_documents_whole_but_for_a_first_one_that_is_too_long(
    limit: int | None, read: list[str]
) -> None:
    encoded = EncodedCorpus.encode(corpus_of(["abc", "c", "bb"]), TOKENIZER, limit)
    assert [TOKENIZER.decode(ids.tolist()) for ids in encoded.validation] == read
    assert encoded.validation_characters == len("".join(read))
    assert np.array_equal(encoded.training, TOKENIZER.encode("aab"))
