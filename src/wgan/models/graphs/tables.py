"""Tables in a graph: the values of columns, as matrices of tables hold them.

A category is the place of its level, a time its seconds since 1970, and NaN stands for a missing
value. What cells, spikes, twins, differences and sums are is said by `data.tables`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wgan.data.tables.cells import MARGIN, Cells
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.codes import ColumnCode
from wgan.data.tables.conditions import FREE
from wgan.data.tables.dates import nearest_written
from wgan.data.tables.rounding import SAME
from wgan.data.tables.rules import sums
from wgan.data.tables.schema import Column
from wgan.models.graphs.numbers import Place, double, rounded

NO_NUMBER = float("nan")
MARGIN_MONTHS = 12
"""Months around the times of a table: a form that writes years alone has the next year's begin."""


class CellNumbers(nn.Module):
    """Numbers of normal scores, as `Cells.numbers` gives them.

    Args:
        cells: the distribution of the numbers.
        step: numbers are multiples of it; 0: any number.
    """

    below: Tensor
    rise: Tensor
    lows: Tensor
    highs: Tensor
    first: Tensor
    last: Tensor

    def __init__(self, cells: Cells, step: float) -> None:
        super().__init__()
        self.step = step
        lows, highs = np.asarray(cells.lows), np.asarray(cells.highs)
        above = np.asarray(cells.heights)
        below = np.append(0.0, above[:-1])
        self.place = Place(above[:-1])
        self.register_buffer("below", double(below))
        self.register_buffer("rise", double(above - below))
        self.register_buffer("lows", double(lows))
        self.register_buffer("highs", double(highs))
        rounding = cells.rounding
        self.steps = rounding.steps or (step,) * bool(step)
        # F within a cell at which the part of each step begins, and how long the part is.
        self.begins = [0.0, *np.cumsum(rounding.shares[:-1]).tolist()]
        self.parts = rounding.shares or (1.0,)
        steps = np.asarray(self.steps).reshape(-1, 1)
        # The least and the largest multiple of each step in each cell.
        self.register_buffer("first", double(np.ceil(lows / steps - SAME)))
        self.register_buffer("last", double(np.floor(highs / steps + SAME)))

    def forward(self, score: Tensor) -> Tensor:
        height = torch.special.ndtr(score)
        cell = self.place(height)
        share = (height - self.below[cell]) / self.rise[cell]
        share = ((share - MARGIN) / (1 - 2 * MARGIN)).clamp(0.0, 1.0)
        if not self.steps:
            return self._within(self._spread(share, cell), cell)
        numbers = torch.zeros_like(share)
        for i, (begin, part) in enumerate(zip(self.begins, self.parts, strict=True)):
            inside = ((share - begin) / part).clamp(0.0, 1.0)
            multiples = self._multiples(self._spread(inside, cell), cell, i)
            numbers = torch.where(share >= begin, multiples, numbers)
        return numbers

    def _multiples(self, x: Tensor, cell: Tensor, i: int) -> Tensor:
        """Return the nearest multiples of a step within cells, as `round_within` does."""
        step = self.steps[i]
        low, high = self.first[i][cell], self.last[i][cell]
        nearest = torch.minimum(torch.maximum(torch.round(x / step), low), high) * step
        plain = self._within(rounded(x, self.step), cell)
        return torch.where(low <= high, rounded(nearest, step), plain)

    def _spread(self, share: Tensor, cell: Tensor) -> Tensor:
        """Return numbers so far up in their cells."""
        low, high = self.lows[cell], self.highs[cell]
        return low - self.step / 2 + share * (high - low + self.step)

    def _within(self, x: Tensor, cell: Tensor) -> Tensor:
        """Return numbers within their cells."""
        return torch.minimum(torch.maximum(x, self.lows[cell]), self.highs[cell])


class Written(nn.Module):
    """Times as a column can write them: the nearest months or years, where it writes no days."""

    starts: Tensor

    def __init__(self, column: Column, ends: tuple[float, float]) -> None:
        super().__init__()
        starts = _starts(column, ends)
        self.register_buffer("starts", double(starts))
        self.nearest = Place(starts[:-1] / 2 + starts[1:] / 2, right=True) if len(starts) else None

    def forward(self, x: Tensor) -> Tensor:
        if self.nearest is None:
            return x
        return torch.where(torch.isnan(x), x, self.starts[self.nearest(x)])


def _starts(column: Column, ends: tuple[float, float]) -> np.ndarray:
    """Return all times within the ends of a column that writes months or years, else none."""
    if column.kind != "datetime":
        return np.zeros(0)
    low, high = (np.array(end).astype("datetime64[s]").astype("datetime64[M]") for end in ends)
    count = int((high - low).astype(np.int64)) + 2 * MARGIN_MONTHS
    months = (low - MARGIN_MONTHS + np.arange(count + 1)).astype("datetime64[s]").astype(np.float64)
    written = np.unique(nearest_written(months, column.format))
    # A form that writes days leaves a time within a month as it is.
    within = months[:1] + 86400.0
    return np.zeros(0) if (nearest_written(within, column.format) == within).all() else written


class ColumnValues(nn.Module):
    """Values of a column, of its coded state and score: `Column.values`, and what follows it.

    Args:
        column: the column.
        coded: the column as networks see it, see `TableCodec.coded`.
        code: the place of its code.
        other: the column that it is a twin of or differs from; None: there is none.
        ends: the least and the largest time of the table.
    """

    by_state: Tensor

    def __init__(
        self,
        column: Column,
        coded: Column,
        code: ColumnCode,
        other: Column | None,
        ends: tuple[float, float],
    ) -> None:
        super().__init__()
        self.column, self.coded, self.code, self.other = column, coded, code, other
        places = [*coded.places.tolist(), NO_NUMBER]
        spikes = [*coded.spikes, *[NO_NUMBER] * bool(coded.twin), NO_NUMBER]
        table = places if not coded.is_number else [NO_NUMBER, *spikes][not coded.scored :]
        self.register_buffer("by_state", double(table))
        self.cells = CellNumbers(coded.cells, coded.step) if coded.scored else None
        self.written = Written(column, ends)
        self.coded_written = Written(coded, ends)

    def forward(self, x: Tensor, other: Tensor | None) -> Tensor:
        state = x.new_zeros(x.shape[0], dtype=torch.int64)
        for start, size in self.code.parts:
            state = state * size + x[:, start : start + size].argmax(1)
        values = self._values(x, state.clamp(0, max(self.coded.states - 1, 0)), other)
        if self.column.difference is None or other is None:
            return values
        return torch.where(torch.isnan(values), values, self._added(values, other))

    def _values(self, x: Tensor, state: Tensor, other: Tensor | None) -> Tensor:
        by_state = self.by_state[state]
        if self.cells is None:
            return by_state
        column = self.coded
        score = x[:, self.code.score].double() if self.code.scored else torch.zeros_like(by_state)
        numbers = self.cells(score)
        own = state == 0
        if column.twin and other is not None:
            same = state == column.twin_state
            median = self.cells(torch.zeros_like(score))
            known = rounded(torch.where(torch.isnan(other), median, other), column.step)
            known = known.clamp(column.cells.lows[0], column.cells.highs[-1])
            numbers = torch.where(same, known, numbers)
            own = own | same
        return torch.where(own, self.coded_written(numbers), by_state)

    def _added(self, difference: Tensor, other: Tensor) -> Tensor:
        """Return the numbers of differences from another column, see `differences.put_together`."""
        column = self.column
        assert column.difference is not None
        assert self.other is not None
        absent = torch.isnan(other)
        for code in (*self.other.codes, *self.other.unseen_codes):
            absent = absent | (other == code)
        known = torch.where(absent, column.difference.middle, other)
        start = rounded(column.difference.factor * known, column.step)
        x = rounded(start + torch.where(torch.isnan(difference), 0.0, difference), column.step)
        low, high = column.ends[0], column.ends[-1]
        x = torch.minimum(torch.maximum(x, start.clamp(max=low)), start.clamp(min=high))
        x = rounded(x, column.step)
        if column.low is not None:
            x = x.clamp(min=column.low)
        if column.high is not None:
            x = x.clamp(max=column.high)
        return self.written(x)


class TableDecoder(nn.Module):
    """Rows of a table of what a network makes, as `TableCodec.decode` gives them."""

    def __init__(self, codec: TableCodec) -> None:
        super().__init__()
        self.others = {**codec.twins, **codec.differences}
        ends = _ends(codec.learned)
        self.columns = nn.ModuleList()
        for i, (column, coded, code) in enumerate(
            zip(codec.learned, codec.coded, codec.codes, strict=True)
        ):
            other = codec.learned[self.others[i]] if i in self.others else None
            self.columns.append(ColumnValues(column, coded, code, other, ends))
        self.sums = sums(codec.rules)

    def forward(self, x: Tensor) -> Tensor:
        columns: list[Tensor] = []
        for i, column in enumerate(self.columns):
            columns.append(column(x, columns[self.others[i]] if i in self.others else None))
        for rule in self.sums:
            *parts, total = rule.places
            found = columns[parts[0]]
            for place in parts[1:]:
                found = found + columns[place]
            columns[total] = rounded(found, rule.step)
        return torch.stack(columns, dim=1)


def _ends(columns: Sequence[Column]) -> tuple[float, float]:
    """Return the least and the largest time of a table."""
    ends = [end for column in columns if column.kind == "datetime" for end in column.ends]
    return (min(ends), max(ends)) if ends else (0.0, 0.0)


def free_choices(codec: TableCodec, n: int) -> Tensor:
    """Return the choices of `n` rows of which no column is given, see `TableConditions`.

    Args:
        codec: the table's codec.
        n: the number of rows.
    """
    return torch.full((n, len(codec.learned)), FREE)


def about_tables(codec: TableCodec) -> dict[str, Any]:
    """Return a description of the columns for a reader."""
    places = iter(range(len(codec.learned)))
    columns: list[dict[str, Any]] = []
    for column in codec.columns:
        about: dict[str, Any] = {"name": column.name, "kind": column.kind, "dtype": column.dtype}
        if column.kind == "identifier":
            about |= {"place": None, "pattern": column.pattern, "start": column.start}
        else:
            place = next(places)
            choices = [] if place in codec.computed else _choices(codec.coded[place], column)
            about |= {"place": place, **_values(column), "choices": choices}
        columns.append(about)
    totals = sums(codec.rules)  # which are kept, since they are computed
    rules = [str(rule) for rule in codec.rules if rule not in totals]
    return {"columns": columns, "rules": rules}


def _values(column: Column) -> dict[str, Any]:
    """Return a description of the values of a column."""
    about: dict[str, Any] = {"missing": column.missing}
    if not column.is_number:
        return about | {"levels": list(column.levels)}
    low, high = (column.ends[0], column.ends[-1]) if column.ends else (None, None)
    about |= {"step": column.step, "low": low, "high": high, "format": column.format}
    return about | {"unit": "seconds since 1970" if column.kind == "datetime" else ""}


def _choices(coded: Column, column: Column) -> list[list[Any]]:
    """Return the values of a column that can be given, each with its choice; None: missing.

    For ordinary numbers, and for the value of a twin, cells are chosen instead of values.
    """
    first = len(coded.cells)
    if not column.is_number:
        found = [[column.levels[place], i] for i, place in enumerate(coded.places.tolist())]
    elif column.difference is not None:  # whose spikes are differences
        found = []
    else:
        found = [[spike, first + i] for i, spike in enumerate(coded.spikes)]
    return [*found, *[[None, coded.choices - 1]] * coded.missing_state]
