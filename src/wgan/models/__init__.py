"""Models: finished generators, to sample, score, save, load and inspect. Nothing here trains."""

from wgan.models.completed import Completed, complete, complete_file
from wgan.models.conditioned import Conditioned, conditional_sampler, sample_where
from wgan.models.continued import Continued, continue_file, continue_series
from wgan.models.evaluated import evaluate_model
from wgan.models.export import export_model
from wgan.models.files import holds_model, load_model, read_layout, save_model
from wgan.models.inversion import Inverted, compare, invert
from wgan.models.latents import grid, loop, slerp, truncated
from wgan.models.model import Model
from wgan.models.pictures import write_beside, write_snapshot
from wgan.models.scored import score_model

__all__ = [
    "Completed",
    "Conditioned",
    "Continued",
    "Inverted",
    "Model",
    "compare",
    "complete",
    "complete_file",
    "conditional_sampler",
    "continue_file",
    "continue_series",
    "evaluate_model",
    "export_model",
    "grid",
    "holds_model",
    "invert",
    "load_model",
    "loop",
    "read_layout",
    "sample_where",
    "save_model",
    "score_model",
    "slerp",
    "truncated",
    "write_beside",
    "write_snapshot",
]
