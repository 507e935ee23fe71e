"""A table of three columns, a target that depends on the others, for tests of its metrics."""

import numpy as np

from wgan.data.tables.cells import Cells
from wgan.data.tables.schema import Column

NUMBER = Column("x", "numeric", "float64", cells=Cells((-4.0,), (4.0,), (1.0,)))
NAMES = Column("k", "category", "str", levels=("a", "b", "c"))
COLUMNS = [NUMBER, NAMES, Column("t", "category", "str", levels=("no", "yes"))]


def rows(n, seed, flip=0.0):
    """A number, a category, and a target that depends on both."""
    random = np.random.default_rng(seed)
    a, k = random.normal(size=n), random.integers(0, 3, n)
    t = (a + (k == 2) + 0.3 * random.normal(size=n) > 0.8).astype(float)
    return np.column_stack([a, k, np.where(random.random(n) < flip, 1 - t, t)])
