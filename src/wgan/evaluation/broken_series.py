"""Broken series: training series whose steps are shuffled, and ones that remember a single step.

Both keep the values of the channels, gaps, and columns that describe a whole series. Shuffled steps
lose the dependence of one step on the last. The others keep just that, and lose all that lies
further back.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.spatial import KDTree

from wgan.base.seeding import numpy_generator
from wgan.data import Split

MOST = 2000
"""Most training series among which steps are looked up, as many as a set has."""

TIE = 1e-6
"""Deviations by which equal steps are set apart at random. Otherwise all series with one value, of
a channel of few values, would have the same few neighbours.
"""


def shuffled_steps(split: Split, n: int) -> np.ndarray:
    """Return `n` training series, the steps of each in a random order of its own.

    Steps past the end of a series stay there.

    Args:
        split: the data.
        n: how many.
    """
    codec: Any = split.dataset.codec
    raw = split.train_sample(0, n)
    random = numpy_generator(0, "shuffled steps").random(raw.shape[:2])
    # All random numbers are below 1, so that steps past the end come last.
    order = np.argsort(np.where(codec.alive(raw), random, 1.0), axis=1, kind="stable")
    return raw[np.arange(len(raw))[:, None], order]


def one_step_markov(split: Split, n: int) -> np.ndarray:
    """Return `n` series of a first-order Markov process that is estimated from training series.

    The next step of a series is taken from another training series: it followed there on a similar
    step at the same time. Of N series, the k = sqrt(N) most similar ones are candidates, the j-th
    with a probability in proportion to 1 / j. So each step has nearly the values that training
    series have there, and depends on the step before alone. Static columns are those of the series
    that gave the first step.

    Args:
        split: the data.
        n: how many; the first ones do not depend on it.

    Reference: Lall and Sharma, "A nearest neighbor bootstrap for resampling hydrologic time series"
    (1996).
    """
    codec: Any = split.dataset.codec
    pool = split.train_sample(0, min(split.n_train, MOST))
    source = _sources(codec.standardised(pool), codec.alive(pool), n)
    raw = pool[source, np.arange(pool.shape[1])]
    if codec.statics is not None:
        raw[:, :, codec.channels :] = pool[source[:, 0], :, codec.channels :]
    return raw


def _sources(
    x: Float[np.ndarray, "m t c"], alive: Bool[np.ndarray, "m t"], n: int
) -> Int64[np.ndarray, "n t"]:
    """Return the series of x that each step of each new series is taken from.

    A series that has ended stays with its source, so that none continues after its end.
    """
    m, steps, _ = x.shape
    k = max(1, min(round(m**0.5), m - 1))
    weights = 1 / np.arange(1, k + 1)
    up_to = np.cumsum(weights) / weights.sum()
    # A missing value is 0, the mean, and lies apart from values by a coordinate of its own.
    there = ~np.isnan(x)
    apart = TIE * numpy_generator(0, "ties").random((m, steps, 1))
    coordinates = np.concatenate([np.where(there, x, 0.0), there, apart], axis=2)
    random = numpy_generator(0, "one-step Markov").random((n, steps))
    rank = np.searchsorted(up_to, random)
    source = np.empty((n, steps), dtype=np.int64)
    source[:, 0] = np.arange(n) % m
    for t in range(1, steps):
        here = source[:, t - 1]
        used, place = np.unique(here, return_inverse=True)
        near = _others(coordinates[:, t - 1], used, k)
        source[:, t] = np.where(alive[here, t - 1], near[place, rank[:, t]], here)
    return source


def _others(
    x: Float[np.ndarray, "m d"], rows: Int64[np.ndarray, " r"], k: int
) -> Int64[np.ndarray, "r k"]:
    """Return the k nearest others of rows of x, the nearest first."""
    found = KDTree(x).query(x[rows], k=k + 1)[1].reshape(len(rows), -1)
    # Among equal rows, a row may not be the first of its neighbours, or none of them.
    own = found == rows[:, None]
    own[:, -1] |= ~own.any(axis=1)
    return found[~own].reshape(len(rows), k)
