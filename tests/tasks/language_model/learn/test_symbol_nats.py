"""What symbols cost is the same, and has the same gradients, whether all logits are held at once or a part of them."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import Tensor

from charnn.tasks.language_model.conditions import COUNTDOWN
from charnn.tasks.language_model.config import LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn import symbol_nats as module
from charnn.tasks.language_model.learn.data import IGNORED
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.symbol_nats import symbol_nats
from charnn.tokenizers.base import STOP_ID

ROWS, LANES, STEPS, SYMBOLS = 3, 2, 7, 11


def nats_and_gradients(stopping: Stopping, *, said: bool) -> tuple[Tensor, list[Tensor]]:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(SYMBOLS, hidden_size=5, embedding_size=4, layers=1, stopping=stopping)
    network = LanguageModelNetwork(config).double()
    ids_BT = torch.randint(1, SYMBOLS, (ROWS, STEPS))
    targets_BT = torch.randint(1, SYMBOLS, (ROWS, STEPS))
    remaining_BT = torch.arange(STEPS - 1, -1, -1).expand(ROWS, STEPS)
    if stopping == "length":
        targets_BT[:, -1] = STOP_ID
    targets_BT[2, 4:] = IGNORED
    rows = {COUNTDOWN.name: remaining_BT} if stopping == "length" else {}
    said_BTV = torch.rand(LANES, STEPS, SYMBOLS, dtype=torch.float64).softmax(-1) if said else None
    y_BTH, _ = network.read(ids_BT, network.initial_state(ROWS), rows)
    nats = symbol_nats(network, y_BTH, targets_BT, rows, lanes=LANES, said_BTV=said_BTV)
    nats.backward()
    return nats.detach(), [parameter.grad for parameter in network.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("part", [1, ROWS * SYMBOLS, 3 * ROWS * SYMBOLS, 1000 * SYMBOLS])
@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("stopping", get_args(Stopping))
def test_parts_cost_what_the_whole_costs(
    stopping: Stopping, said: bool, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, whole_gradients = nats_and_gradients(stopping, said=said and stopping != "length")
    monkeypatch.setattr(module, "MOST_LOGITS", ROWS * STEPS * SYMBOLS - 1)
    monkeypatch.setattr(module, "PART_LOGITS", part)
    nats, gradients = nats_and_gradients(stopping, said=said and stopping != "length")
    torch.testing.assert_close(nats, whole)
    assert len(gradients) == len(whole_gradients) > 0
    for one, other in zip(gradients, whole_gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_no_part_has_more_logits_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    logits = LanguageModelNetwork.logits

    def counted(network: LanguageModelNetwork, y: Tensor, *others: object) -> Tensor:
        found = logits(network, y, *others)  # type: ignore[arg-type]
        seen.append(found.numel())
        return found

    monkeypatch.setattr(LanguageModelNetwork, "logits", counted)
    nats_and_gradients("symbol", said=False)
    assert seen == [ROWS * STEPS * SYMBOLS]
    seen.clear()
    monkeypatch.setattr(module, "MOST_LOGITS", 0)
    monkeypatch.setattr(module, "PART_LOGITS", 2 * ROWS * SYMBOLS + 1)
    nats_and_gradients("symbol", said=False)
    assert max(seen) == 2 * ROWS * SYMBOLS
    assert sum(seen) == 2 * ROWS * STEPS * SYMBOLS, "once for the loss, once for its gradients"
