"""Evaluation of generators on held-out data, with floors, ceilings and intervals."""

from wgan.evaluation.held_out import HeldOutDistance, held_out_distance
from wgan.evaluation.kinds import PROTOCOLS, check_options, evaluate
from wgan.evaluation.own import OwnMetric
from wgan.evaluation.points import points_protocol
from wgan.evaluation.protocol import EvaluationOptions, Protocol
from wgan.evaluation.results import Evaluation, evaluation_from_json
from wgan.evaluation.watch import Trend, Watch

__all__ = [
    "Evaluation",
    "EvaluationOptions",
    "HeldOutDistance",
    "OwnMetric",
    "PROTOCOLS",
    "Protocol",
    "Trend",
    "Watch",
    "check_options",
    "evaluate",
    "evaluation_from_json",
    "held_out_distance",
    "points_protocol",
]
