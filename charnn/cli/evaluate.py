"""`charnn eval`: how well a model predicts a text, or the tags of a treebank."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from charnn.cli import given, options
from charnn.corpora.documents import DocumentUnit
from charnn.errors import ModelNotFoundError, UsageError
from charnn.tasks.tagger.config import TreebankFormat

if TYPE_CHECKING:
    from charnn.checkpoint.directory import ModelDirectory

OF_TEXTS = ("crop", "documents")
"""Parameters that mean something for a language model only."""
OF_TREEBANKS = ("columns", "format", "tags", "confusion", "errors")
"""And for a tagger only."""
texts_option, treebanks_option = (partial(typer.Option, rich_help_panel=panel) for panel in ("Texts", "Treebanks"))


def evaluate(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="A text or treebank, - for stdin. Default: what was held out when the model was trained.",
        ),
    ] = None,
    model: options.Model = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of FILE.")] = "utf-8",
    precision: Annotated[options.InferencePrecision, typer.Option("--precision", help="Of inference.")] = "fp32",
    as_json: options.AsJson = False,
    crop: Annotated[
        str,
        texts_option(
            "--context",
            metavar="carried|N",
            help="carried: read from beginning to end. N: independent crops of N characters, as nanoGPT scores.",
        ),
    ] = "carried",
    documents: Annotated[
        DocumentUnit | None,
        texts_option("--documents", help="What one document of FILE is. Default: as in training.", show_default=False),
    ] = None,
    columns: Annotated[
        str | None,
        treebanks_option(
            "--columns",
            metavar="upos,xpos",
            help="Score these. In columns and word_TAG they are the names of FILE's tags, in order; _ passes one over. "
            "Default: all that the model tags.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        TreebankFormat | None,
        treebanks_option(
            "--format",
            metavar="FORMAT",
            help="conllu, columns, slashed or aligned. Default: told by content.",
            show_default=False,
        ),
    ] = None,
    tags: Annotated[
        list[str] | None,
        treebanks_option(
            "--tags", metavar="FILE", help="Beside FILE: the same lines, with the tag of each character in its place."
        ),
    ] = None,
    confusion: Annotated[
        str | None,
        treebanks_option(
            "--confusion",
            metavar="FILE.png",
            help="Draw the confusion matrix of the first column; with {column} in the name, one of each.",
        ),
    ] = None,
    errors: Annotated[
        bool, treebanks_option("--errors", help="List the mistaken words in their sentences instead.")
    ] = False,
) -> None:
    """Score a text, or the tags of a treebank.

    A language model: nats and bits per character, perplexity, counts.
    Every character is scored once, and figures are per character, whatever
    the tokenizer; perplexity too. Stop tokens are scored apart.

    A tagger: accuracy of each column, words that it has never seen apart;
    precision, recall and F1 of each tag; which tags are taken for which.
    feats are compared as the UD evaluation script compares them.

    charnn eval --context 256 --json | jq .bits_per_character
    charnn eval test.conllu --model english
    charnn eval test.conllu --errors | cut -f3 | sort | uniq -c | sort -rn
    """
    from charnn.tasks import directory_of
    from charnn.tasks.tagger.directory import TaggerDirectory

    directory = directory_of(_model(context, model, files or [], encoding))
    if not isinstance(directory, TaggerDirectory):
        _refuse(context, OF_TREEBANKS, f"is for treebanks, and {directory.path} is a language model")
        from charnn.cli import evaluate_text

        evaluate_text.evaluate(
            directory,
            files or [],
            context=crop,
            unit=documents,
            encoding=encoding,
            precision=precision,
            as_json=as_json,
        )
    else:
        _refuse(context, OF_TEXTS, f"is for texts, and {directory.path} is a tagger")
        from charnn.cli import evaluate_tags

        evaluate_tags.evaluate(
            directory,
            files or [],
            columns=columns,
            format=format,
            tag_paths=tags or [],
            encoding=encoding,
            precision=precision,
            confusion=confusion,
            errors=errors,
            as_json=as_json,
        )


def _model(context: typer.Context, name: str | None, files: list[str], encoding: str) -> ModelDirectory:
    """The named one, whatever its task; without a name the newest of the task that the options or FILE belong to.

    Where FILE alone tells the task and there is no model of it, the newest of any: a treebank is a text, too.
    """
    from charnn.checkpoint.locate import find_model, is_named
    from charnn.cli import console
    from charnn.corpora.sources import beginning
    from charnn.tasks.tagger.formats.recognition import recognize

    of_texts, of_treebanks = (_given(context, names) for names in (OF_TEXTS, OF_TREEBANKS))
    if of_texts and of_treebanks:
        raise UsageError(f"{of_texts[0]} is for texts and {of_treebanks[0]} for treebanks: give one of them")
    if is_named(name):
        return find_model(name, None)
    if of_texts or of_treebanks:
        return find_model(None, "tagger" if of_treebanks else "language-model")
    if not files:
        return find_model(None, None)
    task: str = "language-model" if recognize(beginning(files[0], encoding=encoding)) == "lines" else "tagger"
    try:
        return find_model(None, task)
    except ModelNotFoundError:
        found = find_model(None, None)
        if task == "tagger":
            console.warn(f"{files[0]} looks like a treebank, but there is no tagger: {found.path} scores it as a text")
        return found


def _given(context: typer.Context, names: tuple[str, ...]) -> list[str]:
    """Those of the options that are on the command line, as they are written there."""
    return [p.opts[0] for p in context.command.params if p.name in names and given.is_given(context, p.name)]


def _refuse(context: typer.Context, names: tuple[str, ...], why: str) -> None:
    for option in _given(context, names):
        raise UsageError(f"{option} {why}", hint="name another model with --model")
