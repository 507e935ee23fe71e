"""Series that continue a beginning: what is given comes back, what follows has the right law."""

import numpy as np
import pandas as pd
import pytest
from described_series import SMALL, T, described

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.series.arrays import read_series
from wgan.data.series.windows import Reading
from wgan.models import Model
from wgan.models.continued import continue_file, continue_series
from wgan.networks import NetworkConfig, build_generator
from wgan.training import Run

K = 4
LONG = 12
A, B = 1.2, -0.6


def untrained(data):
    return Model(build_generator(SMALL, data.codec), None, data.codec, SMALL, "wgan-gp")


def walks(n=100, steps=LONG, channels=2, dtype=np.float64):
    steps = np.random.default_rng(0).normal(size=(n, steps, channels))
    return (100 * steps.cumsum(axis=1)).astype(dtype)


@pytest.fixture(scope="module")
def model():
    return untrained(read_series(walks(), "x", context=K))


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i4"])
@pytest.mark.parametrize("k", [K, K + 3])
def test_a_beginning_comes_back_as_it_is_and_new_steps_follow(dtype, k):
    model = untrained(read_series(walks(dtype=dtype), "x", context=K))
    given = walks(5, dtype=dtype)[:, :k]
    raw = continue_series(model, given, copies=3)
    assert raw.dtype == dtype
    assert raw.shape == (15, k + LONG - K, 2)
    np.testing.assert_array_equal(raw[:, :k], np.repeat(given, 3, axis=0))
    new = raw[:, k:].reshape(5, 3, -1)
    assert (new[:, 0] != new[:, 1]).any(), "copies are drawn each by itself"


def test_the_last_steps_that_are_given_are_what_counts(model):
    given = walks(5)[:, : K + 2]
    whole, cut = continue_series(model, given), continue_series(model, given[:, 2:])
    assert whole.shape[1] == cut.shape[1] + 2
    # Another stream of noise for each length, and the same draws for the same one.
    np.testing.assert_array_equal(continue_series(model, given), whole)
    given[:, :2] = 0
    np.testing.assert_array_equal(continue_series(model, given)[:, 2:], whole[:, 2:])


def test_more_steps_are_drawn_in_rounds_given_the_last_steps(model):
    given = walks(5)[:, :K]
    once, rolled = continue_series(model, given), continue_series(model, given, steps=20)
    assert rolled.shape == (5, K + 20, 2)
    np.testing.assert_array_equal(rolled[:, :LONG], once)
    # The second round is a continuation of the first.
    again = continue_series(model, once)
    np.testing.assert_allclose(rolled[:, LONG : LONG + 8], again[:, LONG:], rtol=1e-5)
    assert continue_series(model, given, steps=3).shape == (5, K + 3, 2)


def test_one_channel_needs_no_axis():
    model = untrained(read_series(walks(channels=1)[..., 0], "x", context=K))
    given = walks(3, channels=1)[:, :K, 0]
    raw = continue_series(model, given)
    assert raw.shape == (3, LONG)
    np.testing.assert_array_equal(raw[:, :K], given)


def test_static_columns_and_missing_values_go_along():
    data = described(context=2)
    codec = data.codec
    model = untrained(data)
    long = codec.lengths(data.rows[:]) >= 2
    given = data.rows[:][long][:10, :2].copy()
    given[0, 1, 0] = np.nan
    raw = continue_series(model, given, copies=2)
    assert raw.shape == (20, T, given.shape[2])
    np.testing.assert_array_equal(raw[:, :2], np.repeat(given, 2, axis=0))
    np.testing.assert_array_equal(raw[:, :, 2:], np.repeat(raw[:, :1, 2:], T, axis=1))
    codec.check(raw)
    with pytest.raises(WganError, match="different lengths"):
        continue_series(model, given, steps=T)
    with pytest.raises(WganError, match="different lengths"):
        continue_series(model, data.rows[:][codec.lengths(data.rows[:]) >= 3][:, :3])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda x: x[:, : K - 1], r"beginnings of 3 steps, and this model is given 4"),
        (lambda x: x[..., :1], r"beginnings of shape \(5, 12, 1\): give \[m, k, 2\]"),
        (lambda x: x[0], r"beginnings of shape \(12, 2\)"),
        (lambda x: x[:0], r"beginnings of shape \(0, 12, 2\)"),
        (lambda x: np.where(x == x[1, 2, 0], np.nan, x), "beginning 2: a value of channel 1"),
        (lambda x: np.where(x == x[1, 2, 0], np.inf, x), "an infinity"),
        (lambda x: x.astype(str), "give numbers"),
    ],
)
def test_beginnings_of_another_form_are_refused(model, change, fault):
    with pytest.raises(WganError, match=fault):
        continue_series(model, change(walks(5)))


def test_models_that_continue_nothing_say_so():
    with pytest.raises(WganError, match="trained without beginnings"):
        continue_series(untrained(read_series(walks(), "x")), walks(5))
    table = load(pd.DataFrame({"a": ["x", "y"] * 20, "b": range(40)}))
    generator = build_generator(NetworkConfig(), table.codec)
    with pytest.raises(WganError, match="series alone are continued"):
        continue_series(Model(generator, None, table.codec, NetworkConfig(), "wgan"), walks(5))


def test_a_static_column_that_varies_or_has_no_such_level_is_refused():
    data = described(context=2)
    model = untrained(data)
    given = data.rows[:][:1, :2].copy()
    given[0, 1, 2] = 1 - given[0, 1, 2]
    with pytest.raises(WganError, match="beginning 1: a static column varies"):
        continue_series(model, given)


def test_a_file_of_beginnings_is_continued(model, tmp_path):
    np.save(tmp_path / "given.npy", walks(3)[:, :6])
    found = continue_file(model, tmp_path / "given.npy", copies=2, seed=1)
    assert (found.given, found.steps) == (3, LONG - K)
    np.testing.assert_array_equal(found.raw, continue_series(model, walks(3)[:, :6], 2, 1))
    np.save(tmp_path / "one.npy", walks(1)[0])
    assert continue_file(model, tmp_path / "one.npy").given == 1
    with pytest.raises(WganError, match="no such file"):
        continue_file(model, tmp_path / "none.npy")


def test_a_long_table_of_beginnings_is_continued_as_one(tmp_path):
    random = np.random.default_rng(0)
    n = 40
    town = random.choice(["a", "b"], n)
    frame = pd.DataFrame(
        {
            "house": np.repeat(np.arange(n), LONG),
            "when": np.tile(pd.date_range("2024-01-01", periods=LONG, freq="h"), n),
            "kw": random.normal(size=n * LONG),
            "town": np.repeat(town, LONG),
        }
    )
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    model = untrained(data)
    given = frame.groupby("house").head(K + 1).head(3 * (K + 1))
    given.to_csv(tmp_path / "given.csv", index=False)
    found = continue_file(model, tmp_path / "given.csv", copies=2)
    assert (found.given, found.steps) == (3, LONG - K)
    back = found.raw[::2, : K + 1]
    np.testing.assert_array_equal(back[..., 0].ravel(), given["kw"])
    levels = data.codec.statics.learned[0].levels
    assert [levels[int(level)] for level in back[:, 0, 1]] == town[:3].tolist()
    given.iloc[:-1].to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(WganError, match="series 3 has fewer than 5 steps"):
        continue_file(model, tmp_path / "short.csv")
    with pytest.raises(WganError, match="were an array"):
        continue_file(untrained(read_series(walks(), "x", context=K)), tmp_path / "given.csv")


def test_continued_tables_keep_the_names_and_times_of_their_beginnings(tmp_path):
    random = np.random.default_rng(0)
    when = pd.date_range("2024-01-01", periods=LONG, freq="h")
    frame = pd.DataFrame({"house": np.repeat(range(40), LONG), "when": np.tile(when, 40)})
    frame["kw"] = random.normal(size=len(frame))
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    starts = {7: "2025-03-01", 5: "2026-07-01"}
    parts = [
        frame.iloc[: K + 1].assign(
            house=house, when=pd.date_range(start, periods=K + 1, freq="h").astype(str)
        )
        for house, start in starts.items()
    ]
    pd.concat(parts).to_csv(tmp_path / "given.csv", index=False)
    found = continue_file(untrained(data), tmp_path / "given.csv", copies=2)
    steps = LONG + 1
    assert found.frame["house"].tolist() == [7] * 2 * steps + [5] * 2 * steps
    assert found.frame["copy"].tolist() == ([1] * steps + [2] * steps) * 2
    expected = [pd.date_range(start, periods=steps, freq="h") for start in starts.values()]
    times = pd.DatetimeIndex(found.frame["when"]).to_numpy().reshape(2, 2, steps)
    for i, each in enumerate(expected):
        assert (times[i] == each.to_numpy()).all()
    found.write(tmp_path / "out.csv")
    written = pd.read_csv(tmp_path / "out.csv")
    assert list(written.columns) == ["house", "copy", "when", "kw"]
    np.testing.assert_allclose(written["kw"], found.raw[..., 0].ravel())


def days(form):
    """Return a long table of 40 houses, whose days are written in a form."""
    when = pd.date_range("2024-01-10", periods=LONG, freq="D").strftime(form)
    frame = pd.DataFrame({"house": np.repeat(range(40), LONG), "when": np.tile(when, 40)})
    return frame.assign(kw=np.random.default_rng(0).normal(size=len(frame)))


def given_days(frame, when):
    """Return one beginning with other times."""
    return frame.iloc[: len(when)].assign(when=when)


def test_times_of_beginnings_are_read_as_those_of_the_data(tmp_path):
    """2/1/2024 alone is the second of January to an American; the data say otherwise."""
    frame = days("%d/%m/%Y")
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    ours = given_days(frame, [f"0{day}/01/2024" for day in range(1, K + 1)])
    ours.to_csv(tmp_path / "given.csv", index=False)
    found = continue_file(untrained(data), tmp_path / "given.csv")
    times = pd.to_datetime(found.frame["when"], format="%d/%m/%Y")
    assert (times == pd.date_range("2024-01-01", periods=LONG, freq="D")).all()


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        (range(K), "column 'when' holds numbers, and in the data it holds dates"),
        (
            ["2024-01-01"] * K,
            r"column 'when', row 1: '2024-01-01' is not a time written as %d/%m/%Y",
        ),
    ],
)
def test_times_of_another_kind_or_form_are_refused(tmp_path, when, fault):
    frame = days("%d/%m/%Y")
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    given_days(frame, when).to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(WganError, match=fault):
        continue_file(untrained(data), tmp_path / "given.csv")


def test_dates_are_no_numbers_of_a_clock(tmp_path):
    frame = days("%j").assign(when=np.tile(np.arange(LONG), 40))
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    given = given_days(frame, pd.date_range("2024-01-01", periods=K).astype(str))
    given.to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(WganError, match="holds dates, and in the data it holds numbers"):
        continue_file(untrained(data), tmp_path / "given.csv")


def test_a_row_that_a_beginning_leaves_out_counts_as_a_step(tmp_path):
    frame = days("%Y-%m-%d")
    frame.loc[5::LONG, "kw"] = np.nan  # so that gaps are learned
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    given = frame.iloc[: K + 1].drop(index=2)
    given.to_csv(tmp_path / "given.csv", index=False)
    found = continue_file(untrained(data), tmp_path / "given.csv")
    assert found.steps == LONG - K - 1 + 1
    assert np.isnan(found.raw[0, 2, 0])
    far = given.assign(when=["2024-01-10", "2024-01-11", "2024-01-13", "2034-01-14"])
    far.to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(WganError, match="more than there are rows"):
        continue_file(untrained(data), tmp_path / "given.csv")


def test_a_missing_time_is_named_by_its_row_of_the_file(tmp_path):
    frame = days("%Y-%m-%d")
    data = load(frame, kind="series", reading=Reading(series="house", time="when", context=K))
    two = frame[frame["house"] < 2].groupby("house").head(K)
    mixed = pd.concat([two.iloc[i::K] for i in range(K)])  # house 0, 1, 0, 1, ...
    mixed.iloc[2, mixed.columns.get_loc("when")] = None
    mixed.to_csv(tmp_path / "given.csv", index=False)
    with pytest.raises(WganError, match="row 3: a time is missing"):
        continue_file(untrained(data), tmp_path / "given.csv")


def test_the_first_step_of_an_irregular_beginning_is_the_usual_one():
    """As in the data, where no step is before the first; what follows does not depend on it."""
    random = np.random.default_rng(0)
    when = np.tile(random.integers(1, 50, LONG).cumsum(), 60)
    frame = pd.DataFrame({"of": np.repeat(range(60), LONG), "t": when})
    frame["x"] = random.normal(size=60 * LONG)
    data = load(frame, kind="series", reading=Reading(series="of", time="t", context=K))
    model = untrained(data)
    given = data.rows[:][:4, :K].copy()
    assert (given[:, 0, 1] == data.codec.table.clock.step).all()
    wanted = continue_series(model, given)
    given[:, 0, 1] *= 100
    found = continue_series(model, given)
    np.testing.assert_array_equal(found[:, K:], wanted[:, K:])
    np.testing.assert_array_equal(found[:, :K], given)


def autoregression(n, steps, seed):
    """Return stationary series x_t = 1.2 x_(t-1) - 0.6 x_(t-2) + e_t."""
    e = np.random.default_rng(seed).normal(size=(n, steps + 60))
    x = np.zeros_like(e)
    for t in range(2, x.shape[1]):
        x[:, t] = A * x[:, t - 1] + B * x[:, t - 2] + e[:, t]
    return x[:, 60:]


@pytest.mark.slow
def test_the_next_step_has_the_mean_and_deviation_of_the_law():
    data = read_series(autoregression(4000, LONG, 0), "ar2", context=K)
    run = Run.open(data, steps=200, preset="series", watch=None)
    for _ in run.records():
        pass
    given = autoregression(400, LONG, 77)[:, :K]
    raw = continue_series(run.model, given, copies=50).reshape(400, 50, LONG)
    wanted = A * given[:, -1] + B * given[:, -2]
    found = raw[:, :, K].mean(axis=1)
    # Such a short run is off by 0.5 of a step's own deviation of 1; without the beginning it would
    # be off by 1.6, the deviation of the means, and the steps' deviation would be 1.9.
    assert np.sqrt(np.mean((found - wanted) ** 2)) < 0.8
    assert np.corrcoef(found, wanted)[0, 1] > 0.9
    assert raw[:, :, K].std(axis=1).mean() == pytest.approx(1, abs=0.25)
    # Series that are drawn without a beginning have the law too.
    free = run.model.sample(4000)
    x, y = free[:, 1:-1].ravel(), free[:, 2:].ravel()
    coefficients = np.linalg.lstsq(np.stack([x, free[:, :-2].ravel()], 1), y, rcond=None)[0]
    np.testing.assert_allclose(coefficients, [A, B], atol=0.08)
