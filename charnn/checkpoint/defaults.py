"""The models under checkpoints/ that a person has fixed as the defaults, one for each task, in a file there."""

from __future__ import annotations

import json
from pathlib import Path

from charnn.checkpoint.files import write_atomic
from charnn.errors import ModelFormatError

FILE = "default.json"


def read_defaults(root: Path) -> dict[str, str]:
    """The fixed default of each task by the task's name, the one that was fixed last at the end.

    Raises ModelFormatError where the file is damaged.
    """
    path = root / FILE
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise ModelFormatError(f"{path}: damaged", hint="charnn models --newest removes it")
    return dict(found)


def fix_default(root: Path, task: str, name: str) -> None:
    """From now on the model `name` under `root` is the default of its task, until another is fixed."""
    others = {other: fixed for other, fixed in read_defaults(root).items() if other != task}
    write_defaults(root, {**others, task: name})


def write_defaults(root: Path, defaults: dict[str, str]) -> None:
    """Writes the file, which goes where there are no defaults."""
    path = root / FILE
    if defaults:
        write_atomic(path, (json.dumps(defaults, ensure_ascii=False, indent=2) + "\n").encode())
    else:
        path.unlink(missing_ok=True)
