"""Upper end of a population bracket: the mean exact transport of batches, and what sampling does.

Transport between finite samples is too large by about the floor. The heuristic takes the floor off.
"""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from wgan.audit.parts import Sample
from wgan.base.progress import Progress, silent
from wgan.distances.exact import transport
from wgan.distances.plan import Transport

BATCH = 6000
"""Most samples a side in one exact transport, which takes 4 s in the plane and 5 s in 64-D on one
core. A larger batch has a lower floor, which is most of the transport in many dimensions.
"""

BATCHES = 4
"""Most batches of the upper end: more of them shrink its radius as their square root."""

CERTAIN = 2.0
"""Standard errors that heuristic^2 must be above 0; nearer, it is called noise. For two equal
populations it is so by chance in 2 % of the cases.
"""


@dataclass(frozen=True)
class Diameter:
    """A bound on the distance of two possible samples of one side, and where it comes from."""

    length: float
    source: str


@dataclass(frozen=True)
class Upper:
    """The upper end, in the unit of the samples: `bound` is `transport` + `radius`.

    `bound` and `radius` are None where nothing bounds W1 from above. `transport` is the mean exact
    transport over `batches` of `batch` samples on each side, and `gap` the solver's largest
    relative duality gap. `diameter` is that of the support, and `diameter_from` says how it is
    known. `asymptotic` is a one-sided limit by the normal law (`asymptotic_radius`), and not
    certified.
    """

    bound: float | None
    transport: float
    radius: float | None
    batch: int
    batches: int
    gap: float
    diameter: float | None = None
    diameter_from: str | None = None
    asymptotic: float | None = None


@dataclass(frozen=True)
class Heuristic:
    """The transport with its floor taken off: sqrt(transport^2 - (floor_x^2 + floor_y^2) / 2).

    `standard_error` is that of sampling alone, and None where the value is noise. Nothing is
    certified.
    """

    value: float
    standard_error: float | None


@dataclass(frozen=True)
class UpperEnd:
    """The upper end, the floor (the transport between two batches of x) and the heuristic.

    What was not computed is None.
    """

    upper: Upper | None
    floor: float | None = None
    heuristic: Heuristic | None = None


def upper_end(
    x: Sample, y: Sample, diameter: Diameter | None, delta: float, progress: Progress = silent
) -> UpperEnd:
    """Return the upper end, the floor and the heuristic, from disjoint batches of one size.

    Args:
        x: independent samples of P in random order, `[n, d]`, 4 or more.
        y: independent samples of Q in random order, `[m, d]`, 4 or more.
        diameter: of the support; None: there is an asymptotic limit in place of a bound.
        delta: the probability of being wrong.
        progress: listener to each exact transport.
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
    across, (floor_x, floor_y) = plans[:batches], plans[batches:]
    mean = float(np.mean([plan.distance for plan in across]))
    gap = max(plan.gap for plan in plans)
    heuristic = _heuristic(across, floor_x, floor_y)
    if diameter is None:
        limit = mean + asymptotic_radius(across, delta)
        upper = Upper(None, mean, None, n, batches, gap, asymptotic=limit)
    else:
        radius = transport_radius(diameter.length, n, batches, delta)
        upper = Upper(
            mean + radius, mean, radius, n, batches, gap, diameter.length, diameter.source
        )
    return UpperEnd(upper, floor_x.distance, heuristic)


def transport_radius(diameter: float, n: int, batches: int, delta: float) -> float:
    """Return how far the mean transport of K batches may fall below its expectation.

    radius = R sqrt(ln(1 / delta) / (n K)). W1(P_n, Q_n) of n samples a side changes by at most
    R / n with one sample. So W1(P, Q) <= E W1(P_n, Q_n) < mean + radius with probability at least
    1 - delta. The first step holds since W1 is convex.

    Args:
        diameter: R, the largest distance of two possible samples of one side.
        n: samples a side in a batch.
        batches: K.
        delta: the probability of being wrong.

    Reference: McDiarmid, "On the method of bounded differences" (1989), lemma 1.2, over 2 n K
    samples; Villani (2009), theorem 4.8.

    >>> round(transport_radius(20.0, 2000, 3, delta=0.05), 4)
    0.4469
    """
    return diameter * sqrt(log(1 / delta) / (n * batches))


def asymptotic_radius(plans: list[Transport], delta: float) -> float:
    """Return how far the mean transport of K batches falls below its expectation, for large n.

    radius = z sqrt(sum_k (Var u_k + Var v_k) / n) / K, with potentials u_k and v_k and the normal
    quantile z of 1 - delta: a sample moves the transport by its potential. The theorem is one of
    p = 2. For W1, whose potentials need not be unique, it is a heuristic.

    Args:
        plans: of disjoint batches of n samples a side.
        delta: the probability of being wrong.

    Reference: del Barrio and Loubes, "Central limit theorems for empirical transportation cost in
    general dimension" (2019), theorem 4.1.
    """
    variance = sum(plan.u.var() / len(plan.u) + plan.v.var() / len(plan.v) for plan in plans)
    return float(ndtri(1 - delta) * sqrt(variance) / len(plans))


def _heuristic(across: list[Transport], floor_x: Transport, floor_y: Transport) -> Heuristic:
    """Return the heuristic; its error sums what each sample moves heuristic^2 by."""
    count = len(across)
    mean = float(np.mean([plan.distance for plan in across]))
    square = mean**2 - (floor_x.distance**2 + floor_y.distance**2) / 2
    parts: list[Float[np.ndarray, " k"]] = []
    for floor, side in ((floor_x, "u"), (floor_y, "v")):
        moved = [2 * mean / count * _moves(getattr(plan, side)) for plan in across]
        moved[0] = moved[0] - floor.distance * _moves(floor.u)
        moved[1] = moved[1] - floor.distance * _moves(floor.v)
        parts += moved
    error = float(np.sqrt(sum((part**2).sum() for part in parts)))
    value = sqrt(max(0.0, square))
    if square <= CERTAIN * error:
        return Heuristic(value, None)
    return Heuristic(value, error / (2 * value))


def _moves(potential: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return by how much each of n samples moves a distance, to first order."""
    moves: np.ndarray = (potential - potential.mean()) / len(potential)
    return moves
