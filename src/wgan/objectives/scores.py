"""Scores: the losses of critic and generator, one value a sample, and what the critic estimates.

Real samples score high and fake ones low, as in the papers. The sign appears here and nowhere else.
An estimate is a distance or a divergence. It is never negative in the limit of an optimal critic,
and never includes the penalty.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from wgan.objectives.arrays import PerSample, Tensor


@dataclass(frozen=True)
class Score:
    """A pair of losses, and the quantity that the critic estimates.

    `critic(f_real, f_fake)`, `generator(f_fake, f_real)` and `estimate(f_real, f_fake)` map scores
    `[n]` to `[n]`.

    Attributes:
        name: for the reader.
        measures: what the estimate is, with its unit.
        critic: the critic's loss.
        generator: the generator's loss.
        estimate: the quantity that the critic estimates.
        generator_needs_real: whether `f_real` reaches the generator's loss; if not, it may be none.
        is_w1: whether the estimate is the Wasserstein-1 distance for the best 1-Lipschitz critic.
    """

    name: str
    measures: str
    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor | None], Tensor]
    estimate: Callable[[Tensor, Tensor], Tensor]
    generator_needs_real: bool = False
    is_w1: bool = False


def softplus(x: PerSample) -> PerSample:
    """log(1 + e^x), computed without overflow."""
    # Imported here because it is the only function of this file that is no method of a tensor.
    import torch.nn.functional as F

    return F.softplus(x)


def dual_critic(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """f(fake) - f(real): Arjovsky et al. (2017), equation 3, negated to be minimised."""
    return f_fake - f_real


def dual_generator(f_fake: PerSample, f_real: PerSample | None = None) -> PerSample:
    """-f(fake): Arjovsky et al. (2017), theorem 3."""
    return -f_fake


def dual_estimate(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """f(real) - f(fake): Arjovsky et al. (2017), equation 2.

    The mean is W1 for the best 1-Lipschitz f.
    """
    return f_real - f_fake


def js_critic(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """-log D(real) - log(1 - D(fake)): Goodfellow et al. (2014), equation 1, negated.

    D = sigmoid(f).
    """
    return softplus(-f_real) + softplus(f_fake)


def minimax_generator(f_fake: PerSample, f_real: PerSample | None = None) -> PerSample:
    """log(1 - D(fake)): Goodfellow et al. (2014), equation 1."""
    return -softplus(f_fake)


def non_saturating_generator(f_fake: PerSample, f_real: PerSample | None = None) -> PerSample:
    """-log D(fake): Goodfellow et al. (2014), section 3."""
    return softplus(-f_fake)


def js_estimate(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """Return log 2 - (critic's loss) / 2: Goodfellow et al. (2014), theorem 1.

    The mean is the Jensen-Shannon divergence in nats for the best D.
    """
    return log(2.0) - js_critic(f_real, f_fake) / 2


def least_squares_critic(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """((f(real) - 1)^2 + f(fake)^2) / 2: Mao et al. (2017), equation 9."""
    return ((f_real - 1).square() + f_fake.square()) / 2


def least_squares_generator(f_fake: PerSample, f_real: PerSample | None = None) -> PerSample:
    """(f(fake) - 1)^2 / 2: Mao et al. (2017), equation 9."""
    return (f_fake - 1).square() / 2


def least_squares_estimate(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """1 - 4 (critic's loss).

    For the best f = p / (p + q), the mean is half the triangular discrimination. That is half the
    integral of (p - q)^2 / (p + q), which is 0 if p = q and 1 if they do not overlap.
    """
    return 1 - 4 * least_squares_critic(f_real, f_fake)


def hinge_critic(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """max(0, 1 - f(real)) + max(0, 1 + f(fake)): Miyato et al. (2018), equation 16."""
    return (1 - f_real).relu() + (1 + f_fake).relu()


def hinge_estimate(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """1 - (critic's loss) / 2: Lim and Ye (2017), lemma 1.

    The mean is the total variation for the best f = sign(p - q).
    """
    return 1 - hinge_critic(f_real, f_fake) / 2


def relativistic_critic(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """-log sigmoid(f(real) - f(fake)) over pairs: Huang et al. (2024), equation 2.

    The loss is that of Jolicoeur-Martineau (2019).
    """
    return softplus(f_fake - f_real)


def relativistic_generator(f_fake: PerSample, f_real: PerSample | None = None) -> PerSample:
    """-log sigmoid(f(fake) - f(real)) over pairs: Huang et al. (2024), section 2."""
    assert f_real is not None
    return softplus(f_real - f_fake)


def relativistic_estimate(f_real: PerSample, f_fake: PerSample) -> PerSample:
    """Return log 2 - (critic's loss): Jolicoeur-Martineau (2020).

    The mean is a divergence in [0, log 2] for the best f.
    """
    return log(2.0) - relativistic_critic(f_real, f_fake)


DUAL_W1 = Score(
    "dual W1",
    "Wasserstein-1 distance",
    dual_critic,
    dual_generator,
    dual_estimate,
    is_w1=True,
)
MINIMAX = Score(
    "Jensen-Shannon, minimax",
    "Jensen-Shannon divergence, nats",
    js_critic,
    minimax_generator,
    js_estimate,
)
NON_SATURATING = Score(
    "Jensen-Shannon, non-saturating",
    "Jensen-Shannon divergence, nats",
    js_critic,
    non_saturating_generator,
    js_estimate,
)
LEAST_SQUARES = Score(
    "least squares",
    "half the triangular discrimination, in [0, 1]",
    least_squares_critic,
    least_squares_generator,
    least_squares_estimate,
)
HINGE = Score("hinge", "total variation, in [0, 1]", hinge_critic, dual_generator, hinge_estimate)
RELATIVISTIC = Score(
    "relativistic pair",
    "relativistic pairing divergence, nats",
    relativistic_critic,
    relativistic_generator,
    relativistic_estimate,
    generator_needs_real=True,
)
