"""A classifier starts from a language model that has read raw text, and keeps what that has learned."""

from __future__ import annotations

import numpy as np
import pytest

import charnn
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.language_model.directory import LanguageModelDirectory

TEXT = "the cat sat on the mat.\na dog ran.\n" * 20
LABELLED = "".join(f"cat\tthe cat sat on mat {n}\ndog\tthe dog ran down road {n}\n" for n in range(20))
SMALL = {"layers": 1, "hidden": 12, "embedding": 6}


@pytest.mark.parametrize("shape", [{}, {"cell": "gru"}, {"layers": 2, "residual": True}])
def test_its_forward_direction_and_its_symbols_begin_as_those_of_the_language_model(tmp_path, shape):
    texts, labelled = tmp_path / "texts.txt", tmp_path / "labelled.tsv"
    texts.write_text(TEXT, "utf-8")
    labelled.write_text(LABELLED, "utf-8")
    charnn.train(texts, steps=3, out=tmp_path / "reader", **(SMALL | shape))
    charnn.train(
        labelled, task="classifier", steps=1, learning_rate=1e-9, start_from=tmp_path / "reader", out=tmp_path / "model"
    )
    reader, model = LanguageModelDirectory(tmp_path / "reader"), ClassifierDirectory(tmp_path / "model")
    before, after = reader.weights(), model.weights()
    recurrent = [name for name in before if name.startswith("recurrent.")]
    assert recurrent
    for name in recurrent:
        np.testing.assert_allclose(after[f"forwards.{name}"], before[name], atol=1e-6)
    theirs, ours = (
        directory.weights()["embedding.weight"][directory.tokenizer().encode("cat")] for directory in (reader, model)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
