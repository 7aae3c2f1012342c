"""What a shell completes: the names of models. The shells themselves are Typer's part (`--install-completion`)."""

from __future__ import annotations


def models(incomplete: str) -> list[str]:
    """The names of the models under checkpoints/ that begin so, and never an error."""
    from charnn.checkpoint.locate import names

    try:
        return [name for name in names() if name.startswith(incomplete)]
    except OSError:
        return []
