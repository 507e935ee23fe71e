"""Completed rows: gaps follow the learned distribution, and the rest comes back as it was."""

import numpy as np
import pandas as pd
import pytest
from random_tables import chance, every_row, few_rows, probabilities, random_model

from wgan.base.errors import WganError
from wgan.models import complete, complete_file

N = 2000
UNLIKELY = 1e-4
"""Samples of the right distribution are rarely as far from it; seeds are fixed."""


@pytest.fixture(scope="module")
def model():
    return random_model(few_rows())


@pytest.mark.parametrize(
    "row",
    [
        {"k": None, "b": True, "x": 31},
        {"k": "b", "b": None, "x": 12},
        {"k": "b", "b": False, "x": None},
        {"k": None, "b": None, "x": 20},
        {"k": None, "b": True, "x": None},
    ],
)
def test_gaps_follow_the_joint_given_the_rest(model, row, monkeypatch):
    monkeypatch.setattr("wgan.models.resampling.CANDIDATES", 64)
    codec = model.codec
    rows = every_row(codec)
    frame = codec.frame(rows)
    weights = np.ones(len(rows), dtype=bool)
    for name, value in row.items():
        if value is not None:
            weights &= (frame[name] == value).to_numpy(dtype=bool, na_value=False)
    # What is drawn into a gap is a value.
    weights = probabilities(model, rows) * weights * frame["k"].notna().to_numpy()
    done = complete(model, pd.DataFrame([row]), copies=N, seed=3)
    assert len(done.frame) == N
    assert done.filled == N * sum(value is None for value in row.values())
    assert chance(codec, codec.matrix(done.frame), rows, weights) > UNLIKELY


def test_a_number_is_given_with_its_place_in_its_cell():
    """Cells are wide here, and b depends on the place."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": np.random.default_rng(1).random(60), "b": random.random(60) < 0.5})
    model = random_model(frame, seed=1, strength=1.0)
    cells = model.codec.learned[0].cells
    low, high = np.array(cells.lows), np.array(cells.highs)
    places = [0.9 * low + 0.1 * high, 0.1 * low + 0.9 * high]
    shares = [[_share_of_true(model, cell, x) for cell, x in enumerate(xs)] for xs in places]
    cell = int(np.abs(np.subtract(*shares)).argmax())
    assert abs(shares[0][cell] - shares[1][cell]) > 0.1
    for xs, of_cells in zip(places, shares, strict=True):
        done = complete(model, pd.DataFrame({"b": [None], "x": [xs[cell]]}), copies=N)
        drawn = done.frame["b"].astype(bool).mean()
        assert drawn == pytest.approx(of_cells[cell], abs=4 * np.sqrt(0.25 / N))
        assert (done.frame["x"] == xs[cell]).all()


def _share_of_true(model, cell, x):
    return probabilities(model, np.array([[x, 0.0], [x, 1.0]]), {"x": cell})[1]


def test_what_is_there_comes_back_as_it_was(mixed):
    model = random_model(mixed(400), strength=0.1)
    frame = mixed(40, seed=5).astype({"note": object})
    frame.index = pd.Index(range(100, 140))
    frame["remark"] = [f"r{i}" for i in range(40)]
    frame = frame[["remark", *[c for c in frame.columns if c not in ("remark", "gain")]]]
    known = set(model.codec.learned[3].levels)
    frame["city"] = frame["city"].where(frame["city"].isin(known), "city 1")
    holes = frame.copy()
    random = np.random.default_rng(0)
    for name in ("age", "price", "size", "member", "bought", "customer_id"):
        holes[name] = holes[name].astype(object).where(random.random(40) < 0.7)
    holes["bought"] = pd.to_datetime(holes["bought"])
    done = complete(model, holes)
    assert list(done.frame.columns) == [*holes.columns, "gain"]
    assert done.frame.index.equals(holes.index)
    there = holes.notna()
    for name in holes.columns:
        same = done.frame[name][there[name]] == holes[name][there[name]]
        assert same.all(), name
    # Of columns that are never missing in the data; the note says what is left of others.
    for name in ("age", "price", "size", "member", "bought", "customer_id", "gain"):
        assert done.frame[name].notna().all(), name
    assert done.frame["customer_id"].is_unique
    assert done.frame["age"].dtype == "int64"
    assert done.frame["member"].dtype == bool
    words = " ".join(done.notes)
    assert "does not know are kept as they are: 'remark'" in words
    assert "columns that are not there are drawn too: 'gain'" in words
    again = complete(model, holes)
    pd.testing.assert_frame_equal(again.frame, done.frame)
    assert not complete(model, holes, seed=1).frame.equals(done.frame)


def test_rows_without_gaps_come_back_unchanged_and_cost_nothing(model, monkeypatch):
    frame = few_rows(20).dropna()
    monkeypatch.setattr(type(model), "draw", None)
    done = complete(model, frame)
    pd.testing.assert_frame_equal(done.frame, frame)
    assert (done.filled, done.notes) == (0, ())


def test_several_completions_of_a_row_stand_together(model):
    frame = pd.DataFrame({"k": [None, "a"], "b": [True, False], "x": [11, 12]})
    done = complete(model, frame, copies=50)
    assert done.frame["x"].tolist() == [11] * 50 + [12] * 50
    assert done.frame["k"].iloc[:50].nunique() == 3, "each is drawn by itself"
    assert done.frame.index.tolist() == [0] * 50 + [1] * 50
    assert (done.frame["k"].iloc[50:] == "a").all()
    assert done.filled == 50


def test_what_is_always_missing_stays_and_is_said():
    """n applies to one level alone; where it does not, no draw holds a number."""
    k = np.array(["does", "not"] * 200)
    n = pd.Series(np.where(k == "does", np.arange(400) % 5, np.nan))
    model = random_model(pd.DataFrame({"k": k, "n": n}), strength=0.01)
    head = model.generator.heads[1]
    missing = model.codec.learned[1].choices - 1
    model.generator.first_weight.zero_()
    seen = model.codec.learned[0].levels.index("not")
    model.generator.first_weight[1, seen, :] = 1.0
    head.head.weight.zero_()
    head.head.weight[missing] = 100.0
    model.generator.first_bias.zero_()
    frame = pd.DataFrame({"k": ["does", "not"], "n": [np.nan, np.nan]})
    done = complete(model, frame)
    assert done.frame["n"].notna().tolist() == [True, False]
    assert done.filled == 1
    assert done.notes == (
        "column 'n': 1 cells stay empty, since they are missing in all of 100 draws",
    )


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            {"k": ["a", "bb"], "b": [True, None]},
            "row 2, column 'k' has no level 'bb'. Did you mean 'b'",
        ),
        ({"k": ["a"], "x": ["ten"]}, "column 'x', row 1: 'ten' is not a number"),
        ({"q": [1]}, "no learned column of the table is there: give some of 'k', 'b', 'x'"),
        ({"k": []}, "no rows to complete"),
    ],
)
def test_values_that_cannot_be_are_named_with_their_row(model, frame, words):
    with pytest.raises(WganError, match=words.replace(".", r"\.")):
        complete(model, pd.DataFrame(frame))


def test_two_columns_of_a_name_and_other_data_are_refused(model):
    twice = pd.DataFrame([["a", "b"]], columns=["k", "k"])
    with pytest.raises(WganError, match="2 columns are called 'k'"):
        complete(model, twice)
    with pytest.raises(WganError, match="this is a list"):
        complete(model, [1, 2])


def test_numbers_beyond_the_learned_ones_count_as_the_nearest_end(model):
    frame = pd.DataFrame({"k": [None] * 3, "b": [True] * 3, "x": [-5.5, 34, 1000]})
    done = complete(model, frame, copies=N)
    assert done.frame["x"].iloc[[0, N, 2 * N]].tolist() == [-5.5, 34, 1000]
    assert done.notes == (
        f"column 'x': {2 * N} values lie beyond 10 to 34, and count as the nearest end".replace(
            str(2 * N), "2"
        ),
    )
    # In the condition 1000 is the 34 that is the largest.
    shares = [
        done.frame["k"].iloc[i * N : (i + 1) * N].value_counts(normalize=True) for i in (1, 2)
    ]
    assert (shares[0] - shares[1]).abs().max() < 4 * np.sqrt(0.5 / N)


def test_a_level_of_held_out_rows_alone_is_kept_and_said():
    from wgan.data import load

    frame = pd.DataFrame({"k": ["a", "b"] * 100, "y": np.arange(200) % 3})
    held_out = np.flatnonzero(~load(frame).split().is_train())
    frame.loc[held_out[:2], "k"] = "new"
    model = random_model(frame)
    done = complete(model, pd.DataFrame({"k": ["new", "a"], "y": [np.nan, np.nan]}))
    assert done.frame["k"].tolist() == ["new", "a"]
    assert done.frame["y"].notna().all()
    assert "column 'k': 1 values were in held-out rows alone, so never learned" in done.notes[0]


def test_text_keeps_its_spelling_and_drawn_fields_have_that_of_the_data(tmp_path):
    n = 300
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": range(1, n + 1),
            "share": [f"{v:.1f}%" for v in random.random(n) * 100],
            "zip": [f"{v:03d}" for v in random.integers(0, 20, n)],
            "day": pd.date_range("2024-01-01", periods=n).strftime("%d.%m.%Y"),
            "whole": pd.Series(np.where(random.random(n) < 0.1, np.nan, random.integers(0, 50, n))),
        }
    )
    model = random_model(frame, strength=0.1)
    source = tmp_path / "gaps.csv"
    source.write_text(
        'extra;id;zip;share;whole;day\n1e3;900;007;;7.0;"05.01.2024"\n"a;b";;?;12.0%;;\n'
        " x;5;001;1.5%;3;06.02.2024\n"
    )
    with pytest.warns(UserWarning, match="read as missing"):
        done = complete_file(model, source, tmp_path / "full.csv")
    first, second, third = (
        pd.read_csv(tmp_path / "full.csv", dtype="str", na_filter=False).iloc[i] for i in range(3)
    )
    assert first.drop("share").tolist() == ["1e3", "900", "007", "7.0", "05.01.2024"]
    assert third.tolist() == ["x", "5", "001", "1.5%", "3", "06.02.2024"]
    assert second["extra"] == "a;b"
    assert second["id"] == "301"
    assert second["share"] == "12.0%"
    for row, name, form in (
        (first, "share", r"\d+\.\d%"),
        (second, "zip", r"\d{3}"),
        (second, "whole", r"\d+"),
        (second, "day", r"\d\d\.\d\d\.\d{4}"),
    ):
        assert pd.Series([row[name]]).str.fullmatch(form).all(), (name, row[name])
    assert done.filled == 5
    for name in ("full.png", "full.npy"):
        with pytest.raises(WganError, match="tables alone are completed"):
            complete_file(model, source, tmp_path / name)
    with pytest.warns(UserWarning, match="read as missing"):
        complete_file(model, source, tmp_path / "full.parquet")
    again = pd.read_parquet(tmp_path / "full.parquet")
    assert again["id"].tolist() == [900, 301, 5]
    assert again["whole"].tolist()[0::2] == [7, 3]
