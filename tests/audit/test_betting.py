import numpy as np
import pytest
from scipy import stats

from wgan.audit.betting import (
    BOLDNESS,
    betting_lower_bound,
    log_wealth,
    paired_differences,
    predictable_bets,
)

RNG = np.random.default_rng(0)
DELTA = 0.05


def bernstein_lower_bound(z, delta):
    """Maurer and Pontil (2009), theorem 4: an older bound to compare with."""
    term = np.log(2 / delta)
    return z.mean() - np.sqrt(2 * z.var(ddof=1) * term / len(z)) - 7 * term / (3 * (len(z) - 1))


def clopper_pearson(z, delta):
    successes = int(z.sum())
    return stats.beta.ppf(delta, successes, len(z) - successes + 1) if successes else 0.0


@pytest.mark.parametrize("z", [0.8, 1.0])
def test_few_equal_values_have_a_closed_form(z):
    """Every bet is cut to c / m, so that K = (1 + c (z / m - 1))^n."""
    n = 6
    expected = z / (1 + (DELTA ** (-1 / n) - 1) / BOLDNESS)
    assert predictable_bets(np.full(n, z), DELTA).min() > BOLDNESS / expected
    assert betting_lower_bound(np.full(n, z), DELTA) == pytest.approx(expected, abs=1e-9)


def test_the_bound_is_where_the_wealth_becomes_enough():
    z = RNG.beta(2, 5, 200)
    bets = predictable_bets(z, DELTA)
    low = betting_lower_bound(z, DELTA)
    wealth, most = 1.0, 0.0
    for value, bet in zip(z, bets, strict=True):
        wealth *= 1 + min(bet, BOLDNESS / low) * (value - low)
        most = max(most, wealth)
    assert most == pytest.approx(1 / DELTA, rel=1e-6)
    assert most >= 1 / DELTA
    assert np.exp(log_wealth(z, bets, low)) == pytest.approx(most)


def test_each_bet_is_the_formula_of_the_values_before_it():
    z = RNG.random(50)
    bets = predictable_bets(z, DELTA)
    for t in (0, 1, 7, 49):
        means = [(0.5 + z[: i + 1].sum()) / (i + 2) for i in range(t)]
        squares = sum((z[i] - means[i]) ** 2 for i in range(t))
        variance = (0.25 + squares) / (t + 1)
        assert bets[t] == pytest.approx(np.sqrt(2 * np.log(1 / DELTA) / (50 * variance)))
        other = np.r_[z[:t], RNG.random(50 - t)]
        assert predictable_bets(other, DELTA)[t] == bets[t]


def test_the_wealth_falls_with_the_mean_that_is_tested():
    for z in (RNG.random(300), (RNG.random(300) < 0.05) * 1.0, np.sort(RNG.random(300))):
        bets = predictable_bets(z, DELTA)
        wealths = [log_wealth(z, bets, m) for m in np.linspace(0, 1, 201)]
        assert (np.diff(wealths) <= 1e-12).all()


LAWS = {
    "Bernoulli .01": (0.01, lambda n: (RNG.random(n) < 0.01) * 1.0),
    "Bernoulli .5": (0.5, lambda n: (RNG.random(n) < 0.5) * 1.0),
    "beta": (2 / 7, lambda n: RNG.beta(2, 5, n)),
    "two skewed points": (0.884, lambda n: np.where(RNG.random(n) < 0.02, 0.1, 0.9)),
}


@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("law", LAWS)
def test_the_bound_exceeds_the_mean_no_more_often_than_promised(law, n):
    """2,000 samples, delta = 0.1; a right bound fails once in 1,000 such tests at most.

    A bound above the mean means that the wealth at the mean is enough, which is faster to compute.
    """
    mean, draw = LAWS[law]
    delta, repeats = 0.1, 2000
    rich = 0
    for repeat in range(repeats):
        z = draw(n)
        enough = log_wealth(z, predictable_bets(z, delta), mean) >= np.log(1 / delta)
        rich += enough
        if repeat < 50 or (enough and rich < 20):
            assert (betting_lower_bound(z, delta) > mean) <= enough
    assert rich <= stats.binom.ppf(0.999, repeats, delta)


def test_bets_that_look_at_their_own_value_would_break_the_promise():
    """The test above can fail: bets from the values that they are placed on."""
    mean, n, delta, repeats = 0.5, 50, 0.1, 500
    missed = 0
    for _ in range(repeats):
        z = (RNG.random(n) < mean) * 1.0
        bets = np.where(z > mean, 1.0, 0.5) * predictable_bets(z, delta)
        missed += log_wealth(z, bets, mean) >= np.log(1 / delta)
    assert missed > 2 * delta * repeats


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.9])
def test_the_bound_is_near_the_exact_one_of_a_binomial(p):
    """Clopper and Pearson's bound knows that values are 0 or 1, and betting does not."""
    n, repeats = 500, 200
    draws = (RNG.random((repeats, n)) < p) * 1.0
    ours = np.mean([betting_lower_bound(z, DELTA) for z in draws])
    exact = np.mean([clopper_pearson(z, DELTA) for z in draws])
    assert 0.7 * (p - exact) < p - ours < 1.5 * (p - exact)


@pytest.mark.parametrize("spread", [0.01, 0.05, 0.1])
def test_small_variances_are_used_better_than_by_bernstein(spread):
    """4,000 values as scores are: on a small part of their range."""
    z = np.clip(0.5 + spread * RNG.standard_normal(4000), 0, 1)
    ours, bernstein = (bound(z, DELTA) for bound in (betting_lower_bound, bernstein_lower_bound))
    assert bernstein < ours <= z.mean()
    assert z.mean() - ours < 0.75 * (z.mean() - bernstein)


@pytest.mark.parametrize(
    "z",
    [
        np.zeros(10),
        np.ones(1),
        np.full(10**5, 1e-300),
        np.sort(RNG.random(1000))[::-1],
        np.r_[np.ones(500), np.zeros(500)],
        np.r_[np.zeros(10**5), 1.0],
    ],
    ids=["zeros", "one", "tiny", "falling", "ones first", "rare"],
)
@pytest.mark.parametrize("delta", [1e-12, 0.05, 0.999])
def test_the_bound_lies_between_zero_and_the_sample_mean_whatever_the_values(z, delta):
    with np.errstate(all="raise"):
        assert 0 <= betting_lower_bound(z, delta) <= z.mean()


def test_a_surer_bound_is_lower_and_more_values_make_it_higher():
    z = RNG.random(2000)
    bounds = [betting_lower_bound(z, delta) for delta in (0.001, 0.01, 0.1)]
    assert bounds == sorted(bounds)
    assert np.tile(z, 4).mean() == pytest.approx(z.mean())
    assert betting_lower_bound(np.tile(z, 4), 0.01) > bounds[1]


@pytest.mark.parametrize(("n", "m"), [(5, 5), (5, 12), (12, 5), (1, 7), (5, 6)])
def test_paired_differences_use_every_value_once(n, m):
    a, b = RNG.random(n), RNG.random(m)
    k = min(n, m)
    d = paired_differences(a, b)
    assert d.shape == (k,)
    if n == m:
        assert np.array_equal(d, a - b)
    for side, sign, size in ((a, 1, n), (b, -1, m)):
        total = np.zeros(size)
        for i in range(size):
            moved = side.copy()
            moved[i] += 1.0
            pair = (moved, b) if sign == 1 else (a, moved)
            change = sign * (paired_differences(*pair) - d)
            (group,) = np.flatnonzero(np.abs(change) > 1e-9)
            total[i] = 1 / change[group]  # values in its group
        assert set(np.rint(total)) <= {size // k, -(-size // k)}
        assert np.sum(1 / total) == pytest.approx(k)
