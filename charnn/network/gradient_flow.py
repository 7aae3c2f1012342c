"""A plain recurrent layer whose recurrent matrix is also taught to let the gradient flow.

The regulariser of Pascanu, Mikolov and Bengio 2013 (Goodfellow, Bengio and Courville 2016, equation 10.52):
backwards through time, the gradient should neither shrink nor grow. With the total derivative g_t = dC/dh_t, which
backpropagation through time has at hand at every step,

    Omega = mean over lanes and steps of (|(g_t * (1 - h_t^2)) W| / |g_t| - 1)^2        h_t = tanh(b + W h_t-1 + U x_t)

and the gradient of W gets strength * dOmega/dW on top, where g_t and h_t are held constant, as in the paper. Omega
has no unit: it stays the same when the loss is multiplied by a number, and so then weighs less or more beside it.

The first step of a window does not count: its product is the gradient of the state that was carried in, which
truncated BPTT throws away, so there is nothing to preserve. Nor do steps whose g_t is zero, such as those after the
last one that has a target, or too small for its products to have all their digits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from charnn.network.cells import CellWeights, precisions


def rnn_with_gradient_flow(
    x_BTE: Tensor, hidden_BH: Tensor, weights: CellWeights, strength: float
) -> tuple[Tensor, Tensor]:
    """The outputs (B, T, H) and the last hidden state (B, H) of `cells.rnn` over a window, from `hidden_BH`.

    The values and gradients are those of the cell, but for the gradient of `weight_hh`, to which the backward pass
    adds `strength` * dOmega/dW. Under autocast, products and outputs have its precision. States, gradients and norms
    between the products are fp32, and the last state has the precision of `hidden_BH`. There is no second derivative.
    """
    outputs_BTH, last_BH = _Layer.apply(x_BTE, hidden_BH, *weights, strength)  # type: ignore[no-untyped-call]
    return outputs_BTH, last_BH


def omega(g_BTH: Tensor, h_BTH: Tensor, weight_hh: Tensor) -> Tensor:
    """Omega of a window, a scalar, from g_t = dC/dh_t and h_t at each of its steps.

    The first step does not count. Omega is 0 where no step counts.
    """
    g_BTH, h_BTH = g_BTH[:, 1:], h_BTH[:, 1:]
    flow = _flow(g_BTH, (g_BTH * (1 - h_BTH**2)) @ weight_hh)
    return ((flow.ratio - 1) ** 2 * flow.counts).sum() / flow.counts.sum().clamp(min=1)


class _Flow(NamedTuple):
    """How much of the gradient goes through at each lane and step. The last dimension of all three tensors is 1."""

    counts: Tensor
    """Whether the step counts, a boolean."""
    norm: Tensor
    """The norm |g|, or 1 where the step does not count."""
    ratio: Tensor
    """The ratio |(g * (1 - h^2)) W| / |g|, or 0 where the step does not count."""


def _flow(g: Tensor, before: Tensor) -> _Flow:
    """The flow at each step, from g = dC/dh and `before`, the part of it that arrives a step earlier; both (..., H)."""
    limits = torch.finfo(g.dtype)
    peak = g.abs().amax(-1, keepdim=True)
    counts = peak > limits.tiny / limits.eps**2
    # Norms are taken relative to the peak, as squares of the gradients of a mean over many targets would underflow.
    scale = torch.where(counts, peak, 1)
    norm = torch.where(counts, torch.linalg.vector_norm(g / scale, dim=-1, keepdim=True), 1)
    norm_before = torch.where(counts, torch.linalg.vector_norm(before / scale, dim=-1, keepdim=True), 0)
    return _Flow(counts, norm * scale, norm_before / norm)


def _omega_gradient(g_TBH: Tensor, inner_TBH: Tensor, before_TBH: Tensor) -> Tensor:
    """dOmega/dW, (H, H), from `inner` = g * (1 - h^2) and `before` = inner @ W, in the precision of the products.

    It is the mean of 2 (1 - 1 / ratio) * outer(inner, before) / |g|^2 over the lanes and steps that count, which takes
    one product of matrices.
    """
    flow = _flow(g_TBH, before_TBH)
    # There is no derivative where nothing arrives or the step does not count, and too few digits just above 0.
    arrives = flow.ratio > torch.finfo(g_TBH.dtype).eps
    factor = torch.where(arrives, 2 * (1 - 1 / torch.where(arrives, flow.ratio, 1)), 0)
    left_TBH = (inner_TBH / flow.norm).to(inner_TBH.dtype)
    right_TBH = (before_TBH * (factor / flow.norm)).to(inner_TBH.dtype)
    summed = left_TBH.flatten(0, 1).T @ right_TBH.flatten(0, 1)
    return summed.to(g_TBH.dtype) / flow.counts.sum().clamp(min=1)


class _Layer(torch.autograd.Function):
    """The layer as one function of autograd.

    Its tensors are time-major, (T, B, ...), so that a step is one block of memory. N is T*B, and there are T+1 states.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x_BTE: Tensor,
        hidden_BH: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
        strength: float,
    ) -> tuple[Tensor, Tensor]:
        exact, product = precisions(weight_hh)
        x_TBE = x_BTE.to(product).transpose(0, 1).contiguous()
        W = weight_hh.to(product)
        inputs_TBH = x_TBE @ weight_ih.to(product).T + (bias_ih + bias_hh).to(exact)
        states_TBH = inputs_TBH.new_empty(inputs_TBH.shape[0] + 1, *hidden_BH.shape)
        states_TBH[0] = hidden_BH
        for input_BH, before_BH, h_BH in zip(inputs_TBH, states_TBH[:-1], states_TBH[1:], strict=True):
            torch.add(input_BH, before_BH.to(product) @ W.T, out=h_BH).tanh_()
        ctx.save_for_backward(x_TBE, states_TBH, weight_ih, weight_hh)
        ctx.product, ctx.strength = product, strength
        # The last state is a copy: a view would keep the window in memory for as long as the state is carried.
        return states_TBH[1:].transpose(0, 1).to(product), states_TBH[-1].to(hidden_BH.dtype, copy=True)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream_BTH: Tensor, upstream_last_BH: Tensor) -> tuple[Tensor | None, ...]:
        """Backpropagation through time (Goodfellow, Bengio and Courville 2016, equations 10.20 to 10.28)."""
        x_TBE, states_TBH, weight_ih, weight_hh = ctx.saved_tensors
        product: torch.dtype = ctx.product
        with torch.autocast(weight_hh.device.type, enabled=False):
            U, W = weight_ih.to(product), weight_hh.to(product)
            slope_TBH = 1 - states_TBH[1:] ** 2
            g_TBH = torch.empty_like(slope_TBH)
            inner_TBH = torch.empty_like(slope_TBH, dtype=product)
            before_TBH = torch.empty_like(inner_TBH)
            from_later_BH = upstream_last_BH
            for t in reversed(range(len(g_TBH))):
                torch.add(upstream_BTH[:, t], from_later_BH, out=g_TBH[t])
                torch.mul(g_TBH[t], slope_TBH[t], out=inner_TBH[t])
                from_later_BH = torch.mm(inner_TBH[t], W, out=before_TBH[t])

            inner_NH = inner_TBH.flatten(0, 1)
            weight_ih_gradient = (inner_NH.T @ x_TBE.flatten(0, 1)).to(weight_ih.dtype)
            weight_hh_gradient = (inner_NH.T @ states_TBH[:-1].flatten(0, 1).to(product)).to(weight_hh.dtype)
            if ctx.strength and ctx.needs_input_grad[3]:
                weight_hh_gradient += ctx.strength * _omega_gradient(g_TBH[1:], inner_TBH[1:], before_TBH[1:])
            bias_gradient = inner_NH.sum(0, dtype=slope_TBH.dtype).to(weight_hh.dtype)
            x_gradient_BTE = (inner_TBH @ U).transpose(0, 1) if ctx.needs_input_grad[0] else None
        gradients = x_gradient_BTE, from_later_BH, weight_ih_gradient, weight_hh_gradient, bias_gradient, bias_gradient
        return *gradients, None
