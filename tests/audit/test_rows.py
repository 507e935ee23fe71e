"""Rows found again: time stamps are different rows, and casts to float32 are recognised."""

import numpy as np
import pytest

from wgan.audit import bracket, train_auditor
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
