"""`charnn classify`: reads a stream of texts and writes their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn.cli import confidence, options
from charnn.errors import UsageError
from charnn.readable import instead_of

if TYPE_CHECKING:
    from charnn.tasks.classifier.use.model import Classifier


def classify(
    files: options.Files = None,
    model: options.Model = None,
    documents: Annotated[
        Literal["line", "paragraph", "file"] | None,
        typer.Option("--documents", help="Take each line, paragraph or file as one text.", show_default="line"),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="NAME",
            help="Take a text from this column of each row of a table with a header (CSV, or with tabs), or from this "
            "key of JSON lines: its name or its number. A text of several lines is written on one, with \\n in it.",
            show_default=False,
        ),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probs", help="Write every label with its probability, the most probable first.")
    ] = False,
    top: Annotated[
        int | None,
        typer.Option(
            "--nbest",
            "--top",
            metavar="K",
            min=1,
            help="Write the K most probable labels with their probabilities.",
            show_default=False,
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        confidence.min_confidence("Replace a label whose probability is below P with that of --unsure."),
    ] = None,
    unsure: Annotated[
        str | None,
        confidence.unsure("Write LABEL for the labels that --min-confidence replaces.", "LABEL"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="LABEL",
            help="Write only the texts that get this label, unchanged and without figures unless --json, --probs, "
            "--nbest or --why asks for them; with --text, the rows of these texts with their header. Repeatable.",
            show_default=False,
        ),
    ] = None,
    why: Annotated[
        bool,
        typer.Option(
            "--why",
            help="Say which parts of a text spoke for its label: each part is left out, and its weight is by how many "
            "nats the log-odds of the label fall. On a terminal that has colours the text is shaded; elsewhere a "
            "column has the strongest parts as start-end=weight.",
        ),
    ] = False,
    encoding: options.Encoding = "utf-8",
    on_error: options.OnError = "fail",
    precision: options.Precision = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Classify texts: write each with its label and how probable that is.

    Each line is read by itself and written with its label and the label's
    probability before it, with tabs between them. Lines keep their order; on
    a slow pipe each is written as soon as it is classified. A file that
    --documents file reads is written by its name.

    charnn classify < reviews.txt | cut -f1 | sort | uniq -c
    tail -f inbox.txt | charnn classify --only spam --min-confidence 0.9
    charnn classify --nbest 3 --json names.txt | jq .probabilities
    charnn classify --text message tickets.csv --only billing > billing.csv
    """
    from charnn.cli import classify_views, console, notices
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.classifier.use.model import Classifier
    from charnn.tasks.classifier.use.stream import InputUnit, classify_stream, items

    threshold = confidence.Threshold.of(min_confidence, unsure, "labels")
    if probabilities and top is not None:
        raise UsageError("--probs writes all labels, and --nbest K of them: give one of the two")
    several = "--probs" if probabilities else None if top is None else "--nbest"
    if threshold.least is not None and several is not None and not (as_json or only):
        raise UsageError(
            f"--min-confidence replaces the label of a text, and {several} writes labels with their probabilities",
            hint="give one of the two, or --json, which has both",
        )
    unit: InputUnit = "row" if column is not None else documents or "line"
    if column is not None and documents is not None:
        raise UsageError(f"--text takes a text from each row, and --documents each {documents}: give one of the two")
    loaded = Classifier.find(model, precision=precision, threads=options.processors())
    _check_labels(loaded, only, None if threshold.least is None else threshold.replacement)
    any_bytes = loaded.config.tokenizer.kind == "bytes"
    check_encoding(encoding, any_bytes)
    write = console.write if any_bytes or as_json else console.Output(encoding).write
    count = len(loaded.labels) if probabilities else top
    view: classify_views.View
    if as_json:
        view = classify_views.ObjectsView(loaded, threshold, count, why=why)
    elif only and not (why or count):
        view = classify_views.UnchangedView()
    else:
        shaded = why and console.stdout_is_terminal() and console.has_styles()
        view = classify_views.TableView(loaded, threshold, count, why=why and not shaded, shaded=shaded, unit=unit)
    options.announce_terminal(files)
    notices.announce(loaded.directory, model)
    read = items(files or ["-"], unit, encoding=encoding, any_bytes=any_bytes, on_error=on_error, column=column or "")
    with loaded:
        for chunk, p_NK in classify_stream(read, loaded.text_classifier):
            if only:
                chunk, p_NK = classify_views.with_labels(only, chunk, p_NK, loaded, threshold)
            if text := view.text(chunk, p_NK):
                write(text)


def _check_labels(model: Classifier, only: list[str] | None, unsure: str | None) -> None:
    for label in only or []:
        if label not in model.labels and label != unsure:
            hint = instead_of(label, model.labels, "its labels are")
            raise UsageError(f"--only {label}: the model has no such label", hint=hint)
