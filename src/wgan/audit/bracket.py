"""Between which numbers does W1 lie? The sample bracket holds of two samples; the population
bracket of what they came from.

Population, with probability 1 - delta: critics made from one half of the data and frozen bound W1
from below on the other half; the mean exact transport of batches bounds it from above. Nothing that
is held out trains or chooses anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal, get_args

import numpy as np
from scipy import stats

from wgan.audit.auditor import Auditor, row_hashes, train_auditor
from wgan.audit.bounds import Lower, extension, farthest_pair, lower_bound, transport_radius
from wgan.audit.result import Bracket, Upper
from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.distances.choice import EXACT_PAIRS
from wgan.distances.exact import transport
from wgan.distances.samples import sample_pair
from wgan.distances.spaces import fit_space

BATCH, BATCHES = 2000, 3
LEAST = 20
CHANCE = 10
"""Rows that two independent samples may share by chance, beyond twice those that they repeat
themselves.
"""
NETWORK, EXTENSION = "certified critic", "extension of exact potentials"
Samples = np.ndarray
"""float64 `[n, d]`; two sides may differ in n."""

Certifies = Literal["population", "samples"]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Parts:
    """A sample parted by a seed: one half trains and chooses, the other is only measured; or both
    parts are the whole.
    """

    train: Samples
    held_out: Samples


@dataclass(frozen=True)
class Diameter:
    """A bound on the distance of two possible samples of one side, in the space's unit, and where
    it comes from.
    """

    length: float
    source: str


def bracket(
    x: np.ndarray,
    y: np.ndarray,
    certifies: Certifies = "population",
    confidence: float = 0.95,
    diameter: float | None = None,
    diameter_from: str = "declared",
    auditor: Auditor | None = None,
    steps: int = 2000,
    space: str = "raw",
    seed: int = 0,
    units: str = "data coordinates",
    progress: Progress = lambda what, step, steps: None,
) -> Bracket:
    """Return numbers between which W1 lies: of the populations with a stated probability, or of
    these samples for certain.

    Population: (E_P f - E_Q f) / L <= W1(P, Q) <= E W1(P_n, Q_n). Half of each sample trains an
    auditor, and gives the potentials of exact transport whose McShane extension is a second critic.
    On the other half, the larger of their bounds (`lower_bound`) is the lower end, and the mean
    transport of batches plus `transport_radius` the upper one. Samples: (mean f(x) - mean f(y)) / L
    <= W1(x, y), the exact transport.

    Args:
        x: independent samples of P, `[n, d]`, in any unit; they must not have trained what made y.
        y: independent samples of Q, `[m, d]`, in the same unit.
        certifies: "population" or "samples".
        confidence: the probability 1 - delta of the population bracket; delta is split evenly
            between its two ends, and within the lower one between the two critics.
        diameter: R, beyond which no two possible samples of one side lie, in the raw coordinates;
            none: there is no upper end, as no bound is free of the distribution.
        diameter_from: where R comes from, for the reader.
        auditor: one that was trained elsewhere on other samples; none: one is trained here.
        steps: training of the auditor.
        space: `raw`, `standard` or `pca-K`, see `wgan.distances.spaces`; its constants come from
            the training half.
        seed: names the split, the auditor and the batches.
        units: what the raw coordinates are in, for the reader.
        progress: called with (what is being done, step, steps).

    Returns:
        The bracket, which prints as a line; `.table()` and `.to_json()` tell the rest.

    Raises:
        WganError: wrong samples, fewer than 20 on a side, a confidence outside (0, 1), a diameter
            that two samples of one side are seen to exceed, an auditor that has seen some of the
            samples or cannot be certified, sides that share rows.

    Source: Villani (2009), theorems 4.8 and 5.10; McShane (1934), theorem 1; Maurer and Pontil
    (2009), theorem 4; McDiarmid (1989).

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
    left, right = _parted(a, seed, "x", whole), _parted(b, seed, "y", whole)
    chosen = fit_space(space, left.train, right.train, units)
    left, right = (
        Parts(chosen.map(part.train), chosen.map(part.held_out)) for part in (left, right)
    )
    trained = auditor or train_auditor(
        left.train,
        right.train,
        steps,
        seed=seed,
        progress=lambda i, n: progress("training the auditor", i, n),
    )
    lower_ends: tuple[Lower, ...]
    upper_end: Upper | None
    if certifies == "samples":
        lower_ends, (upper_end, floor, heuristic) = (
            (_in_sample(trained, left, right),),
            (_exact_end(left, right, progress), None, None),
        )
        split = "none: the auditor may have seen every sample, and certifies these alone"
    else:
        if auditor is not None:
            auditor.check_unseen(left.held_out, right.held_out)
        known = None if diameter is None else Diameter(diameter * chosen.lipschitz, diameter_from)
        critics = [_network(trained, left, right)] + (
            [] if auditor else [_extended(left, right, progress)]
        )
        delta_lower = 1 - confidence if known is None else (1 - confidence) / 2
        lower_ends = tuple(lower_bound(*critic, delta_lower / len(critics)) for critic in critics)
        upper_end, floor, heuristic = _upper(
            left.held_out, right.held_out, known, 1 - confidence, progress
        )
        split = (
            "none: the auditor came from elsewhere, and saw no row that is here"
            if auditor
            else f"random halves of each side by seed {seed}"
        )
    return Bracket(
        certifies=certifies,
        confidence=confidence if certifies == "population" else None,
        lower_ends=lower_ends,
        layers=trained.certificate.layers,
        upper_end=upper_end,
        floor=floor,
        heuristic=heuristic,
        n=len(a),
        m=len(b),
        d=left.train.shape[1],
        held_out=(len(left.held_out), len(right.held_out)),
        repeated=(_repeated(a), _repeated(b)),
        split=split,
        space=chosen.name,
        units=chosen.units,
    )


Critic = tuple[str, np.ndarray, np.ndarray, tuple[float, float], float]
"""Name, scores of held-out x and y, clamp, Lipschitz constant: what `lower_bound` takes before
delta.
"""


def _check(
    certifies: str, confidence: float, diameter: float | None, a: Samples, b: Samples
) -> None:
    """Refuse what would not certify anything."""
    if certifies not in get_args(Certifies):
        raise WganError(
            f"a bracket certifies {' or '.join(get_args(Certifies))}, not '{certifies}'"
        )
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


def _network(auditor: Auditor, x: Parts, y: Parts) -> Critic:
    return (
        NETWORK,
        auditor(x.held_out),
        auditor(y.held_out),
        auditor.clamp,
        auditor.certificate.lipschitz,
    )


def _extended(x: Parts, y: Parts, progress: Progress) -> Critic:
    """The McShane extension of exact potentials on a training sub-sample; its clamp comes from the
    training half.
    """
    progress("exact potentials", 0, 1)
    points = y.train[:BATCH]
    v = transport(x.train[:BATCH], points).v
    scores = [extension(points, v, s) for s in (x.held_out, y.held_out)]
    seen = np.concatenate([extension(points, v, s[: 2 * BATCH]) for s in (x.train, y.train)])
    progress("exact potentials", 1, 1)
    return EXTENSION, scores[0], scores[1], (float(seen.min()), float(seen.max())), 1.0


def _in_sample(auditor: Auditor, x: Parts, y: Parts) -> Lower:
    gap, lipschitz = (
        float(auditor(x.train).mean() - auditor(y.train).mean()),
        auditor.certificate.lipschitz,
    )
    return Lower(NETWORK, max(0.0, gap / lipschitz), gap, 0.0, None, lipschitz)


def _exact_end(x: Parts, y: Parts, progress: Progress) -> Upper | None:
    n, m = len(x.train), len(y.train)
    if n * m > EXACT_PAIRS:
        return None
    progress("exact transport", 0, 1)
    plan = transport(x.train, y.train)
    return Upper(plan.distance, plan.distance, 0.0, max(n, m), 1, plan.gap)


def _upper(
    x: Samples, y: Samples, diameter: Diameter | None, delta: float, progress: Progress
) -> tuple[Upper, float, float]:
    """Return the upper end, the floor and the heuristic, from disjoint batches of held-out samples
    of one size.
    """
    most = min(len(x), len(y))
    n = min(BATCH, most // 2)
    batches = min(BATCHES, most // n)
    pairs = [(x, y, k, k) for k in range(batches)] + [(x, x, 0, 1), (y, y, 0, 1)]
    plans = []
    for done, (left, right, i, j) in enumerate(pairs):
        progress("exact transport", done, len(pairs))
        plans.append(transport(left[i * n : (i + 1) * n], right[j * n : (j + 1) * n]))
    progress("exact transport", len(pairs), len(pairs))
    across = np.array([plan.distance for plan in plans[:batches]])
    mean, gap = float(across.mean()), max(plan.gap for plan in plans)
    floor, floor_y = plans[-2].distance, plans[-1].distance
    heuristic = sqrt(max(0.0, mean**2 - (floor**2 + floor_y**2) / 2))
    if diameter is None:
        limit = mean + float(
            stats.t.ppf(1 - delta, batches - 1) * across.std(ddof=1) / sqrt(batches)
        )
        return Upper(None, mean, None, n, batches, gap, asymptotic=limit), floor, heuristic
    radius = transport_radius(diameter.length, n, batches, delta / 2)
    return (
        Upper(mean + radius, mean, radius, n, batches, gap, diameter.length, diameter.source),
        floor,
        heuristic,
    )


def _parted(s: Samples, seed: int, side: str, whole: bool) -> Parts:
    if whole:
        return Parts(s, s)
    shuffled = s[numpy_generator(seed, "bracket", side).permutation(len(s))]
    return Parts(shuffled[: len(s) // 2], shuffled[len(s) // 2 :])


def _repeated(s: Samples) -> int:
    return len(s) - len(set(row_hashes(s)))


def _check_independent(a: Samples, b: Samples) -> None:
    """Refuse two sides that share many more rows than each repeats: samples of few values do share
    some.
    """
    set_a, set_b = set(row_hashes(a)), set(row_hashes(b))
    shared, repeated = len(set_a & set_b), _repeated(a) + _repeated(b)
    if shared > 2 * repeated + CHANCE or (set_a == set_b and shared > len(a) / 4):
        raise WganError(
            f"x and y share {shared} rows: a population bracket needs two samples drawn"
            " independently of each other"
        )


def _check_diameter(diameter: float | None, a: Samples, b: Samples) -> None:
    found = max(farthest_pair(a), farthest_pair(b))
    if diameter is not None and found > diameter * (1 + 1e-9):
        raise WganError(
            f"diameter = {diameter:g}, but two samples of one side lie {found:.6g} apart: give a"
            " bound that every possible sample keeps"
        )
