"""Completed rows of a table: their missing cells are drawn, given the cells that they have.

The cells that a row has are given to the generator, numbers with their places in their cells, and
the others follow its joint distribution given these. A gap is filled with a value, by rejection of
missing ones, see `models.drawn_gaps`. A column that the rows lack is drawn as in the data, so some
of its values may be missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.data import TableCodec
from wgan.data.ecosystem.families import opened
from wgan.data.ecosystem.frames import Frame
from wgan.data.encodings import UTF_8, check_encoding
from wgan.data.tables.content import read_content
from wgan.data.tables.excel import refuse_other_spreadsheets
from wgan.data.tables.frames import ENDINGS, is_text, read_frame, write_frame
from wgan.data.tables.gaps import Filling, filling, given_rows
from wgan.data.tables.text import read_texts
from wgan.models.drawn_gaps import TRIES, drawn_gaps
from wgan.models.model import Model


@dataclass(frozen=True)
class Completed:
    """Rows without gaps.

    Attributes:
        frame: the rows, each as often as it was completed, one after the other. Columns that were
            given come first, in their order.
        filled: cells that were drawn in columns that were given.
        notes: further notes, in sentences.
    """

    frame: Frame
    filled: int
    notes: tuple[str, ...] = ()


def complete(
    model: Model,
    frame: Frame,
    copies: int = 1,
    seed: int = 0,
    names: Sequence[Any] | None = None,
) -> Completed:
    """Return rows of a table with their missing cells drawn, given the cells that they have.

    Known cells come back as they are, and so do columns that the table does not have. Missing
    identifiers get new values.

    Args:
        model: a model of a table.
        frame: the rows, as a DataFrame of any library; columns of the table may be missing.
        copies: how often each row is completed.
        seed: random seed.
        names: the names of the table's columns, for those that a DataFrame of pandas lacks, which
            need not be text; None: as the model has them.

    Raises:
        WganError: a model of other data, something else than a DataFrame, no rows, no column of the
            table, or a value that its column cannot have.

    See also:
        complete_file: the same from file to file.
        sample_where: rows under conditions.
    """
    arrived = opened(frame)
    if not arrived.is_table:
        raise WganError(f"rows are completed as a DataFrame, and this is a {type(frame).__name__}")
    completed, _ = _complete(model, arrived.values, copies, seed)
    if names is not None and isinstance(frame, pd.DataFrame):
        own = dict(zip(_codec_of(model).names, names, strict=True))
        added = [own[name] for name in completed.frame.columns[frame.shape[1] :]]
        return replace(completed, frame=completed.frame.set_axis([*frame.columns, *added], axis=1))
    return replace(completed, frame=arrived.like(completed.frame, None))


def complete_file(
    model: Model,
    source: Path,
    out: Path,
    copies: int = 1,
    seed: int = 0,
    encoding: str = UTF_8,
    sheet: str | None = None,
) -> Completed:
    """Write the rows of a table file with their missing cells drawn, as `complete` does.

    If both files are text, known fields keep their spelling.

    Args:
        model: a model of a table.
        source: the file of the rows.
        out: the new file.
        copies: how often each row is completed.
        seed: random seed.
        encoding: the encoding of the text of `source`.
        sheet: the sheet of an `.xlsx` that is read if it has one of that name; else the first.

    Raises:
        WganError: as `complete`; a file that is not a table, or an ending that no table has.
    """
    codec = _codec_of(model)
    refuse_other_spreadsheets(source)
    for path in (source, out):
        if not path.name.lower().endswith(ENDINGS):
            raise WganError(f"{path}: tables alone are completed: give {', '.join(ENDINGS)}")
    encoding = check_encoding(encoding)
    frame = read_frame(source, codec, encoding, sheet)
    try:
        completed, fills = _complete(model, frame, copies, seed)
    except WganError as error:
        raise WganError(f"{source}: {error}") from None
    written = completed.frame
    if is_text(source) and is_text(out):
        written = fills.spelled(codec).put_into(read_texts(read_content(source, encoding=encoding)))
    write_frame(written, codec, out)
    return completed


def _codec_of(model: Model) -> TableCodec:
    if not isinstance(model.codec, TableCodec):
        raise WganError("rows are completed by models of tables, and this one is of other data")
    return model.codec


def _complete(
    model: Model, frame: pd.DataFrame, copies: int, seed: int
) -> tuple[Completed, Filling]:
    codec = _codec_of(model)
    given = given_rows(codec, frame).repeated(copies)
    places = np.flatnonzero(given.gaps.any(axis=1))
    drawn = drawn_gaps(model, codec, given.raw[places], ~given.absent, seed)
    left = given.gaps[places] & np.isnan(drawn.raw) & ~given.absent
    notes = [*given.notes, *drawn.notes]
    for i in np.flatnonzero(left.any(axis=0)):
        notes.append(
            f"column '{codec.learned[i].name}': {left[:, i].sum()} cells stay empty, since they are"
            f" missing in all of {TRIES} draws"
        )
    fills = filling(codec, frame, given, places, drawn.raw)
    filled = int(sum(each.sum() for each in fills.gaps.values()))
    return Completed(fills.put_into(frame), filled, tuple(notes)), fills
