"""Distances of the Lab on a line: the walk of earth, W1, JS and KL, and their changes as Q moves.

All numbers come from `wgan.distances`. Q may be moved by whole bins, beyond the ends of P's line.
Earth is moved, not made: where the totals differ, Q is scaled to the total of P.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log
from typing import Any

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.numbers import float_array
from wgan.distances import (
    EarthMover,
    earth_mover,
    jensen_shannon,
    kullback_leibler,
    total_variation,
)
from wgan.distances.histograms import MASS_TOLERANCE
from wgan.distances.results import finite

MOST_BINS = 64
"""Bars that still can be told apart, and moved one by one, on a screen."""
MARGIN = 2
"""Bins by which the ends of a curve of shifts lie beyond where P and Q last touch: enough to show
that a curve is flat there, or straight.
"""


@dataclass(frozen=True)
class Measure:
    """One distance between two histograms on a line.

    Attributes:
        name: as in the literature.
        value: the distance.
        unit: its unit, in words.
        left: the change if Q moves one bin to the left; None where both are infinite.
        right: the change if Q moves one bin to the right; None likewise.
    """

    name: str
    value: float
    unit: str
    left: float | None
    right: float | None


def compare(p: Sequence[float], q: Sequence[float], shift: int = 0) -> dict[str, Any]:
    """Return everything that the page shows of P, and of Q moved to the right by some bins.

    Args:
        p: masses `[n]`, each at least 0.
        q: masses `[n]`, likewise.
        shift: bins by which Q is moved; negative: to the left.

    Returns:
        Plain values for JSON, an infinity as its name: `positions`, `p` and `q` on one line, the
        `scale` of Q, the `walk` (flow, work of each step and moves of mass), `measures`, and the
        `curve` of each of them over shifts.

    Raises:
        WganError: as `wgan.distances.earth_mover`, more than 64 bins, or a shift of more than 64.

    >>> compare([3, 2, 1, 4], [1, 2, 4, 3])["walk"]["distance"]
    5.0
    """
    for name, masses in (("P", p), ("Q", q)):
        if not 1 <= len(masses) <= MOST_BINS:
            raise WganError(f"{name} has {len(masses)} bins: give 1 to {MOST_BINS}")
    if len(p) != len(q):
        raise WganError(f"P has {len(p)} bins and Q has {len(q)}: give both the same bins")
    if abs(shift) > MOST_BINS:
        raise WganError(f"Q is moved by {shift} bins: move it by at most {MOST_BINS}")
    a, b, scale = _equal_totals(p, q)
    positions, a_here, b_here = on_one_line(a, b, shift)
    walk = earth_mover(a_here, b_here, positions)
    curve = shift_curve(a, b, max(len(a) + MARGIN, abs(shift) + 1))
    answer = {
        "positions": positions.tolist(),
        "p": a_here.tolist(),
        "q": b_here.tolist(),
        "scale": scale,
        "total": float(a.sum()),
        "shift": shift,
        "walk": _walk(walk),
        "measures": [vars(each) for each in _measures(curve, shift)],
        "curve": curve,
        "log2": log(2),
    }
    found: dict[str, Any] = finite(answer)
    return found


def _equal_totals(
    p: Sequence[float], q: Sequence[float]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], float]:
    """Return both histograms, Q scaled to the total of P, and the scale."""
    a = float_array(p, "P")
    b = float_array(q, "Q")
    earth_mover(a, a)  # refuses a histogram without mass, and masses that are no masses
    earth_mover(b, b)
    if abs(a.sum() - b.sum()) <= MASS_TOLERANCE * max(a.sum(), b.sum()):
        return a, b, 1.0
    scale = float(a.sum() / b.sum())
    return a, b * scale, scale


def on_one_line(
    p: Float[np.ndarray, " n"], q: Float[np.ndarray, " n"], shift: int
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Return positions of bins, and P and the moved Q on them, with zeros where one has no bin.

    Args:
        p: masses at 0, 1, ..., n - 1.
        q: masses at shift, shift + 1, ..., shift + n - 1.
        shift: bins by which Q is moved.
    """
    n = len(p)
    low = min(0, shift)
    width = n + abs(shift)
    a = np.zeros(width)
    b = np.zeros(width)
    a[-low : -low + n] = p
    b[shift - low : shift - low + n] = q
    return np.arange(low, low + width, dtype=np.float64), a, b


def shift_curve(
    p: Float[np.ndarray, " n"], q: Float[np.ndarray, " n"], furthest: int
) -> dict[str, Any]:
    """Return each distance for every shift of Q, and its change from one shift to the next.

    Between two whole shifts W1 is a straight line, so that its change for one bin is its gradient.

    Args:
        p: masses.
        q: masses with the same total.
        furthest: the largest shift, in bins, to both sides.

    Returns:
        `shifts` `[2 furthest + 1]`, `values` by name likewise, and `slopes` by name
        `[2 furthest]`, None between two infinite values.
    """
    shifts = list(range(-furthest, furthest + 1))
    values: dict[str, list[float]] = {"W1": [], "JS": [], "KL(P||Q)": [], "KL(Q||P)": [], "TV": []}
    for shift in shifts:
        positions, a, b = on_one_line(p, q, shift)
        values["W1"].append(earth_mover(a, b, positions).distance)
        values["JS"].append(jensen_shannon(a, b))
        values["KL(P||Q)"].append(kullback_leibler(a, b))
        values["KL(Q||P)"].append(kullback_leibler(b, a))
        values["TV"].append(total_variation(a, b))
    slopes = {
        name: [_change(here, there) for here, there in pairwise(found)]
        for name, found in values.items()
    }
    return {"shifts": shifts, "values": values, "slopes": slopes}


UNITS = {
    "W1": "mass x bins",
    "JS": "nats, at most 0.693",
    "KL(P||Q)": "nats",
    "KL(Q||P)": "nats",
    "TV": "share of the mass",
}


def _measures(curve: dict[str, Any], shift: int) -> list[Measure]:
    """Return the distances at one shift of a curve."""
    here = curve["shifts"].index(shift)
    measures = []
    for name, values in curve["values"].items():
        right = curve["slopes"][name][here]
        left = _change(values[here], values[here - 1])
        measures.append(Measure(name, values[here], UNITS[name], left, right))
    return measures


def _change(here: float, there: float) -> float | None:
    """Return the change between two values; None where both are infinite."""
    return there - here if isfinite(here) or isfinite(there) else None


def _walk(walk: EarthMover) -> dict[str, Any]:
    """Return the walk as plain values: the flow from bin to bin, and where the mass goes."""
    rows, columns = np.nonzero(walk.plan)
    # The overlap of two sums leaves rounding where nothing moves.
    least = MASS_TOLERANCE * float(walk.plan.sum())
    moves = [
        [float(walk.positions[i]), float(walk.positions[j]), float(walk.plan[i, j])]
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if i != j and walk.plan[i, j] > least
    ]
    return {
        "distance": walk.distance,
        "flow": walk.flow[:-1].tolist(),
        "work": np.abs(walk.flow[:-1]).tolist(),
        "moves": moves,
    }
