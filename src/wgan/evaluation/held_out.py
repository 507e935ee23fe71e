"""What is a run's verdict? Exact W1 between generated and held-out samples, beside real against
held-out at the same size.

Protocol: n = min(held-out, train, 1000) samples on each side. The first n of the split's random
order of held-out samples are compared with each of 5 fresh sets of n generated samples, and with up
to 5 disjoint sets of n training samples: the floor. Means; the interval is 95 % (Student's t) over
the generated sets, with the held-out set fixed.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wgan.base.intervals import decimals, mean_of
from wgan.data import Split
from wgan.distances import wasserstein
from wgan.evaluation.metrics.labels import LabelAgreement, label_agreement
from wgan.evaluation.metrics.modes import ModeCoverage, mode_coverage

SAMPLES = 1000
REPEATS = 5
MODE_SAMPLES = 2500
Sampler = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class HeldOutDistance:
    """The distance of a generator from held-out data, and how far apart real samples are."""

    w1: float
    half_width: float
    floor: float
    n: int
    repeats: int
    floor_repeats: int
    units: str
    coverage: ModeCoverage | None = None
    real_coverage: ModeCoverage | None = None
    labels: LabelAgreement | None = None

    @property
    def ratio(self) -> float:
        return self.w1 / self.floor if self.floor > 0 else float("inf")

    def __str__(self) -> str:
        d = decimals(self.half_width)
        lines = [
            f"W1(generated, held-out) {self.w1:.{d}f} +- {self.half_width:.{d}f}"
            f" (floor {self.floor:.{d}f}, ratio {self.ratio:.2f}; exact, n={self.n}, {self.units})"
        ]
        if self.coverage and self.real_coverage:
            c, r = self.coverage, self.real_coverage
            lines.append(
                f"modes {c.covered} of {c.modes}, {c.share:.1%} of samples within 3 sd of one"
                f" (n={c.n}; real: {r.covered}, {r.share:.1%}, n={r.n})"
            )
        if self.labels:
            g = self.labels
            lines.append(
                f"labels: {g.generated:.1%} of generated samples lie nearest to a training sample"
                f" of the class asked for (held-out ones: {g.real:.1%}; n={g.n})"
            )
        return "\n".join(lines)

    @classmethod
    def from_json(cls, values):
        c = lambda v: ModeCoverage(**{**v, "shares": tuple(v["shares"])}) if v else None
        return cls(
            values["w1"],
            values["half_width"],
            values["floor"],
            values["n"],
            values["repeats"],
            values["floor_repeats"],
            values["units"],
            c(values.get("coverage")),
            c(values.get("real_coverage")),
            LabelAgreement(**values["labels"]) if values.get("labels") else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        return {
            "metric": "w1-exact-held-out",
            "ratio": self.ratio if self.floor > 0 else None,
            **asdict(self),
        }


def held_out_distance(
    sample: Sampler, split: Split, of_classes: Callable[[np.ndarray], np.ndarray] | None = None
) -> HeldOutDistance:
    """Return the verdict on a generator, given as a function (n, draw) to `n` raw samples, fresh
    ones for each draw.

    `of_classes`, of a generator with labels, maps class numbers to one raw sample each.
    """
    dataset = split.dataset
    measure = dataset.codec.measure
    n = min(SAMPLES, split.n_held_out, split.n_train)
    floors = min(REPEATS, split.n_train // n)
    held_out = measure(split.held_out_sample(0, n))
    distances = [wasserstein(measure(sample(n, draw)), held_out) for draw in range(REPEATS)]
    floor = [
        wasserstein(measure(split.train_sample(i * n, (i + 1) * n)), held_out)
        for i in range(floors)
    ]
    w1 = mean_of(distances)
    coverage = real_coverage = None
    if dataset.toy and dataset.toy.modes is not None:
        coverage, real_coverage = (
            mode_coverage(np.asarray(x, dtype=np.float64), dataset.toy.modes, dataset.toy.mode_sd)
            for x in (
                sample(MODE_SAMPLES, REPEATS),
                split.held_out_sample(0, min(MODE_SAMPLES, split.n_held_out)),
            )
        )
    labels = label_agreement(of_classes, split, n) if of_classes else None
    units = dataset.codec.units
    return HeldOutDistance(
        w1.value,
        w1.half_width,
        float(np.mean(floor)),
        n,
        REPEATS,
        floors,
        units,
        coverage,
        real_coverage,
        labels,
    )
