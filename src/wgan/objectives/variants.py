"""The table of variants: score x penalty x hard constraint, with the paper's optimizer settings.

This is the only file that names variants. A new variant is one more entry of `VARIANTS`. The table
can be listed without importing torch.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from wgan.base.errors import SettingError, WganError, did_you_mean
from wgan.objectives.constraints import Constraint, Layers
from wgan.objectives.penalties import (
    Consistency,
    Penalty,
    at_both,
    at_real,
    between,
    one_sided,
    sixth_power,
    squared,
    two_sided,
)
from wgan.objectives.scores import (
    DUAL_W1,
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    Score,
)


@dataclass(frozen=True)
class Variant:
    """A GAN objective with its paper's settings.

    Attributes:
        name: as in `--variant`.
        score: the losses of critic and generator.
        penalty: on the critic's gradient; none without one.
        constraint: on the critic's layers or weights; none without one.
        consistency: between two passes under dropout; none without one.
        optimizer: fields of a run's `[optimizer]` section, as the paper gives them.
        paper: where the objective and the settings come from.
        when: what to choose it for.
    """

    name: str
    score: Score
    penalty: Penalty | None = None
    constraint: Constraint | None = None
    consistency: Consistency | None = None
    optimizer: dict[str, Any] = field(default_factory=dict)
    paper: str = ""
    when: str = ""

    @property
    def aims_at_slope_one(self) -> bool:
        """Whether a penalty or the layers hold the critic's slope near 1, not just bounded."""
        if self.penalty is not None and self.penalty.shape in (two_sided, one_sided):
            return True
        return self.layers in ("spectral-sorting", "orthonormal")

    @property
    def reads_w1(self) -> bool:
        """Whether the critic's estimate is a W1 in the unit of the samples.

        The score must be that of W1 and the slope near 1. A consistency term also bounds score
        differences, so that the estimate falls below W1 by an unknown factor.
        """
        return self.score.is_w1 and self.aims_at_slope_one and self.consistency is None

    @property
    def bounded(self) -> bool:
        """Whether the critic's loss has a lower bound for all samples.

        A Wasserstein score has one only where the slope is held on the way from real to fake
        samples. A penalty at the samples alone lets the critic rise without limit between them.
        """
        if not self.score.is_w1 or self.constraint is not None:
            return True
        return self.penalty is not None and self.penalty.points not in (at_real, at_both)

    @property
    def layers(self) -> Layers:
        """Layers that the critic is built of."""
        if self.consistency is not None:
            return "dropout"
        return self.constraint.layers if self.constraint is not None else "plain"

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the variant's settings as a layer of a run's configuration."""
        objective: dict[str, Any] = {"variant": self.name}
        if self.penalty:
            objective["penalty_weight"] = self.penalty.weight
        if self.constraint and self.constraint.bound:
            objective["clip"] = self.constraint.bound
        return {"objective": objective, "optimizer": self.optimizer}

    def adjusted(self, penalty_weight: float | None = None, clip: float | None = None) -> "Variant":
        """Return the variant with another penalty weight or clipping bound.

        Args:
            penalty_weight: the penalty's weight; none: as it is.
            clip: the bound of the weights; none: as it is.

        Raises:
            WganError: a setting that the variant does not have.
        """
        variant = self
        if penalty_weight is not None:
            if variant.penalty is None:
                raise SettingError(
                    "objective.penalty_weight",
                    f"is set, but {self.name} has no penalty: remove the setting",
                )
            variant = replace(variant, penalty=replace(variant.penalty, weight=penalty_weight))
        if clip is not None:
            if variant.constraint is None or variant.constraint.bound is None:
                raise SettingError(
                    "objective.clip", f"is set, but {self.name} does not clip: remove the setting"
                )
            variant = replace(variant, constraint=replace(variant.constraint, bound=clip))
        return variant


GRADIENT_PENALTY = Penalty(
    between, two_sided, weight=10.0, formula="E(|grad f(x)| - 1)^2, x between real and fake"
)
LIPSCHITZ_PENALTY = Penalty(
    between, one_sided, weight=10.0, formula="E max(0, |grad f(x)| - 1)^2, x between real and fake"
)
DIVERGENCE_PENALTY = Penalty(
    between, sixth_power, weight=2.0, formula="E |grad f(x)|^6, x between real and fake"
)
R1 = Penalty(at_real, squared, weight=5.0, formula="E |grad f(x)|^2, x real")
R1_R2 = Penalty(
    at_both, squared, weight=0.5, formula="(E |grad f(x)|^2, x real, + E |grad f(x)|^2, x fake)"
)
CLIPPING = Constraint("weights clipped to [-{0:g}, {0:g}]", bound=0.01)
SPECTRAL = Constraint("each layer's operator divided by its spectral norm", layers="spectral")
SPECTRAL_SORTING = Constraint(
    "each layer's operator divided by its spectral norm; sorting activations",
    layers="spectral-sorting",
)
ORTHONORMAL = Constraint(
    "orthonormal layers and sorting activations: 1-Lipschitz by construction", layers="orthonormal"
)
ADAM_WGAN: dict[str, Any] = {"name": "adam", "lr": 1e-4, "betas": (0.0, 0.9), "critic_steps": 5}
ADAM_R1: dict[str, Any] = {"name": "adam", "lr": 1e-4, "betas": (0.0, 0.99), "critic_steps": 1}
ADAM_GAN: dict[str, Any] = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999), "critic_steps": 1}

VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(
            "gan-minimax",
            MINIMAX,
            optimizer=ADAM_GAN,
            paper="Goodfellow et al. 2014, equation 1; settings of Radford et al. 2016",
            when="to see vanishing gradients; not to get samples",
        ),
        Variant(
            "gan",
            NON_SATURATING,
            optimizer=ADAM_GAN,
            paper="Goodfellow et al. 2014, section 3; settings of Radford et al. 2016",
            when="as the baseline that a Wasserstein variant must beat",
        ),
        Variant(
            "lsgan",
            LEAST_SQUARES,
            optimizer=ADAM_GAN,
            paper="Mao et al. 2017, equation 9; settings of Radford et al. 2016",
            when="as a second baseline without a Lipschitz critic",
        ),
        Variant(
            "wgan",
            DUAL_W1,
            constraint=CLIPPING,
            optimizer={"name": "rmsprop", "lr": 5e-5, "critic_steps": 5},
            paper="Arjovsky, Chintala and Bottou 2017, algorithm 1",
            when="to reproduce the first paper; slow, and its estimate has no unit",
        ),
        Variant(
            "wgan-gp",
            DUAL_W1,
            penalty=GRADIENT_PENALTY,
            optimizer=ADAM_WGAN,
            paper="Gulrajani et al. 2017, algorithm 1",
            when="first: steady on vectors and pictures",
        ),
        Variant(
            "wgan-lp",
            DUAL_W1,
            penalty=LIPSCHITZ_PENALTY,
            optimizer=ADAM_WGAN,
            paper=(
                "Petzka, Fischer and Lukovnikov 2018, equation 7; settings of Gulrajani et al. 2017"
            ),
            when=(
                "for an estimate nearer to 1-Lipschitz than wgan-gp's: slopes below 1 cost nothing"
            ),
        ),
        Variant(
            "wgan-div",
            DUAL_W1,
            penalty=DIVERGENCE_PENALTY,
            optimizer={"name": "adam", "lr": 2e-4, "betas": (0.0, 0.999), "critic_steps": 4},
            paper="Wu et al. 2018, equation 7, k = 2, p = 6",
            when="as a penalty without a target slope; its estimate has no unit",
        ),
        Variant(
            "wgan-ct",
            DUAL_W1,
            penalty=GRADIENT_PENALTY,
            consistency=Consistency(weight=2.0),
            optimizer=ADAM_WGAN,
            paper=(
                "Wei et al. 2018, equations 4 and 5, lambda_2 = 2, M' = 0, with the dropout rates"
                " of their code; settings of Gulrajani et al. 2017"
            ),
            when="with little data: dropout keeps the critic from learning it by heart",
        ),
        Variant(
            "gan-r1",
            NON_SATURATING,
            penalty=R1,
            optimizer=ADAM_R1,
            paper=(
                "Mescheder, Geiger and Nowozin 2018, equation 9, gamma = 10; Adam (0, 0.99) for"
                " their RMSProp (0.99)"
            ),
            when="as R1 was published: flat where the data are, and sound near convergence",
        ),
        Variant(
            "wgan-r1",
            DUAL_W1,
            penalty=R1,
            optimizer=ADAM_R1,
            paper=(
                "none pairs these; penalty and settings of Mescheder, Geiger and Nowozin 2018,"
                " whose own pairing is gan-r1"
            ),
            when=(
                "only near convergence: nothing holds its critic between samples that do not"
                " overlap, so that it has no optimum there and its estimate grows without limit"
            ),
        ),
        Variant(
            "wgan-sn",
            DUAL_W1,
            constraint=SPECTRAL_SORTING,
            optimizer=ADAM_WGAN,
            paper=(
                "Miyato et al. 2018, section 2.1; sorting of Anil et al. 2019, section 4.1;"
                " settings of Gulrajani et al. 2017"
            ),
            when="for a critic that is nearly 1-Lipschitz everywhere at little cost",
        ),
        Variant(
            "wgan-ortho",
            DUAL_W1,
            constraint=ORTHONORMAL,
            optimizer=ADAM_WGAN,
            paper=(
                "Anil, Lucas and Grosse 2019; convolutions of Li et al. 2019; settings of Gulrajani"
                " et al. 2017"
            ),
            when="where the estimate must be a lower bound on the distance; slower a step",
        ),
        Variant(
            "hinge-sn",
            HINGE,
            constraint=SPECTRAL,
            optimizer={"name": "adam", "lr": 2e-4, "betas": (0.0, 0.9), "critic_steps": 5},
            paper="Miyato et al. 2018, equations 16 and 17",
            when="as the baseline of large picture models",
        ),
        Variant(
            "r3gan",
            RELATIVISTIC,
            penalty=R1_R2,
            optimizer={"name": "adam", "lr": 2e-4, "betas": (0.0, 0.9), "critic_steps": 1},
            paper=(
                "Huang et al. 2024, equations 2 and 4; learning rate and betas that their schedules"
                " begin with, held constant; gamma = 1, which theirs for ImageNet 64 begins with"
                " (for others 0.05 to 150)"
            ),
            when="as the modern baseline: coverage of modes without a Wasserstein score",
        ),
    )
}


def find_variant(name: str) -> Variant:
    """Return the variant of a name.

    Args:
        name: one of `VARIANTS`.

    Raises:
        WganError: no such variant; the message names the nearest.

    >>> find_variant("wgan-gp").penalty.weight
    10.0
    """
    if name not in VARIANTS:
        raise WganError(f"no variant is called '{name}'. {did_you_mean(name, VARIANTS)}")
    return VARIANTS[name]
