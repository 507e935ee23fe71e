"""How is a pair of networks trained, kept and taken up again?"""

from wgan.training.config import Config, from_file, from_settings, resolve
from wgan.training.loop import Record, model_of, prepare, row_of, train
from wgan.training.model import Model, load_model, save_model
from wgan.training.presets import PRESETS, configure, preset
from wgan.training.run import Run, default_folder, open_run
from wgan.training.state import State

__all__ = [
    "PRESETS",
    "Config",
    "Model",
    "Record",
    "Run",
    "State",
    "configure",
    "default_folder",
    "from_file",
    "from_settings",
    "load_model",
    "model_of",
    "open_run",
    "prepare",
    "preset",
    "resolve",
    "row_of",
    "save_model",
    "train",
]
