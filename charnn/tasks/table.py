"""The table of the tasks. Whoever imports it imports the configuration and the options of every task, which takes a
tenth of a second: a command that serves one task does without.
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
