"""The tasks that charnn knows, each in a folder of its own.

To add one is a folder here, a line in TASKS, and a command file for what its models are used for.
"""

from __future__ import annotations

from typing import Any

from charnn.tasks.classifier.task import ClassifierTask
from charnn.tasks.forecaster.task import ForecasterTask
from charnn.tasks.language_model.task import LanguageModelTask
from charnn.tasks.tagger.task import TaggerTask
from charnn.tasks.task import Task
from charnn.tasks.transducer.task import TransducerTask

TASKS: dict[str, Task[Any]] = {
    task.name: task
    for task in (LanguageModelTask(), TaggerTask(), ClassifierTask(), TransducerTask(), ForecasterTask())
}
"""The only list of tasks there is."""

FALLBACK = LanguageModelTask.name
"""The task of data that no other task recognizes, since a language model can learn any text."""
