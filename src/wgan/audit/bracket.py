"""Brackets: a lower and an upper end for W1, of two samples or of the populations behind them.

The sample bracket holds for certain, and says nothing of the populations. The population bracket
holds with probability 1 - delta. Critics bound W1 from below on samples that they have not seen:
first on those held out from the training half, and, made anew, on the rest. The mean exact
transport of batches bounds it from above. No sample trains or chooses a critic that measures it.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from wgan.audit.auditor import Auditor, train_auditor
from wgan.audit.bounds import Lower, Reading, Scores, farthest_pair, lower_bound
from wgan.audit.critics import NETWORK, Stage, network_scores, scored, staged
from wgan.audit.parts import Parts, Sample, parted, shuffled
from wgan.audit.result import Bracket
from wgan.audit.rows import RowHashes
from wgan.audit.upper import Diameter, Heuristic, Upper, upper_end
from wgan.base.errors import WganError
from wgan.base.numbers import check_number
from wgan.base.progress import Progress, silent
from wgan.distances.choice import EXACT_PAIRS
from wgan.distances.exact import transport
from wgan.distances.samples import sample_pair
from wgan.distances.spaces import fit_space

LEAST = 20
"""Fewest samples of a side, so that 10 or more are held out: from so few pairs a lower end above 0
can be had where scores hardly overlap.
"""

CHANCE = 10
"""Rows that two independent samples may share beyond twice those that they repeat themselves.

Independent whole numbers of any range stay below it, and a copied sample is far above (tested).
"""

Certifies = Literal["population", "samples"]


@dataclass(frozen=True)
class Ends:
    """The ends of a bracket and what stands beside them; see `Bracket` for the fields."""

    auditors: tuple[Auditor, ...]
    lower: Lower
    upper: Upper | None
    floor: float | None = None
    heuristic: Heuristic | None = None


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
) -> Bracket:
    """Return a lower and an upper end for W1, of the populations or of these samples.

    Population: (E_P f - E_Q f) / L <= W1(P, Q) <= E W1(P_n, Q_n). Half of each sample trains an
    auditor, and gives the potentials of exact transport, whose McShane extension is a second
    critic. They measure half of the rest, are made anew with what they measured, and measure the
    other half. `lower_bound` makes one lower end of all. The mean transport of batches plus
    `transport_radius` is the upper end.

    Samples: (mean f(x) - mean f(y)) / L <= W1(x, y), the exact transport.

    Args:
        x: independent samples of P, `[n, d]`, in any unit; they must not have trained what made y.
        y: independent samples of Q, `[m, d]`, in the same unit.
        certifies: "population" or "samples".
        confidence: the probability 1 - delta of the population bracket. delta is split evenly
            between its two ends, if there are two.
        diameter: R, which no two possible samples of one side exceed, in raw coordinates. None:
            there is no upper end, as no bound is free of the distribution.
        diameter_from: how R is known, for the reader.
        auditor: an auditor that was trained elsewhere on other samples; None: one is trained here.
        steps: training steps of the auditor, in each of its two trainings.
        space: `raw`, `standard` or `pca-K`, see `wgan.distances.spaces`; its constants come from
            the training half.
        seed: random seed of the split and the auditor; the same seed gives the same bracket.
        units: the unit of the raw coordinates, for the reader.
        progress: told of each training step and each exact transport.

    Returns:
        The bracket, which prints as a line; `.table()` and `.to_json()` hold the details.

    Raises:
        WganError: wrong samples, fewer than 20 on a side, sides that share rows, or an unknown
            `certifies` or space; a confidence outside (0, 1), or a diameter that two samples of one
            side exceed; an auditor that has seen some of the samples, cannot be certified, or is
            given with a space.

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
    _check(certifies, confidence, diameter, a, b)
    whole = certifies == "samples" or auditor is not None
    left = parted(a, seed, "x", whole)
    right = parted(b, seed, "y", whole)
    coordinates = fit_space(space, left.train, right.train, units)
    left, right = (
        replace(part, train=coordinates.map(part.train), held_out=coordinates.map(part.held_out))
        for part in (left, right)
    )
    if certifies == "samples":
        split = "none: the auditor may have seen every sample, and certifies these alone"
        ends = _sample_ends(auditor, left, right, steps, seed, progress)
    else:
        split = f"random halves of each side by seed {seed}"
        if auditor is not None:
            split = "none: the auditor came from elsewhere, and saw no row that is here"
            auditor.check_unseen(left.held_out, right.held_out)
            left = shuffled(left.held_out, seed, "x")
            right = shuffled(right.held_out, seed, "y")
        length = None if diameter is None else diameter * coordinates.lipschitz
        bound = None if length is None else Diameter(length, diameter_from)
        delta = 1 - confidence if bound is None else (1 - confidence) / 2
        auditors, lower = _lower_end(auditor, left, right, delta, steps, seed, progress)
        # Raw coordinates were fitted to nothing, so that every sample may be measured.
        everything = auditor is None and space == "raw"
        sides = [
            part.whole if everything and part.groups is None else part.independent
            for part in (left, right)
        ]
        end = upper_end(sides[0], sides[1], bound, delta, progress)
        ends = Ends(auditors, lower, end.upper, end.floor, end.heuristic)
    return Bracket(
        certifies=certifies,
        confidence=confidence if certifies == "population" else None,
        lower_end=ends.lower,
        layers=ends.auditors[-1].certificate.layers,
        upper_end=ends.upper,
        floor=ends.floor,
        heuristic=ends.heuristic,
        n=len(a),
        m=len(b),
        d=left.train.shape[1],
        held_out=(len(left.held_out), len(right.held_out)),
        repeated=(RowHashes.of(a).repeated, RowHashes.of(b).repeated),
        split=split,
        space=coordinates.name,
        units=coordinates.units,
    )


def _sample_ends(
    auditor: Auditor | None, x: Parts, y: Parts, steps: int, seed: int, progress: Progress
) -> Ends:
    """Return the ends of a bracket of samples, where every sample trained the auditor."""
    critic = auditor or train_auditor(
        x.train, y.train, steps, seed=seed, generalise=False, progress=progress
    )
    gap = float(critic(x.train).mean() - critic(y.train).mean())
    n = len(x.train)
    m = len(y.train)
    reading = Reading(NETWORK, 1, gap, None, critic.certificate.lipschitz, min(n, m))
    lower = Lower(max(0.0, reading.value), NETWORK, (reading,))
    if n * m > EXACT_PAIRS:
        return Ends((critic,), lower, None)
    progress("exact transport", 0, 1)
    plan = transport(x.train, y.train)
    progress("exact transport", 1, 1)
    upper = Upper(plan.distance, plan.distance, 0.0, max(n, m), 1, plan.gap)
    return Ends((critic,), lower, upper)


def _lower_end(
    auditor: Auditor | None,
    x: Parts,
    y: Parts,
    delta: float,
    steps: int,
    seed: int,
    progress: Progress,
) -> tuple[tuple[Auditor, ...], Lower]:
    """Return the lower end of a population bracket, and the networks of its stages."""
    if auditor is not None:
        nothing = x.held_out[:0]
        fresh = Stage(nothing, nothing, x.held_out, y.held_out, x.groups, y.groups)
        return (auditor,), lower_bound([[network_scores(auditor, fresh)]], delta)
    stages: list[list[Scores]] = []
    networks: list[Auditor] = []
    parts = staged(x, y)
    for number, stage in enumerate(parts, 1):
        words = f", stage {number} of {len(parts)}"
        scores, network = scored(stage, steps, seed, _numbered(progress, words))
        stages.append(scores)
        networks.append(network)
    return tuple(networks), lower_bound(stages, delta)


def _numbered(progress: Progress, words: str) -> Progress:
    """Return a listener to whom each part of the work is named with some words more."""
    return lambda what, done, total: progress(what + words, done, total)


def _check(certifies: str, confidence: float, diameter: float | None, a: Sample, b: Sample) -> None:
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
        _check_independent(a, b)
        _check_diameter(diameter, a, b)


def _check_independent(a: Sample, b: Sample) -> None:
    """Refuse two sides that share many more rows than each repeats.

    Independent samples of few values share rows too, about as many as each repeats. Two equal sets
    of many rows are one sample repeated.
    """
    of_a = RowHashes.of(a)
    of_b = RowHashes.of(b)
    set_a = of_a.distinct(of_b)
    set_b = of_b.distinct(of_a)
    shared = len(set_a & set_b)
    repeated = len(a) - len(set_a) + len(b) - len(set_b)
    if shared > 2 * repeated + CHANCE or (set_a == set_b and shared > len(a) / 4):
        raise WganError(
            f"x and y share {shared} rows: a population bracket needs two samples drawn"
            " independently of each other"
        )


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
