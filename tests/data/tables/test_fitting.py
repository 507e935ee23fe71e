"""Columns fitted to training rows alone: held-out rows shape nothing, and what they alone have is
said.
"""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from table_columns import column_of

from wgan.base.errors import WganError
from wgan.data import codec_from_json, codec_to_json, load
from wgan.data.storage import FileRows
from wgan.data.tables.frames import from_frame
from wgan.data.tables.schema import UNSEEN
from wgan.distances import wasserstein


def with_held_out(frame, change):
    """Return the frame with its held-out rows changed, and the split."""
    held_out = ~load(frame).split().is_train()
    frame = frame.copy()
    change(frame, np.flatnonzero(held_out))
    return load(frame).split()


def test_held_out_rows_do_not_shape_the_codec(mixed):
    frame = mixed(400)

    def others(frame, rows):
        frame.loc[rows, "gain"] = 1e6 + np.arange(len(rows))
        frame.loc[rows, "age"] = 18
        frame.loc[rows, "size"] = "small"
        frame.loc[rows, "visits"] = 3.0

    plain = load(frame).split().dataset.codec
    changed = with_held_out(frame, others).dataset.codec
    for name in ("gain", "age", "size", "visits"):
        a, b = (next(c for c in codec.learned if c.name == name) for codec in (plain, changed))
        names = [a.levels[i] for i in a.places], [b.levels[i] for i in b.places]
        assert sorted(names[0]) == sorted(names[1])
        assert (a.cells, a.spikes) == (b.cells, b.spikes)
        assert sorted(a.shares) == sorted(b.shares)


def test_rows_drawn_from_the_codec_alone_do_not_beat_the_floor():
    """One column: W1 of what the codec draws, against held-out rows, beside training rows."""
    drawn, floor = [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        split = load(pd.DataFrame({"x": random.normal(size=150)})).split(0.5, seed)
        codec = split.dataset.codec
        held_out = codec.measure(split.held_out_sample(0, 75))
        floor.append(wasserstein(codec.measure(split.train_sample(0, 75)), held_out))
        quantiles = norm.ppf((np.arange(75) + 0.5) / 75)
        rows = codec.learned[0].values(np.zeros(75, dtype=np.int64), quantiles)[:, None]
        drawn.append(wasserstein(codec.measure(rows), held_out))
    difference = np.array(drawn) - floor
    # Ranges of ten rows each say less of 75 rows than these rows themselves do.
    assert 0 < difference.mean() < 0.1 * np.mean(floor)


def test_a_level_of_held_out_rows_alone_is_never_made_and_is_said():
    frame = pd.DataFrame({"k": ["a", "b"] * 200, "y": np.arange(400) % 7})
    split = with_held_out(frame, lambda f, rows: f.loc.__setitem__((rows[:3], "k"), "new"))
    codec = split.dataset.codec
    column = column_of(split.dataset, "k")
    assert (column.unseen, column.unseen_rows, column.states) == (("new",), 3, 2)
    assert str(column) in ("category, 2 levels: a, b", "category, 2 levels: b, a")
    words = codec.notes(split.train_sample(0, 10))
    assert words[0].startswith("column 'k': 'new' in held-out rows alone (3 of them)")
    raw = split.dataset.rows
    new = raw[:, 0] == column.levels.index("new")
    assert (column.state_of(raw[new, 0]) == UNSEEN).all()
    x = codec.measure(raw)
    assert x.shape[1] == codec.shape[0] + 1
    twin = raw[new][:1].copy()
    twin[0, 0] = column.levels.index("a")
    there = codec.measure(np.concatenate([raw[new][:1], twin]))
    assert np.linalg.norm(there[0] - there[1]) == pytest.approx(np.sqrt(2))
    made = codec.decode(split.dataset.encode(raw))
    assert not np.isin(made[:, 0], column.levels.index("new")).any()
    assert np.array_equal(made[~new], raw[~new])
    assert list(codec.frame(raw)["k"][new]) == ["new"] * 3
    assert codec_from_json(json.loads(json.dumps(codec_to_json(codec)))) == codec


def test_unseen_levels_of_two_digits_have_no_digit():
    names = [f"c{i}" for i in range(400)]
    frame = pd.DataFrame({"k": np.repeat(names, 3), "y": np.arange(1200) % 2})
    split = with_held_out(frame, lambda f, rows: f.loc.__setitem__((rows, "k"), "only there"))
    codec = split.dataset.codec
    column = column_of(split.dataset, "k")
    assert "only there" in column.unseen
    assert len(column.code_sizes) == 2
    held_out = split.dataset.encode(split.held_out_sample(0, 5))
    start = codec.codes[0].start
    assert not held_out[:, start : start + sum(column.code_sizes)].any()


def test_values_missing_in_held_out_rows_alone_are_no_state():
    frame = pd.DataFrame({"x": np.arange(400) * 0.5, "y": np.arange(400) % 3})
    split = with_held_out(frame, lambda f, rows: f.loc.__setitem__((rows[:2], "x"), np.nan))
    column = column_of(split.dataset, "x")
    assert (column.missing, column.missing_state, column.unseen_rows) == (True, False, 2)
    raw = split.held_out_sample(0, split.n_held_out)
    x = split.dataset.codec.measure(raw)
    assert np.array_equal(x[:, -1], np.isnan(raw[:, 0]))
    assert not np.isnan(x).any()
    assert not np.isnan(split.dataset.decode(split.dataset.encode(raw))).any()
    assert "missing values in held-out rows alone (2 of them)" in split.dataset.codec.notes(raw)[0]


def test_a_column_without_a_value_in_training_rows_is_always_missing():
    frame = pd.DataFrame({"x": [np.nan] * 400, "y": np.arange(400) % 3})
    split = with_held_out(frame, lambda f, rows: f.loc.__setitem__((rows[:2], "x"), [1.5, 2.5]))
    column = column_of(split.dataset, "x")
    assert str(column) == "numeric, always missing"
    assert column.unseen_rows == 2
    made = split.dataset.decode(split.dataset.encode(split.dataset.rows))
    assert np.isnan(made[:, 0]).all()
    assert split.dataset.codec.measure(split.dataset.rows)[:, -1].sum() == 2


def test_training_rows_in_which_nothing_varies_are_refused():
    def others(frame, rows):
        frame["k"] = "a"
        frame.loc[rows[:2], "k"] = "b"

    with pytest.raises(WganError, match="no column varies among the training rows"):
        with_held_out(pd.DataFrame({"k": ["a", "b"] * 50}), others)


def test_a_split_is_fitted_once_and_again_the_same(mixed, tmp_path):
    dataset = load(mixed(200))
    split = dataset.split()
    assert dataset.split() is split
    assert split.dataset.split() is split
    assert dataset.split(seed=1).dataset.codec != split.dataset.codec
    dataset.rows.tofile(tmp_path / "rows")
    rows = FileRows(tmp_path / "rows", dataset.rows.shape, dataset.rows.dtype, 0)
    filed = replace(dataset, rows=rows).split()
    assert filed.dataset.codec == split.dataset.codec
    assert split.dataset.codec.reading == dataset.codec.reading


def test_bounds_that_a_schema_widens_stay_wide_and_others_are_those_of_training_rows():
    x = np.random.default_rng(0).uniform(20, 80, 200)
    frame = pd.DataFrame({"x": x})
    given = {"x": {"low": 0, "high": float(x.max())}}
    split = from_frame(frame, corrections=given).split()
    column = split.dataset.codec.columns[0]
    assert column.cells.lows[0] == 0
    assert column.cells.highs[-1] == np.sort(split.train_sample(0, 160)[:, 0])[-5:].mean()


def test_files_of_models_without_cells_are_refused_with_a_remedy(mixed):
    codec = load(mixed(200)).codec
    columns = [asdict(column) for column in codec.columns]
    for column in columns:
        del column["cells"]
        column |= {"knots": [], "heights": [], "discrete": False}
    with pytest.raises(WganError) as caught:
        codec_from_json({"kind": "tables", "columns": columns, "dtype": "<f8"})
    assert str(caught.value) == (
        "the model is of an older version of wgan, which coded tables otherwise: train again, or"
        " use that version"
    )


def test_a_code_that_only_held_out_rows_have_is_no_ordinary_number():
    """It would have the coordinate of the least number."""
    numbers = np.random.default_rng(0).integers(20, 81, 400).astype(float)
    frame = pd.DataFrame({"x": numbers, "y": np.arange(400) % 3})
    split = with_held_out(frame, lambda f, rows: f.loc.__setitem__((rows[:5], "x"), -999.0))
    for each in (split, split.dataset.split()):  # a run splits its data again
        column = column_of(each.dataset, "x")
        assert (column.unseen_codes, column.unseen_rows) == ((-999.0,), 5)
        assert column.low in (None, 20.0)
        raw = each.dataset.rows
        assert each.dataset.codec.measure(raw)[:, -1].sum() == 5
        assert "-999 in held-out rows alone (5 of them)" in each.dataset.codec.notes(raw)[0]
