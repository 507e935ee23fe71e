"""Metrics of generated samples, one a file, and the table of all."""

from wgan.evaluation.metric import Metric
from wgan.evaluation.metrics.frechet import FRECHET, KERNEL
from wgan.evaluation.metrics.manifold import COVERAGE, DENSITY, PRECISION, RECALL
from wgan.evaluation.metrics.modes import GOOD_SHARE, MODES, MODES_KL
from wgan.evaluation.metrics.nearest import COPIED, NEARER
from wgan.evaluation.metrics.shape import SHAPE
from wgan.evaluation.metrics.transport import SLICED, W1
from wgan.evaluation.metrics.trend import TREND, TREND_OWN_BINS
from wgan.evaluation.metrics.two_sample import DETECTION
from wgan.evaluation.metrics.usefulness import AUC, F1, R2

ALL = (
    *(W1, SLICED, FRECHET, KERNEL),
    *(PRECISION, RECALL, DENSITY, COVERAGE),
    *(MODES, GOOD_SHARE, MODES_KL),
    *(SHAPE, TREND, TREND_OWN_BINS, AUC, F1, R2),
    *(DETECTION, NEARER, COPIED),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in ALL}
"""All built-in metrics by name, in the order of printing."""
