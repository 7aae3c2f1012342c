"""`charnn cache`: shows what is kept to be made only once, and clears it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn.cli import console, options
from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.cache import CacheEntry


def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all of it, or what --kind says, and say how much that was.")
    ] = False,
    kind: Annotated[
        Literal["graphs", "ids", "texts"] | None,
        typer.Option(
            "--kind", help="List or remove only the graphs of models, the ids of texts, or the facts about texts."
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """List what is kept to be made only once: graphs of models, ids of long texts.

    All of it can be made again, so it may be removed at any time; a program
    that is running goes on. It is in charnn's folder of the user's caches,
    or where $CHARNN_CACHE says; where that is empty, nothing is kept. It has
    10 GB at most, or as much as $CHARNN_CACHE_SIZE says, such as 500M or
    20G. What was not used for longest goes first.

    charnn cache
    charnn cache --clear --kind ids
    charnn cache --json | jq -s 'map(.bytes) | add'
    """
    from charnn import cache as kept
    from charnn.readable import aligned, counted, size

    folder, limit = kept.folder(), kept.limit()
    if folder is None:
        raise UsageError(f"nothing is kept: {kept.VARIABLE} is empty, or there is no home", hint="name a folder in it")
    entries = kept.clear([kind] if kind else []) if clear else [e for e in kept.entries() if kind in (None, e.kind)]
    total = size(sum(entry.size for entry in entries))
    if as_json:
        for entry in entries:
            console.write_json({**_record(entry), "removed": clear})
    elif not clear and entries:
        rows = [["kind", "size", "used", "file"]]
        rows += [[one.kind, size(one.size), _used(one).strftime("%Y-%m-%d %H:%M"), one.path.name] for one in entries]
        console.write("".join(f"{line.rstrip()}\n" for line in aligned(rows, left=True)))
    if clear:
        console.notice(f"removed {counted(len(entries), 'file')} from {folder}, {total}")
    else:
        console.notice(f"{counted(len(entries), 'file')} in {folder}, {total}; the limit is {size(limit)}")


def _used(entry: CacheEntry) -> datetime:
    return datetime.fromtimestamp(entry.used, UTC).astimezone()


def _record(entry: CacheEntry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "path": str(entry.path),
        "bytes": entry.size,
        "used": datetime.fromtimestamp(entry.used, UTC).isoformat(),
    }
