"""The heads' losses against sums over all sequences of tags, and against the decoders that they train."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from charnn.tasks.tagger.config import DecoderKind
from charnn.tasks.tagger.decoding.saved import decoder_from
from charnn.tasks.tagger.learn.heads import CrfHead, FeedbackHead, Head, IndependentHead, make_head
from charnn.training.hardware import autocast

each_kind = pytest.mark.parametrize("kind", ["independent", "feedback", "crf"])
few_tags, few_words, seeds = st.integers(1, 4), st.integers(1, 4), st.integers(0, 9999)
scales = st.sampled_from([0.5, 300.0])
"""At the second, transitions are too far apart for products of their exponentials, in float64 too."""

FEATURES = 3


def random_head(kind: DecoderKind, tags: int, *, scale: float = 0.5, dtype: torch.dtype = torch.float64) -> Head:
    """Every parameter drawn anew, as some start at 0."""
    head = FeedbackHead(FEATURES, tags, size=4) if kind == "feedback" else make_head(kind, FEATURES, tags)
    head.to(dtype)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=scale)
    return head


def all_sequences(tags: int, words: int) -> Tensor:
    return torch.tensor(list(product(range(tags), repeat=words)))


def nats_of_each(head: Head, features_TF: Tensor, tags_BT: Tensor) -> Tensor:
    """(B,): of each of these tags for the same words."""
    lengths_B = torch.tensor([len(features_TF)])
    return torch.stack([head.nats(features_TF[None], tags_T[None], lengths_B) for tags_T in tags_BT])


def batch(tags: int) -> tuple[Tensor, Tensor, Tensor]:
    """Three sentences of 4, 1 and 2 words."""
    return torch.randn(3, 4, FEATURES, dtype=torch.float64), torch.randint(tags, (3, 4)), torch.tensor([4, 1, 2])


@given(tags=few_tags, words=few_words, seed=seeds, scale=scales)
@settings(max_examples=30)
def test_the_likelihood_of_the_crf_is_that_of_its_definition(tags: int, words: int, seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    head = random_head("crf", tags, scale=scale)
    assert isinstance(head, CrfHead)
    features_TF = torch.randn(words, FEATURES, dtype=torch.float64)
    sequences = all_sequences(tags, words)
    scores_TK = head.scores(features_TF)

    def total(sequence: list[int]) -> Tensor:
        within = sum(scores_TK[t, tag] for t, tag in enumerate(sequence))
        between = sum(head.transitions[a, b] for a, b in pairwise(sequence))
        return head.start[sequence[0]] + within + between + head.end[sequence[-1]]

    totals = torch.stack([total(sequence) for sequence in sequences.tolist()])
    expected = totals.logsumexp(0) - totals
    torch.testing.assert_close(nats_of_each(head, features_TF, sequences), expected, rtol=1e-9, atol=1e-9)


@given(tags=few_tags, words=few_words, seed=seeds, scale=scales)
@settings(max_examples=30)
def test_the_crf_sums_over_the_tags_of_words_that_have_none(tags: int, words: int, seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    head = random_head("crf", tags, scale=scale)
    features_TF = torch.randn(words, FEATURES, dtype=torch.float64)
    sequences = all_sequences(tags, words)
    partial_T = torch.where(torch.rand(words) < 0.5, -2, torch.randint(tags, (words,)))
    agree = ((sequences == partial_T) | (partial_T < 0)).all(1)
    expected = -torch.logsumexp(-nats_of_each(head, features_TF, sequences[agree]), 0)
    (nats,) = nats_of_each(head, features_TF, partial_T[None])
    torch.testing.assert_close(nats, expected, rtol=1e-9, atol=1e-9)
    nats.backward()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in head.parameters())


@pytest.mark.parametrize("kind", ["independent", "feedback"])
def test_words_without_a_tag_have_no_loss(kind: DecoderKind) -> None:
    torch.manual_seed(0)
    head = random_head(kind, 3)
    features_BTF, tags_BT, lengths_B = batch(3)
    partial_BT = tags_BT.clone()
    partial_BT[0, 3] = partial_BT[1, 0] = -2  # nothing follows either
    whole = head.nats(features_BTF, tags_BT, lengths_B)
    alone = head.nats(features_BTF[:1, :3], tags_BT[:1, :3], torch.tensor([3]))
    rest = head.nats(features_BTF[2:], tags_BT[2:], lengths_B[2:])
    torch.testing.assert_close(head.nats(features_BTF, partial_BT, lengths_B), alone + rest)
    assert bool(whole > alone + rest)


def test_feedback_reads_what_it_would_choose_where_the_word_before_has_no_tag() -> None:
    torch.manual_seed(0)
    head = random_head("feedback", 3)
    features_BTF = torch.randn(1, 3, FEATURES, dtype=torch.float64)
    lengths_B, tags_BT = torch.tensor([3]), torch.tensor([[1, -2, 2]])
    allowed_BTK = np.ones((1, 3, 3), np.bool_)
    allowed_BTK[0, 0], allowed_BTK[0, 2] = (False, True, False), (False, False, True)
    scores = head.scores(features_BTF).numpy(force=True)
    chosen = int(head.decoder().decode(scores, np.array([3]), allowed_BTK=allowed_BTK).tags_BT[0, 1])
    filled = [head.nats(features_BTF, torch.tensor([[1, tag, 2]]), lengths_B) for tag in range(3)]
    of_gap = [head.nats(features_BTF[:, :2], torch.tensor([[1, tag]]), lengths_B - 1) for tag in range(3)]
    first = head.nats(features_BTF[:, :1], torch.tensor([[1]]), torch.tensor([1]))
    torch.testing.assert_close(head.nats(features_BTF, tags_BT, lengths_B), filled[chosen] - of_gap[chosen] + first)


def test_the_loss_of_feedback_is_that_of_each_word_after_the_right_tag() -> None:
    torch.manual_seed(0)
    head = random_head("feedback", 3)
    assert isinstance(head, FeedbackHead)
    features_BTF, tags_BT, lengths_B = batch(3)
    expected = torch.tensor(0.0, dtype=torch.float64)
    for features_TF, tags, length in zip(features_BTF, tags_BT.tolist(), lengths_B, strict=True):
        for t in range(length):
            previous = tags[t - 1] if t else 3
            hidden_S = torch.tanh(head.scores(features_TF[t]) + head.tag_vectors.weight[previous])
            logits_K = head.output.weight @ hidden_S + head.output.bias
            expected -= torch.log_softmax(logits_K, -1)[tags[t]]
    torch.testing.assert_close(head.nats(features_BTF, tags_BT, lengths_B), expected)


def test_the_loss_of_independent_is_by_hand() -> None:
    head = IndependentHead(2, 2)
    torch.nn.init.eye_(head.scores_layer.weight)
    features_BTF = torch.tensor([[[0.75, 0.25], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]]).log()
    nats = head.nats(features_BTF, torch.tensor([[0, 0], [1, 1]]), torch.tensor([2, 1]))
    assert nats.item() == pytest.approx(-math.log(0.75 * 0.2 * 0.4))


@pytest.mark.parametrize(("kind", "scale"), [("independent", 0.5), ("feedback", 0.5), ("crf", 0.5), ("crf", 300.0)])
def test_gradients_are_those_of_finite_differences(kind: DecoderKind, scale: float) -> None:
    torch.manual_seed(0)
    head = random_head(kind, 3)
    if isinstance(head, CrfHead):
        with torch.no_grad():  # only the way through is to be another, not the softness of what comes out
            head.transitions[0] += scale
            head.transitions[:, 0] -= scale
    features_BTF, tags_BT, lengths_B = batch(3)
    inputs = [features_BTF.requires_grad_(), *head.parameters()]  # perturbed in place, so the head sees it
    assert torch.autograd.gradcheck(lambda *_: head.nats(features_BTF, tags_BT, lengths_B), inputs)


@each_kind
@given(seed=seeds, garbage=st.sampled_from([math.nan, math.inf, 1e30, 0.0]), tag=st.sampled_from([-100, -1, 0, 10**6]))
@settings(max_examples=15)
def test_what_stands_at_padded_places_changes_neither_loss_nor_gradients(
    kind: DecoderKind, seed: int, garbage: float, tag: int
) -> None:
    torch.manual_seed(seed)
    head = random_head(kind, 3)
    features_BTF, tags_BT, lengths_B = batch(3)

    def gradients(loss: Tensor) -> list[Tensor]:
        return [loss.detach(), *torch.autograd.grad(loss, list(head.parameters()), allow_unused=True)]

    padding_BT = torch.arange(4) >= lengths_B[:, None]
    padded_BTF = features_BTF.masked_fill(padding_BT[..., None], garbage).requires_grad_()
    padded = head.nats(padded_BTF, tags_BT.masked_fill(padding_BT, tag), lengths_B)
    alone = torch.stack(
        [
            head.nats(features_BTF[i : i + 1, :n], tags_BT[i : i + 1, :n], lengths_B[i : i + 1])
            for i, n in enumerate(lengths_B)
        ]
    ).sum()
    torch.testing.assert_close(gradients(padded), gradients(alone))

    (gradient_BTF,) = torch.autograd.grad(head.nats(padded_BTF, tags_BT, lengths_B), [padded_BTF])
    assert not gradient_BTF[padding_BT].any()
    assert gradient_BTF.isfinite().all()


@each_kind
def test_loss_and_scores_are_fp32_under_autocast(kind: DecoderKind) -> None:
    torch.manual_seed(0)
    head = random_head(kind, 5, dtype=torch.float32)
    features_BTF, tags_BT, lengths_B = batch(5)
    narrow_BTF = features_BTF.to(torch.bfloat16)
    with autocast("bf16", torch.device("cpu"))():
        nats, scores_BTS = head.nats(narrow_BTF, tags_BT, lengths_B), head.scores(narrow_BTF)
    assert nats.dtype == scores_BTS.dtype == torch.float32
    wide = head.double().nats(narrow_BTF.double(), tags_BT, lengths_B)
    assert nats.item() == pytest.approx(wide.item(), rel=1e-6)


@each_kind
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_extreme_scores_and_weights_overflow_nothing(kind: DecoderKind, scale: float) -> None:
    torch.manual_seed(0)
    head = random_head(kind, 5, scale=scale, dtype=torch.float32)
    features_BTF, tags_BT, lengths_B = batch(5)
    nats = head.nats(features_BTF, tags_BT, lengths_B)
    gradients = torch.autograd.grad(nats, list(head.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)
    wide = head.double().nats(features_BTF.float().double(), tags_BT, lengths_B)
    assert nats.item() == pytest.approx(wide.item(), rel=1e-4)


@pytest.mark.parametrize("apart", [40.0, 43.0, 44.0, 90.0, 200.0])
def test_a_way_past_the_worst_transitions_is_not_lost_in_fp32(apart: float) -> None:
    """Tag 0 is ahead by as much as the transitions from it are behind: the first tags are alike, however far."""
    head = CrfHead(2, 2)
    torch.nn.init.eye_(head.scores_layer.weight)
    head.transitions.data = torch.tensor([[-apart, -apart], [0.0, 0.0]])
    features_BTF = torch.tensor([[[apart, 0.0], [0.0, math.log(3)]]], requires_grad=True)
    nats = head.nats(features_BTF, torch.tensor([[0, 1]]), torch.tensor([2]))
    assert nats.item() == pytest.approx(-math.log(0.5 * 0.75), rel=1e-4)
    (gradient_BTF,) = torch.autograd.grad(nats, [features_BTF])
    torch.testing.assert_close(gradient_BTF, torch.tensor([[[-0.5, 0.5], [0.25, -0.25]]]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["independent", "crf"])
def test_the_first_loss_is_that_of_a_uniform_guess(kind: DecoderKind) -> None:
    torch.manual_seed(0)
    head = make_head(kind, 20, 11)
    nats = head.nats(torch.randn(16, 16, 20), torch.randint(11, (16, 16)), torch.full((16,), 16))
    assert nats.item() / 256 == pytest.approx(math.log(11), abs=0.05)


def test_the_layer_below_that_of_the_feedback_learns_from_the_first_step() -> None:
    """Its gradient is at least a third of that of the same layer in an independent head, which has nothing above it."""
    torch.manual_seed(0)
    features_BTF, tags_BT, lengths_B = torch.randn(16, 16, 256), torch.randint(3, (16, 16)), torch.full((16,), 16)
    norms = {}
    for kind in ("independent", "feedback"):
        head = make_head(kind, 256, 3)
        (gradient,) = torch.autograd.grad(head.nats(features_BTF, tags_BT, lengths_B), [head.scores_layer.weight])
        norms[kind] = gradient.norm().item()
    assert norms["feedback"] > norms["independent"] / 3


def test_parameter_names_and_shapes_are_those_of_the_weights_file() -> None:
    scores = {"scores_layer.weight": (5, 3), "scores_layer.bias": (5,)}
    of_each: dict[DecoderKind, dict[str, tuple[int, ...]]] = {
        "independent": scores,
        "feedback": {
            "scores_layer.weight": (64, 3),
            "scores_layer.bias": (64,),
            "tag_vectors.weight": (6, 64),
            "output.weight": (5, 64),
            "output.bias": (5,),
        },
        "crf": {**scores, "transitions": (5, 5), "start": (5,), "end": (5,)},
    }
    for kind, expected in of_each.items():
        head = make_head(kind, 3, 5)
        assert {name: tuple(tensor.shape) for name, tensor in head.state_dict().items()} == expected
        assert head.score_size == head.decoder().score_size == expected["scores_layer.bias"][0]


@each_kind
def test_the_decoder_can_be_made_again_from_the_arrays_and_outlives_training(kind: DecoderKind) -> None:
    torch.manual_seed(0)
    head = random_head(kind, 4, dtype=torch.float32)
    features_BTF, _, lengths_B = batch(4)
    scores_BTS = head.scores(features_BTF).numpy(force=True)
    arrays, decoder = head.arrays(), head.decoder()
    before = decoder.decode(scores_BTS, lengths_B.numpy(), probabilities=True)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.add_(1)
    for later in (decoder, decoder_from(kind, arrays, tags=4)):
        after = later.decode(scores_BTS, lengths_B.numpy(), probabilities=True)
        np.testing.assert_array_equal(before.tags_BT, after.tags_BT)
        np.testing.assert_array_equal(before.probabilities_BTK, after.probabilities_BTK)


@pytest.mark.parametrize("kind", ["independent", "feedback"])
def test_the_decoders_probabilities_of_what_it_chose_are_the_heads(kind: DecoderKind) -> None:
    torch.manual_seed(0)
    head = random_head(kind, 4)
    features_BTF, _, lengths_B = batch(4)
    decoding = head.decoder().decode(head.scores(features_BTF).numpy(force=True), lengths_B.numpy(), probabilities=True)
    assert decoding.probabilities_BTK is not None
    tags_BT = decoding.tags_BT.astype(np.int64)
    chosen_BT = np.take_along_axis(decoding.probabilities_BTK, tags_BT[..., None], -1)[..., 0]
    expected = -np.log(chosen_BT[np.arange(4) < lengths_B.numpy()[:, None]]).sum()
    nats = head.nats(features_BTF, torch.from_numpy(tags_BT), lengths_B)
    assert nats.item() == pytest.approx(expected, rel=1e-5)


def test_the_crf_decoders_choice_is_the_most_probable_and_its_marginals_are_the_heads_gradients() -> None:
    """The derivative of -ln p by a score is the marginal probability, less 1 at the tag that the sentence has."""
    torch.manual_seed(0)
    head = CrfHead(4, 4)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    head.scores_layer.load_state_dict({"weight": torch.eye(4), "bias": torch.zeros(4)})  # features are scores
    features_BTF = torch.randn(3, 4, 4, requires_grad=True)
    lengths_B = torch.tensor([4, 1, 2])
    decoding = head.decoder().decode(features_BTF.numpy(force=True), lengths_B.numpy(), probabilities=True)
    tags_BT = torch.from_numpy(decoding.tags_BT).long()

    nats = head.nats(features_BTF, tags_BT, lengths_B)
    (gradient_BTF,) = torch.autograd.grad(nats, [features_BTF])
    word_BT = torch.arange(4) < lengths_B[:, None]
    marginals_BTK = (gradient_BTF + torch.eye(4)[tags_BT]) * word_BT[..., None]
    np.testing.assert_allclose(decoding.probabilities_BTK, marginals_BTK.numpy(), atol=1e-6)

    for features_TF, tags_T, length in zip(features_BTF.detach(), tags_BT, lengths_B, strict=True):
        nats_N = nats_of_each(head, features_TF[:length], all_sequences(4, int(length)))
        chosen = nats_of_each(head, features_TF[:length], tags_T[None, :length])
        assert chosen.item() == pytest.approx(nats_N.min().item(), abs=1e-5)


def accuracy_after_training(head: Head, features_BTF: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> float:
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        head.nats(features_BTF, tags_BT, lengths_B).backward()
        optimizer.step()
    decoded_BT = head.decoder().decode(head.scores(features_BTF).numpy(force=True), lengths_B.numpy()).tags_BT
    word_BT = np.arange(tags_BT.shape[1]) < lengths_B.numpy()[:, None]
    return float((decoded_BT == tags_BT.numpy())[word_BT].mean())


@each_kind
def test_a_head_learns_tags_that_the_features_tell(kind: DecoderKind) -> None:
    torch.manual_seed(0)
    tags_BT = torch.randint(5, (8, 6))
    lengths_B = torch.tensor([6, 1, 4, 2, 6, 3, 5, 6])
    assert accuracy_after_training(make_head(kind, 5, 5), torch.eye(5)[tags_BT], tags_BT, lengths_B) == 1


@each_kind
def test_tags_that_only_the_tag_before_tells_are_learned_where_it_is_an_input(kind: DecoderKind) -> None:
    """The first word tells its tag; each other tag is the one before it plus 1, modulo 3, and its word tells nothing.

    Best for a head that cannot see tags is one right tag in three, beside the first words.
    """
    torch.manual_seed(0)
    tags_BT = (torch.arange(3)[:, None] + torch.arange(10)) % 3
    features_BTF = torch.zeros(3, 10, 3)
    features_BTF[:, 0] = torch.eye(3)
    accuracy = accuracy_after_training(make_head(kind, 3, 3), features_BTF, tags_BT, torch.tensor([10, 10, 10]))
    if kind == "independent":
        assert accuracy == pytest.approx((3 + 9) / 30)
    else:
        assert accuracy == 1
