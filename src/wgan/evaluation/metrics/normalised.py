"""W1 between 0, as far as real rows lie, and 1, as far as rows with their columns shuffled do.

W1 on 1,000 rows of many columns is mostly its floor: rows of one table lie far apart too. So what a
generator adds is small beside it, and is shown in parts of what is lost with all relations.
"""

from typing import NamedTuple

import numpy as np

from wgan.evaluation.metric import Comparison, Metric
from wgan.evaluation.metrics.rows import TableReference
from wgan.evaluation.metrics.transport import W1

# Below a thousandth of the floor, the difference that is divided by is noise of 1,000 rows.
LEAST_SPAN = 1e-3


class _Ends(NamedTuple):
    floor: float
    ceiling: float


def _ends(reference: TableReference) -> _Ends:
    def distance(rows: np.ndarray) -> float:
        value = W1.measure(Comparison(reference, rows, "real rows"))
        assert isinstance(value, float)
        return value

    return _Ends(distance(reference.train), distance(reference.shuffled))


def normalised(w1: float, floor: float, ceiling: float) -> float | None:
    """Return (W1 - floor) / (ceiling - floor); None where these are hardly different.

    Args:
        w1: distance of generated rows.
        floor: distance of real rows.
        ceiling: distance of rows with shuffled columns.

    >>> normalised(1.5, 1.0, 3.0)
    0.25
    """
    span = ceiling - floor
    return (w1 - floor) / span if span > LEAST_SPAN * floor else None


def _normalised(c: Comparison[TableReference]) -> float | None:
    w1 = c.once(W1.measure)
    assert isinstance(w1, float)
    return normalised(w1, *c.reference.once(_ends))


W1_NORMALISED = Metric("w1-normalised", "W1, 0: real, 1: shuffled", "", "0: as real", _normalised)
