"""`charnn eval`: how well a model does what it does, on data that it has not learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import options
from charnn.cli.options import given_options, with_options
from charnn.errors import ModelNotFoundError, UsageError
from charnn.tasks.options import LABELLED, MISTAKES, PAIRS, SERIES, TEXTS, TREEBANKS, options_from, union
from charnn.tasks.table import FALLBACK, TASKS

if TYPE_CHECKING:
    from charnn.checkpoint.directory import ModelDirectory

OTHER_MODEL = "name another model with --model"


@with_options(
    union([task.evaluation_options for task in TASKS.values()]),
    panels=(TEXTS, LABELLED, TREEBANKS, PAIRS, SERIES, MISTAKES),
)
def evaluate(
    invocation: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Score the model on these texts, treebanks, pairs or series, or on all in a folder; - is stdin, which "
            "is not read without it.",
            show_default="what was held out when the model was trained",
        ),
    ] = None,
    model: options.Model = None,
    task: Annotated[
        str | None,
        options.task(
            "Score a model of this kind, whatever FILE looks like.", "the options and by what FILE looks like"
        ),
    ] = None,
    encoding: options.Encoding = "utf-8",
    precision: options.Precision = "fp32",
    as_json: options.AsJson = False,
    **values: Any,
) -> None:
    """Score a model on data that it has not learned from.

    For a language model it gives the nats and bits that a character costs
    and the perplexity, which is lower for a better model: the number of
    characters between which the model is in doubt, on average. Every
    character is scored once. Figures are per character with every tokenizer.
    The ends of documents are scored apart.

    For a tagger it gives the accuracy of each column, also of words that the
    model has never seen; the precision, recall and F1 of each tag; and which
    tags are taken for which. The column feats is compared as the UD
    evaluation script compares it. Where tags mark named entities (B-PER,
    I-PER, O), it also gives the precision, recall and F1 of entities, by
    their exact words and types; that F1 is the figure to quote.

    For a classifier it gives the accuracy, macro and micro F1, the precision,
    recall and F1 of each label, which labels are taken for which, and the
    expected calibration error: how far probabilities are from how often
    they come true.

    For a transducer it gives the fraction of lines that are right as a whole,
    its complement, the word error rate, and the symbol error rate: the fewest
    changes of symbols that are needed, over the length of the targets. A
    source that FILE has with several targets may become any of them, and
    sources that training had are scored apart, too.

    For a forecaster it gives figures over rolling windows, each forecast from
    the rows before it: the mean absolute error, also over that of the
    seasonal naive forecast in training (MASE) and as a share of the values
    (sMAPE), the loss of the quantiles, and how many values were within the
    interval for 80%. The naive forecasts of the same windows stand beside it,
    and a sentence says whether it beats them. A FILE that goes on behind the
    rows that it learned, or has them too, is scored from the first new row.

    FILE that the model learned from, or was chosen by, is known by its hash,
    and a warning says so.

    charnn eval --context 256 --json | jq .bits_per_character
    charnn eval test.conllu --model english
    charnn eval newer.csv --horizon 4 --model series
    charnn eval test.conllu --errors | cut -f3 | sort | uniq -c | sort -rn
    """
    from charnn.checkpoint.locate import is_named
    from charnn.cli import console, unread
    from charnn.cli.notices import announce
    from charnn.corpora.folders import corpus_files
    from charnn.corpora.sources import files_read
    from charnn.evaluation.known_data import known_data
    from charnn.tasks import choosing

    every = corpus_files(files or [])
    wanted = given_options(invocation, values)
    directory = _model(model, every, wanted, encoding, task)
    chosen = choosing.task_of(directory)
    who = f"{directory.path} is a {chosen.title}"
    choosing.refuse_others(chosen, wanted, lambda one: one.evaluation_options, who, OTHER_MODEL)
    announce(directory, model)
    loaded = chosen.load(chosen.directory(directory.path), precision=precision, threads=options.processors())
    if not files:
        for name, value in given_options(invocation, {"encoding": encoding, **values}).items():
            if name in ("encoding", "on_error"):
                flag = f"--{name.replace('_', '-')} {value}"
                raise UsageError(f"{flag}: is for a FILE; what was held out is read as it was in training")
    told_by_content = task is None and not is_named(model)
    with files_read() as sources:
        evaluation = chosen.evaluate(
            loaded,
            (files or []) if chosen.reads_folders else every,
            options_from(chosen.evaluation_options, wanted),
            encoding=encoding,
            threads=options.processors(),
        )
        with choosing.naming_the_task(chosen if told_by_content else None):
            for finding in evaluation.run():
                if as_json:
                    console.write_json({**finding.to_json(), "model": str(directory.path)})
                else:
                    console.write(finding.to_line())
    if not files:
        unread.warn_of_unread_input("charnn eval -")
    known = known_data(loaded.config, sources, files or [])
    for sentence in known.sentences():
        console.warn(sentence)
    for notice in evaluation.notices():
        console.notice(notice)
    if evaluation.lists:
        return
    if as_json:
        console.write_json({**evaluation.to_json(), **known.to_json()})
    else:
        console.write(evaluation.report())


def _model(
    name: str | None, files: list[str], wanted: dict[str, Any], encoding: str, task_name: str | None
) -> ModelDirectory:
    """The model that is named, or without a name the default of the task that is named, or else of that which the
    options or FILE belong to.

    Where only FILE tells the task, and there is no model of that task, it is the default of any task: a treebank
    can be read as a text, too.
    """
    from charnn.checkpoint.locate import find_model, is_named
    from charnn.cli import console
    from charnn.tasks import choosing

    if task_name is not None:
        return find_model(name, choosing.task_named(task_name).name)
    left = choosing.tasks_with(wanted, lambda one: one.evaluation_options)
    if is_named(name):
        return find_model(name, None)
    if len(left) < len(TASKS):
        return find_model(None, left[0].name)
    if not files:
        return find_model(None, None)
    task = choosing.recognized(files[0], left, encoding=encoding)
    try:
        return find_model(None, task.name)
    except ModelNotFoundError:
        found = find_model(None, None)
        if task.name != FALLBACK:
            title = TASKS[FALLBACK].data_in_singular
            console.warn(
                f"{files[0]} looks like a {task.data_in_singular}, but there is no {task.title}: {found.path} "
                f"scores it as a {title}"
            )
        return found
