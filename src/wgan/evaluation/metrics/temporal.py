"""Metrics of series: values, what one step says of later ones, spectra, extremes, prediction.

Series are `[n, T, channels]` in standard deviations of their channels.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import wasserstein_distance
from sklearn.linear_model import Ridge

from wgan.evaluation.metric import LOW, Comparison, Metric, Reference

LAGS_SHARE = 0.5
"""Lags up to half of the length: a correlation at longer ones is of few pairs of steps."""
PAST = 8
"""Steps that a prediction is made from, or all but the last where there are fewer."""
RIDGE = 1.0
"""Weight of the ridge penalty, scikit-learn's default; features have a variance of about 1."""
EXTREME = 0.01
"""Share of the values on each side that counts as extreme."""

Series = Float[np.ndarray, "n t c"]


def autocorrelations(x: Series, lags: int) -> Float[np.ndarray, "lags c"]:
    """Return the correlation of a value with that some steps later, lag by lag and channel.

    r(k) = mean over series and steps of (x_t - m)(x_(t+k) - m) / v, with the mean m and the
    variance v of all values of the channel: a series that keeps its own level goes with itself.

    Args:
        x: series `[n, T, channels]`.
        lags: 1 to this many, less than T.

    >>> autocorrelations(np.array([[[1.0], [-1.0], [1.0], [-1.0]]]), 2).ravel().tolist()
    [-1.0, 1.0]
    """
    centred = x - x.mean(axis=(0, 1))
    variance = (centred**2).mean(axis=(0, 1))
    safe = np.where(variance > 0, variance, 1.0)
    pairs = [(centred[:, :-k] * centred[:, k:]).mean(axis=(0, 1)) for k in range(1, lags + 1)]
    return np.array(pairs) / safe


def spectrum(x: Series) -> Float[np.ndarray, "frequencies c"]:
    """Return the share of each frequency in the variance about the mean of all values.

    Args:
        x: series `[n, T, channels]`.

    >>> spectrum(np.array([[[1.0], [-1.0], [1.0], [-1.0]]])).ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    power = np.abs(np.fft.rfft(x - x.mean(axis=(0, 1)), axis=1)) ** 2
    # Each frequency but the first, and the last of an even length, stands for two.
    twice = np.full(power.shape[1], 2.0)
    twice[0] = 1.0
    if x.shape[1] % 2 == 0:
        twice[-1] = 1.0
    mean = (power * twice[:, None]).mean(axis=0)
    total = mean.sum(axis=0)
    return mean / np.where(total > 0, total, 1.0)


def cross_correlations(x: Series) -> Float[np.ndarray, " pairs"]:
    """Return the correlations of all pairs of channels at the same step.

    Args:
        x: series `[n, T, channels]`.
    """
    values = x.reshape(-1, x.shape[2])
    centred = values - values.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0))
    scaled = centred / np.where(deviation > 0, deviation, 1.0)
    i, j = np.triu_indices(x.shape[2], 1)
    return np.asarray((scaled.T @ scaled / len(scaled))[i, j])


def next_step_error(train: Series, test: Series) -> float:
    """Return the mean absolute error of the next step of `test`, by a model fitted to `train`.

    The model is a ridge regression on the values of all channels at the 8 steps before (or all, of
    shorter series).

    Args:
        train: series `[n, T, channels]`.
        test: series of the same shape.
    """
    past = min(PAST, train.shape[1] - 1)
    x, y = _lagged(train, past)
    model = Ridge(alpha=RIDGE).fit(x, y)
    x, y = _lagged(test, past)
    return float(np.abs(model.predict(x).reshape(y.shape) - y).mean())


def _lagged(x: Series, past: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps before each step, flattened, and the step."""
    windows = np.lib.stride_tricks.sliding_window_view(x, past + 1, axis=1)
    windows = windows.transpose(0, 1, 3, 2).reshape(-1, past + 1, x.shape[2])
    return windows[:, :past].reshape(len(windows), -1), windows[:, past]


def _sides(c: Comparison[Reference]) -> tuple[Series, Series]:
    codec: Any = c.reference.split.dataset.codec
    return codec.standardised(c.raw), codec.standardised(c.reference.held_out)


def _difference(statistic: Callable[[Series], np.ndarray]) -> Callable[[Comparison], float]:
    """Return the mean absolute difference of a statistic between a set and held-out series."""

    def measure(c: Comparison[Reference]) -> float:
        x, y = c.once(_sides)
        return float(np.abs(statistic(x) - statistic(y)).mean())

    return measure


def _to_half(x: Series) -> np.ndarray:
    return autocorrelations(x, max(1, int(x.shape[1] * LAGS_SHARE)))


def _marginal(c: Comparison[Reference]) -> float:
    x, y = c.once(_sides)
    channels = range(x.shape[2])
    return float(
        np.mean([wasserstein_distance(x[..., i].ravel(), y[..., i].ravel()) for i in channels])
    )


def _cross(c: Comparison[Reference]) -> float | None:
    x, y = c.once(_sides)
    if x.shape[2] == 1:
        return None
    return float(np.abs(cross_correlations(x) - cross_correlations(y)).mean())


def _extremes(c: Comparison[Reference]) -> float:
    x, y = c.once(_sides)
    levels = [EXTREME, 1 - EXTREME]
    return float(
        np.abs(np.quantile(x, levels, axis=(0, 1)) - np.quantile(y, levels, axis=(0, 1))).mean()
    )


def _prediction(c: Comparison[Reference]) -> float:
    x, y = c.once(_sides)
    return next_step_error(x, y)


MARGINAL = Metric("marginal-w1", "W1 of the values, mean of channels", "sd", LOW, _marginal)
AUTOCORRELATION = Metric(
    "autocorrelation", "autocorrelation, mean difference", "", LOW, _difference(_to_half)
)
CROSS_CORRELATION = Metric(
    "cross-correlation", "correlation of channels, mean difference", "", LOW, _cross
)
SPECTRUM = Metric("spectrum", "spectrum, mean difference of shares", "", LOW, _difference(spectrum))
EXTREMES = Metric("extremes", "1 % and 99 % quantiles, mean difference", "sd", LOW, _extremes)
PREDICTION = Metric(
    "next-step-mae", "error of the next step, trained on it", "sd", LOW, _prediction
)
