"""How good is a generator? Measured on held-out data, with the real-against-real floor and an interval."""

from wgan.evaluation.progress import Trend, Watch
from wgan.evaluation.protocol import Verdict, evaluate
from wgan.evaluation.table_verdict import TableVerdict, evaluate_table

__all__ = ["TableVerdict", "Trend", "Verdict", "Watch", "evaluate", "evaluate_table"]
