"""Series with ends, missing values and static columns, and the sizes of small networks."""

import numpy as np
import pandas as pd

from wgan.data import load
from wgan.data.series.arrays import read_series
from wgan.networks import NetworkConfig

SMALL = NetworkConfig(kind="conv", width=8, latent=5, depth=1)
T = 6


def described(n=120, channels=2, all_masked=False, statics=True, ends=True, context=0):
    """Series of 1 to 6 steps, some values missing, of two places and a size."""
    random = np.random.default_rng(0)
    x = random.normal(size=(n, T, channels))
    lengths = random.integers(1, T + 1, n) if ends else np.full(n, T)
    lengths[0] = T
    missing = random.random(x.shape) < 0.2
    missing[np.arange(n), lengths - 1] = False
    if not all_masked:
        missing[..., 1:] = False
    x[missing] = np.nan
    x[np.arange(T) >= lengths[:, None]] = np.nan
    if not statics:
        return read_series(x, "x", context=context)
    size = random.random(n)
    table = load(pd.DataFrame({"place": random.choice(["north", "south"], n), "size": size}))
    columns = np.asarray(table.rows)[:, None].repeat(T, axis=1)
    whole = np.concatenate([x, columns], axis=2)
    return read_series(whole, "x", statics=table.codec, context=context)
