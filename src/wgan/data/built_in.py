"""Data sets that are built in: digits of scikit-learn, and toys in the plane."""

from dataclasses import replace

import numpy as np
from sklearn.datasets import load_digits

from wgan.base.seeding import numpy_generator
from wgan.data import arrays
from wgan.data.dataset import Dataset
from wgan.data.kinds import Kind
from wgan.data.toys import SAMPLES, TOYS
from wgan.data.vectors import VectorCodec


def from_digits(kind: str | Kind = "auto") -> Dataset:
    """Return 1,797 handwritten digits with their classes.

    Args:
        kind: the kind of data that pixels are read as.
    """
    digits = load_digits()
    # scikit-learn's pixels run from 0 to 16.
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    plain = arrays.from_memory(pixels, "digits", kind)
    return replace(plain, labels=digits.target.astype(np.int64), classes=tuple("0123456789"))


def from_toy(name: str) -> Dataset:
    """Return samples of a toy.

    Args:
        name: its name, one of `toys.TOYS`.
    """
    toy = TOYS[name]
    points = toy.draw(SAMPLES, numpy_generator(0, "toy", name)).astype(np.float32)
    plain = arrays.from_memory(points, name)
    assert isinstance(plain.codec, VectorCodec)
    return replace(plain, codec=replace(plain.codec, measure_standardised=False), toy=toy)
