"""What a memory with addresses is for: copying lines that are longer than all that were learned from.

The task: a line of random symbols, a colon, and the same line once more, such as `dbca:dbca`. The loss and all figures
are of what follows the colon. A neural Turing machine and an LSTM learn lines of 1 to TRAINED symbols and are tested on
longer ones. The LSTM has more weights, and so many more steps that it takes about as long.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from charnn.cells.ntm import PLACES
from charnn.plots.canvas import Look, blank, label_ends, panel, rendered
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.training.hardware import threads_set

SYMBOLS, TRAINED, TESTED, SEEDS = 8, 10, (5, 10, 15, 20, 30, 40, 60), 3
"""How many kinds of symbols there are, the most of them in a line that is learned from, and how many in those of the
test."""
LANES, CHECKED = 16, 200
"""Lines of a step, and lines of each length of the test."""
EMBEDDING, CLIP, WARM_UP, COOL_DOWN = 16, 1.0, 50, 0.3
"""Steps in which the rate rises, and the last part of all steps, in which it falls to 0."""
STOP, COLON = 0, SYMBOLS + 1
SHOWN = 20
"""The length of the line that is drawn."""


@dataclass(frozen=True)
class Method:
    cell: str
    hidden: int
    steps: int
    rate: float


METHODS = (Method("ntm", 24, 1200, 6e-3), Method("lstm", 128, 6000, 3e-3))


@dataclass(frozen=True)
class Result:
    network: LanguageModelNetwork
    seconds: float
    """The time that one processor worked."""
    characters: int
    """All that were read."""
    symbols: tuple[float, ...]
    """For each length the fraction of symbols that were the likeliest, given the right ones before them."""
    lines: tuple[float, ...]
    """For each length the fraction of lines that were copied whole and then ended."""


def run(*, seeds: int | None = None, picture: Path | None = None) -> None:
    print(f"{SYMBOLS} symbols, lines of 1 to {TRAINED}, {LANES} a step; % of symbols right, % of lines whole")
    print(f"{'':32}" + "".join(f"{length:>15}" for length in TESTED))
    found: dict[str, list[Result]] = {}
    for method in METHODS:
        results = []
        for seed in range(seeds or SEEDS):
            with threads_set(1):
                result = train(method, seed)
            _row(f"{method.cell}, {method.hidden} units, seed {seed}", [result])
            results.append(result)
        _row("  mean", results)
        one = results[0]
        parameters = sum(parameter.numel() for parameter in one.network.parameters())
        speed = sum(r.characters for r in results) / sum(r.seconds for r in results)
        took = f"{mean(r.seconds for r in results):.0f} s of one processor for {method.steps:,} steps"
        print(f"  {parameters:,} parameters, {took}, {speed:,.0f} characters a second", flush=True)
        found[method.cell] = results
    if picture is not None:
        picture.write_bytes(rendered(lambda look: draw(found, look)))


def _row(name: str, results: Sequence[Result]) -> None:
    symbols, lines = (
        [100 * mean(values) for values in zip(*columns, strict=True)]
        for columns in ((r.symbols for r in results), (r.lines for r in results))
    )
    print(f"{name:32}" + "".join(f"{s:9.1f}{line:6.1f}" for s, line in zip(symbols, lines, strict=True)), flush=True)


def train(method: Method, seed: int) -> Result:
    torch.manual_seed(seed)
    config = LanguageModelNetworkConfig(
        SYMBOLS + 2, cell=method.cell, layers=1, hidden_size=method.hidden, embedding_size=EMBEDDING, dropout=0.0
    )
    network = LanguageModelNetwork(config)
    optimizer = torch.optim.Adam(network.parameters(), method.rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: min((done + 1) / WARM_UP, (method.steps - done) / (COOL_DOWN * method.steps), 1.0)
    )
    randomness = torch.Generator().manual_seed(1000 + seed)  # the same lines for every method
    characters, start = 0, time.process_time()
    for _ in range(method.steps):
        length = int(torch.randint(1, TRAINED + 1, (), generator=randomness))
        ids_BT = lines_of(length, LANES, randomness)
        optimizer.zero_grad()
        functional.cross_entropy(*(part.flatten(0, 1) for part in after_colon(network, ids_BT))).backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        characters += LANES * (ids_BT.shape[1] - 1)
    seconds = time.process_time() - start
    symbols, lines = zip(*(check(network, length) for length in TESTED), strict=True)
    return Result(network, seconds, characters, symbols, lines)


def lines_of(length: int, count: int, randomness: torch.Generator) -> Tensor:
    """Lines as ids, (count, 2 * length + 3): the stop that opens them, symbols, a colon, the same symbols, the stop."""
    symbols_BT = torch.randint(1, SYMBOLS + 1, (count, length), generator=randomness)
    stop_B1, colon_B1 = (torch.full((count, 1), number) for number in (STOP, COLON))
    return torch.cat([stop_B1, symbols_BT, colon_B1, symbols_BT, stop_B1], 1)


def after_colon(network: LanguageModelNetwork, ids_BT: Tensor) -> tuple[Tensor, Tensor]:
    """The logits of all that follows the colon, (B, length + 1, V), and what it is."""
    logits_BTV, _ = network(ids_BT[:, :-1], network.initial_state(len(ids_BT)))
    copied = ids_BT.shape[1] // 2
    return logits_BTV[:, copied:], ids_BT[:, copied + 1 :]


@torch.inference_mode()
def check(network: LanguageModelNetwork, length: int) -> tuple[float, float]:
    """The fractions of symbols, and of whole lines, that are right. A line is whole here just where the network would
    have written it by itself, the likeliest symbol each time."""
    ids_BT = lines_of(length, CHECKED, torch.Generator().manual_seed(length))
    logits_BTV, expected_BT = after_colon(network, ids_BT)
    is_right_BT = logits_BTV.argmax(-1) == expected_BT
    return is_right_BT[:, :-1].float().mean().item(), is_right_BT.all(1).float().mean().item()


# The picture.


def draw(found: dict[str, list[Result]], look: Look) -> Figure:
    """How much is right over the length, a line for each seed; and where the heads of the first machine were."""
    figure = blank((8.0, 8.0))
    grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1.0), hspace=0.42, wspace=0.12)
    axes = panel(figure, finding(found), "symbols in the line", "% of the symbols after the colon right", grid[0, :])
    axes.axvspan(0, TRAINED, color=look.grid, alpha=0.5, linewidth=0)
    axes.annotate("learned from", (TRAINED / 2, 3), ha="center", color=look.faint, fontsize=9)
    ends = []
    for number, (name, results) in enumerate(found.items()):
        for result in results:
            axes.plot(TESTED, [100 * right for right in result.symbols], color=look.lines[number], linewidth=1.2)
        means = [100 * mean(values) for values in zip(*(result.symbols for result in results), strict=True)]
        axes.plot(TESTED, means, color=look.lines[number], linewidth=2.6, marker="o", clip_on=False)
        ends.append((float(TESTED[-1]), means[-1], name, look.lines[number]))
    axes.axhline(100 / SYMBOLS, color=look.faint, linewidth=1.0, linestyle=":")
    axes.annotate("guessing", (TRAINED + 0.5, 100 / SYMBOLS + 1), color=look.faint, fontsize=9)
    axes.set_xlim(0, TESTED[-1])
    axes.set_ylim(0, 103)
    label_ends(axes, ends)
    ids_T, heads_THN = places(found["ntm"][0].network, SHOWN)
    for head, name in enumerate(("where it writes", "where it reads")):
        axes = panel(figure, name, "step", "place" if head == 0 else "", grid[1, head])
        colours = LinearSegmentedColormap.from_list("weight", [look.paper, look.lines[0]])
        axes.imshow(heads_THN[:, head].T, cmap=colours, vmin=0.0, vmax=1.0, aspect="auto", interpolation="nearest")
        colon = int(np.flatnonzero(ids_T == COLON)[0])
        axes.axvline(colon, color=look.lines[1], linewidth=1.2)
        axes.annotate("colon", (colon, 0.5), (-4, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
                      ha="right", color=look.lines[1], fontsize=9)  # fmt: skip
        axes.grid(visible=False)
        axes.tick_params(labelleft=head == 0)
    return figure


def finding(found: dict[str, list[Result]]) -> str:
    """What the picture shows, in a sentence."""
    at = TESTED.index(SHOWN)
    right = {name: 100 * mean(result.symbols[at] for result in results) for name, results in found.items()}
    said = [f"the {name} copies {share:.1f}%" for name, share in right.items()]
    return f"In lines of {SHOWN}, {' and '.join(said)} of the symbols: none that they learned had more than {TRAINED}"


@torch.inference_mode()
def places(network: LanguageModelNetwork, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """A line's ids (T,), and the weights of all places after each of them, (T, 2, N): writing, reading."""
    (ids_T,) = lines_of(length, 1, torch.Generator().manual_seed(0))[:, :-1]
    state, heads = network.initial_state(1), []
    for id_1 in ids_T.split(1):
        _, state = network.step(id_1, state)
        heads.append(state[0]._asdict()["heads"].view(2, PLACES).clone())
    heads_THN = torch.stack(heads)
    heads_THN[..., 0] += 1  # the state has the difference from the first place
    return ids_T.numpy(), heads_THN.numpy()
