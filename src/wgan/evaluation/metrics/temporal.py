"""Metrics of series: values, correlations in time and between channels, spectra, extremes.

Series are `[n, T, channels]` in standard deviations of their channels. NaN stands where a value is
missing, and past the end of a series. Each statistic is pairwise complete: it takes the values, or
the pairs of values, that exist. If nothing is missing these are all values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import wasserstein_distance

from wgan.evaluation.metric import LOW, Comparison, Metric, Reference

LAGS_SHARE = 0.5
"""Lags up to half of the length: a correlation at longer ones is of few pairs of steps."""
EXTREME = 0.01
"""Share of the values on each side that counts as extreme."""
CONSTANT = 1e-12
"""Variance up to which a channel counts as constant: a deviation of 1e-6 is that of float32."""
HALF_A_PAIR = 0.5
"""Counts of pairs come out of a Fourier transform: none may be 1e-12, and one nearly 1."""

Series = Float[np.ndarray, "n t c"]


def autocovariances(x: Series) -> Float[np.ndarray, "t c"]:
    """Return the mean product of a value and that some steps later, less the mean of all values.

    c(k) = mean over series and steps of (x_t - m)(x_(t+k) - m), over the pairs of which both are
    there; NaN at lags without a pair. c(0) is the variance.

    Args:
        x: series `[n, T, channels]`, with NaN for what is not there.

    >>> autocovariances(np.array([[[1.0], [-1.0], [1.0], [-1.0]]])).ravel().round(9).tolist()
    [1.0, -1.0, 1.0, -1.0]
    """
    return np.stack([_autocovariances_of(x[..., i]) for i in range(x.shape[2])], axis=1)


def _autocovariances_of(x: Float[np.ndarray, "n t"]) -> Float[np.ndarray, " t"]:
    """Return the autocovariances of one channel.

    The squared moduli of the Fourier transform of series, padded with zeros to twice their length,
    are transformed once more: this gives the sums of products at all lags.
    """
    steps = x.shape[1]
    there = ~np.isnan(x)
    if not there.any():
        return np.full(steps, np.nan)
    centred = np.where(there, x - x[there].mean(), 0.0)
    sums, pairs = (
        np.fft.irfft((np.abs(np.fft.rfft(each, 2 * steps, axis=1)) ** 2).sum(axis=0))[:steps]
        for each in (centred, there.astype(np.float64))
    )
    return np.where(pairs > HALF_A_PAIR, sums / np.maximum(np.rint(pairs), 1), np.nan)


def autocorrelations(x: Series, lags: int) -> Float[np.ndarray, "lags c"]:
    """Return the correlation of a value with that some steps later, lag by lag and channel.

    r(k) = c(k) / c(0), with the autocovariances c about the mean of all values of the channel: a
    series that keeps its own level goes with itself. A constant channel has 0.

    Args:
        x: series `[n, T, channels]`, with NaN for what is not there.
        lags: 1 to this many, less than T.

    >>> autocorrelations(np.array([[[1.0], [-1.0], [1.0], [-1.0]]]), 2).ravel().round(9).tolist()
    [-1.0, 1.0]
    """
    c = autocovariances(x)
    return np.where(c[0] > CONSTANT, c[1 : lags + 1] / np.maximum(c[0], CONSTANT), 0 * c[0])


def spectrum(x: Series, length: int | None = None) -> Float[np.ndarray, "frequencies c"]:
    """Return the share of each frequency in the variance about the mean of all values.

    s(f) = sum over |k| < L of (1 - |k| / L) c(k) cos(2 pi f k), with the autocovariances c, at the
    frequencies 0, 1 / L, 2 / L up to 1/2. This is the mean periodogram of complete series of L
    steps, and needs only pairs of values, so that series may have gaps and ends (Wiener-Khinchin).
    A share may then be a little below 0.

    Args:
        x: series `[n, T, channels]`, with NaN for what is not there.
        length: L, at most T; T unless given.

    >>> spectrum(np.array([[[1.0], [-1.0], [1.0], [-1.0]]])).ravel().round(9).tolist()
    [0.0, 0.0, 1.0]
    """
    steps = length or x.shape[1]
    c = np.nan_to_num(autocovariances(x)[:steps])
    weighted = c * (1 - np.arange(steps) / steps)[:, None]
    # The sum over -k and k is twice the real part of the one over k > 0.
    power = 2 * np.fft.rfft(weighted, axis=0).real - weighted[0]
    # Each frequency but the first, and the last of an even length, stands for two.
    power[1 : (steps + 1) // 2] *= 2
    total = steps * np.maximum(c[0], CONSTANT)
    return np.where(c[0] > CONSTANT, power / total, 0.0)


def cross_correlations(x: Series) -> Float[np.ndarray, " pairs"]:
    """Return the correlations of all pairs of channels at the same step.

    Means and deviations are those at the steps where both are there. A pair with a constant channel
    has 0, and one that is nowhere there NaN.

    Args:
        x: series `[n, T, channels]`, with NaN for what is not there.
    """
    values = x.reshape(-1, x.shape[2])
    there = (~np.isnan(values)).astype(np.float64)
    # Means near 0 leave no digits to be lost in the differences of sums below.
    centre = np.divide(np.nansum(values, axis=0), np.maximum(there.sum(axis=0), 1))
    centred = np.where(there > 0, values - centre, 0.0)
    pairs = there.T @ there
    n = np.maximum(pairs, 1)
    mean = centred.T @ there / n  # of channel i, where j is there too
    covariance = centred.T @ centred / n - mean * mean.T
    variance = (centred**2).T @ there / n - mean**2
    varies = np.minimum(variance, variance.T) > CONSTANT
    scale = np.sqrt(np.where(varies, variance * variance.T, 1.0))
    correlation = np.where(varies, covariance / scale, 0.0)
    i, j = np.triu_indices(x.shape[2], 1)
    return np.where(pairs > 0, correlation, np.nan)[i, j]


def mean_there(values: np.ndarray) -> float | None:
    """Return the mean of the existing values; None if there are none.

    >>> mean_there(np.array([1.0, np.nan])), mean_there(np.array([np.nan]))
    (1.0, None)
    """
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else None


def lags_of(length: int) -> int:
    """Return how many lags are compared of series of a length: up to half of it.

    >>> lags_of(24), lags_of(2)
    (12, 1)
    """
    return max(1, int(length * LAGS_SHARE))


def usual_length(reference: Reference) -> int:
    """Return the length of series for correlations and spectra, the median of held-out series.

    So half of them have pairs of values at each lag.

    Args:
        reference: real series.
    """
    codec: Any = reference.split.dataset.codec
    return max(2, int(np.median(codec.lengths(reference.held_out))))


def sides(c: Comparison[Reference]) -> tuple[Series, Series]:
    """Return the set and the held-out series, in standard deviations.

    Args:
        c: the comparison, which remembers them.
    """
    codec: Any = c.reference.split.dataset.codec
    return codec.standardised(c.raw), codec.standardised(c.reference.held_out)


def _difference(statistic: Callable[[Series, int], np.ndarray]) -> Callable[[Comparison], Any]:
    """Return the mean absolute difference of a statistic between a set and held-out series."""

    def measure(c: Comparison[Reference]) -> float | None:
        x, y = c.once(sides)
        length = c.reference.once(usual_length)
        return mean_there(np.abs(statistic(x, length) - statistic(y, length)))

    return measure


def _marginal(c: Comparison[Reference]) -> float | None:
    distances = [wasserstein_distance(a, b) if len(a) and len(b) else np.nan for a, b in _values(c)]
    return mean_there(np.array(distances))


def _values(c: Comparison[Reference]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the existing values of each channel, of both sides."""
    x, y = c.once(sides)
    channels = ((x[..., i], y[..., i]) for i in range(x.shape[2]))
    return [(a[~np.isnan(a)], b[~np.isnan(b)]) for a, b in channels]


def _cross(c: Comparison[Reference]) -> float | None:
    x, y = c.once(sides)
    return mean_there(np.abs(cross_correlations(x) - cross_correlations(y)))


def _extremes(c: Comparison[Reference]) -> float | None:
    levels = [EXTREME, 1 - EXTREME]
    differences = [
        np.abs(np.quantile(a, levels) - np.quantile(b, levels)).mean()
        for a, b in c.once(_values)
        if len(a) and len(b)
    ]
    return mean_there(np.array(differences))


MARGINAL = Metric("marginal-w1", "W1 of the values, mean of channels", "sd", LOW, _marginal)
AUTOCORRELATION = Metric(
    "autocorrelation",
    "autocorrelation, mean difference",
    "",
    LOW,
    _difference(lambda x, length: autocorrelations(x, lags_of(length))),
)
CROSS_CORRELATION = Metric(
    "cross-correlation", "correlation of channels, mean difference", "", LOW, _cross
)
SPECTRUM = Metric("spectrum", "spectrum, mean difference of shares", "", LOW, _difference(spectrum))
EXTREMES = Metric("extremes", "1 % and 99 % quantiles, mean difference", "sd", LOW, _extremes)
