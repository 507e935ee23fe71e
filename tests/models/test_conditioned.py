"""Rows under conditions follow the generator's own conditional distribution, row by row."""

import numpy as np
import pandas as pd
import pytest
import torch
from random_tables import chance, every_row, few_rows, probabilities, random_model

from wgan.base.errors import WganError
from wgan.data.tables.conditions import FREE
from wgan.models import sample_where
from wgan.models.conditioned import FIRST_BLOCK, LEAST_SHARE
from wgan.models.resampling import CANDIDATES, candidates_of

N = 3000
UNLIKELY = 1e-4
"""Samples of the right distribution are rarely as far from it; seeds are fixed."""


@pytest.fixture(scope="module")
def model():
    return random_model(few_rows())


@pytest.fixture(scope="module")
def rows(model):
    return every_row(model.codec)


def choice(model, name, text):
    """Return the choice of a level, of a whole number, or of what is missing."""
    column = model.codec.learned[model.codec.place(name)]
    if text is None:
        return column.choices - 1
    return column.cells.lows.index(text) if column.is_number else column.levels.index(text)


CASES = {
    "a level": ("k=a", lambda f: f["k"] == "a"),
    "several": (["x=30", "b=True"], lambda f: f["b"] & (f["x"] == 30)),
    "missing": ("k=", lambda f: f["k"].isna()),
    "not missing": ("k!=", lambda f: f["k"].notna()),
    "in": ("k in a, c", lambda f: f["k"].isin(["a", "c"])),
    "in, with missing": ({"k": ["a", None]}, lambda f: f["k"].isna() | (f["k"] == "a")),
    "not": ("k!=a", lambda f: f["k"].isin(["b", "c"])),
    "nots leave one": (["k!=a", "k!=c"], lambda f: f["k"] == "b"),
    "not, of two": ("b!=True", lambda f: ~f["b"]),
    "a range": ({"x": (12, 19)}, lambda f: f["x"].between(12, 19)),
    "numbers": ({"x": {11, 30, 33}}, lambda f: f["x"].isin([11, 30, 33])),
    "not a number": ("x!=12", lambda f: f["x"] != 12),
    "a range and a level": (["b=True", "x<14"], lambda f: f["b"] & (f["x"] < 14)),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_follow_the_joint_of_all_columns_given_the_conditions(model, rows, case, monkeypatch):
    monkeypatch.setattr("wgan.models.conditioned.LEAST_SHARE", 0)
    where, holds = CASES[case]
    weights = probabilities(model, rows) * holds(model.codec.frame(rows)).to_numpy()
    found = sample_where(model, N, seed=1, where=where)
    assert chance(model.codec, found.raw, rows, weights) > UNLIKELY
    # As many are accepted as are likely.
    share = weights.sum()
    assert found.acceptance == pytest.approx(share, abs=4 * np.sqrt(share / found.tried) + 1e-6)


GIVEN = {
    "a last column": ("x=30", {"x": 30}),
    "two": (["x=30", "b=True"], {"x": 30, "b": "True"}),
    "a middle one": ("b=True", {"b": "True"}),
    "the first": ("k=a", {"k": "a"}),
    "all but the first": (["b=False", "x=11"], {"x": 11, "b": "False"}),
}


@pytest.mark.parametrize("case", GIVEN)
def test_given_columns_follow_the_joint_too_where_candidates_are_many(
    model, rows, case, monkeypatch
):
    monkeypatch.setattr("wgan.models.conditioned.LEAST_SHARE", 1)
    monkeypatch.setattr("wgan.models.resampling.CANDIDATES", 64)
    where, given = GIVEN[case]
    given = {name: choice(model, name, text) for name, text in given.items()}
    holds = np.all(
        [model.codec.choices(rows)[:, model.codec.place(k)] == v for k, v in given.items()], axis=0
    )
    found = sample_where(model, N, seed=1, where=where)
    assert found.tried == found.satisfied == N
    assert chance(model.codec, found.raw, rows, probabilities(model, rows) * holds) > UNLIKELY
    # The distribution that has learned what is given is another one.
    others = chance(model.codec, found.raw, rows, probabilities(model, rows, given))
    assert (others < UNLIKELY) == (case != "the first")


def test_weights_are_the_ratio_of_both_likelihoods(model):
    """Candidates are weighted by p(row) / q(row | given), by two passes over whole rows."""
    codec = model.codec
    y = torch.tensor([[FREE, 1, FREE], [FREE, FREE, 20], [2, FREE, 3], [1, FREE, FREE]])
    y = y.repeat_interleave(50, dim=0)
    x, log_weight = model.generator.weighted(torch.randn(200, model.noise), y)
    assert (codec.choices(codec.decode(x)) == y.numpy())[y.numpy() != FREE].all()
    likelihood = model.generator.negative_log_likelihood
    torch.testing.assert_close(log_weight, likelihood(x, y) - likelihood(x), rtol=0, atol=1e-5)


def test_candidates_are_drawn_where_a_free_column_comes_before_a_given_one(model):
    free, given = FREE, 0
    for y, wanted in (
        ([free, free, free], 1),
        ([given, given, free], 1),
        ([given, given, given], 1),
        ([given, free, given], CANDIDATES),
        ([free, given, given], CANDIDATES),
    ):
        assert candidates_of(model.generator, np.array([y])) == wanted
    assert candidates_of(model.generator, None) == 1


def test_rare_conditions_give_their_columns_and_others_are_waited_for():
    i = np.arange(3000)
    frame = pd.DataFrame({"k": i % 2, "city": pd.Series([f"c{j:03}" for j in i % 200])})
    model = random_model(frame, strength=0.01)  # so all choices are nearly as likely
    assert 1 / 200 < LEAST_SHARE < 1 / 2
    assert sample_where(model, 50, where="city=c007").tried == 50
    assert sample_where(model, 50, where=["city=c007", "k=1"]).tried == 50
    found = sample_where(model, 50, where=["city=c007", "k!="])
    assert found.tried == 50, "k is never missing"
    found = sample_where(model, 600, where="k=1")
    assert found.tried == 3 * FIRST_BLOCK, "blocks of one and of two"
    found = sample_where(model, 50, where=[f"city in {','.join(frame['city'][:100])}"])
    assert found.tried == FIRST_BLOCK


def test_balanced_rows_follow_the_conditional_of_each_level(model, rows):
    place = model.codec.place("b")
    raw = sample_where(model, N, where="x<20", balance="b").raw
    below = model.codec.frame(rows)["x"].to_numpy() < 20
    for level in (0, 1):
        part = raw[raw[:, place] == level]
        assert len(part) == N / 2
        weights = probabilities(model, rows) * below * (rows[:, place] == level)
        assert chance(model.codec, part, rows, weights) > UNLIKELY


def test_balance_is_among_the_levels_that_conditions_leave(model):
    place = model.codec.place("k")
    raw = sample_where(model, 300, where="k in a, c", balance="k").raw
    counts = dict(zip(*np.unique(raw[:, place], return_counts=True), strict=True))
    assert counts == {choice(model, "k", "a"): 150, choice(model, "k", "c"): 150}
    with pytest.raises(WganError, match="cannot be balanced, since a condition fixes it"):
        sample_where(model, 10, where=["k!=a", "k!=b"], balance="k")


def test_a_rare_set_is_waited_for_and_costs_about_what_it_must():
    random = np.random.default_rng(0)
    k = np.where(random.random(20_000) < 0.005, "rare", random.choice(["a", "b"], 20_000))
    k = np.where(random.random(20_000) < 0.005, "odd", k)
    model = random_model(pd.DataFrame({"k": k, "y": np.arange(20_000) % 2}), strength=0.01)
    model.generator.heads[0].head.bias.copy_(
        model.generator.heads[0].head.bias.new_tensor([0.0, 0.0, -5.3, -5.3])
    )
    found = sample_where(model, 100, where="k in rare, odd")
    needed = 100 / found.acceptance
    assert 0.002 < found.acceptance < 0.01
    assert found.tried < 3 * needed
    assert sample_where(model, 1, where="k in a, b").tried == 1024
    first = sample_where(model, 5, where="k in rare, odd").raw
    assert np.array_equal(first, found.raw[:5]), "the first rows do not depend on how many"


@pytest.mark.parametrize(
    "where",
    [["x>20", "x<15"], ["x>20", "x<=20"], ["k in a, b", "k=c"], ["k=", "k!="], "x=10.5"],
)
def test_contradictions_are_told_before_anything_is_drawn(model, where, monkeypatch):
    monkeypatch.setattr(type(model), "sample", None)
    with pytest.raises(WganError, match="no row of the data's kind can satisfy"):
        sample_where(model, 10, where=where)


def test_what_always_holds_is_not_waited_for(model):
    assert sample_where(model, 10, where=["x!=50", "x>=0", "b!="]).tried == 10


def test_in_wide_cells_single_numbers_are_waited_for():
    """A cell that a condition leaves is given, and the condition need not hold in all of it."""
    frame = pd.DataFrame({"x": np.arange(400) // 2, "y": np.arange(400) % 2})
    model = random_model(frame)
    column = model.codec.learned[0]
    cell = int(np.argmax(np.diff([column.cells.lows, column.cells.highs], axis=0)))
    low, high = column.cells.lows[cell], column.cells.highs[cell]
    assert high - low >= 2
    for where in ([f"x>={low}", f"x<={high}", f"x!={low + 1}"], {"x": [low, low + 1]}):
        found = sample_where(model, 50, where=where)
        assert found.tried > 50
        x = found.raw[:, 0]
        assert ((x >= low) & (x <= high)).all()
        assert (np.isin(x, [low, low + 1]) if isinstance(where, dict) else x != low + 1).all()


def test_conditions_on_a_sum_are_tested_on_every_row(tmp_path):
    """A sum is computed, so it can lie outside of the cells and spikes of the data's sums."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.integers(0, 5, 2000), "b": random.integers(0, 5, 2000)})
    frame = frame[frame["a"] + frame["b"] < 8].assign(s=lambda f: f["a"] + f["b"])
    (tmp_path / "schema.toml").write_text('[[rules]]\nsum = ["a", "b", "s"]\n')
    model = random_model(frame, schema=str(tmp_path / "schema.toml"))
    assert 8 not in model.codec.learned[2].spikes
    found = sample_where(model, 20, where="s=8")
    assert (found.raw[:, 2] == 8).all()
    assert found.tried > 20
    # All sums of the data are below 8, and not all samples are.
    found = sample_where(model, 3000, where="s<8")
    assert (found.raw[:, 2] < 8).all()
    assert found.satisfied < found.tried
    with pytest.raises(WganError, match="no row of the data's kind can satisfy"):
        sample_where(model, 3, where=["s>5", "s<5"])
