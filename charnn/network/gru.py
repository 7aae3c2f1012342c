"""Reads a window with a gru on the CPU, where torch has no code of its own for the cell.

oneDNN computes an lstm's window as one operation. For a gru torch runs some thirty operations at each step, forwards
and backwards, and at each step it adds a product to the gradient of both matrices. Here a step takes seven and eleven
operations, and the gradient of a matrix is one product for the whole window.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from charnn.network.cells import CellWeights, precisions

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
"""Gives g * y * (1 - y), from g and y = sigmoid(x), in the tensor `grad_input`."""
tanh_backward = torch.ops.aten.tanh_backward.grad_input
"""Gives g * (1 - y^2), from g and y = tanh(x), in the tensor `grad_input`."""


def gru_window(x_BTE: Tensor, hidden_BH: Tensor, weights: CellWeights) -> tuple[Tensor, Tensor]:
    """The outputs (B, T, H) and the last hidden state (B, H) of `charnn.cells.gated.gru` over a window.

    Under autocast, products and outputs have its precision. What lies between the products is fp32, and the last state
    has the precision of `hidden_BH`. There is no second derivative.
    """
    outputs_BTH, last_BH = _Window.apply(x_BTE, hidden_BH, *weights)  # type: ignore[no-untyped-call]
    return outputs_BTH, last_BH


class _Window(torch.autograd.Function):
    """The window as one function of autograd.

    Its tensors are time-major, (T, B, ...), so that a step is one block of memory. There are T+1 states.
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
    ) -> tuple[Tensor, Tensor]:
        exact, product = precisions(weight_hh)
        H = hidden_BH.shape[1]
        x_TBE = x_BTE.to(product).transpose(0, 1).contiguous()
        W = weight_hh.to(product).T
        bias = bias_ih.to(exact, copy=True)
        bias[: 2 * H] += bias_hh[: 2 * H]  # that of n stays apart, since r multiplies it
        gates_TBG = (x_TBE @ weight_ih.to(product).T).to(exact).add_(bias)  # they become r, z and n
        states_TBH = gates_TBG.new_empty(len(gates_TBG) + 1, *hidden_BH.shape)
        from_hidden_TBH = gates_TBG.new_empty(len(gates_TBG), *hidden_BH.shape)
        products_BG = torch.empty_like(gates_TBG[0], dtype=product)
        states_TBH[0] = hidden_BH
        for t, gates_BG in enumerate(gates_TBG):
            torch.mm(states_TBH[t].to(product), W, out=products_BG)
            rz_B2H, n_BH = gates_BG[:, : 2 * H], gates_BG[:, 2 * H :]
            rz_B2H.add_(products_BG[:, : 2 * H]).sigmoid_()
            torch.add(products_BG[:, 2 * H :], bias_hh[2 * H :], out=from_hidden_TBH[t])
            n_BH.addcmul_(rz_B2H[:, :H], from_hidden_TBH[t]).tanh_()
            torch.lerp(n_BH, states_TBH[t], rz_B2H[:, H:], out=states_TBH[t + 1])
        ctx.save_for_backward(x_TBE, states_TBH, gates_TBG, from_hidden_TBH, weight_ih, weight_hh)
        ctx.product = product
        # The last state is a copy: a view would keep the window in memory for as long as the state is carried.
        return states_TBH[1:].transpose(0, 1).to(product), states_TBH[-1].to(hidden_BH.dtype, copy=True)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream_BTH: Tensor, upstream_last_BH: Tensor) -> tuple[Tensor | None, ...]:
        """Backpropagation through time.

        With g = dC/dh' and m = W h + b_hh of the gate n: dC/dn = g (1 - z) (1 - n^2), dC/dz = g (h - n) z (1 - z), and
        dC/dr = dC/dn m r (1 - r), before their nonlinearities; dC/dm = dC/dn r. What reaches h is g z and, through W,
        the gradients of m, r and z.
        """
        x_TBE, states_TBH, gates_TBG, from_hidden_TBH, weight_ih, weight_hh = ctx.saved_tensors
        exact, product, H = gates_TBG.dtype, ctx.product, states_TBH.shape[-1]
        with torch.autocast(weight_hh.device.type, enabled=False):
            W = weight_hh.roll(H, 0).to(product)  # the gates in the order n, r, z
            # The gradients of m, r, z and n lie side by side, so that those of either product's gates are neighbours.
            gradients_TBG = gates_TBG.new_empty(*gates_TBG.shape[:2], 4 * H, dtype=product)
            step_BG = torch.empty_like(gradients_TBG[0], dtype=exact)
            g_BH, through_BH, a_BH = (torch.empty_like(states_TBH[0]) for _ in range(3))
            later_BH = upstream_last_BH
            for t in reversed(range(len(gates_TBG))):
                r_BH, z_BH, n_BH = gates_TBG[t].chunk(3, -1)
                gradients_BG = step_BG if product != exact else gradients_TBG[t]
                of_m_BH, of_r_BH, of_z_BH, of_n_BH = gradients_BG.chunk(4, -1)
                torch.add(upstream_BTH[:, t], later_BH, out=g_BH)
                torch.mul(g_BH, z_BH, out=through_BH)
                tanh_backward(torch.sub(g_BH, through_BH, out=a_BH), n_BH, grad_input=of_n_BH)
                sigmoid_backward(torch.sub(states_TBH[t], n_BH, out=a_BH).mul_(g_BH), z_BH, grad_input=of_z_BH)
                sigmoid_backward(torch.mul(of_n_BH, from_hidden_TBH[t], out=a_BH), r_BH, grad_input=of_r_BH)
                torch.mul(of_n_BH, r_BH, out=of_m_BH)
                if product == exact:
                    later_BH = torch.addmm(through_BH, gradients_BG[:, : 3 * H], W)
                else:
                    gradients_TBG[t] = gradients_BG
                    later_BH = through_BH + gradients_TBG[t, :, : 3 * H] @ W

            gradients_NG = gradients_TBG.flatten(0, 1)
            of_hidden_NG, of_input_NG = gradients_NG[:, : 3 * H], gradients_NG[:, H:]
            weight_hh_gradient = (of_hidden_NG.T @ states_TBH[:-1].flatten(0, 1).to(product)).to(weight_hh.dtype)
            weight_ih_gradient = (of_input_NG.T @ x_TBE.flatten(0, 1)).to(weight_ih.dtype)
            biases = gradients_NG.sum(0, dtype=exact).to(weight_hh.dtype)
            x_gradient_BTE = None
            if ctx.needs_input_grad[0]:
                x_gradient_BTE = (gradients_TBG[:, :, H:] @ weight_ih.to(product)).transpose(0, 1)
        of_weights = weight_ih_gradient, weight_hh_gradient.roll(-H, 0), biases[H:], biases[: 3 * H].roll(-H, 0)
        return x_gradient_BTE, later_BH.to(upstream_last_BH.dtype), *of_weights
