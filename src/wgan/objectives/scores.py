"""What do critic and generator minimise? Each score gives one value a sample; real scores high and
fake low, as in the papers.

The sign appears here and nowhere else. `estimate` is what the score measures: a distance or a
divergence, never negative in the limit of an optimal critic, and always without the penalty.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Scores = Float[Tensor, " n"]


@dataclass(frozen=True)
class Score:
    """A pair of losses, and the quantity that the critic estimates.

    `critic(f_real, f_fake)`, `generator(f_fake, f_real)` and `estimate(f_real, f_fake)` map scores
    `[n]` to `[n]`; `f_real` reaches the generator's loss only where `generator_needs_real`.
    """

    name: str
    measures: str
    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor | None], Tensor]
    estimate: Callable[[Tensor, Tensor], Tensor]
    generator_needs_real: bool = False


def dual_critic(f_real: Scores, f_fake: Scores) -> Scores:
    """f(fake) - f(real): Arjovsky et al. (2017), equation 3, negated to be minimised."""
    return f_fake - f_real


def dual_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """-f(fake): Arjovsky et al. (2017), theorem 3."""
    return -f_fake


def dual_estimate(f_real: Scores, f_fake: Scores) -> Scores:
    """f(real) - f(fake), whose mean is W1 for the best 1-Lipschitz f: Arjovsky et al. (2017),
    equation 2.
    """
    return f_real - f_fake


def js_critic(f_real: Scores, f_fake: Scores) -> Scores:
    """-log D(real) - log(1 - D(fake)) with D = sigmoid(f): Goodfellow et al. (2014), equation 1,
    negated.
    """
    return F.softplus(-f_real) + F.softplus(f_fake)


def minimax_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """log(1 - D(fake)): Goodfellow et al. (2014), equation 1."""
    return -F.softplus(f_fake)


def non_saturating_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """-log D(fake): Goodfellow et al. (2014), section 3."""
    return F.softplus(-f_fake)


def js_estimate(f_real: Scores, f_fake: Scores) -> Scores:
    """log 2 - (critic's loss) / 2, whose mean is the Jensen-Shannon divergence in nats for the best
    D: theorem 1, ibid.
    """
    return log(2.0) - js_critic(f_real, f_fake) / 2


def least_squares_critic(f_real: Scores, f_fake: Scores) -> Scores:
    """((f(real) - 1)^2 + f(fake)^2) / 2: Mao et al. (2017), equation 9."""
    return ((f_real - 1).square() + f_fake.square()) / 2


def least_squares_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """(f(fake) - 1)^2 / 2: Mao et al. (2017), equation 9."""
    return (f_fake - 1).square() / 2


def least_squares_estimate(f_real: Scores, f_fake: Scores) -> Scores:
    """1 - 4 (critic's loss), whose mean is half the triangular discrimination for the best f = p /
    (p + q).

    Half of the integral of (p - q)^2 / (p + q): 0 where p = q, 1 where they do not overlap.
    """
    return 1 - 4 * least_squares_critic(f_real, f_fake)


def hinge_critic(f_real: Scores, f_fake: Scores) -> Scores:
    """max(0, 1 - f(real)) + max(0, 1 + f(fake)): Miyato et al. (2018), equation 16."""
    return F.relu(1 - f_real) + F.relu(1 + f_fake)


def hinge_estimate(f_real: Scores, f_fake: Scores) -> Scores:
    """1 - (critic's loss) / 2, whose mean is the total variation for the best f = sign(p - q): Lim
    and Ye (2017), lemma 1.
    """
    return 1 - hinge_critic(f_real, f_fake) / 2


def relativistic_critic(f_real: Scores, f_fake: Scores) -> Scores:
    """-log sigmoid(f(real) - f(fake)) over pairs: Huang et al. (2024), equation 2;
    Jolicoeur-Martineau (2019).
    """
    return F.softplus(f_fake - f_real)


def relativistic_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """-log sigmoid(f(fake) - f(real)) over pairs: Huang et al. (2024), section 2."""
    assert f_real is not None
    return F.softplus(f_real - f_fake)


def relativistic_estimate(f_real: Scores, f_fake: Scores) -> Scores:
    """log 2 - (critic's loss), whose mean is a divergence in [0, log 2] for the best f:
    Jolicoeur-Martineau (2020).
    """
    return log(2.0) - relativistic_critic(f_real, f_fake)


DUAL_W1 = Score("dual W1", "Wasserstein-1 distance", dual_critic, dual_generator, dual_estimate)
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
    True,
)
