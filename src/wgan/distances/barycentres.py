"""Wasserstein barycentres: the histogram or sample that is nearest to several others on average.

References: Agueh and Carlier, "Barycenters in the Wasserstein space" (2011); Carlier, Chenchene and
Eichinger, "Wasserstein medians" (2024), for p = 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.base.numbers import ArrayLike, float_array
from wgan.distances.columns import small_of
from wgan.distances.exact import GAP_TOLERANCE, ROUNDING
from wgan.distances.line import wasserstein_1d
from wgan.distances.samples import TOO_FAR, centred_pair, finite_sum, in_power, weighted_samples

MAX_UNKNOWNS = 1_000_000
"""Unknowns k n^2 of the largest linear programme. With HiGHS on four random histograms, 160,000
took 1.4 s, and 640,000 took 16 s and 1.1 GB; 1,440,000 did not end in two minutes.
"""


@dataclass(frozen=True, eq=False)
class Barycentre:
    """The barycentre of several distributions.

    `masses` `[n]` sum to 1 and lie at `positions` `[n, d]`. `objective` is the least value of
    sum_k lambda_k W_p(barycentre, P_k)^p, in the unit of the positions to the power p. `gap` is its
    relative duality gap. `solver` says in words what found it.
    """

    positions: Float[np.ndarray, "n d"]
    masses: Float[np.ndarray, " n"]
    objective: float
    gap: float
    solver: str


def barycentre(
    histograms: ArrayLike,
    positions: ArrayLike | None = None,
    p: int = 2,
    weights: ArrayLike | None = None,
) -> Barycentre:
    """Return the histogram on the same bins that is nearest to several, by exact transport.

    min over histograms P on the bins of sum_k lambda_k W_p(P, P_k)^p.

    For p = 1 on a line it is a closed form: W_1 is the area between distribution functions, so the
    barycentre's is their weighted median at each bin. Otherwise it is a linear programme with k
    n^2 + n unknowns. POT and HiGHS solve it, and its dual proves the solution. It keeps to the
    bins. For p = 2, the barycentre of two single bins is in the bin at the middle between them. If
    there is none, it is spread over several. If several are optimal, this is one of them.

    Args:
        histograms: masses `[k, n]`, each row divided by its sum.
        positions: of the bins `[n]` or `[n, d]`, in any unit; None: 0, 1, 2, ...
        p: the order, 1 or 2.
        weights: the weights lambda of the histograms `[k]`, divided by their sum; None: equal.

    Returns:
        The barycentre, with its objective in the unit of the positions to the power p.

    Raises:
        WganError: wrong masses, positions, weights or order; too many bins; or an optimum that its
            dual does not prove.

    See also:
        barycentre_1d: samples on a line, free of bins.

    Reference: Agueh and Carlier (2011), equation 2.2; POT's `ot.lp.barycenter`.

    >>> barycentre([[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]]).masses.round(6).tolist()
    [0.0, 0.0, 1.0, 0.0, 0.0]
    >>> barycentre([[1, 0, 0], [0, 1, 0], [0, 0, 1]], p=1).masses.tolist()
    [0.0, 1.0, 0.0]
    """
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: choose 1 or 2")
    masses = _histograms(histograms)
    k, n = masses.shape
    at, _ = weighted_samples(np.arange(n) if positions is None else positions, None, "positions")
    if len(at) != n:
        raise WganError(f"{n} bins have {len(at)} positions: give one position a bin")
    share = _shares(weights, k)
    scaled, _, unit = centred_pair(at, at)
    if p == 1 and at.shape[1] == 1:
        found, objective = _medians(masses, scaled[:, 0], share)
        gap, solver = 0.0, "medians of distribution functions"
    else:
        found, objective, gap = _programme(masses, scaled, p, share)
        solver = "linear programme on the bins"
    return Barycentre(at, found, float(in_power(np.array([objective]), unit, p)[0]), gap, solver)


def barycentre_1d(
    samples: Sequence[ArrayLike],
    sample_weights: Sequence[ArrayLike | None] | None = None,
    weights: ArrayLike | None = None,
) -> Barycentre:
    """Return the exact W2 barycentre of samples of numbers, free to lie anywhere on the line.

    Its quantile function is the weighted mean of theirs: F^-1(u) = sum_k lambda_k F_k^-1(u). It has
    at most as many positions as all samples together.

    Args:
        samples: k samples of numbers, each `[n_k]`, in one unit.
        sample_weights: the weights of each, `[n_k]` or None; None: equal.
        weights: the weights lambda of the samples `[k]`, divided by their sum; None: equal.

    Returns:
        The barycentre, with rising positions, and its objective in the unit squared.

    Raises:
        WganError: wrong samples or weights, or samples of more than one dimension.

    See also:
        barycentre: histograms on given bins.

    Reference: Agueh and Carlier (2011), section 6.1.

    >>> found = barycentre_1d([[0.0, 1.0], [4.0, 7.0]])
    >>> found.positions.ravel().tolist(), found.masses.tolist(), round(found.objective, 9)
    ([2.0, 4.0], [0.5, 0.5], 6.5)
    """
    if len(samples) == 0:
        raise WganError("samples are empty: give at least one sample")
    own = [None] * len(samples) if sample_weights is None else sample_weights
    if len(own) != len(samples):
        raise WganError(
            f"{len(samples)} samples have {len(own)} lists of weights: give one for each, or None"
        )
    share = _shares(weights, len(samples))
    checked = [
        weighted_samples(x, w, f"samples[{k}]")
        for k, (x, w) in enumerate(zip(samples, own, strict=True))
    ]
    if any(x.shape[1] > 1 for x, _ in checked):
        raise WganError("samples of more than one dimension: the quantiles are those of a line")
    orders = [np.argsort(x[:, 0], kind="stable") for x, _ in checked]
    ends = [_ends(w[order]) for (_, w), order in zip(checked, orders, strict=True)]
    cuts = np.unique(np.concatenate(ends))
    # Cuts nearer than rounding are one: each of the sums errs by one eps a term at most.
    cuts = cuts[np.append(np.diff(cuts) > len(cuts) * np.finfo(np.float64).eps, True)]
    masses = np.diff(cuts, prepend=0.0)
    middles = cuts - masses / 2
    positions = np.zeros(len(cuts))
    for (x, _), order, end, part in zip(checked, orders, ends, share, strict=True):
        positions += part * x[order[np.searchsorted(end, middles)], 0]
    apart = np.array([wasserstein_1d(positions, x, 2, masses, w) for x, w in checked])
    with np.errstate(over="ignore"):  # what overflows is refused below
        objective = float(share @ apart**2)
    if not np.isfinite(objective):
        raise WganError(TOO_FAR)
    return Barycentre(positions[:, None], masses, objective, 0.0, "means of quantiles")


def _ends(w: np.ndarray) -> np.ndarray:
    if (w == w[0]).all():
        return np.arange(1, len(w) + 1) / len(w)
    ends = np.cumsum(w)
    return ends / ends[-1]


def _histograms(histograms: ArrayLike) -> Float[np.ndarray, "k n"]:
    masses = float_array(histograms, "the histograms")
    if masses.ndim != 2 or masses.size == 0:
        raise WganError(f"the histograms have shape {masses.shape}: give masses as [k, n]")
    wrong = ~np.isfinite(masses).all(axis=1) | (masses < 0).any(axis=1) | (masses.max(axis=1) == 0)
    if wrong.any():
        raise WganError(
            f"histogram {int(np.argmax(wrong))}: its masses must be finite, not negative and not"
            " all zero"
        )
    totals = [finite_sum(row, f"the masses of histogram {k}") for k, row in enumerate(masses)]
    return masses / np.array(totals)[:, None]


def _shares(weights: ArrayLike | None, k: int) -> Float[np.ndarray, " k"]:
    """Return the weights of the distributions, which sum to 1."""
    return weighted_samples(np.zeros(k), weights, "the distributions")[1]


def _medians(
    masses: Float[np.ndarray, "k n"], at: Float[np.ndarray, " n"], share: Float[np.ndarray, " k"]
) -> tuple[Float[np.ndarray, " n"], float]:
    """Return the histogram whose distribution function is the lower weighted median of theirs.

    The median of rising functions rises, so it is a distribution function.
    """
    order = np.argsort(at, kind="stable")
    functions = np.minimum(np.cumsum(masses[:, order], axis=1), 1.0)
    functions[:, -1] = 1.0
    ranks = np.argsort(functions, axis=0, kind="stable")
    reached = np.cumsum(share[ranks], axis=0)
    # Sums of shares err by rounding: half of them is half.
    middle = np.argmax(reached >= 0.5 - len(share) * np.finfo(np.float64).eps, axis=0)
    median = np.take_along_axis(
        np.take_along_axis(functions, ranks, axis=0), middle[None, :], axis=0
    )[0]
    found = np.empty(len(at))
    found[order] = np.diff(median, prepend=0.0)
    apart = np.abs(functions - median)[:, :-1] @ np.diff(at[order])
    return found, float(share @ apart)


def _programme(
    masses: Float[np.ndarray, "k n"], at: Float[np.ndarray, "n d"], p: int, share: np.ndarray
) -> tuple[Float[np.ndarray, " n"], float, float]:
    """Return the barycentre by the linear programme, its objective, and the relative duality gap.

    For any potentials v_k of the histograms and u_k(i) = min_j (c_ij - v_k(j)),
    min_i sum_k lambda_k u_k(i) + sum_k lambda_k <P_k, v_k> is at most the optimum.
    """
    import ot  # takes seconds to import

    k, n = masses.shape
    if k * n * n > MAX_UNKNOWNS:
        raise WganError(
            f"the barycentre of {k} histograms of {n} bins has {k * n * n:,} unknowns, more than"
            f" {MAX_UNKNOWNS:,}: use fewer bins, or `barycentre_1d` on a line"
        )
    cost = cdist(at, at, "euclidean" if p == 1 else "sqeuclidean")
    scale = float(cost.max()) or 1.0
    used = share > 0
    found, log = ot.lp.barycenter(
        masses[used].T, cost / scale, share[used], solver="highs", log=True
    )
    if log.status != 0:
        raise WganError(f"the barycentre was not found: {log.message}")
    found = np.maximum(found, 0.0)
    found /= found.sum()
    v = log.eqlin.marginals[: used.sum() * n].reshape(-1, n) / share[used, None] * scale
    u = np.stack([(cost - row).min(axis=1) for row in v])
    lower = float((share[used] @ u).min() + share[used] @ (v * masses[used]).sum(axis=1))
    upper = float(log.fun) * scale
    gap = abs(upper - lower)
    if not (gap <= GAP_TOLERANCE * upper or gap <= ROUNDING * small_of(cost)):
        raise WganError(
            f"the solver did not prove its barycentre (relative duality gap {gap / upper:.1g}): use"
            " fewer bins"
        )
    return found, upper, gap / upper if upper > 0 else 0.0
