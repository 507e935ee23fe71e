"""Rows found again: time stamps are different rows, and casts to float32 are recognised."""

import numpy as np
import pytest

from wgan.audit import bracket, train_auditor
from wgan.audit.copies import repeated_rows, shared_rows
from wgan.audit.independence import check_apart
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 3))


def test_time_stamps_are_different_rows():
    """In float32, seconds since 1970 are known to two minutes."""
    stamps = 1.7e9 + RNG.permutation(100_000)[:4000, None].astype(float)
    assert RowHashes.of(stamps[:2000]).repeated == 0
    assert RowHashes.of(stamps[:2000]).count(RowHashes.of(stamps[2000:])) == 0
    found = bracket(stamps[:2000], stamps[2000:], "population", steps=5)
    assert found.repeated == (0, 0)


def test_rows_that_occur_again_are_counted():
    rows = RowHashes.of(np.concatenate([X, X[:7], -0.0 * X[:2], 0.0 * X[:1]]))
    assert rows.repeated == 9
    assert rows.count(RowHashes.of(X[:7])) == 7


@pytest.mark.parametrize("first", [np.float64, np.float32])
def test_a_sample_that_was_cast_to_float32_is_recognised(first):
    single = X.astype(np.float32).astype(np.float64)
    one, other = (X, single) if first is np.float64 else (single, X)
    assert RowHashes.of(one).count(RowHashes.of(other)) == 500
    with pytest.raises(WganError, match="share 500 rows"):
        bracket(one, other, "population", steps=5)


def test_numbers_beyond_float32_are_hashed_without_a_warning():
    assert RowHashes.of(np.array([[1e300], [2e300]])).repeated == 0


def test_a_few_other_rows_hide_no_cast_to_float32():
    copied = np.concatenate([X.astype(np.float32).astype(np.float64), [[0.1, 0.2, 0.3]]])
    with pytest.raises(WganError, match="share 500 rows"):
        bracket(X, copied, "population", steps=5)
    auditor = train_auditor(X.astype(np.float32).astype(np.float64), X[:100] + 1, steps=2)
    with pytest.raises(WganError, match="trained on 500 of these 500"):
        auditor.check_unseen(X)


# Rows on both sides, and rows that occur again


def p_shared(x, y):
    return shared_rows(RowHashes.of(x), RowHashes.of(y)).p


ATOMS = np.random.default_rng(5).normal(size=(27, 3))
DISCRETE = {
    "27 atoms": lambda rng: ATOMS[rng.integers(0, 27, 400)],
    **{
        f"whole numbers to {high}": lambda rng, high=high: rng.integers(0, high, (400, 1))
        for high in (2, 3, 5, 10, 100, 1000, 10_000, 1_000_000)
    },
    **{
        f"normal, {places} decimals": lambda rng, places=places: rng.normal(size=(400, 1)).round(
            places
        )
        for places in (1, 2, 3, 4)
    },
    "rounded heavy tails": lambda rng: rng.standard_t(2.1, (400, 1)).round(1),
    "half zeros": lambda rng: rng.normal(size=(400, 1)) * (rng.random((400, 1)) < 0.5),
}


@pytest.mark.parametrize("draw", DISCRETE.values(), ids=list(DISCRETE))
def test_independent_rows_of_few_values_are_no_copies(draw):
    """At a level of 0.01: three standard deviations above 1 of 100 are 4."""
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x, y = draw(rng).astype(float), draw(rng).astype(float)
        check_apart(RowHashes.of(x), RowHashes.of(y))
        alarms += min(p_shared(x, y), repeated_rows(RowHashes.of(x)).p) < 0.01
    assert alarms <= 4


def test_the_split_of_a_value_depends_on_no_law():
    """The sides have other probabilities and numbers of rows."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.geometric(0.01, (300, 1)).astype(float)
        y = rng.geometric(0.003, (1500, 1)).astype(float)
        assert p_shared(x, y) > 1e-3


@pytest.mark.parametrize(
    "copy",
    [
        lambda x, rng: np.concatenate([rng.normal(size=(380, 3)), x[:20]]),  # 5 %
        lambda x, rng: rng.permutation(x),
        lambda x, rng: x[rng.integers(0, 400, 400)],  # a bootstrap sample
        lambda x, rng: np.repeat(x, 5, axis=0),
        lambda x, rng: x[:50],
    ],
)
def test_copied_rows_are_refused_in_either_direction(copy):
    rng = np.random.default_rng(0)
    y = copy(X, rng)
    for one, other in ((X, y), (y, X)):
        with pytest.raises(WganError, match=r"share \d+ rows, more than chance"):
            check_apart(RowHashes.of(one), RowHashes.of(other))


def test_a_copied_sample_of_few_values_is_refused():
    x = ATOMS[np.random.default_rng(0).integers(0, 27, 400)]
    with pytest.raises(WganError, match="share 27 rows"):
        check_apart(RowHashes.of(x), RowHashes.of(x[::-1]))


def test_copies_among_rows_that_repeat_are_found():
    """Whole numbers share some 50 values by chance; then 120 rows are copied."""
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0, 3000, (400, 1)).astype(float) for _ in range(2))
    assert p_shared(x, y) > 0.01
    assert shared_rows(RowHashes.of(x), RowHashes.of(y)).count > 30
    y[:120] = x[:120]
    assert p_shared(x, y) < 1e-3


@pytest.mark.parametrize("copies", [2, 3, 5])
def test_rows_that_all_occur_equally_often_were_copied(copies):
    found = repeated_rows(RowHashes.of(np.repeat(X, copies, axis=0)))
    assert found.p < 1e-3
    assert found.copies == copies
    assert found.count == 500 * (copies - 1)


def test_the_same_sample_repeated_on_both_sides_is_refused():
    with pytest.raises(WganError, match="share 500 rows"):
        check_apart(
            RowHashes.of(np.repeat(X, 2, axis=0)), RowHashes.of(np.repeat(X, 2, axis=0)[::-1])
        )
