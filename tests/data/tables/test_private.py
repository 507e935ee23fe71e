"""The codec of a private run: from the schema and noisy counts alone."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from private_tables import SCHEMA, people

from wgan.base import secret
from wgan.base.errors import WganError
from wgan.data import codec_to_json, load
from wgan.data.tables import private
from wgan.data.tables.private import Grid, private_dataset
from wgan.data.tables.schema import Column


def without_noise(n):
    return np.zeros(n)


def prepared(frame, schema=SCHEMA, noise=1.0, normals=secret.normals, chosen=None, known=None):
    Path("public.toml").write_text(schema)
    dataset = load(frame, schema="public.toml")
    chosen = np.ones(len(frame), dtype=bool) if chosen is None else chosen
    return private_dataset(dataset, "public.toml", chosen, noise, normals, known)


def column_of(dataset, name):
    return next(column for column in dataset.codec.columns if column.name == name)


def test_what_comes_back_has_the_types_and_bounds_of_the_schema():
    frame = people(2000)
    dataset = prepared(frame)
    codec = dataset.codec
    x = codec.unpack(codec.pack(dataset.rows))
    back = codec.frame(codec.decode(x))
    assert list(back.columns) == list(frame.columns)
    assert back["id"].tolist() == list(range(1, 2001)), "counted from 1"
    assert (back["size"] == frame["size"]).all()
    assert (back["member"] == frame["member"]).all()
    assert (back["zone"] == frame["zone"]).all()
    assert (back["gain"].isna() == frame["gain"].isna()).all()
    assert back["age"].dtype == "int64"
    assert back["gain"].dtype == "float64"
    assert (
        pd.to_datetime(back["joined"], format="%Y-%m-%d").between("2000-01-01", "2030-12-31").all()
    )
    near = (back["age"] - frame["age"]).abs()
    assert near.max() <= 1, "cells of at most two or three numbers where rows are many"


def numbers_in(values):
    """All numbers in plain values for JSON."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        return [number for each in values for number in numbers_in(each)]
    return [float(values)] if isinstance(values, int | float) else []


def test_no_value_of_a_single_row_is_in_the_codec():
    """Noise aside, it depends on counts in public bins."""
    frame = people(2000)
    frame.loc[5, ["age", "gain", "weight", "joined"]] = [117, 98765, 48.7654321, "2029-09-09"]
    numbers = set(numbers_in(codec_to_json(prepared(frame).codec)))
    assert {0, 120, 100_000, 50, 1} <= numbers, "the schema's"
    day = pd.Timestamp("2029-09-09").timestamp()
    assert not {98765, 48.7654321, day, 7001, 9000, 9001} & numbers
    assert all(column.start == 1 for column in prepared(frame).codec.columns)
    lows = np.array(column_of(prepared(frame), "weight").cells.lows)
    assert lows * 256 / 50 == pytest.approx(np.rint(lows * 256 / 50)), "ends of public ranges"


def test_the_codec_is_a_function_of_the_counts():
    """Two tables of the same counts, whose rows hold other values, have one codec."""
    frame = people(500)
    other = frame.assign(
        weight=np.floor(frame["weight"] * 256 / 50) * 50 / 256 + 0.01,
        joined=frame["joined"],
        id=frame["id"] + 10**6,
    ).sample(frac=1, random_state=0)
    other = other.reset_index(drop=True)
    one, two = prepared(frame, normals=without_noise), prepared(other, normals=without_noise)
    assert one.codec == two.codec
    assert one.fingerprint == two.fingerprint


def test_types_and_order_of_levels_are_those_of_the_schema():
    """Not those of the rows: whether one is missing, or which level is frequent, is theirs."""
    frame = people(300)
    full = frame.assign(gain=frame["gain"].fillna(0).astype(int), zone=frame["zone"].astype(int))
    full["size"] = "large"
    one, two = prepared(frame), prepared(full)
    for name in ("gain", "zone", "size", "id", "member"):
        a, b = column_of(one, name), column_of(two, name)
        assert (a.dtype, a.levels, a.missing) == (b.dtype, b.levels, b.missing)
    assert column_of(two, "size").levels == ("small", "medium", "large", "giant")
    assert one.codec.reading == two.codec.reading


def test_held_out_rows_are_not_counted():
    frame = people(400)
    chosen = np.arange(400) < 300
    other = frame.copy()
    other.loc[300:, "size"] = "giant"
    other.loc[300:, ["age", "weight"]] = [99, 1.0]
    one = prepared(frame, normals=without_noise, chosen=chosen)
    assert one.codec == prepared(other, normals=without_noise, chosen=chosen).codec
    assert one.codec != prepared(other, normals=without_noise).codec


def test_one_row_changes_all_counts_by_the_sensitivity_that_noise_is_scaled_to(monkeypatch):
    frame = people(300)
    dataset = prepared(frame)
    columns = dataset.codec.learned

    def counts(rows):
        each = [list(private._counts(c, rows[:, i])) for i, c in enumerate(columns)]
        return [h for found in each for h in found]

    whole = counts(dataset.rows)
    for row in range(20):
        less = counts(np.delete(dataset.rows, row, axis=0))
        change = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(whole, less, strict=True)))
        assert change <= np.sqrt(len(whole))
    scales = []
    plain = private._with_counts
    monkeypatch.setattr(
        private, "_with_counts", lambda *given: (scales.append(given[-1]), plain(*given))[1]
    )
    prepared(frame, noise=3.0)
    assert set(scales) == {3.0 * np.sqrt(len(whole))}


def test_noise_has_the_scale_that_was_asked_for():
    frame = people(100)
    drawn = []

    def recorded(n):
        drawn.append(n)
        return secret.normals(n)

    shares = []
    for _ in range(200):
        codec = prepared(frame, noise=0.5, normals=recorded).codec
        shares.append(codec.learned[-1].shares)
    # Of booleans, two bins; 10 histograms: 7 columns, and single numbers of three of them.
    truth = frame["member"].mean()
    deviation = 0.5 * np.sqrt(10) / 100
    found = np.array(shares)[:, 1]
    # Projected onto the line of shares that add up to 1, noise is smaller by sqrt(2).
    assert found.std() == pytest.approx(deviation / np.sqrt(2), rel=0.2)
    assert found.mean() == pytest.approx(truth, abs=4 * deviation / np.sqrt(400))


def test_frequent_single_numbers_are_cells_and_ranges_are_near_the_distribution():
    frame = people(20_000)
    dataset = prepared(frame, noise=1.0)
    gain = column_of(dataset, "gain")
    single = [
        low for low, high in zip(gain.cells.lows, gain.cells.highs, strict=True) if low == high
    ]
    assert 0.0 in single
    assert gain.shares[1] == pytest.approx(frame["gain"].isna().mean(), abs=0.01)
    size = column_of(dataset, "size")
    truth = [(frame["size"] == level).mean() for level in size.levels]
    assert size.shares == pytest.approx(truth, abs=0.01)
    for name in ("age", "weight", "gain"):
        column = column_of(dataset, name)
        x = np.sort(frame[name].dropna().to_numpy(dtype=float))
        made = column.cells.numbers(np.random.default_rng(0).normal(size=20_000), column.step)
        at = np.unique(x)
        there = np.searchsorted(x, at, side="right") / len(x)
        drawn = np.searchsorted(np.sort(made), at, side="right") / len(made)
        assert np.abs(there - drawn).max() < 0.05
        assert len(column.cells) <= 40


@pytest.mark.parametrize(
    ("low", "high", "step", "points", "coarse"),
    [
        (0, 100_000, 1, 100_001, 1),
        (0, 1e6, 0.01, 100_000_001, 1000),
        (-7.5, 12, 0.5, 40, 1),
        (0.2, 3.9, 1, 3, 1),
    ],
)
def test_grids_cover_each_multiple_once(low, high, step, points, coarse):
    bounds = {"step": float(step), "low": float(low), "high": float(high)}
    grid = Grid.of(Column("x", "numeric", "float64", **bounds))
    assert grid.points == points
    assert grid.coarse == coarse
    assert grid.starts[0] == 0
    assert grid.starts[-1] == points
    assert (np.diff(grid.starts) > 0).all()
    random = np.random.default_rng(0)
    places = random.integers(0, points, 1000)
    x = grid.numbers(places)
    assert low <= x.min() <= x.max() <= high
    assert np.array_equal(grid.places_of(x), places)
    ranges = grid.ranges_of(x)
    assert ((grid.starts[ranges] <= places) & (places < grid.starts[ranges + 1])).all()
    single = grid.singles_of(x)
    steps = np.rint(x / step).astype(int)
    assert np.array_equal(single >= 0, steps % coarse == 0)
    assert single.max() < grid.singles
    back = grid.numbers(grid.place_of_single(single[single >= 0]))
    assert back == pytest.approx(x[single >= 0])


def test_shares_are_the_nearest_on_the_simplex():
    counts = np.array([60.0, 50.0, -20.0, 2.0])
    shares = private._shares(counts, 100, 0.0)
    # 60 and 50 lie 10 above 100 together, so 5 is taken from both, and 2 and -20 fall to the least.
    right = np.array([55.0, 45.0, 1.0, 1.0])
    assert shares == pytest.approx(right / right.sum())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("public = true", "", "a --schema that says public = true"),
        ("public = true", "public = 1", "write public = true, or leave it out"),
        ("low = 0\nhigh = 120\n", "", r"\[columns\.age\] lacks low, high$"),
        ("step = 0", "", r"\[columns\.weight\] lacks step$"),
        ("levels = [1, 2, 3]", "", r"\[columns\.zone\] lacks levels$"),
        ('[columns.member]\nkind = "boolean"', "", r"\[columns\.member\] lacks kind$"),
        ('kind = "boolean"', "", r"\[columns\.member\] lacks kind$"),
        ("gaps = true\n\n[columns.weight]", "[columns.weight]", "values of gain are missing"),
        ('"large", ', "", "column 'size': the table has 1 level.* such as 'large'"),
        ("levels = [1, 2, 3]", 'levels = [1, "2"]', "list different texts"),
        ("levels = [1, 2, 3]", "levels = [1, 1]", "list different texts"),
        ("low = 0\nhigh = 120", "low = 0\nhigh = 70", "beyond low = 0 and high = 70"),
        ("gaps = true\n\n[columns.weight]", "gaps = 1\n\n[columns.weight]", "gaps = 1: true, if"),
    ],
)
def test_a_schema_that_leaves_something_to_the_rows_is_refused(old, new, message):
    assert old in SCHEMA
    with pytest.raises(WganError, match=message):
        prepared(people(300), SCHEMA.replace(old, new, 1))


def test_all_columns_that_lack_something_are_named_at_once():
    schema = re.sub(r"(low|high|levels) = .*\n", "", SCHEMA)
    with pytest.raises(WganError) as caught:
        prepared(people(300), schema)
    for name in ("age", "gain", "weight", "joined", "size", "zone"):
        assert f"[columns.{name}] lacks" in str(caught.value)
    assert "member" not in str(caught.value)


def test_rules_are_those_of_the_schema_and_none_that_keeps_rows():
    ordered = SCHEMA + '\n[[rules]]\norder = ["age", "gain"]\n'
    frame = people(300)
    frame["gain"] = frame["age"] + 1.0
    assert [str(rule) for rule in prepared(frame, ordered).codec.rules] == ["age <= gain"]
    together = SCHEMA + '\n[[rules]]\ntogether = ["size", "zone"]\n'
    with pytest.raises(WganError, match="together"):
        prepared(people(300), together)


def test_a_sum_is_computed_and_holds():
    frame = people(300)
    frame["weight"] = frame["age"] * 2.0
    frame["gain"] = frame["age"] + frame["weight"]
    bounds = SCHEMA.replace("step = 0", "step = 1").replace("high = 50", "high = 300")
    ruled = bounds + '\n[[rules]]\nsum = ["age", "weight", "gain"]\n'
    codec = prepared(frame, ruled).codec
    assert codec.computed == {1}
    made = codec.frame(codec.decode(torch.randn(50, *codec.shape)))
    assert (made["gain"] == made["age"] + made["weight"]).all()


def test_a_known_codec_is_taken_as_it_is_and_one_of_another_schema_is_refused():
    frame = people(300)
    codec = prepared(frame, noise=50.0).codec
    again = prepared(frame, noise=50.0, known=codec)
    assert again.codec == codec
    assert again.codec.fitted(again.rows, np.ones(300, dtype=bool)) is again.codec
    with pytest.raises(WganError, match="is not the schema that the run was begun with"):
        prepared(frame, SCHEMA.replace("high = 120", "high = 130"), known=codec)


@pytest.mark.parametrize("key", ["levels", "gaps"])
def test_settings_of_a_public_schema_are_checked_without_privacy_too(key, tmp_path):
    frame = pd.DataFrame({"k": ["a", "b", None] * 20, "x": np.arange(60.0)})
    wrong = {"levels": 'levels = ["a"]', "gaps": "gaps = false"}[key]
    right = {"levels": 'levels = ["a", "b", "c"]', "gaps": "gaps = true"}[key]
    schema = tmp_path / "s.toml"
    schema.write_text(f'[columns.k]\nkind = "category"\n{right}\n')
    assert load(frame, schema=str(schema)).codec.columns[0].levels == ("a", "b")
    schema.write_text(f'[columns.k]\nkind = "category"\n{wrong}\n')
    with pytest.raises(
        WganError, match="level.* such as 'b'" if key == "levels" else "gaps = false"
    ):
        load(frame, schema=str(schema))
