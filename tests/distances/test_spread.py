"""The sampling spread of a distance, against many samples and against closed forms."""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.distances import distance, sampling_spread, wasserstein_1d
from wgan.distances.spread import _taken


def test_far_shifts_on_a_line_have_the_spread_of_the_difference_of_means():
    """W1 of samples that do not overlap is the difference of their means: s.d. sqrt(1/n + 4/m)."""
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=400), 2 * rng.normal(size=300) + 50
        found.append(sampling_spread(x, y, subsamples=100, seed=seed).deviation)
    # The mean of 10 deviations, each known to 7 % from 100 subsamples and to 4 % from its rows.
    assert np.mean(found) == pytest.approx((1 / 400 + 4 / 300) ** 0.5, rel=0.1)


def test_groups_are_drawn_whole():
    """Groups of 5 equal rows: as many independent numbers as groups, so sqrt(5) times the s.d."""
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.normal(size=200), 5), np.repeat(rng.normal(size=200), 5) + 50
    labels = np.repeat(np.arange(200), 5)
    grouped = sampling_spread(x, y, x_groups=labels, y_groups=labels)
    single = sampling_spread(x, y)
    assert grouped.deviation == pytest.approx((2 / 200) ** 0.5, rel=0.25)
    assert grouped.deviation / single.deviation == pytest.approx(5**0.5, rel=0.2)
    assert grouped.taken == (50, 50)
    assert "50 and 50 groups" in str(grouped)


def test_weights_go_with_their_rows():
    """Weight 1 on half of the rows and 0 on others is a sample of that half."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=400), rng.normal(size=400) + 50
    half = np.arange(400) < 200
    weighted = sampling_spread(x, y, x_weights=half, y_weights=half)
    assert weighted.deviation == sampling_spread(x[half], y[half]).deviation
    assert weighted.taken == (50, 50)


@pytest.mark.parametrize("kind", ["shift", "null", "plane"])
def test_the_interval_holds_the_mean_distance_of_samples(kind):
    """The promise of about 95 %, over 60 repeats; the mean is that of 300 other samples."""

    def drawn(seed):
        rng = np.random.default_rng(seed)
        d = 2 if kind == "plane" else 1
        n = 40
        x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
        y[:, 0] += kind != "null"
        return x, y

    mean = np.mean([distance(*drawn(10_000 + k)).value for k in range(300)])
    held = 0
    for seed in range(60):
        spread = sampling_spread(*drawn(seed), subsamples=20, seed=seed)
        held += spread.low <= mean <= spread.high
    assert held >= 50  # 57 are expected; with 95 %, fewer than 50 have probability 0.002


def test_the_distance_is_that_of_the_whole_and_the_interval_is_around_it():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=80), rng.normal(size=80) + 1
    spread = sampling_spread(x, y, confidence=0.9, subsamples=50)
    assert spread.value == wasserstein_1d(x, y)
    assert spread.high - spread.value == pytest.approx(1.6448536 * spread.deviation)
    assert spread.low == pytest.approx(2 * spread.value - spread.high)
    assert f"[{spread.low:.4g}, {spread.high:.4g}] (about 90 %, 50 subsamples" in str(spread)
    assert "not an interval of the populations' distance" in str(spread)
    assert spread == sampling_spread(x, y, confidence=0.9, subsamples=50, value=spread.value)


def test_sinkhorn_has_one_epsilon_for_the_whole_and_its_parts():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 2)), rng.normal(size=(80, 2)) + 3
    whole = distance(x, y, "sinkhorn", 2)
    spread = sampling_spread(x, y, "sinkhorn", 2, subsamples=20)
    given = sampling_spread(x, y, "sinkhorn", 2, subsamples=20, epsilon=whole.epsilon)
    assert spread == given


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subsamples": 5}, "20 or more"),
        ({"confidence": 95}, "between 0 and 1"),
        ({"x_groups": np.arange(60) // 3}, "20 and 60 rows or groups"),
    ],
)
def test_what_says_too_little_is_refused(options, message):
    rng = np.random.default_rng(0)
    with pytest.raises(WganError, match=message):
        sampling_spread(rng.normal(size=60), rng.normal(size=60), **options)


def test_sides_too_unlike_in_size_are_refused():
    with pytest.raises(WganError, match="of which subsamples have 141421 and 7"):
        _taken("exact", (1_000_000, 50), (1_000_000, 50), 2)
    assert _taken("sliced", (1_000_000, 50), (1_000_000, 50), 2) == (250_000, 12)
