"""Which GANs do we know? One row each: score x penalty x hard constraint, with the paper's own optimiser settings.

This is the only file that names variants. A new one is a new row.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from wgan.errors import WganError, did_you_mean
from wgan.objectives.lipschitz import Constraint, Penalty, between, clip_weights, two_sided
from wgan.objectives.scores import DUAL_W1, MINIMAX, NON_SATURATING, Score


@dataclass(frozen=True)
class Variant:
    """One row of the table. `optimiser` holds fields of the run's `[optimiser]` section, as the paper gives them."""

    name: str
    score: Score
    penalty: Penalty | None = None
    constraint: Constraint | None = None
    optimiser: dict[str, Any] = field(default_factory=dict)
    paper: str = ""
    when: str = ""

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the row's settings as a layer of a run's configuration."""
        objective: dict[str, float] = {}
        if self.penalty:
            objective["penalty_weight"] = self.penalty.weight
        if self.constraint and self.constraint.bound:
            objective["clip"] = self.constraint.bound
        return {"objective": objective, "optimiser": self.optimiser}

    def adjusted(self, penalty_weight: float | None = None, clip: float | None = None) -> "Variant":
        """Return the row with another penalty weight or clipping bound; a setting that the row lacks is an error."""
        row = self
        if penalty_weight is not None:
            if row.penalty is None:
                raise WganError(f"objective.penalty_weight is set, but {self.name} has no penalty: remove the setting")
            row = replace(row, penalty=replace(row.penalty, weight=penalty_weight))
        if clip is not None:
            if row.constraint is None or row.constraint.bound is None:
                raise WganError(f"objective.clip is set, but {self.name} does not clip: remove the setting")
            row = replace(row, constraint=replace(row.constraint, bound=clip))
        return row


GRADIENT_PENALTY = Penalty(between, two_sided, weight=10.0, formula="E(|grad f(x)| - 1)^2, x between real and fake")
CLIPPING = Constraint("weights clipped to [-{0:g}, {0:g}]", bound=0.01, project=clip_weights)
ADAM_GAN: dict[str, Any] = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999), "critic_steps": 1}

VARIANTS = {
    row.name: row
    for row in (
        Variant(
            "gan-minimax",
            MINIMAX,
            optimiser=ADAM_GAN,
            paper="Goodfellow et al. 2014, equation 1; settings of Radford et al. 2016",
            when="to see vanishing gradients; not to get samples",
        ),
        Variant(
            "gan",
            NON_SATURATING,
            optimiser=ADAM_GAN,
            paper="Goodfellow et al. 2014, section 3; settings of Radford et al. 2016",
            when="as the baseline that a Wasserstein variant must beat",
        ),
        Variant(
            "wgan",
            DUAL_W1,
            constraint=CLIPPING,
            optimiser={"name": "rmsprop", "lr": 5e-5, "critic_steps": 5},
            paper="Arjovsky, Chintala and Bottou 2017, algorithm 1",
            when="to reproduce the first paper; slow, and its estimate has no unit",
        ),
        Variant(
            "wgan-gp",
            DUAL_W1,
            penalty=GRADIENT_PENALTY,
            optimiser={"name": "adam", "lr": 1e-4, "betas": (0.0, 0.9), "critic_steps": 5},
            paper="Gulrajani et al. 2017, algorithm 1",
            when="first: steady on vectors and pictures",
        ),
    )
}


def variant(name: str) -> Variant:
    """Return the row of that name.

    Raises:
        WganError: no such row; the message names the nearest.

    >>> variant("wgan-gp").penalty.weight
    10.0
    """
    if name not in VARIANTS:
        raise WganError(f"no variant is called '{name}'. {did_you_mean(name, VARIANTS)}")
    return VARIANTS[name]
