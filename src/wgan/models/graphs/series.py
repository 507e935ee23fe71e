"""Series in a graph: channels in the units of the data, gaps, ends and static columns."""

from typing import Any

import torch
from torch import Tensor, nn

from wgan.data.series.codec import LARGEST_LOG, SeriesCodec
from wgan.data.series.long_tables import LongTable
from wgan.models.graphs.numbers import as_type, double, rounded
from wgan.models.graphs.tables import NO_NUMBER, TableDecoder, about_tables


class SeriesDecoder(nn.Module):
    """Stored series of what a network makes, as `SeriesCodec.decode` gives them."""

    mean: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, codec: SeriesCodec) -> None:
        super().__init__()
        self.codec = codec
        self.register_buffer("mean", double(codec.mean))
        self.register_buffer("scale", double(codec.scale))
        self.register_buffer("low", double(codec.low))
        self.register_buffer("high", double(codec.high))
        self.statics = None if codec.statics is None else TableDecoder(codec.statics)

    def forward(self, x: Tensor) -> Tensor:
        codec = self.codec
        planes = x.double()[:, :, 0].transpose(1, 2)
        values = self._values(planes[..., : codec.channels])
        place = codec.channels
        for channel in codec.masked:
            absent = planes[..., place : place + 1] <= 0.5
            is_channel = torch.arange(codec.channels, device=x.device) == channel
            values = torch.where(absent & is_channel, NO_NUMBER, values)
            place += 1
        if codec.ends:
            over = planes[:, 1:, place] <= 0.5
            over = torch.cat([torch.zeros_like(over[:, :1]), over], dim=1)
            ended = torch.cumsum(over.long(), dim=1) > 0
            values = torch.where(ended[..., None], NO_NUMBER, values)
            place += 1
        if self.statics is not None:
            described = self.statics(planes[:, 0, place:])[:, None]
            values = torch.cat([values, described.expand(-1, codec.length, -1)], dim=2)
        return as_type(values.reshape(x.shape[0], *codec.raw_shape), codec.dtype)

    def _values(self, channels: Tensor) -> Tensor:
        codec = self.codec
        values = channels * self.scale + self.mean
        if codec.gap_channel:
            gaps = torch.exp(values[..., -1:].clamp(-LARGEST_LOG, LARGEST_LOG))
            values = torch.cat([values[..., :-1], gaps], dim=2)
        if codec.low:
            values = torch.minimum(torch.maximum(values, self.low), self.high)
        return values if codec.table is None else _in_steps(codec.table, values)


def _in_steps(table: LongTable, values: Tensor) -> Tensor:
    """Return channels in the steps of the data, as `LongTable.rounded` does."""
    parts = []
    for i, column in enumerate(table.channels):
        x = values[..., i]
        boolean = column.kind == "boolean"
        parts.append(torch.round(x.clamp(0.0, 1.0)) if boolean else rounded(x, column.step))
    if table.clock is not None and len(parts) < values.shape[2]:
        gaps, tick = values[..., -1], table.clock.tick
        parts.append(torch.round(gaps / tick).clamp(min=1.0) * tick if tick else gaps)
    return torch.stack(parts, dim=2)


def about_series(codec: SeriesCodec) -> dict[str, Any]:
    """Return a description of steps, channels and static columns for a reader."""
    about: dict[str, Any] = {
        "length": codec.length,
        "channels": list(codec.headings) or [str(i + 1) for i in range(codec.channels)],
        "ends": codec.ends,
        "gap_channel": codec.gap_channel,
        "statics": [] if codec.statics is None else about_tables(codec.statics)["columns"],
        "clock": None,
    }
    clock = None if codec.table is None else codec.table.clock
    if clock is not None:
        about["clock"] = {
            "name": clock.name,
            "unit": clock.unit,
            "start": clock.start,
            "step": clock.step,
            "regular": clock.regular,
        }
    return about
