"""Short questions to the data set of a table."""


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
