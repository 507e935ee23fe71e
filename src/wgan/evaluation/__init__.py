"""How good is a generator? Measured on held-out data, with the real-against-real floor and an
interval.
"""

from wgan.evaluation.held_out import Verdict, evaluate
from wgan.evaluation.progress import Trend, Watch
from wgan.evaluation.protocol import Evaluation
from wgan.evaluation.samples import evaluate_samples
from wgan.evaluation.tables import evaluate_table

__all__ = [
    "Evaluation",
    "Trend",
    "Verdict",
    "Watch",
    "evaluate",
    "evaluate_samples",
    "evaluate_table",
]
