"""How good is a generator? Measured on held-out data, with the real-against-real floor and an
interval.
"""

from wgan.evaluation.evaluate_samples import evaluate_samples
from wgan.evaluation.evaluate_tables import evaluate_table
from wgan.evaluation.progress import Trend, Watch
from wgan.evaluation.protocol import Evaluation
from wgan.evaluation.verdict import Verdict, evaluate

__all__ = [
    "Evaluation",
    "Trend",
    "Verdict",
    "Watch",
    "evaluate",
    "evaluate_samples",
    "evaluate_table",
]
