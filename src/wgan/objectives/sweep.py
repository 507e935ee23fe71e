"""A penalised critic's gradient in the fewest passes, for a chain of (leaky) ReLU layers.

Such a critic is f(x) = w h(x) + b with h = s_L(W_L ... s_1(W_1 x + b_1)). Between its kinks each
activation only multiplies by a mask m_l. So the gradient at a point is g = W_1' m_1 W_2' ... m_L w,
and it consists of what backward passes send down, d_l. Along a direction v the slope is v g = w t_L
with the tangent t_l = m_l W_l t_{l-1}, t_0 = v. Hence

    d (v g) / d W_l = d_l t_{l-1}'    beside    d f / d W_l = d_l a_{l-1}'    with activations a_l,

and one pass to the weights serves scores and slopes together, with tangents in the place of the
points' activations. Scored samples take a forward, a backward and a weight pass, points one more
for the tangent: ten passes of a batch for the penalty of Gulrajani et al. (2017), where
differentiating twice takes twelve, two of which carry zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from wgan.objectives.blocks import Block


@dataclass(frozen=True)
class Sweep:
    """Scores, and gradient norms at points, of a chain of blocks; differentiable once.

    Attributes:
        blocks: the hidden layers, see `blocks_of`.
        bfloat16: compute activations, what is sent down, and products of the two in bfloat16;
            scores and norms are float32.
    """

    blocks: tuple[Block, ...]
    bfloat16: bool = False

    def __call__(
        self,
        scored: Sequence[Tensor],
        points: Sequence[Tensor],
        direction: Tensor,
        own: Tensor | None = None,
    ) -> tuple[Float[Tensor, " scored"], Float[Tensor, " points"]]:
        """Return w h(x) for the samples in `scored`, and |grad_x w h| at those in `points`.

        Samples and points are constants: no gradient flows to them.

        Args:
            scored: batches of samples.
            points: batches of points.
            direction: w, `[1, hidden]`, or one for each sample and point.
            own: 1 where an input belongs to x, 0 where it is a condition, which no norm counts;
                none: all belong to x.
        """
        parameters = [p for block in self.blocks for p in (block.layer.weight, block.layer.bias)]
        f, norms = _Passes.apply(self, list(scored), list(points), own, direction, *parameters)
        return f, norms


class _Passes(torch.autograd.Function):
    """The passes of a sweep.

    The forward pass, and the backward one at the points, run at once. The others run when a
    gradient is requested.
    """

    @staticmethod
    def forward(
        ctx: Any,
        sweep: Sweep,
        scored: list[Tensor],
        points: list[Tensor],
        own: Tensor | None,
        direction: Tensor,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        parts = [*scored, *points]
        dtype = torch.bfloat16 if sweep.bfloat16 else parts[0].dtype
        n = sum(map(len, parts))
        k = sum(map(len, scored))
        weights = [_ready(p, dtype) for p in parameters[::2]]
        biases = [p.to(dtype) for p in parameters[1::2]]
        activations = [_laid_out(parts, dtype)]
        for block, weight, bias in zip(sweep.blocks, weights, biases, strict=True):
            activations.append(
                nn.functional.leaky_relu_(block.forward(activations[-1], weight, bias), block.slope)
            )
        h = activations[-1]
        f = _inner(h[:k].flatten(1), direction[:k])
        signals = [torch.empty_like(a) for a in activations[1:]]
        unit = direction[k:] if len(direction) > 1 else direction
        d = _shaped(unit.to(dtype).expand(n - k, -1), h)
        _down(sweep, d, activations, signals, weights, slice(k, n))
        g = sweep.blocks[0].to_input(signals[0][k:], activations[0][k:], weights[0]).to(f.dtype)
        if own is not None:
            g = g * own
        norms = torch.linalg.vector_norm(g.flatten(1), dim=1)
        ctx.sweep = sweep
        ctx.k = k
        ctx.weights = weights
        ctx.kept = (activations, signals)
        # Parameters are saved so that autograd notices one that changes before the backward pass.
        ctx.save_for_backward(direction, g, norms, *parameters)
        return f, norms

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_f: Tensor, to_norms: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.kept is None:
            raise RuntimeError(
                "a sweep's gradient can be taken once: tangents have taken the place of its"
                " activations"
            )
        activations, signals = ctx.kept
        ctx.kept = None
        direction, g, norms, *_ = ctx.saved_tensors
        sweep, k, weights = ctx.sweep, ctx.k, ctx.weights
        h = activations[-1]
        d = _shaped((to_f.unsqueeze(1) * direction[:k]).to(h.dtype), h)
        _down(sweep, d, activations, signals, weights, slice(0, k))
        # A norm of zero has no derivative: zero is taken, as autograd does.
        scale = torch.where(norms > 0, to_norms / norms, 0.0)
        # From here on, tangents replace the activations of the points, layer by layer.
        activations[0][k:] = g * scale.view(-1, *[1] * (g.ndim - 1))
        gradients: list[Tensor | None] = []
        for i, (block, weight) in enumerate(zip(sweep.blocks, weights, strict=True)):
            t = block.forward(activations[i][k:], weight, None)
            t = block.masked(t, activations[i + 1][k:], out=activations[i + 1][k:])
            gradients += [
                block.to_weight(signals[i], activations[i], weight).to(norms.dtype),
                block.to_bias(signals[i][:k]).to(norms.dtype),
            ]
        h = h.flatten(1).to(norms.dtype)
        share = torch.cat([to_f, torch.ones_like(norms)])
        to_direction = h * share.unsqueeze(1) if len(direction) > 1 else share.unsqueeze(0) @ h
        return None, None, None, None, to_direction, *gradients


def _down(
    sweep: Sweep,
    d: Tensor,
    activations: list[Tensor],
    signals: list[Tensor],
    weights: list[Tensor],
    part: slice,
) -> None:
    """Send d, the signal above the last activation, down to the first layer.

    What each layer's output receives is written to `signals`.
    """
    for i in reversed(range(len(signals))):
        sweep.blocks[i].masked(d, activations[i + 1][part], out=signals[i][part])
        if i:
            d = sweep.blocks[i].to_input(signals[i][part], activations[i][part], weights[i])


def _laid_out(parts: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    """Return the parts one after another, in one number type.

    Images and kernels are laid out channels last, also where there is one channel.
    """
    first = parts[0]
    layout = torch.channels_last if first.ndim == 4 else torch.contiguous_format
    out = torch.empty(
        (sum(map(len, parts)), *first.shape[1:]),
        dtype=dtype,
        device=first.device,
        memory_format=layout,
    )
    start = 0
    for part in parts:
        out[start : start + len(part)] = part
        start += len(part)
    return out


def _ready(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a weight in the number type and layout of the passes, itself where it has both."""
    layout = torch.channels_last if weight.ndim == 4 else torch.contiguous_format
    # With one channel, torch calls any layout channels last, and the passes need the real strides.
    if weight.dtype == dtype and weight.is_contiguous(memory_format=layout) and weight.shape[1] > 1:
        return weight.detach()
    return _laid_out([weight], dtype)


def _shaped(rows: Tensor, like: Tensor) -> Tensor:
    """Return rows of numbers in the shape and layout of the samples of `like`."""
    layout = torch.channels_last if like.ndim == 4 else torch.contiguous_format
    return rows.reshape(-1, *like.shape[1:]).contiguous(memory_format=layout)


def _inner(h: Tensor, direction: Tensor) -> Tensor:
    """Return one inner product a sample, in the direction's precision."""
    h = h.to(direction.dtype)
    return (h @ direction.t()).squeeze(1) if len(direction) == 1 else (h * direction).sum(1)
