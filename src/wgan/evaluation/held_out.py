"""Held-out distance: exact W1 between generated and held-out samples, at the end of a run.

n = min(held-out, training, 1,000) samples are on each side. The first n held-out samples of the
split's random order are compared with 5 fresh sets of n generated samples, draws 0 to 4. The floor
puts up to 5 disjoint sets of n training samples in their place. Figures are means; the interval is
95 % (Student's t) over the generated sets, with the held-out samples fixed. If the places of modes
are known, they are counted among 2,500 samples of draw 5. Further figures of the same sets are
those that the protocol of the kind of data states at the end of a run, beside broken samples.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wgan.base.intervals import decimals, mean_of
from wgan.base.progress import silent
from wgan.base.records import typed
from wgan.data import Split
from wgan.distances import wasserstein
from wgan.evaluation.kinds import PROTOCOLS
from wgan.evaluation.learned_words import learned_in_words
from wgan.evaluation.metrics.labels import LabelAgreement, label_agreement
from wgan.evaluation.metrics.modes import MODE_SAMPLES, ModeCoverage, mode_coverage
from wgan.evaluation.points import LEAST_ROWS
from wgan.evaluation.protocol import (
    EvaluationOptions,
    no_arrays,
    no_details,
    no_notes,
    run_protocol,
)
from wgan.evaluation.results import Line, line_values, number
from wgan.evaluation.sampler import Sampler

# The time of exact W1 grows with n^2 at least; 1,000 samples take below a second a set.
SAMPLES = 1000
# Five sets give an interval of 4 degrees of freedom; each further set narrows it slowly.
REPEATS = 5


@dataclass(frozen=True)
class HeldOutDistance:
    """The distance of a generator from held-out data, beside that of real samples.

    Attributes:
        w1: mean exact W1 over the sets of generated samples.
        half_width: half-width of its 95 % interval.
        floor: mean exact W1 over sets of training samples.
        n: samples on each side.
        repeats: sets of generated samples.
        floor_repeats: sets of training samples.
        units: unit of the distance.
        coverage: modes covered by generated samples, where modes are known by place.
        real_coverage: modes covered by held-out samples.
        labels: agreement with requested classes, where the generator has classes.
        figures: further figures of the same sets, where the kind of data has some.
        broken: words for the broken samples of these figures.
    """

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
    figures: tuple[Line, ...] = ()
    broken: str = ""

    @property
    def ratio(self) -> float:
        """The distance over the floor; infinite for a floor of zero."""
        return self.w1 / self.floor if self.floor > 0 else float("inf")

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The figures by title, for a table: of generated samples, then of real ones."""
        rows = [("W1", f"{self.w1:.4g}"), ("W1 of real samples", f"{self.floor:.4g}")]
        for line in self.figures:
            title, generated, real, *_ = line.cells
            rows += [(title, generated), (f"{title}, of real samples", real)]
        return rows

    def __str__(self) -> str:
        d = decimals(self.half_width)
        lines = [
            f"W1(generated, held-out) {self.w1:.{d}f} +- {self.half_width:.{d}f}"
            f" (floor {self.floor:.{d}f}, ratio {self.ratio:.2f}; exact, n={self.n}, {self.units})"
        ]
        lines += [learned_in_words(line, self.broken) for line in self.figures]
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

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values; the ratio is null for a floor of zero."""
        return {
            "metric": "w1-exact-held-out",
            "ratio": self.ratio if self.floor > 0 else None,
            **asdict(self),
            "figures": [line.to_json() for line in self.figures],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "HeldOutDistance":
        """Return the distance that `to_json` gave; further values are ignored.

        Raises:
            KeyError: a value is missing.
            TypeError: values of another form.
            ValueError: a value of another type, or out of range.
        """
        plain = dict(values)
        for name in ("w1", "half_width", "floor"):
            plain[name] = number(values[name])
        for name in ("coverage", "real_coverage"):
            if modes := values.get(name):
                plain[name] = {**modes, "kl": number(modes["kl"])}
        plain["figures"] = [line_values(line) for line in values.get("figures", ())]
        found = typed(plain, cls)
        counts = (found.n, found.repeats - 1, found.floor_repeats)  # no interval of one set
        lengths = (found.w1, found.floor, found.half_width)
        if min(counts) < 1 or not all(0 <= length < float("inf") for length in lengths):
            raise ValueError("w1, floor, half_width, n, repeats, floor_repeats: out of range")
        return found


def held_out_distance(
    sample: Sampler, split: Split, of_classes: Callable[[np.ndarray], np.ndarray] | None = None
) -> HeldOutDistance:
    """Return the held-out distance of a generator.

    Args:
        sample: the generator, as a function (n, draw) to `n` raw samples, fresh for each draw.
        split: the data that it was trained on.
        of_classes: for a generator with classes, a function of class numbers to one raw sample
            each.

    See also:
        evaluate: all metrics, each with its floor and ceiling.
    """
    measure = split.dataset.codec.measure
    n = min(SAMPLES, split.n_held_out, split.n_train)
    floors = min(REPEATS, split.n_train // n)
    held_out = measure(split.held_out_sample(0, n))
    sets = [sample(n, draw) for draw in range(REPEATS)]
    w1 = mean_of([wasserstein(measure(each), held_out) for each in sets])
    real = (split.train_sample(i * n, (i + 1) * n) for i in range(floors))
    figures, broken = _figures(split, sets)
    counted = min(MODE_SAMPLES, split.n_held_out)
    return HeldOutDistance(
        w1=w1.value,
        half_width=w1.half_width,
        floor=float(np.mean([wasserstein(measure(x), held_out) for x in real])),
        n=n,
        repeats=REPEATS,
        floor_repeats=floors,
        units=split.dataset.codec.units,
        coverage=_modes(split, lambda: sample(MODE_SAMPLES, REPEATS)),
        real_coverage=_modes(split, lambda: split.held_out_sample(0, counted)),
        labels=label_agreement(of_classes, split, n) if of_classes else None,
        figures=figures,
        broken=broken,
    )


def _figures(split: Split, sets: list[np.ndarray]) -> tuple[tuple[Line, ...], str]:
    """Return the further figures of the kind of data, and a word for its broken samples."""
    protocol = PROTOCOLS.get(split.dataset.codec.kind)
    n = len(sets[0])
    if protocol is None or not protocol.at_end or n < LEAST_ROWS:
        return (), ""
    at_end = replace(
        protocol,
        sets=len(sets),
        real_sets=REPEATS,
        metrics=protocol.at_end,
        each_set=no_arrays,
        details=no_details,
        notes=no_notes,
    )
    reference = protocol.reference(split, EvaluationOptions(number=n))
    found = run_protocol(at_end, reference, lambda n, draw: sets[draw][:n], (), silent)
    return found.lines, found.broken


def _modes(split: Split, sample: Callable[[], np.ndarray]) -> ModeCoverage | None:
    """Return the coverage of modes whose places are known; None otherwise."""
    toy = split.dataset.toy
    if toy is None or toy.modes is None:
        return None
    return mode_coverage(np.asarray(sample(), dtype=np.float64), toy.modes, toy.mode_sd)
