"""Models of each kind of data that no training has touched, small enough to be exported fast."""

import numpy as np
import pandas as pd
import torch
from kinds_of_data import example

from wgan.models import Model
from wgan.networks import NetworkConfig, build_generator

SMALL = NetworkConfig(width=4, depth=1, latent=3)


def small_table(n=400, seed=0):
    """Return a table of identifiers, levels, and numbers in steps, of which some are missing."""
    random = np.random.default_rng(seed)
    price = np.round(random.lognormal(3, 1, n), 2)
    return pd.DataFrame(
        {
            "number": [f"N{i}" for i in range(n)],
            "size": pd.Series(random.choice(["S", "M", "L"], n), dtype="str"),
            "price": np.where(random.random(n) < 0.1, np.nan, price),
        }
    )


def model_of(codec, network=SMALL, classes=0, seed=0):
    """Return a model of a codec, whose generator has random weights of some size."""
    torch.manual_seed(seed)
    generator = build_generator(network, codec, classes=classes)
    with torch.no_grad():
        for weight in generator.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    names = tuple(f"class {i}" for i in range(classes))
    shares = tuple(np.full(classes, 1 / classes)) if classes else ()
    generator.eval().requires_grad_(False)
    return Model(generator, None, codec, network, "wgan-gp", names, shares)


def small_model(kind):
    """Return a model of a kind of data."""
    return model_of(example(kind, small_table()).split().dataset.codec)
