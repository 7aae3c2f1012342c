"""What every task promises, from training to its model directory, the command line and Python."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
import pytest
import torch

import charnn
from charnn import api
from charnn.cells import CELLS
from charnn.checkpoint.directory import (
    CARD,
    CONFIG,
    ENDED,
    GRAPH,
    HISTORY,
    TRAINING_STATE,
    WEIGHTS,
    ModelDirectory,
)
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import (
    CharnnError,
    ConfigError,
    ModelBusyError,
    ModelFormatError,
    ModelNotFoundError,
    TrainingError,
    UsageError,
)
from charnn.tasks.choosing import names_of
from charnn.tasks.options import Option, options_from, options_of
from charnn.tasks.table import TASKS
from charnn.tasks.task import Task
from charnn.training.distributed.processes import ALONE
from charnn.training.report import Report
from tests.once import made_once
from tests.paths import GOLDEN, ROOT
from tests.tasks.builders import BUILDERS, Use

pytestmark = pytest.mark.usefixtures("five_validations")

STEPS = 10
"""Validations are at every second one."""
BUDGET = ("time", "epochs", "steps")
UNNEEDED = ("torch", "onnx", "sentencepiece", "matplotlib", "pydantic", "charnn.network", "charnn.training")
"""What using a model does not import. `charnn novelty` alone needs pydivsufsort beside it."""

each_task = pytest.mark.parametrize("name", TASKS)
each_variant = pytest.mark.parametrize(
    ("name", "variant"),
    [(name, variant) for name, builder in BUILDERS.items() for variant in builder.variants],
    ids=str,
)
with_members = pytest.mark.parametrize(
    "name",
    [name for name, task in TASKS.items() if "members" in names_of(task.training_options)],
)
WITH_FURTHER_PARTS = {
    "labelled-ngrams-1", "tagger-linear-1", "tagger-linear-2", "tagger-readers-1", "tagger-words-1", "text-recent-1",
    "text-words-1",
    "transducer-edits-1", "transducer-hard-1", "transducer-lines-1", "transducer-ngrams-1",
}  # fmt: skip
"""Golden models with parts that only some models of their task have. A test of that task opens them."""
GOLDEN_MODELS = [(name, golden) for name, builder in BUILDERS.items() for golden in builder.golden]
each_golden = pytest.mark.parametrize(("name", "golden"), GOLDEN_MODELS)


def test_every_task_has_a_builder_and_every_golden_model_is_of_one() -> None:
    assert BUILDERS.keys() == TASKS.keys()
    golden = {path.name for path in GOLDEN.iterdir() if path.is_dir()}
    assert {golden for _, golden in GOLDEN_MODELS} == golden - WITH_FURTHER_PARTS


# Runs, of which each test has some of its own.


def until(step: int, session: Any, observer: Any = None) -> str:
    """Runs a session that is interrupted in that step, and not in what is prepared before the first one."""
    loop, advance, steps = session.loop, session.loop.advance, 0

    def counted(*arguments: Any) -> Any:
        nonlocal steps
        steps += 1
        return advance(*arguments)

    loop.advance = counted
    return str(session.run(observer or api.SilentObserver(), lambda: steps > 0 and loop.progress.step >= step - 1))


class Runs:
    """Starts and goes on with runs of one task in one folder, beside a file of its data."""

    def __init__(self, name: str, folder: Path) -> None:
        self.builder, self.name, self.folder = BUILDERS[name], name, folder
        self.data = folder / "data.txt"
        if not self.data.exists():
            self.data.write_text(self.builder.data)

    def start(
        self, out: str, thread_counts: tuple[int, ...] | None = None, overwrite: bool = False, **options: Any
    ) -> Any:
        values = {**self.builder.options, **({} if {*BUDGET} & {*options} else {"steps": STEPS}), **options}
        return api.start(
            [str(self.data)], self.name, values, out=self.folder / out, overwrite=overwrite, processes=ALONE,
            thread_counts=thread_counts,
        )  # fmt: skip

    def go_on(self, out: str, **budget: Any) -> Any:
        return api.go_on(str(self.folder / out), [], budget, processes=ALONE)

    def finish(self, session: Any, *interruptions: int) -> Path:
        """Runs it to its end, interrupted after each of these steps and taken up again."""
        for step in interruptions:
            assert until(step, session) == "interrupt"
            session = self.go_on(session.directory.path.name)
            assert session.loop.progress.step == step
        assert session.run(api.SilentObserver()) == "budget"
        return Path(session.directory.path)


@pytest.fixture
def runs(name: str, tmp_path: Path) -> Runs:
    return Runs(name, tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Runs]:
    """`trained(task)`: a folder in which `model` has learned, `whole` has ended, and `half` was interrupted, which no
    test may change."""

    def make(name: str) -> Runs:
        def train(folder: Path) -> None:
            runs = Runs(name, folder)
            runs.finish(runs.start("model", **runs.builder.learned))
            runs.finish(runs.start("whole"))
            until(5, runs.start("half"))

        return Runs(name, made_once(tmp_path_factory, f"trained-{name}", train))

    return make


@pytest.fixture(scope="module")
def trained_members(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`trained_members(task)`: a model of two members that has learned, which no test may change."""

    def make(name: str) -> Path:
        def train(folder: Path) -> None:
            runs = Runs(name, folder)
            runs.finish(runs.start("model", members=2, **runs.builder.learned))

        return made_once(tmp_path_factory, f"members-{name}", train) / "model"

    return make


@pytest.fixture
def model(name: str, trained: Callable[[str], Runs], tmp_path: Path) -> Path:
    """One that has learned, and may be spoilt."""
    return Path(shutil.copytree(trained(name).folder / "model", tmp_path / "model"))


def history(path: Path) -> list[dict[str, Any]]:
    """What of it does not depend on the clock."""
    entries = [json.loads(line) for line in (path / HISTORY).read_text().splitlines()]
    return [{k: v for k, v in entry.items() if k != "seconds" and "per_second" not in k} for entry in entries]


def state(name: str, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The training state without its seconds."""
    arrays, values = TASKS[name].directory(path).training_state()
    values["progress"].pop("seconds")
    (values["best"] or {}).pop("seconds", None)
    return arrays, values


def assert_same_run(name: str, left: Path, right: Path) -> None:
    """Equal to the last bit: what using the model needs, what resuming needs, and the history."""
    assert history(left) == history(right)
    clocked = {CARD, CONFIG, HISTORY, ENDED, TRAINING_STATE}
    files = [{str(f.relative_to(path)) for f in path.rglob("*") if f.is_file()} for path in (left, right)]
    assert files[0] == files[1] > clocked
    for file in files[0] - clocked:
        assert (left / file).read_bytes() == (right / file).read_bytes(), file
    (left_arrays, left_values), (right_arrays, right_values) = state(name, left), state(name, right)
    assert left_arrays.keys() == right_arrays.keys()
    for array in left_arrays:
        np.testing.assert_array_equal(left_arrays[array], right_arrays[array], strict=True)
    assert left_values == right_values


def used(path: Path, use: Use) -> object:
    """What a model gives in Python."""
    assert use.python is not None
    with charnn.load(path, precision=use.precision) as model:
        return use.python(model)


# Resuming.


@each_variant
def test_a_run_that_is_interrupted_anywhere_and_resumed_ends_as_one_that_never_stopped(
    runs: Runs, name: str, variant: Mapping[str, Any], trained: Callable[[str], Runs]
) -> None:
    """Before the first validation, where one is due, between two, at the last step but one, over and over. The networks
    of other variants carry other states, each of which is taken up once."""
    is_usual = variant == BUILDERS[name].variants[0]
    whole = trained(name).folder / "whole" if is_usual else runs.finish(runs.start("whole", **variant))
    for steps in [(1, 4, 5, STEPS - 1)] if is_usual else [(STEPS // 2,)]:
        assert_same_run(name, runs.finish(runs.start(f"interrupted at {steps}", **variant), *steps), whole)


@each_task
def test_a_run_that_goes_on_under_a_larger_budget_may_be_interrupted_too(
    runs: Runs, name: str, trained: Callable[[str], Runs]
) -> None:
    whole = trained(name).folder / "whole"
    before = history(whole)
    once, twice = (Path(shutil.copytree(whole, runs.folder / out)) for out in ("once", "twice"))
    session = runs.go_on("once", steps=STEPS + 6)
    assert any("resumed" in line and f"step {STEPS}" in line for line in session.description())
    runs.finish(session)
    runs.finish(runs.go_on("twice", steps=STEPS + 6), STEPS + 1, STEPS + 4)
    assert_same_run(name, once, twice)
    config = TASKS[name].directory(once).config()
    assert (config.training.budget.steps, config.record.steps) == (STEPS + 6, STEPS + 6)
    assert history(once)[: len(before)] == before


@each_task
@pytest.mark.parametrize("kind", BUDGET)
def test_a_finished_run_goes_on_under_a_larger_budget_of_any_kind(
    trained: Callable[[str], Runs], name: str, tmp_path: Path, kind: str
) -> None:
    path = shutil.copytree(trained(name).folder / "whole", tmp_path / "whole")
    spent = TASKS[name].directory(path).config().record
    budget = {kind: {"steps": spent.steps + 1, "epochs": spent.epochs * 1.3, "time": "2s"}[kind]}
    session = api.go_on(str(path), [], budget, processes=ALONE)
    if "time" in budget:
        session.loop.progress.seconds = 1.9
    assert session.run(api.SilentObserver()) == "budget"
    steps = [entry["step"] for entry in history(path)]
    assert steps == sorted(set(steps))
    assert steps[-1] > STEPS
    ran_under = TASKS[name].directory(path).config().training.budget
    assert ran_under == options_from(TASKS[name].training_options, budget).budget


@each_task
@pytest.mark.filterwarnings("ignore:the loss broke")
def test_the_best_of_the_first_sitting_stays_the_best_until_it_is_beaten(
    runs: Runs, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second sitting is at a rate that ruins the model at once, and stays as it is."""
    monkeypatch.setattr("charnn.training.recovery.SMALLER", 1.0)
    session = runs.start("model", **runs.builder.learned)
    until(3 * session.config.training.budget.steps // 4, session)
    directory = TASKS[name].directory(runs.folder / "model")
    best, config = directory.weights(), directory.config()
    ruinous = dataclasses.replace(config.training, learning_rate=1e4, average_decay=0.0)
    directory.write_config(dataclasses.replace(config, training=ruinous))
    runs.go_on("model").run(api.SilentObserver())
    assert directory.config().scores == config.scores
    after = directory.weights()
    assert best.keys() == after.keys()
    assert all(np.array_equal(best[array], after[array]) for array in best)


@each_task
@pytest.mark.parametrize("budget", [{"steps": STEPS}, {"steps": 1}, {"epochs": 0.01}, {}], ids=str)
def test_a_budget_that_is_spent_is_refused_and_nothing_changes(
    runs: Runs, name: str, trained: Callable[[str], Runs], budget: dict[str, Any]
) -> None:
    path = Path(shutil.copytree(trained(name).folder / "whole", runs.folder / "whole"))
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with pytest.raises(UsageError, match="spent") as caught:
        runs.go_on("whole", **budget)
    assert "--steps" in str(caught.value.hint)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


@each_task
def test_after_a_crash_a_run_goes_on_from_its_last_saved_state(
    runs: Runs, name: str, monkeypatch: pytest.MonkeyPatch, trained: Callable[[str], Runs]
) -> None:
    """The third validation is in the history, and perhaps in the weights, but not in the state that is resumed."""

    class PowerCut(BaseException):
        pass

    write = ModelDirectory.write_training_state

    def write_until_cut(self: ModelDirectory, arrays: Any, values: Any) -> None:
        if values["progress"]["step"] >= 5:
            raise PowerCut
        write(self, arrays, values)

    crashed = runs.start("crashed")
    with monkeypatch.context() as patch:
        patch.setattr(ModelDirectory, "write_training_state", write_until_cut)
        with pytest.raises(PowerCut):
            crashed.run(api.SilentObserver())
    path = runs.folder / "crashed"
    assert state(name, path)[1]["progress"]["step"] < max(entry["step"] for entry in history(path))
    runs.finish(runs.go_on("crashed"))
    assert_same_run(name, path, trained(name).folder / "whole")


def check_seeds(runs: Runs, name: str, **options: Any) -> None:
    first, second, other = (
        runs.finish(runs.start(out, steps=6, seed=seed, **options)) for out, seed in (("1", 7), ("2", 7), ("3", 8))
    )
    assert_same_run(name, first, second)
    directory = TASKS[name].directory
    ours, theirs = directory(first).weights(), directory(other).weights()
    assert not any(np.array_equal(ours[array], theirs[array]) for array in ours)


@each_task
def test_the_same_seed_gives_the_same_run_and_another_gives_another(runs: Runs, name: str) -> None:
    check_seeds(runs, name)


@with_members
def test_the_same_seed_gives_the_same_members_and_another_gives_others(runs: Runs, name: str) -> None:
    check_seeds(runs, name, members=2)


@pytest.mark.parametrize(
    ("name", "other"), [(name, other) for name, builder in BUILDERS.items() for other in builder.others], ids=str
)
def test_the_training_state_of_another_network_is_refused(
    runs: Runs, name: str, trained: Callable[[str], Runs], other: Mapping[str, Any]
) -> None:
    session = runs.start("model", **other)
    session.run(api.SilentObserver(), lambda: True)
    shutil.copy(trained(name).folder / "half" / TRAINING_STATE, runs.folder / "model" / TRAINING_STATE)
    with pytest.raises(ModelFormatError, match="training"):
        runs.go_on("model")


@each_task
def test_a_run_that_was_saved_when_runs_had_stages_goes_on(
    runs: Runs, name: str, trained: Callable[[str], Runs]
) -> None:
    shutil.copytree(trained(name).folder / "half", runs.folder / "half")
    directory = TASKS[name].directory(runs.folder / "half")
    arrays, values = directory.training_state()
    values["progress"] |= {"stage": 0, "began": {"seconds": 0.0, "epochs": 0.0, "steps": 0}}
    directory.write_training_state(arrays, values)
    assert_same_run(name, runs.finish(runs.go_on("half")), trained(name).folder / "whole")


@each_task
@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in ("progress", "average_updates", "task") for value in (None, [], {"new": 1}, "text")),
        *(("best", value) for value in ({"new": 1}, "text")),
    ],
    ids=str,
)
def test_damaged_values_of_the_training_state_are_refused(
    trained: Callable[[str], Runs], name: str, key: str, value: object, tmp_path: Path
) -> None:
    shutil.copytree(trained(name).folder / "half", tmp_path / "half")
    directory = TASKS[name].directory(tmp_path / "half")
    arrays, values = directory.training_state()
    assert key in values
    directory.write_training_state(arrays, {**values, key: value})
    with pytest.raises(ModelFormatError, match="training"):
        api.go_on(str(tmp_path / "half"), [], {}, processes=ALONE)


@each_task
def test_a_model_copied_without_its_training_state_is_used_and_not_resumed(name: str, model: Path) -> None:
    use = BUILDERS[name].uses[0]
    before = used(model, use)
    shutil.rmtree(model / "training")
    assert used(model, use) == before
    with pytest.raises(ModelNotFoundError, match="nothing to resume"):
        api.go_on(str(model), [], {}, processes=ALONE)


@each_task
def test_the_data_may_be_named_again_and_must_be_the_same(
    runs: Runs, name: str, trained: Callable[[str], Runs]
) -> None:
    shutil.copytree(trained(name).folder / "whole", runs.folder / "model")
    (runs.folder / "other.txt").write_text(runs.builder.other_data)
    budget = {"steps": STEPS + 1}
    with pytest.raises(UsageError, match=r"other\.txt: not the t.* that .* was trained on"):
        api.go_on(str(runs.folder / "model"), [str(runs.folder / "other.txt")], budget, processes=ALONE)
    session = api.go_on(str(runs.folder / "model"), [str(runs.data)], budget, processes=ALONE)
    assert session.run(api.SilentObserver()) == "budget"


@each_task
def test_data_that_have_been_moved_are_named_once(runs: Runs, name: str, command: Callable[..., Any]) -> None:
    runs.finish(runs.start("model", steps=2))
    elsewhere = runs.data.rename(runs.data.with_stem("elsewhere"))
    assert command("train", "--resume", runs.folder / "model", "--steps", "3").code == 1
    resumed = command("train", elsewhere, "--resume", runs.folder / "model", "--steps", "3")
    assert resumed.code == 0, resumed.err
    again = command("train", "--resume", runs.folder / "model", "--steps", "4")
    assert again.code == 0, again.err


@each_task
def test_data_that_have_changed_are_said_and_not_learned(runs: Runs, name: str, command: Callable[..., Any]) -> None:
    runs.finish(runs.start("model", steps=2))
    runs.data.write_text(runs.builder.other_data)
    refused = command("train", "--resume", runs.folder / "model", "--steps", "3")
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert f"{runs.data}: has changed" in refused.err


# What a run leaves.


@each_task
@pytest.mark.parametrize("steps", [1, 4, 6])
def test_an_interrupted_run_leaves_a_model_that_can_be_used(runs: Runs, name: str, steps: int) -> None:
    session = runs.start("model", steps=1000)
    assert until(steps, session) == "interrupt"
    config = TASKS[name].directory(runs.folder / "model").config()
    assert config == session.config
    assert (config.record.stopped_by, config.record.steps, config.quantization) == ("interrupt", steps, None)
    assert used(runs.folder / "model", runs.builder.uses[0])


@each_task
def test_the_record_says_what_was_done(runs: Runs, name: str) -> None:
    session = runs.start("model", steps=12)
    assert session.run(api.SilentObserver()) == "budget"
    config = TASKS[name].directory(runs.folder / "model").config()
    assert config == session.config
    record = config.record
    assert (record.steps, record.stopped_by, record.device, record.precision) == (12, "budget", "cpu", "fp32")
    assert (record.charnn_version, record.torch_version) == (charnn.__version__, torch.__version__)
    assert min(record.seconds, record.epochs, record.characters_per_second) > 0
    assert config.quantization is not None


@each_task
def test_the_verdict_says_how_few_data_it_was_validated_with(runs: Runs, name: str) -> None:
    session = runs.start("model", steps=6)
    session.run(api.SilentObserver())
    units = {"language-model": "characters", "tagger": "words", "classifier": "texts", "transducer": "pairs"}
    unit = {**units, "forecaster": "rows"}[name]
    assert re.search(rf"held-out data \([\d,]+ {unit.removesuffix('s')}s?\)", session.verdict)


@each_task
def test_a_run_that_keeps_nothing_leaves_no_directory(runs: Runs, name: str) -> None:
    def break_off() -> bool:
        raise KeyboardInterrupt

    session = runs.start("model")
    with pytest.raises(KeyboardInterrupt):
        session.run(api.SilentObserver(), break_off)
    assert [path.name for path in runs.folder.iterdir() if path != runs.data] == []


@each_task
@pytest.mark.parametrize(("wrong", "said"), [({"device": "mps"}, "mps"), ({"hidden": 0}, "hidden size")], ids=str)
def test_what_cannot_be_makes_no_directory(
    runs: Runs, name: str, wrong: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises((UsageError, ConfigError), match=said):
        runs.start("model", **wrong)
    assert not (runs.folder / "model").exists()


@each_task
@pytest.mark.parametrize("cell", CELLS)
def test_training_in_bf16_gives_a_model_of_fp32(runs: Runs, name: str, cell: str) -> None:
    changed = {"weight_drop": 0.0} if name == "language-model" and CELLS[cell].further else {}
    path = runs.finish(runs.start("model", steps=2, cell=cell, precision="bf16", **changed))
    assert {array.dtype for array in TASKS[name].directory(path).weights().values()} == {np.dtype(np.float32)}
    assert used(path, runs.builder.uses[0])


@each_task
def test_int8_costs_what_was_recorded(trained: Callable[[str], Runs], name: str) -> None:
    check_int8(name, trained(name).folder / "model")


@with_members
def test_int8_costs_members_what_was_recorded(trained_members: Callable[[str], Path], name: str) -> None:
    check_int8(name, trained_members(name))


def check_int8(name: str, path: Path) -> None:
    """On the data that were held out, where there are few of them."""
    builder = BUILDERS[name]
    quantization = TASKS[name].directory(path).config().quantization
    costs = [cost_of(name, path, precision) for precision in ("fp32", "int8")]
    assert costs[1] - costs[0] == pytest.approx(getattr(quantization, builder.cost_lost), abs=1e-5)
    assert abs(costs[1] - costs[0]) < 0.05


def cost_of(name: str, path: Path, precision: Any, *files: Path) -> float:
    """What the task's own evaluation says of the model, on what was held out or on files."""
    task = TASKS[name]
    model = charnn.load(path, precision=precision)
    evaluation = task.evaluate(
        model, [str(file) for file in files], options_from(task.evaluation_options, {}), encoding="utf-8", threads=1
    )
    assert list(evaluation.run()) == []
    model.close()
    return BUILDERS[name].cost(evaluation.to_json())


# The history.


@each_task
def test_each_validation_notes_how_large_the_gradient_was(name: str, trained: Callable[[str], Runs]) -> None:
    for entry in history(trained(name).folder / "whole"):
        assert 0 < entry["gradient_norm"] <= entry["largest_gradient_norm"] < math.inf


# The model card.


def rows_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


@each_task
def test_the_card_says_what_info_says(name: str, trained: Callable[[str], Runs], command: Callable[..., Any]) -> None:
    """So do those of a run that ended and of one that was interrupted, whose card says that."""
    for run in ("model", "half"):
        path = trained(name).folder / run
        card = (path / CARD).read_text()
        own_rows = {"model", "task", "status", "size"}
        info = [row for row in rows_of(command("info", path).out) if row.split()[0] not in own_rows]
        assert info
        assert set(info) <= set(rows_of(card))
        for heading in ("# A ", "## Model", "## Data", "## Training", "## Scores", "## Limits"):
            assert f"\n{heading}" in f"\n{card}"
        assert ("interrupted at step 5" in card) == (run == "half") == ("has not come to its end" in card)
        assert all(f"    charnn {one} -m " in card for one in TASKS[name].commands)
        assert str(path) not in card
        assert card.count("\n- ") >= 3


@each_task
def test_a_card_is_never_read_and_is_sent_with_the_model(
    name: str, model: Path, command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    use = dataclasses.replace(BUILDERS[name].uses[0], precision="fp32")
    before, card = used(model, use), (model / CARD).read_bytes()
    for content in (b"<script>alert(1)</script>\xff", None):
        (model / CARD).unlink()
        if content is not None:
            (model / CARD).write_bytes(content)
        assert used(model, use) == before
        assert command("info", model).code == 0
        file = tmp_path / f"{content is None}.zip"
        assert command("models", "export", model, "-o", file).code == 0
        with zipfile.ZipFile(file) as archive:
            assert archive.read(f"model/{CARD}") == (card if content is None else content)
        assert command("models", "import", file, "--as", file.stem).code == 0
        assert (tmp_path / "checkpoints" / file.stem / CARD).read_bytes() == card


@each_golden
def test_an_old_model_without_a_card_is_sent_with_one(
    name: str, golden: str, command: Callable[..., Any], tmp_path: Path
) -> None:
    assert command("models", "export", GOLDEN / golden, "-o", tmp_path / "old.zip").code == 0
    with zipfile.ZipFile(tmp_path / "old.zip") as archive:
        assert archive.read(f"{golden}/{CARD}").decode().startswith("# A ")


@each_task
def test_names_in_a_card_are_no_markup(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "a\n\n# b\r```\n<script>[x](y)"
    folder.mkdir()
    runs = Runs(name, folder)
    card = (runs.finish(runs.start("model")) / CARD).read_text()
    marked = [line for line in card.splitlines() if "script" in line]
    assert marked
    assert all(line.startswith("    ") for line in marked)
    assert "\\n\\n# b\\r```" in card


# Damage.


DAMAGE = [
    *((name, file) for name, file in [(name, file) for name, golden in GOLDEN_MODELS for file in sorted(
        str(path.relative_to(GOLDEN / golden)) for path in (GOLDEN / golden).rglob("*") if path.is_file()
    )] if file != HISTORY and not file.endswith(".onnx")),
]  # fmt: skip
each_file = pytest.mark.parametrize(("name", "file"), DAMAGE)


@pytest.fixture
def sound(name: str, tmp_path: Path) -> Path:
    """A golden model that may be spoilt, and takes its int8 graph for `auto`."""
    path = Path(shutil.copytree(GOLDEN / next(iter(BUILDERS[name].golden)), tmp_path / "model"))
    directory = TASKS[name].directory(path)
    config = directory.config()
    directory.write_config(
        dataclasses.replace(config, quantization=dataclasses.replace(config.quantization, used=True))
    )
    return path


def read(name: str, path: Path, file: str) -> None:
    """Does with a model what needs that file."""
    directory = TASKS[name].directory(path)
    readers: dict[str, Callable[[], object]] = {
        CONFIG: directory.config,
        TRAINING_STATE: directory.training_state,
    }
    readers.get(file, lambda: used(path, dataclasses.replace(BUILDERS[name].uses[0], precision="fp32")))()


def assert_refused(name: str, path: Path, file: str) -> None:
    with pytest.raises(ModelFormatError) as caught:
        read(name, path, file)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.count(Path(file).name) == 1
    assert "\n" not in message


@each_task
def test_graphs_that_lie_in_a_directory_are_never_read(name: str, sound: Path) -> None:
    """What is run is made from the weights, by this charnn."""
    use = dataclasses.replace(BUILDERS[name].uses[0], precision="fp32")
    before = used(sound, use)
    for graph in list(sound.rglob("*.onnx")) or [sound / GRAPH]:
        graph.unlink(missing_ok=True)
        os.mkfifo(graph)
    assert used(sound, use) == before


@each_task
def test_a_graph_is_made_once_and_kept_by_what_it_is_made_of(
    name: str, sound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHARNN_CACHE", str(tmp_path / "cache"))
    use = dataclasses.replace(BUILDERS[name].uses[0], precision="fp32")
    before = used(sound, use)
    kept = {file.name: file.stat().st_ino for file in (tmp_path / "cache" / "graphs").iterdir()}
    assert len(kept) >= len(TASKS[name].directory(sound).graph_makers())
    assert used(sound, use) == before
    assert {file.name: file.stat().st_ino for file in (tmp_path / "cache" / "graphs").iterdir()} == kept
    directory = TASKS[name].directory(sound)
    directory.write_weights({each: array / 2 for each, array in directory.weights().items()})
    directory.graph()
    assert len(list((tmp_path / "cache" / "graphs").iterdir())) > len(kept)


@each_task
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda weights: weights.pop(min(weights)), "which this network needs"),
        (lambda weights: weights.update(more=np.zeros(3, np.float32)), "no weight of this network"),
        (lambda weights: weights.update({min(weights): weights[min(weights)][:-1]}), "has the shape"),
        (lambda weights: weights.update({min(weights): weights[min(weights)][..., None]}), "has the shape"),
        (lambda weights: weights[max(weights)].flat.__setitem__(0, np.nan), "not finite"),
        (lambda weights: weights[max(weights)].flat.__setitem__(0, -np.inf), "not finite"),
    ],
    ids=["missing", "more", "smaller", "one more axis", "nan", "infinite"],
)
def test_weights_that_are_not_those_of_the_network_are_refused(
    name: str, sound: Path, spoil: Callable[[dict[str, Any]], object], said: str
) -> None:
    directory = TASKS[name].directory(sound)
    weights = {each: array.copy() for each, array in directory.weights().items()}
    names = {each for each in weights if not each.startswith(directory.other_weights)}
    own = {each: weights.pop(each) for each in sorted(names)}
    spoil(own)
    directory.write_weights({**weights, **own})
    with pytest.raises(ModelFormatError, match=said) as caught:
        directory.graph()
    assert str(caught.value).startswith(str(sound / WEIGHTS))


@each_file
def test_a_sound_file_is_read(name: str, sound: Path, file: str) -> None:
    read(name, sound, file)


@pytest.mark.parametrize(("name", "file"), [pair for pair in DAMAGE if pair[1] != TRAINING_STATE])
def test_a_missing_file_is_refused(name: str, sound: Path, file: str) -> None:
    (sound / file).unlink()
    assert_refused(name, sound, file)


@each_file
@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100, b"\xff" * 1000, b"[" * 100_000, b"version https://git-lfs.github.com/spec/v1\n", b"not this"],
    ids=["empty", "zeros", "ones", "nested", "git-lfs", "text"],
)
def test_a_file_of_other_bytes_is_refused(name: str, sound: Path, file: str, data: bytes) -> None:
    (sound / file).write_bytes(data)
    assert_refused(name, sound, file)


@each_file
@pytest.mark.parametrize("part", [0.05, 0.5, 0.98])
def test_a_file_cut_short_is_refused(name: str, sound: Path, file: str, part: float) -> None:
    data = (sound / file).read_bytes()
    (sound / file).write_bytes(data[: int(len(data) * part)])
    assert_refused(name, sound, file)


@pytest.mark.parametrize(("name", "file"), [pair for pair in DAMAGE if pair[1] != TRAINING_STATE])
def test_a_command_says_a_damaged_file_in_one_line(
    name: str, sound: Path, file: str, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it needs none of it: what is damaged and not read does no harm."""
    (sound / file).write_bytes(b"not this")
    use = BUILDERS[name].uses[0]
    result = command(*filled(use.arguments, GOLDEN / next(iter(BUILDERS[name].golden))), "-m", sound, stdin=use.stdin)
    if result.code:
        assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
        assert Path(file).name in result.err or file == WEIGHTS


@each_task
def test_no_task_takes_the_directory_of_another(name: str, sound: Path) -> None:
    for other in TASKS.values():
        if other.name != name:
            with pytest.raises(CharnnError, match=f"this is a {name}, and a {other.name} is needed".replace("-", " ")):
                other.directory(sound).config()


@each_task
def test_files_on_disk_are_those_that_the_directory_knows(name: str, trained: Callable[[str], Runs]) -> None:
    path = trained(name).folder / "model"
    files = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    every = {CARD, CONFIG, WEIGHTS, HISTORY, ENDED, TRAINING_STATE}
    assert every < files <= every | TASKS[name].directory.files
    used_bytes, training_bytes = TASKS[name].directory(path).size_on_disk()
    assert training_bytes == (path / TRAINING_STATE).stat().st_size
    assert used_bytes + training_bytes == sum((path / file).stat().st_size for file in files)


@each_task
def test_a_model_is_replaced_by_the_first_save_and_not_before(runs: Runs, name: str, model: Path) -> None:
    before = (model / CONFIG).read_bytes()
    session = runs.start("model", overwrite=True)
    assert (model / CONFIG).read_bytes() == before
    runs.finish(session)
    assert (model / CONFIG).read_bytes() != before
    assert [path for path in runs.folder.iterdir() if path.name.startswith(".")] == []


@each_task
@pytest.mark.filterwarnings("ignore:the loss broke")
def test_a_run_that_learns_nothing_replaces_no_model(runs: Runs, name: str, model: Path) -> None:
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    session = runs.start("model", overwrite=True, steps=40, learning_rate=1e9, dropout=0.0)
    with pytest.raises(TrainingError, match=r"^the loss breaks at step \d+, again and again, and nothing"):
        runs.finish(session)
    assert {path: path.read_bytes() for path in model.rglob("*") if path.is_file()} == before
    assert [path for path in runs.folder.iterdir() if path.name.startswith(".")] == []


@each_task
def test_one_run_goes_on_in_a_directory_at_a_time(runs: Runs, name: str) -> None:
    session = runs.start("model")
    with pytest.raises(ModelBusyError, match="is training here"):
        runs.start("model")
    until(5, session)
    second = runs.go_on("model")
    with pytest.raises(ModelBusyError, match="is training here"):
        runs.go_on("model")
    runs.finish(second)
    runs.finish(runs.go_on("model", steps=STEPS + 1))


# What was written before, and what is written now.


@each_golden
def test_a_golden_model_loads_describes_itself_and_costs_what_it_did(
    name: str, golden: str, tmp_path: Path, command: Callable[..., Any]
) -> None:
    data, cost = BUILDERS[name].golden[golden]
    (tmp_path / "data").write_text(data)
    assert cost_of(name, GOLDEN / golden, "fp32", tmp_path / "data") == pytest.approx(cost, abs=1e-4)
    description = TASKS[name].describe(TASKS[name].directory(GOLDEN / golden))
    assert description.rows
    assert json.dumps(description.learned)
    assert f"task        {name}\n" in command("info", GOLDEN / golden).out
    assert used(GOLDEN / golden, BUILDERS[name].uses[0])


@each_golden
def test_a_golden_model_is_written_again_byte_for_byte(name: str, golden: str, tmp_path: Path) -> None:
    old, new = TASKS[name].directory(GOLDEN / golden), TASKS[name].directory(tmp_path)
    new.write_config(old.config())
    new.write_weights(old.weights())
    new.write_training_state(*old.training_state())
    arrays, _ = read_arrays(GOLDEN / golden / WEIGHTS)
    halves = {key: array.astype(np.float16) for key, array in arrays.items() if key in old.half_weights}
    write_arrays(tmp_path / "expected", {**arrays, **halves})  # a classifier's table was fp32 before
    assert (tmp_path / WEIGHTS).read_bytes() == (tmp_path / "expected").read_bytes()
    for file in (CONFIG, TRAINING_STATE):
        assert (tmp_path / file).read_bytes() == (GOLDEN / golden / file).read_bytes(), file
    for file, data in BUILDERS[name].rewritten(old).items():
        assert data == (GOLDEN / golden / file).read_bytes()


@each_task
def test_config_survives_its_file(trained: Callable[[str], Runs], name: str, tmp_path: Path) -> None:
    directory_class = TASKS[name].directory
    for model in ("model", "half"):
        directory = directory_class(trained(name).folder / model)
        config = directory.config()
        directory_class(tmp_path).write_config(config)
        assert (tmp_path / CONFIG).read_bytes() == (directory.path / CONFIG).read_bytes()
        assert directory.config_class.from_json(directory.document()) == config
        assert config.task == name


# Options.


def value_of(option: Option) -> Any:
    """One that the option may have."""
    kind = next((kind for kind in get_args(option.type) if kind is not type(None)), option.type)
    if get_origin(option.type) is None and option.type in (bool, str, int, float):
        kind = option.type
    if kind is bool:
        return True
    if get_origin(kind) is list:
        return ["some"]
    if kind in (int, float):
        return kind(max(option.minimum or 0, 1) if option.maximum is None else option.maximum)
    return kind if isinstance(kind, str) else (get_args(kind) or ("some",))[0]


def written(option: Option) -> list[str]:
    """The same on the command line."""
    value = value_of(option)
    flag = stem(option)
    return [flag] if value is True else [flag, value[0] if isinstance(value, list) else str(value)]


def stem(option: Option) -> str:
    """The option as messages name it: --segment for --segment/--no-segment."""
    return option.flag.partition("/")[0]


def foreign(name: str, options_for: Callable[[Task[Any]], type[Any]]) -> list[Option]:
    """The options that a task does not have, and another has."""
    every = {option.name: option for task in TASKS.values() for option in options_of(options_for(task))}
    own = {option.name for option in options_of(options_for(TASKS[name]))}
    return [option for key, option in every.items() if key not in own]


@each_task
def test_training_refuses_every_option_of_another_task_by_name(
    runs: Runs, name: str, command: Callable[..., Any]
) -> None:
    for option in foreign(name, lambda task: task.training_options):
        with pytest.raises(UsageError, match=f"{stem(option)} is for .*, and this is a {TASKS[name].title}"):
            charnn.train(runs.data, task=name, **{option.name: value_of(option)})
        refused = command("train", runs.data, "--task", name, *written(option))
        assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1), option.flag
        assert f"{stem(option)} is for " in refused.err


@each_task
def test_evaluation_refuses_every_option_of_another_task_by_name(name: str, command: Callable[..., Any]) -> None:
    path = GOLDEN / next(iter(BUILDERS[name].golden))
    for option in foreign(name, lambda task: task.evaluation_options):
        refused = command("eval", "-m", path, *written(option))
        assert (refused.code, refused.out) == (2, ""), option.flag
        assert f"{stem(option)} is for " in refused.err
        assert f"is a {TASKS[name].title}" in refused.err
        with pytest.raises(TypeError, match=option.name):
            TASKS[name].evaluation_options(**{option.name: value_of(option)})


def test_some_options_are_not_everyones() -> None:
    """Otherwise the two tests above would walk over nothing."""
    for name in TASKS:
        assert len(foreign(name, lambda task: task.training_options)) >= 5
        assert len(foreign(name, lambda task: task.evaluation_options)) >= 2


@each_task
def test_a_run_that_is_resumed_takes_no_option_but_a_budget(
    name: str, trained: Callable[[str], Runs], command: Callable[..., Any]
) -> None:
    path = trained(name).folder / "half"
    for option in options_of(TASKS[name].training_options):
        if option.name in (*BUDGET, "files_from"):  # the data may be named again
            continue
        with pytest.raises(UsageError, match=f"{stem(option)} cannot change"):
            charnn.train(resume=path, **{option.name: value_of(option)})
        refused = command("train", "--resume", path, *written(option))
        assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1), option.flag
        assert f"{stem(option)} cannot change" in refused.err


# The command line and Python.


def filled(arguments: tuple[str, ...], path: Path) -> list[str]:
    column = getattr(charnn.load(path), "columns", ("",))[0]
    return [argument.format(column=column) for argument in arguments]


USES = [
    pytest.param(name, use, id=f"{name} {' '.join(use.command)}")
    for name, builder in BUILDERS.items()
    for use in builder.uses
    if use.python is not None
]


@pytest.mark.parametrize(("name", "use"), USES)
def test_python_gives_what_the_command_writes(
    name: str, use: Use, trained: Callable[[str], Runs], command: Callable[..., Any]
) -> None:
    golden = [GOLDEN / one for one in BUILDERS[name].golden] if use.on_golden else []
    for path in (trained(name).folder / "model", *golden):
        done = command(*filled(use.command, path), "-m", path, stdin=use.stdin)
        assert done.code == 0, done.err
        assert used(path, use) == use.parse(done.out)


@each_task
def test_python_trains_what_the_command_does(
    runs: Runs, name: str, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs.folder)
    options = {**runs.builder.options, "steps": 5, "seed": 4}
    by_name = {option.name: option for option in options_of(TASKS[name].training_options)}
    line = [part for key, value in options.items() for part in (by_name[key].flag, str(value))]
    done = command("train", runs.data, "--task", name, *line, "--out", "command")
    assert (done.code, done.out) == (0, "command\n"), done.err
    learned = charnn.train(runs.data, task=name, out="python", **options)
    assert isinstance(learned, TASKS[name].model)
    assert_same_run(name, Path("command"), Path("python"))
    assert used(Path("python"), runs.builder.uses[0]) == used(Path("command"), runs.builder.uses[0])


@each_task
def test_python_goes_on_with_a_run_as_the_command_does(
    trained: Callable[[str], Runs], name: str, command: Callable[..., Any], tmp_path: Path
) -> None:
    for out in ("command", "python"):
        shutil.copytree(trained(name).folder / "half", tmp_path / out)
    assert command("train", "--resume", tmp_path / "command").code == 0
    charnn.train(resume=tmp_path / "python")
    assert_same_run(name, tmp_path / "command", tmp_path / "python")
    assert_same_run(name, tmp_path / "python", trained(name).folder / "whole")


# What is set for the whole process.


def settings() -> dict[str, object]:
    return {
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "products": torch.get_float32_matmul_precision(),
        "denormals": math.isclose(float(torch.tensor(1e-40) * 1), 0, abs_tol=0),
        "environment": dict(os.environ),
    }


@each_task
@pytest.mark.usefixtures("two_threads")
def test_training_and_loading_leave_torch_and_the_process_as_they_were(runs: Runs, name: str) -> None:
    before = settings()
    model = charnn.train(runs.data, task=name, out=runs.folder / "model", steps=2, **runs.builder.options)
    assert settings() == before
    runs.builder.uses[0].python(model)  # type: ignore[misc]
    model.close()
    assert used(runs.folder / "model", runs.builder.uses[0]) is not None
    assert settings() == before


@each_task
@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(
    ("allowed", "is_large", "used_threads"),
    [(None, False, 2), (None, True, 2), ((3,), False, 3), ((1, 3), False, 1), ((1, 3), True, 3)],
    ids=["torch's own", "torch's own for a large step", "the one", "the fewest for a small step", "the most"],
)
def test_training_has_as_many_threads_as_are_allowed_and_leaves_torch_as_it_was(
    runs: Runs, name: str, allowed: tuple[int, ...] | None, is_large: bool, used_threads: int
) -> None:
    seen: set[int] = set()

    class Looking(api.SilentObserver):
        def step(self, report: Report) -> None:
            seen.add(torch.get_num_threads())

    batch = {"batch": runs.builder.large_batch} if is_large else {}
    until(1, runs.start("model", allowed, **batch), Looking())  # the first step tells
    assert seen == {used_threads}
    assert torch.get_num_threads() == 2


@each_task
def test_a_session_leaves_the_allocator_alone(runs: Runs, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the command sets it, whose process ends with the run."""
    monkeypatch.setattr("charnn.training.hardware.ctypes", None)
    assert runs.start("model", steps=2).run(api.SilentObserver()) == "budget"


# A fresh Python that uses a model.


FRESH = """
import json, os, signal, sys, tempfile
paths, commands, unneeded = json.loads(sys.argv[1])
environment, handler = dict(os.environ), signal.getsignal(signal.SIGPIPE)
found = {}

def look(label):
    found[label] = [name for name in unneeded if name in sys.modules]

import charnn
models = [charnn.load(path) for path in paths]
found["cli"] = [name for name in sys.modules if name.split(".")[0] in ("typer", "click") or name[:10] == "charnn.cli"]
assert environment == dict(os.environ) and handler == signal.getsignal(signal.SIGPIPE)
look("load")

import charnn.cli.sample, charnn.cli.tag, charnn.cli.score, charnn.cli.evaluate, charnn.cli.info
from charnn.cli.main import run
look("import")
for arguments, stdin in commands:
    sys.stdin = tempfile.TemporaryFile("w+", encoding="utf-8")
    sys.stdin.write(stdin)
    sys.stdin.seek(0)
    label = " ".join(arguments)
    assert run(arguments) == 0, label
    look(label)
print("done", file=sys.stderr)
print(json.dumps(found), file=sys.stderr)
"""


@each_task
def test_a_fresh_python_that_uses_models_imports_nothing_that_trains(
    name: str, trained: Callable[[str], Runs], trained_members: Callable[[str], Path]
) -> None:
    """By every command of the task, and by those that all tasks have: a model of one network, and one of members."""
    builder = BUILDERS[name]
    assert {use.arguments[0] for use in builder.uses} == {*TASKS[name].commands}
    paths, commands = [trained(name).folder / "model"], []
    if "members" in names_of(TASKS[name].training_options):
        paths.append(trained_members(name))
    for path in paths:
        every = [["info", str(path)], ["info", str(path), "--json"], ["eval", "-m", str(path)]]
        every += [["eval", "-m", str(path), "--json", *arguments] for arguments in builder.evaluations]
        commands += [[one, ""] for one in every]
        commands += [[[*filled(use.command, path), "-m", str(path)], use.stdin] for use in builder.uses]
    commands.sort(key=lambda one: one[0][0] == "novelty")  # what that imports stays
    done = subprocess.run(
        [sys.executable, "-c", FRESH, json.dumps([[*map(str, paths)], commands, [*UNNEEDED, "pydivsufsort"]])],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stderr.splitlines()[-1])
    novelty = [label for label in found if label.startswith("novelty")]
    assert {label: modules for label, modules in found.items() if modules and label not in novelty} == {}
    assert all(modules == ["pydivsufsort"] for label in novelty for modules in [found[label]])
    assert len(found) == len(commands) + 3


def test_what_is_looked_for_is_what_training_imports() -> None:
    """Otherwise a module that was renamed would be looked for in vain."""
    import onnx

    assert {"torch", onnx.__name__, "charnn.network", "charnn.training"} <= set(sys.modules)
