"""The file of weights as other programs see it: what safetensors reads there is what was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from charnn.tasks.language_model.directory import LanguageModelDirectory


def test_array_that_lies_in_memory_in_another_order_is_written_row_by_row(tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    model.write_weights({"columns": np.asfortranarray(rows), "every other": np.repeat(rows, 2, axis=1)[:, ::2]})
    for array in load_file(tmp_path / "weights.safetensors").values():
        np.testing.assert_array_equal(array, rows)


def test_the_digest_is_that_of_the_weights_that_are_read_with_it(tmp_path: Path) -> None:
    model = LanguageModelDirectory(tmp_path)
    digests = []
    for value in (1.0, 2.0):
        model.write_weights({"a": np.full(3, value, np.float32)})
        digest, weights = model.weights_and_digest()
        assert weights["a"].tolist() == [value] * 3
        assert digest == model.weights_digest()
        digests.append(digest)
    assert digests[0] != digests[1]
