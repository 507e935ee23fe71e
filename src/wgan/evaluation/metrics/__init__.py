"""Metrics of generated samples, one a file, and the table of all."""

from wgan.evaluation.metric import Metric
from wgan.evaluation.metrics.conditional import CONDITIONAL_SHAPE, CONDITIONAL_TREND
from wgan.evaluation.metrics.dependences import DEPENDENCES
from wgan.evaluation.metrics.discriminative import DISCRIMINATIVE
from wgan.evaluation.metrics.equalities import EQUALITIES
from wgan.evaluation.metrics.frechet import FRECHET, KERNEL
from wgan.evaluation.metrics.inequalities import INEQUALITIES
from wgan.evaluation.metrics.learned import LEARNED
from wgan.evaluation.metrics.levels import LEVELS_LOST, LEVELS_OFF
from wgan.evaluation.metrics.logistic import LOGISTIC
from wgan.evaluation.metrics.manifold import COVERAGE, DENSITY, PRECISION, RECALL
from wgan.evaluation.metrics.membership import MEMBERSHIP
from wgan.evaluation.metrics.modes import GOOD_SHARE, MODES, MODES_KL
from wgan.evaluation.metrics.nearest import COPIED, NEARER
from wgan.evaluation.metrics.next_step import PREDICTION
from wgan.evaluation.metrics.normalised import W1_NORMALISED
from wgan.evaluation.metrics.presence import LENGTHS, MISSING
from wgan.evaluation.metrics.repeated import REPEATED
from wgan.evaluation.metrics.rounding import ROUND
from wgan.evaluation.metrics.series_features import FEATURE_W1
from wgan.evaluation.metrics.shape import SHAPE
from wgan.evaluation.metrics.static_columns import STATIC_MEANS, STATIC_SHAPE
from wgan.evaluation.metrics.tails import ENDS, TAILS
from wgan.evaluation.metrics.temporal import (
    AUTOCORRELATION,
    CROSS_CORRELATION,
    EXTREMES,
    MARGINAL,
    SPECTRUM,
)
from wgan.evaluation.metrics.transport import SLICED, W1
from wgan.evaluation.metrics.trend import TREND, TREND_OWN_BINS
from wgan.evaluation.metrics.two_sample import DETECTION, DETECTION_SCORE
from wgan.evaluation.metrics.usefulness import AUC, F1, R2

ALL = (
    *(W1, SLICED, LEARNED, FRECHET, KERNEL),
    *(PRECISION, RECALL, DENSITY, COVERAGE),
    *(MODES, GOOD_SHARE, MODES_KL),
    *(DETECTION, DETECTION_SCORE, LOGISTIC),
    FEATURE_W1,
    *(MARGINAL, AUTOCORRELATION, CROSS_CORRELATION, SPECTRUM, EXTREMES, PREDICTION),
    *(LENGTHS, MISSING, STATIC_SHAPE, STATIC_MEANS),
    DISCRIMINATIVE,
    *(AUC, F1, R2),
    *(W1_NORMALISED, SHAPE, TREND, TREND_OWN_BINS),
    *(LEVELS_LOST, LEVELS_OFF, ROUND),
    *(EQUALITIES, DEPENDENCES, INEQUALITIES),
    *(TAILS, ENDS),
    *(CONDITIONAL_SHAPE, CONDITIONAL_TREND),
    *(NEARER, COPIED, REPEATED, MEMBERSHIP),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in ALL}
"""All built-in metrics by name."""
