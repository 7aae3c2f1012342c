"""Where the command line begins: before what takes time to import, so that Ctrl-C shows no traceback then."""

from __future__ import annotations

import sys

from charnn.errors import INTERRUPTED


def start() -> None:
    """Imports the command line and runs it; an interrupt in the meantime ends the process as one does later."""
    try:
        from charnn.cli.main import main
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    main()
