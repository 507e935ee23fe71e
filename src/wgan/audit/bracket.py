"""Between which numbers does W1 lie? The sample bracket holds of two samples; the population bracket of what they came from.

Population, with probability 1 - delta: critics made from one half of the data and frozen bound W1 from below on the other
half; the mean exact transport of batches bounds it from above. Nothing that is held out trains or chooses anything.
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
from wgan.distances.choice import EXACT_PAIRS
from wgan.distances.exact import transport
from wgan.distances.samples import sample_pair
from wgan.distances.spaces import fit_space
from wgan.errors import WganError
from wgan.seeding import numpy_generator

BATCH, BATCHES = 2000, 3
LEAST = 20
NETWORK, EXTENSION = "certified critic", "extension of exact potentials"
Samples = np.ndarray
"""float64 `[n, d]`; two sides may differ in n."""

Certifies = Literal["population", "samples"]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Halves:
    """A sample set apart by a seed: one half trains and chooses, the other is only measured."""

    train: Samples
    held_out: Samples


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
    """Return numbers between which W1 lies: of the populations with a stated probability, or of these samples for certain.

    Population: (E_P f - E_Q f) / L <= W1(P, Q) <= E W1(P_n, Q_n). Half of each sample trains an auditor, and gives the
    potentials of exact transport whose McShane extension is a second critic. On the other half, the larger of their bounds
    (`lower_bound`) is the lower end, and the mean transport of batches plus `transport_radius` the upper one.
    Samples: (mean f(x) - mean f(y)) / L <= W1(x, y), the exact transport.

    Args:
        x: independent samples of P, `[n, d]`, in any unit; they must not have trained what made y.
        y: independent samples of Q, `[m, d]`, in the same unit.
        certifies: "population" or "samples".
        confidence: the probability 1 - delta of the population bracket; delta is split evenly between its two ends, and
            within the lower one between the two critics.
        diameter: R, which no two possible samples exceed, in the unit of the space; none: there is no upper end, as no
            bound is free of the distribution.
        diameter_from: where R comes from, for the reader.
        auditor: one that was trained elsewhere on other samples; none: one is trained here.
        steps: training of the auditor.
        space: `raw`, `standard` or `pca-K`, see `wgan.distances.spaces`; its constants come from the training half.
        seed: names the split, the auditor and the batches.
        units: what the raw coordinates are in, for the reader.
        progress: called with (what is being done, step, steps).

    Returns:
        The bracket, which prints as a line; `.table()` and `.to_json()` tell the rest.

    Raises:
        WganError: wrong samples, fewer than 20 on a side, a confidence outside (0, 1), a diameter that two samples
            exceed, an auditor that has seen some of the samples, or that cannot be certified.

    Source: Villani (2009), theorems 4.8 and 5.10; McShane (1934), theorem 1; Maurer and Pontil (2009), theorem 4; McDiarmid (1989).

    >>> rng = np.random.default_rng(0)
    >>> b = bracket(rng.random((400, 1)), rng.random((400, 1)) + 3.0, diameter=4.0, steps=20)
    >>> b.lower <= 3.0 <= b.upper
    True
    """
    a, b = sample_pair(x, y)
    if certifies not in get_args(Certifies):
        raise WganError(f"a bracket certifies {' or '.join(get_args(Certifies))}, not '{certifies}'")
    if not 0 < confidence < 1:
        raise WganError(f"confidence = {confidence}: give a number between 0 and 1, such as 0.95")
    if diameter is not None and not (diameter > 0 and np.isfinite(diameter)):
        raise WganError(f"diameter = {diameter}: give a length above 0")
    if min(len(a), len(b)) < LEAST:
        raise WganError(f"{len(a)} and {len(b)} samples: a bracket needs {LEAST} or more on each side")
    if auditor is not None and space != "raw":
        raise WganError(f"space '{space}' with an auditor from elsewhere: map the samples yourself, and leave space out")
    if certifies == "samples":
        return _of_samples(a, b, auditor, steps, space, seed, units, progress)
    return _of_population(a, b, 1 - confidence, (diameter, diameter_from), auditor, steps, space, seed, units, progress)


def _of_samples(a: Samples, b: Samples, auditor: Auditor | None, steps: int, space: str, seed: int, units: str, progress: Progress) -> Bracket:
    chosen = fit_space(space, a, b, units)
    a, b = chosen.map(a), chosen.map(b)
    auditor = auditor or train_auditor(a, b, steps, seed=seed, progress=lambda i, n: progress("training the auditor", i, n))
    certificate, f_x, f_y = auditor.certificate, auditor(a), auditor(b)
    gap = float(f_x.mean() - f_y.mean())
    low = Lower(NETWORK, max(0.0, gap / certificate.lipschitz), gap, 0.0, auditor.clamp, certificate.lipschitz)
    upper = None
    if len(a) * len(b) <= EXACT_PAIRS:
        progress("exact transport", 0, 1)
        plan = transport(a, b)
        upper = Upper(plan.distance, plan.distance, 0.0, max(len(a), len(b)), 1, plan.gap)
        progress("exact transport", 1, 1)
    counts = (len(a), len(b))
    split = "none: the auditor may have seen every sample, and certifies these alone"
    return Bracket("samples", None, (low,), certificate.layers, upper, None, None, *counts, a.shape[1], counts, split, space, chosen.units)


def _of_population(
    a: Samples,
    b: Samples,
    delta: float,
    declared: tuple[float | None, str],
    auditor: Auditor | None,
    steps: int,
    space: str,
    seed: int,
    units: str,
    progress: Progress,
) -> Bracket:
    _check_independent(a, b)
    x, y = (_halves(s, seed, side, auditor is None) for s, side in ((a, "x"), (b, "y")))
    chosen = fit_space(space, x.train, y.train, units)
    x, y = (Halves(chosen.map(h.train), chosen.map(h.held_out)) for h in (x, y))
    _check_diameter(declared[0], x, y)
    delta_upper = delta / 2 if declared[0] is not None else 0.0
    if auditor is None:
        trained = train_auditor(x.train, y.train, steps, seed=seed, progress=lambda i, n: progress("training the auditor", i, n))
        critics = [_network(trained, x, y), _extended(x, y, progress)]
    else:
        trained = auditor
        trained.check_unseen(x.held_out, y.held_out)
        critics = [_network(trained, x, y)]
    lowers = tuple(lower_bound(*critic, (delta - delta_upper) / len(critics)) for critic in critics)
    upper, floor, heuristic = _upper(x.held_out, y.held_out, declared, delta_upper, progress)
    held_out = (len(x.held_out), len(y.held_out))
    split = f"random halves of each side by seed {seed}" if auditor is None else "none: the auditor came from elsewhere, and has seen no sample here"
    return Bracket(
        certifies="population",
        confidence=1 - delta,
        lowers=lowers,
        layers=trained.certificate.layers,
        uppers=upper,
        floor=floor,
        heuristic=heuristic,
        n=len(a),
        m=len(b),
        d=x.train.shape[1],
        held_out=held_out,
        split=split,
        space=space,
        units=chosen.units,
    )


Critic = tuple[str, np.ndarray, np.ndarray, tuple[float, float], float]
"""Name, scores of held-out x and y, clamp, Lipschitz constant: what `lower_bound` takes before delta."""


def _network(auditor: Auditor, x: Halves, y: Halves) -> Critic:
    return NETWORK, auditor(x.held_out), auditor(y.held_out), auditor.clamp, auditor.certificate.lipschitz


def _extended(x: Halves, y: Halves, progress: Progress) -> Critic:
    """The McShane extension of exact potentials on a training sub-sample; its clamp comes from the training half."""
    progress("exact potentials", 0, 1)
    points = y.train[:BATCH]
    v = transport(x.train[:BATCH], points).v
    scores = [extension(points, v, s) for s in (x.held_out, y.held_out)]
    seen = np.concatenate([extension(points, v, s[: 2 * BATCH]) for s in (x.train, y.train)])
    progress("exact potentials", 1, 1)
    return EXTENSION, scores[0], scores[1], (float(seen.min()), float(seen.max())), 1.0


def _upper(x: Samples, y: Samples, declared: tuple[float | None, str], delta: float, progress: Progress) -> tuple[Upper, float, float]:
    """Return the upper end, the floor and the heuristic, from disjoint batches of held-out samples of one size."""
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
    floor, floor_y = plans[-2].distance, plans[-1].distance
    mean = float(across.mean())
    heuristic = sqrt(max(0.0, mean**2 - (floor**2 + floor_y**2) / 2))
    radius = transport_radius(declared[0], n, batches, delta) if declared[0] is not None else None
    t = float(stats.t.ppf(1 - delta, batches - 1) * across.std(ddof=1) / sqrt(batches))
    gap = max(plan.gap for plan in plans)
    upper = Upper(
        bound=mean + radius if radius is not None else None,
        transport=mean,
        radius=radius,
        batch=n,
        batches=batches,
        gap=gap,
        diameter=declared[0],
        diameter_from=declared[1] if declared[0] is not None else None,
        asymptotic=mean + t if radius is None else None,
    )
    return upper, floor, heuristic


def _halves(s: Samples, seed: int, side: str, split: bool) -> Halves:
    shuffled = s[numpy_generator(seed, "bracket", side).permutation(len(s))]
    return Halves(shuffled[: len(s) // 2], shuffled[len(s) // 2 :]) if split else Halves(shuffled, shuffled)


def _check_independent(a: Samples, b: Samples) -> None:
    """Refuse two sides that share rows, unless each repeats rows of its own, as samples of few values do."""
    rows_a, rows_b = row_hashes(a), row_hashes(b)
    set_a, set_b = set(rows_a), set(rows_b)
    shared, repeated = len(set_a & set_b), len(rows_a) - len(set_a) + len(rows_b) - len(set_b)
    if shared > repeated:
        raise WganError(f"x and y share {shared} rows: a population bracket needs two samples drawn independently of each other")


def _check_diameter(diameter: float | None, x: Halves, y: Halves) -> None:
    if diameter is None:
        return
    found = max(farthest_pair(part) for half in (x, y) for part in (half.train, half.held_out))
    if found > diameter * (1 + 1e-9):
        raise WganError(f"diameter = {diameter:g}, but two samples lie {found:.6g} apart: declare a bound that every possible sample keeps")
