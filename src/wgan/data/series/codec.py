"""Series, the kind of measurements in time: the codec.

Series are stored padded to the longest: steps past the end of one are missing in every channel.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.printing import counted
from wgan.base.records import typed
from wgan.data.codec import PlainCodec
from wgan.data.series.fields import SeriesFields
from wgan.data.series.roles import NAMED
from wgan.data.storage import Rows, as_type, chunks
from wgan.data.tables.codec import TableCodec

LEAST_STEPS = 2
"""A series of one step is a vector."""
LARGEST_LOG = 600.0
"""Largest logarithm of a time between steps that is decoded: e^600 and e^-600 are doubles."""


@dataclass(frozen=True)
class SeriesCodec(SeriesFields, PlainCodec):
    """The codec of series `[n, T, channels]`, or `[n, T]` for one channel.

    x -> (x - mean) / scale, channel by channel, over all series and steps together. So the
    differences between series, such as their levels, stay. A network sees `[planes, 1, T]`, a
    picture that is one pixel high. So the layers of pictures, and what is known of their slopes,
    serve.

    The planes are, in this order:

    - the channels, 0 where a value is missing or past the end;
    - for each channel with missing values, 1 where there is a value and 0 where there is none;
    - if lengths differ, 1 up to the end and 0 after it;
    - the coded static columns, the same at each step.

    Attributes:
        statics: the codec of the columns that describe a whole series, which stored series have
            after the channels, the same at each step; None: there are none.
    """

    kind: ClassVar[str] = "series"
    coarse: ClassVar[bool] = False
    version: ClassVar[int] = 3
    units: ClassVar[str] = "standard deviations of the channels"
    statics: TableCodec | None = None

    def __post_init__(self) -> None:
        if not self.mean or len(self.scale) != len(self.mean) or min(self.scale) < 0:
            raise ValueError("mean, scale: a mean and a scale of each channel are needed")
        one = len(self.mean) == 1 and self.statics is None
        if self.length < LEAST_STEPS or not (self.has_channel_axis or one):
            raise ValueError("length, has_channel_axis: no series has such a shape")
        if self.gaps and len(self.gaps) != len(self.mean):
            raise ValueError("gaps: one for each channel is needed")
        if len(self.nuggets) != len(self.ranges) or len(self.nuggets) not in (0, self.channels - 1):
            raise ValueError("nuggets, ranges: one for each channel but the last is needed")
        if self.ranges and not min(self.ranges) > 0:
            raise ValueError("ranges: positive times are needed")
        if not 1 <= self.shortest <= self.length:
            raise ValueError("shortest: no series has so many steps")
        if not 0 <= self.context < self.length:
            raise ValueError("context: fewer steps than a series has are needed")

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.mean)

    @property
    def masked(self) -> tuple[int, ...]:
        """Numbers of the channels that have missing values."""
        return tuple(i for i, has_gaps in enumerate(self.gaps) if has_gaps)

    @property
    def static_width(self) -> int:
        """Planes that code the static columns."""
        return 0 if self.statics is None else self.statics.shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        planes = self.channels + len(self.masked) + self.ends + self.static_width
        return (planes, 1, self.length)

    @property
    def raw_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        if not self.has_channel_axis:
            return (self.length,)
        described = 0 if self.statics is None else len(self.statics.learned)
        return (self.length, self.channels + described)

    @property
    def samples_in_words(self) -> str:
        up_to = "up to " if self.ends else ""
        return f"series of {up_to}{self.length} steps of {counted(self.channels, 'channel')}"

    def named(self, names: tuple[str, ...]) -> "SeriesCodec":
        return replace(self, headings=names)

    def fitted(self, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> "SeriesCodec":
        if self.statics is None:
            return self
        if not self.static_width:  # static columns that are the same in all series
            return self
        described = np.concatenate([piece[:, 0, self.channels :] for _, piece in chunks(rows)])
        return replace(self, statics=self.statics.fitted(described, chosen))

    def without_unseen(self) -> "SeriesCodec":
        statics = None if self.statics is None else self.statics.without_unseen()
        return replace(self, statics=statics)

    def pack(self, raw: np.ndarray) -> Float[Tensor, "n planes 1 t"]:
        # Double precision where there are static columns, as for tables (`TableCodec.pack`).
        packed_type = np.float32 if self.statics is None else np.float64
        return torch.from_numpy(np.ascontiguousarray(self._planes(raw)[:, :, None], packed_type))

    def unpack(self, packed: Tensor) -> Float[Tensor, "n planes 1 t"]:
        return packed

    def decode(self, x: Float[Tensor, "n planes 1 t"]) -> np.ndarray:
        planes = x.detach().double().cpu().numpy()[:, :, 0].transpose(0, 2, 1)
        values = planes[..., : self.channels] * np.asarray(self.scale) + np.asarray(self.mean)
        if self.gap_channel:
            values[..., -1] = np.exp(values[..., -1].clip(-LARGEST_LOG, LARGEST_LOG))
        if self.low:
            values = values.clip(np.asarray(self.low), np.asarray(self.high))
        if self.table is not None:
            values = self.table.rounded(values)
        place = self.channels
        for channel in self.masked:
            values[planes[..., place] <= 0.5, channel] = np.nan
            place += 1
        if self.ends:
            alive = planes[..., place] > 0.5
            alive[:, 0] = True
            values[~np.logical_and.accumulate(alive, axis=1)] = np.nan
            place += 1
        if self.statics is not None:
            coded = torch.from_numpy(np.ascontiguousarray(planes[:, 0, place:]))
            described = self.statics.decode(coded)[:, None].repeat(self.length, axis=1)
            values = np.concatenate([values, described], axis=2)
        return as_type(values.reshape(-1, *self.raw_shape), np.dtype(self.dtype))

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return planes as coordinates; a static column counts as often as a series has steps."""
        planes = self._planes(raw, with_statics=False)
        steps = planes.transpose(0, 2, 1).reshape(len(raw), -1)
        described = self.static_rows(raw)
        if self.statics is None or described is None or not self.static_width:
            return steps
        return np.column_stack([steps, np.sqrt(self.length) * self.statics.measure(described)])

    def in_channels(self, raw: np.ndarray) -> Float[np.ndarray, "n t c"]:
        """Return the channels of stored series, NaN where a value is missing or past the end.

        Args:
            raw: series as they are stored.
        """
        values = np.asarray(raw, dtype=np.float64).reshape(len(raw), self.length, -1)
        return values[..., : self.channels]

    def standardised(self, raw: np.ndarray) -> Float[np.ndarray, "n t c"]:
        """Return the channels in standard deviations, NaN where a value is missing or past the end.

        Args:
            raw: series as they are stored.
        """
        values = self.in_channels(raw)
        if self.gap_channel:
            values = np.concatenate([values[..., :-1], np.log(values[..., -1:])], axis=2)
        scale = np.asarray(self.scale)
        return (values - np.asarray(self.mean)) / np.where(scale > 0, scale, 1.0)

    def alive(self, raw: np.ndarray) -> Bool[np.ndarray, "n t"]:
        """Return which steps are not past the end: those with a value, or with a later one.

        Args:
            raw: series as they are stored.
        """
        if not self.ends:
            return np.ones((len(raw), self.length), dtype=bool)
        has_value = ~np.isnan(self.in_channels(raw)).all(axis=2)
        alive: np.ndarray = np.logical_or.accumulate(has_value[:, ::-1], axis=1)[:, ::-1]
        return alive

    def lengths(self, raw: np.ndarray) -> Int64[np.ndarray, " n"]:
        """Return the steps of each series.

        Args:
            raw: series as they are stored.
        """
        return self.alive(raw).sum(axis=1)

    def static_rows(self, raw: np.ndarray) -> Float[np.ndarray, "n s"] | None:
        """Return the static columns of each series; None where there are none.

        Args:
            raw: series as they are stored.
        """
        return None if self.statics is None else np.asarray(raw[:, 0, self.channels :])

    def _planes(self, raw: np.ndarray, with_statics: bool = True) -> Float[np.ndarray, "n p t"]:
        """Return network input in double precision."""
        values = self.standardised(raw)
        parts = [np.nan_to_num(values, nan=0.0), ~np.isnan(values[..., list(self.masked)])]
        if self.ends:
            parts.append(self.alive(raw)[..., None])
        described = self.static_rows(raw) if with_statics else None
        if self.statics is not None and described is not None and self.static_width:
            coded = self.statics.unpack(self.statics.pack(described)).numpy()
            parts.append(coded[:, None].repeat(self.length, axis=1))
        return np.concatenate(parts, axis=2, dtype=np.float64).transpose(0, 2, 1)

    @property
    def names(self) -> tuple[str, ...]:
        if self.table is None:
            return ()
        return tuple(name for name in self.table.order if name != self.table.label)

    def wrap(self, raw: np.ndarray) -> Any:
        return raw if self.table is None else self.frame(raw)

    def frame(
        self, raw: np.ndarray, labels: Sequence[str] | None = None, first: int = 0
    ) -> pd.DataFrame:
        """Return stored series as a table like that of the data, one row a step.

        Args:
            raw: series as they are stored.
            labels: the class of each, by name.
            first: the number of series that were written before these.

        Raises:
            WganError: the data were no table.
        """
        if self.table is None:
            raise WganError("series that were read from an array have no table to be written as")
        described = self.static_rows(raw)
        values, alive = self.in_channels(raw), self.alive(raw)
        return self.table.write(values, alive, self.statics, described, labels, first=first)

    def unwrap(self, samples: Any) -> np.ndarray:
        if self.table is None:
            return np.asarray(samples)
        if not isinstance(samples, pd.DataFrame):
            raise WganError("this model was fitted on a table: give a DataFrame with its columns")
        raw = self.table.read(samples, self.length, self.statics)
        absent = np.isnan(self.in_channels(raw)) & self.alive(raw)[..., None]
        for i in sorted(set(range(self.channels)) - set(self.masked)):
            if absent[..., i].any():
                series, step = np.argwhere(absent[..., i])[0] + 1
                long = "" if self.ends else f", and series had {self.length} steps"
                raise WganError(
                    f"series {series}, step {step}: channel '{self.headings[i]}' has no value, and"
                    f" in the data it always had{long}: fill it"
                )
        return raw

    def notes(self, raw: np.ndarray) -> list[str]:
        notes = [*self.findings]
        gaps = [f"{self._heading(i)} {100 * self.missing[i]:.3g} %" for i in self.masked]
        if gaps:
            more = f", and {len(gaps) - NAMED} more" if len(gaps) > NAMED else ""
            notes.append(f"missing values: {', '.join(gaps[:NAMED])}{more}; samples have them too")
        constant = [self._heading(i) for i, scale in enumerate(self.scale) if scale == 0]
        if constant:
            notes.append(f"constant channel(s): {', '.join(constant)}; samples have the same value")
        return notes

    def _heading(self, channel: int) -> str:
        return self.headings[channel] if self.headings else str(channel + 1)

    def _describe_channel(self, channel: int) -> str:
        name, mean, scale = self.headings[channel], self.mean[channel], self.scale[channel]
        if self.gap_channel and channel == self.channels - 1:
            clock = None if self.table is None else self.table.clock
            unit = "" if clock is None else f" in {clock.unit_in_words}"
            return (
                f"{name}: channel, the time since the step before{unit}; its logarithm has mean"
                f" {mean:.4g}, standard deviation {scale:.4g}"
            )
        if scale == 0:
            return f"{name}: channel, always {mean:.6g}"
        return f"{name}: channel, mean {mean:.4g}, standard deviation {scale:.4g}"

    def describe(self) -> list[str]:
        channels = [self._describe_channel(i) for i in range(len(self.headings))]
        statics = [] if self.statics is None else self.statics.describe()
        return [*channels, *(f"{line}, static" for line in statics)]

    def to_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        table = None if self.table is None else asdict(self.table)
        statics = None if self.statics is None else self.statics.to_json()
        return {**plain, "table": table, "statics": statics}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "SeriesCodec":
        rest = {name: value for name, value in fields.items() if name != "statics"}
        statics = fields.get("statics")
        return cls(
            **vars(typed(rest, SeriesFields, known_only=True)),
            statics=None if statics is None else TableCodec.from_json(statics),
        )
