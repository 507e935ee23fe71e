"""Repeated rows: by hand, missing values and zeros, and a generator that repeats itself."""

import numpy as np
import pytest
from table_sets import frame_of, measured, reference_of

from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics.repeated import REPEATED, repeated_share


def test_every_row_of_a_group_counts():
    x = np.array([[1, 2], [1, 2], [1, 3], [np.nan, 0.0], [-np.nan, -0.0], [5, 5]])
    assert repeated_share(x) == pytest.approx(4 / 6)
    assert repeated_share(x[2:4]) == 0


def test_a_generator_that_repeats_itself_is_seen():
    random = np.random.default_rng(0)
    reference = reference_of(frame_of(a=random.normal(size=500), b=random.normal(size=500)))
    n = reference.n
    repeats = Comparison(reference, reference.train[np.arange(n) // 2], "generated")
    value, real, shuffled = measured(REPEATED, repeats)
    assert value == pytest.approx(1, abs=2 / n)
    assert real == shuffled == 0
