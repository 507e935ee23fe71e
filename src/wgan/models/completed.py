"""Completed rows of a table: their missing cells are drawn, given the cells that they have.

The cells that a row has are given to the generator, numbers with their places in their cells, and
the others follow the conditional distribution that it has learned. What is drawn into a gap is a
value, by rejection of missing ones. A column that the rows lack is drawn as the data have it, so
some of it may be missing.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64
from scipy.special import ndtr, ndtri

from wgan.base.errors import WganError
from wgan.base.seeding import derive
from wgan.data import TableCodec
from wgan.data.tables.cells import MARGIN
from wgan.data.tables.conditions import FREE
from wgan.data.tables.content import read_content
from wgan.data.tables.frames import ENDINGS, is_text, read_frame, write_frame
from wgan.data.tables.gaps import Filling, filling, given_rows
from wgan.data.tables.libraries import Frame, as_pandas, is_frame, made_like
from wgan.data.tables.text import read_texts
from wgan.models.conditioned import LARGEST_BLOCK
from wgan.models.model import Model
from wgan.networks.autoregressive import TableGenerator
from wgan.networks.heads import numbers_of

TRIES = 100
"""Draws of a row after which a gap that is missing in all of them is left. A value that is there in
one of twenty draws is then found in 99.4 % of cases. Where a column does not apply it is always
missing, and rows of it would cost more draws for nothing.
"""
INSIDE = 1e-6
"""Least distance of a place in a cell from its ends: noise of single precision resolves no less."""


@dataclass(frozen=True)
class Completed:
    """Rows without gaps.

    Attributes:
        frame: the rows, each as often as it was completed, one after the other. Columns that were
            given come first, in their order.
        filled: cells that were drawn in columns that were given.
        notes: what else there is to say, in sentences.
    """

    frame: Frame
    filled: int
    notes: tuple[str, ...] = ()


def complete(model: Model, frame: Frame, copies: int = 1, seed: int = 0) -> Completed:
    """Return rows of a table with their missing cells drawn, given the cells that they have.

    What is there comes back as it is, and so do columns that the table has not. Identifiers that
    are missing are new.

    Args:
        model: a model of a table.
        frame: the rows, as a DataFrame of any library; columns of the table may be missing.
        copies: how often each row is completed.
        seed: random seed.

    Raises:
        WganError: a model of something else, no DataFrame, no rows, no column of the table, or a
            value that its column cannot have.
    """
    if not is_frame(frame):
        raise WganError(f"rows are completed as a DataFrame, and this is a {type(frame).__name__}")
    completed, _ = _complete(model, as_pandas(frame), copies, seed)
    return replace(completed, frame=made_like(frame, completed.frame))


def complete_file(
    model: Model, source: Path, out: Path, copies: int = 1, seed: int = 0
) -> Completed:
    """Write the rows of a table file with their missing cells drawn, as `complete` does.

    From text to text, fields that are there keep their spelling.

    Args:
        model: a model of a table.
        source: the file of the rows.
        out: the new file.
        copies: how often each row is completed.
        seed: random seed.

    Raises:
        WganError: as `complete`; a file that is no table, or an ending that no table has.
    """
    codec = _codec_of(model)
    for path in (source, out):
        if not path.name.lower().endswith(ENDINGS):
            raise WganError(f"{path}: tables alone are completed: give {', '.join(ENDINGS)}")
    frame = read_frame(source, codec)
    try:
        completed, fills = _complete(model, frame, copies, seed)
    except WganError as error:
        raise WganError(f"{source}: {error}") from None
    written = completed.frame
    if is_text(source) and is_text(out):
        written = fills.spelled(codec).put_into(read_texts(read_content(source)))
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
    gaps = given.gaps[places]
    raw = _drawn(model, codec, given.raw[places], gaps, ~given.absent, seed)
    left = gaps & np.isnan(raw) & ~given.absent
    notes = list(given.notes)
    for i in np.flatnonzero(left.any(axis=0)):
        notes.append(
            f"column '{codec.learned[i].name}': {left[:, i].sum()} cells stay empty, since they are"
            f" missing in all of {TRIES} draws"
        )
    fills = filling(codec, frame, given, places, raw)
    filled = int(sum(each.sum() for each in fills.gaps.values()))
    return Completed(fills.put_into(frame), filled, tuple(notes)), fills


def _drawn(
    model: Model,
    codec: TableCodec,
    raw: Float[np.ndarray, "n c"],
    gaps: Bool[np.ndarray, "n c"],
    there: Bool[np.ndarray, " c"],
    seed: int,
) -> Float[np.ndarray, "n c"]:
    """Return rows with their gaps drawn, as the model decodes them.

    A row is drawn again while a gap comes out as missing. After `TRIES` draws, the first one with
    the fewest missing is taken.

    Args:
        model: the model.
        codec: its codec.
        raw: the rows.
        gaps: where they have no value.
        there: the columns whose gaps are to be filled with values.
        seed: random seed.
    """
    y = np.where(gaps, FREE, codec.choices(raw))
    can_be_missing = [c.missing_state and c.present_states > 0 for c in codec.learned]
    wanted = gaps & there & np.array(can_be_missing)
    found = np.empty_like(raw)
    missing = np.full(len(raw), len(codec.learned) + 1)
    pending = np.arange(len(raw))
    tried = 0
    while len(pending) and tried < TRIES:
        # As many as before with each pass, so that at most about twice those needed are made.
        draws = max(1, min(tried, TRIES - tried))
        step = max(1, LARGEST_BLOCK // draws)
        for start in range(0, len(pending), step):
            part = pending[start : start + step]
            rows = np.repeat(part, draws)
            stream = derive(seed, "complete", tried, start)
            noise = _noise(model, codec, raw[rows], y[rows])
            x = model.sample(len(rows), stream, y[rows], noise)
            counts = (np.isnan(x) & wanted[rows]).sum(axis=1).reshape(len(part), draws)
            best = counts.argmin(axis=1)  # the first of the fewest
            better = counts.min(axis=1) < missing[part]
            chosen = x.reshape(len(part), draws, -1)[np.arange(len(part)), best]
            found[part[better]] = chosen[better]
            missing[part[better]] = counts.min(axis=1)[better]
        tried += draws
        pending = pending[missing[pending] > 0]
    return found


def _noise(
    model: Model, codec: TableCodec, raw: Float[np.ndarray, "n c"], y: Int64[np.ndarray, "n c"]
) -> Float[np.ndarray, "n noise"] | None:
    """Return the noise at which given numbers come out at their places in their cells.

    It is NaN for all other noise, and none for a generator of another form.
    """
    if not isinstance(model.generator, TableGenerator):
        return None
    noise = np.full((len(raw), model.noise), np.nan, dtype=np.float32)
    last = -1
    for i, (column, code) in enumerate(zip(codec.learned, codec.codes, strict=True)):
        last += numbers_of(code)
        given = (y[:, i] != FREE) & (y[:, i] < len(code.heights))  # a sum has none
        if given.any():
            heights = np.array([0.0, *code.heights])
            cell = y[given, i]
            rise = heights[cell + 1] - heights[cell]
            share = (ndtr(column.cells.scores(raw[given, i], column.step)) - heights[cell]) / rise
            place = (share - MARGIN) / (1 - 2 * MARGIN)
            noise[given, last] = ndtri(place.clip(INSIDE, 1 - INSIDE))
    return noise
