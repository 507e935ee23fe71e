"""Protocol of series: that of points, with metrics in time and two sorts of broken series.

Shuffled steps are the ceiling. Series of a one-step Markov process stand beside: they tell how much
of a figure lies in what one step says of the next.

Details hold the autocorrelation and the spectrum of each channel, of generated series (mean over
sets), held-out ones and disjoint sets of training ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from wgan.evaluation.broken_series import one_step_markov, shuffled_steps
from wgan.evaluation.metric import Comparison, Reference
from wgan.evaluation.metrics.discriminative import DISCRIMINATIVE
from wgan.evaluation.metrics.frechet import FRECHET
from wgan.evaluation.metrics.manifold import COVERAGE, PRECISION, RECALL
from wgan.evaluation.metrics.nearest import NEARER
from wgan.evaluation.metrics.next_step import PREDICTION
from wgan.evaluation.metrics.presence import LENGTHS, MISSING
from wgan.evaluation.metrics.series_features import FEATURE_W1
from wgan.evaluation.metrics.static_columns import STATIC_MEANS, STATIC_SHAPE
from wgan.evaluation.metrics.temporal import (
    AUTOCORRELATION,
    CROSS_CORRELATION,
    EXTREMES,
    MARGINAL,
    SPECTRUM,
    Series,
    autocorrelations,
    lags_of,
    sides,
    spectrum,
    usual_length,
)
from wgan.evaluation.metrics.transport import SLICED, W1
from wgan.evaluation.metrics.two_sample import DETECTION
from wgan.evaluation.points import SETS, points_protocol

SERIES_METRICS = (
    *(W1, SLICED, FRECHET, FEATURE_W1),
    *(MARGINAL, AUTOCORRELATION, CROSS_CORRELATION, SPECTRUM, EXTREMES, PREDICTION),
    *(LENGTHS, MISSING, STATIC_SHAPE, STATIC_MEANS),
    *(PRECISION, RECALL, COVERAGE),
    *(DETECTION, DISCRIMINATIVE, NEARER),
)
MOST_DRAWN = 12
"""Channels whose curves are kept for plots: more panels would not be read."""


def _curves(x: Series, length: int) -> dict[str, np.ndarray]:
    """Return the autocorrelation and the spectrum of the first channels, `[channels, points]`."""
    drawn = x[..., :MOST_DRAWN]
    found = {
        "autocorrelation": autocorrelations(drawn, lags_of(length)),
        "spectrum": spectrum(drawn, length),
    }
    return {name: values.T for name, values in found.items()}


def _each_set(c: Comparison[Reference]) -> Mapping[str, np.ndarray]:
    return _curves(c.once(sides)[0], c.reference.once(usual_length))


def _details(reference: Reference, means: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the curves of generated, held-out and training series, channel by channel."""
    split = reference.split
    codec: Any = split.dataset.codec
    n = reference.n
    length = reference.once(usual_length)
    held_out = _curves(codec.standardised(reference.held_out), length)
    train = [
        _curves(codec.standardised(split.train_sample(i * n, (i + 1) * n)), length)
        for i in range(min(SETS, split.n_train // n))
    ]
    names = codec.headings or tuple(f"channel {i + 1}" for i in range(codec.channels))
    curves = {
        name: {
            "generated": _plain(means[name]),
            "held_out": _plain(held_out[name]),
            "training": [_plain(each[name]) for each in train],
        }
        for name in held_out
    }
    return {"series": {"channels": list(names[:MOST_DRAWN]), "length": length, **curves}}


def _plain(curves: np.ndarray) -> list[list[float]]:
    """Return curves as JSON holds them.

    A lag without pairs of values has no correlation, and is drawn as 0.
    """
    return np.nan_to_num(curves).tolist()


SERIES = replace(
    points_protocol(broken=shuffled_steps, broken_word="steps shuffled", metrics=SERIES_METRICS),
    more_broken={"one-step Markov": lambda reference, n: one_step_markov(reference.split, n)},
    each_set=_each_set,
    details=_details,
)
