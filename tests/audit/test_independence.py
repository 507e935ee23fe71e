"""Independence: dependent and copied rows are told, independent ones are not, and groups count as
one draw each.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from wgan.audit import bracket, train_auditor
from wgan.audit.bounds import Scores, lower_bound
from wgan.audit.copies import near_copies, repeated_rows, representatives, shared_rows
from wgan.audit.critics import staged
from wgan.audit.groups import first_codes, grouped_halves, one_of_each
from wgan.audit.independence import LEVEL, Rows, _one_each, check_apart, check_independence
from wgan.audit.order import _lag_sums, _orders, columns_order_test, order_test
from wgan.audit.parts import halves, parted
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
Y = RNG.normal(size=(400, 4)) + 1.0
GROUPS = np.repeat(np.arange(80), 5)


def side(s, name="x", seed=0, codes=None):
    """A side whose held-out rows have their first coordinate as the score."""
    _, held_out = halves(len(s), seed, name, codes)
    return Rows(s, s[held_out, 0], held_out, RowHashes.of(s), codes)


def failed(x, y, seed=0):
    """The names of the tests that fail; a refusal counts as one."""
    left, right = side(x, "x", seed), side(y, "y", seed)
    try:
        check_apart(left.hashes, right.hashes)
    except WganError:
        return ["refused"]
    return [test.name for test in check_independence(left, right, seed).failed]


# The order of a file


def test_lag_sums_are_the_sums_of_products():
    u = RNG.normal(size=(3, 40))
    u -= u.mean(axis=1, keepdims=True)
    expected = [
        [sum(row[:-k] @ row[k:] for k in range(1, w + 1)) for w in (1, 2, 4, 8)] for row in u
    ]
    np.testing.assert_allclose(_lag_sums(u, [1, 2, 4, 8]), expected, atol=1e-12)


def test_the_correlation_of_neighbours_is_that_of_ranks():
    series = stats.rankdata(np.cumsum(RNG.normal(size=300)))
    correlation, lag, p = order_test(series, np.random.default_rng(0))
    u = (series - series.mean()) / series.std()
    expected = np.mean([u[:-k] @ u[k:] / 300 for k in range(1, lag + 1)])
    assert correlation == pytest.approx(expected)
    assert p == 0.001


def test_the_p_value_of_the_order_is_uniform_for_independent_scores():
    p = np.array(
        [
            order_test(make.standard_t(1.5, 100).round(1), np.random.default_rng(seed))[2]
            for seed, make in ((seed, np.random.default_rng(seed)) for seed in range(300))
        ]
    )
    for level in (0.1, 0.5):  # within three standard deviations of a binomial count
        assert abs((p <= level).sum() - 300 * level) < 3 * np.sqrt(300 * level * (1 - level))


@pytest.mark.parametrize(
    ("scores", "lag"),
    [
        (np.tile([0.0, 1.0], 100), 1),  # interleaved files: neighbours are unlike
        (np.repeat([0.0, 1.0], 100), None),  # one file after another
        (np.linspace(0, 3, 300) + RNG.normal(size=300), None),  # drift
    ],
)
def test_other_orders_than_random_are_seen(scores, lag):
    _, found, p = order_test(scores, np.random.default_rng(0))
    assert p == 0.001
    assert lag in (None, found)


def test_a_file_sorted_by_one_of_many_columns_is_seen_though_scores_do_not_read_it():
    x = RNG.normal(size=(300, 16))
    assert columns_order_test(x, np.random.default_rng(0))[3] > 0.01
    x = x[np.argsort(x[:, 5] // 0.7)]  # sorted blocks
    correlation, column, _, p = columns_order_test(x, np.random.default_rng(0))
    assert (column, p) == (5, 1 / 400)
    assert correlation > 0.2
    assert order_test(x[:, 0], np.random.default_rng(0))[2] > 0.01


def test_the_p_value_of_the_order_of_columns_is_uniform():
    p = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p.append(columns_order_test(rng.lognormal(size=(60, 3)), rng)[3])
    for level in (0.1, 0.5):
        assert abs((np.array(p) <= level).sum() - 100 * level) < 3 * np.sqrt(
            100 * level * (1 - level)
        )


def test_columns_that_do_not_vary_have_no_order():
    assert columns_order_test(np.ones((50, 2)), np.random.default_rng(0)) == (0.0, 0, 1, 1.0)


def test_scores_that_do_not_vary_have_no_order():
    assert order_test(np.zeros(50), np.random.default_rng(0)) == (0.0, 1, 1.0)


# Dependent rows


def twice(x, noise, copies=2):
    rows = np.repeat(x[: len(x) // copies], copies, axis=0)
    return RNG.permutation(rows + noise * RNG.normal(size=rows.shape))


def autoregressive(steps):
    rows = [steps[0]]
    for step in steps[1:]:
        rows.append(0.9 * rows[-1] + step)
    return np.array(rows)


def partly(x, y, share, noise):
    count = int(share * len(y))
    copied = x[:count] + noise * RNG.normal(size=(count, x.shape[1]))
    return x, RNG.permutation(np.concatenate([y[count:], copied]))


DEPENDENT = {
    "random walk": (lambda x, y: (np.cumsum(x, axis=0), y), "order of x"),
    "AR(1)": (lambda x, y: (x, autoregressive(y)), "order of y"),
    "sorted": (lambda x, y: (x[np.argsort(x[:, 0])], y), "order of x"),
    "each row twice": (lambda x, y: (twice(x, 0.0), y), "repeated rows of x"),
    "twice, a thousandth": (lambda x, y: (twice(x, 1e-3), y), "near-copies of x"),
    "twice, a hundredth": (lambda x, y: (twice(x, 1e-2), y), "near-copies of x"),
    "five times": (lambda x, y: (x, twice(y, 1e-2, 5)), "near-copies of y"),
    "y from x": (lambda x, y: partly(x, y, 0.2, 1e-2), "near-copies of x in y"),
    "5 % of y are x": (lambda x, y: partly(x, y, 0.05, 0.0), "refused"),
}


@pytest.mark.parametrize(("change", "name"), DEPENDENT.values(), ids=list(DEPENDENT))
@pytest.mark.parametrize("d", [4, 16])
def test_dependent_and_copied_rows_are_told_in_nine_of_ten(change, name, d):
    found = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found += name in failed(*change(rng.normal(size=(400, d)), rng.normal(size=(400, d))), seed)
    assert found >= 9


# Independent rows

CENTRES = np.random.default_rng(5).normal(size=(27, 16))
INDEPENDENT = {
    "normal": lambda d, rng: rng.normal(size=(400, d)),
    "Student's t": lambda d, rng: rng.standard_t(2.1, (400, d)),
    "lognormal": lambda d, rng: np.exp(rng.normal(size=(400, d))),
    "clusters": lambda d, rng: (
        5 * CENTRES[rng.integers(0, 27, 400), :d] + 0.01 * rng.normal(size=(400, d))
    ),
    "atoms": lambda d, rng: CENTRES[rng.integers(0, 27, 400), :d],
    "rare mode": lambda d, rng: rng.normal(size=(400, d)) + 8.0 * (rng.random((400, 1)) < 0.02),
    "half zeros": lambda d, rng: rng.normal(size=(400, d)) * (rng.random((400, 1)) < 0.5),
    "grid": lambda d, rng: rng.normal(size=(400, d)).round(1),
}


@pytest.mark.parametrize("d", [2, 16])
def test_independent_rows_raise_few_alarms_without_the_order(d):
    """The order's p-value is exact; of the other tests, no family has more than 1 of 30."""
    for name, draw in INDEPENDENT.items():
        alarms = 0
        for seed in range(30):
            rng = np.random.default_rng(seed)
            x, y = draw(d, rng), draw(d, rng)
            of_x, of_y = RowHashes.of(x), RowHashes.of(y)
            found = [shared_rows(of_x, of_y), repeated_rows(of_x), near_copies(x, x, rng)]
            found.append(near_copies(y, x, rng))
            alarms += min(each.p for each in found) < LEVEL / 11
        assert alarms <= 1, name


def test_near_copies_are_counted():
    """Each of 200 rows has one copy, and no row has two."""
    found = near_copies(twice(X, 1e-6), twice(X, 1e-6), np.random.default_rng(0))
    assert found.p < 1e-9
    x = twice(X, 1e-6)
    found = near_copies(x, x, np.random.default_rng(0))
    assert (found.count, found.total, found.copies) == (400, 400, 1)
    five = twice(X, 1e-6, 5)
    assert near_copies(five, five, np.random.default_rng(0)).copies == 4


def test_gaps_have_the_distribution_that_the_p_value_states():
    """In the plane and in 8-D: how often a row's largest spacing is as rare as stated."""
    from wgan.audit.copies import CLUMP, _gaps

    for d in (2, 8):
        x = np.random.default_rng(d).normal(size=(3000, d))
        chance, copies, _ = _gaps(x[:1500], x[1500:])
        assert (chance < 0.05).mean() < 0.05
        share = np.bincount(copies, minlength=CLUMP + 2)[1:] / 1500
        # Fewer where the middle row's sum stands in, never many more.
        np.testing.assert_allclose(share, 1 / (CLUMP + 1), atol=0.05)


# Groups


def test_groups_are_numbered_as_they_occur_whatever_their_type():
    words = np.array([f"p{i}" for i in range(20)] + ["p3"])
    assert first_codes(words, 21, "x").tolist() == [*range(20), 3]
    assert first_codes(np.arange(21) // 1.0, 21, "x").tolist() == list(range(21))
    dates = np.arange("2020-01-01", "2020-01-22", dtype="datetime64[D]")
    assert first_codes(dates, 21, "x").tolist() == list(range(21))
    assert first_codes(None, 21, "x") is None


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(399), r"x has 400 samples and groups of shape \(399,\): give one label"),
        (np.zeros((400, 2)), "give one label a sample"),
        (np.where(np.arange(400) < 398, 1.0 * np.arange(400), np.nan), "no label in row 398"),
        ([None, *range(399)], "no label in row 0"),
        (["", *range(399)], "no label in row 0"),
        (np.arange(400) % 19, "x has 19 groups"),
        ([[1]] * 400, "give one label"),
    ],
)
def test_wrong_groups_are_one_clear_error(labels, message):
    with pytest.raises(WganError, match=message):
        bracket(X, Y, steps=5, x_groups=labels)


def test_a_bracket_of_samples_takes_no_groups():
    with pytest.raises(WganError, match="leave groups out"):
        bracket(X, Y, "samples", steps=5, x_groups=GROUPS)
    assert bracket(X, Y, "samples", steps=5).independence is None


def test_whole_groups_are_held_out():
    codes = first_codes(RNG.permutation(np.arange(400) % 57), 400, "x")
    train, held_out = grouped_halves(codes, 0, "x")
    assert sorted([*train, *held_out]) == list(range(400))
    assert not set(codes[train]) & set(codes[held_out])
    assert (len(set(codes[train])), len(set(codes[held_out]))) == (28, 29)
    part = parted(X, 0, "x", False, codes)
    assert np.array_equal(part.groups, codes[held_out])
    assert part.count == len(part.independent) == 29
    # Groups of a size are in random order: else the order of bets would depend on the file.
    first = codes[held_out][np.unique(codes[held_out], return_index=True)[1]]
    assert not np.array_equal(codes[held_out][np.r_[True, np.diff(codes[held_out]) != 0]], first)


def test_one_row_of_each_group_is_uniform_in_its_group():
    codes = np.array([0, 1, 1, 1, 2])
    picked = np.array([one_of_each(codes, seed, "x") for seed in range(900)])
    assert set(picked[:, 0]) == {0}
    counts = np.bincount(picked[:, 1], minlength=4)[1:]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_lower_end_bets_on_means_of_groups_of_clamped_scores():
    b = bracket(X, Y, steps=5, x_groups=GROUPS)
    codes = first_codes(GROUPS, 400, "x")
    left, right = parted(X, 0, "x", False, codes), parted(Y, 0, "y", False)
    auditor = train_auditor(left.train, right.train, steps=5)
    first, _ = staged(left, right)
    assert len(set(first.x_groups)) == 20
    clipped = np.clip(auditor(first.x), *auditor.clamp)
    means = [clipped[first.x_groups == g].mean() for g in set(first.x_groups)]
    expected = np.mean(means) - np.clip(auditor(first.y), *auditor.clamp).mean()
    found = b.lower_end.readings[0]
    assert found.gap == pytest.approx(expected, abs=1e-9)
    assert found.pairs == 20
    assert b.groups == (40, None)


def test_copies_in_groups_promise_no_more_than_the_rows_that_were_copied():
    """Each row 20 times: as rows, the bracket believes in 20 times as many draws."""
    x, y = X[:60], X[60:120] + 0.3
    groups = np.repeat(np.arange(60), 20)
    copied = [np.repeat(s, 20, axis=0) for s in (x, y)]
    as_rows = bracket(*copied, steps=20, diameter=20.0)
    as_groups = bracket(*copied, steps=20, diameter=20.0, x_groups=groups, y_groups=groups)
    once = bracket(x, y, steps=20, diameter=20.0)
    assert as_rows.lower > 0.5  # the truth of moving by (0.3, 0.3, 0.3, 0.3) is 0.6
    assert as_groups.lower <= 0.6
    assert as_groups.upper_end.radius == once.upper_end.radius > as_rows.upper_end.radius
    assert as_rows.independence.verdict == "doubtful"
    assert as_groups.independence.verdict == "not refuted"


def test_the_lower_end_of_grouped_draws_holds_as_often_as_promised():
    """Few large clusters as groups: the null, at 90 %, and rows in place of groups would fail."""
    codes = np.repeat(np.arange(40), 25)
    wrong = {"groups": 0, "rows": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        f, g = (rng.random((40, 1)).repeat(25, axis=1).ravel() for _ in range(2))
        for name, groups, (a, b) in (
            ("groups", codes, (f, g)),
            ("rows", None, (rng.permutation(f), rng.permutation(g))),
        ):
            scores = Scores("critic", a, b, (0.0, 1.0), 1.0, groups, groups)
            wrong[name] += lower_bound([[scores]], 0.1).bound > 0
    assert wrong["groups"] <= 20 + 3 * np.sqrt(200 * 0.1 * 0.9)
    assert wrong["rows"] > 60


def test_groups_of_few_rows_are_named_in_the_line_and_the_order_is_that_of_groups():
    x = np.repeat(X[:80], 5, axis=0) + 0.01 * RNG.normal(size=(400, 4))
    b = bracket(x, Y, steps=5, x_groups=GROUPS)
    assert "95 %, population of a random row of a random group of x; " in str(b)
    assert "200 in 40 groups+200 held out" in str(b)
    assert "if the groups are independent" in b.table()
    assert "whole groups" in b.table()
    assert b.independence.verdict == "not refuted"
    assert bracket(x, Y, steps=5).independence.verdict == "doubtful"


def interleaved(rng, arrangement, count=100):
    """Independent groups whose values rise with their size, and whose rows are interleaved."""
    sizes = rng.choice([1, 2, 4, 20], count, p=[0.4, 0.3, 0.2, 0.1])
    values = rng.normal(size=count) + np.log(sizes)
    visits = np.concatenate([np.arange(size) for size in sizes])
    shuffled = rng.random(len(visits))
    order = np.argsort(shuffled) if arrangement == "shuffled" else np.lexsort((shuffled, visits))
    groups = np.repeat(np.arange(count), sizes)[order]
    return values[groups][:, None], first_codes(groups, len(groups), "x")


@pytest.mark.parametrize("arrangement", ["shuffled", "visit by visit"])
def test_the_order_of_independent_groups_of_unequal_sizes_is_not_doubted(arrangement):
    """In a shuffled file large groups occur early, so that an order among all of them rises."""
    doubted = {"held-out": 0, "columns": 0, "without sizes": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values, codes = interleaved(rng, arrangement)
        rows = side(values, codes=codes)
        (by_group, _) = _one_each(rows)
        assert np.array_equal(by_group, values[np.unique(codes, return_index=True)[1]])
        doubted["held-out"] += (
            order_test(rows.ordered_scores(), rng, rows.held_out_sizes())[2] < 0.05
        )
        doubted["columns"] += columns_order_test(by_group, rng, rows.sizes())[3] < 0.05
        doubted["without sizes"] += order_test(by_group[:, 0], rng)[2] < 0.05
    most = 40 * 0.05 + 3 * np.sqrt(40 * 0.05 * 0.95)
    assert doubted["held-out"] <= most
    assert doubted["columns"] <= most
    if arrangement == "shuffled":
        assert doubted["without sizes"] > 10


def test_only_interleaved_groups_are_ordered_among_those_of_one_size():
    together = side(X, codes=first_codes(GROUPS, 400, "x"))
    assert together.sizes() is None
    assert together.held_out_sizes() is None
    assert side(X).held_out_sizes() is None
    apart = side(X, codes=first_codes(np.arange(400) % 30, 400, "x"))
    assert apart.sizes().tolist() == [14] * 10 + [13] * 20
    assert len(apart.held_out_sizes()) == len(apart.ordered_scores()) == 15


def test_orders_keep_rows_at_places_of_their_class():
    classes = np.array([3, 1, 3, 3, 1, 7])
    orders = _orders(500, 6, np.random.default_rng(0), classes)
    assert np.array_equal(classes[orders], np.tile(classes, (500, 1)))
    assert len(np.unique(orders, axis=0)) == 12  # 3! 2! 1!


def test_an_auditor_from_elsewhere_measures_whole_groups():
    auditor = train_auditor(RNG.normal(size=(200, 4)), RNG.normal(size=(200, 4)) + 1, steps=5)
    b = bracket(X, Y, auditor=auditor, x_groups=GROUPS)
    assert b.groups == (80, None)
    assert b.held_out == (400, 400)


def test_a_row_stands_for_its_group_wherever_the_group_stands():
    codes = np.array([0, 0, 1, 1, 1])
    rows = X[:5]
    chosen = {rows[i].tobytes() for i in representatives(RowHashes.of(rows), codes)}
    again = {
        rows[::-1][i].tobytes() for i in representatives(RowHashes.of(rows[::-1]), codes[::-1])
    }
    assert len(chosen) == 2
    assert chosen == again


# What is printed


def test_the_verdict_is_in_the_line_the_table_the_note_and_json():
    good = bracket(X, Y, steps=5)
    assert "| independence not refuted by 11 tests |" in str(good)
    assert good.note == ""
    walk = bracket(np.cumsum(X, axis=0), Y, steps=5)
    line = str(walk)
    assert "| independence DOUBTFUL: rows " in line
    assert " x are alike (" in line
    assert "p <= 0.001" in line
    assert "a series or a sorted file" in walk.note
    assert "a series or a sorted file" in walk.table()
    assert "order of x" in walk.table()
    plain = json.loads(json.dumps(walk.to_json()))["independence"]
    assert plain["verdict"] == "doubtful"
    assert len(plain["tests"]) == 11
    assert plain["tests"][0]["name"] == "order of x"
    assert plain["tests"][0]["p"] == 0.001
    assert plain["tests"][0]["verdict"] == "failed"
    assert plain["tests"][0]["statistic"] > 0.5


def test_held_out_scores_are_read_in_the_order_of_the_file():
    rows = side(np.arange(400.0)[:, None] + np.zeros((1, 2)))
    assert np.all(np.diff(rows.ordered_scores()) > 0)
    codes = first_codes(GROUPS[::-1], 400, "x")
    grouped = side(np.arange(400.0)[:, None] + np.zeros((1, 2)), codes=codes)
    assert np.all(np.diff(grouped.ordered_scores()) > 0)
    assert len(grouped.ordered_scores()) == 40
    backwards = replace(rows, scores=rows.scores[::-1], places=rows.places[::-1])
    assert np.array_equal(rows.ordered_scores(), backwards.ordered_scores())
