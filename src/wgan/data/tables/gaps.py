"""Rows of a table with gaps: what they hold, and the rows with something in the gaps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.frames import fields_of
from wgan.data.tables.numbering import identifiers
from wgan.data.tables.schema import UNSEEN, Column
from wgan.data.tables.series import no_level, numbers, spelled, without
from wgan.data.tables.steps import equal

NAMES_LISTED = 10
"""Columns that a note lists: more would not be read."""


@dataclass(frozen=True)
class Given:
    """Rows of a table, of which some cells or columns are missing.

    Attributes:
        raw: `[n, c]` values of the learned columns; NaN where there is none.
        gaps: where there is none.
        absent: which columns are not there at all.
        notes: what there is to say of the values, in sentences.
    """

    raw: Float[np.ndarray, "n c"]
    gaps: Bool[np.ndarray, "n c"]
    absent: Bool[np.ndarray, " c"]
    notes: tuple[str, ...] = ()

    def repeated(self, copies: int) -> "Given":
        """Return each row so often, one after the other."""
        raw, gaps = (np.repeat(each, copies, axis=0) for each in (self.raw, self.gaps))
        return replace(self, raw=raw, gaps=gaps)


@dataclass(frozen=True)
class Filling:
    """Rows with values for their gaps.

    Attributes:
        copies: how often each row comes back, one after the other.
        gaps: of given columns, which cells of the repeated rows are filled.
        values: what goes into them, in order.
        whole: the columns that were not given.
    """

    copies: int
    gaps: Mapping[str, Bool[np.ndarray, " n"]]
    values: Mapping[str, pd.Series]
    whole: Mapping[str, pd.Series]

    def spelled(self, codec: TableCodec) -> "Filling":
        """Return the same as fields of text.

        Args:
            codec: the table's codec.
        """
        columns = {column.name: column for column in codec.columns}
        values, whole = (
            {name: fields_of(series, columns[name]) for name, series in each.items()}
            for each in (self.values, self.whole)
        )
        return replace(self, values=values, whole=whole)

    def put_into(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the gaps filled; other cells stay as they are.

        Args:
            frame: the given rows, as values or as fields of text.
        """
        repeated = frame.iloc[np.repeat(np.arange(len(frame)), self.copies)]
        columns = {}
        for i, label in enumerate(frame.columns):
            series = repeated.iloc[:, i]
            gaps = self.gaps.get(str(label))
            if gaps is not None and gaps.any():
                series = _filled(series, gaps, self.values[str(label)])
            columns[label] = series.array
        columns |= {name: series.array for name, series in self.whole.items()}
        return pd.DataFrame(columns, index=repeated.index)


def given_rows(codec: TableCodec, frame: pd.DataFrame) -> Given:
    """Return rows as numbers, and where they have gaps.

    Args:
        codec: the table's codec.
        frame: the rows; some columns may be missing, and there may be others.

    Raises:
        WganError: two columns of a name, no rows, no column of the table, or a value that its
            column cannot have.
    """
    names = list(map(str, frame.columns))
    learned = [column.name for column in codec.learned]
    for name in names:
        if names.count(name) > 1:
            raise WganError(f"{names.count(name)} columns are called '{name}': rename all but one")
    if not len(frame):
        raise WganError("no rows to complete: give one or more")
    if not set(names) & set(learned):
        raise WganError(f"no learned column of the table is there: give some of {_listed(learned)}")
    notes = []
    extra = [name for name in names if name not in codec.names]
    if extra:
        notes.append(f"columns that the model does not know are kept as they are: {_listed(extra)}")
    absent = [name for name in learned if name not in names]
    if absent:
        notes.append(f"columns that are not there are drawn too: {_listed(absent)}")
    raw = np.full((len(frame), len(learned)), np.nan)
    gaps = np.ones(raw.shape, dtype=bool)
    for i, column in enumerate(codec.learned):
        if column.name in names:
            raw[:, i], gaps[:, i] = _values(column, frame.iloc[:, names.index(column.name)])
            notes += _notes(column, raw[:, i][~gaps[:, i]])
    return Given(raw, gaps, ~np.isin(learned, names), tuple(notes))


def filling(
    codec: TableCodec,
    frame: pd.DataFrame,
    given: Given,
    places: Int64[np.ndarray, " k"],
    raw: Float[np.ndarray, "k c"],
) -> Filling:
    """Return the values for the gaps of rows; no gap gets a missing value.

    Identifiers that are missing are new.

    Args:
        codec: the table's codec.
        frame: the given rows.
        given: the same as numbers, perhaps repeated.
        places: which of the repeated rows have gaps.
        raw: these rows without gaps.
    """
    n = len(given.raw)
    copies = n // len(frame)
    drawn = codec.frame(raw)
    series = {str(label): frame.iloc[:, i] for i, label in enumerate(frame.columns)}
    gaps, values, whole = {}, {}, {}
    for column in codec.columns:
        name = column.name
        if column.kind == "identifier" and name in series:
            gaps[name] = np.repeat(_is_missing(column, series[name]), copies)
            values[name] = _new_identifiers(column, series[name], int(gaps[name].sum()))
        elif name in series:
            i = codec.place(name)
            filled = given.gaps[places, i] & ~np.isnan(raw[:, i])
            gaps[name] = np.isin(np.arange(n), places[filled])
            values[name] = drawn[name][filled]
        else:
            whole[name] = identifiers(column, n) if column.kind == "identifier" else drawn[name]
    return Filling(copies, gaps, values, whole)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_LISTED} more" if len(names) > NAMES_LISTED else ""
    return ", ".join(f"'{name}'" for name in names[:NAMES_LISTED]) + more


def _is_missing(column: Column, series: pd.Series) -> Bool[np.ndarray, " n"]:
    return without(series, column.absent).isna().to_numpy(dtype=bool)


def _values(
    column: Column, series: pd.Series
) -> tuple[Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Return the values of a column, and where it has none."""
    gaps = _is_missing(column, series)
    if gaps.all():
        return np.full(len(series), np.nan), gaps
    if not column.is_number:
        texts = series[~gaps].astype(object).map(spelled)
        known = texts.isin(column.levels).to_numpy()
        if not known.all():
            first = int(known.argmin())
            row = int(np.flatnonzero(~gaps)[first]) + 1
            raise WganError(f"row {row}, {no_level(column, texts.iloc[first])}")
    return numbers(series, replace(column, missing=True)), gaps


def _notes(column: Column, x: Float[np.ndarray, " k"]) -> list[str]:
    """Return notes on values that were never learned, or lie outside."""
    state = column.state_of(x)
    unseen = state == UNSEEN
    notes = []
    if unseen.any():
        notes.append(
            f"{unseen.sum()} values were in held-out rows alone, so never learned: they are kept,"
            " and count as not given"
        )
    if column.scored:
        low, high = column.cells.lows[0], column.cells.highs[-1]
        outside = (state == 0) & ((x < low) | (x > high))
        words = f"lie beyond {column.spelled(low)} to {column.spelled(high)}, and count as the"
        words += " nearest end"
    else:
        nearest = column.values(state, np.zeros(len(x)))
        outside = ~unseen & ~equal(x, nearest, column.step)
        words = "are none of those learned, and count as the nearest"
    if column.is_number and outside.any():
        notes.append(f"{outside.sum()} values {words}")
    return [f"column '{column.name}': {words}" for words in notes]


def _new_identifiers(column: Column, known: pd.Series, n: int) -> pd.Series:
    """Return `n` new identifiers, none of those that are known."""
    present = known[~_is_missing(column, known)].astype(object).map(spelled)
    if n == 0:
        return known.iloc[:0]
    # As many more as are known: one of them may be among the new ones.
    new = identifiers(column, n + len(present))
    return new[~new.astype(object).map(spelled).isin(set(present))].iloc[:n]


def _filled(series: pd.Series, gaps: Bool[np.ndarray, " n"], values: pd.Series) -> pd.Series:
    """Return a column with values in its gaps, of its own type where that holds them.

    Whole numbers and booleans with gaps are read as floats and objects, so that there the type of
    the values comes first.
    """
    mixed = series.astype(object).to_numpy(dtype=object, copy=True)
    mixed[gaps] = values.astype(object).to_numpy(dtype=object)
    filled = pd.Series(mixed, index=series.index, dtype=object)
    types = [series.dtype, values.dtype]
    number = pd.api.types.is_numeric_dtype(values.dtype)
    as_objects = number and series.dtype == object
    if gaps.all() or as_objects or pd.api.types.is_float_dtype(series.dtype):
        types.reverse()
    for dtype in types:
        try:
            found = filled.astype(dtype)
        except (TypeError, ValueError, OverflowError):
            continue
        if found.astype(object).equals(filled):
            return found
        if (found.isna() == filled.isna()).all() and (found == filled)[~filled.isna()].all():
            return found
    return filled.infer_objects()
