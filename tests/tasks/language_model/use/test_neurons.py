"""Hidden units along a text: their values are the network's, and those that follow something are found."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.errors import UsageError
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.language_model.use.neurons import Activations, Unit, activations, followers, parse_units, traits
from charnn.tokenizers.base import first_ids
from tests.paths import GOLDEN

TEXT = '"Oh," said A1.\nNo!'


@pytest.fixture
def model() -> LanguageModel:
    return LanguageModel(LanguageModelDirectory(GOLDEN / "format-1"))


def test_values_are_the_hidden_state_after_each_character(model: LanguageModel) -> None:
    found = activations(model, "naïve ant")
    assert found.values_TU.shape == (9, 8)
    runtime = model.runtime("fp32", threads=1)
    opening = first_ids(model.tokenizer, ends_are_learned=model.may_stop)
    ids = np.array([[*opening, *model.tokenizer.encode("naïve ant")]])
    _, state = runtime.sequence(ids, runtime.initial_state(1))
    hidden = state[runtime.state_names.index("hidden.0")]
    np.testing.assert_allclose(found.values_TU[-1], hidden[0, 0], rtol=1e-4, atol=1e-5)
    assert [str(unit) for unit in found.units] == [f"1:{n}" for n in range(1, 9)]


def test_traits_are_what_a_reader_sees() -> None:
    found = traits(TEXT)
    assert [*found["quotes"]] == [1, 1, 1, 1, *[0] * (len(TEXT) - 4)]
    assert [*found["capitals"]] == [float(c.isupper()) for c in TEXT]
    assert found["the place in the line"][TEXT.index("\n") + 1] == 1
    assert found["the place in the word"][TEXT.index("d A")] == 4
    assert found["the length of the sentence so far"][TEXT.index(".")] == 0
    assert all(values.shape == (len(TEXT),) for values in found.values())


def test_the_unit_that_follows_a_trait_is_found_whatever_its_sign() -> None:
    noise_TU = np.random.default_rng(0).normal(size=(len(TEXT), 3)).astype(np.float32)
    noise_TU[:, 1] = -3 * traits(TEXT)["capitals"] + 7
    found = followers(Activations(TEXT, noise_TU, [Unit(1, n) for n in (1, 2, 3)]))
    assert (str(found[0].unit), found[0].trait) == ("1:2", "capitals")
    assert found[0].correlation == pytest.approx(-1.0)
    sizes = [abs(one.correlation) for one in found]
    assert sizes == sorted(sizes, reverse=True)


def test_a_unit_that_never_moves_and_a_text_without_traits_break_nothing() -> None:
    flat = Activations("aa", np.zeros((2, 1), np.float32), [Unit(1, 1)])
    assert all(one.correlation == 0 for one in followers(flat))


def test_units_are_named_by_layer_and_number(model: LanguageModel) -> None:
    assert parse_units(["2:17", " 5"]) == [Unit(2, 17), Unit(1, 5)]
    for wrong in ("", "a", "1:", "1:2:3", "-1"):
        with pytest.raises(UsageError):
            parse_units([wrong])
    found = activations(model, "ant")
    with pytest.raises(UsageError, match=r"unit 2:1: the model has 1 layer of 8 units"):
        found.of(Unit(2, 1))
    with pytest.raises(UsageError):
        found.of(Unit(1, 9))


def test_an_empty_text_is_refused(model: LanguageModel) -> None:
    with pytest.raises(UsageError, match="empty"):
        activations(model, "")
