"""Models: finished generators, to sample, score, save, load and look at. Nothing here trains."""

from wgan.models.completed import Completed, complete, complete_file
from wgan.models.conditioned import Conditioned, conditional_sampler, sample_where
from wgan.models.evaluated import evaluate_model
from wgan.models.files import holds_model, load_model, read_layout, save_model
from wgan.models.model import Model
from wgan.models.pictures import write_beside, write_snapshot

__all__ = [
    "Completed",
    "Conditioned",
    "Model",
    "complete",
    "complete_file",
    "conditional_sampler",
    "evaluate_model",
    "holds_model",
    "load_model",
    "read_layout",
    "sample_where",
    "save_model",
    "write_beside",
    "write_snapshot",
]
