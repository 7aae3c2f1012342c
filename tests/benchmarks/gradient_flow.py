"""What the gradient-flow regulariser does for a plain RNN where it must remember: beside clipping alone and an LSTM.

The task: one of eight symbols, then so many distractors; at the end the network must say the first one. A guess is
wrong 87.5% of the time. Every method has the same steps, data and learning rate, which a cosine lowers to 0.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.network.recurrent import Recurrent
from charnn.training.hardware import threads_set

LENGTHS, SEEDS = (50, 100, 200), 3
"""Distractors."""
HIDDEN, LANES, STEPS = 50, 32, 500
LEARNING_RATE, CLIP, STRENGTH = 2e-3, 1.0, 2.0
"""Between the rates at which clipping alone does best (5e-3) and worst (1e-3). The strength is that of
the authors' code, which compares squared norms, though: near 1, four times as strict."""
SYMBOLS, DISTRACTORS = 8, 4
"""How many kinds there are."""
CHECK_EVERY, CHECKED, SOLVED = 25, 500, 0.01
"""Steps, sequences, and the fraction of them that may be wrong."""

Start = Literal["orthogonal", "small"]
"""How the recurrent matrix starts: as charnn's does, or as the paper's for tanh, which lets gradients vanish."""
SMALL = 0.1
"""The standard deviation of a small one: with 50 units, singular values up to 1.4, eigenvalues up to 0.7."""


@dataclass(frozen=True)
class Method:
    cell: str
    clip: float = math.inf
    gradient_flow: float = 0.0


METHODS = {
    "rnn": Method("rnn"),
    "rnn, clipping": Method("rnn", CLIP),
    "rnn, clipping, gradient flow": Method("rnn", CLIP, STRENGTH),
    "lstm, clipping": Method("lstm", CLIP),
}


class Result(NamedTuple):
    steps: float
    """How many steps it took until the task was solved; infinite where it was not."""
    error: float
    """At the last check: the fraction of sequences that end with a wrong symbol."""


def run(
    lengths: Sequence[int] = LENGTHS, seeds: int = SEEDS, rate: float = LEARNING_RATE, strength: float = STRENGTH
) -> None:
    print(f"1 x {HIDDEN}, {LANES} lanes, at most {STEPS} steps of AdamW at {rate:g}; clipping at {CLIP:g}")
    print(f"gradient flow at {strength:g}; solved is at most {SOLVED:.0%} wrong; {seeds} seeds")
    for length in lengths:
        for start in get_args(Start):
            print(f"\n{f'{length} distractors, {start} start':<36}{'solved':>8}{'steps':>8}{'wrong at the end':>26}")
            for name, method in METHODS.items():
                if method.gradient_flow:
                    method = replace(method, gradient_flow=strength)
                with threads_set(1):
                    results = [train(method, start, length, rate, seed) for seed in range(seeds)]
                print(f"{name:<36}{_row(results)}", flush=True)
    print("\nsteps and wrong: the median of the seeds, and the lowest and highest")


def _row(results: Sequence[Result]) -> str:
    steps = statistics.median_low(sorted(result.steps for result in results))
    errors = [result.error for result in results]
    solved = f"{sum(result.steps < math.inf for result in results)} of {len(results)}"
    wrong = f"{statistics.median(errors):.1%} ({min(errors):.1%} to {max(errors):.1%})"
    return f"{solved:>8}{f'{steps:.0f}' if steps < math.inf else f'> {STEPS}':>8}{wrong:>26}"


def train(method: Method, start: Start, length: int, rate: float, seed: int) -> Result:
    """Trains until the task is solved or the steps are used up."""
    torch.manual_seed(seed)
    network = Classifier(method, start)
    optimizer = torch.optim.AdamW(network.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    randomness = torch.Generator().manual_seed(1000 + seed)  # the same data for every method
    error = 1.0
    for step in range(1, STEPS + 1):
        x_BTE, first_B = sequences(LANES, length, randomness)
        optimizer.zero_grad()
        functional.cross_entropy(network(x_BTE), first_B).backward()
        nn.utils.clip_grad_norm_(network.parameters(), method.clip)
        optimizer.step()
        schedule.step()
        if step % CHECK_EVERY == 0:
            error = network.error(*sequences(CHECKED, length, randomness))
            if error <= SOLVED:
                return Result(step, error)
    return Result(math.inf, error)


class Classifier(nn.Module):
    """charnn's recurrent layer from zeros, and a linear head that sees its last output."""

    def __init__(self, method: Method, start: Start) -> None:
        super().__init__()
        self.recurrent = Recurrent(
            method.cell,
            input_size=SYMBOLS + DISTRACTORS,
            hidden_size=HIDDEN,
            layers=1,
            gradient_flow=method.gradient_flow,
        )
        self.head = nn.Linear(HIDDEN, SYMBOLS)
        if start == "small":
            for name, parameter in self.recurrent.named_parameters():
                if "weight_hh" in name:
                    nn.init.normal_(parameter, std=SMALL)

    def forward(self, x_BTE: Tensor) -> Tensor:
        y_BTH, _ = self.recurrent(x_BTE, self.recurrent.initial_state(len(x_BTE)))
        logits: Tensor = self.head(y_BTH[:, -1])
        return logits

    @torch.inference_mode()
    def error(self, x_BTE: Tensor, first_B: Tensor) -> float:
        self.eval()
        wrong: float = (self(x_BTE).argmax(-1) != first_B).float().mean().item()
        self.train()
        return wrong


def sequences(lanes: int, length: int, randomness: torch.Generator) -> tuple[Tensor, Tensor]:
    """One-hot symbols, the first one and then the distractors, (B, 1 + length, E); and which the first one is, (B,)."""
    first_B = torch.randint(SYMBOLS, (lanes,), generator=randomness)
    others_BT = SYMBOLS + torch.randint(DISTRACTORS, (lanes, length), generator=randomness)
    ids_BT = torch.cat([first_B.unsqueeze(1), others_BT], 1)
    return functional.one_hot(ids_BT, SYMBOLS + DISTRACTORS).float(), first_B
