"""Exact W1 on named features of each series: its level, spread, ends of range, and roughness."""

import warnings

import numpy as np
from jaxtyping import Float

from wgan.distances import wasserstein
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference
from wgan.evaluation.metrics.temporal import CONSTANT, Series, sides
from wgan.evaluation.metrics.transport import W1

FEATURES = ("mean", "standard deviation", "least", "largest", "mean absolute step")
"""Features of each channel of a series."""


def features_of(x: Series) -> Float[np.ndarray, "n features"]:
    """Return the features of each series, channel by channel, in the order of `FEATURES`.

    A channel without a value in a series, or without two in a row, has 0 for what cannot be taken.
    One more feature of each channel is the share of all T steps with a value, so ends count too.

    Args:
        x: series `[n, T, channels]`; NaN where nothing is.

    >>> features_of(np.array([[[1.0], [3.0], [2.0]]])).round(3).tolist()
    [[2.0, 0.816, 1.0, 3.0, 1.5, 1.0]]
    """
    with warnings.catch_warnings(action="ignore"):  # a channel without a value gives NaN
        found = [
            np.nanmean(x, axis=1),
            np.nanstd(x, axis=1),
            np.nanmin(x, axis=1),
            np.nanmax(x, axis=1),
            np.nanmean(np.abs(np.diff(x, axis=1)), axis=1),
            (~np.isnan(x)).mean(axis=1),
        ]
    return np.nan_to_num(np.stack(found, axis=2), nan=0.0).reshape(len(x), -1)


def _series_taken(reference: Reference) -> int:
    return reference.most(W1.name)


def _feature_w1(c: Comparison[Reference]) -> float:
    """Return W1 between features, each in its standard deviations among held-out series.

    One that is the same in all of these is taken as it is.
    """
    n = _series_taken(c.reference)
    x, y = (features_of(each) for each in c.once(sides))
    scale = y.std(axis=0)
    # Equal numbers have a deviation of 1e-17, in units of which any other one is far away.
    scale = np.where(scale**2 > CONSTANT, scale, 1.0)
    return wasserstein(x[:n] / scale, y[:n] / scale)


FEATURE_W1 = Metric(
    "feature-w1", "W1 of features of each series", "sd", LOW, _feature_w1, count=_series_taken
)
