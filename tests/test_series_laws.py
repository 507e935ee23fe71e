"""Processes of known law: what is drawn has the law, and estimators find it with true intervals."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import wgan

BENCHMARKS = Path(wgan.__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its checkout")


@pytest.fixture
def laws(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import series_laws

    yield series_laws
    for name in ("series", "series_laws", "series_estimators"):
        sys.modules.pop(name)


@pytest.mark.parametrize("name", ["sines", "ar2", "switching", "irregular"])
def test_parameters_of_a_true_sample_are_recovered(laws, name):
    law = laws.LAWS[name]
    found = laws.recovered(law, law.draw(2000, 3))
    assert len(found) == len(law.truth)
    for (what, mean), truth in zip(found.items(), law.truth, strict=True):
        # Thrice the interval of 95 %: Student's t of 9 degrees is beyond once in 12,000 cases.
        assert np.isnan(truth) or abs(mean.value - truth) <= 3 * mean.half_width, what
        assert np.isnan(truth) or mean.half_width <= 0.1 * max(abs(truth), 1), what


@pytest.mark.parametrize("name", ["ar2", "irregular"])
def test_intervals_hold_the_truth_in_about_95_of_100_repeats(laws, name):
    law = laws.LAWS[name]
    inside = []
    for seed in range(100):
        figures = laws.recovered(law, law.draw(300, seed)).values()
        inside.append([m.low <= t <= m.high for m, t in zip(figures, law.truth, strict=True)])
    known = ~np.isnan(law.truth)
    held = np.sum(inside, axis=0)[known]
    # Binomial(100, 0.95) is below 87 with a chance of 0.0004, for each of a dozen parameters.
    assert held.min() >= 87
    assert 0.93 <= held.mean() / 100 <= 0.98


def test_a_wrong_law_is_seen(laws):
    """Each process with one parameter changed is outside of its interval there."""
    random = np.random.default_rng(0)
    law = laws.LAWS["ar2"]
    x = law.draw(2000, 1)
    noisy = laws.recovered(law, x + 0.3 * random.normal(size=x.shape))
    assert noisy["coefficient 1"].high < 1.2
    assert noisy["noise, autocorrelation"].high < 0
    law = laws.LAWS["irregular"]
    x = law.draw(2000, 1)
    x[:, 2:8, 0] = np.nan
    missing = laws.recovered(law, x)
    assert missing["x missing, share"].low > 0.1
    assert missing["x missing after missing, share"].low > 0.1
    assert missing["y missing, share"].low <= 0.1 <= missing["y missing, share"].high


def test_waves_are_found_exactly_and_their_noise_is_measured(laws):
    random = np.random.default_rng(0)
    f, p = random.uniform(0, 0.1, (2, 500, 3))
    x = (np.sin(f[:, None] * np.arange(24)[:, None] + p[:, None]) + 1) / 2
    frequency, phase, residual = laws.estimators.waves(x)
    assert frequency == pytest.approx(f, abs=1e-6)
    assert phase == pytest.approx(p, abs=1e-5)
    assert residual.max() < 1e-6
    found = laws.estimators.sines(x + 0.01 * random.normal(size=x.shape))
    # Two parameters are fitted to 24 values.
    expected = 0.01 * (22 / 24) ** 0.5
    assert found["residual of a sine, rms"] == pytest.approx(expected, rel=0.02)
    # Waves that are one in all channels: correlations of 1 in 6 of the 15 pairs.
    same = laws.estimators.sines(np.repeat(x[:, :, :1], 3, axis=2))
    assert same["frequencies and phases, mean absolute correlation"] > 6 / 15


def test_forward_and_backward_agree_with_the_sum_over_all_paths(laws):
    law = laws.switching_law()
    x = laws.switching(3, 0)[:, :6, 0]
    likelihood, chances, moves = law.passed(x)
    weights = np.zeros((3, 64))
    paths = np.array(list(itertools.product([0, 1], repeat=6)))
    for i, path in enumerate(paths):
        chain = law.share[path[0]] * np.prod(law.moves[path[:-1], path[1:]])
        first = stats.norm.pdf(x[:, 0], law.first[path[0]], law.first_sd[path[0]])
        means = law.constant[path[1:]] + law.coefficient[path[1:]] * x[:, :-1]
        rest = stats.norm.pdf(x[:, 1:], means, law.noise[path[1:]]).prod(axis=1)
        weights[:, i] = chain * first * rest
    assert likelihood == pytest.approx(np.log(weights.sum(axis=1)).sum())
    weights /= weights.sum(axis=1, keepdims=True)
    assert chances[:, :, 1] == pytest.approx(weights @ paths)
    expected = [
        [(weights @ ((paths[:, :-1] == i) & (paths[:, 1:] == j))).sum() for j in (0, 1)]
        for i in (0, 1)
    ]
    assert moves == pytest.approx(np.array(expected))


def test_each_round_is_likelier_and_a_split_of_the_values_is_start_enough(laws):
    x = laws.switching(300, 0)[:, :, 0]
    law = laws.estimators.split_at(x)
    likelihoods = []
    for _ in range(20):
        likelihood, chances, moves = law.passed(x)
        likelihoods.append(likelihood)
        law = law.improved(x, chances, moves)
    assert (np.diff(likelihoods) > -1e-8).all()  # at the optimum, rounding alone
    assert likelihoods[-1] > likelihoods[0] + 100
    from_split, best = laws.estimators.fitted(x, laws.estimators.split_at(x))
    _, again = laws.estimators.fitted(x, laws.switching_law())
    assert best == pytest.approx(again, abs=0.01)
    assert np.diag(from_split.moves) == pytest.approx([0.95, 0.9], abs=0.02)


def test_the_process_that_returns_is_found_over_gaps(laws):
    """Values at times that are known to be right have the parameters that made them."""
    x = laws.irregular(4000, 5)
    before, now, time = laws.estimators.pairs(x[:, :, 0], x[:, :, 2])
    a = np.exp(-laws.RATE * time)
    standard = (now - a * before) / (laws.SPREAD * np.sqrt(1 - a**2))
    assert standard.mean() == pytest.approx(0, abs=0.01)
    assert standard.std() == pytest.approx(1, abs=0.01)
    assert stats.kstest(standard, "norm").pvalue > 0.001


def test_series_without_values_have_no_parameters(laws):
    law = laws.LAWS["irregular"]
    figures = laws.recovered(law, np.full((40, 48, 3), np.nan))
    assert figures["series under 5 steps, share"].value == 1
    text = laws.table(law, {"generated": figures})
    assert "| x: rate of return | 0.5 | none | no |" in text


def test_a_table_holds_the_series(laws, tmp_path):
    law = laws.LAWS["irregular"]
    laws.write(law, tmp_path / "x.npy", 50, 0)
    laws.write(law, tmp_path / "x.parquet", 50, 0)
    array = np.load(tmp_path / "x.npy")
    table = laws.pd.read_parquet(tmp_path / "x.parquet")
    assert list(table.columns) == ["series", "time", "x", "y"]
    assert len(table) == (~np.isnan(array[:, :, 2])).sum()
    one = table[table["series"] == "s7"]
    length = len(one)
    assert one[["x", "y"]].to_numpy() == pytest.approx(array[7, :length, :2], nan_ok=True)
    assert np.diff(one["time"]) == pytest.approx(array[7, 1:length, 2], rel=1e-4)
    assert np.isnan(array[7, length:]).all()


def test_the_table_says_which_interval_holds_the_law(laws):
    law = laws.LAWS["ar2"]
    x = law.draw(500, 0)
    text = laws.table(law, {"generated": laws.recovered(law, 1.1 * x)})
    rows = {line.split(" | ")[0][2:]: line for line in text.splitlines()}
    assert rows["coefficient 1"].endswith("| yes |")
    assert rows["noise, sd"].endswith("| no |")
