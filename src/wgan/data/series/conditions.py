"""Conditions of series: beginnings that a generator is given while it trains.

A beginning is the first K steps of a series as a network sees them, and a plane of ones. Half of
the series have none, all zeros, so that series that are generated freely have the true law. The
others begin as real ones do, whatever follows, so what follows has the law given the beginning.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int64

from wgan.base.errors import WganError
from wgan.data.dataset import Split
from wgan.data.series.codec import SeriesCodec
from wgan.data.storage import chunks

GIVEN_SHARE = 0.5
"""Share of the series that have a beginning, as that of rows that have conditions in tables."""
Beginnings = Float32[np.ndarray, "n planes1 k"]


@dataclass(frozen=True)
class SeriesConditions:
    """Conditions of a generator of series: `[n, planes + 1, K]` beginnings."""

    codec: SeriesCodec

    @property
    def instead_of_labels(self) -> str:
        return "this model continues series: give their beginnings with --given"

    def check(self, y: np.ndarray, n: int) -> Beginnings:
        """Return beginnings as float32.

        Args:
            y: `[n, planes + 1, K]` beginnings.
            n: the number of series.

        Raises:
            WganError: another shape, or numbers that are none of a beginning.
        """
        shape = (n, self.codec.shape[0] + 1, self.codec.context)
        usable = y.shape == shape and y.dtype.kind == "f" and bool(np.isfinite(y).all())
        if not usable or not ((y[:, -1] == y[:, -1, :1]) & np.isin(y[:, -1], (0, 1))).all():
            raise WganError(
                f"beginnings: give finite numbers of shape {shape}, whose last plane is 1 where a"
                " beginning is given, or 0"
            )
        return y.astype(np.float32)

    def sampler(self, split: Split) -> "BeginningSampler":
        """Return a function that draws beginnings while training on a split."""
        return BeginningSampler(split)

    def of_rows(self, random: np.random.Generator, raw: np.ndarray) -> Beginnings:
        """Return the beginning of each series, or none, drawn for each by itself.

        Args:
            random: the generator of random numbers.
            raw: series as they are stored.
        """
        given = random.random(len(raw)) < GIVEN_SHARE
        given &= self.codec.lengths(raw) >= self.codec.context
        return self._given_where(given, raw[given])

    def beginnings(self, raw: np.ndarray) -> Beginnings:
        """Return the beginnings of series that have K steps at least.

        Args:
            raw: series as they are stored; what follows the first K steps does not matter.
        """
        codec = self.codec
        first = np.array(raw, dtype=np.float64).reshape(len(raw), codec.length, -1)
        first[:, codec.context :, : codec.channels] = np.nan
        planes = codec.unpack(codec.pack(first)).numpy()[:, :, 0, : codec.context]
        planes = planes.astype(np.float32)
        if codec.ends:  # a step without a value is no end where others follow
            planes[:, codec.channels + len(codec.masked)] = 1
        return np.concatenate([planes, np.ones_like(planes[:, :1])], axis=1)

    def _given_where(self, given: np.ndarray, raw: np.ndarray) -> Beginnings:
        """Return the beginnings of the series that have one, and zeros for the others."""
        shape = (len(given), self.codec.shape[0] + 1, self.codec.context)
        y = np.zeros(shape, dtype=np.float32)
        if given.any():
            y[given] = self.beginnings(raw)
        return y


@dataclass(frozen=True)
class BeginningSampler:
    """Draws beginnings, and real series that begin so."""

    split: Split

    @property
    def conditions(self) -> SeriesConditions:
        """The conditions of the codec that the split fits."""
        assert isinstance(self.split.dataset.codec, SeriesCodec)
        return SeriesConditions(self.split.dataset.codec)

    @cached_property
    def _long(self) -> Int64[np.ndarray, " k"]:
        """Training series that have as many steps as a beginning.

        Raises:
            WganError: none has more.
        """
        codec = self.conditions.codec
        pieces = chunks(self.split.dataset.rows)
        lengths = np.concatenate([codec.lengths(piece) for _, piece in pieces])
        lengths = np.where(self.split.is_train(), lengths, 0)
        if lengths.max() <= codec.context:
            raise WganError(
                f"data.context = {codec.context}: no training series has more steps: give fewer"
            )
        return np.flatnonzero(lengths >= codec.context)

    def draw(
        self, random: np.random.Generator, rows: Int64[np.ndarray, " n"]
    ) -> tuple[Int64[np.ndarray, " n"], Beginnings]:
        """Return rows and their beginnings.

        If lengths differ, rows with a beginning are drawn among the series that are long enough. So
        rows without one have all lengths as often as the data.

        Args:
            random: the generator of random numbers.
            rows: `[n]` row numbers.
        """
        conditions = self.conditions
        given = random.random(len(rows)) < GIVEN_SHARE
        if conditions.codec.ends:
            others = self._long[random.integers(len(self._long), size=len(rows))]
            rows = np.where(given, others, rows)
        raw = self.split.dataset.rows[rows[given]]
        return rows, conditions._given_where(given, raw)


def series_conditions(codec: SeriesCodec) -> SeriesConditions | None:
    """Return the conditions of series; None where no beginning can be given.

    Args:
        codec: the codec of the series.
    """
    return SeriesConditions(codec) if codec.context else None
