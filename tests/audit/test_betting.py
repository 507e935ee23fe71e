import numpy as np
import pytest
from scipy import stats

from wgan.audit.betting import (
    BOLDNESS,
    Gambler,
    betting_lower_bound,
    common_wealth,
    paired_differences,
    predictable_bets,
    richest,
)

RNG = np.random.default_rng(0)
DELTA = 0.05


def gambler(z, delta=DELTA):
    """Return one gambler on values in [-1, 1]."""
    reach = np.ones(len(z))
    return Gambler(z, reach, predictable_bets(z, reach, len(z), np.log(1 / delta)))


def bound(z, delta=DELTA):
    return betting_lower_bound([gambler(z, delta)], delta)


def bernstein_lower_bound(z, delta):
    """Maurer and Pontil (2009), theorem 4, in [-1, 1]: an older bound to compare with."""
    term = np.log(2 / delta)
    return z.mean() - np.sqrt(2 * z.var(ddof=1) * term / len(z)) - 14 * term / (3 * (len(z) - 1))


def clopper_pearson(z, delta):
    """The exact bound on the mean of values that are -1 or 1."""
    successes = int((z > 0).sum())
    p = stats.beta.ppf(delta, successes, len(z) - successes + 1) if successes else 0.0
    return 2 * p - 1


@pytest.mark.parametrize("z", [0.9, 1.0])
def test_few_equal_values_have_a_closed_form(z):
    """Every bet is cut to c / (1 + m), so that K = (1 + c (z - m) / (1 + m))^n."""
    n = 12
    e = (DELTA ** (-1 / n) - 1) / BOLDNESS
    bets = np.full(n, 10.0)
    low = betting_lower_bound([Gambler(np.full(n, z), np.ones(n), bets)], DELTA)
    assert low == pytest.approx((z - e) / (1 + e), abs=1e-9)


def test_the_bound_is_where_the_common_wealth_becomes_enough():
    """Two gamblers on values of different critics; one sits the first third out."""
    z = RNG.beta(5, 2, (2, 300))
    reach = np.ones((2, 300))
    reach[1, :100] = 1.5
    bets = [predictable_bets(a, b, 300, np.log(2 / DELTA)) for a, b in zip(z, reach, strict=True)]
    bets[1][:100] = 0.0
    gamblers = [Gambler(*each) for each in zip(z, reach, bets, strict=True)]
    low = betting_lower_bound(gamblers, DELTA)
    wealth, most = np.ones(2), 0.0
    for t in range(300):
        for k in range(2):
            bet = min(bets[k][t], BOLDNESS / (reach[k, t] + low))
            wealth[k] *= 1 + bet * (z[k, t] - low)
        most = max(most, wealth.mean())
        if t == 99:
            assert wealth[1] == 1.0
    assert most == pytest.approx(1 / DELTA, rel=1e-6)
    assert np.exp(common_wealth(gamblers, low).max()) == pytest.approx(most)


def test_each_bet_is_the_formula_of_the_values_before_it():
    z = 2 * RNG.random(50) - 1
    bets = gambler(z).bets
    for t in (0, 1, 7, 49):
        means = [z[: i + 1].sum() / (i + 2) for i in range(t)]
        squares = sum((z[i] - means[i]) ** 2 for i in range(t))
        variance = (1 + squares) / (1 + t)
        expected = min(np.sqrt(2 * np.log(1 / DELTA) / (50 * variance)), BOLDNESS)
        assert bets[t] == pytest.approx(expected)
        other = np.r_[z[:t], RNG.random(50 - t)]
        assert gambler(other).bets[t] == bets[t]


def test_the_wealth_falls_with_the_mean_that_is_tested():
    for z in (RNG.random(300), (RNG.random(300) < 0.05) * 1.0, np.sort(2 * RNG.random(300) - 1)):
        wealths = [common_wealth([gambler(z)], m) for m in np.linspace(0, 1, 101)]
        assert (np.diff(wealths, axis=0) <= 1e-12).all()


def test_a_common_wealth_is_a_better_price_than_a_share_of_delta_each():
    z = np.clip(0.3 + 0.3 * RNG.standard_normal(1000), -1, 1)
    near = np.clip(z + 0.1 * RNG.standard_normal(1000), -1, 1)
    poor = np.clip(0.3 * RNG.standard_normal(1000), -1, 1)
    shared = betting_lower_bound([gambler(z, DELTA / 2)], DELTA / 2)
    beside = [gambler(poor, DELTA / 2), gambler(z, DELTA / 2)]
    # Half of the wealth is the winner's, so that 1 / delta is reached where it has 2 / delta.
    assert betting_lower_bound(beside, DELTA) == pytest.approx(shared, abs=1e-6)
    assert richest(beside, shared) == 1
    both = [gambler(near, DELTA / 2), gambler(z, DELTA / 2)]
    assert betting_lower_bound(both, DELTA) > shared


LAWS = {
    "Bernoulli .04": (0.04, lambda n: (RNG.random(n) < 0.04) * 1.0),
    "even": (0.0, lambda n: 2.0 * (RNG.random(n) < 0.5) - 1),
    "beta": (2 / 7, lambda n: RNG.beta(2, 5, n)),
    "two skewed points": (0.768, lambda n: np.where(RNG.random(n) < 0.02, -0.8, 0.8)),
}


def wealths_at(mean, z, delta, peek=False):
    """Return whether the common wealth of two gamblers is enough at the true mean.

    One bets on the values, and one, in the second half alone, on half of them: their mean is lower
    than what is tested, as that of a worse critic is.
    """
    late = np.arange(len(z)) >= len(z) // 2
    both = [gambler(z, delta / 2), gambler(z / 2, delta / 2)]
    bets = [both[0].bets, both[1].bets * late]
    if peek:
        bets[0] = np.where(z > mean, 1.0, 0.5) * bets[0]
    both = [Gambler(g.z, g.reach, b) for g, b in zip(both, bets, strict=True)]
    return common_wealth(both, mean).max() >= np.log(1 / delta), both


@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("law", LAWS)
def test_the_bound_exceeds_the_mean_no_more_often_than_promised(law, n):
    """1,000 samples, delta = 0.1; a right bound fails once in 1,000 such tests at most.

    A bound above the mean means that the wealth at the mean is enough, which is faster to compute.
    """
    mean, draw = LAWS[law]
    delta, repeats = 0.1, 1000
    rich = 0
    for repeat in range(repeats):
        z = draw(n)
        enough, both = wealths_at(mean, z, delta)
        alone = common_wealth([gambler(z, delta)], mean).max() >= np.log(1 / delta)
        rich += max(enough, alone)  # either way to bet keeps the promise, and here both do
        if repeat < 20 or (enough and rich < 20):
            assert (betting_lower_bound(both, delta) > mean) <= enough
    assert rich <= stats.binom.ppf(0.999, repeats, delta)


def test_bets_that_look_at_their_own_value_would_break_the_promise():
    """The test above can fail: bets from the values that they are placed on."""
    delta, repeats = 0.1, 500
    missed = sum(wealths_at(0.0, LAWS["even"][1](50), delta, peek=True)[0] for _ in range(repeats))
    assert missed > 2 * delta * repeats


@pytest.mark.parametrize("p", [0.6, 0.7, 0.9])
def test_the_bound_is_near_the_exact_one_of_a_binomial(p):
    """Clopper and Pearson's bound knows that values are -1 or 1, and betting does not."""
    n, repeats = 500, 200
    draws = 2.0 * (RNG.random((repeats, n)) < p) - 1
    ours = np.mean([bound(z) for z in draws])
    exact = np.mean([clopper_pearson(z, DELTA) for z in draws])
    mean = 2 * p - 1
    assert 0.7 * (mean - exact) < mean - ours < 1.5 * (mean - exact)


@pytest.mark.parametrize("spread", [0.01, 0.05, 0.1])
def test_small_variances_are_used_better_than_by_bernstein(spread):
    """4,000 values as score differences are: on a small part of their range."""
    z = np.clip(0.1 + spread * RNG.standard_normal(4000), -1, 1)
    ours, bernstein = bound(z), bernstein_lower_bound(z, DELTA)
    assert bernstein < ours <= z.mean()
    assert z.mean() - ours < 0.75 * (z.mean() - bernstein)


@pytest.mark.parametrize(
    "z",
    [
        np.zeros(10),
        np.ones(1),
        -np.ones(5),
        np.full(10**5, 1e-300),
        np.sort(RNG.random(1000))[::-1],
        np.r_[np.ones(500), np.zeros(500)],
        np.r_[np.zeros(10**5), 1.0],
    ],
    ids=["zeros", "one", "below", "tiny", "falling", "ones first", "rare"],
)
@pytest.mark.parametrize("delta", [1e-12, 0.05, 0.999])
def test_the_bound_lies_between_zero_and_the_sample_mean_whatever_the_values(z, delta):
    with np.errstate(all="raise", under="ignore"):
        assert 0 <= bound(z, delta) <= max(z.mean(), 0.0)


def test_a_surer_bound_is_lower_and_more_values_make_it_higher():
    z = RNG.random(2000)
    bounds = [bound(z, delta) for delta in (0.001, 0.01, 0.1)]
    assert bounds == sorted(bounds)
    assert bound(np.tile(z, 4), 0.01) > bounds[1]


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
