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
from wgan.audit.groups import Codes, first_codes, one_of_each
from wgan.audit.independence import Rows, check_apart, check_independence
from wgan.audit.parts import Parts, Sample, parted, shuffled
from wgan.audit.result import Bracket
from wgan.audit.rows import RowHashes
from wgan.audit.upper import Diameter, Upper, UpperEnd, upper_end
from wgan.base.errors import WganError
from wgan.base.numbers import check_number
from wgan.base.progress import Progress, silent
from wgan.base.seeding import numpy_generator
from wgan.distances.choice import EXACT_PAIRS
from wgan.distances.exact import transport
from wgan.distances.samples import sample_pair
from wgan.distances.spaces import fit_space

LEAST = 20
"""Fewest samples of a side, so that 10 or more are held out: from so few pairs a lower end above 0
can be had where scores hardly overlap.
"""


Certifies = Literal["population", "samples"]


@dataclass(frozen=True)
class Ends:
    """The ends of a bracket, and its auditors: the first is of the training half alone."""

    auditors: tuple[Auditor, ...]
    lower: Lower
    above: UpperEnd


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
    fitted: bool = False,
) -> Bracket:
    """Return a lower and an upper end for W1, of the populations or of these samples.

    Population: (E_P f - E_Q f) / L <= W1(P, Q) <= E W1(P_n, Q_n). Half of each sample trains an
    auditor, and gives the potentials of exact transport, whose McShane extension is a second
    critic. They measure half of the rest, are made anew with what they measured, and measure the
    other half. `lower_bound` makes one lower end of all. The mean transport of batches plus
    `transport_radius` is the upper end.

    Samples: (mean f(x) - mean f(y)) / L <= W1(x, y), the exact transport.

    Groups: rows of one group may depend on each other, and groups are independent. P is then the
    law of a random row of a random group, whatever the sizes. Whole groups are held out. The means
    of their scores are bounded, and the upper end takes one random row of each.

    Rows (or groups) are tested for independence (`wgan.audit.independence`). If a test fails, the
    printed line says so.

    Args:
        x: independent samples of P, `[n, d]`, in any unit; they must not have trained the generator
            of y.
        y: independent samples of Q, `[m, d]`, in the same unit.
        certifies: "population" or "samples".
        confidence: the probability 1 - delta of the population bracket. delta is split evenly
            between its two ends, if there are two.
        diameter: R, which no two possible samples of one side exceed, in raw coordinates. None:
            there is no upper end, as no bound is free of the distribution.
        diameter_from: words for the reader on how R is known.
        auditor: an auditor that was trained elsewhere on other samples; None: one is trained here.
        steps: training steps of the auditor, in each of its two trainings.
        space: `raw`, `standard` or `pca-K`, see `wgan.distances.spaces`; its constants come from
            the training half.
        seed: random seed of the split and the auditor; the same seed gives the same bracket.
        units: the unit of the raw coordinates, for the reader.
        progress: listener to each training step and each exact transport.
        x_groups: `[n]` labels of the groups of x, in a population bracket; None: rows are
            independent.
        y_groups: `[m]`, likewise of y.
        fitted: whether the coordinates were fitted to the training half of a side, as codes of a
            table are: the upper end then rests on the other half alone.

    Returns:
        The bracket, which prints as a line; `.table()` and `.to_json()` hold the details.

    Raises:
        WganError: wrong samples, fewer than 20 on a side, sides that share rows, or an unknown
            `certifies` or space; a confidence outside (0, 1), or a diameter that two samples of one
            side exceed; an auditor that has seen some of the samples, cannot be certified, or is
            given with a space; labels of another number than rows, missing ones, fewer than 20
            groups, or groups in a bracket of samples.

    See also:
        distance: the distance of the samples themselves, in `wgan.distances`.
        train_auditor: the critic of a bracket of samples.

    Reference: Villani (2009), theorems 4.8 and 5.10; McShane (1934), theorem 1; Waudby-Smith
    and Ramdas (2024), theorem 3; McDiarmid (1989).

    >>> rng = np.random.default_rng(0)
    >>> b = bracket(rng.random((400, 1)), rng.random((400, 1)) + 3.0, diameter=4.0, steps=20)
    >>> b.lower <= 3.0 <= b.upper
    True
    """
    a, b = sample_pair(x, y)
    _check_space(space, auditor)
    _check(certifies, confidence, diameter, a, b, (x_groups, y_groups))
    hashes = RowHashes.of(a), RowHashes.of(b)
    codes = first_codes(x_groups, len(a), "x"), first_codes(y_groups, len(b), "y")
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
    if certifies == "samples":
        split = "none: the auditor may have seen every sample, and certifies these samples alone"
        ends = _sample_ends(auditor, left, right, steps, seed, progress)
    else:
        split = f"random halves of each side by seed {seed}"
        if auditor is not None:
            split = "none: the auditor was given, and has seen none of these rows"
            auditor.check_unseen(left.held_out, right.held_out)
            left = shuffled(left.held_out, seed, "x", codes[0])
            right = shuffled(right.held_out, seed, "y", codes[1])
        bound = _diameter(diameter, diameter_from, coordinates.lipschitz)
        delta = (1 - confidence) / (1 if bound is None else 2)
        auditors, lower = _lower_end(auditor, left, right, delta, steps, seed, progress)
        # Where coordinates were fitted to nothing, every sample may be measured from above.
        everything = space == "raw" and auditor is None and not fitted
        above = [
            _independent(s, c, seed, side) if everything else part.independent
            for s, c, side, part in zip((a, b), codes, "xy", (left, right), strict=True)
        ]
        ends = Ends(auditors, lower, upper_end(above[0], above[1], bound, delta, progress))
        rows = [
            Rows(coordinates.map(s), auditors[0](part.held_out), part.places, h, c)
            for s, part, h, c in zip((a, b), (left, right), hashes, codes, strict=True)
        ]
        independence = check_independence(rows[0], rows[1], seed)
    return Bracket(
        certifies=certifies,
        confidence=confidence if certifies == "population" else None,
        lower_end=ends.lower,
        layers=ends.auditors[-1].certificate.layers,
        upper_end=ends.above.upper,
        floor=ends.above.floor,
        heuristic=ends.above.heuristic,
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


def _diameter(length: float | None, source: str, stretch: float) -> Diameter | None:
    """Return the diameter in a space that stretches distances by at most this factor."""
    return None if length is None else Diameter(length * stretch, source)


def _independent(s: Sample, codes: Codes | None, seed: int, side: str) -> Sample:
    """Return independent samples in random order: all, or one of each group."""
    order = numpy_generator(seed, "bracket above", side).permutation
    return s[order(len(s)) if codes is None else order(one_of_each(codes, seed, side))]


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
        return Ends((critic,), lower, UpperEnd(None))
    progress("exact transport", 0, 1)
    plan = transport(x.train, y.train)
    progress("exact transport", 1, 1)
    upper = Upper(plan.distance, plan.distance, 0.0, max(n, m), 1, plan.gap)
    return Ends((critic,), lower, UpperEnd(upper))


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
    """Return a listener that adds words to the name of each part of the work."""
    return lambda what, done, total: progress(what + words, done, total)


def _check_space(space: str, auditor: Auditor | None) -> None:
    if auditor is not None and space != "raw":
        raise WganError(
            f"space '{space}' does not go with a given auditor: map the samples yourself, and leave"
            " space out"
        )


def _check(
    certifies: str,
    confidence: float,
    diameter: float | None,
    a: Sample,
    b: Sample,
    groups: tuple[ArrayLike | None, ArrayLike | None],
) -> None:
    """Refuse arguments that would not certify anything."""
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
        raise WganError(
            "a bracket of samples holds even if rows depend on each other: leave groups out"
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
