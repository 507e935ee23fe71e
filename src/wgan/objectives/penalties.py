"""Penalties on the norm of a critic's gradient at chosen points, and the consistency term.

A penalty is weight x shape(|grad f|) at points made from real and fake samples: Gulrajani et al.
(2017), equation 3 and algorithm 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.objectives.arrays import Critic, Module, PerSample, Samples, Tensor

Points = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, ...]]


def between(x_real: Samples, x_fake: Samples, u: PerSample) -> tuple[Samples, ...]:
    """x_fake + u (x_real - x_fake): Gulrajani et al. (2017), algorithm 1, line 6.

    There is one coefficient u in [0, 1] a sample.
    """
    u = u.view(-1, *[1] * (x_real.ndim - 1))
    return (x_fake + u * (x_real - x_fake),)


def at_real(x_real: Samples, x_fake: Samples, u: PerSample) -> tuple[Samples, ...]:
    """The real samples: Mescheder et al. (2018), equation 9 (R1)."""
    return (x_real,)


def at_both(x_real: Samples, x_fake: Samples, u: PerSample) -> tuple[Samples, ...]:
    """The real and the fake samples: R1 and R2 of Mescheder et al. (2018), equations 9 and 10."""
    return (x_real, x_fake)


def full_precision(x: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return numbers of fewer than 32 bits as float32, others as they are."""
    return x.float() if x.dtype.itemsize < 4 else x


def one_a_sample(f: Float[Tensor, "*any"], n: int) -> Float[Tensor, " n"]:
    """Return the scores of n samples as `[n]`, in float32 or better.

    A critic that ends in a linear layer gives `[n, 1]`. Terms of other shapes would be added to
    each other in all pairs, without an error.

    Raises:
        WganError: other than one score a sample.
    """
    if f.shape == (n, 1):
        f = f.squeeze(1)
    if f.shape != (n,):
        raise WganError(
            f"the critic gives scores of shape {tuple(f.shape)} for {n} samples: let it give one"
            " score a sample, [n] or [n, 1]"
        )
    return full_precision(f)


def gradient_norms(critic: Critic, x: Samples) -> PerSample:
    """Return |grad_x f(x)| over all axes of each sample, in float32 or better.

    It is differentiable, also where the gradient is zero. The inner gradient is taken by
    `torch.func.grad`, which may stand inside a compiled or data-parallel loss.
    """
    import torch  # here, so that the table of variants is listed without it

    grad = torch.func.grad(lambda points: full_precision(critic(points)).sum())(x)
    return torch.linalg.vector_norm(full_precision(grad).flatten(1), dim=1)


def two_sided(norm: PerSample) -> PerSample:
    """(|grad| - 1)^2: Gulrajani et al. (2017), equation 3."""
    return (norm - 1).square()


def one_sided(norm: PerSample) -> PerSample:
    """max(0, |grad| - 1)^2: Petzka et al. (2018), equation 7."""
    return (norm - 1).clamp_min(0).square()


def squared(norm: PerSample) -> PerSample:
    """|grad|^2: Mescheder et al. (2018), equation 9."""
    return norm.square()


def sixth_power(norm: PerSample) -> PerSample:
    """|grad|^6: Wu et al. (2018), equation 7 with their best p = 6."""
    return norm.pow(6)


@dataclass(frozen=True)
class Penalty:
    """A penalty weight x shape(|grad f|).

    Attributes:
        points: makes the points, of one or more kinds, from real samples, fake samples and u.
        shape: maps gradient norms `[n]` to penalties `[n]`.
        weight: lambda, in the unit of the samples' distance for the shapes around slope 1.
        formula: the penalty for the reader, without its weight.
    """

    points: Points
    shape: Callable[[Tensor], Tensor]
    weight: float
    formula: str

    def __str__(self) -> str:
        return f"{self.weight:g} {self.formula}"

    def __call__(
        self, critic: Critic, x_real: Samples, x_fake: Samples, u: PerSample
    ) -> tuple[PerSample, PerSample]:
        """Return the penalty without its weight, and the gradient norm, both `[n]`.

        Over several kinds of points, the penalties are summed and the norms averaged.
        """
        return self.of_norms([gradient_norms(critic, x) for x in self.points(x_real, x_fake, u)])

    def of_norms(self, norms: Sequence[PerSample]) -> tuple[PerSample, PerSample]:
        """Return the same from gradient norms, `[n]` for each kind of points."""
        first, *others = norms
        value = sum(map(self.shape, others), start=self.shape(first))
        return value, sum(others, start=first) / len(norms)


@dataclass(frozen=True)
class Consistency:
    """weight x max(0, (f(x') - f(x''))^2 + 0.1 mean (h(x') - h(x''))^2 - margin).

    x' and x'' are two passes of a real sample through a critic that drops units at random, and h is
    its last hidden layer: Wei et al. (2018), equations 4 and 5.
    """

    weight: float
    margin: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.weight:g} E max(0, d(x', x'') - {self.margin:g}), x', x'' a real sample under"
            " two dropouts"
        )

    def __call__(self, critic: Module, x_real: Samples, y: Tensor | None = None) -> PerSample:
        """Return the term without its weight, `[n]`.

        Args:
            critic: a chain that ends in a linear layer and the score, or a critic that has methods
                `hidden` and `score`.
            x_real: real samples.
            y: their labels; none for a critic without conditions.
        """
        inside, score = _halves(critic, y)
        hidden = [inside(x_real).flatten(1) for _ in range(2)]
        scores = [one_a_sample(score(h), len(h)) for h in hidden]
        apart = (full_precision(hidden[0]) - full_precision(hidden[1])).square().mean(1)
        return ((scores[0] - scores[1]).square() + 0.1 * apart - self.margin).clamp_min(0)


def _halves(critic: Any, y: Tensor | None) -> tuple[Critic, Critic]:
    """Return what makes the last hidden layer, and what scores it."""
    if not hasattr(critic, "hidden"):
        return critic[:-2], critic[-2:]
    if y is None:
        return critic.hidden, critic.score
    return lambda x: critic.hidden(x, y), lambda h: critic.score(h, y)
