"""Coordinates that two sources share, for each kind of data: the numbers that a distance sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.matching import order_of_columns
from wgan.data import Codec, ImageCodec, TableCodec


@dataclass(frozen=True)
class Coordinates:
    """Samples `[n, d]` in `units`; `shape` must be equal on both sides.

    `range` and `diameter` are of pixels: what became [0, 1], and how far apart two pictures can be.
    `names` are those of columns in their own units; none for other coordinates. `fitted` says
    whether the coordinates depend on the rows of one side, as codes of a table do.
    """

    values: Float[np.ndarray, "n d"]
    units: str
    shape: tuple[int, ...]
    range: tuple[float, float] | None = None
    diameter: float | None = None
    names: tuple[str, ...] = ()
    fitted: bool = False


Measure = Callable[[np.ndarray, Any, str, Sequence[Codec]], Coordinates]
"""(raw samples, their codec, words for messages, codecs of both sources) -> coordinates."""


def as_stored(raw: np.ndarray, codec: Codec, words: str, codecs: Sequence[Codec]) -> Coordinates:
    """Return numbers as they are stored, in the data's own units, columns matched by name."""
    values = np.asarray(raw, dtype=np.float64)
    shapes = {each.shape for each in codecs}
    named = [each.column_names for each in codecs if each.column_names]
    # Without names on one side, only the number of columns tells whether they may go together.
    names: tuple[str, ...] = ()
    if named and (len(named) == len(codecs) or len(shapes) == 1):
        names = named[0]
        order = order_of_columns(codec.column_names, names, words, "the other side")
        values = values[:, order]
    return Coordinates(values, "data coordinates", codec.shape, names=names)


def as_measured(raw: np.ndarray, codec: Codec, words: str, codecs: Sequence[Codec]) -> Coordinates:
    """Return the codec's own coordinates: the choice of a kind that has no line of its own."""
    return Coordinates(codec.measure(raw), codec.units, codec.shape, fitted=True)


def _pixels(raw: np.ndarray, codec: ImageCodec, words: str, codecs: Sequence[Codec]) -> Coordinates:
    """Return pixels in [0, 1]; whole numbers of one type are measured in the wider range."""
    dtype = np.dtype(codec.dtype)
    if dtype.kind in "iu" and codec.high > 1:  # up to 1 they are no grey levels, but yes and no
        widest = max((codec, *_grey_levels(dtype, codecs)), key=lambda each: each.high)
        codec = replace(codec, low=widest.low, high=widest.high)
    values = codec.measure(raw)
    ends = (codec.low, codec.high)
    if dtype.kind in "fb" and ends == (0, 1):
        ends = (0.0, 255.0)  # the same picture as whole numbers
    # The ends of other types were read off the samples, and a further one may lie beyond.
    bounded = dtype.kind == "b" or (dtype == np.uint8 and ends == (0, 255))
    diameter = sqrt(values.shape[1]) if bounded else None
    return Coordinates(values, codec.units, codec.shape, ends, diameter)


def _values(raw: np.ndarray, codec: Codec, words: str, codecs: Sequence[Codec]) -> Coordinates:
    """Return all values of each series, in the data's own units: two sources differ in scale."""
    values = np.asarray(raw, dtype=np.float64).reshape(len(raw), -1)
    return Coordinates(values, "data coordinates", codec.shape)


def _grey_levels(dtype: np.dtype, codecs: Sequence[Codec]) -> list[ImageCodec]:
    """Return the codecs of pictures whose grey levels have a type, in any order of bytes."""
    pictures = [each for each in codecs if isinstance(each, ImageCodec)]
    return [each for each in pictures if np.can_cast(np.dtype(each.dtype), dtype, "equiv")]


def _columns(raw: np.ndarray, codec: Codec, words: str, codecs: Sequence[Codec]) -> Coordinates:
    """Return columns as the first table codes them; numbers alone, without gaps, as they are."""
    if not isinstance(codec, TableCodec):
        raise WganError(
            f"{words} is not a table, but the other side is: give two tables of the same columns"
        )
    common = next(each for each in codecs if isinstance(each, TableCodec))
    others = [column.name for column in codec.learned if column.name not in common.names]
    if others:
        raise WganError(
            f"{words} has columns that the other side lacks: {', '.join(others)}: give both the"
            " same columns, in any order"
        )
    rows = raw if codec.reading == common.reading else common.matrix(codec.frame(raw))
    plain = all(column.kind == "numeric" and not column.missing for column in common.learned)
    values = rows if plain else common.measure(rows)
    units = "data coordinates" if plain else common.units
    names = tuple(column.name for column in common.learned) if plain else ()
    return Coordinates(values, units, values.shape[1:], names=names, fitted=not plain)


COORDINATES: dict[str, Measure] = {
    "vectors": as_stored,
    "images": _pixels,
    "series": _values,
    "tables": _columns,
}


def coordinates(raw: np.ndarray, codec: Codec, words: str, codecs: Sequence[Codec]) -> Coordinates:
    """Return coordinates that two sources share.

    Args:
        raw: samples of one source.
        codec: of these samples.
        words: what messages call them.
        codecs: of both sources.

    Raises:
        WganError: sources that have no coordinates in common.
    """
    leading = next((each for each in codecs if each.names), codec)  # named columns decide
    return COORDINATES.get(leading.kind, as_measured)(raw, codec, words, codecs)
