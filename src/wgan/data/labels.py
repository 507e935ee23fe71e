"""Class labels of a data set: its own classes, or a file of one label a sample."""

from pathlib import Path

import numpy as np

from wgan.base.errors import WganError
from wgan.data.arrays import idx_rows, npy_rows
from wgan.data.columns import SEPARATORS
from wgan.data.dataset import Dataset
from wgan.data.encodings import not_text

OWN = "own"
"""Name for the classes that the data bring."""


def labelled(dataset: Dataset, where: str) -> Dataset:
    """Return the data set with class labels.

    Args:
        dataset: the samples.
        where: `own`, or a file of one label a sample: `.npy`, `.csv`, `.txt`, or idx as MNIST
            ships.

    Raises:
        WganError: no classes of its own, a file that cannot be read, or labels that
            `Dataset.with_labels` refuses.
    """
    if where == OWN:
        if dataset.labels is None:
            raise WganError(
                f"{dataset.name}: has no classes of its own: sort pictures into a folder a class,"
                " or name a file of labels"
            )
        return dataset
    return dataset.with_labels(_read(Path(where)), where)


def _read(path: Path) -> np.ndarray:
    """Return the values in a file, which are the lines of a text file."""
    ending = path.suffix.lower()
    if ending == ".npy":
        with path.open("rb") as file:
            rows = npy_rows(file, path)
        return np.asarray(rows[:]) if rows.shape else np.array(0)
    if ending == ".npz":
        raise WganError(
            f"{path}: labels are one array: save them with numpy.save, or give the name of an array"
            " in the data's own .npz"
        )
    if ending in (".csv", ".txt"):
        return np.array(_read_lines(path))
    return np.asarray(idx_rows(path)[:])


def _read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, without quotes around them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_text(path, error, may_differ=False) from None
    lines = [line.strip().strip('"') for line in text.splitlines()]
    # Not the last separator, a space, which names of classes may hold.
    if any(separator in line for line in lines for separator in SEPARATORS[:3]):
        raise WganError(
            f"{path}: holds several columns: give a file with one label a line, and no other line"
        )
    if "" in lines:
        raise WganError(
            f"{path}: line {lines.index('') + 1} is blank: give one label a line, and no other line"
        )
    return lines
