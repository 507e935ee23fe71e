"""Given cells of twins and differences whose other column is a gap, which then follows from them.

A twin is the same as the other column, or has a number of its own. Which of the two is drawn by
Bayes' rule, with the generator's own probabilities:

    p(twin) : p(own) = p(other = v) p(twin | other = v) : E p(own = v | other)

If the known column is the twin, the other column is the same number. Other gaps are filled as in a
draw.

A number v that is learned as its difference d leaves v - d to the other column. Differences d_k are
drawn, and one of them is taken with the weight p(other = v - d_k | d_k), since both together have

    p(other = v - d, d) = p(d) p(other = v - d | d).
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64

from wgan.base.seeding import derive, numpy_generator
from wgan.data import TableCodec
from wgan.data.tables.conditions import FREE
from wgan.data.tables.differences import without_codes
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import SAME
from wgan.data.tables.totals import are_values
from wgan.data.tables.twins import within
from wgan.models.model import Model
from wgan.networks.autoregressive import TableGenerator

DRAWS = 8
"""Draws of the other gaps over which probabilities are means: their ratio is then right within a
third where they differ by a factor of two.
"""
DIFFERENCES = 64
"""Draws of a difference, of which one is taken. Between two known columns, a draw in ten fits where
differences have ten values: all but one row in a thousand then have one that fits.
"""
TRIES = 4
"""Tries before the other column is drawn freely, since no draw fits."""
PIECE = 4096
"""Rows whose probabilities are computed at once: some 100 MB for tables of 100 columns."""
Rows = Float[np.ndarray, "n c"]


def with_other_columns(model: Model, codec: TableCodec, known: Rows, seed: int) -> Rows:
    """Return rows in which gaps are known that given cells are twins of, or differences from.

    With a generator of another form, which gives no probabilities, no cell is a twin of a gap, and
    all differences are equally likely.

    Args:
        model: the model.
        codec: its codec.
        known: the rows, NaN where they have a gap.
        seed: random seed.
    """
    known = known.copy()
    likelihood = isinstance(model.generator, TableGenerator)
    pairs = [*(codec.twins if likelihood else {}).items(), *codec.differences.items()]
    # Later columns first: the other column may have one itself.
    for i, j in sorted(pairs, reverse=True):
        given = ~np.isnan(known[:, i])
        if i in codec.twins:
            given &= codec.learned[i].state_of(known[:, i]) == 0
        for trial in range(1 if i in codec.twins else TRIES):
            rows = np.flatnonzero(given & np.isnan(known[:, j]))
            at_once = PIECE // (DRAWS if i in codec.twins else DIFFERENCES)
            for start in range(0, len(rows), at_once):
                part = rows[start : start + at_once]
                stream = derive(seed, "twins", i, start, *[trial] * (trial > 0))
                random = numpy_generator(stream, "choice").random(len(part))
                if i in codec.twins:
                    same = random < _share_of_twins(model, codec, known[part], i, stream)
                    known[part[same], j] = known[part[same], i]
                else:
                    last = trial == TRIES - 1
                    found = _other_of_difference(model, codec, known[part], i, stream, random, last)
                    known[part, j] = found
    return known


def given_choices(codec: TableCodec, known: Rows) -> Int64[np.ndarray, "n c"]:
    """Return the choices of cells that are known, -1 for gaps and for differences from a gap.

    Args:
        codec: the table's codec.
        known: the rows, NaN where they have a gap.
    """
    y = np.where(np.isnan(known), FREE, codec.choices(known))
    for i, j in codec.differences.items():
        y[np.isnan(known[:, j]), i] = FREE
    return y


def _other_of_difference(
    model: Model,
    codec: TableCodec,
    known: Rows,
    i: int,
    seed: int,
    random: Float[np.ndarray, " n"],
    beyond: bool,
) -> Float[np.ndarray, " n"]:
    """Return values of the other column of column i, which is a difference.

    They are a gap where the column is known, and NaN where none was found.

    If that column is a difference from a gap too, this keeps its drawn difference, and so on.

    Args:
        model: the model.
        codec: its codec.
        known: the rows.
        i: place of the column.
        seed: random seed.
        random: uniform numbers, by which one of the draws is chosen.
        beyond: whether a value may lie beyond the range of its column, as the given one may.
    """
    known = np.repeat(known, DIFFERENCES, axis=0)
    drawn = model.draw(len(known), seed, given_choices(codec, known), rules=False, candidates=1).raw
    difference = codec.apart(drawn)
    raw, free = _moved(codec, known, drawn, difference, i)
    found = raw[:, codec.differences[i]]
    weight = np.where(np.isnan(found) | np.isnan(difference[:, i]), 0.0, 1.0)
    likelihood = isinstance(model.generator, TableGenerator)
    weight *= _probability(model, codec, raw, free) if likelihood else 1.0
    coded = codec.apart(raw)
    for place in np.flatnonzero(free.any(axis=0)).tolist():
        column = codec.coded[place]
        density = _in_its_cell(column, coded[:, place]) if likelihood else np.ones(len(raw))
        if place in codec.differences or not beyond:
            density *= are_values(column, coded[:, place])
        weight *= np.where(free[:, place], density, 1.0)
    heights = np.cumsum(weight.reshape(-1, DIFFERENCES), axis=1)
    chosen = (heights < random[:, None] * heights[:, -1:]).sum(axis=1)
    found = found.reshape(-1, DIFFERENCES)[np.arange(len(random)), chosen]
    return np.where(heights[:, -1] > 0, found, np.nan)


def _moved(
    codec: TableCodec, known: Rows, drawn: Rows, difference: Rows, i: int
) -> tuple[Rows, Bool[np.ndarray, "n c"]]:
    """Return draws, moved so that column i has its known value and all differences stay.

    Args:
        codec: the table's codec.
        known: the rows, NaN where they have a gap.
        drawn: draws of them.
        difference: the differences of the draws.
        i: place of the column.

    Returns:
        The rows, and the columns whose probability is that of the move: the first one of the chain
        that was moved, and known differences from what was moved.
    """
    raw = np.where(np.isnan(known), drawn, known)
    free = np.zeros(raw.shape, dtype=bool)
    moves = np.ones(len(raw), dtype=bool)
    path = [i]
    while path[-1] in codec.differences and moves.any():
        place, j = path[-1], codec.differences[path[-1]]
        column, other = codec.learned[place], codec.learned[j]
        assert column.difference is not None
        x = column.difference.undone(raw[:, place], difference[:, place], other.step)
        # Missing where the other column is: there is no difference then.
        x = np.where(np.isnan(drawn[:, j]), np.nan, other.written(within(other, x)))
        raw[moves, j] = x[moves]
        free[:, place] &= ~moves
        free[:, j] |= moves
        path.append(j)
        for k in (k for k, m in codec.differences.items() if m == j and k != place):
            free[:, k] |= moves & ~np.isnan(known[:, k])
        if j in codec.differences:
            moves &= np.isnan(known[:, codec.differences[j]])
    for k, m in sorted(codec.differences.items()):
        column = codec.learned[k]
        if k not in path and column.difference is not None:
            other_values = without_codes(codec.learned[m], raw[:, m])
            x = column.difference.added(difference[:, k], other_values, column.step)
            raw[:, k] = np.where(np.isnan(known[:, k]), x, known[:, k])
    return raw, free


def _share_of_twins(
    model: Model, codec: TableCodec, known: Rows, i: int, seed: int
) -> Float[np.ndarray, " n"]:
    """Return the probability that the value of column i is that of its other column, a gap."""
    j = codec.twins[i]
    y = np.repeat(given_choices(codec, known), DRAWS, axis=0)
    y[:, i] = FREE
    raw = model.draw(len(y), seed, y, rules=False, candidates=1).raw
    value = np.repeat(known[:, i], DRAWS)
    # Known cells with their own places, but those that the network does not know.
    raw = np.where(y == FREE, raw, np.repeat(known, DRAWS, axis=0))
    raw[:, i] = value
    own = np.where(codec.choices(raw)[:, i] == codec.learned[i].twin_choice, 0.0, 1.0)
    places = np.arange(raw.shape[1])
    own *= _probability(model, codec, raw, places == i) * _in_its_cell(codec.coded[i], value)
    raw[:, j] = value
    twin = _probability(model, codec, raw, np.isin(places, [i, j]))
    twin *= _in_its_cell(codec.coded[j], codec.apart(raw)[:, j])
    twins, owns = (each.reshape(-1, DRAWS).sum(axis=1) for each in (twin, own))
    return np.asarray(twins / np.maximum(twins + owns, np.finfo(np.float64).tiny))


def _probability(
    model: Model, codec: TableCodec, raw: Rows, free: Bool[np.ndarray, "*n c"]
) -> Float[np.ndarray, " n"]:
    """Return the probability of the choices of free columns, given all others."""
    assert isinstance(model.generator, TableGenerator)
    y: Int64[np.ndarray, "n c"] = np.where(free, FREE, codec.choices(raw))
    x = codec.unpack(codec.pack(raw)).float().to(model.device)
    with torch.no_grad():
        loss = model.generator.negative_log_likelihood(x, torch.from_numpy(y).to(model.device))
    return np.exp(-loss.double().cpu().numpy())


def _in_its_cell(column: Column, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the density of numbers in their cells, in steps if the column has them.

    A single number has the width of its rounding error.
    """
    if not column.scored:
        return np.ones(len(x)) / (column.step or 1.0)
    lows, highs = np.array(column.cells.lows), np.array(column.cells.highs)
    cell = column.cells.of(x)
    width = np.where(column.state_of(x) == 0, highs[cell] - lows[cell], 0.0) + column.step
    return 1 / np.maximum(width, SAME * np.maximum(np.abs(x), 1.0))
