"""Models whose generator is linear, so that samples tell their latents."""

import numpy as np
import torch
from torch import nn

from wgan.data import load
from wgan.models import Model
from wgan.networks import NetworkConfig

WIDTH = 6
DATA = np.random.default_rng(0).normal(3.0, 2.0, size=(200, WIDTH)).astype(np.float32)
CODEC = load(DATA).codec


class Same(nn.Module):
    """G(z) = z, and with classes G(z, y) = z + 10 y, y shares or a one-hot label of the first."""

    blends = True

    def __init__(self, classes: int = 0) -> None:
        super().__init__()
        self.noise = WIDTH
        self.classes = classes
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, z, y=None):
        if y is None:
            return z + self.bias
        shares = y if y.is_floating_point() else nn.functional.one_hot(y, self.classes)
        return z + 10 * nn.functional.pad(shares, (0, WIDTH - self.classes))


def linear(classes=0):
    names = tuple("abcdef"[:classes])
    shares = (1 / classes,) * classes if classes else ()
    config = NetworkConfig(width=4, latent=WIDTH)
    return Model(Same(classes).eval(), None, CODEC, config, "wgan-gp", names, shares)


def latents_of(raw):
    """What the linear generator was given."""
    return CODEC.unpack(CODEC.pack(raw)).double().numpy()
