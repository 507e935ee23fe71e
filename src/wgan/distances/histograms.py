"""Distances between two histograms on a line: earth mover's distance, KL, Jensen-Shannon, TV.

The earth mover's distance grows with the distance of the mass; the divergences ignore it.
References: Peyre and Cuturi, "Computational Optimal Transport" (2019), remark 2.30 (transport on a
line); Arjovsky, Chintala and Bottou, "Wasserstein GAN" (2017), section 2 (divergences).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.numbers import ArrayLike, float_array

MASS_TOLERANCE = 1e-9
"""Largest relative difference between the totals of P and Q.

Histograms divided by their sums differ by rounding of about 1e-16 a bin, and pass with any number
of bins that fits memory. A forgotten normalisation differs by far more.
"""

BAR = 12
"""Characters of the longest bar that `explain` draws, so that its six columns fit a terminal."""


@dataclass(frozen=True)
class EarthMover:
    """The least work between two histograms, and how the mass moves.

    `distance` is in mass x unit of positions. `flow[i]` is the mass carried from bin i to bin i + 1
    (negative: back). `plan[i, j]` is the mass that goes from bin i to bin j.
    """

    distance: float
    flow: Float[np.ndarray, " n"]
    plan: Float[np.ndarray, "n n"]
    positions: Float[np.ndarray, " n"]

    def __str__(self) -> str:
        return f"earth mover's distance {self.distance:g} ({len(self.flow)} bins, exact)"

    def explain(self) -> str:
        """Return a table of the masses of each bin, the mass carried on, and the work it costs.

        >>> print(earth_mover([3, 2, 1, 4], [1, 2, 4, 3]).explain())
        position  P               Q               carried on  step  work
               0  3 #########     1 ###           2 >>>>>>       1     2
               1  2 ######        2 ######        2 >>>>>>       1     2
               2  1 ###           4 ############  -1 <<<         1     1
               3  4 ############  3 #########     0              0     0
        distance = 5
        """
        p = self.plan.sum(axis=1)
        q = self.plan.sum(axis=0)
        steps = np.append(np.diff(self.positions), 0.0)
        longest = max(p.max(), q.max(), np.abs(self.flow).max())
        carried = [f"{f:g} {_bar('>' if f > 0 else '<', f, longest)}" for f in self.flow]
        columns = [
            ("position", ">", [f"{x:g}" for x in self.positions]),
            ("P", "<", [f"{mass:g} {_bar('#', mass, longest)}" for mass in p]),
            ("Q", "<", [f"{mass:g} {_bar('#', mass, longest)}" for mass in q]),
            ("carried on", "<", carried),
            ("step", ">", [f"{step:g}" for step in steps]),
            ("work", ">", [f"{work:g}" for work in np.abs(self.flow) * steps]),
        ]
        return "\n".join([*_aligned(columns), f"distance = {self.distance:g}"])


def _bar(sign: str, amount: float, longest: float) -> str:
    return sign * round(BAR * abs(amount) / longest)


def _aligned(columns: list[tuple[str, str, list[str]]]) -> list[str]:
    """Return the lines of a table of (heading, alignment, cells)."""
    formats = [f"{align}{max(len(heading), *map(len, cells))}" for heading, align, cells in columns]
    headings = [heading for heading, _, _ in columns]
    lines = [headings, *zip(*(cells for _, _, cells in columns), strict=True)]
    return [
        "  ".join(f"{cell:{form}}" for cell, form in zip(line, formats, strict=True))
        for line in lines
    ]


def earth_mover(p: ArrayLike, q: ArrayLike, positions: ArrayLike | None = None) -> EarthMover:
    """Return the earth mover's distance between histograms P and Q on a line, with its flow.

    delta[0] = 0, delta[i + 1] = delta[i] + P[i] - Q[i];
    distance = sum_i |delta[i + 1]| (x[i + 1] - x[i]).

    Args:
        p: masses `[n]`, each at least 0.
        q: masses `[n]` with the same total.
        positions: positions of the bins `[n]`, rising; None: 0, 1, 2, ..., so that the distance is
            in bins.

    Returns:
        The distance (mass x unit of positions), the flow after each bin (the last is 0) and one
        optimal plan.

    Raises:
        WganError: different lengths, negative or non-finite masses, unequal totals, or positions
            that do not rise, or too large for float64.

    See also:
        wasserstein_1d: the same distance between samples.
        barycentre: the histogram nearest to several.

    Reference: Peyre and Cuturi (2019), remark 2.30.

    >>> result = earth_mover([3, 2, 1, 4], [1, 2, 4, 3])
    >>> result.distance, result.flow.tolist()
    (5.0, [2.0, 2.0, -1.0, 0.0])
    """
    a = _masses(p, "P")
    b = _masses(q, "Q")
    _check_bins(a, b)
    if abs(a.sum() - b.sum()) > MASS_TOLERANCE * max(a.sum(), b.sum()):
        raise WganError(
            f"P holds {a.sum():g} and Q holds {b.sum():g}: earth is moved, not made; divide each by"
            " its sum"
        )
    x = np.arange(len(a)) if positions is None else positions
    x = float_array(x, "positions")
    if x.shape != a.shape or not np.isfinite(x).all() or (x[1:] <= x[:-1]).any():
        raise WganError(
            f"positions must be {len(a)} numbers, each greater than the one before: sort the bins"
            " by position"
        )
    flow = np.cumsum(a - b)
    flow[-1] = 0.0  # equal totals leave nothing to carry; the sum leaves rounding
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        distance = float(np.abs(flow[:-1]) @ np.diff(x))
    if not np.isfinite(distance):
        raise WganError(
            "the bins lie so far apart that float64 overflows: divide the positions, or the masses,"
            " by a common number"
        )
    return EarthMover(distance, flow, _north_west(a, b), x)


def _north_west(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n n"]:
    """Return the plan that fills bins in order, which is optimal on a line.

    T[i, j] is the overlap of bin i's interval of the cumulated P with bin j's of the cumulated Q.
    """
    upper_a = np.cumsum(a)
    upper_b = np.cumsum(b)
    top = np.minimum(upper_a[:, None], upper_b[None, :])
    bottom = np.maximum((upper_a - a)[:, None], (upper_b - b)[None, :])
    return np.maximum(top - bottom, 0.0)


def kullback_leibler(p: ArrayLike, q: ArrayLike) -> float:
    """Return the Kullback-Leibler divergence of two histograms, divided by their sums.

    KL(P || Q) = sum_i P_i log(P_i / Q_i), in nats. It is infinite as soon as P has mass where Q has
    none: on disjoint supports it does not say how far apart they are.

    Args:
        p: masses `[n]`, each at least 0.
        q: masses `[n]`.

    Raises:
        WganError: different lengths, negative or non-finite masses, or no mass.

    Reference: Arjovsky et al. (2017), section 2.

    >>> kullback_leibler([1, 0], [0, 1])
    inf
    """
    a, b = _shares(p, q)
    support = a > 0
    if (b[support] == 0).any():
        return float("inf")
    # As a difference, since the ratio of two shares may overflow.
    return float(np.sum(a[support] * (np.log(a[support]) - np.log(b[support]))))


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """Return the Jensen-Shannon divergence of two histograms, divided by their sums.

    JS(P, Q) = (KL(P || M) + KL(Q || M)) / 2 with M = (P + Q) / 2, in nats. It is never above log 2
    = 0.693, and is log 2 on disjoint supports however far apart they are.

    Args:
        p: masses `[n]`, each at least 0.
        q: masses `[n]`.

    Raises:
        WganError: as `kullback_leibler`.

    Reference: Arjovsky et al. (2017), section 2.

    >>> round(jensen_shannon([1, 0, 0], [0, 0, 1]), 6)
    0.693147
    """
    a, b = _shares(p, q)
    middle = (a + b) / 2
    divergence = (kullback_leibler(a, middle) + kullback_leibler(b, middle)) / 2
    return max(0.0, divergence)  # between equal histograms rounding may leave -1e-17


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    """Return the total variation distance of two histograms, divided by their sums.

    TV(P, Q) = sum_i |P_i - Q_i| / 2, without unit; 1 on disjoint supports.

    Args:
        p: masses `[n]`, each at least 0.
        q: masses `[n]`.

    Raises:
        WganError: as `kullback_leibler`.

    Reference: Arjovsky et al. (2017), section 2.

    >>> total_variation([1, 1], [1, 3])
    0.25
    """
    a, b = _shares(p, q)
    return float(np.abs(a - b).sum() / 2)


def _shares(p: ArrayLike, q: ArrayLike) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return both histograms divided by their sums."""
    a = _masses(p, "P")
    b = _masses(q, "Q")
    _check_bins(a, b)
    shares = a / a.sum(), b / b.sum()
    for name, masses, share in zip("PQ", (a, b), shares, strict=True):
        if ((masses > 0) & (share < np.finfo(np.float64).tiny)).any():
            raise WganError(
                f"{name} holds masses whose share of the sum is too small for float64: set them to"
                " 0, or leave their bins out"
            )
    return shares


def _check_bins(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> None:
    if len(a) != len(b):
        raise WganError(
            f"P has {len(a)} bins and Q has {len(b)}: give both the same bins, with zeros where"
            " empty"
        )


def _masses(values: ArrayLike, name: str) -> Float[np.ndarray, " n"]:
    a = float_array(values, name)
    if a.ndim != 1 or a.size == 0:
        raise WganError(f"{name} has shape {a.shape}: give a histogram as one row of masses")
    wrong = ~np.isfinite(a) | (a < 0)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise WganError(f"{name}[{i}] = {a[i]:g}: masses are finite and not negative")
    with np.errstate(over="ignore"):  # what overflows is refused below
        total = a.sum()
    if total == 0:
        raise WganError(f"{name} holds no mass: give at least one bin above 0")
    if not np.isfinite(total):
        raise WganError(f"{name}: the sum of its masses overflows: divide both by a common number")
    return a
