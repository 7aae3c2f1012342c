"""The text of config.json, which is a format version and the configuration of a task."""

from __future__ import annotations

import json
from typing import Any

from charnn.config import Json
from charnn.errors import ModelFormatError

FORMAT_VERSION = 1


def dumps(config: Json) -> str:
    document: dict[str, Any] = {"format_version": FORMAT_VERSION, **config.to_json()}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    # A path that is not UTF-8 has half surrogates in it; "backslashreplace" writes them as JSON escapes them.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def loads(data: bytes, name: str) -> dict[str, Any]:
    """The object that `dumps` wrote, without the format version. It has a `task`, which is a string.

    `name` is what messages call the file. Raises ModelFormatError for another version, and for anything else.
    """
    try:
        document = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ModelFormatError(f"{name}: not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(f"{name}: not JSON: {str(error) or 'nested too deep'}") from None
    version = document.pop("format_version", None) if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise ModelFormatError(
            f"{name} has format version {version!r:.20}; this charnn reads version {FORMAT_VERSION}",
            hint="use the version of charnn that wrote the model, or train it again",
        )
    if not isinstance(document.get("task"), str):
        raise ModelFormatError(f"{name}: the task {document.get('task')!r:.30} is not known")
    return dict(document)
