"""Series of known laws, and comparisons of sets of them, for tests of metrics."""

import numpy as np
import pandas as pd

from wgan.data import load
from wgan.data.series.arrays import read_series
from wgan.evaluation.kinds import DEFAULTS, PROTOCOLS
from wgan.evaluation.metric import Comparison


def ar2(n, steps, seed=0):
    """x_t = 1.2 x_(t-1) - 0.6 x_(t-2) + e_t, after 100 steps, as `[n, steps, 1]`."""
    noise = np.random.default_rng(seed).normal(size=(n, steps + 100))
    x = np.zeros_like(noise)
    for t in range(2, noise.shape[1]):
        x[:, t] = 1.2 * x[:, t - 1] - 0.6 * x[:, t - 2] + noise[:, t]
    return x[:, 100:, None]


def with_holes(x, share, seed=0):
    """Return series of which this share of the values is missing, each by itself."""
    missing = np.random.default_rng(seed).random(x.shape) < share
    return np.where(missing, np.nan, x)


def ended(x, lengths):
    """Return series that end after so many steps."""
    over = np.arange(x.shape[1]) >= np.asarray(lengths)[:, None]
    return np.where(over[..., None], np.nan, x)


def described(x, **columns):
    """Return the data set of series `[n, T, channels]` with static columns, one value a series."""
    table = load(pd.DataFrame(columns))
    rows = np.asarray(table.rows)[:, None].repeat(x.shape[1], axis=1)
    return read_series(np.concatenate([x, rows], axis=2), "x", statics=table.codec)


def reference_of(data, held_out=0.5):
    """Return the reference of a data set, as an evaluation builds it."""
    return PROTOCOLS["series"].reference(data.split(held_out), DEFAULTS)


def measured(metric, reference, raw):
    """Return a metric of a raw set."""
    return metric.measure(Comparison(reference, raw, "a set"))
