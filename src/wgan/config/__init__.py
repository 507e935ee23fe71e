"""Settings of a run: sections with defaults, layers over each other, presets, the device."""

from wgan.config.device import choose_device
from wgan.config.layers import Layer, from_file, from_settings, resolve
from wgan.config.presets import GOES_ON, OWN_PAIR, PRESETS, configure
from wgan.config.sections import Config

__all__ = [
    "GOES_ON",
    "OWN_PAIR",
    "PRESETS",
    "Config",
    "Layer",
    "choose_device",
    "configure",
    "from_file",
    "from_settings",
    "resolve",
]
