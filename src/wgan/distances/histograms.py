"""How far apart are two histograms on a line? The walk of earth from bin to bin, and the
divergences that know no distance.

The walk: Peyre and Cuturi (2019), remark 2.30 (one dimension). Divergences: Arjovsky, Chintala and
Bottou (2017), section 2.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from wgan.base.errors import WganError

MASS_TOLERANCE = 1e-9
BAR = 12
"""Characters of the longest bar that `explain` draws."""


@dataclass(frozen=True)
class EarthMover:
    """What the walk found: `flow[i]` is the earth carried from bin i to bin i + 1 (negative: back),
    `plan[i, j]` what goes from i to j.
    """

    distance: float
    flow: Float[np.ndarray, " n"]
    plan: Float[np.ndarray, "n n"]
    positions: Float[np.ndarray, " n"]

    def __str__(self) -> str:
        return f"earth mover's distance {self.distance:g} ({len(self.flow)} bins, exact)"

    def explain(self) -> str:
        """Return the walk as a table, drawn: the masses of each bin, what is carried on to the
        next, and the work that costs.

        >>> print(earth_mover([3, 2, 1, 4], [1, 2, 4, 3]).explain())
        position  P               Q               carried on  step  work
               0  3 #########     1 ###           2 >>>>>>       1     2
               1  2 ######        2 ######        2 >>>>>>       1     2
               2  1 ###           4 ############  -1 <<<         1     1
               3  4 ############  3 #########     0              0     0
        distance = 5
        """
        p, q = self.plan.sum(axis=1), self.plan.sum(axis=0)
        steps = np.append(np.diff(self.positions), 0.0)
        longest = max(p.max(), q.max(), np.abs(self.flow).max())
        columns = [
            ("position", ">", [f"{x:g}" for x in self.positions]),
            ("P", "<", [f"{m:g} {_bar('#', m, longest)}" for m in p]),
            ("Q", "<", [f"{m:g} {_bar('#', m, longest)}" for m in q]),
            (
                "carried on",
                "<",
                [f"{f:g} {_bar('>' if f > 0 else '<', f, longest)}" for f in self.flow],
            ),
            ("step", ">", [f"{s:g}" for s in steps]),
            ("work", ">", [f"{w:g}" for w in np.abs(self.flow) * steps]),
        ]
        widths = [max(len(name), *map(len, cells)) for name, _, cells in columns]
        lines = [
            [name for name, _, _ in columns],
            *zip(*(cells for _, _, cells in columns), strict=True),
        ]
        text = [
            "  ".join(
                f"{cell:{align}{w}}"
                for cell, (_, align, _), w in zip(line, columns, widths, strict=True)
            )
            for line in lines
        ]
        return "\n".join([*text, f"distance = {self.distance:g}"])


def _bar(sign: str, amount: float, longest: float) -> str:
    return sign * round(BAR * abs(amount) / longest)


def earth_mover(p: ArrayLike, q: ArrayLike, positions: ArrayLike | None = None) -> EarthMover:
    """Return the least work that turns histogram P into Q on a line, and the walk that does it.

    delta[0] = 0, delta[i + 1] = delta[i] + P[i] - Q[i]; distance = sum_i |delta[i + 1]| (x[i + 1] -
    x[i]).

    Args:
        p: masses `[n]`, each at least 0.
        q: masses `[n]` of the same total.
        positions: where the bins lie, `[n]`, rising; none: 0, 1, 2, ..., so the distance is in
            bins.

    Returns:
        The distance (mass x unit of positions), the flow after each bin (the last is 0) and one
        optimal plan.

    Raises:
        WganError: other lengths, negative or non-finite masses, unequal totals, positions that do
            not rise.

    Source: Peyre and Cuturi (2019), remark 2.30.

    >>> result = earth_mover([3, 2, 1, 4], [1, 2, 4, 3])
    >>> result.distance, result.flow.tolist()
    (5.0, [2.0, 2.0, -1.0, 0.0])
    """
    a, b = _masses(p, "P"), _masses(q, "Q")
    if len(a) != len(b):
        raise WganError(
            f"P has {len(a)} bins and Q has {len(b)}: give both the same bins, with zeros where"
            " empty"
        )
    if abs(a.sum() - b.sum()) > MASS_TOLERANCE * max(a.sum(), b.sum()):
        raise WganError(
            f"P holds {a.sum():g} and Q holds {b.sum():g}: earth is moved, not made; divide each by"
            " its sum"
        )
    x = (
        np.arange(len(a), dtype=np.float64)
        if positions is None
        else np.asarray(positions, dtype=np.float64)
    )
    if x.shape != a.shape or not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise WganError(
            f"positions must be {len(a)} numbers, each greater than the one before: sort the bins"
            " by position"
        )
    flow = np.cumsum(a - b)
    flow[-1] = 0.0  # what rounding leaves
    return EarthMover(float(np.abs(flow[:-1]) @ np.diff(x)), flow, _north_west(a, b), x)


def _north_west(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n n"]:
    """The plan that fills bins in order, optimal on a line: the overlap of the two cumulated
    masses.
    """
    upper_a, upper_b = np.cumsum(a), np.cumsum(b)
    top = np.minimum(upper_a[:, None], upper_b[None, :])
    bottom = np.maximum((upper_a - a)[:, None], (upper_b - b)[None, :])
    return np.maximum(top - bottom, 0.0)


def kullback_leibler(p: ArrayLike, q: ArrayLike) -> float:
    """Return KL(P || Q) = sum_i P_i log(P_i / Q_i) in nats, of the histograms divided by their
    sums.

    Infinite as soon as P has mass where Q has none: on disjoint supports it says nothing of how far
    apart they are.

    Raises:
        WganError: other lengths, negative, non-finite or no mass.

    Source: Arjovsky et al. (2017), section 2.

    >>> kullback_leibler([1, 0], [0, 1])
    inf
    """
    a, b = _pair(p, q)
    where = a > 0
    if (b[where] == 0).any():
        return float("inf")
    return float(np.sum(a[where] * np.log(a[where] / b[where])))


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """Return JS(P, Q) = (KL(P || M) + KL(Q || M)) / 2 with M = (P + Q) / 2, in nats, of the
    histograms divided by their sums.

    It is log 2 = 0.693 on disjoint supports however far apart they are, and never more.

    Raises:
        WganError: as `kullback_leibler`.

    Source: Arjovsky et al. (2017), section 2.

    >>> round(jensen_shannon([1, 0, 0], [0, 0, 1]), 6)
    0.693147
    """
    a, b = _pair(p, q)
    middle = (a + b) / 2
    return max(0.0, (kullback_leibler(a, middle) + kullback_leibler(b, middle)) / 2)


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    """Return TV(P, Q) = sum_i |P_i - Q_i| / 2 of the histograms divided by their sums: 1 on
    disjoint supports.

    Raises:
        WganError: as `kullback_leibler`.

    Source: Arjovsky et al. (2017), section 2.

    >>> total_variation([1, 1], [1, 3])
    0.25
    """
    a, b = _pair(p, q)
    return float(np.abs(a - b).sum() / 2)


def _pair(p: ArrayLike, q: ArrayLike) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    a, b = _masses(p, "P"), _masses(q, "Q")
    if len(a) != len(b):
        raise WganError(
            f"P has {len(a)} bins and Q has {len(b)}: give both the same bins, with zeros where"
            " empty"
        )
    return a / a.sum(), b / b.sum()


def _masses(values: ArrayLike, name: str) -> Float[np.ndarray, " n"]:
    a = np.asarray(values, dtype=np.float64)
    if a.ndim != 1 or a.size == 0:
        raise WganError(f"{name} has shape {a.shape}: give a histogram as one row of masses")
    if not np.isfinite(a).all() or (a < 0).any():
        i = int(np.argmax(~np.isfinite(a) | (a < 0)))
        raise WganError(f"{name}[{i}] = {a[i]:g}: masses are finite and not negative")
    if a.sum() == 0:
        raise WganError(f"{name} holds no mass: give at least one bin above 0")
    return a
