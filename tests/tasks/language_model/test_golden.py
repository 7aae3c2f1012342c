"""The model of each format version in tests/golden/, which every later charnn reads as it was written."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from tests.paths import GOLDEN

PATH = GOLDEN / "format-1"
TEXT = "naïve ant 🧊\nx"
IDS = [6, 4, 9, 8, 5, 3, 4, 6, 7, 3, 10, 2, 1]
"""The ids of TEXT; its "x" is unknown."""
SUMS = {
    "embedding.weight": ((11, 4), 0.126108, 57.909407),
    "recurrent.layers.0.weight_ih_l0": ((32, 4), 8.165437, 83.077338),
    "recurrent.layers.0.weight_hh_l0": ((32, 8), 1.138892, 125.498491),
    "recurrent.layers.0.bias_ih_l0": ((32,), 17.711612, 22.074954),
    "recurrent.layers.0.bias_hh_l0": ((32,), 9.711614, 14.074956),
    "head.weight": ((11, 8), 0.467650, 89.230301),
    "head.bias": ((11,), 0.420687, 4.859663),
}
"""Shape, sum, and sum of absolute values."""
LOGITS = {
    False: [
        [-0.07691, -0.07891, -0.44811, 1.22853, 0.95137, 2.28085, -1.00719, 1.83697, 0.16235, -0.89118, -2.28317],
        [-2.80950, -2.90667, -0.90742, -2.56319, 2.99200, -1.91822, 3.32806, 0.23647, 1.18942, -1.06466, 2.70342],
    ],
    True: [
        [-0.07914, -0.08109, -0.44186, 1.23957, 0.95314, 2.29867, -1.01842, 1.84943, 0.15342, -0.89885, -2.30080],
        [-2.80885, -2.90588, -0.90755, -2.56774, 2.98949, -1.91052, 3.33331, 0.23530, 1.18932, -1.06261, 2.69816],
    ],
}  # fmt: skip
"""After the stop token, and after all of TEXT, from the fp32 graph and from the int8 one."""


@pytest.fixture
def model() -> LanguageModelDirectory:
    return LanguageModelDirectory.open(PATH)


def test_config_means_what_it_meant_and_names_no_machine(model: LanguageModelDirectory) -> None:
    config = model.config()
    assert config.task == "language-model"
    assert config.network == LanguageModelNetworkConfig(
        11, cell="lstm", layers=1, hidden_size=8, embedding_size=4, dropout=0.0
    )
    assert config.tokenizer.kind == "characters"
    assert config.training.budget.steps == 200
    assert [source.path for source in config.corpus.sources] == ["/corpus/golden.txt"]
    assert config.scores is not None
    assert config.scores.nats_per_character == 0.20207653843487303
    assert config.quantization is not None


def test_tokenizer_encodes_as_it_did_and_is_written_again_byte_for_byte(model: LanguageModelDirectory) -> None:
    tokenizer = model.tokenizer()
    assert tokenizer.encode(TEXT).tolist() == IDS
    assert tokenizer.decode(IDS) == TEXT.replace("x", "\ufffd")
    assert tokenizer.to_bytes() == (PATH / "tokenizer.json").read_bytes()


def test_weights_have_their_names_shapes_and_values(model: LanguageModelDirectory) -> None:
    weights = model.weights()
    assert weights.keys() == SUMS.keys()
    for name, (shape, total, absolute) in SUMS.items():
        assert (weights[name].shape, weights[name].dtype) == (shape, np.float32)
        sums = weights[name].sum(dtype=np.float64), np.abs(weights[name]).sum(dtype=np.float64)
        assert sums == pytest.approx((total, absolute), abs=2e-6)


@pytest.mark.parametrize("quantized", [False, True])
def test_graph_gives_the_logits_that_it_gave(model: LanguageModelDirectory, quantized: bool) -> None:
    runtime = RuntimeLanguageModel(model.graph(quantized=quantized))
    ids_BT = np.array([[0, *IDS]])
    logits_BTV, _ = runtime.sequence(ids_BT, runtime.initial_state(1))
    # The graph in int8 is made anew, by a later recipe than that of this model's time: what it costs is alike.
    np.testing.assert_allclose(logits_BTV[0, [0, -1]], LOGITS[quantized], rtol=0, atol=0.05 if quantized else 1e-4)


def test_history_and_training_state_are_read(model: LanguageModelDirectory) -> None:
    history = model.history()
    assert (len(history), history[0]["step"], history[-1]["step"]) == (40, 5, 200)
    arrays, values = model.training_state()
    assert values["progress"]["step"] == 200
    assert {f"weights.{name}" for name in SUMS} < arrays.keys()
    assert sum(model.size_on_disk()) < 60_000
