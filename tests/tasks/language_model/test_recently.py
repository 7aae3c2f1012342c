"""A model that goes on learning counts what it has read, too, and no symbol's cost knows of that symbol."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError
from charnn.generation.config import SamplingConfig
from charnn.ngrams.matches import remembered
from charnn.softmax import log_softmax
from charnn.tasks.language_model.directory import RECENT, LanguageModelDirectory
from charnn.tasks.language_model.learn.adaptation import SEGMENT, AdaptingLanguageModel, adapted_to
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.recently import IDS, WEIGHTS
from charnn.tasks.language_model.task import LanguageModelTask
from charnn.tasks.language_model.use.mixed_recently import RecentLanguageModel
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tokenizers.base import STOP_ID
from tests.paths import ROOT

FABLES = (ROOT / "data" / "fables.txt").read_text(encoding="utf-8")
NEW = "Then Morbax the mouse said to Willimor the stag: come and eat with me. "


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    """A model whose n-grams bring something. It is never changed."""
    folder = tmp_path_factory.mktemp("recently")
    (folder / "text.txt").write_text(FABLES[:30_000], encoding="utf-8")
    session = charnn.train(
        folder / "text.txt", out=folder / "model", steps=20, layers=1, hidden=16, embedding=8, dropout=0.0, seed=1
    )
    return LanguageModelDirectory(session.path)


@pytest.fixture(scope="module")
def adapted(made: LanguageModelDirectory) -> LanguageModelDirectory:
    """The same after it has read some text. It is never changed."""
    return adapted_to(NEW * 10, made, made.path.parent / "adapted")


@pytest.fixture
def copied(adapted: LanguageModelDirectory, tmp_path: Path) -> LanguageModelDirectory:
    return LanguageModelDirectory(Path(shutil.copytree(adapted.path, tmp_path / "copied")))


def learning(directory: LanguageModelDirectory) -> RecentLanguageModel:
    found = charnn.load(directory.path).beside_ngrams(AdaptingLanguageModel.of(directory))
    assert isinstance(found, RecentLanguageModel)
    return found


def costs(model: RecentLanguageModel, ids: np.ndarray) -> np.ndarray:
    tokens = np.concatenate([[STOP_ID], ids])[np.newaxis]
    found, _ = model.costs(tokens[:, :-1], tokens[:, 1:], model.initial_state(1))
    return found.text_BT[0]


def test_what_comes_again_costs_less_than_by_a_network_that_learns(made: LanguageModelDirectory) -> None:
    lines = [NEW.strip()] * 5
    model: LanguageModel = charnn.load(made.path, adapt=True)
    counting = [score.nats for score in model.score(lines)]
    model = charnn.load(made.path, adapt=True)
    model.counts.ngrams = None  # type: ignore[misc]
    network = [score.nats for score in model.score(lines)]
    assert counting[4] < 0.5 * counting[0]
    assert counting[4] < 0.5 * network[4]


@pytest.mark.parametrize("place", [1, 20, SEGMENT, 50, 3 * SEGMENT - 1])
def test_no_symbol_is_learned_from_before_it_is_scored(made: LanguageModelDirectory, place: int) -> None:
    ids = made.tokenizer().encode(NEW * 2)
    other = ids.copy()
    other[place:] = other[place:][::-1]
    np.testing.assert_array_equal(costs(learning(made), ids)[:place], costs(learning(made), other)[:place])


def test_probabilities_of_all_symbols_add_up_to_one_at_every_place(made: LanguageModelDirectory) -> None:
    read, size = made.tokenizer().encode(NEW)[:4], made.tokenizer().size
    each = [costs(learning(made), np.append(read, id_))[-1] for id_ in range(1, size)]
    model = learning(made)
    tokens = np.concatenate([[STOP_ID], read, [STOP_ID]])[np.newaxis]
    found, _ = model.costs(tokens[:, :-1], tokens[:, 1:], model.initial_state(1))
    assert np.exp(-np.array([*each, found.ends_BT[0, -1]])).sum() == pytest.approx(1, abs=1e-4)


def test_reading_in_parts_is_reading_at_once(made: LanguageModelDirectory) -> None:
    tokens = np.concatenate([[STOP_ID], made.tokenizer().encode(NEW * 3)])[np.newaxis]
    tokens = tokens[:, : 4 * SEGMENT + 1]
    whole, parts = learning(made), learning(made)
    expected, _ = whole.costs(tokens[:, :-1], tokens[:, 1:], whole.initial_state(1))
    state, found = parts.initial_state(1), []
    for start in range(0, 4 * SEGMENT, SEGMENT):
        part = slice(start, start + SEGMENT)
        of_part, state = parts.costs(tokens[:, :-1][:, part], tokens[:, 1:][:, part], state)
        found.append(of_part.text_BT)
    np.testing.assert_allclose(np.concatenate(found, 1), expected.text_BT, atol=1e-4)


def test_the_model_as_it_is_knows_nothing_of_what_the_one_that_learns_has_read(made: LanguageModelDirectory) -> None:
    def figures(*, adapt: bool) -> dict[str, Any]:
        evaluation = LanguageModelTask().evaluate(
            charnn.load(made.path), [], LanguageModelEvaluationOptions(adapt=adapt)
        )
        list(evaluation.run())
        return evaluation.to_json()

    assert figures(adapt=True)["nats_per_character"] == figures(adapt=False)["nats_per_character"]


# A copy that has read a text.


def test_a_copy_says_how_much_it_has_read(made: LanguageModelDirectory, adapted: LanguageModelDirectory) -> None:
    assert "read since" not in dict(LanguageModelTask().describe(made).network)
    assert dict(LanguageModelTask().describe(adapted).network)["read since"].startswith(f"{len(NEW) * 10:,} symbols, ")


def test_a_copy_that_has_read_a_text_goes_on_with_it(
    made: LanguageModelDirectory, adapted: LanguageModelDirectory
) -> None:
    assert not (made.path / RECENT).exists()
    assert (adapted.path / RECENT).exists()
    model = charnn.load(adapted.path)
    written = "".join(model.sample("Then Morbax", seed=1, length=60, temperature=0.2))
    assert "Willimor" in written
    before, after = (next(iter(charnn.load(one.path).score([NEW]))).nats for one in (made, adapted))
    assert after < 0.5 * before
    assert "Willimor" not in "".join(charnn.load(made.path).sample("Then Morbax", seed=1, length=60, temperature=0.2))


def test_a_copy_that_goes_on_learning_has_what_it_read_before_it(adapted: LanguageModelDirectory) -> None:
    model: LanguageModel = charnn.load(adapted.path, adapt=True)
    assert model.learner is not None
    (read,) = model.counts.learning(model.learner).initial_state(1).read_B
    assert read == remembered(adapted.tokenizer().encode(NEW * 10))


def test_a_copy_stays_as_it_is_when_it_writes_and_scores(adapted: LanguageModelDirectory) -> None:
    model = charnn.load(adapted.path)
    first, second = (next(iter(model.score([NEW]))).nats for _ in range(2))
    assert first == second
    texts = ["".join(model.sample("The", seed=2, length=40)) for _ in range(2)]
    assert texts[0] == texts[1]


def test_a_copy_of_a_copy_has_read_both_texts(adapted: LanguageModelDirectory, tmp_path: Path) -> None:
    other = "Wumpus of the mill saw it. "
    again = adapted_to(other * 5, adapted, tmp_path / "again")
    ids, tokenizer = read_arrays(again.path / RECENT)[0][IDS], again.tokenizer()
    assert tokenizer.decode(ids.tolist()) == NEW * 10 + other * 5


def test_steps_the_whole_sequence_and_lanes_agree(adapted: LanguageModelDirectory) -> None:
    loaded = charnn.load(adapted.path)
    model = loaded.beside_ngrams(loaded.runtime("fp32", threads=1))
    ids = np.concatenate([[STOP_ID], adapted.tokenizer().encode(NEW)])
    whole, _ = model.sequence(ids[np.newaxis], model.initial_state(1))
    stepped, advanced = model.initial_state(1), model.join([model.initial_state(1)] * 2)
    for place in range(len(ids)):
        by_step, stepped = model.step(ids[place : place + 1], stepped)
        by_advance = model.advance(ids[[place, place]], advanced)
        np.testing.assert_allclose(log_softmax(by_step)[0], log_softmax(whole[0, place]), atol=1e-3)
        np.testing.assert_allclose(log_softmax(by_advance), log_softmax(by_step)[[0, 0]], atol=1e-3)
    model.put(advanced, 1, model.initial_state(1))
    begun = model.select(advanced, np.array([1]))
    np.testing.assert_allclose(model.step(ids[:1], begun)[0], model.step(ids[:1], model.initial_state(1))[0], atol=1e-5)


def test_writing_is_the_same_one_by_one_and_side_by_side(adapted: LanguageModelDirectory) -> None:
    model, sampling = charnn.load(adapted.path), SamplingConfig(length=60)
    together = [p.shown for p in model.texts(["Then"], sampling, seed=3, number=4, batch=4) if p.shown]
    one_by_one = [p.shown for p in model.texts(["Then"], sampling, seed=3, number=4, batch=1) if p.shown]
    assert "".join(together) == "".join(one_by_one)


def spoil_array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[LanguageModelDirectory], None]:
    def spoil(directory: LanguageModelDirectory) -> None:
        arrays, _ = read_arrays(directory.path / RECENT)
        arrays[name] = change(arrays[name])
        write_arrays(directory.path / RECENT, arrays)

    return spoil


SPOILED: dict[str, Callable[[LanguageModelDirectory], object]] = {
    "empty": lambda directory: directory.write(RECENT, b""),
    "of another vocabulary": spoil_array(IDS, lambda ids: ids + 100),
    "below 0": spoil_array(IDS, lambda ids: ids - 100),
    "of another type": spoil_array(IDS, lambda ids: ids.astype(np.float32)),
    "no powers": spoil_array(WEIGHTS, lambda weights: weights * np.float32("nan")),
    "fewer powers": spoil_array(WEIGHTS, lambda weights: weights[:, :-1]),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_damaged_file_is_refused_in_one_line(copied: LanguageModelDirectory, spoil: Any) -> None:
    spoil(copied)
    with pytest.raises(ModelFormatError, match=r"recent\.safetensors: .*\Z") as found:
        copied.check()
    assert "\n" not in str(found.value)
