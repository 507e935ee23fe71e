"""Real rows of a table that generated rows are compared with."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.data.tables.schema import Column
from wgan.evaluation.metric import Reference


@dataclass(frozen=True, eq=False, kw_only=True)
class TableReference(Reference):
    """A reference whose samples are rows of a table.

    A table is a matrix `[n, columns]` as its codec stores it. It holds numbers, seconds and numbers
    of levels, and NaN where a value is missing.

    Args:
        columns: the columns of a row.
        train: training rows.
        target: place of the column that models predict.
    """

    columns: tuple[Column, ...]
    train: Float[np.ndarray, "n c"]
    target: int

    @property
    def target_name(self) -> str:
        """Name of the column that models predict."""
        return self.columns[self.target].name
