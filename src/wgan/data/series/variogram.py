"""Variograms of the channels of an irregular clock: how far values move within a time."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from wgan.data.storage import Rows

MOST_SERIES = 10_000
"""Series that the fit reads, evenly spaced: of 10 steps each, they give a bin 3,000 pairs."""
BINS = 30
"""Quantiles of the time between steps: the first bin holds the shortest thirtieth."""
RANGES = 60
"""Ranges tried, from a tenth of the shortest bin's time to ten times the longest's: each is 1.2
times the one before, where times spread over four decades.
"""
FAINT = 1e-9
"""Smallest mean square, in variances of the channel, that weighs a bin: rounding of float32."""


def fit_variograms(
    rows: Rows, scale: Sequence[float], usual: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return how far each channel moves within the time g between two steps: nuggets and ranges.

    The variogram is g -> E (x_(t+1) - x_t)^2 / 2, fitted by n + b (1 - exp(-g / r)) with n, b >= 0
    and weights 1 / value^2 (Cressie 1985) in bins of g. What is returned describes its share of the
    value at the usual time u, by an exponential of the same value and slope at 0:

        1 - (1 - nugget) exp(-g / range),  nugget = n / (n + b (1 - exp(-u / r))),
                                           range = r (1 - exp(-u / r)).

    The nugget of white noise is 1, and that of a process in continuous time 0. No range is longer
    than u.

    Args:
        rows: `[n, T, c + ...]` stored series, NaN where a value is missing; channel c is the time
            since the step before.
        scale: `[c + 1]` standard deviations of the channels; 0 for a constant one.
        usual: the usual time u between steps.
    """
    last = len(scale) - 1
    chosen = np.unique(np.linspace(0, rows.shape[0] - 1, MOST_SERIES).astype(np.int64))
    values = np.asarray(rows[chosen], dtype=np.float64)
    gap = values[:, 1:, last]
    found = []
    for channel in range(last):
        steps = np.diff(values[..., channel], axis=1) / (scale[channel] or 1.0)
        there = ~np.isnan(steps) & ~np.isnan(gap)
        found.append(_fit(gap[there], steps[there] ** 2 / 2, usual))
    return tuple(nugget for nugget, _ in found), tuple(reach for _, reach in found)


def _fit(
    gap: Float[np.ndarray, " m"], square: Float[np.ndarray, " m"], usual: float
) -> tuple[float, float]:
    """Return the nugget and the range of one channel; without a movement, those of white noise."""
    order = np.argsort(gap, kind="stable")
    bins = [bin_ for bin_ in np.array_split(order, BINS) if len(bin_)]
    if not bins or not square.any():
        return 1.0, usual
    times = np.array([gap[bin_].mean() for bin_ in bins])
    seen = np.array([square[bin_].mean() for bin_ in bins])
    weights = 1 / np.maximum(seen, FAINT)
    best = (np.inf, 1.0, 0.0, usual)
    for r in np.geomspace(times[0] / 10, 10 * times[-1], RANGES):
        design = np.stack([np.ones_like(times), -np.expm1(-times / r)], axis=1)
        (n, b), residual = nnls(design * weights[:, None], seen * weights)
        best = min(best, (residual, n, b, r))
    _, n, b, r = best
    share = -np.expm1(-usual / r)
    return float(n / (n + b * share)), float(r * share)
