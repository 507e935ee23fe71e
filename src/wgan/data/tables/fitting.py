"""Columns, fitted to some rows of a table, such as the training rows, with notes."""

from collections.abc import Iterator, Set
from dataclasses import replace
from itertools import count

import numpy as np
from jaxtyping import Bool, Float

from wgan.data.storage import Rows, chunks
from wgan.data.tables.cells import LEAST_HOLDERS, Cells
from wgan.data.tables.differences import with_differences
from wgan.data.tables.distribution import with_distribution
from wgan.data.tables.schema import UNSEEN, Column
from wgan.data.tables.twins import with_twins

PASS_BYTES = 256 * 2**20
"""Columns that are read in one pass over the rows take so much memory at most. A table of a million
rows and 20 columns takes one pass.
"""
MANY_LEVELS = 100
"""Levels of a column of texts from which on it is looked whether they repeat at all; names of
places or products have fewer, or repeat.
"""
NAMED = 5
"""Levels and codes that a note names: they fit on two lines of a terminal."""


def fitted_columns(
    columns: tuple[Column, ...],
    rows: Rows,
    chosen: Bool[np.ndarray, " n"],
    computed: Set[int] = frozenset(),
    bound: Set[int] = frozenset(),
) -> list[Column]:
    """Return the columns with the distributions that they have in the chosen rows.

    Steps, levels and spellings stay, so that a matrix of rows means the same.

    Args:
        columns: the learned columns.
        rows: `[n, columns]` rows.
        chosen: which rows to fit to.
        computed: places of columns that are not learned but computed.
        bound: places of columns that rules bind to others by their own numbers: these have no
            part in a difference.
    """
    fitted = [
        with_shares(_fitted(column, x[chosen], x[~chosen]), x[chosen])
        for column, x in zip(columns, _values(rows), strict=True)
    ]
    fitted = with_differences(fitted, rows, chosen, computed | bound)
    return with_twins(fitted, rows, chosen, computed)


def _values(rows: Rows) -> Iterator[Float[np.ndarray, " n"]]:
    """Yield each column of a matrix, which is in memory or in a file."""
    n, width = rows.shape
    at_once = max(1, PASS_BYTES // (n * rows.dtype.itemsize))
    for first in range(0, width, at_once):
        parts = [piece[:, first : first + at_once] for _, piece in chunks(rows)]
        yield from np.ascontiguousarray(np.concatenate(parts).T)


def without_unseen(column: Column) -> Column:
    """Return a fitted column without values that only rows have which it was not fitted on.

    A level keeps its place, and a number stands for its text.
    """
    unseen = set(column.unseen)
    names = (f"(held out {i})" for i in count(1))
    free = (name for name in names if name not in column.levels)
    texts = {level: next(free) for level in column.unseen}
    return replace(
        column,
        levels=tuple(texts.get(level, level) for level in column.levels),
        categories=tuple(level for level in column.categories if level not in unseen),
        unseen=tuple(texts.values()),
        unseen_codes=(),
    )


def as_read(column: Column) -> Column:
    """Return the column without what is fitted to rows."""
    return replace(
        column,
        spikes=(),
        codes=(),
        far_rows=0,
        cells=Cells(),
        shares=(),
        unseen=(),
        unseen_codes=(),
        unseen_missing=False,
        unseen_rows=0,
        twin="",
        difference=None,
    )


def _fitted(column: Column, x: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]) -> Column:
    before = column
    present = ~np.isnan(x)
    column = replace(as_read(column), unseen_missing=column.missing and bool(present.all()))
    if not column.is_number:
        counts = np.bincount(x[present].astype(np.int64), minlength=len(column.levels))
        unseen = tuple(column.levels[i] for i in np.flatnonzero(counts == 0))
        column = replace(column, unseen=unseen)
    elif present.any():
        codes = {*before.codes, *before.unseen_codes}
        column = with_distribution(column, x[present])
        column = replace(column, unseen_codes=tuple(sorted(codes - {*x[present].tolist()})))
    return replace(column, unseen_rows=int((column.state_of(others) == UNSEEN).sum()))


def with_shares(column: Column, x: Float[np.ndarray, " n"]) -> Column:
    """Return the column with the frequency of each state in x."""
    if not column.code_sizes:
        return column
    counts = np.bincount(column.state_of(x), minlength=column.states)
    return replace(column, shares=tuple((counts / len(x)).tolist()))


def notes_of(column: Column) -> Iterator[str]:
    """Yield notes for the user on a column, such as far values, twins, unseen values."""
    name = f"column '{column.name}'"
    if column.codes:
        codes = [
            f"{column.spelled(x)} ({column.shares[column.scored + i]:.2%} of the rows)"
            for i, x in enumerate(column.spikes)
            if x in column.codes
        ]
        yield (
            f"{name}: {_listed(codes)}: far from all others ({column.spelled(column.ends[0])} to"
            f" {column.spelled(column.ends[-1])}), so taken for codes and learned as states of"
            " their own; drop such rows if these are errors"
        )
    if column.far_rows:
        rows = (
            "1 row has a value" if column.far_rows == 1 else f"{column.far_rows} rows have values"
        )
        yield (
            f"{name}: {rows} far from all others ({column.spelled(column.ends[0])} to"
            f" {column.spelled(column.ends[-1])}) that fewer than {LEAST_HOLDERS} rows share, so"
            " counted as the nearest end and never generated; drop such rows if these are errors"
        )
    if _hardly_repeats(column):
        yield (
            f"{name}: {len(column.places)} different texts, most of which hardly repeat: samples"
            " repeat them word for word; drop the column, or make it an identifier in a schema, if"
            " they are private"
        )
    if column.twin:
        share = column.shares[column.twin_state]
        yield (
            f"{name}: the same as '{column.twin}' in {share:.2%} of the rows, which is learned as a"
            " state of its own"
        )
    if column.difference:
        far = column.difference.far_rows
        counted = (
            f", of which {far} lie far from all others and count as the nearest" if far else ""
        )
        yield f"{name}: learned as its {column.difference}{counted}"
    if column.unseen_rows:
        unseen = [repr(level) for level in column.unseen]
        unseen += map(column.spelled, column.unseen_codes)
        if column.unseen_missing:
            unseen.append("missing values")
        yield (
            f"{name}: {_listed(unseen) or 'values'} in held-out rows alone"
            f" ({column.unseen_rows} of them), so never generated; merge rare levels, or hold out"
            " other rows (data.split_seed)"
        )


def _hardly_repeats(column: Column) -> bool:
    """Whether a category has many levels, at least half of which are as rare as the rarest one."""
    shares = column.shares[: column.present_states]
    many = column.kind == "category" and len(shares) >= MANY_LEVELS
    # Noise of a private run can leave shares of 0, which say nothing.
    return many and 0 < float(np.median(shares)) <= min(shares)


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more
