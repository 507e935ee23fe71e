"""How is a penalised critic's gradient found in the fewest passes? For a chain of (leaky) ReLU
layers, without differentiating twice.

Such a critic is f(x) = w h(x) + b with h = s_L(W_L ... s_1(W_1 x + b_1)). Between its kinks each
activation only multiplies by a mask m_l, so the gradient at a point is g = W_1' m_1 W_2' ... m_L w,
and what backward passes send down, d_l, is all that it is made of. Along a direction v the slope is
v g = w t_L with the tangent t_l = m_l W_l t_{l-1}, t_0 = v. Hence

    d (v g) / d W_l = d_l t_{l-1}'    beside    d f / d W_l = d_l a_{l-1}'    with activations a_l,

and one pass to the weights serves scores and slopes together, with tangents in the place of the
points' activations. Scored samples take a forward, a backward and a weight pass, points one more
for the tangent: ten passes of a batch for the penalty of Gulrajani et al. (2017), where
differentiating twice takes twelve, two of which carry zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeGuard

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

aten = torch.ops.aten
FEW_POSITIONS = 16
"""Up to so many positions, a bfloat16 matrix product over patches is faster than the library's
gradient to a convolution's weights.
"""


@dataclass(frozen=True)
class Block:
    """A linear or convolutional layer, and the leaky ReLU after it (slope 0: ReLU)."""

    layer: nn.Linear | nn.Conv2d
    slope: float

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """W x + b, before the activation."""
        if isinstance(self.layer, nn.Conv2d):
            return torch.conv2d(x, weight, bias, self.layer.stride, self.layer.padding)
        return nn.functional.linear(x.flatten(1), weight, bias)

    def to_input(self, d: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """W' d, of the shape of x."""
        if isinstance(self.layer, nn.Conv2d):
            return self._backward(d, x, weight, (True, False, False))[0]
        return (d @ weight).reshape(x.shape)

    def to_weight(self, d: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """The sum over samples of d x'."""
        if not isinstance(self.layer, nn.Conv2d):
            return d.t() @ x.flatten(1)
        if (
            d.dtype == torch.bfloat16
            and d.device.type == "cpu"
            and d.shape[2] * d.shape[3] <= FEW_POSITIONS
        ):
            rows = d.permute(0, 2, 3, 1).flatten(0, 2)
            return (
                (rows.t() @ _patches(x, self.layer))
                .view(len(weight), *weight.shape[2:], -1)
                .permute(0, 3, 1, 2)
            )
        return self._backward(d, x, weight, (False, True, False))[1]

    def to_bias(self, d: Tensor) -> Tensor:
        """The sum over samples and positions of d."""
        return d.sum((0, 2, 3) if d.ndim == 4 else 0)

    def masked(self, d: Tensor, a: Tensor, out: Tensor) -> Tensor:
        """Write d times the activation's slope at its result a, perhaps over one of them."""
        written: Tensor = aten.leaky_relu_backward.grad_input(
            d, a, self.slope, True, grad_input=out
        )
        return written

    def _backward(
        self, d: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, bool, bool]
    ) -> Any:
        layer = self.layer
        return aten.convolution_backward(
            d, x, weight, None, layer.stride, layer.padding, (1, 1), False, (0, 0), 1, wanted
        )


class Chained(Protocol):
    """A critic with conditions, f(x, y) = w h + b with h = features(inputs(x, y)); each number
    among the inputs is one of x, or a condition.

    A class says that of itself alone by `chained = True`: what is derived from it may be another
    function.
    """

    chained: ClassVar[bool]
    features: nn.Sequential

    def inputs(self, x: Tensor, y: Tensor | None, /) -> Tensor:
        """Return what the first layer sees."""

    def direction(self, y: Tensor | None, /) -> tuple[Tensor, Tensor]:
        """Return w, `[1, hidden]` or one for each label, and b."""


def is_chained(critic: object) -> TypeGuard[Chained]:
    """Whether a critic's class says that it is of that kind."""
    return bool(vars(type(critic)).get("chained", False))


def _patches(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """Return what each position of a convolution sees, `[n h w, kernel height x kernel width x
    channels]`, of channels-last x.
    """
    assert not isinstance(layer.padding, str)
    (kh, kw), (sh, sw), (ph, pw) = layer.kernel_size, layer.stride, layer.padding
    x = nn.functional.pad(x.permute(0, 2, 3, 1), (0, 0, pw, pw, ph, ph))
    n, height, width, c = x.shape
    a, b, _, _ = x.stride()
    seen = x.as_strided(
        (n, (height - kh) // sh + 1, (width - kw) // sw + 1, kh, kw * c), (a, sh * b, sw * c, b, 1)
    )
    return seen.reshape(-1, kh * kw * c)


def blocks_of(critic: nn.Module) -> tuple[Block, ...] | None:
    """Return the blocks of a critic's hidden layers, if they are linear or convolutional ones, each
    followed by (leaky) ReLU; none otherwise.

    It is asked for at each step, since a critic may change: what has hooks, or weights that are no
    parameters, may be another function.
    """
    found: object = critic
    if is_chained(found):
        layers = list(found.features)
    elif type(critic) is nn.Sequential and len(critic) > 2 and _scores(critic[-2], critic[-1]):
        layers = list(critic)[:-2]
    else:
        return None
    if any(hooks for module in critic.modules() for hooks in _hooks(module)):
        return None
    flat = [
        i
        for i, layer in enumerate(layers)
        if type(layer) is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1)
    ]
    chain = [layer for i, layer in enumerate(layers) if i not in flat]
    pairs = list(zip(chain[::2], chain[1::2], strict=False))
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer, _ in pairs)
    if flat != ([2 * convolutions] if convolutions else []) or len(chain) % 2 or not pairs:
        return None
    if not all(_known(layer, activation) for layer, activation in pairs):
        return None
    slopes = [getattr(activation, "negative_slope", 0.0) for _, activation in pairs]
    return tuple(
        Block(layer, slope)  # type: ignore[arg-type]
        for (layer, _), slope in zip(pairs, slopes, strict=True)
    )


def _scores(last: nn.Module, score: nn.Module) -> bool:
    """Whether two layers make one score of a hidden layer."""
    return (
        _weighs(last)
        and isinstance(last, nn.Linear)
        and last.out_features == 1
        and isinstance(score, nn.Flatten)
        and score.start_dim == 0
    )


def _known(layer: nn.Module, activation: nn.Module) -> bool:
    """Whether a layer and an activation are exactly what they are called."""
    plain = _weighs(layer)
    if isinstance(layer, nn.Conv2d):
        plain &= (
            layer.padding_mode == "zeros"
            and layer.groups == 1
            and layer.dilation == (1, 1)
            and not isinstance(layer.padding, str)
        )
    return plain and (
        type(activation) is nn.ReLU
        or (type(activation) is nn.LeakyReLU and activation.negative_slope >= 0)
    )


def _weighs(layer: nn.Module) -> bool:
    """Whether a layer is exactly a linear or a convolutional one, with a weight and a bias that are
    parameters of its own.
    """
    return type(layer) in (nn.Linear, nn.Conv2d) and all(
        isinstance(getattr(layer, name), nn.Parameter) for name in ("weight", "bias")
    )


def _hooks(module: nn.Module) -> tuple[Any, ...]:
    return (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )


@dataclass(frozen=True)
class Sweep:
    """Scores, and gradient norms at points, of a critic of that kind; the gradient of both to its
    weights by the passes above.

    In bfloat16 where `bfloat16`: activations, what is sent down, and products of the two; scores
    and norms are float32.
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
        """Return w h(x) for the samples in `scored`, and |grad_x w h| at those in `points`. Samples
        are taken as constants.

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
    """The passes of a sweep: forward, and backward at the points, at once; the others when the
    gradient is asked for.
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
        n, k = sum(map(len, parts)), sum(map(len, scored))
        weights, biases = (
            [_ready(p, dtype) for p in parameters[::2]],
            [p.to(dtype) for p in parameters[1::2]],
        )
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
        ctx.sweep, ctx.k, ctx.weights, ctx.kept = sweep, k, weights, (activations, signals)
        ctx.save_for_backward(
            direction, g, norms, *parameters
        )  # which were not to change in between
        return f, norms

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_f: Tensor, to_norms: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.kept is None:
            raise RuntimeError(
                "a sweep's gradient can be taken once: tangents have taken the place of its"
                " activations"
            )
        (activations, signals), ctx.kept = ctx.kept, None
        direction, g, norms, *_ = ctx.saved_tensors
        sweep, k, weights = ctx.sweep, ctx.k, ctx.weights
        h = activations[-1]
        d = _shaped((to_f.unsqueeze(1) * direction[:k]).to(h.dtype), h)
        _down(sweep, d, activations, signals, weights, slice(0, k))
        scale = torch.where(norms > 0, to_norms / norms, 0.0)
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
    """Send d, the signal above the last activation, down to the first layer, keeping what each
    layer's output gets.
    """
    for i in reversed(range(len(signals))):
        sweep.blocks[i].masked(d, activations[i + 1][part], out=signals[i][part])
        if i:
            d = sweep.blocks[i].to_input(signals[i][part], activations[i][part], weights[i])


def _laid_out(parts: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    """Return the parts one after another, in a type; of pictures and kernels, channels last, also
    where there is one channel.
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
    """Return a weight as the passes want it: itself where it is so already."""
    layout = torch.channels_last if weight.ndim == 4 else torch.contiguous_format
    if weight.dtype == dtype and weight.is_contiguous(memory_format=layout) and weight.shape[1] > 1:
        return weight.detach()
    return _laid_out([weight], dtype)


def _shaped(rows: Tensor, like: Tensor) -> Tensor:
    """Return rows of numbers in the shape and layout of samples of `like`."""
    layout = torch.channels_last if like.ndim == 4 else torch.contiguous_format
    return rows.reshape(-1, *like.shape[1:]).contiguous(memory_format=layout)


def _inner(h: Tensor, direction: Tensor) -> Tensor:
    """Return one inner product a sample, in the direction's precision."""
    h = h.to(direction.dtype)
    return (h @ direction.t()).squeeze(1) if len(direction) == 1 else (h * direction).sum(1)
