"""Several recurrent parts are trained side by side beside one direct path: the mean of their logits is one expert."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import charnn
from charnn import api
from charnn.errors import CharnnWarning, ModelFormatError
from charnn.linear.mixture import Mixture
from charnn.tasks.classifier.config import ClassifierNetworkConfig
from charnn.tasks.classifier.directory import BIAS, ClassifierDirectory
from charnn.tasks.classifier.graph import classifier_graph
from charnn.tasks.classifier.learn.network import ClassifierEnsemble, make_network
from charnn.tasks.classifier.use.text_classifier import RuntimeClassifierNetwork
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.training.distributed.processes import ALONE

LENGTHS_N = np.array([5, 1, 3])
IDS = np.random.default_rng(0).integers(1, 9, LENGTHS_N.sum()).astype(np.int32)
LABELLED = "".join(f"cat\tthe cat sat on mat {n}\ndog\tthe dog ran down road {n}\n" for n in range(20))
SMALL: dict[str, Any] = {"layers": 1, "hidden": 8, "embedding": 6, "precision": "fp32"}


def ensemble_of(members: int = 3, **fields: Any) -> ClassifierEnsemble:
    torch.manual_seed(0)
    network = make_network(ClassifierNetworkConfig(9, 4, 0, hidden_size=5, embedding_size=3, members=members, **fields))
    assert isinstance(network, ClassifierEnsemble)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return network.eval()


def logits_by(network: Any) -> Any:
    """(N, K), as a model that is used gives them."""
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return RuntimeClassifierNetwork(classifier_graph(network.config, weights), 4).logits(IDS, LENGTHS_N) + weights[BIAS]


@pytest.mark.parametrize(
    "kind",
    [{"pool": pool} for pool in ("last", "mean", "max", "attention")]
    + [{"layers": 2, "cell": "gru", "residual": True}],
    ids=str,
)
def test_logits_are_the_mean_of_those_of_each_member_as_a_model_of_its_own(kind: dict[str, Any]) -> None:
    network = ensemble_of(**kind)
    each = [logits_by(member) for member in network.each]
    assert np.abs(each[0] - each[1]).max() > 0.05, "they differ"
    np.testing.assert_allclose(logits_by(network), np.mean(each, 0), atol=1e-5)
    ids_BT = np.zeros((3, 5), np.int64)
    ids_BT[np.arange(5) < LENGTHS_N[:, None]] = IDS
    with torch.no_grad():
        ours = network(torch.from_numpy(ids_BT), torch.from_numpy(LENGTHS_N))
    np.testing.assert_allclose(logits_by(network), ours.numpy(), atol=1e-5)


def test_the_share_of_the_network_is_that_of_all_members_together() -> None:
    network = ensemble_of()
    before = logits_by(network)
    network.mixture = Mixture(np.array([0.25]), np.arange(4.0))
    np.testing.assert_allclose(logits_by(network), 0.25 * before + np.arange(4.0), atol=1e-5)


def test_without_a_member_the_direct_path_and_the_mixture_stay() -> None:
    network = ensemble_of()
    network.direct, network.mixture = object(), Mixture.equal(2, 4)  # type: ignore[assignment]
    two = network.without(1)
    assert isinstance(two, ClassifierEnsemble)
    assert two.each == [network.each[0], network.each[2]]
    one = two.without(0)
    assert one is network.each[2]
    for left in (two, one):
        assert left.direct is network.direct
        assert left.mixture is network.mixture


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Any]:
    data = tmp_path / "texts.tsv"
    data.write_text(LABELLED, "utf-8")

    def make(name: str, **options: Any) -> Any:
        values = {"batch": 4, **SMALL, **options}
        return api.start([str(data)], "classifier", values, out=tmp_path / name, overwrite=False, processes=ALONE)

    return make


@pytest.mark.filterwarnings("ignore:the loss broke at step")
@pytest.mark.parametrize(("members", "spoilt"), [(2, 0), (3, 1)])
def test_a_member_that_diverges_is_said_and_left_out_and_the_others_go_on(
    start: Callable[..., Any], members: int, spoilt: int
) -> None:
    session = start("model", steps=20, members=members)

    def spoil() -> bool:
        network = session.network
        if session.loop.progress.step == 9 and network.config.members == members:
            with torch.no_grad():
                network.each[spoilt].head.weight[0, 0] = math.nan
        return False

    with pytest.warns(CharnnWarning, match=f"member {spoilt + 1} of {members}: the loss broke again and again"):
        assert session.run(api.SilentObserver(), spoil) == "budget"
    config = session.directory.config()
    assert config.network.members == members - 1
    assert config.scores is not None
    assert all(np.isfinite(array).all() for array in session.directory.weights().values())
    longer = api.go_on(str(session.directory.path), [], {"steps": 24}, processes=ALONE)
    assert longer.run(api.SilentObserver()) == "budget"
    with charnn.load(session.directory.path) as model:
        assert [said.label for said in model.classify(["the cat sat", "a dog ran"])] == ["cat", "dog"]


def test_members_begin_with_those_of_the_model_that_they_start_from_in_turn(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    first = start("first", steps=2, members=2)
    first.run(api.SilentObserver())
    kept = ClassifierDirectory(tmp_path / "first").weights()
    for name, options, number in (("same", {}, 2), ("more", {"members": 3}, 3), ("one", {"members": 1}, 1)):
        session = start(name, steps=1, start_from=str(tmp_path / "first"), **options)
        assert session.config.network.members == number
        for n, member in enumerate(session.network.each):
            for weight, parameter in member.forwards.recurrent.named_parameters():
                ours = kept[f"members.{n % 2}.forwards.recurrent.{weight}"]
                np.testing.assert_array_equal(parameter.detach().numpy(), ours)
        session.directory.discard_unsaved()


def test_a_classifier_starts_from_the_members_of_a_language_model(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("the cat sat on the mat.\na dog ran.\n" * 20, "utf-8")
    charnn.train(tmp_path / "text.txt", steps=2, out=tmp_path / "reader", members=2, **SMALL)
    kept = LanguageModelDirectory(tmp_path / "reader").weights()
    session = start("model", steps=1, start_from=str(tmp_path / "reader"))
    assert session.config.network.members == 1
    begun = dict(session.network.forwards.recurrent.named_parameters())
    assert begun
    for name, parameter in begun.items():
        np.testing.assert_array_equal(parameter.detach().numpy(), kept[f"members.0.recurrent.{name}"])


def test_a_member_that_is_missing_is_damage(start: Callable[..., Any]) -> None:
    session = start("model", steps=2, members=2)
    session.run(api.SilentObserver())
    directory = session.directory
    config = directory.config()
    directory.write_config(dataclasses.replace(config, network=dataclasses.replace(config.network, members=3)))
    with pytest.raises(ModelFormatError, match=r"there is no 'members\.2\.embedding\.weight'"):
        charnn.load(directory.path).classify(["the cat"])
