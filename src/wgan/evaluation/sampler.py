"""Samplers: generators as an evaluation sees them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

Sampler: TypeAlias = Callable[[int, int], np.ndarray]
"""A function (n, draw) to `n` raw samples, which are fresh for each draw 0, 1, 2, ...

A sampler's stream of random numbers has a name of its own, so that two samplers of one generator
share no noise. The first rows of a draw do not depend on `n` (`Model.sampler` keeps this).
"""

ConditionalSampler: TypeAlias = Callable[[Mapping[str, str], int, int], np.ndarray]
"""A function (where, n, draw) to `n` raw rows of a table that satisfy conditions, fresh for each
draw. `where` has levels by the name of their column.
"""
