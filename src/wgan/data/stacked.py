"""Stacked-MNIST: pictures with 1,000 known modes, three MNIST digits as red, green and blue.

The mode of a picture is the number that its three digits spell: Metz et al. (2017), section 3.3.1.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.data.arrays import from_rows, idx_rows
from wgan.data.dataset import Dataset

PREFIX = "stacked-mnist:"
"""Beginning of the source's name; the folder of MNIST's files follows."""
SAMPLES = 100_000
"""Pictures: about 100 for each mode, so that every mode has training and held-out pictures."""
CHANNELS = 3
DIGITS = 10


def from_mnist(folder: Path) -> Dataset:
    """Return 100,000 pictures `[28, 28, 3]`, each of three digits.

    A fixed random seed draws the digits from MNIST's training pictures. Labels are the 1,000
    numbers "000" to "999", whose first digit is the red one. One digit occurs in about five
    pictures, in the training and in the held-out part.

    Args:
        folder: the folder of MNIST's idx files.

    Raises:
        WganError: no idx files of MNIST's training part there, or ones that do not fit each other.
    """
    pictures = np.asarray(idx_rows(_file(folder, "train-images-idx3-ubyte"))[:])
    labels = np.asarray(idx_rows(_file(folder, "train-labels-idx1-ubyte"))[:])
    if pictures.ndim != 3 or labels.shape != pictures.shape[:1] or labels.max() >= DIGITS:
        raise WganError(
            f"{folder}: pictures of shape {pictures.shape} and labels of shape {labels.shape} are"
            " not MNIST's: copy its four files again"
        )
    chosen = numpy_generator(0, "stacked-mnist").integers(len(pictures), size=(SAMPLES, CHANNELS))
    stacked = np.stack([pictures[chosen[:, i]] for i in range(CHANNELS)], axis=-1)
    numbers = labels[chosen].astype(np.int64) @ DIGITS ** np.arange(CHANNELS - 1, -1, -1)
    names = tuple(f"{number:0{CHANNELS}d}" for number in range(DIGITS**CHANNELS))
    digits = np.bincount(labels, minlength=DIGITS) / len(labels)
    shares = np.einsum("i,j,k->ijk", digits, digits, digits).ravel()
    return replace(
        from_rows(stacked, "stacked-mnist"), labels=numbers, classes=names, shares=shares
    )


def _file(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise WganError(
        f"{folder}: holds no {name} (nor {name}.gz): write stacked-mnist:FOLDER with the folder of"
        " MNIST's idx files"
    )
