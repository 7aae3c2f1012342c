"""charnn learns from a person's own sequences, on their own machine: it writes text, tags sequences, labels texts,
turns lines into others and forecasts series.

    import charnn

    charnn.train("corpus.txt", time="3m", out="checkpoints/corpus")     # needs PyTorch: pip install 'charnn[train]'
    model = charnn.load("checkpoints/corpus")                           # does not
    for piece in model.sample("The Fox", temperature=0.8, seed=1):
        print(piece, end="")

`train` learns files and `load` reads what was learned; both give a `LanguageModel`, a `Tagger`, a `Classifier`, a
`Transducer` or a `Forecaster`, whose methods are what the commands do. A `Memory` puts garbled lines back, and takes no
training. Whatever is wrong is raised as a `CharnnError`, whose branches are in `charnn.errors`, and what may not be
meant is warned of as a `CharnnWarning`.
"""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from charnn.version import __version__

if TYPE_CHECKING:
    from charnn.config.model import InferencePrecision
    from charnn.errors import CharnnError, CharnnWarning
    from charnn.memory.memory import Memory
    from charnn.tasks.classifier.use.model import Classifier
    from charnn.tasks.forecaster.use.model import Forecaster
    from charnn.tasks.language_model.use.model import LanguageModel
    from charnn.tasks.tagger.use.model import Tagger
    from charnn.tasks.transducer.use.model import Transducer

__all__ = [
    "CharnnError",
    "CharnnWarning",
    "Classifier",
    "Forecaster",
    "LanguageModel",
    "Memory",
    "Tagger",
    "Transducer",
    "__version__",
    "load",
    "train",
]

_PLACES = {
    "CharnnError": "charnn.errors",
    "CharnnWarning": "charnn.errors",
    "Classifier": "charnn.tasks.classifier.use.model",
    "Forecaster": "charnn.tasks.forecaster.use.model",
    "LanguageModel": "charnn.tasks.language_model.use.model",
    "Memory": "charnn.memory.memory",
    "Tagger": "charnn.tasks.tagger.use.model",
    "Transducer": "charnn.tasks.transducer.use.model",
}


def __getattr__(name: str) -> Any:
    """A class, imported once it is asked for: most need numpy, and `import charnn` is to cost nothing."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})


def load(
    path: str | PathLike[str], *, precision: InferencePrecision | None = None, threads: int = 1, adapt: bool = False
) -> Any:
    """The model at `path`, a directory that training wrote or its name under ./checkpoints/.

    What comes has the methods of its task: a `LanguageModel` samples and scores, a `Tagger` tags, a `Classifier`
    classifies, a `Transducer` transduces, a `Forecaster` forecasts. Where the task is known, the class's own `load`
    does the same with a type that an editor can complete: `charnn.Tagger.load(path)`.

    `precision` is fp32, int8 or auto, which is int8 where the model's own measurement found it worth it; None leaves it
    to each method, as the commands do. `threads` is how many threads a call may use. A model may be given to other
    processes, which read its directory again, and ends its threads where it is closed, as `with charnn.load(path) as
    model:` does.

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

        charnn.train("treebank.conllu", columns="upos,feats", time="5m", out="checkpoints/treebank")
        charnn.train("reviews.tsv", task="classifier", valid="more.tsv")
        charnn.train(resume="checkpoints/treebank", time="10m")

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
