"""Hard attention that may move back learns targets whose order is not that of their sources."""

from __future__ import annotations

import random
from pathlib import Path

from charnn import train
from charnn.tasks.transducer.use.line_transducer import TransduceOptions
from charnn.tasks.transducer.use.model import Transducer


def name(chosen: random.Random) -> str:
    return "".join(chosen.choices("abcdefgh", k=chosen.randint(2, 4)))


CHOSEN = random.Random(0)
NAMES = [(name(CHOSEN), name(CHOSEN)) for _ in range(400)]
HELD_OUT = NAMES[::8]


def right(folder: Path, attention: str | None) -> float:
    """The fraction of held-out names whose parts a run with this attention has learned to exchange."""
    corpus = folder / "names.tsv"
    corpus.write_text("".join(f"{a} {b}\t{b}, {a}\n" for a, b in NAMES if (a, b) not in HELD_OUT), "utf-8")
    model = train(
        str(corpus),
        task="transducer",
        valid="none",
        steps=90,
        seed=1,
        hidden=32,
        embedding=16,
        dropout=0.0,
        learning_rate=0.02,
        attention=attention,
        device="cpu",
        precision="fp32",
        out=folder / str(attention),
    )
    assert isinstance(model, Transducer)
    with model:
        found = model.targets([f"{a} {b}" for a, b in HELD_OUT], TransduceOptions(1))
    return sum(targets[0].text == f"{b}, {a}" for targets, (a, b) in zip(found, HELD_OUT, strict=True)) / len(HELD_OUT)


def test_parts_are_exchanged_by_the_default_and_not_by_what_never_moves_back(tmp_path: Path) -> None:
    assert right(tmp_path, None) > 0.8
    assert right(tmp_path, "monotonic") < 0.5
