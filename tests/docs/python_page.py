"""docs/python.md, made from the classes themselves: `python -m tests.docs.python_page > docs/python.md`.

A test compares the file with what this makes, so that the two cannot drift apart.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import charnn
from charnn.generation.config import SamplingConfig
from charnn.memory.memory import Recalled
from charnn.tasks.classifier.use.model import Classification, WeightedPart
from charnn.tasks.forecaster.use.model import Forecast
from charnn.tasks.language_model.use.lines import LineScore
from charnn.tasks.model import Model
from charnn.tasks.tagger.formats.sentence import Annotation
from charnn.tasks.transducer.use.decoding import Attention
from charnn.tasks.transducer.use.line_transducer import Target, TransduceOptions

INTRODUCTION = """# charnn in Python

This page is made from the classes themselves (`make docs`); `help(charnn)` says the same in Python. What a program may
rely on is here: other modules change when they must.
"""
EVERY = "What every model has"
SECTIONS: dict[Any, tuple[tuple[str, ...], tuple[type, ...]]] = {
    charnn.LanguageModel: (("labels", "may_stop", "sample", "score", "likeliest_label"), (SamplingConfig, LineScore)),
    charnn.Tagger: (("columns", "tag", "words", "sentences"), (Annotation,)),
    charnn.Classifier: (("labels", "multiple", "classify", "explain"), (Classification, WeightedPart)),
    charnn.Transducer: (("transduce", "targets", "attention"), (TransduceOptions, Target, Attention)),
    charnn.Forecaster: (("columns", "forecast"), (Forecast,)),
    charnn.Memory: (("__init__", "recall"), (Recalled,)),
}
"""The classes, with the methods and properties of each that are for its user, and what these take and give."""
WIDTH = 120


def page() -> str:
    """The page in Markdown, which ends in a line end."""
    parts = [INTRODUCTION, inspect.cleandoc(charnn.__doc__ or ""), ""]
    for function in (charnn.train, charnn.load):
        parts += [f"## `charnn.{function.__name__}`", "", *_described(function, f"charnn.{function.__name__}")]
    parts += [f"## {EVERY}", "", inspect.cleandoc(Model.__doc__ or ""), ""]
    for name in ("load", "close"):
        parts += _described(getattr(Model, name), name)
    for kind, (members, others) in SECTIONS.items():
        what, _, example = inspect.cleandoc(kind.__doc__).partition("\n\n")
        parts += [f"## `charnn.{kind.__name__}`", "", what, "", "```python", example, "```", ""]
        for name in members:
            parts += _described(inspect.getattr_static(kind, name), kind.__name__ if name == "__init__" else name)
        for other in others:
            parts += [f"### `{other.__name__}`", "", inspect.cleandoc(other.__doc__ or ""), "", *_fields(other), ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def _described(member: Any, name: str) -> Iterator[str]:
    """A function, method or property: how it is called, and what its docstring says."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
    is_read = isinstance(member, property | cached_property)
    yield "```python"
    yield f"{name}: {inspect.signature(function).return_annotation}" if is_read else _call(function, name)
    yield "```"
    yield ""
    yield inspect.cleandoc(function.__doc__ or "")
    yield ""


def _call(function: Any, name: str) -> str:
    """How a function is called, on a line or on one for each parameter."""
    signature = inspect.signature(function)
    found, is_keyword = list[str](), False
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind == parameter.KEYWORD_ONLY and not is_keyword:
            if not any(one.kind == one.VAR_POSITIONAL for one in signature.parameters.values()):
                found.append("*")
            is_keyword = True
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        found.append(f"{stars}{parameter.name}: {parameter.annotation}{default}")
    end = ")" if name[0].isupper() else f") -> {signature.return_annotation}"
    line = f"{name}({', '.join(found)}{end}"
    return line if len(line) <= WIDTH else "\n".join([f"{name}(", *(f"    {one}," for one in found), end])


def _fields(kind: type) -> Iterator[str]:
    """A line for each field or property, with what stands below its definition."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    following = [*definition.body[1:], None]
    for node, after in zip(definition.body, following, strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            doc = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            default = "" if node.value is None else f" = {ast.unparse(node.value)}"
            yield _field(f"{node.target.id}: {ast.unparse(node.annotation)}{default}", str(doc))
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            if not (doc := ast.get_docstring(node)):
                continue
            is_read = any("property" in ast.unparse(one) for one in node.decorator_list)
            returned = ast.unparse(node.returns) if node.returns else "None"
            call = f"{node.name}: {returned}" if is_read else f"{node.name}({_arguments(node)}) -> {returned}"
            yield _field(call, doc)


def _arguments(node: ast.FunctionDef) -> str:
    return re.sub(r"^self(, )?", "", ast.unparse(node.args))


def _field(call: str, doc: str) -> str:
    text = " ".join(doc.split())
    return "\n".join(
        textwrap.wrap(
            f"- `{call}`" + (f": {text}" if text else ""), WIDTH, subsequent_indent="  ", break_on_hyphens=False,
            break_long_words=False,
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(page())
