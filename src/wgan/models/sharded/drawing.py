"""Draws of shards: the samples of a shard come in pieces, each written before the next is drawn."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.seeding import derive
from wgan.data.cache import file_digest
from wgan.data.formats import formats_of
from wgan.data.piecewise import array_writer, table_form, table_writer
from wgan.models.conditioned import LARGEST_BLOCK, Conditioned
from wgan.models.model import BLOCK, Model
from wgan.models.sharded.plan import Part, Plan, WrittenFile

STREAM = "shard"
"""The stream of random numbers that samples are drawn from, one for each shard and piece."""
PIECE_BYTES = 2**24
"""Most bytes of samples drawn at once, if a block of the generator is no larger. A table of 20
columns then comes in pieces of 65,536 rows, which as text in memory take about 100 MB; larger
pieces were no faster.
"""
MOST_ROWS = LARGEST_BLOCK
"""Most rows drawn at once, as in rejection under conditions. Readers of Parquet take a row group at
once, and this size suits them.
"""
LABELS = "labels"
"""The folder of the classes of samples that are arrays, below that of the shards."""
Advance = Callable[[int], object]
"""Notes that this many further samples are written."""


def layout_of(model: Model, plan: Plan) -> dict[str, Any]:
    """Return the contents of the files of shards, as plain values.

    Args:
        model: the model.
        plan: of its samples.

    Returns:
        `columns`: types by name; or `shape` and `dtype` of one sample. `classes`: their names, for
        arrays; the classes of samples in tables are a column.
    """
    if plan.ending == ".parquet":
        form = _form(model, plan)
        return {"columns": {field.name: str(field.type) for field in form}}
    dtype = np.dtype(model.codec.dtype)
    layout = {"shape": list(model.codec.raw_shape), "dtype": dtype.str}
    return layout | ({"classes": list(model.classes)} if model.classes else {})


def write_part(
    model: Model, plan: Plan, i: int, folder: Path, advance: Advance = lambda n: None
) -> Part:
    """Write shard i, whole or not at all, and return what was written.

    Args:
        model: the model.
        plan: of its samples.
        i: number of the shard.
        folder: of the shards.
        advance: is called after each piece.

    Raises:
        WganError: a file of this name with other bytes, or as `Request.draw`.
    """
    counts: list[tuple[int, int, int]] = []

    def drawn() -> Iterator[Conditioned]:
        for piece in _pieces(model, plan, i):
            yield piece
            counts.append((piece.tried, piece.satisfied, piece.redrawn))
            advance(len(piece.raw))

    write = _write_table if plan.ending == ".parquet" else _write_arrays
    with _one_thread():
        rows, names = write(model, plan, i, folder, drawn())
    paths = [folder / name for name in names]
    return Part(
        plan.samples(i),
        rows,
        tuple(
            WrittenFile(name, path.stat().st_size, file_digest(path))
            for name, path in zip(names, paths, strict=True)
        ),
        *(sum(of_one) for of_one in zip(*counts, strict=True)),
    )


def _pieces(model: Model, plan: Plan, i: int) -> Iterator[Conditioned]:
    """Yield the samples of shard i in pieces of about one size, each of a stream of its own.

    With pieces of one size, none is so small that it draws in vain for a rare condition.
    """
    bytes_of_one = prod(model.codec.raw_shape) * np.dtype(model.codec.dtype).itemsize
    # The generator makes a whole block, however few samples are asked for.
    most = max(BLOCK, min(MOST_ROWS, PIECE_BYTES // bytes_of_one))
    samples = plan.samples(i)
    count = -(-samples // most)
    for j in range(count):
        size = samples // count + (j < samples % count)
        yield plan.request.draw(model, size, derive(plan.seed, STREAM, i, j))


def _write_table(
    model: Model, plan: Plan, i: int, folder: Path, pieces: Iterator[Conditioned]
) -> tuple[int, list[str]]:
    """Write a shard of a table; return its rows and the names of its files."""
    frame_of = formats_of(model.codec).frame
    assert frame_of is not None
    name = plan.name(i)
    first = plan.first(i)
    rows = 0
    with _added(folder / name) as target, table_writer(target, _form(model, plan)) as add:
        for piece in pieces:
            names = None if piece.labels is None else [model.classes[y] for y in piece.labels]
            frame = frame_of(piece.raw, model.codec, names, first)
            add(frame)
            first += len(piece.raw)
            rows += len(frame)
    return rows, [name]


def _write_arrays(
    model: Model, plan: Plan, i: int, folder: Path, pieces: Iterator[Conditioned]
) -> tuple[int, list[str]]:
    """Write a shard of an array, and its classes; return its rows and the names of its files."""
    codec = model.codec
    samples = plan.samples(i)
    names = [plan.name(i)]
    with ExitStack() as stack:

        def writer(name: str, shape: tuple[int, ...], dtype: np.dtype) -> Any:
            target = stack.enter_context(_added(folder / name))
            return stack.enter_context(array_writer(target, shape, dtype))

        add_labels = None
        if model.classes:
            (folder / LABELS).mkdir(exist_ok=True)
            names.append(f"{LABELS}/{plan.name(i)}")
            dtype = np.min_scalar_type(len(model.classes) - 1)
            add_labels = writer(names[1], (samples,), dtype)
        # Last, so that a full disk is blamed on the file that filled it.
        add = writer(names[0], (samples, *codec.raw_shape), np.dtype(codec.dtype))
        for piece in pieces:
            add(piece.raw)
            if add_labels is not None and piece.labels is not None:
                add_labels(piece.labels.astype(dtype))
    return samples, names


def _form(model: Model, plan: Plan) -> Any:
    """Return the columns and types of all shards, a `pyarrow.Schema`.

    They are those of a table of the last sample, whose number is the largest, with nothing missing.
    Ones in the place of the generator's output stand for the first state of a column, and for a
    value that is there.
    """
    frame_of = formats_of(model.codec).frame
    assert frame_of is not None
    raw = model.codec.decode(torch.ones(1, *model.codec.shape))
    labels = list(model.classes[:1]) or None
    return table_form(frame_of(raw, model.codec, labels, plan.n - 1))


@contextmanager
def _added(path: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes `path`, unless other bytes are there.

    A process that was killed may have left the file before it could say so.

    Raises:
        WganError: other bytes are there.
    """
    with replaced(path) as target:
        yield target
        if path.exists() and file_digest(path) != file_digest(target):
            raise WganError(
                f"{path}: already exists, and holds other bytes than this command writes:"
                " remove it, or choose another --out"
            )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Return a context in which torch computes in one thread.

    Sums in several threads may differ in their last bits, and shards must not. Workers use the
    other cores.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
