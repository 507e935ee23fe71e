"""Exact Wasserstein distance as a loss: its gradient by the plan and the potentials.

Reference: Peyre and Cuturi, "Computational Optimal Transport" (2019), sections 9.1.2 and 9.1.3.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.numbers import float_array
from wgan.distances.exact import transport
from wgan.distances.plan import Transport

if TYPE_CHECKING:
    from torch import Tensor


def wasserstein_loss(
    x: Any, y: Any, p: int = 1, x_weights: Any = None, y_weights: Any = None
) -> "Tensor":
    """Return the exact Wasserstein distance W_p of two samples as a differentiable tensor.

    The value is that of `wasserstein`. By the envelope theorem the optimal plan T and the
    potentials u, v may be held fixed:

        dW1/dx_i = sum_j T_ij (x_i - y_j) / |x_i - y_j|      dW2/dx_i = sum_j T_ij (x_i - y_j) / W2
        dWp/dw_i = (u_i - sum_k a_k u_k) / (p Wp^(p - 1) sum_k w_k),   a_k = w_k / sum_l w_l

    and likewise for y, with v. If x_i = y_j, and everywhere at W2 = 0, the distance has a kink, and
    the gradient is taken as 0, a subgradient. If several plans or potentials are optimal, the
    gradient belongs to one of them. With equal weights and counts the potentials are never unique,
    and the gradient by weights is one-sided. The gradient by samples is unique unless plans tie. A
    second derivative is refused.

    The solve runs on the CPU in float64, on all pairs or on few as in `transport`: 500 samples a
    side take some tens of milliseconds. The distance of batches is not an unbiased estimate of that
    of their populations, and neither is its gradient. See Bellemare et al. (2017), "The Cramer
    distance as a solution to biased Wasserstein gradients".

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1; a tensor, on any device, or an array.
        y: samples `[m, d]`, likewise.
        p: the order, 1 or 2.
        x_weights: weights `[n]`, at least 0, divided by their sum; None: equal.
        y_weights: weights `[m]`, likewise.

    Returns:
        The distance, a scalar of the device of the first tensor among the arguments and of the
        widest of their floating types. Gradients have the device and type of their tensors.

    Raises:
        WganError: as `wasserstein`, or no argument is a tensor. In a backward pass: a second
            derivative was requested.

    See also:
        wasserstein: the distance without a gradient.

    >>> import torch
    >>> points = torch.zeros(3, 2, requires_grad=True)
    >>> target = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    >>> optimizer = torch.optim.SGD([points], lr=0.5)
    >>> for step in range(100):
    ...     optimizer.zero_grad()
    ...     loss = wasserstein_loss(points, target, p=2)
    ...     loss.backward()
    ...     optimizer.step()
    >>> bool(loss < 0.2)
    True
    """
    import torch

    arguments = (x, y, x_weights, y_weights)
    tensors = [t for t in arguments if isinstance(t, torch.Tensor)]
    if not tensors:
        raise WganError("a loss takes PyTorch tensors, and none was given: use `wasserstein`")
    kinds = [t.dtype for t in tensors if t.dtype.is_floating_point]
    dtype = kinds[0] if kinds else torch.get_default_dtype()
    for kind in kinds:
        dtype = torch.promote_types(dtype, kind)
    value: Tensor = _function().apply(p, tensors[0].device, dtype, *arguments)
    return value


@cache
def _function() -> Any:
    """Return the function with its own gradient; torch is imported on first use."""
    import torch

    class Once(torch.autograd.Function):
        """A gradient that depends on its inputs in a way that is not known."""

        @staticmethod
        def forward(ctx: Any, gradient: Any, *inputs: Any) -> Any:
            return gradient.clone()

        @staticmethod
        def backward(ctx: Any, *outer: Any) -> Any:
            raise WganError(
                "the exact distance has no second derivative here: take one derivative of it alone"
            )

    class ExactDistance(torch.autograd.Function):
        """The exact distance of (p, device, dtype, x, y, x_weights, y_weights)."""

        @staticmethod
        def forward(ctx: Any, p: int, device: Any, dtype: Any, *arguments: Any) -> Any:
            found = transport(arguments[0], arguments[1], p, arguments[2], arguments[3])
            sums = [1.0 if w is None else _sum(w) for w in arguments[2:]]
            ctx.solved = found, p, sums
            ctx.save_for_backward(*(t for t in arguments if isinstance(t, torch.Tensor)))
            return torch.tensor(found.distance, dtype=dtype, device=device)

        @staticmethod
        def backward(ctx: Any, *outer: Any) -> Any:
            found, p, sums = ctx.solved
            needed = ctx.needs_input_grad[3:]
            slopes: list[Any] = [None] * 4
            if any(needed[:2]):
                slopes[:2] = by_samples(found, p)
            if any(needed[2:]):
                slopes[2:] = by_weights(found, p, *sums)
            wanted = [s for s, need in zip(slopes, needed, strict=True) if need]
            inputs = [t for t in ctx.saved_tensors if t.requires_grad]
            gradients = iter(
                Once.apply(torch.from_numpy(slope).reshape(t.shape).to(t), *inputs) * outer[0].to(t)
                for slope, t in zip(wanted, inputs, strict=True)
            )
            return None, None, None, *(next(gradients) if need else None for need in needed)

    return ExactDistance


def _sum(weights: Any) -> float:
    return float(float_array(weights, "the weights").sum())


def by_samples(
    found: Transport, p: int
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """Return the gradients of W_p by the samples, with the plan held fixed.

    Args:
        found: the solution, with its samples.
        p: 1 or 2.
    """
    x, y, plan = found.x, found.y, found.plan
    assert x is not None
    assert y is not None
    moves = x[plan.row] - y[plan.col]
    largest = np.abs(moves).max(axis=1, keepdims=True)
    if p == 1:
        # In units of the largest coordinate, as squares of tiny ones underflow.
        unit = np.where(largest > 0, largest, 1.0)
        lengths = np.linalg.norm(moves / unit, axis=1, keepdims=True)
        moves = moves / unit / np.where(lengths > 0, lengths, 1.0)
    else:
        moves = moves / found.distance if found.distance > 0 else np.zeros_like(moves)
    pulls = plan.data[:, None] * moves
    of_x, of_y = np.zeros_like(x), np.zeros_like(y)
    np.add.at(of_x, plan.row, pulls)
    np.add.at(of_y, plan.col, -pulls)
    return of_x, of_y


def by_weights(
    found: Transport, p: int, x_sum: float, y_sum: float
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Return the gradients of W_p by the weights before they are divided by their sums.

    Args:
        found: the solution.
        p: 1 or 2.
        x_sum: the sum of the weights of x.
        y_sum: the sum of those of y.
    """
    wx, wy = found.plan.sum(axis=1), found.plan.sum(axis=0)
    if p == 2 and found.distance == 0:
        return np.zeros(len(wx)), np.zeros(len(wy))
    chain = 1.0 if p == 1 else 2 * found.distance
    of_x = (found.u - wx @ found.u) / chain / x_sum
    of_y = (found.v - wy @ found.v) / chain / y_sum
    return of_x, of_y
