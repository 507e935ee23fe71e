"""Objects of other libraries that hold no data that can be learned."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter(torch.zeros(60, 2))


def objects_in_python() -> Iterator[tuple[str, Any]]:
    """Yield objects of pyarrow and torch, and of other libraries that are installed."""
    points = TensorDataset(torch.zeros(60, 2))
    yield "a table without rows", pa.table({"a": pa.array([], pa.int64())})
    yield "a table without columns", pa.table({})
    yield "a table of nulls", pa.table({"a": pa.nulls(60)})
    yield "a table of two equal names", pa.table([[1] * 60, [2] * 60], names=["a", "a"])
    yield "a table of structures", pa.table({"a": [{"b": 1}] * 60})
    yield "a table of bytes", pa.table({"a": [b"x"] * 60})
    yield "a reader that was read", _read(pa.table({"a": range(60)}).to_reader())
    yield "no samples of torch", Subset(points, [])
    yield "a stream", Stream()
    yield "a loader of a stream", DataLoader(Stream())
    yield "a module", torch.nn.Linear(2, 2)
    if find_spec("datasets"):
        import datasets

        yield "no splits", datasets.DatasetDict()
        yield "no columns of datasets", datasets.Dataset.from_dict({})
        yield "no rows of datasets", datasets.Dataset.from_dict({"a": []})
        empty = {"image": [None] * 20}
        features = datasets.Features({"image": datasets.Image()})
        yield "no pictures of datasets", datasets.Dataset.from_dict(empty, features=features)
    if find_spec("xarray"):
        import xarray

        yield "an array without dimensions", xarray.DataArray(1.0)
        yield "an array without samples", xarray.DataArray(np.zeros((5, 0)), dims=("time", "a"))
        yield "an array of text", xarray.DataArray([["a"] * 5] * 20, dims=("a", "time"))
        yield "a Dataset without variables", xarray.Dataset()
        yield "a Dataset of its dimension", xarray.Dataset({"a": ("time", [1.0, 2.0])})
    if find_spec("duckdb"):
        import duckdb

        yield "a relation without rows", duckdb.sql("select 1 a where false")
        yield "a relation that fails", duckdb.sql("select error('no') a from range(60)")


def _read(reader: Any) -> Any:
    reader.read_all()
    return reader
