"""How is the critic kept Lipschitz? By a penalty on its gradient's norm at chosen points, or by a
hard constraint.

Penalties: Gulrajani et al. (2017), equation 3 and algorithm 1. Clipping: Arjovsky et al. (2017),
algorithm 1, line 7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

Samples = Float[Tensor, "n *shape"]
Norms = Float[Tensor, " n"]
Critic = Callable[[Tensor], Tensor]
Layers = Literal["plain", "dropout", "spectral", "spectral-sorting", "orthonormal"]
Points = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, ...]]


def between(x_real: Samples, x_fake: Samples, u: Norms) -> tuple[Samples, ...]:
    """x_fake + u (x_real - x_fake), one coefficient u in [0, 1] a sample: algorithm 1, line 6."""
    u = u.view(-1, *[1] * (x_real.ndim - 1))
    return (x_fake + u * (x_real - x_fake),)


def at_real(x_real: Samples, x_fake: Samples, u: Norms) -> tuple[Samples, ...]:
    """The real samples: Mescheder et al. (2018), equation 9 (R1)."""
    return (x_real,)


def at_both(x_real: Samples, x_fake: Samples, u: Norms) -> tuple[Samples, ...]:
    """The real and the fake samples: R1 and R2 of Mescheder et al. (2018), equations 9 and 10."""
    return (x_real, x_fake)


def full_precision(x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return half-precision numbers as float32, others as they are."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def gradient_norms(critic: Critic, x: Samples) -> Norms:
    """Return |grad_x f(x)| over all axes of each sample, in float32 or better; differentiable, also
    where the gradient is zero.

    The inner gradient is taken by `torch.func.grad`, which may stand inside a compiled or
    data-parallel loss.
    """
    grad = torch.func.grad(lambda points: full_precision(critic(points)).sum())(x)
    return torch.linalg.vector_norm(full_precision(grad).flatten(1), dim=1)


def two_sided(norm: Norms) -> Norms:
    """(|grad| - 1)^2: Gulrajani et al. (2017), equation 3."""
    return (norm - 1).square()


def one_sided(norm: Norms) -> Norms:
    """max(0, |grad| - 1)^2: Petzka et al. (2018), equation 7."""
    return (norm - 1).clamp_min(0).square()


def squared(norm: Norms) -> Norms:
    """|grad|^2: Mescheder et al. (2018), equation 9."""
    return norm.square()


def sixth_power(norm: Norms) -> Norms:
    """|grad|^6: Wu et al. (2018), equation 7 with their best p = 6."""
    return norm.pow(6)


@dataclass(frozen=True)
class Penalty:
    """weight x shape(|grad f|) at the points that `where` picks from real samples, fake ones
    and u.
    """

    where: Points
    shape: Callable[[Tensor], Tensor]
    weight: float
    formula: str

    def __str__(self) -> str:
        return f"{self.weight:g} {self.formula}"

    def __call__(
        self, critic: Critic, x_real: Samples, x_fake: Samples, u: Norms
    ) -> tuple[Norms, Norms]:
        """Return (penalty without its weight, gradient norm), both `[n]`; over several kinds of
        points: sum and mean.
        """
        return self.of([gradient_norms(critic, points) for points in self.where(x_real, x_fake, u)])

    def of(self, norms: Sequence[Norms]) -> tuple[Norms, Norms]:
        """Return the same from gradient norms, `[n]` for each kind of points."""
        return torch.stack([self.shape(n) for n in norms]).sum(0), torch.stack(list(norms)).mean(0)


@dataclass(frozen=True)
class Consistency:
    """weight x max(0, (f(x') - f(x''))^2 + 0.1 mean (h(x') - h(x''))^2 - margin): Wei et al.
    (2018), equations 4 and 5.

    x' and x'' are two passes of a real sample through a critic that drops units at random; h is its
    last hidden layer.
    """

    weight: float
    margin: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.weight:g} E max(0, d(x', x'') - {self.margin:g}), x', x'' a real sample under"
            " two dropouts"
        )

    def __call__(self, critic: nn.Module, x_real: Samples, y: Tensor | None = None) -> Norms:
        """Return the term without its weight, `[n]`, of a chain that ends in a linear layer and the
        score, or one with labels y.
        """
        inside, score = _halves(critic, y)
        hidden = [inside(x_real).flatten(1) for _ in range(2)]
        scores = [full_precision(score(h)) for h in hidden]
        apart = (full_precision(hidden[0]) - full_precision(hidden[1])).square().mean(1)
        return ((scores[0] - scores[1]).square() + 0.1 * apart - self.margin).clamp_min(0)


def _halves(critic: nn.Module, y: Tensor | None) -> tuple[Critic, Critic]:
    """Return what makes the last hidden layer, and what scores it."""
    if y is not None:
        hidden, score = critic.hidden, critic.score
        assert callable(hidden)
        assert callable(score)
        return lambda x: hidden(x, y), lambda h: score(h, y)
    assert isinstance(critic, nn.Sequential)
    return critic[:-2], critic[-2:]


@dataclass(frozen=True)
class Constraint:
    """A hard constraint: `layers` names what the critic is built of, `project` mends its weights
    after each critic step.
    """

    text: str
    bound: float | None = None
    layers: Layers = "plain"
    project: Callable[[nn.Module, float | None], None] = lambda critic, bound: None

    def __str__(self) -> str:
        return self.text.format(self.bound)


NORMALISATIONS = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)


@torch.no_grad()
def clip_weights(critic: nn.Module, bound: float | None) -> None:
    """Clamp every weight and bias to [-bound, bound], except the scale and shift of normalisation
    layers.
    """
    assert bound is not None
    for parameter in _clipped(critic):
        parameter.clamp_(-bound, bound)


@torch.no_grad()
def clipped_share(critic: nn.Module, bound: float) -> float:
    """Return the share of the clipped weights that stand at the bound: near 1, the critic is little
    more than signs.
    """
    weights = torch.cat([parameter.flatten() for parameter in _clipped(critic)])
    return float((weights.abs() >= bound * (1 - 1e-6)).float().mean())


def _clipped(critic: nn.Module) -> list[nn.Parameter]:
    spared = (module for module in critic.modules() if not isinstance(module, NORMALISATIONS))
    return [parameter for module in spared for parameter in module.parameters(recurse=False)]
