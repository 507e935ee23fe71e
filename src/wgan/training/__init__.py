"""Training: a run from its configuration to its end."""

from wgan.training.diagnosis import diagnose
from wgan.training.headroom import Headroom, critic_headroom
from wgan.training.loop import (
    Record,
    advice,
    classes_of,
    model_of,
    prepare,
    resume,
    train,
    variant_of,
)
from wgan.training.state import State

__all__ = [
    "Headroom",
    "Record",
    "State",
    "advice",
    "classes_of",
    "critic_headroom",
    "diagnose",
    "model_of",
    "prepare",
    "resume",
    "train",
    "variant_of",
]
