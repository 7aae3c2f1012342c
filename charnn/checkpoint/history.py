"""Reads and writes history.jsonl, which has a JSON object for each validation, the oldest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charnn.checkpoint.atomic import write_atomic


def read_history(path: Path) -> list[dict[str, Any]]:
    """The entries of the file, up to the first line that is damaged. A crash may have cut the last line short."""
    entries: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(entry, dict) or type(entry.get("step")) is not int:
            break
        entries.append(entry)
    return entries


def append_history(path: Path, entry: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def cut_history(path: Path, step: int) -> None:
    """Drops the validations after `step`, because a resumed run makes them again."""
    kept = [json.dumps(entry) + "\n" for entry in read_history(path) if entry["step"] <= step]
    write_atomic(path, "".join(kept).encode("utf-8"))
