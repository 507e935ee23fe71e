"""Cells: F of a column's ordinary numbers, whose frequencies, ends and steps are right."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from wgan.data import codec_from_json, codec_to_json, load
from wgan.data.tables.cells import CELLS, LEAST_HOLDERS, LEAST_ROWS, Cells, fit_cells
from wgan.data.tables.frames import from_frame
from wgan.data.tables.steps import rounded


def cells_of(x, step=0.0, **bounds):
    return fit_cells(*np.unique(np.asarray(x, dtype=float), return_counts=True), step, **bounds)


def even_scores(n):
    """Return the scores of n evenly spaced heights of F."""
    return norm.ppf((np.arange(n) + 0.5) / n)


def made(cells, n, step=0.0):
    return cells.numbers(even_scores(n), step)


def test_heights_are_those_of_the_empirical_distribution_function():
    x = np.random.default_rng(0).normal(size=3000)
    cells = cells_of(x)
    right = [np.mean(x <= end) for end in cells.highs[:-1]]
    assert cells.heights[:-1] == pytest.approx(right)
    assert cells.heights[-1] == 1
    assert cells.lows[1:] == cells.highs[:-1], "ranges without atoms meet"


@pytest.mark.parametrize("step", [0.0, 1.0])
def test_round_numbers_come_back_at_their_exact_frequency(step):
    random = np.random.default_rng(0)
    x = np.concatenate([random.permutation(30_000)[:8000], np.repeat([500, 1000, 29_000], 500)])
    n = len(x)
    cells = cells_of(x, step)
    assert n > len(cells) > 100
    again = made(cells, n, step)
    for value in (500, 1000, 29_000):
        # A range around has 10 rows, spread over 30 whole numbers.
        assert np.sum(again == value) == pytest.approx(np.sum(x == value), abs=2)
    at = cells.of(np.array([500.0, 1000.0, 29_000.0]))
    assert [cells.lows[i] == cells.highs[i] for i in at] == [True] * 3


def test_a_few_numbers_of_many_rows_are_all_there_are():
    x = np.repeat([1.0, 2, 5, 10, 20], [30, 20, 10, 5, 35])
    cells = cells_of(x)
    assert cells.discrete
    assert cells.lows == (1, 2, 5, 10, 20)
    assert cells.heights == pytest.approx((0.3, 0.5, 0.6, 0.65, 1))
    assert np.array_equal(made(cells, 100), x)


def test_numbers_of_fewer_than_five_rows_count_as_the_nearest_other_one():
    often = 10_000  # the rare ones are less than a thousandth
    x = np.repeat([0.0, 10, 11, 19, 20, 40], [2, often, 4, 1, often, 3])
    cells = cells_of(x)
    assert (cells.lows, cells.highs) == ((10, 20), (10, 20))
    assert cells.heights == pytest.approx(((often + 6) / (2 * often + 10), 1))


def test_tails_of_rare_numbers_are_ranges_and_are_not_cut_off():
    """Though there are few numbers, each of many rows on average."""
    x = np.concatenate([np.repeat(np.arange(100.0), 100), np.arange(100.0, 160)])
    cells = cells_of(x, 1.0)
    assert not cells.discrete
    assert cells.highs[-1] > 145


@pytest.mark.parametrize("step", [0.0, 0.01, 1.0, 0.25, 86400.0])
def test_decoding_is_the_inverse_of_coding_within_the_cells(step):
    random = np.random.default_rng(3)
    x = rounded(random.exponential(300 * (step or 1), 4000), step)
    cells = cells_of(x, step)
    cell = cells.of(x)
    inside = x[(x >= np.array(cells.lows)[cell]) & (x <= np.array(cells.highs)[cell])]
    # A rare multiple between two frequent ones counts as the one below, see `_without_lone_steps`.
    assert len(inside) > (3750 if step else 3980)
    again = cells.numbers(cells.scores(inside, step), step)
    np.testing.assert_allclose(again, inside, rtol=1e-9)
    if step:
        assert np.array_equal(again, inside)


def test_a_column_of_steps_is_uniform_over_the_multiples_of_a_range_whose_ends_are_not_halved():
    cells = Cells((3.0,), (7.0,), (1.0,))
    again = made(cells, 50_000, 1.0)
    values, counts = np.unique(again, return_counts=True)
    assert values.tolist() == [3, 4, 5, 6, 7]
    assert counts == pytest.approx(10_000, abs=50)


def test_no_score_leaves_its_cell():
    """Halfway to the next multiple, rounding would."""
    cells = Cells((3.0, 5.0, 9.0), (4.0, 8.0, 9.0), (0.4, 0.8, 1.0))
    heights = np.array([0.0, 0.4, 0.4 + 1e-12, 0.8, 0.8 + 1e-12, 1.0])
    assert cells.numbers(norm.ppf(heights), 1.0).tolist() == [3, 4, 5, 8, 9, 9]


def test_no_number_is_in_two_cells():
    """2 is halfway between 1 and 3; 10 is an atom beside a rare 9 and 11."""
    x = np.concatenate([np.arange(1.0, 4001, 2), np.repeat(5000.0, 50), [5001.0, 5001.0]])
    cells = cells_of(x, 1.0)
    lows, highs = np.array(cells.lows), np.array(cells.highs)
    assert (lows[1:] > highs[:-1]).all()
    assert (lows[-1], highs[-1]) == (5000, 5000), "fewer than five rows beyond an atom are it"
    assert cells.heights[-1] - cells.heights[-2] == pytest.approx(52 / 2052)
    mirrored = cells_of(-x, 1.0)
    assert (np.array(mirrored.lows[1:]) > np.array(mirrored.highs[:-1])).all()
    assert (mirrored.lows[0], mirrored.highs[0]) == (-5000, -5000)


def test_cells_are_smaller_in_the_tails():
    x = np.random.default_rng(0).normal(size=1_000_000)
    rows = np.diff(cells_of(x).heights, prepend=0) * len(x)
    middle = rows[len(rows) // 4 : -len(rows) // 4]
    assert middle == pytest.approx(len(x) / CELLS)
    for tail in (rows[:500], rows[:-500:-1]):
        beyond = np.cumsum(tail) - tail
        wanted = beyond.clip(LEAST_ROWS, len(x) / CELLS)
        assert tail == pytest.approx(wanted, abs=LEAST_ROWS), "as many rows as lie beyond"


def test_the_outermost_range_has_the_mean_of_its_rows_and_no_extreme():
    x = np.concatenate([np.arange(1000.0), [1e6, -1e6]])
    cells = cells_of(x)
    assert -1e6 < cells.lows[0] < 0
    assert 1000 < cells.highs[-1] < 1e6
    for cell in (0, -1):
        inside = x[(cells.of(x) == range(len(cells))[cell])]
        assert (cells.lows[cell] + cells.highs[cell]) / 2 == pytest.approx(inside.mean())
    often = cells_of(np.concatenate([x, [1e6] * 4, [-1e6] * 4]))
    assert (often.lows[0], often.highs[-1]) == (-1e6, 1e6), "no row's own"


def test_an_outermost_range_does_not_go_beyond_the_data():
    """Rows that crowd at the end have a mean near it: the end is then a mean of five."""
    x = np.concatenate([np.arange(1000.0), 2000 + np.arange(9) / 10])
    cells = cells_of(x)
    assert cells.highs[-1] == pytest.approx(np.sort(x)[-5:].mean())


def test_bounds_of_a_schema_can_be_reached():
    x = np.random.default_rng(0).uniform(20, 80, 500)
    cells = cells_of(x, low=0.0, high=100.0)
    assert cells.numbers(np.array([-9.0, 9.0]), 0.0).tolist() == [0, 100]
    assert cells.heights[0] == pytest.approx(0.5 / 501)
    again = made(cells, 50_000)
    assert np.mean(again < cells.highs[0]) == pytest.approx(0.5 / 501, rel=0.1)
    assert again.min() < 2
    assert again.max() > 98


def test_bounds_of_a_column_of_steps_are_whole_steps_and_reached():
    x = np.arange(300.0) % 70
    cells = cells_of(x, 1.0, low=-5.5, high=100.0)
    lows, highs = np.array(cells.lows), np.array(cells.highs)
    assert (lows[0], highs[0]) == (-5, lows[1] - 1)
    assert (lows[-1], highs[-1]) == (highs[-2] + 1, 100)
    again = made(cells, 100_000, 1.0)
    assert np.array_equal(np.unique(again), np.arange(-5, 101))


def test_a_single_number_at_the_end_of_a_range_is_a_cell_of_its_own():
    cells = cells_of(np.repeat([1.0, 2.0, 3.0], 20), low=0.0, high=9.0)
    assert cells.lows == (0, 1, 2, 3, 3)
    assert cells.highs == (1, 1, 2, 3, 9)
    assert cells.of(np.array([0.0, 0.99, 1, 2, 3, 3.01, 9])).tolist() == [0, 0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("step", [0.0, 0.01])
def test_the_only_number_between_two_stored_ones_cannot_be_told(step):
    """Ends halfway to a stored number would tell it: 2 x 211.685 - 210 is 213.37."""
    round_numbers = np.repeat(10.0 * np.arange(1100), 6)
    own = [213.37, *np.linspace(3001, 3009, 17).round(2)]
    cells = cells_of(np.concatenate([round_numbers, own]), step)
    ends = np.array([*cells.lows, *cells.highs])
    told = 2 * ends[:, None] - 10.0 * np.arange(1100)
    assert np.abs(told[:, :, None] - np.array(own)[[0, 1, -1]]).min() > 1e-6
    cell = int(cells.of(np.array([213.37]))[0])
    gap = step or 0.01  # a thousandth of ten
    assert (cells.lows[cell], cells.highs[cell]) == pytest.approx((210 + gap, 220 - gap))
    assert cells.heights[cell] - cells.heights[cell - 1] == pytest.approx(1 / (6600 + len(own)))
    assert cells.of(np.array([210.0, 220.0])).tolist() == [cell - 1, cell + 1]


def test_the_only_step_between_two_single_numbers_counts_as_the_one_below():
    x = np.concatenate([np.repeat(np.arange(0.0, 2200, 2), 6), [301.0, 701, 701]])
    cells = cells_of(x, 1.0)
    assert cells.discrete
    assert not {301, 701} & set(cells.lows)
    rises = np.diff(cells.heights, prepend=0.0) * len(x)
    assert rises[cells.of(np.array([298.0, 300, 700]))] == pytest.approx([6, 7, 8])


def test_too_few_rows_before_a_single_number_belong_to_the_range_before():
    x = np.concatenate([np.arange(0.0, 1100), np.repeat(10.0 * np.arange(10, 100), 20) + 0.5])
    cells = cells_of(x)
    rows = np.diff(cells.heights, prepend=0.0) * len(x)
    assert rows.min() > LEAST_HOLDERS - 0.5


MAGNITUDES = [1e-9, 1.0, 1e9, 1e300]
KINDS = ["uniform", "heavy tails", "ties", "one value", "two values", "rare", "negative", "atoms"]


def numbers_like(kind, random):
    n = int(random.integers(1, 400))
    x = {
        "uniform": lambda: random.uniform(size=n),
        "heavy tails": lambda: random.standard_cauchy(n).clip(-1e6, 1e6),
        "ties": lambda: random.zipf(1.3, n).clip(max=300).astype(float),
        "one value": lambda: np.full(n, 7.0),
        "two values": lambda: random.choice([0.0, 3.0], n, p=[0.02, 0.98]),
        "rare": lambda: random.normal(size=min(n, 7)),
        "negative": lambda: -random.exponential(size=n),
        "atoms": lambda: random.normal(size=n).round(int(random.integers(3))),
    }[kind]
    return x()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_cells_of_any_numbers_keep_their_promises(kind, magnitude):
    for seed in range(25):
        random = np.random.default_rng([seed, KINDS.index(kind), MAGNITUDES.index(magnitude)])
        step = float(random.choice([0.0, 1.0])) if magnitude == 1 else 0.0
        x = rounded(numbers_like(kind, random) * magnitude, step)
        values, counts = np.unique(x, return_counts=True)
        wider = 3 * magnitude
        bounds = {"low": values[0] - wider, "high": values[-1] + wider}
        bounds = bounds if random.random() < 0.2 else {}
        cells = fit_cells(values, counts, step, **bounds)
        lows, highs = np.array(cells.lows), np.array(cells.highs)
        assert (lows <= highs).all()
        assert (lows[1:] >= highs[:-1]).all()
        assert (np.diff(cells.heights, prepend=0.0) > 0).all()
        assert cells.heights[-1] == 1
        least = bounds.get("low", values[0])
        most = bounds.get("high", values[-1])
        assert least <= lows[0] <= highs[-1] <= most
        rare = values[counts < LEAST_HOLDERS]
        if not step and len(x) >= LEAST_HOLDERS:
            inner = [*cells.lows[1:], *cells.highs[:-1]]
            assert not np.isin(inner, rare).any(), "no row's own number"
            if not bounds:
                ends = values[[0, -1]][counts[[0, -1]] < LEAST_HOLDERS]
                assert not np.isin([lows[0], highs[-1]], ends).any(), "no row's own extreme"
        again = made(cells, 500, step)
        heights = (np.arange(500) + 0.5) / 500
        cell = np.searchsorted(cells.heights, heights)
        rises = np.diff(cells.heights, prepend=0.0)
        share = 1 - (np.array(cells.heights)[cell] - heights) / rises[cell]
        drawn = np.abs(share - 0.5) < 0.499 - 1e-9  # a generator draws no others, see MARGIN
        assert ((lows[0] <= again) & (again <= highs[-1])).all()
        assert np.array_equal(rounded(again, step), again)
        assert cells.of(again)[drawn].tolist() == cell[drawn].tolist()
        inside = x[(x >= lows[cells.of(x)]) & (x <= highs[cells.of(x)])]
        coded = cells.numbers(cells.scores(inside, step), step)
        np.testing.assert_allclose(coded, inside, rtol=1e-9, atol=1e-9 * magnitude)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "datetime64[us]"])
def test_tables_of_any_type_of_number_come_back_within_what_is_drawn_in(dtype):
    random = np.random.default_rng(0)
    x = np.sort(random.integers(0, 100_000, 600))
    if dtype.startswith("datetime"):
        series = pd.Series(pd.Timestamp("2001-02-03") + pd.to_timedelta(x, unit="h")).astype(dtype)
    else:
        series = pd.Series(x / (8 if "float" in dtype else 1)).astype(dtype)
    data = from_frame(pd.DataFrame({"x": series, "y": np.arange(600) % 2}))
    column = data.codec.learned[0]
    back = data.codec.frame(data.codec.decode(data.encode(data.rows[:])))["x"]
    assert back.dtype == series.dtype
    pd.testing.assert_series_equal(back[20:-20], series[20:-20], check_names=False)
    low, high = column.ends
    assert data.rows[0, 0] < low < data.rows[20, 0]
    assert data.rows[-20, 0] < high < data.rows[-1, 0]
    if not dtype.startswith("datetime"):
        assert np.diff(back).min() > -1, "those beyond an end are put there, in round steps"


@pytest.mark.parametrize(
    "changed",
    [
        {"lows": [3.0, 1.0], "highs": [3.0, 2.0]},
        {"lows": [0.0, 1.0], "highs": [2.0, 3.0]},
        {"lows": [1.0, 3.0], "highs": [0.0, 3.0]},
        {"lows": [float("nan")] * 2, "highs": [float("nan")] * 2},
        {"highs": [1.0, float("inf")]},
        {"heights": [0.5, 0.9]},
        {"heights": [0.5, 0.5]},
        {"heights": [1.0, 0.5]},
        {"heights": [0.0, 1.0]},
        {"heights": [1.0]},
        {"rounding": {"steps": [5.0, 1.0], "shares": [0.5, 0.5]}},
        {"rounding": {"steps": [1.0, 5.0], "shares": [0.5, 0.4]}},
        {"rounding": {"steps": [1.0, 5.0], "shares": [1.0]}},
        {"rounding": {"steps": [float("nan")], "shares": [1.0]}},
    ],
)
def test_cells_that_do_not_rise_are_refused(mixed, changed):
    fields = json.loads(json.dumps(codec_to_json(load(mixed(100)).codec)))
    column = next(each for each in fields["columns"] if each["name"] == "price")
    column["cells"] = {"lows": [0.0, 2.0], "highs": [1.0, 2.0], "heights": [0.5, 1.0]}
    assert asdict(codec_from_json(fields).columns[2])["cells"]["highs"] == (1.0, 2.0)
    column["cells"] |= changed
    with pytest.raises(Exception, match=r"cells out of range|finite"):
        codec_from_json(fields)
