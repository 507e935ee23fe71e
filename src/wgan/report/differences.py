"""Difference of two settings in a metric, over seeds, and in words."""

from dataclasses import dataclass
from math import isnan

from wgan.base.intervals import Mean

CONFIDENCE = 0.95
"""Confidence of all intervals of a comparison together, and of a verdict's own interval."""


@dataclass(frozen=True)
class Difference:
    """A difference of two groups in a metric.

    Attributes:
        better: the name of the group with the smaller mean, or mean rank where `p` decides.
        worse: the name of the other group.
        mean: the metric of `worse` minus that of `better`, over seeds; without a half-width where a
            group has one seed.
        paired: whether the difference is taken seed by seed.
        metric: the metric's title, W1 or the Frechet distance.
        p: the value of the exact rank test; none where there are too few seeds for it.
        level: the value of `p` up to which a difference counts.
    """

    better: str
    worse: str
    mean: Mean
    paired: bool
    metric: str = "W1"
    p: float | None = None
    level: float = 1 - CONFIDENCE

    @property
    def seen(self) -> bool:
        """Whether the rank test finds a difference; with few seeds, the interval without zero."""
        if self.p is not None:
            return self.p <= self.level
        return self.mean.value > self.mean.half_width

    def __str__(self) -> str:
        if isnan(self.mean.half_width):
            value = f"{self.metric} {self.mean.value:+.2g}"
            return (
                f"{self.worse} against {self.better}: {value}, but one seed tells nothing of the"
                " noise between seeds: train more"
            )
        value = f"{self.metric} {self.mean.value:+.2g} +- {self.mean.half_width:.2g}"
        if self.p is not None:
            value += f" (exact rank test: p = {self.p:.2g}, counts up to {self.level:.2g})"
            if self.seen and self.mean.value < 0:
                value += "; a few outlying runs reverse the order of the means"
        if self.seen:
            return f"{self.worse} is worse than {self.better}: {value}"
        return f"no difference can be seen between {self.better} and {self.worse}: {value}"
