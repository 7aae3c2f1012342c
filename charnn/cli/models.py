"""`charnn models`: lists models, says which is the default, and renames, removes, exports and imports them."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charnn.cli import console, options
from charnn.cli.everywhere import everywhere
from charnn.errors import ModelNotFoundError, OutputError, UsageError
from charnn.readable import file_name

if TYPE_CHECKING:
    from charnn.models.catalog import CatalogEntry

LONGEST_CORPUS = 40
"""So many columns of a terminal show what a model learned from."""
STDIN = "-"

app = typer.Typer(name="models", invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|PATH",
        help="This is the model: a name under checkpoints/, or a model directory.",
        show_default=False,
        autocompletion=options.complete_model,
    ),
]


@app.callback()
@everywhere
def models(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option("--in", metavar="DIR", help="List the models in this folder.", show_default="checkpoints"),
    ] = None,
    default: Annotated[
        str | None,
        typer.Option(
            "--default",
            metavar="NAME",
            help="Take this model, from now on, where one of its task is needed and none is named.",
            show_default=False,
            autocompletion=options.complete_model,
        ),
    ] = None,
    newest: Annotated[
        bool,
        typer.Option(
            "--newest", help="Forget what --default said: the model whose training ended last is taken again."
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """List the models under checkpoints/: task, size, score, corpus, when training ended, which is the default.

    The default is what `sample`, `tag` and the others use where no model is
    named: for each task it is the model whose training ended last, or the
    one that --default fixed. A run that has not finished is none.

    charnn models
    charnn models --default poems
    charnn models --json | jq -r 'select(.default) | .model'
    charnn models rename corpus poems
    charnn models export poems -o poems.zip && charnn models import poems.zip --as poems-2
    """
    from charnn.checkpoint.locate import ROOT, find_model, write_defaults
    from charnn.models.catalog import catalog, make_default

    root = folder or ROOT
    if context.invoked_subcommand is not None:
        if default is not None or newest or as_json or folder is not None:
            raise UsageError(f"models {context.invoked_subcommand}: takes none of the options of `charnn models`")
        return
    if default is not None and newest:
        raise UsageError(f"--default {default} fixes a model, and --newest none: give one of the two")
    if newest:
        write_defaults(root, {})
        console.notice("the default of each task is the model whose training ended last")
        return
    if default is not None:
        inside = root / default
        model = find_model(str(inside) if (inside / "config.json").is_file() else default, None)
        title = make_default(model, root)
        console.notice(f"{model.path} is the default {title}")
        return
    entries = list(catalog(root))
    if as_json:
        for entry in entries:
            console.write_json(entry.to_json())
        return
    if not entries:
        raise ModelNotFoundError(f"no model under {root}/", hint="`charnn train CORPUS` makes one")
    console.write("".join(f"{line}\n" for line in _table(entries)))


@app.command("rename")
@everywhere
def rename(
    name: Name, new: Annotated[str, typer.Argument(metavar="NEW", help="Give it this name.", show_default=False)]
) -> None:
    """Rename a model. If it was fixed as the default, it stays that."""
    from charnn.models import catalog

    console.write(f"{catalog.rename(name, new)}\n")


@app.command("remove")
@everywhere
def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|PATH...",
            help="Remove these models: names under checkpoints/, or model directories.",
            show_default=False,
            autocompletion=options.complete_model,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, on a terminal either.")] = False,
) -> None:
    """Remove models for ever. On a terminal it asks first.

    A directory that has other things in it than a model is left alone.
    """
    from charnn.checkpoint.locate import named_model
    from charnn.models import catalog
    from charnn.readable import size

    found = [named_model(name) for name in dict.fromkeys(names)]
    asks = not yes and sys.stdin is not None and sys.stdin.isatty() and console.is_terminal()
    for model in found:
        if asks:
            question = f"remove {model.path}, {size(sum(model.size_on_disk()))}, for ever? [y/N] "
            print(console.for_terminal(question), end="", file=sys.stderr)
            sys.stderr.flush()
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                console.notice(f"{model.path} stays")
                continue
        catalog.remove(model)
        console.notice(f"removed {model.path}")


@app.command("export")
@everywhere
def export(
    name: Name,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.zip|FOLDER",
            help="Write this file, - is stdout; or, with --onnx, into this folder.",
            show_default=False,
        ),
    ],
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Write the network as ONNX graphs, which run without charnn.")
    ] = False,
    training: Annotated[
        bool, typer.Option("--training", help="Pack also what `charnn train --resume` needs, which is the larger part.")
    ] = False,
) -> None:
    """Pack a model into one zip file, which `charnn models import` unpacks anywhere.

    What the model learned from is not in it, but the paths of those files
    are. It is as good as the model itself to whoever gets it.
    """
    from charnn.checkpoint.files import write_output
    from charnn.checkpoint.locate import find_model
    from charnn.models import catalog

    if onnx:
        if training or out == STDIN:
            raise UsageError("--onnx writes graphs into a folder, without what training needs", hint="give -o FOLDER")
        console.write("".join(f"{path}\n" for path in catalog.export_graphs(find_model(name, None), Path(out))))
        return
    packed = io.BytesIO()
    catalog.export(find_model(name, None), packed, training=training)
    if out == STDIN:
        console.write_bytes(packed.getvalue())
        return
    try:
        write_output(Path(out), packed.getvalue())
    except OSError as error:
        raise OutputError(f"{out}: {(error.strerror or str(error)).lower()}") from None
    console.write(f"{out}\n")


@app.command("import")
@everywhere
def take_in(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE.zip",
            help="Unpack this file, which `charnn models export` made; - is stdin.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Give it this name.", show_default="the one it had")
    ] = None,
) -> None:
    """Take in a model from a zip file, and put it under checkpoints/.

    The file may come from anybody: nothing in it is ever run, only files of
    a model are unpacked, and one that is not sound is refused.
    """
    from charnn.checkpoint.archive import seekable
    from charnn.checkpoint.locate import ROOT
    from charnn.errors import ModelError
    from charnn.models import catalog

    shown = file_name(file)
    try:
        given = nullcontext(sys.stdin.buffer) if file == STDIN else open(file, "rb")  # noqa: SIM115
        with given as bytes_given, seekable(bytes_given, shown) as packed:
            path = catalog.take_in(packed, shown, ROOT, name)
    except OSError as error:
        raise ModelError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    console.write(f"{path}\n")


def _table(entries: list[CatalogEntry]) -> list[str]:
    from charnn.readable import aligned, escaped, size

    rows = [["", "name", "task", "size", "score", "corpus", "ended"]]
    for entry in entries:
        ended = _when(entry.ended) if not entry.status else "unfinished" if entry.config else "damaged"
        rows.append(
            [
                "*" * entry.is_default,
                escaped(entry.path.name),
                entry.task,
                size(entry.bytes),
                entry.score,
                _corpus(entry),
                ended,
            ]
        )
    lines = aligned(rows, left=True)
    if any(entry.is_default for entry in entries):
        lines.append("* is taken where none is named")
    return [line.rstrip() for line in lines]


def _when(ended: datetime) -> str:
    return ended.astimezone().strftime("%Y-%m-%d %H:%M")


def _corpus(entry: CatalogEntry) -> str:
    from charnn.readable import escaped

    if not (paths := entry.corpus):
        return "-"
    more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
    name = escaped(Path(paths[0]).name) if paths[0] != STDIN else "stdin"
    longest = LONGEST_CORPUS - len(more)
    return (name if len(name) <= longest else name[: longest - 1] + "…") + more
