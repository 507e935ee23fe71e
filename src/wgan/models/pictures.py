"""Pictures of samples, for each kind of data: a snapshot, and one beside real samples."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.seeding import derive
from wgan.data import Codec, Split
from wgan.data.drawing import Sheet, write_grid, write_scatter
from wgan.data.series.codec import SeriesCodec
from wgan.data.series.drawing import write_series
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.drawing import write_columns
from wgan.evaluation.metrics.nearest import nearest_rows
from wgan.models.model import Model

GRID_SAMPLES = 64
"""Pictures of a snapshot: a grid of 8 x 8."""
POINTS = 2000
"""Points of a scatter, and rows of a table's panels: shares are then known to about 1 %."""
MOST_COLUMNS = 16
"""Classes that fit as columns of a grid."""
PAIRS, ACROSS = 40, 10
"""Generated pictures that stand above their nearest training pictures, and how many in a row."""
BYTES = 2**29
"""Memory for the coordinates of training pictures in which neighbours are looked for."""

Snapshot = Callable[[Model, Split, int, Path], None]
"""(model, split, random seed, path of the PNG) -> written."""
Draw = Callable[[Any, np.ndarray, np.ndarray, Path], None]
"""(codec, generated, real, path of the PNG) -> written."""


@dataclass(frozen=True)
class Pictures:
    """The pictures of one kind of data.

    `snapshot` shows what a generator makes; `beside` shows it beside real samples. `title` and
    `alt` describe the latter to a reader.
    """

    snapshot: Snapshot
    beside: Snapshot
    title: str = "Generated samples (blue) and held-out ones (grey)"
    alt: str = "Generated samples in blue beside held-out ones in grey"


def beside_held_out(draw: Draw) -> Snapshot:
    """Return a picture that draws generated samples over held-out ones."""

    def write(model: Model, split: Split, seed: int, path: Path) -> None:
        real = split.held_out_sample(0, min(split.n_held_out, POINTS))
        # While training, hardly any sample may keep the rules.
        draw(model.codec, model.draw(POINTS, seed, rules=False).raw, real, path)

    return write


def draw_points(codec: Codec, fake: np.ndarray, real: np.ndarray, path: Path) -> None:
    """Draw a scatter of the first two coordinates."""
    write_scatter(codec.measure(fake), path, codec.measure(real))


def _draw_vectors(codec: Codec, fake: np.ndarray, real: np.ndarray, path: Path) -> None:
    write_scatter(fake.astype(np.float64), path, real.astype(np.float64))


def _draw_columns(codec: TableCodec, fake: np.ndarray, real: np.ndarray, path: Path) -> None:
    write_columns(codec, fake, path, real)


def _draw_series(codec: SeriesCodec, fake: np.ndarray, real: np.ndarray, path: Path) -> None:
    write_series(codec.in_channels(fake), path, codec.in_channels(real), codec.headings)


def _grid(model: Model, split: Split, seed: int, path: Path) -> None:
    """Draw a grid of pictures, a column a class where there are few classes."""
    classes = len(model.classes)
    columns = classes if 0 < classes <= MOST_COLUMNS else None
    n = GRID_SAMPLES // columns * columns if columns else GRID_SAMPLES
    labels = np.arange(n) % classes if classes else None
    codec: Any = model.codec
    write_grid(codec.to_pixels(model.sample(n, seed, labels)), path, Sheet(columns))


def _grid_with_neighbours(model: Model, split: Split, seed: int, path: Path) -> None:
    """Draw generated pictures row by row, each row above the nearest training pictures."""
    codec: Any = model.codec
    fake = model.sample(PAIRS, seed)
    near, _ = nearest_training(codec, fake, split)
    sides = [each.reshape(-1, ACROSS, *fake.shape[1:]) for each in (fake, near)]
    rows = np.stack(sides, axis=1).reshape(2 * PAIRS, *fake.shape[1:])
    write_grid(codec.to_pixels(rows), path, Sheet(ACROSS))


def nearest_training(
    codec: Codec, raw: np.ndarray, split: Split
) -> tuple[np.ndarray, Float[np.ndarray, " n"]]:
    """Return the nearest training sample of each raw sample, and its Euclidean distance.

    The distance is in the codec's units. If the data are too large for memory, only as many of the
    first training samples as fit are searched.

    Args:
        codec: the codec of the data.
        raw: samples `[n, *raw_shape]`.
        split: the data.
    """
    known = min(split.n_train, max(PAIRS, BYTES // (8 * int(np.prod(codec.shape)))))
    train = split.train_sample(0, known)
    place, distance = nearest_rows(codec.measure(raw), codec.measure(train))
    return train[place], distance


PICTURES: dict[str, Pictures] = {
    "vectors": Pictures(beside_held_out(_draw_vectors), beside_held_out(_draw_vectors)),
    "images": Pictures(
        _grid,
        _grid_with_neighbours,
        "Generated samples, each above its nearest training sample",
        "Rows of generated pictures, below each row the nearest training pictures",
    ),
    "series": Pictures(beside_held_out(_draw_series), beside_held_out(_draw_series)),
    "tables": Pictures(beside_held_out(_draw_columns), beside_held_out(_draw_columns)),
}


def pictures_of(kind: str) -> Pictures:
    """Return the pictures of a kind of data.

    Raises:
        WganError: a kind without pictures.
    """
    if kind not in PICTURES:
        raise WganError(f"no pictures for {kind}: add a line to models.pictures.PICTURES")
    return PICTURES[kind]


def write_snapshot(path: Path, model: Model, split: Split, seed: int) -> None:
    """Write a picture of generated samples, always from the same noise.

    Args:
        path: the file.
        model: the model that draws the samples.
        split: the data that it was trained on.
        seed: random seed of the noise.
    """
    with replaced(path) as target:
        pictures_of(model.codec.kind).snapshot(model, split, derive(seed, "snapshot"), target)


def write_beside(path: Path, model: Model, split: Split, seed: int) -> None:
    """Write a picture of generated samples beside real ones.

    Args:
        path: the file.
        model: the model that draws the samples.
        split: the data that it was trained on.
        seed: random seed of the samples.
    """
    with replaced(path) as target:
        pictures_of(model.codec.kind).beside(model, split, derive(seed, "picture"), target)
