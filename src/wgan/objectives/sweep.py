"""A penalised critic's gradient in the fewest passes, for a chain of links with (leaky) ReLU.

Such a critic is f(x) = w h(x) + b with h = s_L(W_L ... s_1(W_1 x + b_1)). Between its kinks each
activation only multiplies by a mask m_l. So the gradient at a point is g = W_1' m_1 W_2' ... m_L w,
and it consists of what backward passes send down, d_l. Along a direction v the slope is v g = w t_L
with the tangent t_l = m_l W_l t_{l-1}, t_0 = v. Hence

    d (v g) / d W_l = d_l t_{l-1}'    beside    d f / d W_l = d_l a_{l-1}'    with activations a_l,

and one pass to the weights serves scores and slopes together, with tangents in the place of the
points' activations. Scored samples take a forward, a backward and a weight pass, and points one
more for the tangent. This makes ten passes of a batch for the penalty of Gulrajani et al. (2017).
Differentiating twice takes twelve, two of which carry zeros.

A sum of two paths has the sum of their tangents, and its d goes down both. A layer without an
activation has the mask 1, and a fixed linear map is its own tangent's map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from wgan.objectives.blocks import Chain, layers_of
from wgan.objectives.passes import ChainPass


@dataclass(frozen=True)
class Sweep:
    """Scores, and gradient norms at points, of a chain of links; differentiable once.

    Attributes:
        chain: the hidden layers, see `chain_of`.
        bfloat16: compute activations, what is sent down, and products of the two in bfloat16;
            scores and norms are float32.
    """

    chain: Chain
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
        parameters = [p for layer in layers_of(self.chain) for p in (layer.weight, layer.bias)]
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
        *parameters: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        parts = [*scored, *points]
        dtype = torch.bfloat16 if sweep.bfloat16 else parts[0].dtype
        n = sum(map(len, parts))
        k = sum(map(len, scored))
        ready = (None if p is None else _ready(p, dtype) for p in parameters)
        chain = ChainPass(sweep.chain, ready)
        h = chain.forward(_laid_out(parts, dtype))
        f = _inner(h[:k].flatten(1), direction[:k])
        unit = direction[k:] if len(direction) > 1 else direction
        d = _shaped(unit.to(dtype).expand(n - k, -1), h)
        g = chain.down(d, slice(k, n)).to(f.dtype)
        if own is not None:
            g = g * own
        norms = torch.linalg.vector_norm(g.flatten(1), dim=1)
        ctx.k = k
        ctx.kept = (chain, h)
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
        chain, h = ctx.kept
        ctx.kept = None
        direction, g, norms, *_ = ctx.saved_tensors
        k = ctx.k
        d = _shaped((to_f.unsqueeze(1) * direction[:k]).to(h.dtype), h)
        chain.down(d, slice(0, k), to_input=False)
        # A norm of zero has no derivative: zero is taken, as autograd does.
        scale = torch.where(norms > 0, to_norms / norms, 0.0)
        v = (g * scale.view(-1, *[1] * (g.ndim - 1))).to(h.dtype)
        t = chain.along(v, k)
        gradients = [None if p is None else p.to(norms.dtype) for p in chain.gradients(k)]
        hidden = torch.cat([h[:k], t]).flatten(1).to(norms.dtype)
        share = torch.cat([to_f, torch.ones_like(norms)])
        if len(direction) > 1:
            return None, None, None, None, hidden * share.unsqueeze(1), *gradients
        return None, None, None, None, share.unsqueeze(0) @ hidden, *gradients


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
    """Return a weight or bias in the type and layout of the passes, as it is if it has both."""
    if weight.ndim == 1:
        return weight.detach().to(dtype)
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
