"""Forward sums are sums over all paths; what a wide beam of prefixes finds is what trying every path finds."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch

from charnn.corpora.stored_strings import StoredRows
from charnn.tasks.transducer.learn.ctc import ctc_nats
from charnn.tasks.transducer.learn.data import frames_needed
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder, collapsed, log_probability, prefixes, read_frames
from charnn.tasks.transducer.use.decoding import SearchOptions, Wide
from charnn.tokenizers.base import STOP_ID

FRAMES, SYMBOLS, UNKNOWN = 5, 4, 1


def frames(seed: int, count: int = FRAMES) -> Wide:
    return np.log(np.random.default_rng(seed).dirichlet(np.full(SYMBOLS, 0.7), count))


def every_target(log_p_FV: Wide) -> dict[tuple[int, ...], float]:
    """p of each target, summed over all SYMBOLS ** FRAMES paths, merged and without blanks as the definition says."""
    p: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(SYMBOLS), repeat=len(log_p_FV)):
        merged = [symbol for symbol, _ in itertools.groupby(path)]
        target = tuple(symbol for symbol in merged if symbol != STOP_ID)
        p[target] += float(np.exp(sum(log_p_FV[frame, symbol] for frame, symbol in enumerate(path))))
    return dict(p)


class Fixed(FramedDecoder):
    def __init__(self, *every: Wide) -> None:
        self._every = list(every)

    def frames(self, sources: Sequence[EncodedSource]) -> list[Wide]:
        return self._every


def source(places: int, copies: Sequence[int] | None = None) -> EncodedSource:
    return EncodedSource([2] * places, 0, list(copies or [SYMBOLS] * places), [f"<{n}>" for n in range(places)])


@pytest.mark.parametrize("seed", range(5))
def test_forward_sums_are_the_sums_over_all_paths(seed: int) -> None:
    log_p_FV = frames(seed)
    every = every_target(log_p_FV)
    assert sum(every.values()) == pytest.approx(1)
    for target, p in every.items():
        assert log_probability(log_p_FV, target) == pytest.approx(np.log(p), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_in_training_is_the_same_sum(seed: int) -> None:
    """It is the loss of several targets at once, padded."""
    log_p_FV, targets = frames(seed), [[2], [2, 2, 3], [3, 1], []]
    lengths = torch.tensor([len(target) for target in targets])
    padded = torch.tensor([target + [0] * (3 - len(target)) for target in targets])
    log_p_BFV = torch.from_numpy(log_p_FV).expand(len(targets), -1, -1)
    expected = [-log_probability(log_p_FV, target) for target in targets]
    np.testing.assert_allclose(ctc_nats(log_p_BFV, padded, lengths).numpy(), expected, atol=1e-6)


def test_a_target_that_does_not_fit_has_no_probability() -> None:
    log_p_FV = frames(0, 3)
    assert log_probability(log_p_FV, [2, 2]) > -np.inf
    assert log_probability(log_p_FV, [2, 2, 3]) == -np.inf
    assert log_probability(log_p_FV, [2, 3, 2, 3]) == -np.inf


@pytest.mark.parametrize(
    ("places", "features", "target", "needed"),
    [(3, 0, [2, 3, 2], 1), (3, 0, [2, 2, 2], 2), (4, 1, [2, 3, 2, 3], 2), (1, 0, [2] * 4, 7)],
)
def test_frames_are_enough_for_a_target_and_the_blanks_between_equal_symbols(
    places: int, features: int, target: list[int], needed: int
) -> None:
    targets = StoredRows([np.array([2, 2, STOP_ID]), np.array([*target, STOP_ID])], SYMBOLS, "targets")
    assert frames_needed(np.array([3, places - features]), targets).tolist() == [1, needed]
    count = needed * (places - features)
    assert log_probability(frames(1, count), target) > -np.inf


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_of_prefixes_finds_the_best_targets_in_their_order(seed: int) -> None:
    log_p_FV = frames(seed)
    log_p_FV[:, UNKNOWN] = -np.inf
    best = sorted(every_target(log_p_FV).items(), key=lambda one: -one[1])[:5]
    (found,) = read_frames(
        Fixed(log_p_FV), [source(5)], SearchOptions(beams=200, wanted=5, unknown=UNKNOWN, copies=False)
    )
    assert [tuple(one.ids) for one in found] == [target for target, _ in best]
    assert [one.log_probability for one in found] == pytest.approx([np.log(p) for _, p in best])


@pytest.mark.parametrize("seed", range(5))
def test_one_beam_is_what_the_likeliest_path_writes(seed: int) -> None:
    log_p_FV = frames(seed)
    log_p_FV[:, UNKNOWN] = -np.inf
    ((found,),) = read_frames(Fixed(log_p_FV), [source(5)], SearchOptions(beams=1, unknown=UNKNOWN, copies=False))
    path = [int(symbol) for symbol in log_p_FV.argmax(1)]
    assert found.ids == [symbol for symbol, _ in itertools.groupby(path) if symbol != STOP_ID]
    assert found.log_probability == pytest.approx(log_probability(log_p_FV, found.ids))


@pytest.mark.parametrize(
    ("path", "target"),
    [([0, 0], []), ([2, 2, 2], [2]), ([2, 0, 2], [2, 2]), ([2, 3, 3, 0, 3], [2, 3, 3]), ([0, 2, 0, 0], [2])],
)
def test_repetitions_are_merged_and_blanks_left_out(path: list[int], target: list[int]) -> None:
    assert collapsed(np.array(path))[0] == target


def test_an_unknown_symbol_is_written_for_a_copy_alone_and_says_its_place() -> None:
    log_p_FV = np.log(np.full((3, SYMBOLS), 0.05))
    log_p_FV[[0, 1, 2], [2, UNKNOWN, 3]] = np.log(0.85)
    places = [SYMBOLS, UNKNOWN, SYMBOLS]
    for beams in (1, 4):
        ((with_copy,),) = read_frames(
            Fixed(log_p_FV), [source(3, places)], SearchOptions(beams=beams, unknown=UNKNOWN, copies=True)
        )
        assert (with_copy.ids, with_copy.places) == ([2, UNKNOWN, 3], [1])
        ((without,),) = read_frames(
            Fixed(log_p_FV), [source(3, places)], SearchOptions(beams=beams, unknown=UNKNOWN, copies=False)
        )
        assert UNKNOWN not in without.ids


def test_a_constraint_is_kept_to_and_what_cannot_end_is_left_out() -> None:
    class OnlyThrees:
        """Targets of two 3s."""

        def allowed(self, ids: Sequence[int], left: int | None) -> npt.NDArray[np.bool_]:
            allowed_V = np.zeros(SYMBOLS, np.bool_)
            allowed_V[3 if len(ids) < 2 else STOP_ID] = True
            return allowed_V

    assert [ids for ids, _ in prefixes(frames(2), 5, OnlyThrees())] == [[3, 3]]
    assert prefixes(frames(2, 1), 5, OnlyThrees()) == [], "a single frame cannot write two symbols"
