"""How good is a generator? Measured on held-out data, with the real-against-real floor and an interval."""

from wgan.evaluation.progress import Trend, Watch
from wgan.evaluation.protocol import Verdict, evaluate

__all__ = ["Trend", "Verdict", "Watch", "evaluate"]
