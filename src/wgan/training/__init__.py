"""Training: a run from its configuration to its end."""

from wgan.training.beginning import classes_of
from wgan.training.critics import train_critic
from wgan.training.diagnosis import diagnose
from wgan.training.headroom import critic_headroom
from wgan.training.loop import Measure, Record
from wgan.training.parallel import Ranks
from wgan.training.run import Run
from wgan.training.state import State

__all__ = [
    "Measure",
    "Ranks",
    "Record",
    "Run",
    "State",
    "classes_of",
    "critic_headroom",
    "diagnose",
    "train_critic",
]
