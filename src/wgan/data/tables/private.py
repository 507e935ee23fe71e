"""The codec of a table with differential privacy: from a public schema and noisy counts.

Each column is counted once: levels, or 256 ranges of equal width between the bounds of the schema;
single numbers are counted besides. One row adds 1 to one bin of each histogram, so h histograms
together change by sqrt(h) in the Euclidean norm (Dwork et al. 2006). All else follows from the
schema and the noisy counts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import sqrt
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.special import ndtri

from wgan.base.errors import WganError
from wgan.data.codec import Codec
from wgan.data.dataset import Dataset
from wgan.data.storage import Rows
from wgan.data.tables.cells import Cells
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.codes import SINGLE_DIGIT
from wgan.data.tables.corrections import is_public, read_corrections, read_rules
from wgan.data.tables.declared import declared_rules
from wgan.data.tables.fitting import as_read
from wgan.data.tables.public import public_columns, public_rows
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import rounded

RANGES = 256
"""Ranges of equal width in which numbers are counted. More would hold mostly noise: of 25,000 rows
a range has some 100, and the noise of epsilon = 1 is 60.
"""
MOST_POINTS = 2**17
"""Most single numbers that are counted. If there are more multiples of the step, those of ten
steps, of a hundred, ... are counted instead. Counts of doubles then take 1 MiB a column.
"""
FALSE_POINTS = 0.1
"""Most single numbers of a column that noise alone makes stand out, on average."""
MOST_SINGLE = 10
"""Single numbers that are cells, the most frequent ones. Each cuts a range in three, and all cells
should be told by one digit.
"""
LEAST_CERTAIN = 4.0
"""Fewest standard deviations of the noise in a cell's count, so that most of it is not noise."""
LEAST_SHARE = 0.1
"""Fewest rows that each choice counts as having, in standard deviations of the noise. A rare choice
may be there, and the networks begin with the logarithm of these frequencies.
"""

Normals = Callable[[int], Float[np.ndarray, " n"]]
"""n -> `[n]` secret standard normal numbers."""


@dataclass(frozen=True)
class PrivateTableCodec(TableCodec):
    """A codec of a table that was fitted with noise, once: it is never fitted again."""

    def fitted(self, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> "PrivateTableCodec":
        return self


def private_dataset(
    dataset: Dataset,
    schema: str | None,
    chosen: Bool[np.ndarray, " n"],
    noise: float,
    normals: Normals,
    known: Codec | None = None,
) -> Dataset:
    """Return the data set of a table as a private run takes it.

    Its fingerprint is that of the schema and the number of rows: one of the rows would let anybody
    test what they are.

    Args:
        dataset: the table as it was read with the schema.
        schema: the file of the schema; None: there is none.
        chosen: which rows are for training, of which alone there are counts.
        noise: noise multiplier of the counts.
        normals: the source of the noise.
        known: the codec that the run began with; None: it is fitted here.

    Raises:
        WganError: a schema that is not public or leaves something to the rows, or rows that do not
            fit it.
    """
    if schema is None or not is_public(Path(schema)):
        raise WganError(
            "privacy.epsilon: what columns hold must be known without the rows: give a --schema"
            " that says public = true in its first line, and of each column kind, of numbers low,"
            " high and step, and of categories levels"
        )
    codec = dataset.codec
    assert isinstance(codec, TableCodec)
    public = public_columns(codec.columns, read_corrections(Path(schema)))
    learned = [column for column in public if column.kind != "identifier"]
    rows = public_rows(dataset.rows, codec.learned, learned)
    if known is None:
        columns = _fitted(learned, rows[chosen], noise, normals)
    else:
        assert isinstance(known, TableCodec)
        columns = list(known.learned)
        if list(map(as_read, columns)) != learned:
            raise WganError(f"{schema}: is not the schema that the run was begun with: restore it")
    entries = read_rules(Path(schema))
    if any("together" in entry for entry in entries):
        raise WganError(
            "privacy.epsilon: a rule `together` keeps combinations that single rows have: leave it"
            " out of the schema"
        )
    named = {column.name: column for column in columns}
    fitted = PrivateTableCodec(tuple(named.get(column.name, column) for column in public))
    fitted = replace(fitted, rules=declared_rules(entries, fitted.columns, rows))
    if fitted.shape == (0,):
        raise WganError("schema: no column can vary: there is nothing to learn")
    digest = sha256(repr([public, entries, len(rows)]).encode()).hexdigest()
    return replace(dataset, rows=rows, codec=fitted, fingerprint=digest)


def _fitted(
    columns: Sequence[Column], rows: Float[np.ndarray, "n c"], noise: float, normals: Normals
) -> list[Column]:
    """Return the columns with frequencies and cells of noisy counts."""
    counted = [list(_counts(column, rows[:, i])) for i, column in enumerate(columns)]
    deviation = noise * sqrt(sum(map(len, counted)))
    # Rounded, so that the last bits of a double tell nothing.
    noisy = [[np.rint(c + deviation * normals(len(c))) for c in each] for each in counted]
    return [
        _with_counts(column, each, len(rows), deviation)
        for column, each in zip(columns, noisy, strict=True)
    ]


def _counts(column: Column, x: Float[np.ndarray, " n"]) -> Iterator[Float[np.ndarray, " k"]]:
    """Yield the histograms of a column: a row is in one bin of each, or in none.

    The first is of levels or ranges, and missing values last. A second is of single numbers, where
    ranges hold several.
    """
    absent = np.isnan(x)
    if not column.is_number:
        bins = np.where(absent, len(column.levels), x)
        yield _histogram(bins, len(column.levels) + column.missing)
        return
    grid = Grid.of(column)
    ranges = len(grid.starts) - 1
    yield _histogram(np.where(absent, ranges, grid.ranges_of(x)), ranges + column.missing)
    if grid.points > ranges:
        yield _histogram(grid.singles_of(x[~absent]), grid.singles)


def _histogram(bins: np.ndarray, size: int) -> Float[np.ndarray, " k"]:
    inside = bins[(bins >= 0) & (bins < size)].astype(np.int64)
    return np.bincount(inside, minlength=size).astype(np.float64)


@dataclass(frozen=True)
class Grid:
    """The public grid of a column of numbers.

    Attributes:
        column: the column, with its bounds and its step.
        first: the number of steps at the lower bound; 0 without a step.
        points: how many multiples of the step there are; 0 without one.
        starts: `[k + 1]` where ranges begin, in steps above the first, and the end of the last;
            without a step, in numbers.
        coarse: single numbers that are multiples of this many steps are counted.
    """

    column: Column
    first: int
    points: int
    starts: np.ndarray
    coarse: int = 1

    @classmethod
    def of(cls, column: Column) -> "Grid":
        """Return the grid of a column."""
        low, high, step = column.low, column.high, column.step
        assert low is not None
        assert high is not None
        if not step:
            return cls(column, 0, 0, np.linspace(low, high, RANGES + 1))
        # A ten-thousandth of a step takes rounding errors up to the whole step that they are of.
        first = int(np.ceil(low / step - 1e-4))
        points = int(np.floor(high / step + 1e-4)) - first + 1
        ranges = min(RANGES, points)
        starts = np.array([i * points // ranges for i in range(ranges + 1)])
        coarse = 1
        while points // coarse >= MOST_POINTS:
            coarse *= 10
        return cls(column, first, points, starts, coarse)

    def numbers(self, place: np.ndarray) -> Float[np.ndarray, " n"]:
        """Return the numbers at places of the grid."""
        if not self.points:
            return np.asarray(place, dtype=np.float64)
        return rounded((self.first + np.asarray(place)) * self.column.step, self.column.step)

    def places_of(self, x: Float[np.ndarray, " n"]) -> np.ndarray:
        """Return the places of numbers on the grid."""
        x = np.nan_to_num(x)
        if not self.points:
            return x
        return (np.rint(x / self.column.step) - self.first).clip(0, self.points - 1)

    def ranges_of(self, x: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return the number of the range of each x."""
        return np.searchsorted(self.starts[1:-1], self.places_of(x), side="right").astype(np.int64)

    @property
    def _first_single(self) -> int:
        return -(-self.first // self.coarse)

    @property
    def singles(self) -> int:
        """Number of single numbers that are counted."""
        return (self.first + self.points - 1) // self.coarse - self._first_single + 1

    def singles_of(self, x: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return the number of each x among the single numbers; -1 where it is none."""
        steps = self.places_of(x).astype(np.int64) + self.first
        return np.where(steps % self.coarse == 0, steps // self.coarse - self._first_single, -1)

    def place_of_single(self, i: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return the places of single numbers on the grid."""
        return (i + self._first_single) * self.coarse - self.first


def _with_counts(column: Column, noisy: Sequence[np.ndarray], n: int, deviation: float) -> Column:
    """Return the column with what noisy counts say of n rows."""
    counts = noisy[0]
    if not column.is_number:
        shares = _shares(counts, n, deviation)
        return replace(column, shares=tuple(shares.tolist())) if column.code_sizes else column
    grid = Grid.of(column)
    ranges = len(grid.starts) - 1
    singles = _singles(grid, noisy, n, deviation)
    lows, highs, sizes = _cells(grid, counts[:ranges], singles, n, deviation)
    shares = _shares(np.append(sizes, counts[ranges:]), n, deviation)
    present = float(shares[: len(sizes)].sum())
    heights = np.cumsum(shares[: len(sizes)]) / present
    heights[-1] = 1.0
    cells = Cells(tuple(lows.tolist()), tuple(highs.tolist()), tuple(heights.tolist()))
    states = (present, 1 - present) if column.missing else ()
    return replace(column, cells=cells, shares=states)


def _shares(counts: np.ndarray, n: int, deviation: float) -> Float[np.ndarray, " k"]:
    """Return frequencies: the nearest counts that are not negative and add up to n, none too small.

    Their projection onto the simplex (Duchi et al. 2008) takes most of the noise of empty bins.
    """
    falling = np.sort(counts)[::-1]
    excess = (np.cumsum(falling) - n) / np.arange(1, len(counts) + 1)
    taken = excess[np.flatnonzero(falling > excess)[-1]]
    kept = np.maximum(counts - taken, max(LEAST_SHARE * deviation, 1.0))
    shares: np.ndarray = kept / kept.sum()
    return shares


def _singles(grid: Grid, noisy: Sequence[np.ndarray], n: int, deviation: float) -> dict[int, float]:
    """Return the count of each single number that stands out, by its place on the grid."""
    if not grid.points:
        return {}
    ranges = len(grid.starts) - 1
    counts = noisy[1] if len(noisy) > 1 else noisy[0][:ranges]
    certain = deviation * max(float(ndtri(1 - FALSE_POINTS / len(counts))), LEAST_CERTAIN)
    found = np.flatnonzero(counts >= max(certain, n / SINGLE_DIGIT))
    if grid.points <= SINGLE_DIGIT:
        found = np.arange(grid.points)
    else:
        found = np.sort(found[np.argsort(-counts[found], kind="stable")[:MOST_SINGLE]])
    places = grid.place_of_single(found) if len(noisy) > 1 else found
    return dict(zip(places.tolist(), counts[found].tolist(), strict=True))


def _cells(
    grid: Grid, counts: np.ndarray, singles: dict[int, float], n: int, deviation: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the lows, highs and counts of cells: single numbers, and ranges between them.

    Neighbouring ranges are joined until they hold enough rows, and few enough are left.
    """
    pieces = list(_pieces(grid, counts, singles))
    most = SINGLE_DIGIT
    while True:
        # Too small counts are not cut off before: of many, what is cut off would add up.
        enough = max(n / most, LEAST_CERTAIN * deviation)
        cells: list[list[float]] = []
        closed = True
        for start, stop, count, single in pieces:
            if closed or single:
                cells.append([start, stop, count])
            else:
                cells[-1][1] = stop
                cells[-1][2] += count
            closed = single or cells[-1][2] >= enough
        if len(cells) <= SINGLE_DIGIT or most <= 1:
            break
        most -= 1
    starts, stops, sizes = np.array(cells).T
    step = 1 if grid.points else 0
    return grid.numbers(starts), grid.numbers(stops - step), sizes


def _pieces(
    grid: Grid, counts: np.ndarray, singles: dict[int, float]
) -> Iterator[tuple[float, float, float, bool]]:
    """Yield parts of ranges, and single numbers, in order.

    Each is its beginning, end, count, and whether it is a single number.
    """
    for start, stop, count in zip(grid.starts[:-1], grid.starts[1:], counts, strict=True):
        inside = [place for place in singles if start <= place < stop]
        rest = count - sum(singles[place] for place in inside)
        width = (stop - start) - len(inside)
        ends = [start, *(place + 1 for place in inside)]
        for begin, end, place in zip(ends, [*inside, stop], [*inside, None], strict=True):
            if end > begin:
                yield begin, end, rest * (end - begin) / width, False
            if place is not None:
                yield place, place + 1, singles[place], True
