"""Repeated rows: the share of rows that equal another row of their own set in all columns."""

import numpy as np
from jaxtyping import Float

from wgan.evaluation.metric import Comparison, Metric
from wgan.evaluation.metrics.distances import row_bytes
from wgan.evaluation.metrics.rows import TableReference


def repeated_share(x: Float[np.ndarray, "n c"]) -> float:
    """Return the share of rows that equal another row; missing values (NaN) equal each other.

    >>> repeated_share(np.array([[1.0], [1.0], [np.nan], [2.0]]))
    0.5
    """
    rows = row_bytes(np.where(np.isnan(x), np.inf, x))  # NaN has many bit patterns
    _, counts = np.unique(rows, return_counts=True)
    return float(counts[counts > 1].sum() / len(x))


def _repeated(c: Comparison[TableReference]) -> float:
    return repeated_share(c.raw)


REPEATED = Metric("repeated-share", "equal to another", "%", "as real", _repeated)
