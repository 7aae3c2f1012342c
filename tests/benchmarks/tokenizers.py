"""How fast text becomes ids."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from charnn.config.model import TokenizerConfig
from charnn.tokenizers import train
from tests.benchmarks.machine import alternate, seconds, spread

MEGABYTES = 50


def run(corpus: Path) -> None:
    text = corpus.read_text("utf-8")
    long_text = text * (MEGABYTES * 10**6 // len(text) + 1)
    for kind, measured in (("characters", long_text), ("bytes", long_text), ("bpe", text), ("unigram", text)):
        tokenizer = train(TokenizerConfig(kind=kind), [text])
        taken = alternate({kind: partial(seconds, partial(tokenizer.encode, measured))}, rounds=3)[kind]
        size = len(measured.encode()) / 1e6
        print(f"{kind:<12} {spread([size / s for s in taken], ',.1f', ' MB/s')}")
