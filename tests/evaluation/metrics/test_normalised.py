"""W1 between real and shuffled rows: 0 and 1 at its ends."""

import numpy as np
import pytest
from table_sets import damaged, frame_of, measured, reference_of

from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics.normalised import W1_NORMALISED, normalised
from wgan.evaluation.metrics.transport import W1


def test_ends_are_0_and_1():
    random = np.random.default_rng(0)
    a = random.normal(size=900)
    reference = reference_of(frame_of(a=a, b=a + 0.1 * random.normal(size=900), c=-a))
    value, floor, ceiling = measured(W1_NORMALISED, damaged(reference))
    assert (value, floor, ceiling) == (0, 0, 1)
    half = np.concatenate([reference.train[::2], reference.shuffled[::2]])
    half = np.random.default_rng(1).permutation(half)
    mixed = Comparison(reference, half, "half of the rows are shuffled")
    real, broken = (
        W1.measure(Comparison(reference, rows, ""))
        for rows in (reference.train, reference.shuffled)
    )
    expected = (W1.measure(mixed) - real) / (broken - real)
    assert W1_NORMALISED.measure(mixed) == pytest.approx(expected)
    assert 0.1 < expected < 0.9


def test_without_relations_there_is_nothing_to_divide_by():
    assert normalised(1.0, 1.0, 1.0005) is None
    assert normalised(1.0, 1.0, 0.9) is None
