"""Brackets: a lower and an upper end for W1, of two samples or of the populations behind them.

The sample bracket holds for certain, and says nothing of the populations. The population bracket
holds with probability 1 - delta. Critics that are made from one half of the data and frozen bound
W1 from below on the other half. The mean exact transport of batches bounds it from above. No
held-out sample trains or chooses anything.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from wgan.audit.auditor import Auditor, train_auditor
from wgan.audit.bounds import (
    Lower,
    chosen_clamp,
    extension,
    farthest_pair,
    lower_bound,
    transport_radius,
)
from wgan.audit.groups import group_codes
from wgan.audit.independence import Rows, check_apart, check_independence
from wgan.audit.parts import Parts, Sample, parted, shuffled
from wgan.audit.result import Bracket, Upper
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError
from wgan.base.numbers import check_number
from wgan.base.progress import Progress, silent
from wgan.distances.choice import EXACT_PAIRS
from wgan.distances.exact import transport
from wgan.distances.samples import sample_pair
from wgan.distances.spaces import fit_space

BATCH = 2000
"""Samples a side in one exact transport, measured: 1.4 s each. Larger batches lower the floor, and
take time as their cube.
"""

BATCHES = 3
"""Batches of the upper end: more of them shrink its radius as their square root."""

LEAST = 20
"""Fewest samples of a side, so that 10 or more are held out: from so few pairs a lower end above 0
can be had where scores hardly overlap.
"""

NETWORK = "certified critic"
EXTENSION = "extension of exact potentials"

Certifies = Literal["population", "samples"]


@dataclass(frozen=True)
class Diameter:
    """A bound on the distance of two possible samples of one side, and where it comes from."""

    length: float
    source: str


@dataclass(frozen=True)
class Ends:
    """The ends of a bracket and what stands beside them; see `Bracket` for the fields."""

    lower: tuple[Lower, ...]
    upper: Upper | None
    floor: float | None = None
    heuristic: float | None = None


def bracket(
    x: ArrayLike,
    y: ArrayLike,
    certifies: Certifies = "population",
    confidence: float = 0.95,
    diameter: float | None = None,
    diameter_from: str = "declared",
    auditor: Auditor | None = None,
    steps: int = 2000,
    space: str = "raw",
    seed: int = 0,
    units: str = "data coordinates",
    progress: Progress = silent,
    x_groups: ArrayLike | None = None,
    y_groups: ArrayLike | None = None,
) -> Bracket:
    """Return a lower and an upper end for W1, of the populations or of these samples.

    Population: (E_P f - E_Q f) / L <= W1(P, Q) <= E W1(P_n, Q_n). Half of each sample trains an
    auditor, and gives the potentials of exact transport, whose McShane extension is a second
    critic. On the other half, the larger of their bounds (`lower_bound`) is the lower end. The mean
    transport of batches plus `transport_radius` is the upper end.

    Samples: (mean f(x) - mean f(y)) / L <= W1(x, y), the exact transport.

    Groups: rows of one group may depend on each other, and groups are independent. P is then the
    law of a random row of a random group, whatever the sizes. Whole groups are held out. The means
    of their scores are bounded, and the upper end takes one random row of each.

    Rows (or groups) are tested for independence (`wgan.audit.independence`). Where a test fails,
    the line that is printed says so.

    Args:
        x: independent samples of P, `[n, d]`, in any unit; they must not have trained what made y.
        y: independent samples of Q, `[m, d]`, in the same unit.
        certifies: "population" or "samples".
        confidence: the probability 1 - delta of the population bracket. delta is split evenly
            between its two ends, and within the lower end between the two critics.
        diameter: R, which no two possible samples of one side exceed, in raw coordinates. None:
            there is no upper end, as no bound is free of the distribution.
        diameter_from: how R is known, for the reader.
        auditor: an auditor that was trained elsewhere on other samples; None: one is trained here.
        steps: training steps of the auditor.
        space: `raw`, `standard` or `pca-K`, see `wgan.distances.spaces`; its constants come from
            the training half.
        seed: random seed of the split and the auditor; the same seed gives the same bracket.
        units: the unit of the raw coordinates, for the reader.
        progress: told of each training step and each exact transport.
        x_groups: `[n]` labels of the groups of x, in a population bracket; None: rows are
            independent.
        y_groups: `[m]`, likewise of y.

    Returns:
        The bracket, which prints as a line; `.table()` and `.to_json()` hold the details.

    Raises:
        WganError: wrong samples, fewer than 20 on a side, sides that share rows, or an unknown
            `certifies` or space; a confidence outside (0, 1), or a diameter that two samples of one
            side exceed; an auditor that has seen some of the samples, cannot be certified, or is
            given with a space; labels of another number than rows, missing ones, fewer than 20
            groups, or groups in a bracket of samples.

    Reference: Villani (2009), theorems 4.8 and 5.10; McShane (1934), theorem 1; Waudby-Smith
    and Ramdas (2024), theorem 3; McDiarmid (1989).

    >>> rng = np.random.default_rng(0)
    >>> b = bracket(rng.random((400, 1)), rng.random((400, 1)) + 3.0, diameter=4.0, steps=20)
    >>> b.lower <= 3.0 <= b.upper
    True
    """
    a, b = sample_pair(x, y)
    if auditor is not None and space != "raw":
        raise WganError(
            f"space '{space}' with an auditor from elsewhere: map the samples yourself, and leave"
            " space out"
        )
    _check(certifies, confidence, diameter, a, b, (x_groups, y_groups))
    hashes = RowHashes.of(a), RowHashes.of(b)
    codes = group_codes(x_groups, len(a), "x"), group_codes(y_groups, len(b), "y")
    if certifies == "population":
        check_apart(*hashes, *codes)
    whole = certifies == "samples" or auditor is not None
    left = parted(a, seed, "x", whole, codes[0])
    right = parted(b, seed, "y", whole, codes[1])
    coordinates = fit_space(space, left.train, right.train, units)
    left, right = (
        replace(part, train=coordinates.map(part.train), held_out=coordinates.map(part.held_out))
        for part in (left, right)
    )
    independence = None
    critic = auditor or train_auditor(left.train, right.train, steps, seed=seed, progress=progress)
    if certifies == "samples":
        split = "none: the auditor may have seen every sample, and certifies these alone"
        ends = _sample_ends(critic, left, right, progress)
    else:
        split = f"random halves of each side by seed {seed}"
        if auditor is not None:
            split = "none: the auditor came from elsewhere, and saw no row that is here"
            auditor.check_unseen(left.held_out, right.held_out)
            left = shuffled(left.held_out, seed, "x", codes[0])
            right = shuffled(right.held_out, seed, "y", codes[1])
        bound = (
            None if diameter is None else Diameter(diameter * coordinates.lipschitz, diameter_from)
        )
        critics = [_network(critic, left, right)]
        if auditor is None:
            critics.append(_extended(left, right, progress))
        ends = _population_ends(critics, left, right, bound, 1 - confidence, progress)
        sides = zip((a, b), critics[0][1:3], (left, right), hashes, codes, strict=True)
        rows = [Rows(coordinates.map(s), f, part.places, h, c) for s, f, part, h, c in sides]
        independence = check_independence(rows[0], rows[1], seed)
    return Bracket(
        certifies=certifies,
        confidence=confidence if certifies == "population" else None,
        lower_ends=ends.lower,
        layers=critic.certificate.layers,
        upper_end=ends.upper,
        floor=ends.floor,
        heuristic=ends.heuristic,
        n=len(a),
        m=len(b),
        d=left.train.shape[1],
        held_out=(len(left.held_out), len(right.held_out)),
        repeated=(hashes[0].repeated, hashes[1].repeated),
        split=split,
        space=coordinates.name,
        units=coordinates.units,
        independence=independence,
        groups=(left.count, right.count),
    )


def _sample_ends(auditor: Auditor, x: Parts, y: Parts, progress: Progress) -> Ends:
    """Return the ends of a bracket of samples, where every sample trained the auditor."""
    gap = float(auditor(x.train).mean() - auditor(y.train).mean())
    lipschitz = auditor.certificate.lipschitz
    lower = Lower(NETWORK, max(0.0, gap / lipschitz), gap, 0.0, None, lipschitz)
    n = len(x.train)
    m = len(y.train)
    if n * m > EXACT_PAIRS:
        return Ends((lower,), None)
    progress("exact transport", 0, 1)
    plan = transport(x.train, y.train)
    progress("exact transport", 1, 1)
    return Ends((lower,), Upper(plan.distance, plan.distance, 0.0, max(n, m), 1, plan.gap))


Scored = tuple[str, np.ndarray, np.ndarray, tuple[float, float], float]
"""What `lower_bound` takes of a critic: its name, the scores of held-out x and y, its clamp and its
Lipschitz constant.
"""


def _network(auditor: Auditor, x: Parts, y: Parts) -> Scored:
    scores = auditor(x.held_out), auditor(y.held_out)
    return (NETWORK, *scores, auditor.clamp, auditor.certificate.lipschitz)


def _extended(x: Parts, y: Parts, progress: Progress) -> Scored:
    """Return the scores of the McShane extension of exact potentials on a training batch.

    Its clamp is chosen on its scores on up to two batches of the training half.
    """
    progress("exact potentials", 0, 1)
    points = y.train[:BATCH]
    v = transport(x.train[:BATCH], points).v
    scores = [extension(points, v, s) for s in (x.held_out, y.held_out)]
    clamp = chosen_clamp(*(extension(points, v, s[: 2 * BATCH]) for s in (x.train, y.train)))
    progress("exact potentials", 1, 1)
    return EXTENSION, scores[0], scores[1], clamp, 1.0


def _population_ends(
    critics: list[Scored],
    x: Parts,
    y: Parts,
    diameter: Diameter | None,
    delta: float,
    progress: Progress,
) -> Ends:
    """Return the ends of a population bracket, each with its part of delta."""
    delta_lower = delta if diameter is None else delta / 2
    lower = tuple(
        lower_bound(
            name, x.means(f_x, clamp), y.means(f_y, clamp), clamp, lip, delta_lower / len(critics)
        )
        for name, f_x, f_y, clamp, lip in critics
    )
    upper, floor, heuristic = _upper(x.independent, y.independent, diameter, delta, progress)
    return Ends(lower, upper, floor, heuristic)


def _upper(
    x: Sample, y: Sample, diameter: Diameter | None, delta: float, progress: Progress
) -> tuple[Upper, float, float]:
    """Return the upper end, the floor and the heuristic, from disjoint batches of one size.

    heuristic = sqrt(mean^2 - (floor_x^2 + floor_y^2) / 2).
    """
    most = min(len(x), len(y))
    n = min(BATCH, most // 2)  # two batches of each side at least, since a floor needs two
    batches = min(BATCHES, most // n)
    pairs = [(x, y, k, k) for k in range(batches)] + [(x, x, 0, 1), (y, y, 0, 1)]
    plans = []
    for done, (left, right, i, j) in enumerate(pairs):
        progress("exact transport", done, len(pairs))
        plans.append(transport(left[i * n : (i + 1) * n], right[j * n : (j + 1) * n]))
    progress("exact transport", len(pairs), len(pairs))
    across = np.array([plan.distance for plan in plans[:batches]])
    mean = float(across.mean())
    gap = max(plan.gap for plan in plans)
    floor = plans[-2].distance
    floor_y = plans[-1].distance
    heuristic = sqrt(max(0.0, mean**2 - (floor**2 + floor_y**2) / 2))
    if diameter is None:
        limit = mean + _student_radius(across, delta)
        return Upper(None, mean, None, n, batches, gap, asymptotic=limit), floor, heuristic
    radius = transport_radius(diameter.length, n, batches, delta / 2)
    upper = Upper(mean + radius, mean, radius, n, batches, gap, diameter.length, diameter.source)
    return upper, floor, heuristic


def _student_radius(values: np.ndarray, delta: float) -> float:
    """Return the one-sided half-width t_{1 - delta, k - 1} s / sqrt(k) of a mean of k values."""
    from scipy import stats  # takes a second to import, and only this needs it

    k = len(values)
    return float(stats.t.ppf(1 - delta, k - 1) * values.std(ddof=1) / sqrt(k))


def _check(
    certifies: str,
    confidence: float,
    diameter: float | None,
    a: Sample,
    b: Sample,
    groups: tuple[ArrayLike | None, ArrayLike | None],
) -> None:
    """Refuse what would not certify anything."""
    if certifies not in get_args(Certifies):
        raise WganError(
            f"a bracket certifies {' or '.join(get_args(Certifies))}, not '{certifies}'"
        )
    check_number(confidence, "confidence")
    if not 0 < confidence < 1:
        raise WganError(f"confidence = {confidence}: give a number between 0 and 1, such as 0.95")
    if diameter is not None and not (diameter > 0 and np.isfinite(diameter)):
        raise WganError(f"diameter = {diameter}: give a length above 0")
    if min(len(a), len(b)) < LEAST:
        raise WganError(
            f"{len(a)} and {len(b)} samples: a bracket needs {LEAST} or more on each side"
        )
    if certifies == "population":
        _check_diameter(diameter, a, b)
    elif any(labels is not None for labels in groups):
        raise WganError("a bracket of samples holds whatever depends on what: leave groups out")


def _check_diameter(diameter: float | None, a: Sample, b: Sample) -> None:
    if diameter is None:
        return
    allowed = diameter * (1 + 1e-9)  # 1e-9 for rounding
    farthest = max(farthest_pair(a, allowed), farthest_pair(b, allowed))
    if farthest > allowed:
        raise WganError(
            f"diameter = {diameter:g}, but two samples of one side lie {farthest:.6g} apart: give a"
            " bound that every possible sample keeps"
        )
