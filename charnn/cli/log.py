"""A file that keeps what a command said, for those that run while nobody looks."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from charnn.errors import OutputError
from charnn.version import __version__


class Log:
    """Adds an object for each event to the end of a file, on a line, with the time in UTC. Each is written at once."""

    def __init__(self, path: str) -> None:
        """Raises OutputError where the file cannot be written."""
        self._path, self._started = path, time.monotonic()
        try:
            self._file = open(path, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - it is open as
            # long as the command goes on
        except OSError as error:
            raise OutputError(f"--log {path}: {(error.strerror or str(error)).lower()}") from None
        self.add("begin", {"arguments": sys.argv[1:], "version": __version__})

    def add(self, event: str, values: Mapping[str, Any]) -> None:
        """Raises OutputError where the file cannot be written any more."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            self._file.write(json.dumps({"time": now, "event": event, **values}, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"--log {self._path}: {(error.strerror or str(error)).lower()}") from None

    def end(self, exit_code: int) -> None:
        self.add("end", {"exit_code": exit_code, "seconds": round(time.monotonic() - self._started, 3)})
        self._file.close()
