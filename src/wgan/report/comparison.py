"""Comparison of several settings: differences over seeds, with intervals, and in words.

The noise is that between seeds, since weights and batches decide as much as a variant does. If
settings were run from the same seeds, differences are taken seed by seed. All intervals of a
comparison hold together at 95 % (Bonferroni).

With enough seeds (five of each of three settings) an exact rank test decides, which holds however
the runs are distributed. With fewer it could never find a difference, and Student's t decides. That
test holds where no run collapses, and a sentence says what it does where runs collapse.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import stats

from wgan.base.errors import WganError
from wgan.base.intervals import Mean, least_of_rank_test, mean_of, rank_test
from wgan.evaluation.results import Line
from wgan.evaluation.words import lost_modes
from wgan.report.differences import CONFIDENCE, Difference
from wgan.report.fairness import few_seeds, unlike_settings
from wgan.runs import Finished


@dataclass(frozen=True)
class Group:
    """Runs of the same settings from several seeds.

    Attributes:
        name: the variant, with what else tells the group from others.
        runs: the runs, by seed.
    """

    name: str
    runs: tuple[Finished, ...]

    @property
    def w1(self) -> Mean:
        """Mean verdict over seeds, with its interval."""
        return mean_of([run.finish.held_out.w1 for run in self.runs])

    def metric(self, name: str) -> Mean | None:
        """Return the mean of a metric over seeds.

        Args:
            name: the full name of the metric, with features and numbers of samples.

        Returns:
            The mean with its interval; None where a run does not have the metric.
        """
        values = []
        for run in self.runs:
            lines = run.evaluation.lines if run.evaluation else ()
            by_name = {line.name: line.generated.value for line in lines}
            if name not in by_name:
                return None
            values.append(by_name[name])
        return mean_of(values)


def grouped(runs: Sequence[Finished]) -> list[Group]:
    """Return runs of equal settings together, the smallest mean W1 first.

    A group is named after its variant, and after what else tells it from others.

    Args:
        runs: finished runs on the same data.

    Raises:
        WganError: runs of different data, of different held-out samples, or one run twice.
    """
    _refuse_other_data(runs)
    by_settings: dict[str, list[Finished]] = {}
    for run in runs:
        settings = repr(sorted(run.other_settings.items(), key=lambda item: item[0]))
        by_settings.setdefault(settings, []).append(run)
    groups = []
    for members in by_settings.values():
        if len({run.seed for run in members}) < len(members):
            raise WganError(
                f"{members[0].path}: the same settings and seed are given twice: name each run once"
            )
        by_seed = tuple(sorted(members, key=lambda run: run.seed))
        groups.append(Group(_name(members[0], runs), by_seed))
    return sorted(groups, key=lambda group: group.w1.value)


def _refuse_other_data(runs: Sequence[Finished]) -> None:
    """Refuse runs of other data or other held-out samples than the first."""
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


def _name(run: Finished, runs: Sequence[Finished]) -> str:
    """Return the variant, with the settings in which it differs from other runs of that variant."""
    mine = run.other_settings
    different: set[str] = set()
    for each in runs:
        if each.variant == run.variant:
            theirs = each.other_settings
            different |= {key for key in (*mine, *theirs) if mine.get(key) != theirs.get(key)}
    if not different:
        return run.variant
    settings = ", ".join(f"{key}={mine.get(key)}" for key in sorted(different))
    return f"{run.variant} ({settings})"


def shared_lines(groups: Sequence[Group]) -> list[Line]:
    """Return the first run's lines of the metrics that all runs have, without W1.

    Args:
        groups: runs by settings.
    """
    evaluation = groups[0].runs[0].evaluation
    if not evaluation:
        return []
    return [
        line
        for line in evaluation.lines
        if line.metric != "w1-exact" and all(group.metric(line.name) for group in groups)
    ]


def differences(groups: Sequence[Group]) -> list[Difference]:
    """Return the differences of every two groups in W1, then in the Frechet distance.

    The Frechet distance is compared where all runs were evaluated alike. Differences are taken seed
    by seed where the seeds are the same (Student's t), otherwise by Welch's t. All intervals hold
    together at 95 %, and so do all rank tests.

    Args:
        groups: runs by settings.
    """
    pairs = list(combinations(groups, 2))
    metrics = [("W1", _w1)]
    frechet = _frechet_title(groups)
    if frechet:
        metrics.append((frechet, _frechet))
    # Bonferroni: each of m intervals misses with a share of 1 / m of what all may miss with.
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(metrics) * len(pairs))
    return [
        _difference(title, value, a, b, confidence) for title, value in metrics for a, b in pairs
    ]


def _w1(run: Finished) -> float:
    return float(run.finish.held_out.w1)


def _frechet(run: Finished) -> float:
    line = run.evaluation.get("frechet") if run.evaluation else None
    assert line is not None
    return line.generated.value


def _frechet_title(groups: Sequence[Group]) -> str:
    """Return the title of the Frechet distance; empty unless all runs have the same one."""
    runs = [run for group in groups for run in group.runs]
    lines = [run.evaluation.get("frechet") if run.evaluation else None for run in runs]
    first = lines[0] if lines else None
    if first is None or not all(line and line.name == first.name for line in lines):
        return ""
    return f"Frechet distance on {first.of}"


def _difference(
    metric: str, value: Callable[[Finished], float], a: Group, b: Group, confidence: float
) -> Difference:
    """Return the difference of two groups in a metric, whose value for a run `value` returns."""
    x = {run.seed: value(run) for run in a.runs}
    y = {run.seed: value(run) for run in b.runs}
    xs, ys = ([side[seed] for seed in sorted(side)] for side in (x, y))
    paired = set(x) == set(y)
    if paired:
        mean = mean_of(np.subtract(ys, xs), confidence)
    elif min(len(x), len(y)) < 2:
        mean = Mean(float(np.mean(ys) - np.mean(xs)), float("nan"))
    else:
        welch = stats.ttest_ind(ys, xs, equal_var=False)
        low, high = welch.confidence_interval(confidence)
        mean = Mean(float(low + high) / 2, float(high - low) / 2)
    level = 1 - confidence
    p = rank_test(xs, ys) if least_of_rank_test(len(xs), len(ys)) <= level else None
    further = mean.value
    if p is not None:  # the side is the test's: a few collapses move a mean, and no mean rank
        ranks = stats.rankdata([*xs, *ys])
        further = float(ranks[len(xs) :].mean() - ranks[: len(xs)].mean()) or further
    if further >= 0:
        return Difference(a.name, b.name, mean, paired, metric, p, level)
    mean = replace(mean, value=-mean.value)
    return Difference(b.name, a.name, mean, paired, metric, p, level)


def conclusions(groups: Sequence[Group]) -> list[str]:
    """Return sentences on how groups compare.

    The sentences say every difference, with the reason where modes are lost, what the comparison
    does not allow for, and how seeds differ among themselves.

    Args:
        groups: runs by settings.
    """
    sentences = []
    found = differences(groups)
    for each in found:
        worse = next(group for group in groups if group.name == each.worse)
        reason = modes_lost(worse) if each.seen and each.metric == "W1" else ""
        sentences.append(f"{each}; {reason}" if reason else str(each))
    for group in groups:
        reason = modes_lost(group)
        if reason and not any(reason in sentence for sentence in sentences):
            sentences.append(reason)
    sentences += _limits(groups, found)
    evaluations = [run.evaluation for group in groups for run in group.runs if run.evaluation]
    if len({frozenset(line.name for line in each.lines) for each in evaluations}) > 1:
        sentences.append(
            "the runs were evaluated on different features or numbers of samples: only figures of"
            " one name are compared"
        )
    if len({each.protocol for each in evaluations}) > 1:
        sentences.append(
            "the runs were evaluated by different versions of the protocol, whose figures differ:"
            " `wgan evaluate` the older ones again"
        )
    return [*sentences, *(sentence for group in groups if (sentence := among_seeds(group)))]


def _limits(groups: Sequence[Group], found: Sequence[Difference]) -> list[str]:
    """Return sentences on what the comparison does not allow for."""
    seeds = min(len(group.runs) for group in groups)
    by_t = [each for each in found if each.p is None]
    settings = {group.name: group.runs[0].settings for group in groups}
    texts = [unlike_settings(settings)]
    if by_t:
        means = [each.mean for each in by_t]
        texts.insert(0, few_seeds(seeds, len(groups), means, by_t[0].level))
    return [text for text in texts if text]


def modes_lost(group: Group) -> str:
    """Return words on the seeds in which a group lost modes, and how many.

    Args:
        group: runs of the same settings.

    Returns:
        A sentence; empty where no modes were lost, or none were counted.
    """
    evaluations = [run.evaluation for run in group.runs if run.evaluation]
    counted = [each for each in evaluations if "modes" in each.details]
    lost = [len(lost_modes(each)) for each in counted]
    if not any(lost):
        return ""
    number = len(counted[0].details["modes"]["names"])
    losing = sum(count > 0 for count in lost)
    return (
        f"{group.name} loses modes in {losing} of {len(counted)} runs:"
        f" {', '.join(map(str, lost))} of {number} have less than a tenth of their share"
    )


def among_seeds(group: Group) -> str:
    """Return words on whether seeds differ by more than the noise of samples.

    The test is Welch's t with Bonferroni's correction. A normal quantile took noise for a
    difference in 15 of 100 comparisons of five seeds, Welch's t in under 5 (LOG.md, "What metrics
    do not see").

    Args:
        group: runs of the same settings.

    Returns:
        A sentence; empty for a single run.
    """
    if len(group.runs) < 2:
        return ""
    pairs = list(combinations(group.runs, 2))
    confidence = 1 - (1 - CONFIDENCE) / len(pairs)
    apart = [f"{a.seed} and {b.seed}" for a, b in pairs if _differ(a, b, confidence)]
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


def _differ(a: Finished, b: Finished, confidence: float) -> bool:
    """Return whether two verdicts differ by more than the noise between their sets of samples."""
    squares = []
    freedoms = []
    for run in (a, b):
        held_out = run.finish.held_out
        freedom = held_out.repeats - 1
        # The squared standard error, taken back from the half-width.
        quantile = stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
        squares.append((held_out.half_width / quantile) ** 2)
        freedoms.append(freedom)
    total = sum(squares)
    difference = abs(a.finish.held_out.w1 - b.finish.held_out.w1)
    if not total > 0:
        return bool(difference > 0)
    # The degrees of freedom of Welch and Satterthwaite.
    freedom = total**2 / sum(s**2 / f for s, f in zip(squares, freedoms, strict=True))
    return bool(difference > stats.t.ppf((1 + confidence) / 2, freedom) * total**0.5)
