"""Series under conditions on their static columns: those of the generator's own, chosen."""

import numpy as np
import pytest
from described_series import SMALL, described

from wgan.base.errors import WganError
from wgan.base.seeding import derive
from wgan.models import Model, sample_where
from wgan.models.conditioned import FIRST_BLOCK
from wgan.networks import build_generator

PLACE, SIZE = 2, 3


def untrained(data):
    return Model(build_generator(SMALL, data.codec), None, data.codec, SMALL, "wgan-gp")


@pytest.fixture(scope="module")
def model():
    return untrained(described())


def test_series_that_satisfy_conditions_are_those_of_the_generator(model):
    found = sample_where(model, 100, seed=1, where=["place=north", "size>0.5"])
    free = model.sample(FIRST_BLOCK, derive(1, "where", 0))
    level = model.codec.statics.learned[0].levels.index("north")
    holds = (free[:, 0, PLACE] == level) & (free[:, 0, SIZE] > 0.5)
    assert 100 < holds.sum() < FIRST_BLOCK / 2
    np.testing.assert_array_equal(found.raw, free[holds][:100])
    assert (found.tried, found.satisfied) == (FIRST_BLOCK, holds.sum())


def test_large_series_are_drawn_in_smaller_blocks(model, monkeypatch):
    monkeypatch.setattr("wgan.models.conditioned.LARGEST_BYTES", 0)
    found = sample_where(model, 2000, where="place=north")
    assert found.tried % FIRST_BLOCK == 0
    assert found.tried - FIRST_BLOCK < 2000 / found.acceptance + FIRST_BLOCK


def test_a_static_column_is_balanced(model):
    raw = sample_where(model, 60, balance="place").raw
    assert np.bincount(raw[:, 0, PLACE].astype(int)).tolist() == [30, 30]


def test_classes_of_chosen_series_are_those_that_they_were_drawn_with(model):
    # A generator that writes its class into the first value of the channel that always has one.
    def tell(_, given, planes):
        planes[:, 1, 0, 0] = given[1].float()
        return planes

    generator = build_generator(SMALL, model.codec, classes=2)
    generator.register_forward_hook(tell)
    names = {"classes": ("no", "yes"), "shares": (0.3, 0.7)}
    told = Model(generator, None, model.codec, SMALL, "wgan-gp", **names)
    for settings in ({"where": "place=north"}, {"balance": "place"}, {}):
        found = sample_where(told, 200, seed=1, **settings)
        told_of = model.codec.standardised(found.raw)[:, 0, 1]
        np.testing.assert_allclose(told_of, found.labels, atol=1e-5)
        assert 0.2 < (found.labels == 0).mean() < 0.4


def test_conditions_that_hold_of_no_series_are_refused(model):
    with pytest.raises(WganError, match="no column"):
        sample_where(model, 5, where="speed=1")
    with pytest.raises(WganError, match="no row of the data's kind can satisfy size>2"):
        sample_where(model, 5, where="size>2")


def test_series_without_static_columns_have_no_conditions():
    with pytest.raises(WganError, match="tables, and of series with static columns"):
        sample_where(untrained(described(statics=False)), 5, where="place=north")
