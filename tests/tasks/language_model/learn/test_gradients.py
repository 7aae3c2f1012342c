"""The gradient that reaches back k steps is that of autograd, state by state."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from charnn.errors import CorpusError, UsageError
from charnn.network.cells import like
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.gradients import WARM_UP, gradient_norms
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tokenizers.base import STOP_ID
from tests.paths import GOLDEN

STEPS = 6
TEXT = ("naïve ant 🧊\n" * 9)[: WARM_UP + STEPS + 1]
"""As many tokens, with the stop token after them, as are needed, so that the gradient can flow from one place alone."""


@pytest.fixture
def model() -> LanguageModelDirectory:
    return LanguageModelDirectory(GOLDEN / "format-1")


def reference(model: LanguageModelDirectory) -> list[float]:
    """Each norm by itself: the text is read to the state k steps before the end, and its gradient is taken."""
    network = LanguageModelNetwork(model.config().network).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in model.weights().items()})
    ids = torch.tensor([[*model.tokenizer().encode(TEXT), STOP_ID]])
    norms = []
    for k in range(STEPS + 1):
        state, last = network.initial_state(1), ids.shape[1] - 2
        for t in range(last - k + 1):
            with torch.no_grad():
                logits, state = network.step(ids[:, t], state)
        leaves = [tensor.detach().requires_grad_() for layer in state for tensor in layer]
        state = tuple(like(layer, leaves[2 * n : 2 * n + 2]) for n, layer in enumerate(state))
        logits = network.logits(state[-1]._asdict()["hidden"])
        for t in range(last - k + 1, last + 1):
            logits, state = network.step(ids[:, t], state)
        loss = functional.cross_entropy(logits, ids[:, -1])
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        norms.append(float(torch.stack([g.square().sum() for g in gradients if g is not None]).sum().sqrt()))
    return norms


def test_norms_are_those_of_autograd_taken_one_by_one(model: LanguageModelDirectory) -> None:
    norms = gradient_norms(model, TEXT, steps=STEPS, seed=0, fresh=False)
    np.testing.assert_allclose(norms, reference(model), rtol=1e-4)


def test_an_untrained_network_depends_on_the_seed_alone(model: LanguageModelDirectory) -> None:
    first, again, other = (gradient_norms(model, TEXT, steps=4, seed=seed, fresh=True) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.allclose(first, gradient_norms(model, TEXT, steps=4, seed=1, fresh=False))


def test_too_short_a_text_is_named(model: LanguageModelDirectory) -> None:
    with pytest.raises(UsageError, match="are needed"):
        gradient_norms(model, TEXT, steps=STEPS + 1, seed=0, fresh=False)


def test_a_text_that_is_gone_is_named_with_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "format-1", tmp_path / "model")
    with pytest.raises(CorpusError) as caught:
        gradient_norms(LanguageModelDirectory(tmp_path / "model"), None, steps=2, seed=0, fresh=False)
    assert caught.value.hint == "name a text with --text FILE"
