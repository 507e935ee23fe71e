"""Vectors, the kind of rows of numbers: the codec, and how it is fitted to an array."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.matching import names_of_columns, order_of_columns
from wgan.base.progress import Progress, silent
from wgan.data.codec import PlainCodec
from wgan.data.dataset import Dataset
from wgan.data.far import far_values
from wgan.data.storage import FileRows, Rows, as_type, summarise

CRUSHED = 0.01
"""A column whose ordinary values fill less than a hundredth of its standard deviation is crushed:
networks that begin at a scale of 1 hardly see them apart.
"""
COLUMNS_NAMED = 5
"""Most columns that notes name: an array may have hundreds of the same."""


@dataclass(frozen=True)
class VectorCodec(PlainCodec):
    """The codec of rows of numbers `[n, d]`: x -> (x - mean) / scale, column by column.

    Attributes:
        mean: `[d]` means of the columns.
        scale: `[d]` standard deviations of the columns, 1 for a constant one.
        dtype: NumPy's name of the stored type.
        measure_standardised: whether distances are measured in standardised columns, as columns
            with units of their own need, or in the coordinates as they are, as in toys.
        headings: names of the columns, where the file has them.
    """

    kind: ClassVar[str] = "vectors"
    coarse: ClassVar[bool] = False
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    dtype: str
    measure_standardised: bool = True
    headings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.mean or len(self.scale) != len(self.mean) or not min(self.scale) > 0:
            raise ValueError("mean, scale: a mean and a positive scale for each column are needed")

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.mean),)

    @property
    def raw_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.shape

    @property
    def column_names(self) -> tuple[str, ...]:
        return self.headings

    def named(self, names: tuple[str, ...]) -> "VectorCodec":
        return replace(self, headings=names)

    def unwrap(self, samples: Any) -> np.ndarray:
        array = np.asarray(samples)
        names = names_of_columns(samples)
        if not names:
            return array
        order = order_of_columns(names, self.headings, "the frame", "the data")
        return array[:, order]

    @property
    def units(self) -> str:
        return "standardised columns" if self.measure_standardised else "data coordinates"

    def pack(self, raw: np.ndarray) -> Float[Tensor, "n d"]:
        return torch.from_numpy(self._standardise(raw).astype(np.float32))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n d"]:
        return packed

    def decode(self, x: Float[Tensor, "n d"]) -> np.ndarray:
        standardised = x.detach().double().cpu().numpy()
        values = standardised * np.asarray(self.scale) + np.asarray(self.mean)
        return as_type(values, np.dtype(self.dtype))

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        if self.measure_standardised:
            return self._standardise(raw)
        return np.asarray(raw, dtype=np.float64)

    def notes(self, raw: np.ndarray) -> list[str]:
        return [*_far(raw), *self._crushed(raw)]

    def _crushed(self, raw: np.ndarray) -> list[str]:
        spread = self._standardise(raw).std(axis=0)
        columns = np.flatnonzero((spread < CRUSHED) & (np.ptp(raw, axis=0) > 0))
        return [
            f"column {i + 1}: a few values lie so far away that the others fill less than"
            f" {CRUSHED:.0%} of its standard deviation, and are hardly told apart: drop such rows"
            " if these are errors, or take logarithms"
            for i in columns[:COLUMNS_NAMED].tolist()
        ]

    def _standardise(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        return (np.asarray(raw, dtype=np.float64) - np.asarray(self.mean)) / np.asarray(self.scale)


def _far(raw: np.ndarray) -> list[str]:
    """Return a sentence for each column that has values apart from all others."""
    said = []
    for i, column in enumerate(np.asarray(raw, dtype=np.float64).T):
        values, counts = np.unique(column, return_counts=True)
        far = far_values(values, counts)
        if far.any():
            listed = ", ".join(f"{x:.10g}" for x in values[far])
            said.append(
                f"column {i + 1}: {counts[far].sum() / len(raw):.1%} of the rows have {listed},"
                " apart from all others, and samples may lie between: drop such rows if these are"
                " errors; for codes give a DataFrame or a file with names, as tables learn them"
                " exactly"
            )
    return said[:COLUMNS_NAMED]


def read_vectors(
    rows: Rows, name: str, channels_first: bool = False, progress: Progress = silent
) -> Dataset:
    """Return the data set of an array `[n, d]`, or `[n]` for one column.

    Args:
        rows: the array, in memory or in a file.
        name: what messages call it.
        channels_first: does not matter for vectors.
        progress: listener to the pass over the data.

    Raises:
        WganError: an array of more axes.
    """
    if len(rows.shape) > 2:
        raise WganError(f"{name}: samples of shape {rows.shape[1:]}; vectors are an array [n, d]")
    if len(rows.shape) == 1:
        rows = _as_column(rows)
    summary = summarise(rows, name, progress)
    scale = np.where(summary.deviation > 0, summary.deviation, 1.0)
    codec = VectorCodec(tuple(summary.mean.tolist()), tuple(scale.tolist()), rows.dtype.str)
    return Dataset(name, rows, codec, summary.digest)


def _as_column(rows: Rows) -> Rows:
    if isinstance(rows, FileRows):
        return replace(rows, shape=(*rows.shape, 1))
    return np.asarray(rows)[:, None]
