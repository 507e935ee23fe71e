"""How is a pair of networks trained, kept and taken up again?"""

from wgan.training.config import Config, from_file, from_settings, resolve
from wgan.training.device import choose_device
from wgan.training.headroom import Headroom, critic_headroom
from wgan.training.loop import Record, advice, classes_of, model_of, prepare, resume, row_of, train
from wgan.training.model import Model, load_model, sampler, sampler_of_classes, save_model
from wgan.training.presets import PRESETS, configure
from wgan.training.run import Run, as_begun, default_folder, open_run, read_run, steps_done
from wgan.training.state import State
from wgan.training.where import Asked, sample_where

__all__ = [
    "PRESETS",
    "Asked",
    "Config",
    "Headroom",
    "Model",
    "Record",
    "Run",
    "State",
    "advice",
    "as_begun",
    "choose_device",
    "classes_of",
    "configure",
    "critic_headroom",
    "default_folder",
    "from_file",
    "from_settings",
    "load_model",
    "model_of",
    "open_run",
    "prepare",
    "read_run",
    "resolve",
    "resume",
    "row_of",
    "sample_where",
    "sampler",
    "sampler_of_classes",
    "steps_done",
    "save_model",
    "train",
]
