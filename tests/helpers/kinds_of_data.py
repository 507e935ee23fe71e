"""A small data set of each kind, for tests that hold of all kinds."""

import numpy as np

from wgan.data import Dataset, load


def example(kind: str, table) -> Dataset:
    """The data set of a kind; `table` is a frame with columns of every kind."""
    if kind == "series":
        steps = np.random.default_rng(0).normal(size=(100, 12, 2))
        return load(steps.cumsum(axis=1), kind="series")
    return load({"vectors": "swiss-roll", "images": "digits", "tables": table}[kind])
