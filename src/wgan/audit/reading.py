"""Reading of a trained critic between two samples, as a line, as a table and as JSON."""

from dataclasses import dataclass
from math import sqrt

from wgan.distances.results import Printed, figures

LEAST = 20
"""Fewest samples of a side of which some are kept back: the least that a bracket takes too."""

SETTLED = 0.05
"""Largest relative change over the second half of a training that counts as settled. The learning
rate falls to 0 meanwhile, so that a critic far from its optimum changes by more.
"""


@dataclass(frozen=True)
class Dual(Printed):
    """The reading of a trained critic: its mean score difference over the samples that trained it.

    `value` is in the unit of the samples where the variant measures W1. `held_out_value` is the
    reading of `held_out` samples of each side that trained nothing. In expectation it is at most
    the critic's reading between the populations. If it is far below `value`, the critic has learned
    its samples by heart. It is None if fewer than 20 samples are given. `corrected` is without the
    slope of the penalty (`slope_corrected`), if the variant has that penalty. `mean_norm` and
    `max_norm` are norms of the critic's gradient at interpolates; an optimal critic for W1 has 1.
    `lipschitz` is the certified constant, where the variant's layers allow one. `drift` is the
    relative change of the value over the second half of the training, in which the learning rate
    falls to 0.
    """

    variant: str
    measures: str
    value: float
    held_out_value: float | None
    corrected: float | None
    mean_norm: float
    max_norm: float
    lipschitz: float | None
    penalty_weight: float | None
    drift: float
    steps: int
    n: int
    m: int
    held_out: tuple[int, int]
    d: int
    units: str

    @property
    def certified(self) -> float | None:
        """Value / L, at most the exact W1 of the training samples; None without a certified L."""
        return self.value / self.lipschitz if self.lipschitz else None

    @property
    def settled(self) -> bool:
        """Whether the reading is positive and changed by less than 5 % in the second half."""
        return self.value > 0 and abs(self.drift) < SETTLED

    def __str__(self) -> str:
        corrected = "" if self.corrected is None else f", slope-corrected {figures(self.corrected)}"
        certified = ", not certified"
        if self.certified is not None:
            certified = f", in-sample {figures(self.certified)} divided by its certified"
            certified += f" L={self.lipschitz:.6f}"
        fresh = ""
        if self.held_out_value is not None:
            fresh = f" and {figures(self.held_out_value)} held out"
        doubt = "" if self.settled else f"; still moving: {self.drift:+.0%} in the second half"
        return (
            f"{self.variant} critic reads {figures(self.value)} in-sample{fresh}{corrected}"
            f"{certified} (gradient norm {self.mean_norm:.3f} mean, {self.max_norm:.3f}"
            f" largest; {self.steps} steps{doubt}; n={self.n}, m={self.m}, d={self.d},"
            f" {self.units})"
        )

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        corrected = certified = "not for this variant"
        if self.corrected is not None:
            corrected = f"{figures(self.corrected)}, not certified"
        if self.certified is not None:
            certified = (
                f"{figures(self.certified)}, divided by L={self.lipschitz:.9f}: at most the exact"
                " W1 of the samples that trained it"
            )
        fresh = f"none: fewer than {LEAST} samples of a side"
        if self.held_out_value is not None:
            fresh = (
                f"{figures(self.held_out_value)}, of {self.held_out[0]} and {self.held_out[1]}"
                " samples that trained nothing"
            )
        return {
            "critic reads": (
                f"{figures(self.value)}, the mean score difference of the samples that trained it"
            ),
            "held out": fresh,
            "slope-corrected": corrected,
            "certified": certified,
            "variant": f"{self.variant}, which estimates: {self.measures}",
            "gradient norm": (
                f"{self.mean_norm:.4f} mean, {self.max_norm:.4f} largest found, at interpolates"
            ),
            "penalty weight": "none" if self.penalty_weight is None else f"{self.penalty_weight:g}",
            "settled": (
                f"{'yes' if self.settled else 'no'}: {self.drift:+.1%} over the second half of"
                f" {self.steps} steps"
            ),
            "samples": f"{self.n} and {self.m}, {self.d} dimension{'s' if self.d > 1 else ''}",
            "unit": self.units,
        }

    def to_json(self) -> dict[str, object]:
        """Return all fields, `certified` and `settled` as plain values for JSON."""
        return super().to_json() | {"certified": self.certified, "settled": self.settled}


def slope_corrected(value: float, penalty_weight: float) -> float:
    """Return the W that solves value = W + W^2 / (2 lambda), without the penalty's slope.

    W = lambda (sqrt(1 + 2 value / lambda) - 1).

    With the penalty lambda (|grad f| - 1)^2 a critic gains by a slope above 1. Along transport of
    length W, slope s pays s W - lambda (s - 1)^2, which is best at s = 1 + W / (2 lambda) and reads
    s W. For any pair, if a Kantorovich potential has slope 1 at the interpolates, the optimum reads
    at least W + W^2 / (2 lambda). It reads exactly that if the optimal critic's slope is the same
    at all interpolates. So the corrected value is too large if slopes vary, and too small if the
    critic did not reach the optimum. It is a correction, not a bound.

    Args:
        value: the reading, in the unit of the samples; returned as it is if not above 0.
        penalty_weight: lambda, in the same unit.

    >>> round(slope_corrected(20 + 20**2 / 20, penalty_weight=10), 6)
    20.0
    """
    if value <= 0:
        return value
    return penalty_weight * (sqrt(1 + 2 * value / penalty_weight) - 1)
