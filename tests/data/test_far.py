"""Far values: codes and slips are told from ordinary numbers and heavy tails."""

import numpy as np
import pytest

from wgan.data.far import far_values

RANDOM = np.random.default_rng(0)
AGES = RANDOM.uniform(20, 80, 500)


def far(x):
    values, counts = np.unique(x, return_counts=True)
    return values[far_values(values, counts)].tolist()


@pytest.mark.parametrize(
    ("added", "found"),
    [
        ([-999.0] * 150, [-999.0]),
        ([-999.0] * 3, [-999.0]),
        ([-999.0] * 20 + [9999.0] * 10, [-999.0, 9999.0]),
        ([97.0 + 9900] * 4 + [98.0 + 9900] * 3 + [99.0 + 9900] * 9, [9997.0, 9998.0, 9999.0]),
        ([-1.0] * 40, [-1.0]),
        ([1e30], [1e30]),
        ([-1e30, 1e30], [-1e30, 1e30]),
        ([1e30, 3e30], [1e30, 3e30]),
        ([], []),
    ],
)
def test_codes_and_slips_lie_apart(added, found):
    assert far(np.append(AGES, added)) == found
    assert far(np.append(np.round(AGES), added)) == found


@pytest.mark.parametrize(
    "x",
    [
        RANDOM.normal(size=2000),
        RANDOM.exponential(size=2000),
        RANDOM.lognormal(sigma=1, size=2000),
        np.round(RANDOM.lognormal(3, 1, size=2000)),
        np.append(RANDOM.normal(size=1000), RANDOM.normal(100, 1, size=200)),
        np.repeat([0.0, 1.0], [900, 100]),
        np.append(np.repeat(np.arange(18.0), 9), 1000.0),
        np.ones(9),
    ],
)
def test_tails_second_groups_and_few_values_are_ordinary(x):
    assert far(x) == []
