"""How is a figure of quality told? Of generated samples, beside the same figure of real ones, the
floor, and of broken ones, the ceiling.

Every set of samples is compared with held-out ones alone. The interval is 95 % (Student's t) over
sets of fresh samples, with the held-out set fixed: drawing a generator anew is at hand, so nothing
is resampled (the bootstrap's repeated samples would bias distances of neighbours).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wgan.base.intervals import Mean, decimals, mean_of, short

Progress = Callable[[str], None]


def silent(what: str) -> None:
    """Tell nobody what is being measured."""


@dataclass(frozen=True)
class Metric:
    """What a figure is called, its unit, and how it is read."""

    title: str
    unit: str
    read: str


LOW, HIGH = "low is good", "high is good"
METRICS = {
    "w1-exact": Metric("W1", "", LOW),
    "sliced-w2": Metric("sliced W2", "", LOW),
    "frechet": Metric("Frechet distance", "", LOW),
    "kernel": Metric("kernel distance", "", LOW),
    "precision": Metric("precision", "%", HIGH),
    "recall": Metric("recall", "%", HIGH),
    "density": Metric("density", "", "about 1: as real"),
    "coverage": Metric("coverage", "%", HIGH),
    "modes": Metric("modes found", "", HIGH),
    "good-share": Metric("within 3 sd of a mode", "%", HIGH),
    "modes-kl": Metric("KL of the modes' shares", "nats", LOW),
    "shape-error": Metric("shape error", "%", LOW),
    "trend-error": Metric("trend error", "%", LOW),
    "tstr-auc": Metric("AUC, trained on it", "", HIGH),
    "tstr-f1": Metric("F1, trained on it", "", HIGH),
    "tstr-r2": Metric("R2, trained on it", "", HIGH),
    "c2st-auc": Metric("detection AUC", "", "0.5: as real"),
    "dcr-share": Metric("nearer to training", "%", "50: no copying"),
    "copied-share": Metric("equal to training", "%", "as real"),
}


@dataclass(frozen=True)
class Line:
    """One figure of generated, of real and of broken samples, `n` in each set; `of` names the
    features or coordinates that it was taken on.
    """

    metric: str
    generated: Mean
    real: float
    broken: float
    n: int
    of: str = ""

    @property
    def name(self) -> str:
        """The metric with what it was taken on and of how many samples, such as
        frechet-mobilenetv2-320@96-n2000: compare equal names alone.
        """
        return "-".join([self.metric, *([self.of] if self.of else []), f"n{self.n}"])

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """What a person reads: title, generated with interval (where it has a width), real, broken,
        how to read it.
        """
        metric = METRICS[self.metric]
        scale = 100 if metric.unit == "%" else 1
        value, half_width, real, broken = (
            scale * each
            for each in (self.generated.value, self.generated.half_width, self.real, self.broken)
        )
        d = decimals(half_width)
        shown = f"{value:.{d}f} +- {half_width:.{d}f}" if half_width > 0 else f"{value:.4g}"
        title = metric.title + (f", {metric.unit}" if metric.unit else "")
        return title, shown, short(real), short(broken), metric.read


@dataclass(frozen=True)
class Evaluation:
    """All figures of a generator: `sets` of `generated` samples each against `held_out` ones;
    `broken` says what stands for the ceiling.

    `notes` are sentences on how a figure was taken; `details` hold what has a figure for each
    column, pair or class.
    """

    protocol: str
    lines: tuple[Line, ...]
    sets: int
    generated: int
    held_out: int
    broken: str
    details: dict[str, Any]
    notes: tuple[str, ...] = ()

    def line(self, metric: str) -> Line:
        """Return the figure of that name."""
        return next(line for line in self.lines if line.metric == metric)

    def get(self, metric: str) -> Line | None:
        """Return the figure of that name, where it was taken."""
        return next((line for line in self.lines if line.metric == metric), None)

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        return asdict(self) | {
            "lines": [{"name": line.name, **asdict(line)} for line in self.lines]
        }


def evaluation_from_json(values: Mapping[str, Any]) -> Evaluation:
    """Build an evaluation from what `to_json` gave; other values raise KeyError or TypeError."""
    lines = tuple(
        Line(
            each["metric"],
            Mean(*(_number(each["generated"][k]) for k in ("value", "half_width"))),
            _number(each["real"]),
            _number(each["broken"]),
            each["n"],
            each["of"],
        )
        for each in values["lines"]
    )
    rest = {
        name: values[name]
        for name in ("protocol", "sets", "generated", "held_out", "broken", "details")
    }
    return Evaluation(lines=lines, notes=tuple(values["notes"]), **rest)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def lines_of(
    generated: Sequence[Mapping[str, float]],
    real: Mapping[str, float],
    broken: Mapping[str, float],
    counts: Mapping[str, int],
    of: Mapping[str, str],
) -> tuple[Line, ...]:
    """Return a line for each metric that all sides have, in the order of `METRICS`; a mean over the
    sets of generated samples.

    A figure `METRIC/half-width` of a set is what its interval is at least, where sets share what
    their noise comes from.
    """
    lines = []
    for metric in METRICS:
        if all(metric in each for each in (*generated, real, broken)):
            mean, least = (
                mean_of([each[metric] for each in generated]),
                max(each.get(f"{metric}/half-width", 0.0) for each in generated),
            )
            lines.append(
                Line(
                    metric,
                    replace(mean, half_width=max(mean.half_width, least)),
                    real[metric],
                    broken[metric],
                    counts[metric],
                    of.get(metric, ""),
                )
            )
    return tuple(lines)


def mean_figures(sets: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over sets."""
    return {metric: float(np.mean([each[metric] for each in sets])) for metric in sets[0]}
