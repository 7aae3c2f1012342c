"""Where arrays lie in their file: what another program reads there is what was written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from charnn.tasks.language_model.directory import LanguageModelDirectory

ARRAYS = npst.arrays(np.float32, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


@given(st.dictionaries(st.text(min_size=1, max_size=20), ARRAYS, max_size=5))
def test_bytes_of_every_weight_are_where_they_are_said_to_be(
    tmp_path_factory: pytest.TempPathFactory, weights: dict[str, npt.NDArray[np.float32]]
) -> None:
    model = LanguageModelDirectory(tmp_path_factory.mktemp("model"))
    model.write_weights(weights)
    name, _, places = model.weight_places()
    data = (model.path / name).read_bytes()
    assert places.keys() == weights.keys()
    for key, (begin, size) in places.items():
        assert data[begin : begin + size] == weights[key].tobytes()
        assert begin % weights[key].itemsize == 0


def test_array_that_lies_in_memory_in_another_order_is_written_row_by_row(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model = LanguageModelDirectory(tmp_path_factory.mktemp("model"))
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    model.write_weights({"columns": np.asfortranarray(rows), "every other": np.repeat(rows, 2, axis=1)[:, ::2]})
    name, _, places = model.weight_places()
    data = (model.path / name).read_bytes()
    for begin, size in places.values():
        assert np.frombuffer(data[begin : begin + size], np.float32).tolist() == list(range(6))
