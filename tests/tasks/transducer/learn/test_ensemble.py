"""Several networks as one transducer: their probabilities are averaged, and a member that diverges is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from charnn import load
from charnn.api import SilentObserver
from charnn.config import Budget
from charnn.corpora.data_files import DataFiles
from charnn.corpora.pairs import PairsLayout
from charnn.errors import CharnnWarning, UsageError
from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.dataset import PairSet, read_pair_set
from charnn.tasks.transducer.learn.networks import TransducerEnsemble, decoder_of, network_of
from charnn.tasks.transducer.learn.plan import TransducerOverrides
from charnn.tasks.transducer.learn.session import TransducerSession
from charnn.tasks.transducer.learn.transfer import read_initial_weights
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import SteppedDecoder, after, weights_of
from tests.runs import PLAIN, into
from tests.tasks.spoiling import Spoiler

INPUTS, OUTPUTS = 9, 7
SOURCES = [EncodedSource([3, 4, 5, 0], 0, [2, 3, 7, 7], [""] * 4), EncodedSource([3, 6, 0], 0, [5, 4, 7], [""] * 3)]
TARGETS = [[2, 3, 3, 0], [5, 1, 4, 0]]
WORDS = [f"{'abcde'[n % 5]}{'fgh'[n % 3]}{'ij'[n % 2]}" for n in range(30)]
SIZES = {"hidden_size": 8, "embedding_size": 5, "batch_size": 4}


def ensemble_of(members: int = 3, **fields: Any) -> TransducerEnsemble:
    torch.manual_seed(0)
    network = network_of(
        TransducerNetworkConfig(INPUTS, OUTPUTS, hidden_size=8, embedding_size=5, members=members, **fields)
    ).eval()
    assert isinstance(network, TransducerEnsemble)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return network


def stepped(decoder: SteppedDecoder | FramedDecoder) -> tuple[np.ndarray, np.ndarray]:
    """ln p (T, B, V) of each symbol of the targets, and where the decoder looks (T, B, S), one step at a time."""
    assert not isinstance(decoder, FramedDecoder)
    state, rows, last_B = decoder.begin(SOURCES), np.arange(len(SOURCES)), np.zeros(len(SOURCES), np.int64)
    found, looked = [], []
    for symbols in zip(*TARGETS, strict=True):
        step = decoder.step(last_B, state)
        found.append(step.log_p_BV)
        looked.append(step.attention_BS)
        last_B = np.array(symbols)
        state = after(state, step, rows, last_B)
    return np.stack(found), np.stack(looked)


@pytest.mark.parametrize("attention", ["none", "additive", "dot", "hard", "monotonic"])
def test_the_probability_of_each_symbol_is_the_mean_of_those_of_the_members(attention: Any) -> None:
    network = ensemble_of(attention=attention, jumps=2 if attention == "hard" else 0)
    log_p_TBV, attention_TBS = stepped(decoder_of(network))
    each = [stepped(decoder_of(member)) for member in network.each]
    np.testing.assert_allclose(np.exp(log_p_TBV), np.mean([np.exp(own) for own, _ in each], 0), atol=1e-6)
    np.testing.assert_allclose(attention_TBS, np.mean([own for _, own in each], 0), atol=1e-6)
    assert np.ptp([own for own, _ in each], 0).max() > 0.1, "members that are alike would show nothing"


def test_where_members_look_is_the_mean_of_where_each_does() -> None:
    network = ensemble_of(attention="monotonic")

    def looked(one: Any) -> np.ndarray:
        decoder = decoder_of(one)
        assert not isinstance(decoder, FramedDecoder)
        return weights_of(decoder, SOURCES[0], TARGETS[0])

    np.testing.assert_allclose(looked(network), np.mean([looked(one) for one in network.each], 0), atol=1e-6)


Start = Callable[..., TransducerSession]


@pytest.fixture
def pairs(tmp_path: Path) -> PairSet:
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{word}\t{word[::-1]}\n" for word in WORDS))
    return read_pair_set(DataFiles([str(path)]), layout=PairsLayout())


@pytest.fixture
def start(pairs: PairSet, tmp_path: Path) -> Start:
    def begin(name: str = "model", *, steps: int, source: Path | None = None, **overrides: Any) -> TransducerSession:
        asked = TransducerOverrides(budget=Budget(steps=steps), settings=PLAIN, **{**SIZES, **overrides})
        weights = None if source is None else read_initial_weights(str(source))
        return TransducerSession.start(into(tmp_path / name, [1]), pairs, asked, source=weights)

    return begin


def test_members_are_one_model_that_says_how_many_they_are(start: Start, silent: SilentObserver) -> None:
    session = start(steps=12, members=2)
    assert any("2 members, each 1 x 2 x 8 lstm" in line for line in session.description())
    session.run(silent)
    directory = session.directory
    assert directory.config().network.members == 2
    weights = directory.weights()
    assert {name.split(".")[0] for name in weights} == {"members"}
    assert not np.array_equal(weights["members.0.sources.weight"], weights["members.1.sources.weight"])
    assert len(load(directory.path).transduce(WORDS)) == len(WORDS)


@pytest.mark.filterwarnings("ignore:the loss broke at step")
@pytest.mark.parametrize(("members", "spoilt"), [(2, 0), (3, 2)])
def test_a_member_that_diverges_is_said_and_left_out_and_the_others_go_on(
    start: Start, pairs: PairSet, silent: SilentObserver, members: int, spoilt: int
) -> None:
    session = start(steps=20, members=members)
    said = f"member {spoilt + 1} of {members}: the loss broke again and again: it is left out"
    with pytest.warns(CharnnWarning, match=said):
        assert session.run(silent, Spoiler(session, spoilt, "output.weight", 9)) == "budget"
    assert session.directory.config().network.members == members - 1
    assert len(load(session.directory.path).transduce(WORDS)) == len(WORDS)
    longer = TransducerSession.resume(session.directory, pairs, Budget(steps=24), [1])
    assert longer.run(silent) == "budget"
    assert longer.directory.config().network.members == members - 1


def test_members_go_on_from_those_of_another_model(start: Start, silent: SilentObserver) -> None:
    first = start("first", steps=6, members=2)
    first.run(silent)
    kept = first.directory.weights()
    second = start("second", steps=1, source=first.directory.path)
    assert second.config.network.members == 2
    for name, parameter in second.network.named_parameters():
        np.testing.assert_array_equal(parameter.detach().numpy(), kept[name])
    with pytest.raises(UsageError, match="has members 2, not 3"):
        start("third", steps=1, source=first.directory.path, members=3)
