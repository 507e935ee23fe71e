"""TEMP."""

from wgan.evaluation.held_out import HeldOutDistance, held_out_distance
from wgan.evaluation.progress import Trend, Watch
from wgan.evaluation.protocol import Evaluation, Metric
from wgan.evaluation.samples import evaluate_samples
from wgan.evaluation.tables import evaluate_table

EvaluationOptions = Metric
evaluate = None
