"""What `charnn plot` draws: from models to the numbers of a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np

from charnn.checkpoint.directory import ModelDirectory
from charnn.corpora.progress import tell
from charnn.errors import ModelError, UsageError
from charnn.plots.forecast import DrawnForecast
from charnn.plots.network import MOST_SYMBOLS as MOST_SYMBOLS
from charnn.plots.network import Embeddings, UnitStrip
from charnn.plots.samples import TemperatureResult
from charnn.plots.training import GradientReach, LearningCurve
from charnn.readable import instead_of
from charnn.tasks import choosing
from charnn.tasks.options import options_from

By = Literal["time", "steps", "epochs"]
X_AXES: dict[By, tuple[str, str]] = {
    "time": ("seconds", "seconds of training"),
    "steps": ("step", "steps of training"),
    "epochs": ("epoch", "times through the data"),
}
"""For each choice the key in history.jsonl, and what the axis is called."""


SAMPLE_LENGTH = 1000
"""The most characters of one sample."""


def learning_curves(models: Sequence[ModelDirectory], by: By) -> tuple[list[LearningCurve], str]:
    """The learning curve of each model, and the unit of their figures.

    Raises UsageError for models of different tasks, and ModelError for one without a validation in its history.
    """
    tasks = {choosing.task_of(model).name for model in models}
    if len(tasks) > 1:
        raise UsageError(
            f"{' and '.join(str(model.path) for model in models)}: models of different tasks have no common figure",
            hint="name models of one task",
        )
    measure = choosing.task_of(models[0]).measure
    return [_learning_curve(model, by) for model in models], measure.unit


def _learning_curve(model: ModelDirectory, by: By) -> LearningCurve:
    task, key = choosing.task_of(model), X_AXES[by][0]
    measure, directory, history = task.measure, cast(Any, task.directory(model.path)), model.history()
    try:
        rows = [(entry[key], measure.of(entry), entry["training_nats"]) for entry in history]
        x_N, held_out_N, training_N = np.array(rows, np.float64).reshape(-1, 3).T
        # Early versions did not note it, and where it was not finite it is null.
        norm_N = np.array([entry.get("gradient_norm") for entry in history], np.float64)
    except (KeyError, TypeError, ValueError):
        raise ModelError(f"{model.path / 'history.jsonl'}: not the history of a run") from None
    known_N = norm_N if np.isfinite(norm_N).any() else None
    if not np.isfinite(held_out_N).any():
        raise ModelError(f"{model.path}: no validation in its history, so there is nothing to draw")
    scores = directory.config().scores
    kept = next((number for number, entry in enumerate(history) if scores and entry["step"] == scores.step), None)
    return LearningCurve(model.path.name, x_N, held_out_N, training_N if measure.has_training else None, known_N, kept)


def gradient_reaches(
    models: Sequence[ModelDirectory], text: str | None, *, steps: int, seed: int, fresh: bool
) -> list[GradientReach]:
    """How far back the gradient reaches in each model, and with `fresh` in the same network before it was trained."""
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.learn.gradients import gradient_norms

    reaches = []
    for model in models:
        directory = LanguageModelDirectory(model.path)
        name, cell = model.path.name, directory.config().network.cell
        name = name if cell in name else f"{name} ({cell})"
        for is_fresh in (False, True) if fresh else (False,):
            norms_K = gradient_norms(directory, text, steps=steps, seed=seed, fresh=is_fresh)
            reaches.append(GradientReach(name, norms_K, is_fresh))
    return reaches


def embeddings(model: ModelDirectory) -> Embeddings:
    """The vectors of a model's symbols: those of characters, bytes or pieces that it reads. A symbol's vectors in
    several members are one longer vector, so that symbols are near which are near in all of them.

    Raises UsageError for a model of a task that has no such table.
    """
    task = choosing.task_of(model)
    directory: Any = task.directory(model.path)
    weights = model.weights()
    tables = [weights[name] for name in sorted(weights) if re.fullmatch(r"(members\.\d+\.)?embedding\.weight", name)]
    if not hasattr(directory, "tokenizer") or not tables:
        raise UsageError(f"{model.path}: a {task.title} has no one table of symbols", hint="name a language model")
    tokenizer = directory.tokenizer()
    known = [(number, tokenizer.decode([number])) for number in range(1, min(tokenizer.size, MOST_SYMBOLS + 1))]
    shown = [(number, symbol) for number, symbol in known if symbol and symbol != "\ufffd"]
    rows = [number for number, _ in shown]
    return Embeddings([symbol for _, symbol in shown], np.concatenate(tables, 1)[rows].astype(np.float64))


def at_temperatures(
    model: ModelDirectory, temperatures: Sequence[float], *, characters: int, at_least: int, seed: int
) -> list[TemperatureResult]:
    """What samples of a language model are like at each temperature; `characters` are those of all samples of one."""
    samples = _samples(model, seed)
    number = max(characters // SAMPLE_LENGTH, 1)
    found = []
    for place, one in enumerate(sorted(temperatures)):
        tell(f"sampling at temperature {one:g}", place, len(temperatures))
        sampled = samples.at(one, characters=min(SAMPLE_LENGTH, characters), number=number, at_least=at_least)
        found.append(TemperatureResult(one, *sampled))
    return found


def lengths(model: ModelDirectory, *, temperature: float, number: int, seed: int) -> tuple[str, list[int], list[int]]:
    """What `Samples.lengths` gives of a language model."""
    unit, real, written = _samples(model, seed).lengths(temperature, number)
    if not real or not written:
        raise ModelError(f"{model.path}: it wrote or learned no {unit}, so there is nothing to draw")
    return unit, real, written


def neurons(model: ModelDirectory, text: str, units: Sequence[str], count: int) -> tuple[list[UnitStrip], str]:
    """A strip for each unit along the text, and a title: the named units, or else those that follow something best."""
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.use.model import LanguageModel
    from charnn.tasks.language_model.use.neurons import activations, followers, parse_units

    found = activations(LanguageModel(LanguageModelDirectory(model.path)), text)
    every = followers(found)
    if units:
        chosen = parse_units(units)
        strips = [UnitStrip(_followed(unit, every), found.of(unit)) for unit in chosen]
        return strips, f"{model.path.name}: {len(chosen)} of its {len(found.units)} hidden units along a text"
    if not every:
        raise UsageError("the text has nothing that varies and that units could follow", hint="name some with --units")
    best = every[:count]
    strips = [
        UnitStrip(f"unit {one.unit} follows {one.trait} (r = {one.correlation:+.2f})", found.of(one.unit))
        for one in best
    ]
    return strips, f"{model.path.name}: unit {best[0].unit} of {len(found.units)} follows {best[0].trait}"


def forecast(
    model: ModelDirectory, file: str | None, *, horizon: int | None, column: str | None, ahead: bool
) -> DrawnForecast:
    """The forecast of the last rows of a series, which are hidden from the model, or of what follows them (`ahead`).

    The series is the one that was learned, with what was held out, where there is no file.
    """
    from charnn.tasks.forecaster.directory import ForecasterDirectory
    from charnn.tasks.forecaster.use.model import Forecaster
    from charnn.tasks.forecaster.use.sections import drawn, learned_series

    loaded = Forecaster(ForecasterDirectory(model.path))
    if column is not None and column not in loaded.columns:
        raise UsageError(
            f"--column {column}: no such column", hint=instead_of(column, loaded.columns, "its columns are")
        )
    place = 0 if column is None else loaded.columns.index(column)
    series = loaded.read_on(file) if file is not None else learned_series(loaded, ahead=ahead)
    return drawn(loaded, series, place, horizon=horizon, ahead=ahead)


def confidences(model: ModelDirectory, files: Sequence[str]) -> tuple[Any, Any]:
    """How sure a classifier was of its labels (N,), and which were right, on files or on what was held out."""
    sure, right = _evaluated(model, files, {}).confidences
    return np.array(sure), np.array(right, np.bool_)


def write_confusion(model: ModelDirectory, files: Sequence[str], path: str) -> tuple[Sequence[str], list[str]]:
    """Writes the confusion matrix of a model on files, or on what was held out, as `charnn eval --confusion` does.

    What comes are the paths of the pictures, and lines to be shown beside them."""
    if "confusion" not in choosing.names_of(choosing.task_of(model).evaluation_options):
        raise UsageError(
            f"{model.path}: a {choosing.task_of(model).title} takes nothing for anything else",
            hint="name a tagger, a classifier or a transducer with --model",
        )
    evaluation = _evaluated(model, files, {"confusion": path})
    return evaluation.drawn or [path], list(evaluation.notices())


def _evaluated(model: ModelDirectory, files: Sequence[str], wanted: dict[str, Any]) -> Any:
    """The evaluation of a model, once all data have been read."""
    from charnn.corpora.folders import corpus_files

    task = choosing.task_of(model)
    every = list(files) if task.reads_folders else corpus_files(files)
    options = options_from(task.evaluation_options, wanted)
    loaded = task.load(task.directory(model.path), precision="fp32")
    evaluation = task.evaluate(loaded, every, options, encoding="utf-8", threads=1)
    for _ in evaluation.run():
        pass
    return evaluation


def _followed(unit: Any, every: Sequence[Any]) -> str:
    said = [f"follows {one.trait} (r = {one.correlation:+.2f})" for one in every if one.unit == unit]
    return f"unit {unit}" + (f" {said[0]}" if said else "")


def _samples(model: ModelDirectory, seed: int) -> Any:
    from charnn.tasks.language_model.directory import LanguageModelDirectory
    from charnn.tasks.language_model.use.model import LanguageModel
    from charnn.tasks.language_model.use.samples import Samples

    return Samples(LanguageModel(LanguageModelDirectory(model.path), precision="auto"), seed=seed)


def as_json(value: Any) -> Any:
    """Numbers of a picture as JSON has them: rounded to six significant digits, and null for what is not finite."""
    if isinstance(value, np.ndarray | list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
