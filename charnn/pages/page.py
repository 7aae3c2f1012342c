"""Puts a page together: one file with its style and its script in it, which loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from charnn.pages.parts import Html, as_html, element


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
