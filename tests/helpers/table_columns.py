"""Short questions to the data set of a table."""

import numpy as np


def kinds(dataset):
    """Return the kind of each column by its name."""
    return {column.name: column.kind for column in dataset.codec.columns}


def column_of(dataset, name):
    """Return the column of that name."""
    return next(column for column in dataset.codec.columns if column.name == name)


def back(dataset):
    """Return a table after coding and decoding."""
    return dataset.codec.frame(dataset.codec.decode(dataset.encode(dataset.rows[:])))


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
