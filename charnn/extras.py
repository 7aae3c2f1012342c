"""The packages that only some commands need, and what to install where one of them is missing.

`pip install charnn` brings what using a model needs. The rest comes with the extras of pyproject.toml: PyTorch alone is
many times the size of all that using needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from charnn.errors import MissingPackageError

EXTRAS: Mapping[str, tuple[str, str]] = {
    "torch": ("training", "train"),
    "pydivsufsort": ("finding copied text", "novelty"),
    "matplotlib": ("drawing a picture", "plots"),
}
"""The packages, each with what it is needed for and the smallest extra that brings it."""


@contextmanager
def missing_packages_explained() -> Iterator[None]:
    """Within the context, MissingPackageError says what to install if one of these packages cannot be imported.

    The ModuleNotFoundError of any other module is raised as it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = error.name or ""
        if package not in EXTRAS:
            raise
        purpose, extra = EXTRAS[package]
        message = f"{purpose} needs {package}, which is not installed"
        raise MissingPackageError(message, hint=f"pip install 'charnn[{extra}]'") from error
