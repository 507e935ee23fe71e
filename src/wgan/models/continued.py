"""Series that continue a given beginning: conditional forecasts as samples.

A generator that was trained with `data.context = K` is given K steps, and draws the T - K that
follow. Further steps are drawn in rounds, each given the last K steps of the round before.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.numbers import check_count
from wgan.base.seeding import derive
from wgan.config import Config
from wgan.data.arrays import npy_rows
from wgan.data.encodings import UTF_8
from wgan.data.formats import check_place, write_samples
from wgan.data.series.codec import SeriesCodec
from wgan.data.series.conditions import SeriesConditions
from wgan.data.series.long_tables import LongTable
from wgan.data.series.roles import arrange
from wgan.data.series.stamps import read_by
from wgan.data.storage import as_type
from wgan.data.tables.frames import ENDINGS, read_frame, write_frame
from wgan.models.model import Model


@dataclass(frozen=True)
class Continued:
    """Series that continue beginnings.

    Attributes:
        raw: `[beginnings * copies, steps given and new, channels]`, the copies of each beginning
            one after the other, in the form of the data.
        given: number of beginnings.
        steps: new steps of each series.
        codec: that of the data, for series of this many steps.
        frame: the same as a table, if the beginnings were one. It has the names of their series, a
            column `copy` if there are several copies, and times that continue theirs.
    """

    raw: np.ndarray
    given: int
    steps: int
    codec: SeriesCodec
    frame: pd.DataFrame | None = None

    def write(self, path: Path) -> None:
        """Write the series in the format that the ending of `path` names.

        Args:
            path: the file.

        Raises:
            WganError: as `write_samples`.
        """
        table = self.codec.table
        if self.frame is None or table is None or not path.name.lower().endswith(ENDINGS):
            write_samples(self.raw, self.codec, path)
            return
        check_place(path, self.codec)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_frame(self.frame, table.columns(self.codec.statics), path)


@dataclass(frozen=True, eq=False)
class _Beginnings:
    """Beginnings that were read from a long table.

    Attributes:
        raw: `[m, k, channels and static columns]`.
        table: the form of the table, with times counted from the first stamp of the file.
        names: `[m]` the series, as the file names them; None: it has no column of them.
        begins: `[m]` times of the first steps; None: there are none.
    """

    raw: Float[np.ndarray, "m k c"]
    table: LongTable
    names: pd.Series | None
    begins: Float[np.ndarray, " m"] | None

    def continued(self, raw: np.ndarray, copies: int, codec: SeriesCodec) -> pd.DataFrame:
        """Return continued series as a table.

        Args:
            raw: the series, the copies of each beginning one after the other.
            copies: how many.
            codec: the codec of series of this many steps.
        """
        begins = None if self.begins is None else np.repeat(self.begins, copies)
        values, alive, described = codec.in_channels(raw), codec.alive(raw), codec.static_rows(raw)
        frame = self.table.write(values, alive, codec.statics, described, begins=begins)
        of = np.nonzero(alive)[0]
        if self.names is not None:
            frame[self.table.series] = self.names.iloc[of // copies].to_numpy()
        if copies > 1:
            name = "copy"
            while name in frame.columns:
                name += "_"
            place = list(frame.columns).index(self.table.series) + 1
            frame.insert(place, name, of % copies + 1)
        return frame


def continue_series(
    model: Model,
    beginnings: np.ndarray,
    copies: int = 1,
    seed: int = 0,
    steps: int | None = None,
) -> np.ndarray:
    """Return each beginning as it is given, followed by new steps.

    The new steps depend on the last K steps of a beginning, as if a series of the data began with
    them.

    Args:
        model: a model of series that was trained with `data.context`.
        beginnings: `[m, k, channels]` steps, k of K or more, in the form of the data: static
            columns stand after the channels, and a missing value is NaN. `[m, k]` where the data
            have one channel and no axis for it.
        copies: continuations of each beginning.
        seed: random seed.
        steps: new steps of each series; None: T - K, as many as the model draws at once.

    Raises:
        WganError: a model without beginnings; beginnings of another form, of too few steps, or with
            values that the data never have; more steps than a series of the data has, if lengths
            differ.

    See also:
        continue_file: the same for beginnings in a file.
    """
    codec = _codec_of(model)
    check_count(copies, "copies", 1)
    at_once = codec.length - codec.context
    if steps is None:
        steps = at_once
    check_count(steps, "steps", 1)
    known = _checked(codec, np.asarray(beginnings))
    if codec.ends and (steps > at_once or known.shape[1] > codec.context):
        raise WganError(
            f"series of the data have different lengths, counted from their first step: give their"
            f" first {codec.context} steps, and ask for at most {at_once} more"
        )
    if not codec.cut and (steps > at_once or known.shape[1] > codec.context):
        warnings.warn(
            f"the last {codec.context} steps count as the first of a series: right if the series"
            " of the data are windows of longer ones, and wrong if their first step is a beginning",
            stacklevel=2,
        )
    known = np.repeat(known, copies, axis=0)
    conditions = SeriesConditions(codec)
    first = known.shape[1]
    while known.shape[1] < first + steps:
        whole = np.full((len(known), codec.length, known.shape[2]), np.nan)
        whole[:, : codec.context] = known[:, -codec.context :]
        whole[..., codec.channels :] = known[:, :1, codec.channels :]
        if codec.gap_channel and codec.table is not None and codec.table.clock is not None:
            # As in the data, where no step is before the first: no other value was learned there.
            whole[:, 0, codec.channels - 1] = codec.table.clock.step
        y = conditions.beginnings(whole)
        drawn = model.sample(len(known), derive(seed, "continued", known.shape[1]), y)
        drawn = drawn.reshape(len(known), codec.length, -1).astype(np.float64)
        drawn[..., codec.channels :] = known[:, :1, codec.channels :]
        known = np.concatenate([known, drawn[:, codec.context :]], axis=1)
    shape = (len(known), first + steps, *codec.raw_shape[1:])
    return as_type(known[:, : first + steps].reshape(shape), np.dtype(codec.dtype))


def continue_file(
    model: Model, source: Path, copies: int = 1, seed: int = 0, config: Config | None = None
) -> Continued:
    """Return the series of a file, continued as `continue_series` does.

    Args:
        model: a model of series that was trained with `data.context`.
        source: the beginnings, a `.npy` array `[m, k, channels]`, or `[k, channels]` for one; or a
            table like that of the data, a row a step.
        copies: continuations of each beginning.
        seed: random seed.
        config: the run's configuration, which says how text is encoded; None: UTF-8.

    Raises:
        WganError: as `continue_series`, or a file of another form.
    """
    codec = _codec_of(model)
    if not source.is_file():
        raise WganError(f"{source}: no such file: give the beginnings of series as the data were")
    table = None
    if source.name.lower().endswith(ENDINGS):
        table = _of_table(codec, source, UTF_8 if config is None else config.data.encoding)
        raw = table.raw
    else:
        with source.open("rb") as file:
            raw = np.asarray(npy_rows(file, source).whole()[:])
    if raw.ndim == len(codec.raw_shape):  # one beginning
        raw = raw[None]
    continued = continue_series(model, raw, copies, seed)
    steps = continued.shape[1]
    codec = replace(codec, length=steps)
    frame = None if table is None else table.continued(continued, copies, codec)
    return Continued(continued, len(raw), steps - raw.shape[1], codec, frame)


def _of_table(codec: SeriesCodec, source: Path, encoding: str) -> _Beginnings:
    """Return the beginnings in a long table, all of one length."""
    table = codec.table
    if table is None:
        raise WganError(f"{source}: the data of this model were an array: give a .npy file")
    frame = read_frame(source, table.columns(codec.statics), encoding)
    raw = table.read(frame, None, codec.statics)
    steps = raw.shape[1]
    at_end = ~np.isnan(raw[:, -1:, : codec.channels]).all(axis=(1, 2))
    if not at_end.all():
        raise WganError(
            f"{source}: series {int(at_end.argmin()) + 1} has fewer than {steps} steps, or no value"
            " in the last: give beginnings of one length"
        )
    rows = arrange(frame, table.series if table.series in frame.columns else None)
    firsts = rows.order[rows.firsts]
    names = frame[table.series].iloc[firsts] if table.series in frame.columns else None
    if table.clock is None:
        return _Beginnings(raw, table, names, None)
    stamps = read_by(table.clock, frame[table.clock.name])
    unit = table.clock.unit
    table = replace(table, clock=replace(table.clock, start=stamps.start(unit)))
    return _Beginnings(raw, table, names, stamps.offsets(unit)[firsts])


def _codec_of(model: Model) -> SeriesCodec:
    """Return the codec of a model that is given beginnings."""
    codec = model.codec
    if not isinstance(codec, SeriesCodec):
        raise WganError(f"series alone are continued, and this is a model of {codec.kind}")
    if not codec.context:
        raise WganError(
            "this model was trained without beginnings, so it continues none: train with"
            " data.context, the number of steps that are given"
        )
    return codec


def _checked(codec: SeriesCodec, beginnings: np.ndarray) -> np.ndarray:
    """Return beginnings as float64 `[m, k, channels and static columns]`."""
    axes = beginnings.ndim - 1 == len(codec.raw_shape)
    if not axes or not len(beginnings) or beginnings.shape[2:] != codec.raw_shape[1:]:
        wanted = ", ".join(["m", "k", *map(str, codec.raw_shape[1:])])
        raise WganError(
            f"beginnings of shape {beginnings.shape}: give [{wanted}], m beginnings of k steps"
        )
    if beginnings.dtype.kind not in "iuf":
        raise WganError(f"beginnings of type {beginnings.dtype}: give numbers")
    m, k = beginnings.shape[:2]
    if k < codec.context:
        raise WganError(
            f"beginnings of {k} steps, and this model is given {codec.context} (data.context): give"
            " as many or more"
        )
    known = beginnings.reshape(m, k, -1).astype(np.float64)
    values, described = known[..., : codec.channels], known[..., codec.channels :]
    if np.isinf(values).any():
        raise WganError("beginnings hold an infinity: give NaN for a missing value")
    for channel in range(codec.channels):
        if channel not in codec.masked and np.isnan(values[..., channel]).any():
            which = int(np.isnan(values[..., channel]).any(axis=1).argmax()) + 1
            name = codec.headings[channel] if codec.headings else str(channel + 1)
            raise WganError(
                f"beginning {which}: a value of channel {name} is missing, and in the data none"
                " ever is: fill it"
            )
    if codec.gap_channel and not (values[..., -1] > 0).all():
        raise WganError("beginnings: the time since the step before is not positive: fix it")
    same = (described == described[:, :1]) | (np.isnan(described) & np.isnan(described[:, :1]))
    if not same.all():
        which = int((~same).any(axis=(1, 2)).argmax()) + 1
        raise WganError(f"beginning {which}: a static column varies: give one value to a series")
    if codec.statics is not None:
        codec.statics.check(described[:, 0])
    return known
