"""Comparison of settings: differences over seeds, in pairs and in words, with their noise.

The noise is that between seeds, since weights and batches decide as much as a variant does. Where
settings were run from the same seeds their differences are taken seed by seed; all intervals of a
comparison hold together at 95 % (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, cycle
from math import isnan

import numpy as np
from scipy import stats

from wgan.base.errors import WganError
from wgan.base.intervals import Mean, mean_of
from wgan.evaluation.results import Line
from wgan.evaluation.words import lost_modes
from wgan.runs import Finished

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Group:
    """Runs of the same settings from several seeds."""

    name: str
    runs: tuple[Finished, ...]

    @property
    def w1(self) -> Mean:
        """Mean verdict over seeds, with its interval."""
        return mean_of([run.finish.held_out.w1 for run in self.runs])

    def metric(self, name: str) -> Mean | None:
        """Return the mean over seeds of a figure that all runs have, under its full name."""
        values = [
            (
                {line.name: line.generated.value for line in run.evaluation.lines}
                if run.evaluation
                else {}
            )
            for run in self.runs
        ]
        return (
            mean_of([each[name] for each in values])
            if all(name in each for each in values)
            else None
        )


@dataclass(frozen=True)
class Difference:
    """A figure, W1 or the Frechet distance, of `worse` minus that of `better`: the mean over seeds;
    `paired` where the seeds are the same.
    """

    better: str
    worse: str
    mean: Mean
    paired: bool
    figure: str = "W1"

    @property
    def seen(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.mean.value > self.mean.half_width

    def __str__(self) -> str:
        if isnan(self.mean.half_width):
            figures = f"{self.figure} {self.mean.value:+.2g}"
            return (
                f"{self.worse} against {self.better}: {figures}, but one seed tells nothing of the"
                " noise between seeds: train more"
            )
        figures = f"{self.figure} {self.mean.value:+.2g} +- {self.mean.half_width:.2g}"
        if self.seen:
            return f"{self.worse} is worse than {self.better}: {figures}"
        return f"no difference can be seen between {self.better} and {self.worse}: {figures}"


def grouped(runs: Sequence[Finished]) -> list[Group]:
    """Return runs of equal settings together, the smallest mean W1 first; a group is called after
    its variant, and what else tells it from others.

    Raises:
        WganError: runs of different data, or the same run twice.
    """
    first = runs[0].about.data
    for run in runs[1:]:
        if run.about.data.fingerprint != first.fingerprint:
            raise WganError(
                f"{run.path} was trained on {run.about.data.name} and {runs[0].path} on"
                f" {first.name}: give runs of the same data"
            )
        if run.held_out != runs[0].held_out:
            raise WganError(
                f"{run.path} and {runs[0].path} hold out other samples (share, seed, number in"
                f" the verdict: {run.held_out}, {runs[0].held_out}), and distances depend on them:"
                " give runs of one split"
            )
    kinds: dict[str, list[Finished]] = {}
    for run in runs:
        kinds.setdefault(
            repr(sorted(run.other_settings.items(), key=lambda item: item[0])), []
        ).append(run)
    groups = []
    for members in kinds.values():
        if len({run.seed for run in members}) < len(members):
            raise WganError(
                f"{members[0].path}: the same settings and seed are given twice: name each run once"
            )
        groups.append(
            Group(_name(members[0], runs), tuple(sorted(members, key=lambda run: run.seed)))
        )
    return sorted(groups, key=lambda group: group.w1.value)


def _name(run: Finished, runs: Sequence[Finished]) -> str:
    """Return the variant, with the settings in which it differs from other runs of that variant."""
    others = [each for each in runs if each.variant == run.variant]
    names = sorted(
        {
            name
            for each in others
            for name in (*run.other_settings, *each.other_settings)
            if each.other_settings.get(name) != run.other_settings.get(name)
        }
    )
    return run.variant + (
        f" ({', '.join(f'{name}={run.other_settings.get(name)}' for name in names)})"
        if names
        else ""
    )


def differences(groups: Sequence[Group]) -> list[Difference]:
    """Return how every two groups differ in W1, and, where all were evaluated alike, in the Frechet
    distance, all intervals holding together.

    Seed by seed where the seeds are the same (Student's t), otherwise by Welch's t; without
    half-width where a side has one seed.
    """
    pairs = list(combinations(groups, 2))
    w1 = [
        [{run.seed: float(run.finish.held_out.w1) for run in group.runs} for group in pair]
        for pair in pairs
    ]
    found = [("W1", values) for values in w1]
    lines = {
        id(run): run.evaluation.get("frechet") if run.evaluation else None
        for group in groups
        for run in group.runs
    }
    names = {line and line.name for line in lines.values()}
    if pairs and len(names) == 1 and None not in names:
        title = f"Frechet distance on {next(line.of for line in lines.values() if line)}"
        found += [
            (title, [{run.seed: _value(lines[id(run)]) for run in group.runs} for group in pair])
            for pair in pairs
        ]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(found))
    return [
        _difference(figure, a.name, b.name, x, y, confidence)
        for (a, b), (figure, (x, y)) in zip(cycle(pairs), found, strict=False)
    ]


def _value(line: Line | None) -> float:
    assert line is not None
    return line.generated.value


def _difference(
    figure: str, a: str, b: str, x: dict[int, float], y: dict[int, float], confidence: float
) -> Difference:
    paired = set(x) == set(y)
    if paired:
        mean = mean_of([y[seed] - x[seed] for seed in sorted(x)], confidence)
    elif min(len(x), len(y)) < 2:
        mean = Mean(float(np.mean(list(y.values())) - np.mean(list(x.values()))), float("nan"))
    else:
        low, high = stats.ttest_ind(
            list(y.values()), list(x.values()), equal_var=False
        ).confidence_interval(confidence)
        mean = Mean(float(low + high) / 2, float(high - low) / 2)
    return (
        Difference(a, b, mean, paired, figure)
        if mean.value >= 0
        else Difference(b, a, replace(mean, value=-mean.value), paired, figure)
    )


def conclusions(groups: Sequence[Group]) -> list[str]:
    """Return in words what can be said of groups: every difference, with the reason where modes are
    lost, and of seeds among themselves.
    """
    found = []
    for each in differences(groups):
        worse = next(group for group in groups if group.name == each.worse)
        reason = modes_lost(worse) if each.seen and each.figure == "W1" else ""
        found.append(str(each) + (f"; {reason}" if reason else ""))
    unexplained = [
        reason
        for group in groups
        if (reason := modes_lost(group)) and not any(reason in sentence for sentence in found)
    ]
    names = {
        frozenset(line.name for line in run.evaluation.lines)
        for group in groups
        for run in group.runs
        if run.evaluation
    }
    mixed = (
        [
            "the runs were evaluated on different features or numbers of samples: only figures of"
            " one name are compared"
        ]
        if len(names) > 1
        else []
    )
    return [
        *found,
        *unexplained,
        *mixed,
        *(sentence for group in groups if (sentence := among_seeds(group))),
    ]


def modes_lost(group: Group) -> str:
    """Say in how many seeds a group's generators lost modes, and how many; empty where none did, or
    none were counted.
    """
    counted = [
        (run, lost_modes(run.evaluation))
        for run in group.runs
        if run.evaluation and "modes" in run.evaluation.details
    ]
    losing = [lost for _, lost in counted if lost]
    if not losing:
        return ""
    number = (
        len(counted[0][0].evaluation.details["modes"]["names"]) if counted[0][0].evaluation else 0
    )
    counts = ", ".join(str(len(lost)) for _, lost in counted)
    return (
        f"{group.name} loses modes in {len(losing)} of {len(counted)} runs: {counts} of {number}"
        " have less than a tenth of their share"
    )


def among_seeds(group: Group) -> str:
    """Say whether runs that differ by their seed alone can be told apart by the noise of samples
    (Welch's t, Bonferroni); empty for one run.
    """
    if len(group.runs) < 2:
        return ""
    pairs = list(combinations(group.runs, 2))
    apart = [
        f"{a.seed} and {b.seed}"
        for a, b in pairs
        if _apart(a, b, 1 - (1 - CONFIDENCE) / len(pairs))
    ]
    values = ", ".join(f"{run.finish.held_out.w1:.4g}" for run in group.runs)
    if not apart:
        return (
            f"{group.name}: no difference can be seen between its {len(group.runs)} seeds (W1"
            f" {values})"
        )
    return (
        f"{group.name}: seeds {'; '.join(apart)} differ by more than the noise of samples (W1"
        f" {values}); that is the noise between seeds, which a difference of variants has to exceed"
    )


def _apart(a: Finished, b: Finished, confidence: float) -> bool:
    """Tell whether two verdicts differ by more than the noise between their sets of samples."""
    squares = []
    for run in (a, b):
        freedom = run.finish.held_out.repeats - 1
        squares.append(
            (
                (run.finish.held_out.half_width / stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) ** 2,
                freedom,
            )
        )
    total = sum(square for square, _ in squares)
    if not total > 0:
        return bool(a.finish.held_out.w1 != b.finish.held_out.w1)
    freedom = total**2 / sum(square**2 / f for square, f in squares)  # Welch and Satterthwaite
    return bool(
        abs(a.finish.held_out.w1 - b.finish.held_out.w1)
        > stats.t.ppf((1 + confidence) / 2, freedom) * total**0.5
    )
