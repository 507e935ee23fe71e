"""Details of the evaluation of a table: what each figure rests on, by column, pair or level."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics.conditional import conditional_details, conditional_errors
from wgan.evaluation.metrics.dependences import dependence_details, impossible_shares
from wgan.evaluation.metrics.equalities import (
    equality_details,
    equality_shares,
    lost_equalities,
)
from wgan.evaluation.metrics.inequalities import inequality_details, violated_shares
from wgan.evaluation.metrics.levels import level_counts, level_details
from wgan.evaluation.metrics.membership import found_shares, membership_details
from wgan.evaluation.metrics.rounding import round_details, round_shares
from wgan.evaluation.metrics.rows import MOST_SEARCHED, TableReference
from wgan.evaluation.metrics.shape import shape_of
from wgan.evaluation.metrics.tails import end_details, repeated_ends, tail_details, tail_figures
from wgan.evaluation.metrics.trend import trend_of


class Part(NamedTuple):
    """Figures of parts of a set, and the details that their means over sets make.

    If details name only some parts, `number` counts all that would be reported.
    """

    of_set: Callable[[Comparison[TableReference]], np.ndarray]
    details: Callable[[TableReference, np.ndarray], dict[str, Any]]
    number: Callable[[TableReference, np.ndarray], int] | None = None


def _columns(reference: TableReference, means: np.ndarray) -> dict[str, float]:
    names = [column.name for column in reference.columns]
    return dict(zip(names, means.tolist(), strict=True))


def _pairs(reference: TableReference, means: np.ndarray) -> dict[str, float]:
    names = [column.name for column in reference.columns]
    pairs = [f"{a}, {b}" for i, a in enumerate(names) for b in names[i + 1 :]]
    return dict(zip(pairs, means.tolist(), strict=True))


def _broken_rules(reference: TableReference, means: np.ndarray) -> int:
    return int((means > 0).sum())


PARTS: dict[str, Part] = {
    "columns": Part(shape_of, _columns),
    "pairs": Part(trend_of, _pairs),
    "levels": Part(level_counts, level_details),
    "round": Part(round_shares, round_details),
    "equalities": Part(equality_shares, equality_details, lost_equalities),
    "dependences": Part(impossible_shares, dependence_details, _broken_rules),
    "inequalities": Part(violated_shares, inequality_details, _broken_rules),
    "tails": Part(tail_figures, tail_details),
    "ends": Part(repeated_ends, end_details),
    "conditions": Part(conditional_errors, conditional_details),
    "membership": Part(found_shares, membership_details),
}
"""Details by their name in files; a further one adds one line."""


def each_set(c: Comparison[TableReference]) -> Mapping[str, np.ndarray]:
    """Return the figures of parts of one set."""
    return {name: c.once(part.of_set) for name, part in PARTS.items()}


def details(reference: TableReference, means: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the details of an evaluation.

    Args:
        reference: the real rows.
        means: of the figures of each set, over sets.
    """
    found = {name: part.details(reference, means[name]) for name, part in PARTS.items()}
    numbers = {
        name: part.number(reference, means[name]) for name, part in PARTS.items() if part.number
    }
    return {"target": reference.target_name, **found, "numbers": numbers}


def notes(reference: TableReference) -> list[str]:
    """Return notes on what the figures leave out.

    Args:
        reference: the real rows.
    """
    if len(reference.columns) <= MOST_SEARCHED:
        return []
    return [
        f"equal numbers, impossible combinations and inequalities are searched among the first"
        f" {MOST_SEARCHED} numbers and the first {MOST_SEARCHED} columns of few values alone"
    ]
