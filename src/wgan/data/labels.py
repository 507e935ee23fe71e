"""Where do class labels come from? From the data's own classes, one of their columns or arrays, or
a file beside them.
"""

from pathlib import Path

import numpy as np

from wgan.base.errors import WganError
from wgan.data.arrays import idx_rows, npy_rows
from wgan.data.columns import SEPARATORS, not_text
from wgan.data.dataset import Dataset

OWN = "own"


def labelled(dataset: Dataset, where: str) -> Dataset:
    """Return the data set with labels from `where`: `own`, or a file of one label a sample (.npy,
    .csv or .txt, idx as MNIST ships).

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
    """Return the values of a file; of text its lines."""
    if path.suffix == ".npy":
        with path.open("rb") as file:
            rows = npy_rows(file, path)
        return np.asarray(rows[:]) if rows.shape else np.array(0)
    if path.suffix == ".npz":
        raise WganError(
            f"{path}: labels are one array: save them with numpy.save, or give the name of an array"
            " in the data's own .npz"
        )
    if path.suffix in (".csv", ".txt"):
        try:
            lines = [
                line.strip().strip('"')
                for line in path.read_text(encoding="utf-8-sig").splitlines()
            ]
        except UnicodeDecodeError as error:
            raise not_text(path, error) from None
        if any(separator in line for line in lines for separator in SEPARATORS[:3]):
            raise WganError(
                f"{path}: holds several columns: give a file with one label a line, and no other"
                " line"
            )
        if "" in lines:
            raise WganError(
                f"{path}: line {lines.index('') + 1} is blank: give one label a line, and no other"
                " line"
            )
        return np.array(lines)
    return np.asarray(idx_rows(path)[:])
