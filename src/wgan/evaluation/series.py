"""Protocol of series: that of points, with series whose steps are shuffled as broken ones.

Shuffled series keep the values of each channel, and what goes together at one step; what one step
says of the next is gone.
"""

import numpy as np

from wgan.base.seeding import numpy_generator
from wgan.data import Split
from wgan.evaluation.metrics.frechet import FRECHET
from wgan.evaluation.metrics.manifold import COVERAGE, PRECISION, RECALL
from wgan.evaluation.metrics.nearest import NEARER
from wgan.evaluation.metrics.temporal import (
    AUTOCORRELATION,
    CROSS_CORRELATION,
    EXTREMES,
    MARGINAL,
    PREDICTION,
    SPECTRUM,
)
from wgan.evaluation.metrics.transport import SLICED, W1
from wgan.evaluation.metrics.two_sample import DETECTION
from wgan.evaluation.points import points_protocol

SERIES_METRICS = (
    *(W1, SLICED, FRECHET),
    *(MARGINAL, AUTOCORRELATION, CROSS_CORRELATION, SPECTRUM, EXTREMES, PREDICTION),
    *(PRECISION, RECALL, COVERAGE),
    *(DETECTION, NEARER),
)


def shuffled_steps(split: Split, n: int) -> np.ndarray:
    """Return `n` training series, the steps of each in a random order of its own.

    Args:
        split: the data.
        n: how many.
    """
    raw = split.train_sample(0, n)
    random = numpy_generator(0, "shuffled steps")
    order = np.argsort(random.random(raw.shape[:2]), axis=1)
    return raw[np.arange(len(raw))[:, None], order]


SERIES = points_protocol(
    broken=shuffled_steps, broken_word="steps shuffled", metrics=SERIES_METRICS
)
