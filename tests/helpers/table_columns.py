"""Short questions to the data set of a table."""

import numpy as np

from wgan.data.tables.cells import LEAST_HOLDERS


def kinds(dataset):
    """Return the kind of each column by its name."""
    return {column.name: column.kind for column in dataset.codec.columns}


def column_of(dataset, name):
    """Return the column of that name."""
    return next(column for column in dataset.codec.columns if column.name == name)


def back(dataset):
    """Return a table after coding and decoding.

    The few numbers that lie in no cell, such as extremes, are put back; others must come back.
    """
    raw = dataset.rows[:]
    again = dataset.codec.decode(dataset.encode(raw))
    for i, column in enumerate(dataset.codec.learned):
        if column.scored:
            outside = (column.state_of(raw[:, i]) == 0) & ~is_inside(column.cells, raw[:, i])
            assert outside.sum() < max(2 * LEAST_HOLDERS, 0.01 * len(raw))
            again[outside, i] = raw[outside, i]
    return dataset.codec.frame(again)


def is_inside(cells, x):
    """Return which numbers lie in a cell."""
    of = cells.of(np.nan_to_num(x))
    return (np.array(cells.lows)[of] <= x) & (x <= np.array(cells.highs)[of])


def learned(frame):
    """Return the fixture `mixed` without its identifiers."""
    return frame.drop(columns="customer_id")


def draw(codec, n, random):
    """Return rows of which each column is drawn from the codec alone, by itself."""
    columns = []
    for column in codec.learned:
        shares = np.array(column.shares or (1.0,))
        state = random.choice(len(shares), n, p=shares / shares.sum())
        columns.append(column.values(state, random.normal(size=n)))
    return np.stack(columns, axis=1)
