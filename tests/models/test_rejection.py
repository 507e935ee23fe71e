"""Rejection: samples that break a rule are drawn again, each from a stream of its own."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables.frames import from_frame
from wgan.models import Model, complete, sample_where
from wgan.models.rejection import kept
from wgan.networks import NetworkConfig, build_generator


@dataclass(frozen=True)
class Rising:
    """The first number is at most the second."""

    def holds(self, raw):
        return raw[:, 0] <= raw[:, 1]

    def __str__(self):
        return "a <= b"


@dataclass(frozen=True)
class Never:
    def holds(self, raw):
        return np.zeros(len(raw), dtype=bool)

    def __str__(self):
        return "never"


def trial(row, number):
    return np.random.default_rng([row, number]).random(2)


def again(rows, numbers):
    pairs = zip(rows.tolist(), numbers.tolist(), strict=True)
    return np.stack([trial(row, number + 1) for row, number in pairs])


@pytest.mark.parametrize("block", [1, 16, 256])
def test_a_row_is_its_first_trial_that_keeps_the_rule(block):
    raw = np.stack([trial(row, 0) for row in range(100)])
    drawn = kept(raw, [Rising()], again, block)
    broken = raw[:, 0] > raw[:, 1]
    assert drawn.redrawn == broken.sum()
    assert np.array_equal(drawn.raw[~broken], raw[~broken])
    for row in np.flatnonzero(broken).tolist():
        trials = (trial(row, number) for number in range(1, 1000))
        assert np.array_equal(drawn.raw[row], next(x for x in trials if x[0] <= x[1]))


def test_rejection_draws_from_the_distribution_given_the_rule():
    """The smaller of two uniform numbers is 1/3 on average, and the larger one 2/3."""
    raw = np.random.default_rng(0).random((20_000, 2))
    drawn = kept(raw, [Rising()], again, 256)
    assert drawn.raw.mean(axis=0) == pytest.approx([1 / 3, 2 / 3], abs=0.006)  # 3 standard errors
    assert drawn.redrawn / len(raw) == pytest.approx(1 / 2, abs=0.011)


def test_several_rules_hold_at_once():
    @dataclass(frozen=True)
    class Small:
        def holds(self, raw):
            return raw.sum(axis=1) < 0.5

    raw = np.random.default_rng(0).random((300, 2))
    x = kept(raw, [Rising(), Small()], again, 256).raw
    assert (x[:, 0] <= x[:, 1]).all()
    assert (x.sum(axis=1) < 0.5).all()


def test_a_rule_that_no_row_keeps_is_one_clear_error(monkeypatch):
    monkeypatch.setattr("wgan.models.rejection.DRAWS_JUDGED", 3000)
    raw = np.random.default_rng(0).random((300, 2))
    with pytest.raises(
        WganError, match=r"rule 'never': 100.00% of the 3,\d\d\d rows drawn break it"
    ):
        kept(raw, [Rising(), Never()], again, 256)
    monkeypatch.setattr("wgan.models.rejection.MOST_TRIES", 20)
    with pytest.raises(WganError, match=r"rule 'never': 100.00% of the 63 rows drawn break it"):
        kept(raw[:3], [Never()], lambda rows, numbers: again(rows, numbers), 3)


RULES = [{"order": ["low", "high"]}, {"together": ["city", "zip"]}]


def table(n=1000, seed=0):
    random = np.random.default_rng(seed)
    low = random.integers(0, 100, n)
    city = random.integers(0, 4, n)
    return pd.DataFrame(
        {
            "low": low,
            "high": low + random.integers(0, 100, n),
            "city": [f"city {k}" for k in city],
            "zip": [f"zip {k // 2}" for k in city],
            "net": np.round(random.gamma(2.0, 30.0, n), 2),
        }
    )


def untrained(frame=None, rules=RULES):
    """Return a model whose columns are drawn almost independently, by their frequencies."""
    frame = table() if frame is None else frame
    data = from_frame(frame, rules=rules).split().dataset
    network = NetworkConfig(width=16, depth=1)
    return Model(build_generator(network, data.codec).eval(), None, data.codec, network, "wgan-lp")


def test_samples_keep_the_rules_and_say_how_many_broke_one():
    model = untrained()
    drawn = model.draw(700)
    assert all(rule.holds(drawn.raw).all() for rule in model.codec.rules)
    learned = model.draw(700, rules=False)
    broken = ~np.all([rule.holds(learned.raw) for rule in model.codec.rules], axis=0)
    assert learned.redrawn == 0
    assert drawn.redrawn == broken.sum() > 300
    assert np.array_equal(drawn.raw[~broken], learned.raw[~broken])
    assert np.array_equal(model.sample(700), drawn.raw)
    assert np.array_equal(
        model.sampler(0, "x", rules=False)(5, 1)[:3], model.sampler(0, "x", False)(3, 1)
    )


def test_the_first_rows_do_not_depend_on_how_many_are_drawn_again():
    model = untrained()
    many = model.sample(600, seed=3)
    for n in (1, 7, 256, 257):
        assert np.array_equal(model.sample(n, seed=3), many[:n])
    assert not np.array_equal(model.sample(600, seed=4), many)


def test_rows_drawn_again_meet_the_same_conditions():
    model = untrained()
    city = model.codec.place("city")
    y = np.full((300, 5), -1)
    y[:, city] = np.arange(300) % 4
    raw = model.sample(300, labels=y)
    assert raw[:, city].tolist() == (np.arange(300) % 4).tolist()
    assert all(rule.holds(raw).all() for rule in model.codec.rules)
    assert np.array_equal(model.sample(10, labels=y[:10]), raw[:10])
    rows = sample_where(model, 50, where=["city=city 1", "low>=50"])
    assert rows.redrawn > 0
    assert (rows.raw[:, 0] >= 50).all()
    assert (rows.raw[:, 1] >= rows.raw[:, 0]).all()
    balanced = sample_where(model, 40, balance="city")
    assert np.bincount(balanced.raw[:, city].astype(int)).tolist() == [10] * 4
    assert balanced.redrawn > 0


def test_conditions_that_contradict_a_rule_name_it(monkeypatch):
    monkeypatch.setattr("wgan.models.rejection.DRAWS_JUDGED", 2000)
    model = untrained()
    level = model.codec.learned[2].levels
    other = {f"city {k}": f"zip {1 - k // 2}" for k in range(4)}[level[0]]
    with pytest.raises(
        WganError, match=r"rule 'city, zip as they go together in the data': 100.00%"
    ):
        sample_where(model, 5, where={"city": level[0], "zip": other})


def test_a_sum_is_computed_in_samples_and_conditions_on_it_are_waited_for():
    frame = table().assign(tax=lambda f: np.round(f["net"] * 0.2, 2))
    frame["gross"] = np.round(frame["net"] + frame["tax"], 2)
    model = untrained(frame, [{"sum": ["net", "tax", "gross"]}])
    drawn = model.draw(300)
    assert drawn.redrawn == 0
    rows = model.codec.frame(drawn.raw)
    assert np.array_equal(rows["gross"], (rows["net"] + rows["tax"]).round(2))
    found = sample_where(model, 30, where="gross>=100")
    gross = model.codec.frame(found.raw)["gross"]
    assert (gross >= 100).all()
    assert found.tried > 30
    with pytest.raises(WganError, match="rows satisfy gross>=99999, too few to wait for"):
        sample_where(model, 3, where="gross>=99999")


def test_a_sum_of_few_values_is_not_given_and_cannot_be_balanced():
    frame = pd.DataFrame(
        {"a": np.arange(400) % 2, "b": np.arange(400) // 2 % 2, "k": ["x", "y"] * 200}
    )
    frame["both"] = frame["a"] + frame["b"]
    model = untrained(frame, [{"sum": ["a", "b", "both"]}])
    found = sample_where(model, 40, where="both=2")
    assert (found.raw[:, :2] == 1).all()
    assert found.tried > 40
    with pytest.raises(WganError, match="'both' cannot be balanced, since it is a sum"):
        sample_where(model, 40, balance="both")


def test_kinds_without_rules_are_drawn_once():
    codec = load(np.random.default_rng(0).normal(size=(50, 2))).codec
    network = NetworkConfig(width=8, latent=2)
    model = Model(build_generator(network, codec).eval(), None, codec, network, "wgan-gp")
    assert codec.rules == ()
    assert codec.proposals(np.zeros((3, 2))) == []
    drawn = model.draw(9)
    assert drawn.redrawn == 0
    assert np.array_equal(drawn.raw, model.sample(300)[:9])


def test_rows_with_a_sum_are_completed_so_that_rules_hold():
    frame = table().assign(tax=lambda f: np.round(f["net"] * 0.2, 2))
    frame["gross"] = np.round(frame["net"] + frame["tax"], 2)
    model = untrained(frame, [{"sum": ["net", "tax", "gross"]}, {"order": ["low", "high"]}])
    rows = frame.head(30).astype({"high": float})
    rows.loc[::2, "high"] = np.nan
    completed = complete(model, rows).frame
    assert (completed["low"] <= completed["high"]).all()
    pd.testing.assert_frame_equal(completed.drop(columns="high"), rows.drop(columns="high"))
