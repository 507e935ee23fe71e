"""Columns: states, scores and values, and what a column says of itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, norm
from table_columns import back, column_of

from wgan.base.errors import WganError
from wgan.data.tables.frames import from_frame
from wgan.data.tables.schema import Column


def test_scores_of_a_continuous_column_are_standard_normal():
    x = np.random.default_rng(0).exponential(size=5000) ** 3
    data = from_frame(pd.DataFrame({"x": x, "y": x > 1}))
    score = data.encode(data.rows)[:, 0].numpy()
    assert kstest(score, "norm").pvalue > 0.5
    column = column_of(data, "x")
    z = np.linspace(-2, 2, 9)
    expected = np.quantile(x, norm.cdf(z))
    # Ten rows of a range are as good as evenly spread.
    assert np.allclose(column.values(np.zeros(9, dtype=np.int64), z), expected, rtol=0.05)
    ends = column.values(np.zeros(2, dtype=np.int64), np.array([-99.0, 99.0]))
    outer = np.sort(x)
    assert outer[0] < ends[0] < outer[20], "no row's own number"
    assert outer[-20] < ends[1] < outer[-1]


def test_a_discrete_column_gives_its_values_at_their_frequencies():
    x = np.repeat([1.0, 2.0, 5.0, *np.arange(10.0, 40.0)], [300, 100, 500] + [10] * 30)
    column = column_of(
        from_frame(pd.DataFrame({"x": np.tile(x, 3), "y": np.arange(len(x) * 3) % 2})), "x"
    )
    assert column.cells.discrete or column.spikes
    ordinary = x[~np.isin(x, column.spikes)]
    scores = norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    made = column.values(np.zeros(10_000, dtype=np.int64), scores)
    for value in np.unique(ordinary):
        assert np.mean(made == value) == pytest.approx(np.mean(ordinary == value), abs=2e-4)


def test_a_state_beyond_the_last_is_the_last_and_no_new_category():
    column = Column("k", "category", "str", levels=tuple(f"k{i}" for i in range(300)))
    assert column.code_sizes == (17, 18)
    assert column.values(np.array([17 * 18 - 1]), np.zeros(1)).tolist() == [299]


def test_a_column_says_what_it_holds(mixed):
    data = from_frame(mixed(1000))
    said = {column.name: str(column) for column in data.codec.columns}
    assert said["size"] == "category, 3 levels: small, medium, large"
    assert said["bought"].startswith("datetime, 2020-01-04 00:00:00 to 2022-09-2")
    assert said["customer_id"] == "identifier, made anew, as C-01001"
    assert said["visits"].endswith("may be missing")
    assert str(replace(column_of(data, "size"), levels=("a",))) == "category, always a"


def test_single_precision_keeps_its_decimals():
    frame = pd.DataFrame({"x": (np.arange(400) / 100).astype("float32"), "y": np.arange(400) % 2})
    data = from_frame(frame)
    assert column_of(data, "x").step == 0.01
    assert data.rows[10, 0] == 0.1
    pd.testing.assert_frame_equal(back(data), frame)


@pytest.mark.parametrize("step", [0.25, 0.5, 5])
def test_steps_need_not_be_powers_of_ten(step):
    frame = pd.DataFrame(
        {"x": np.random.default_rng(0).integers(0, 4000, 500) * step, "y": np.arange(500) % 2}
    )
    data = from_frame(frame, corrections={"x": {"step": step}})
    pd.testing.assert_frame_equal(back(data), frame, check_dtype=False)
    made = column_of(data, "x").values(
        np.zeros(300, dtype=np.int64), np.random.default_rng(1).normal(size=300)
    )
    assert np.array_equal(made / step, np.rint(made / step))
    with pytest.raises(WganError, match="is not a multiple of step"):
        from_frame(frame + 0.1, corrections={"x": {"step": step}})


def test_a_spike_is_one_though_its_last_bit_differs():
    x = np.where(np.arange(400) % 2 == 0, 0.1 + 0.2, np.arange(400) * 0.1)
    data = from_frame(
        pd.DataFrame({"x": x, "y": np.arange(400) % 2}), corrections={"x": {"step": 0.1}}
    )
    assert column_of(data, "x").spikes == (0.3,)
    assert (data.codec.states(data.rows)[::2, 0] == 1).all()


def test_midnights_in_a_zone_stay_midnights():
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2023-01-01", periods=600, freq="D", tz="Europe/Berlin"),
            "y": np.arange(600) % 2,
        }
    )
    data = from_frame(frame)
    assert column_of(data, "day").step == 86400
    made = data.codec.frame(
        np.column_stack(
            [
                column_of(data, "day").values(np.zeros(400, np.int64), np.linspace(-2, 2, 400)),
                np.zeros(400),
            ]
        )
    )
    assert (made["day"].dt.hour == 0).all()
