"""Finished generators: sample, score, save, load, conditions, pictures. Nothing here trains."""

from wgan.models.conditions import Asked, sample_where
from wgan.models.model import Model, load_model, sampler, sampler_of_classes, save_model

__all__ = [
    "Asked",
    "Model",
    "load_model",
    "sample_where",
    "sampler",
    "sampler_of_classes",
    "save_model",
]
