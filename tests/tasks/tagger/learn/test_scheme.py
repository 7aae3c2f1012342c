"""A tagger of entities, from its treebank to its directory: it never writes what the scheme forbids."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import charnn
from charnn.errors import ModelFormatError
from charnn.tasks.tagger.entities import recognize_scheme

SCHEMES = {
    "BIO": {"one": ["B"], "many": ["B", "I", "I"]},
    "IOBES": {"one": ["S"], "many": ["B", "I", "E"]},
}


def treebank(path: Path, scheme: str, *, seed: int) -> Path:
    """Names of one and three words at random among words that look alike, so that a tagger has to guess."""
    chance = random.Random(seed)
    lines = []
    for _ in range(60):
        for _ in range(chance.randint(2, 5)):
            kind = chance.choice(["one", "many", "none"])
            tags = [f"{prefix}-X" for prefix in SCHEMES[scheme][kind]] if kind != "none" else ["O"]
            lines += [f"{chance.choice('abcde')}\t{tag}" for tag in tags]
        lines.append("")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("decoder", ["independent", "feedback", "crf"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_tagged_keeps_to_the_scheme_of_the_treebank(tmp_path: Path, scheme: str, decoder: str) -> None:
    path = treebank(tmp_path / "a.tsv", scheme, seed=1)
    out = tmp_path / "model"
    charnn.train(path, columns="tag", decoder=decoder, hidden=4, steps=3, batch=2, out=out, window=4)
    words = ["abcde"[n % 5] for n in range(40)]
    for precision in ("fp32", "int8"):
        model: Any = charnn.load(out, precision=precision)
        assert model.config.corpus.schemes == (scheme,)
        tagged = [sentence["tag"].tags for sentence in model.tag([words, words[:1], words[3:9], []])]
        whole = [f"{prefix}-X" for prefix in SCHEMES[scheme]["many"]]
        assert recognize_scheme([whole, *tagged]) == scheme


def test_a_column_of_other_tags_has_no_scheme_and_says_nothing_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("a\tNOUN\nb\tB-X\n\n" * 6)
    charnn.train(tmp_path / "a.tsv", columns="tag", hidden=4, steps=1, out=tmp_path / "model")
    assert "schemes" not in (tmp_path / "model" / "config.json").read_text()


def test_a_damaged_scheme_is_refused(tmp_path: Path) -> None:
    charnn.train(treebank(tmp_path / "a.tsv", "BIO", seed=1), columns="tag", hidden=4, steps=1, out=tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"BIO"', '"BOI"'))
    with pytest.raises(ModelFormatError, match="BOI"):
        charnn.load(tmp_path / "model")
