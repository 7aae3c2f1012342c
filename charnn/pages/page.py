"""Pages of HTML: their parts, and how a page is put together, one file that loads nothing from anywhere.

Whatever text a part is given is text, and never becomes markup. Shades go from -5 to 5, and each has a class of its
own in style.css: n5 to n1, none, p1 to p5.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

LEVELS = 5
"""Shades on each side of none."""
_UNSEEN = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Characters that HTML does not have or that turn text around: they are shown as escapes."""


class Html(str):
    """Text that is HTML already."""


Maker = Callable[[], Iterable[Html]]
"""Makes the parts of a section. It raises CharnnError where that cannot be, and the page then says why."""


class Mark(NamedTuple):
    """A piece of a text, its shade, and what is said where somebody looks at it."""

    text: str
    shade: int
    said: str = ""


def as_html(value: str) -> Html:
    """The text as HTML; what is HTML stays as it is."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_UNSEEN.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), value)))


def element(name: str, *content: str, **attributes: str | None) -> Html:
    """An element. `class_` is the attribute class, and `aria_label` is aria-label; one of None is left out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    opening = "".join(f' {key}="{as_html(str(value))}"' for key, value in given.items())
    return Html(f"<{name}{opening}>{''.join(map(as_html, content))}</{name}>")


def paragraph(*content: str) -> Html:
    return element("p", *content)


def rows(pairs: Iterable[tuple[str, str]]) -> Html:
    """Labels with their texts; one without a label goes on with what stands above."""
    parts = []
    for label, text in pairs:
        if label:
            parts.append(element("dt", label))
        parts.append(element("dd", text, dir="auto"))
    return element("dl", *parts)


def items(texts: Iterable[str]) -> Html:
    """A list of sentences, in which what stands between backticks is a command."""
    return element("ul", *(element("li", with_commands(text)) for text in texts))


def with_commands(text: str) -> Html:
    parts = text.split("`")
    return Html("".join(element("code", part) if place % 2 else as_html(part) for place, part in enumerate(parts)))


def prose(*content: str) -> Html:
    """A text with its line breaks and spaces as they are."""
    return element("div", *content, class_="prose", dir="auto")


def table(header: Sequence[str], body: Iterable[Sequence[str]], caption: str, *, numbers: int = 0) -> Html:
    """A table whose first column names its rows; the last `numbers` columns are set to the right."""
    first = len(header) - numbers

    def cell(place: int, value: str) -> Html:
        kind = "number" if place >= first else None
        if place == 0:
            return element("th", value, scope="row", dir="auto")
        return element("td", value, class_=kind, dir=None if kind else "auto")

    head = [element("th", one, scope="col", class_="number" if n >= first else None) for n, one in enumerate(header)]
    lines = [element("tr", *(cell(place, one) for place, one in enumerate(row))) for row in body]
    return _scrolling(
        caption,
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *lines),
    )


def heatmap(
    rows_of: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    shades: Sequence[Sequence[int]],
    caption: str,
) -> Html:
    """A table of shaded cells, with names of its rows and columns."""
    head = element("tr", element("td"), *(element("th", one, scope="col") for one in columns))
    body = [
        element(
            "tr",
            element("th", name, scope="row"),
            *(
                element("td", text, class_=shade_class(shade) or None)
                for text, shade in zip(texts, levels, strict=True)
            ),
        )
        for name, texts, levels in zip(rows_of, cells, shades, strict=True)
    ]
    return _scrolling(
        caption, element("caption", caption), element("thead", head), element("tbody", *body), class_="heat"
    )


def picture(svg: Html, said: str, caption: str) -> Html:
    """A picture with a caption; whoever does not see the picture is told what is `said`."""
    return element(
        "figure",
        element("div", element("div", svg, role="img", aria_label=said), class_="wide", tabindex="0", role="region",
                aria_label="A picture"),
        element("figcaption", caption),
    )  # fmt: skip


def folded(title: str, *content: str) -> Html:
    """Content that is shown once somebody opens it."""
    return element("details", element("summary", title), *content)


def shaded(marks: Iterable[Mark], label: str, *, scale: str) -> Html:
    """A text in shades. What is said of a piece is shown below where one points at it, touches it, or comes to it with
    the arrow keys. `label` says what the shades mean, and `scale` names the colours: surprise or weight."""
    every = list(marks)
    spans = [
        element("span", mark.text, class_=shade_class(mark.shade) or None, data_said=mark.said or None)
        for mark in every
    ]
    return element(
        "div",
        element("div", *spans, class_="prose shaded", dir="auto", tabindex="0", role="group", aria_label=label),
        element("output", element("span", label), class_="said", aria_live="polite"),
        class_=f"reader {scale}",
    )


def chosen_shades(text: str, kinds: Sequence[tuple[str, Sequence[int]]], label: str) -> Html:
    """A text whose characters have other shades for each of several kinds, which a menu chooses: (name, shades).

    A character of a `text` is a code point. The first kind is shown where no script runs.
    """
    spans = [
        element("span", one, class_=shade_class(shade) or None) for one, shade in zip(text, kinds[0][1], strict=True)
    ]
    options = [element("option", name, value=str(number)) for number, (name, _) in enumerate(kinds)]
    data = ["".join(chr(ord("a") + LEVELS + shade) for shade in shades) for _, shades in kinds]
    return element(
        "div",
        element("label", label, element("select", *options)),
        element("div", *spans, class_="prose", dir="auto"),
        embedded(data),
        class_="chooser weight",
    )


def embedded(value: Any) -> Html:
    """JSON for the page's script."""
    # Within a script nothing but its end is markup.
    return Html(f'<script type="application/json">{json.dumps(value).replace("<", chr(92) + "u003c")}</script>')


def shade_class(shade: int) -> str:
    return "" if shade == 0 else f"{'p' if shade > 0 else 'n'}{min(abs(shade), LEVELS)}"


def shade_of(fraction: float) -> int:
    """The shade of a number from -1 to 1."""
    return max(-LEVELS, min(LEVELS, round(LEVELS * fraction)))


def _scrolling(label: str, *content: str, class_: str | None = None) -> Html:
    """A table in a box that scrolls sideways where the window is narrow, also by keyboard."""
    return element("div", element("table", *content, class_=class_), class_="wide", tabindex="0", role="region",
                   aria_label=label)  # fmt: skip


@dataclass(frozen=True)
class Section:
    title: str
    parts: Sequence[Html]


def page(title: str, lead: str, sections: Iterable[Section], footer: str) -> bytes:
    """The page in UTF-8. Its own policy forbids it the network, and every script but its own."""
    every = list(sections)
    style, script = (files("charnn.pages").joinpath(name).read_text("utf-8") for name in ("style.css", "script.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Pictures have their styles in attributes.
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    links = [element("a", one.title, href=f"#s{number}") for number, one in enumerate(every, start=1)]
    shown = [
        element("section", element("h2", one.title, id=f"h{number}"), *one.parts, id=f"s{number}",
                aria_labelledby=f"h{number}")
        for number, one in enumerate(every, start=1)
    ]  # fmt: skip
    document = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{as_html(title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{as_html(title)}</h1><p>{as_html(lead)}</p>{element("nav", *links, aria_label="Sections")}</header>
<main>
{chr(10).join(shown)}
</main>
<footer><p>{as_html(footer)}</p></footer>
<script>{script}</script>
</body>
</html>
"""
    return document.encode("utf-8")
