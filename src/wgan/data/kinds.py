"""The table of kinds of data: codec, reader and conditions of each.

Every stage has such a table, keyed by the same names: network pairs, evaluation protocols, pictures
of samples, file formats. No stage asks anything else about kinds. A new kind is one small file and
one line of the table in each stage.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, get_args, runtime_checkable

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int64, Shaped

from wgan.base.errors import OlderVersionError, WganError, did_you_mean
from wgan.base.progress import Progress
from wgan.base.records import FAULTS, reason_of, typed
from wgan.data.augmentation import PICTURES, Augmentation
from wgan.data.codec import Codec
from wgan.data.dataset import Dataset, Split
from wgan.data.images import ImageCodec, read_images
from wgan.data.series.arrays import read_series
from wgan.data.series.codec import SeriesCodec
from wgan.data.series.conditions import series_conditions
from wgan.data.series.reading import from_table
from wgan.data.series.windows import Reading, from_array
from wgan.data.storage import Rows
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.conditions import TableConditions
from wgan.data.tables.private import Normals, private_dataset
from wgan.data.tables.schema import Kind as ColumnKind
from wgan.data.vectors import VectorCodec, read_vectors

Reader = Callable[[Rows, str, bool, Progress], Dataset]
"""(array, name, channels first?, progress) -> data set."""
Private = Callable[
    [Dataset, str | None, Bool[np.ndarray, " n"], float, Normals, Codec | None], Dataset
]
"""(data set, schema, training rows?, noise multiplier, noise, codec begun with) -> data set."""


class Cutter(NamedTuple):
    """Readers of a kind whose samples are cut from a table or a long array, as a reading says.

    Attributes:
        table: (table, name, reading, progress, column of the classes) -> data set.
        array: (array, name, reading, progress) -> data set.
    """

    table: Callable[[pd.DataFrame, str, Reading, Progress, str | None], Dataset]
    array: Callable[[Rows, str, Reading, Progress], Dataset]


@runtime_checkable
class ConditionSampler(Protocol):
    """Draws conditions for training batches."""

    def draw(
        self, random: np.random.Generator, rows: Int64[np.ndarray, " n"]
    ) -> tuple[Int64[np.ndarray, " n"], np.ndarray]:
        """Return row numbers, perhaps other ones than `rows`, and a condition for each.

        Args:
            random: the generator of random numbers.
            rows: `[n]` row numbers of the batch.
        """


@runtime_checkable
class Conditions(Protocol):
    """Conditions that the generators of a kind take, beside class labels."""

    @property
    def instead_of_labels(self) -> str:
        """Sentence for the user on what to do instead of giving a class label."""

    def check(self, y: np.ndarray, n: int) -> Shaped[np.ndarray, "n *columns"]:
        """Return conditions in the form that networks take.

        Args:
            y: conditions of `n` samples.
            n: the number of samples.

        Raises:
            WganError: conditions of another shape, or out of range.
        """

    def sampler(self, split: Split) -> ConditionSampler:
        """Return a function that draws conditions while training on a split."""

    def of_rows(self, random: np.random.Generator, raw: np.ndarray) -> np.ndarray:
        """Return a condition that each raw sample meets, drawn for each by itself.

        Args:
            random: the generator of random numbers.
            raw: raw samples.
        """


@dataclass(frozen=True)
class Kind:
    """One kind of data.

    Attributes:
        codec: the class of its codec.
        read: returns the data set of an array; None where an array is not enough.
        cut: reads tables and long arrays; None where samples are never cut.
        axes: an array with these numbers of axes is read as this kind, if no kind is given.
        conditions: returns the conditions that generators take, given a codec; None where there are
            none but class labels.
        private: returns the data set as a run with differential privacy takes it; None where there
            are no such runs.
        augmentation: how samples are changed at random before a critic sees them; None: there is
            no way to.
        least_batch: samples of the smallest batches that a time budget chooses; None: it leaves
            batches as they are.
        column_kinds: what a schema may say that a column holds; empty where there is no schema.
    """

    codec: type[Any]
    read: Reader | None = None
    cut: Cutter | None = None
    axes: tuple[int, ...] = ()
    conditions: Callable[[Any], Conditions | None] | None = None
    private: Private | None = None
    augmentation: Augmentation | None = None
    least_batch: int | None = None
    column_kinds: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "vectors": Kind(VectorCodec, read_vectors, axes=(1, 2)),
    # At 64 x 64 pixels, batches of 16 gave in 10 minutes nearly what 64 did in 28 (LOG.md).
    "images": Kind(ImageCodec, read_images, axes=(3, 4), augmentation=PICTURES, least_batch=16),
    "series": Kind(
        SeriesCodec, read_series, Cutter(from_table, from_array), conditions=series_conditions
    ),
    "tables": Kind(
        TableCodec,
        conditions=TableConditions,
        private=private_dataset,
        column_kinds=get_args(ColumnKind),
    ),
}


def find_kind(name: str | Kind) -> Kind:
    """Return the kind of that name; a kind is returned as it is.

    Raises:
        WganError: no such kind; the message names the nearest.
    """
    if isinstance(name, Kind):
        return name
    if name not in KINDS:
        raise WganError(f"no kind of data is called '{name}'. {did_you_mean(name, KINDS)}")
    return KINDS[name]


def kind_of_array(axes: int) -> str:
    """Return the name of the kind that an array with so many axes is read as.

    It is images by default, whose reader says which shapes it takes.
    """
    return next((name for name, kind in KINDS.items() if axes in kind.axes), "images")


def kind_of_reading(reading: Reading) -> str:
    """Return the name of the kind of samples that are cut from a longer array, if no kind is given.

    It is `auto` if the reading cuts nothing.
    """
    parts = (reading.window, reading.series, reading.time, reading.static)
    if all(part is None for part in parts):
        return "auto"
    return next(name for name, kind in KINDS.items() if kind.cut)


def augmentation_of(codec: Codec) -> Augmentation:
    """Return how samples of a codec's kind are changed at random.

    Args:
        codec: the codec of the data.

    Raises:
        WganError: a kind whose samples are not.
    """
    found = find_kind(codec.kind).augmentation
    if found is None:
        able = ", ".join(name for name, kind in KINDS.items() if kind.augmentation is not None)
        raise WganError(
            f"augment.mode: {codec.kind} are not augmented, {able} are: leave out --augment"
        )
    return found


def conditions_of(codec: Codec) -> Conditions | None:
    """Return the conditions that generators of a codec's kind take besides class labels, if any.

    Args:
        codec: the codec of the data.
    """
    make = find_kind(codec.kind).conditions
    return make(codec) if make else None


def codec_to_json(codec: Codec) -> dict[str, Any]:
    """Return a codec as plain values for JSON.

    Args:
        codec: the codec.

    See also:
        codec_from_json: turns them into the codec again.
    """
    return {"kind": codec.kind, **codec.to_json()}


def codec_from_json(fields: Any) -> Codec:
    """Return the codec that `codec_to_json` turned into plain values.

    Args:
        fields: the plain values.

    Raises:
        OlderVersionError: plain values of a version of wgan that coded this kind differently.
        WganError: anything else.
    """
    try:
        rest = {name: value for name, value in fields.items() if name != "kind"}
        codec: Codec = find_kind(typed(fields["kind"], str)).codec.from_json(rest)
        if np.dtype(codec.dtype).hasobject:
            raise TypeError(f"dtype {codec.dtype}")
        if not all(isinstance(side, int) and side > 0 for side in codec.shape):
            raise TypeError(f"shape {codec.shape}")
        return codec
    except OlderVersionError:
        raise
    except FAULTS as error:
        raise WganError(
            f"the description of the data is damaged or from a newer version ({reason_of(error)})"
        ) from None


def try_codec(codec: Codec) -> None:
    """Decode a few random samples of a codec that was read from a file, and measure them.

    Raises:
        WganError: that is not possible, so the codec is none that was fitted to data.
    """
    # The standard normal numbers of 32 samples, doubled, reach most states and both ends.
    x = 2 * np.random.default_rng(0).standard_normal((32, *codec.shape))
    try:
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            raw = codec.decode(torch.from_numpy(x.astype(np.float32)))
            codec.check(raw)
            codec.wrap(raw)
            measured = codec.measure(raw)
        if len(measured) != len(x):
            raise ValueError(f"{len(measured)} samples of {len(x)}")
    except Exception as error:  # pandas and NumPy have many errors for values out of range
        reason = f"{type(error).__name__}: {reason_of(error)}"
        raise WganError(f"the description of the data cannot be decoded ({reason})") from None
