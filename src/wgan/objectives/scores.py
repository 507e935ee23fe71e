"""What do critic and generator minimise? Each score gives one value a sample; real scores high and fake low, as in the papers.

The sign appears here and nowhere else. `estimate` is what the score measures: a distance or a divergence, never negative
in the limit of an optimal critic, and always without the penalty.
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

    `critic(f_real, f_fake)`, `generator(f_fake, f_real)` and `estimate(f_real, f_fake)` map scores `[n]` to `[n]`;
    `f_real` reaches the generator's loss only where `generator_needs_real`.
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
    """f(real) - f(fake), whose mean is W1 for the best 1-Lipschitz f: Arjovsky et al. (2017), equation 2."""
    return f_real - f_fake


def js_critic(f_real: Scores, f_fake: Scores) -> Scores:
    """-log D(real) - log(1 - D(fake)) with D = sigmoid(f): Goodfellow et al. (2014), equation 1, negated."""
    return F.softplus(-f_real) + F.softplus(f_fake)


def minimax_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """log(1 - D(fake)): Goodfellow et al. (2014), equation 1."""
    return -F.softplus(f_fake)


def non_saturating_generator(f_fake: Scores, f_real: Scores | None = None) -> Scores:
    """-log D(fake): Goodfellow et al. (2014), section 3."""
    return F.softplus(-f_fake)


def js_estimate(f_real: Scores, f_fake: Scores) -> Scores:
    """log 2 - (critic's loss) / 2, whose mean is the Jensen-Shannon divergence in nats for the best D: theorem 1, ibid."""
    return log(2.0) - js_critic(f_real, f_fake) / 2


DUAL_W1 = Score("dual W1", "Wasserstein-1 distance", dual_critic, dual_generator, dual_estimate)
MINIMAX = Score("Jensen-Shannon, minimax", "Jensen-Shannon divergence, nats", js_critic, minimax_generator, js_estimate)
NON_SATURATING = Score("Jensen-Shannon, non-saturating", "Jensen-Shannon divergence, nats", js_critic, non_saturating_generator, js_estimate)
