import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data import load

POINTS = np.random.default_rng(0).normal(3, 5, size=(103, 4))


def test_split_is_disjoint_complete_and_fixed_by_its_seed():
    split = load(POINTS).split(0.2, seed=1)
    train, held_out = (
        split.train_rows(np.arange(split.n_train)),
        split.held_out_rows(np.arange(split.n_held_out)),
    )
    assert (split.n_train, split.n_held_out) == (82, 21)
    assert sorted([*train, *held_out]) == list(range(103))
    assert np.array_equal(held_out, load(POINTS).split(0.2, seed=1).held_out_rows(np.arange(21)))
    assert not np.array_equal(
        held_out, load(POINTS).split(0.2, seed=2).held_out_rows(np.arange(21))
    )


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 2)), "holds no samples"),
        (np.array(["a", "b"] * 10)[:, None], "convert them to numbers"),
        (np.where(np.arange(40).reshape(20, 2) == 25, np.nan, 0), "row 12 holds NaN or infinity"),
        (np.full((20, 4, 4), 300.0), "scale them to"),
        (np.zeros((20, 6, 6, 5)), "samples of shape"),
        (np.zeros((20, 2), dtype=complex), "Complex data not supported"),
    ],
)
def test_unusable_arrays_are_named(array, message):
    with pytest.raises(WganError, match=message):
        load(array)


def test_a_few_samples_may_be_measured_but_not_split():
    assert len(load(np.zeros((1, 2)))) == 1
    with pytest.raises(WganError, match="9 sample"):
        load(np.zeros((9, 2))).split()


def test_other_contents_have_another_fingerprint():
    changed = POINTS.copy()
    changed[50, 2] += 1e-9
    assert load(POINTS).fingerprint == load(POINTS.copy()).fingerprint != load(changed).fingerprint
