"""charnn learns from a person's own sequences, on their own machine: it writes text, tags sequences, labels texts,
turns lines into others and forecasts series.

    import charnn
    charnn.train("corpus.txt", time="3m", out="checkpoints/corpus")     # needs PyTorch: pip install 'charnn[train]'
    model = charnn.load("checkpoints/corpus")                           # does not
    for piece in model.sample("The Fox", temperature=0.8, seed=1):
        print(piece, end="")
    charnn.Memory(["Leeds", "York"]).recall(["Yrok"])[0].line           # a Hopfield network; it takes no training

Whatever is wrong is raised as one of the errors in `charnn.errors`.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from charnn.version import __version__

if TYPE_CHECKING:
    from charnn.config.model import InferencePrecision
    from charnn.memory.memory import Memory

__all__ = ["Memory", "__version__", "load", "train"]


def __getattr__(name: str) -> Any:
    """`Memory`, once it is asked for: it needs numpy."""
    if name == "Memory":
        from charnn.memory.memory import Memory

        return Memory
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(
    path: str | PathLike[str], *, precision: InferencePrecision | None = None, threads: int = 1, adapt: bool = False
) -> Any:
    """The model at `path`, a directory that training wrote or its name under ./checkpoints/.

    What comes has the methods of its task: a `LanguageModel` (charnn.tasks.language_model.use.model) samples and
    scores, a `Tagger` (charnn.tasks.tagger.use.model) tags, a `Classifier` (charnn.tasks.classifier.use.model)
    classifies, a `Transducer` (charnn.tasks.transducer.use.model) transduces, a `Forecaster`
    (charnn.tasks.forecaster.use.model) forecasts; their own `load` is the same for one task, with its type. `precision`
    is fp32, int8 or auto, which is int8 where the model's own measurement found it worth it; None leaves it to each
    method, as the commands do. `threads` is how many threads a call may use.

    PyTorch is never imported, unless with `adapt`: a language model then learns from each line that its `score` has
    given, and the model on the disk stays as it is.

    Raises ModelNotFoundError where there is no model, ModelError where it is damaged.
    """
    from charnn import api
    from charnn.extras import missing_packages_explained

    with missing_packages_explained():
        return api.load(path, precision=precision, threads=threads, adapt=adapt)


def train(
    *corpus: str | PathLike[str],
    task: str | None = None,
    out: str | PathLike[str] | None = None,
    overwrite: bool = False,
    resume: str | PathLike[str] | None = None,
    **options: Any,
) -> Any:
    """Learns the files at `corpus`, and gives the model as `load` does. It needs PyTorch.

    The options are those of `charnn train`, written with underscores: time="3m", documents="line", hidden=256; which
    task learns is told by them and by the data, unless `task` names it. The directory is `out`, or as the command
    chooses it. With `folds` it is cross-validated first, and folds.json in the directory says what that found.
    With `resume`, a model directory, that run goes on. Threads are used as PyTorch is set to.

    Raises UsageError for options that are not of the task or contradict each other, CorpusError for data that cannot
    be read, TrainingError where training cannot go on, and MissingPackageError where PyTorch is not installed.
    """
    from charnn import api
    from charnn.experiments import cross_validation
    from charnn.extras import missing_packages_explained

    with missing_packages_explained():
        if resume is None and options.get("folds") is not None:
            return cross_validation.train(corpus, task=task, out=out, overwrite=overwrite, options=options)
        return api.train(corpus, task=task, out=out, overwrite=overwrite, resume=resume, options=options)
