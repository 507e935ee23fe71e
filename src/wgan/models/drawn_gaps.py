"""Draws of the missing cells of rows, given the others: values that keep the rules of the table.

Known cells are taken as they are. So twins, sums and rules use them, and not the network's codes of
them. A cell that follows from known ones by a sum is known too.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.special import ndtr, ndtri
from torch import Tensor

from wgan.base.seeding import derive
from wgan.data import TableCodec
from wgan.data.tables.cells import MARGIN
from wgan.data.tables.conditions import FREE
from wgan.data.tables.rules import Date, Order, Sum
from wgan.data.tables.totals import are_values, followed
from wgan.models.conditioned import LARGEST_BLOCK
from wgan.models.given_twins import given_choices, with_other_columns
from wgan.models.model import Model
from wgan.networks.autoregressive import TableGenerator
from wgan.networks.heads import numbers_of

TRIES = 100
"""Draws of a row after which a gap that is missing in all of them is left. A value that is there in
one of twenty draws is then found in 99.4 % of cases. A column that does not apply to a row is
always missing, and more draws would cost time for nothing.
"""
RULE_TRIES = 1000
"""Draws of a row after which a rule that none of them kept is given up, for this row. One that a
draw keeps in a hundred is then kept in all but 4 of 100,000 rows, and a thousand rows that cannot
keep it cost a million draws.
"""
INSIDE = 1e-6
"""Least distance of a place in a cell from its ends: noise of single precision resolves no less."""
Rows = Float[np.ndarray, "n c"]


@dataclass(frozen=True)
class DrawnGaps:
    """Rows whose gaps were drawn.

    Attributes:
        raw: `[n, c]` the rows; NaN where a gap is left.
        notes: which rules are broken, in sentences.
    """

    raw: Rows
    notes: tuple[str, ...] = ()


def drawn_gaps(
    model: Model, codec: TableCodec, raw: Rows, there: Bool[np.ndarray, " c"], seed: int
) -> DrawnGaps:
    """Return rows with their gaps drawn.

    A row is drawn again while a gap comes out as missing, or a rule is broken. After `TRIES` draws,
    and `RULE_TRIES` for rules, the first one with the fewest faults is taken. A rule that known
    cells break by themselves does not count in that row.

    Args:
        model: the model.
        codec: its codec.
        raw: the rows, NaN where they have a gap.
        there: the columns whose gaps are to be filled with values.
        seed: random seed.
    """
    known = raw.copy()
    wanted = np.isnan(raw) & there & _can_be_missing(codec)
    followed(codec.rules, codec.learned, known, ~np.isnan(raw))
    known = with_other_columns(model, codec, known, seed)
    followed(codec.rules, codec.learned, known, ~np.isnan(known))
    y = given_choices(codec, known)
    exempt = _broken_by_known(codec, known)
    found = np.empty_like(raw)
    faults = np.full(len(raw), np.inf)
    pending = np.arange(len(raw))
    tried = 0
    while len(pending):
        limit = TRIES if tried < TRIES else RULE_TRIES
        # As many as before with each pass, so that at most about twice those needed are made.
        draws = max(1, min(tried, limit - tried))
        step = max(1, LARGEST_BLOCK // draws)
        for start in range(0, len(pending), step):
            part = pending[start : start + step]
            rows = np.repeat(part, draws)
            stream = derive(seed, "complete", tried, start)
            x = _draw(model, codec, known[rows], y[rows], stream)
            broken = (_broken(codec, x, known[rows]) & ~exempt[rows]).sum(axis=1)
            missing = (np.isnan(x) & wanted[rows]).sum(axis=1)
            # A broken rule is worse than all gaps of a row.
            counts = (broken * (raw.shape[1] + 1) + missing).reshape(len(part), draws)
            best = counts.argmin(axis=1)  # the first of the fewest
            better = counts.min(axis=1) < faults[part]
            chosen = x.reshape(len(part), draws, -1)[np.arange(len(part)), best]
            found[part[better]] = chosen[better]
            faults[part[better]] = counts.min(axis=1)[better]
        tried += draws
        # Missing values are waited for up to `TRIES` alone.
        least = 1 if tried < TRIES else raw.shape[1] + 1
        pending = pending[faults[pending] >= least] if tried < RULE_TRIES else pending[:0]
    return DrawnGaps(found, _notes(codec, exempt, _broken(codec, found, known) & ~exempt))


def _draw(
    model: Model, codec: TableCodec, known: Rows, y: Int64[np.ndarray, "n c"], seed: int
) -> Rows:
    """Return one draw of each row, in which known cells are as they are."""

    def decode(x: Tensor, rows: Int64[np.ndarray, " k"]) -> np.ndarray:
        return codec.decode(x, known[rows])

    noise = noise_of(model, codec, known, y)
    return model.draw(len(known), seed, y, noise, rules=False, decode=decode).raw


def _can_be_missing(codec: TableCodec) -> Bool[np.ndarray, " c"]:
    return np.array([c.missing_state and c.present_states > 0 for c in codec.learned])


def _broken(codec: TableCodec, raw: Rows, known: Rows) -> Bool[np.ndarray, "n rules"]:
    """Return which rules rows break; a difference that its column cannot have breaks its sum."""
    broken = np.zeros((len(raw), len(codec.rules)), dtype=bool)
    for k, rule in enumerate(codec.rules):
        broken[:, k] = ~rule.holds(raw)
        if isinstance(rule, Sum):
            total = ~np.isnan(known[:, rule.places[-1]])
            for i in set(rule.places) - codec.computed:
                gap = total & np.isnan(known[:, i])
                broken[:, k] |= gap & ~are_values(codec.learned[i], raw[:, i])
    return broken


def _broken_by_known(codec: TableCodec, known: Rows) -> Bool[np.ndarray, "n rules"]:
    """Return which rules rows break by known cells, for any values in their gaps."""
    broken = np.zeros((len(known), len(codec.rules)), dtype=bool)
    for k, rule in enumerate(codec.rules):
        broken[:, k] = ~rule.holds(known)
        # These hold where a value is missing, unless the others break them.
        if not isinstance(rule, Order | Date):
            broken[:, k] &= ~np.isnan(known[:, list(rule.places)]).any(axis=1)
    return broken


def _notes(
    codec: TableCodec,
    exempt: Bool[np.ndarray, "n rules"],
    broken: Bool[np.ndarray, "n rules"],
) -> tuple[str, ...]:
    """Return sentences on rules that rows break."""
    notes = []
    for k, rule in enumerate(codec.rules):
        if exempt[:, k].any():
            notes.append(
                f"rule '{rule}': {exempt[:, k].sum()} rows break it by the cells that they have,"
                " and were completed without it"
            )
        if broken[:, k].any():
            notes.append(
                f"rule '{rule}': {broken[:, k].sum()} rows break it, or hold a difference that its"
                f" column never had, since none of {RULE_TRIES} draws kept it with the cells that"
                " they have"
            )
    return tuple(notes)


def noise_of(
    model: Model, codec: TableCodec, raw: Rows, y: Int64[np.ndarray, "n c"]
) -> Float[np.ndarray, "n noise"] | None:
    """Return the noise at which given numbers come out at their places in their cells.

    It is NaN for all other noise, and none for a generator of another form.

    Args:
        model: the model.
        codec: its codec.
        raw: the rows.
        y: the choices that are given, -1 where a column is free.
    """
    if not isinstance(model.generator, TableGenerator):
        return None
    noise = np.full((len(raw), model.noise), np.nan, dtype=np.float32)
    raw = codec.apart(raw)
    last = -1
    for i, (column, code) in enumerate(zip(codec.coded, codec.codes, strict=True)):
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
