"""Rows under a condition, such as sex=Female, against free rows of the same generator.

A condition sets one column. The rest of the row should be what it is where the column has that
level anyway: then rows under the condition are as good as filtered ones.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from wgan.base.seeding import numpy_generator
from wgan.data.tables.schema import Column
from wgan.evaluation.metric import Comparison, Measured, Metric
from wgan.evaluation.metrics.rows import TableReference
from wgan.evaluation.metrics.shape import shape_errors
from wgan.evaluation.metrics.trend import trend_errors

# Conditions that are tried, and rows of each: 24,000 rows a set, fewer than a set of Adult has.
MOST_CONDITIONS = 12
MOST_ROWS = 2000
# Training rows of a level, so that a set has several hundred to compare with; without such levels
# the most frequent ones are taken, of 50 rows at least.
ENOUGH_ROWS = 500
LEAST_ROWS = 50
# Held-out rows of a level, which a small table has fewer of; they set the ceiling alone.
LEAST_HELD_OUT = 10
# A level of more rows hardly conditions anything.
MOST_SHARE = 0.9


class Given(NamedTuple):
    """A condition: a column, one of its levels, and the training rows that have it."""

    place: int
    level: int
    rows: int


class Errors(NamedTuple):
    """Mean errors under each condition; NaN where too few rows of a set have the level.

    Args:
        conditional: of rows under the condition.
        filtered: of as many rows of the set that have the level.
        rows: how many.
    """

    conditional: Float[np.ndarray, " conditions"]
    filtered: Float[np.ndarray, " conditions"]
    rows: Float[np.ndarray, " conditions"]

    @property
    def ratio(self) -> float | None:
        """Mean error of conditional over that of filtered rows; None where there are none."""
        known = ~np.isnan(self.filtered)
        if not known.any() or self.filtered[known].sum() <= 0:
            return None
        return float(self.conditional[known].sum() / self.filtered[known].sum())


ErrorsOf = Callable[[Sequence[Column], np.ndarray, np.ndarray], np.ndarray]
Rows = Callable[[Given, int], np.ndarray]


def conditions_tried(
    columns: Sequence[Column], train: Float[np.ndarray, "n c"], seed: int
) -> list[Given]:
    """Return at most 12 levels of categories to ask for, chosen by the seed.

    Args:
        columns: what the columns hold.
        train: training rows.
        seed: random seed of the choice.
    """
    found = []
    for place, column in enumerate(columns):
        if column.is_number:
            continue
        x = train[:, place]
        levels, counts = np.unique(x[~np.isnan(x)], return_counts=True)
        found += [
            Given(place, int(level), int(count))
            for level, count in zip(levels, counts, strict=True)
            if LEAST_ROWS <= count <= MOST_SHARE * len(train)
        ]
    frequent = [given for given in found if given.rows >= ENOUGH_ROWS]
    if not frequent:
        return sorted(found, key=lambda given: -given.rows)[:MOST_CONDITIONS]
    order = numpy_generator(seed, "conditions").permutation(len(frequent))[:MOST_CONDITIONS]
    return [frequent[i] for i in sorted(order)]


def _tried(reference: TableReference) -> list[Given]:
    return conditions_tried(reference.columns, reference.train, reference.seed)


def _errors(
    reference: TableReference, raw: np.ndarray, rows: Rows, least: int
) -> tuple[Errors, Errors]:
    """Return errors of shape and trend against training rows, by condition.

    Args:
        reference: the training rows.
        raw: a set, which is filtered.
        rows: a condition and a number to rows under the condition.
        least: fewest rows of the set with the level; with fewer it is skipped.
    """
    tried = reference.once(_tried)
    known = np.full((2, 2, len(tried)), np.nan)
    number = np.zeros(len(tried))
    for k, given in enumerate(tried):
        filtered = raw[raw[:, given.place] == given.level]
        n = min(MOST_ROWS, len(filtered))
        if n < least:
            continue
        number[k] = n
        columns = [i for i in range(len(reference.columns)) if i != given.place]
        taken = [reference.columns[i] for i in columns]
        real = reference.train[reference.train[:, given.place] == given.level][:, columns]
        for side, x in enumerate((rows(given, n), filtered[:n])):
            for kind, errors_of in enumerate((shape_errors, trend_errors)):
                errors = errors_of(taken, x[:, columns], real)
                known[kind, side, k] = errors.mean() if len(errors) else np.nan
    shape, trend = known
    return Errors(shape[0], shape[1], number), Errors(trend[0], trend[1], number)


def _of_set(c: Comparison[TableReference]) -> tuple[Errors, Errors] | None:
    conditional = c.conditional
    if conditional is None:
        return None

    def rows(given: Given, n: int) -> np.ndarray:
        column = c.reference.columns[given.place]
        return conditional({column.name: column.levels[given.level]}, n)

    return _errors(c.reference, c.raw, rows, LEAST_ROWS)


def _of_shuffled(reference: TableReference) -> tuple[Errors, Errors]:
    """Compare shuffled rows that have a level, which ignore it, with held-out rows that have it."""

    def rows(given: Given, n: int) -> np.ndarray:
        x = reference.shuffled
        return x[x[:, given.place] == given.level][:n]

    return _errors(reference, reference.held_out, rows, LEAST_HELD_OUT)


def conditional_errors(c: Comparison[TableReference]) -> Float[np.ndarray, "5 conditions"]:
    """Return shape and trend errors, conditional and filtered, and rows, by condition."""
    errors = c.once(_of_set)
    if errors is None:
        return np.zeros((5, 0))
    shape, trend = errors
    return np.stack([*shape[:2], *trend[:2], shape.rows])


def conditional_details(
    reference: TableReference, means: Float[np.ndarray, "5 conditions"]
) -> dict[str, dict[str, float]]:
    """Return the errors under each condition, those of held-out rows beside them.

    Args:
        reference: the real rows.
        means: of `conditional_errors`.
    """
    if not means.size:
        return {}
    real = reference.once(_of_shuffled)
    names = (
        *("shape conditional", "shape filtered"),
        *("trend conditional", "trend filtered"),
        "rows",
    )
    details = {}
    for k, given in enumerate(reference.once(_tried)):
        column = reference.columns[given.place]
        values = dict(zip(names, means[:, k].tolist(), strict=True))
        values |= {"shape held-out": real[0].filtered[k], "trend held-out": real[1].filtered[k]}
        values |= {"rows held-out": real[0].rows[k]}
        details[f"{column.name}={column.levels[given.level]}"] = {
            name: float(value) for name, value in values.items() if not np.isnan(value)
        }
    return details


def _ratio(kind: int) -> Callable[[Comparison[TableReference]], float | None]:
    def measure(c: Comparison[TableReference]) -> float | None:
        errors = c.once(_of_set)
        return errors[kind].ratio if errors else None

    return measure


def _ratio_of_shuffled(kind: int) -> Callable[[TableReference], float | None]:
    return lambda reference: reference.once(_of_shuffled)[kind].ratio


def _one(reference: TableReference) -> Measured:
    """Return 1: real rows under a condition are the real rows that have the level."""
    return 1.0


CONDITIONAL_SHAPE, CONDITIONAL_TREND = (
    Metric(
        name=f"conditional-{word}",
        title=f"conditional / filtered, {word}",
        unit="",
        read="1: as good",
        measure=_ratio(kind),
        floor=_one,
        ceiling=_ratio_of_shuffled(kind),
    )
    for kind, word in enumerate(("shape", "trend"))
)
