"""Given cells of twins whose other column is a gap: each is the twin, or a number of its own.

Which of the two is drawn by Bayes' rule, with the generator's own probabilities:

    p(twin) : p(own) = p(other = v) p(twin | other = v) : E p(own = v | other)

Where it is the twin, the other column is the same number. Other gaps are as a draw has them.
"""

import numpy as np
import torch
from jaxtyping import Float, Int64

from wgan.base.seeding import derive, numpy_generator
from wgan.data import TableCodec
from wgan.data.tables.conditions import FREE
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import SAME
from wgan.models.model import Model
from wgan.networks.autoregressive import TableGenerator

DRAWS = 8
"""Draws of the other gaps over which probabilities are means: their ratio is then right within a
third where they differ by a factor of two.
"""
PIECE = 4096
"""Rows whose probabilities are computed at once: some 100 MB for tables of 100 columns."""
Rows = Float[np.ndarray, "n c"]


def with_other_columns(model: Model, codec: TableCodec, known: Rows, seed: int) -> Rows:
    """Return rows in which cells that are twins of gaps are known there too.

    Rows stay as they are with a generator of another form, which gives no probabilities.

    Args:
        model: the model.
        codec: its codec.
        known: the rows, NaN where they have a gap.
        seed: random seed.
    """
    known = known.copy()
    if not isinstance(model.generator, TableGenerator):
        return known
    # Later columns first: the other column of a twin may be a twin itself.
    for i, j in sorted(codec.twins.items(), reverse=True):
        column = codec.learned[i]
        ordinary = column.state_of(known[:, i]) == 0
        rows = np.flatnonzero(ordinary & np.isnan(known[:, j]))
        for start in range(0, len(rows), PIECE // DRAWS):
            part = rows[start : start + PIECE // DRAWS]
            stream = derive(seed, "twins", i, start)
            share = _share_of_twins(model, codec, known[part], i, stream)
            same = numpy_generator(stream, "choice").random(len(part)) < share
            known[part[same], j] = known[part[same], i]
    return known


def _share_of_twins(
    model: Model, codec: TableCodec, known: Rows, i: int, seed: int
) -> Float[np.ndarray, " n"]:
    """Return the probability that the value of column i is that of its other column, a gap."""
    j = codec.twins[i]
    y = np.repeat(np.where(np.isnan(known), FREE, codec.choices(known)), DRAWS, axis=0)
    y[:, i] = FREE
    raw = model.draw(len(y), seed, y, rules=False).raw
    value = np.repeat(known[:, i], DRAWS)
    # Known cells with their own places, but those that the network does not know.
    raw = np.where(y == FREE, raw, np.repeat(known, DRAWS, axis=0))
    raw[:, i] = value
    own = np.where(codec.choices(raw)[:, i] == codec.learned[i].twin_choice, 0.0, 1.0)
    own *= _probability(model, codec, raw, [i]) * _in_its_cell(codec.learned[i], value)
    raw[:, j] = value
    twin = _probability(model, codec, raw, [i, j]) * _in_its_cell(codec.learned[j], value)
    twins, owns = (each.reshape(-1, DRAWS).sum(axis=1) for each in (twin, own))
    return np.asarray(twins / np.maximum(twins + owns, np.finfo(np.float64).tiny))


def _probability(
    model: Model, codec: TableCodec, raw: Rows, free: list[int]
) -> Float[np.ndarray, " n"]:
    """Return the probability of the choices of some columns, given all others."""
    assert isinstance(model.generator, TableGenerator)
    y: Int64[np.ndarray, "n c"] = codec.choices(raw)
    y[:, free] = FREE
    x = codec.unpack(codec.pack(raw)).float().to(model.device)
    with torch.no_grad():
        loss = model.generator.negative_log_likelihood(x, torch.from_numpy(y).to(model.device))
    return np.exp(-loss.double().cpu().numpy())


def _in_its_cell(column: Column, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the density of numbers in their cells, in steps where there are; a single number has
    the width of its rounding error.
    """
    if not column.scored:
        return np.ones(len(x)) / (column.step or 1.0)
    lows, highs = np.array(column.cells.lows), np.array(column.cells.highs)
    cell = column.cells.of(x)
    width = np.where(column.state_of(x) == 0, highs[cell] - lows[cell], 0.0) + column.step
    return 1 / np.maximum(width, SAME * np.maximum(np.abs(x), 1.0))
