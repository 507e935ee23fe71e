"""Objects in memory as data sets: a table, an array, or encoded pictures."""

import warnings
from pathlib import Path

from wgan.base.errors import WganError
from wgan.base.files import check_regular
from wgan.data import arrays
from wgan.data.dataset import Dataset
from wgan.data.ecosystem.arrived import Arrived
from wgan.data.encoded import from_encoded
from wgan.data.options import Options, refuse_other_kind
from wgan.data.tables import frames
from wgan.data.tables.corrections import read_corrections, read_rules


def from_object(arrived: Arrived, options: Options) -> Dataset:
    """Return the data set of an object, with its labels.

    Args:
        arrived: what the object holds.
        options: how it is read.

    Raises:
        WganError: settings that do not fit what it holds, or values that nothing can be learned
            from.
    """
    say_notes(arrived)
    kind, labels, schema = options.kind, options.labels, options.schema
    progress = options.progress
    if arrived.is_table:
        if labels is not None:
            raise WganError(
                "labels of a table: each column can be asked for when sampling, so leave them out"
            )
        refuse_other_kind("a DataFrame", kind, "tables")
        if schema:
            check_regular(Path(schema))
        corrections = read_corrections(Path(schema)) if schema else None
        rules = read_rules(Path(schema)) if schema else []
        table = arrived.values
        return frames.from_frame(table, corrections=corrections, progress=progress, rules=rules)
    if labels is not None and arrived.labels is None:
        raise WganError("labels of an array in memory: use load(array).with_labels(values)")
    if schema:
        raise WganError("data.schema applies to tables: leave it out")
    name = arrived.name or "<array>"
    if arrived.is_encoded:
        mode = options.mode
        data = from_encoded(arrived.values, name, options.resize, mode, kind, progress)
    else:
        data = arrays.from_memory(arrived.values, name, kind, progress)
    if arrived.labels is None:
        return data
    try:
        return data.with_labels(arrived.labels, f"{name}, labels")
    except WganError as error:
        if labels is not None:
            raise
        warnings.warn(f"{error}; they are left out", stacklevel=3)
        return data


def say_notes(arrived: Arrived) -> None:
    """Say what was guessed of an object, and what is left out, each as a `UserWarning`."""
    for note in arrived.notes:
        warnings.warn(note, stacklevel=3)
