"""Membership inference: copies, jitter, a tenth copied, fresh rows, ties, few rows, intervals."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import betabinom
from sklearn.metrics import roc_auc_score
from table_sets import frame_of, measured, place, reference_of

from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics import membership
from wgan.evaluation.metrics.membership import (
    MEMBERSHIP,
    area,
    found_by_chance,
    found_share,
    found_shares,
    log_distances,
    members,
    membership_details,
)

RNG = np.random.default_rng(0)


def normal_table(n=3000, d=5, held_out=0.4, seed=0):
    random = np.random.default_rng(seed)
    columns = {f"x{i}": random.normal(size=n).round(9) for i in range(d)}
    return reference_of(frame_of(**columns), held_out)


def fresh(reference, n, seed=1):
    """Return rows of the same population as `normal_table` and the column that is added to it."""
    return np.random.default_rng([7, seed]).normal(size=(n, len(reference.columns)))


def attacked(reference, rows):
    comparison = Comparison(reference, rows, "generated")
    details = membership_details(reference, found_shares(comparison))
    return MEMBERSHIP.measure(comparison), details


def attack(train, others, known, generated):
    """Return scores of members and of others, as the attacker of plain coordinates has them."""
    both = np.concatenate([train, others])
    score = log_distances(both, [known], 5) - log_distances(both, [generated], 1)
    return score[: len(train)], score[len(train) :]


@pytest.mark.parametrize("k", [1, 5])
def test_distances_are_those_of_a_tree_whatever_the_parts(k):
    x, rows = RNG.normal(size=(70, 4)), RNG.normal(size=(90, 4))
    expected = np.log(cKDTree(rows).query(x, [k])[0][:, 0])
    for cut in (90, 33, 2):
        parts = [rows[i : i + cut] for i in range(0, 90, cut)]
        assert log_distances(x, parts, k) == pytest.approx(expected)


def test_equal_rows_and_rows_within_rounding_count_as_one_distance():
    rows = np.array([[0.0], [1.0], [1.0 + 1e-8]])
    assert log_distances(np.array([[0.0], [1.0]]), [rows], 1) == pytest.approx(np.log([1e-6] * 2))
    assert log_distances(np.array([[0.0], [1.0]]), [rows], 2) == pytest.approx([0.0, np.log(1e-6)])


def test_the_area_is_that_of_scikit_learn_and_its_variance_that_of_pairs():
    """By hand: the variances of the members' wins, and of the others' losses, among all pairs."""
    a, b = RNG.integers(0, 9, 40) + 2.0, RNG.integers(0, 9, 60).astype(float)
    found = area(a, b)
    side = np.repeat([1, 0], [40, 60])
    assert found.value == pytest.approx(roc_auc_score(side, np.concatenate([a, b])))
    wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    variance = wins.mean(axis=1).var(ddof=1) / 40 + wins.mean(axis=0).var(ddof=1) / 60
    assert found.half_width == pytest.approx(1.96 * variance**0.5)


def test_the_share_found_is_that_above_at_most_one_percent_of_others():
    others = np.arange(200.0)
    assert found_share(np.array([197.0, 198.0, 198.5, 300.0]), others) == 0.5
    assert found_share(np.full(50, 199.0), np.full(100, 199.0)) == 0, "ties are not found"
    assert np.isnan(found_share(others, others[:98]))
    assert not np.isnan(found_share(others, others[:99]))


def test_chance_is_exceeded_as_often_as_is_said():
    """Of 4,000 draws of 250 scores without any knowledge, at most 2.5 % lie above."""
    scores = np.random.default_rng(1).normal(size=(4000, 2, 250))
    found = np.array([found_share(a, b) for a, b in scores])
    bound = found_by_chance(250)
    expected = betabinom.sf(round(bound * 250), 250, 2, 249)
    assert 0.01 < expected <= 0.025
    assert (found > bound).mean() == pytest.approx(expected, abs=0.007)
    assert found.mean() == pytest.approx(2 / 251, abs=0.0005)


def test_copies_and_jittered_copies_expose_all_members():
    reference = normal_table()
    value, real, copies = measured(MEMBERSHIP, Comparison(reference, reference.train, "copies"))
    assert value.value == copies.value == 1
    assert abs(real.value - 0.5) < 2 * real.half_width
    jitter = reference.train + 0.01 * RNG.normal(size=reference.train.shape)
    found, details = attacked(reference, RNG.permutation(jitter))
    assert found.value > 0.98
    assert details["found"] > 0.9
    assert details["real"] <= details["chance"] < 0.04
    assert details["members"] == 600


def test_a_smooth_density_around_training_rows_exposes_them_too():
    """Noise of 0.3 around training rows makes no copies."""
    reference = normal_table(d=9)
    blur = reference.train + 0.3 * RNG.normal(size=reference.train.shape)
    assert attacked(reference, blur)[0].value > 0.8


def test_fresh_rows_expose_no_members_and_the_interval_holds():
    """Of 400 draws of all four sides, 0.5 lies outside in about one of twenty."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(400):
        rows = random.normal(size=(620, 3)) * np.exp(random.normal(size=(620, 1)))
        found.append(area(*attack(rows[:100], rows[100:200], rows[200:300], rows[300:])))
    outside = np.mean([abs(mean.value - 0.5) > mean.half_width for mean in found])
    assert 0.02 < outside < 0.085
    values = [mean.value for mean in found]
    assert np.mean(values) == pytest.approx(0.5, abs=3 * np.std(values) / 20)
    assert np.std(values) * 1.96 == pytest.approx(np.mean([m.half_width for m in found]), rel=0.15)


@pytest.mark.parametrize("part", [0.1, 0.5])
def test_the_part_that_is_copied_is_read(part):
    """Copied members rank first, all others as chance has it: AUC is (1 + part) / 2."""
    random = np.random.default_rng(4)
    areas, shares = [], []
    for _ in range(10):
        train, others, known, generated = (random.normal(size=(n, 6)) for n in (900, 300, 400, 900))
        generated[: int(part * 900)] = random.permutation(train)[: int(part * 900)]
        scores = attack(train[:300], others, known, generated)
        areas.append(area(*scores).value)
        shares.append(found_share(*scores))
    assert np.mean(areas) == pytest.approx((1 + part) / 2, abs=0.02)
    assert np.mean(shares) == pytest.approx(part + (1 - part) / 100, abs=0.02)


def test_a_tenth_of_the_training_rows_copied_is_read_and_seen():
    reference = normal_table(6000)
    rows = fresh(reference, reference.n)
    rows[: reference.n // 10] = RNG.permutation(reference.train)[: reference.n // 10]
    found, details = attacked(reference, rows)
    assert found.value == pytest.approx(0.55, abs=found.half_width + 0.01)
    assert details["found"] == pytest.approx(0.1, abs=0.035)
    assert details["found"] > 2 * details["chance"]


def test_the_floor_reads_half_though_the_ceiling_reads_one():
    floors = [MEMBERSHIP.floor(normal_table(1000, seed=seed)) for seed in range(8)]
    assert np.mean([floor.value for floor in floors]) == pytest.approx(0.5, abs=0.03)
    assert MEMBERSHIP.ceiling(normal_table(1000)).value == 1


@pytest.mark.parametrize("levels", [3, 40])
def test_rows_with_ties_expose_nothing_but_what_is_copied(levels):
    """Of few combinations all candidates tie, and AUC is a half; of many, copies are found."""
    random = np.random.default_rng(5)
    areas, copied = [], []
    for _ in range(30):
        rows = random.integers(0, levels, size=(900, 2)).astype(float)
        train, others, known = rows[:300], rows[300:400], rows[400:600]
        areas.append(area(*attack(train[:100], others, known, rows[600:])))
        copied.append(area(*attack(train[:100], others, known, train)).value)
    outside = [abs(mean.value - 0.5) > mean.half_width for mean in areas]
    assert np.mean(outside) < 0.17
    assert np.mean([mean.value for mean in areas]) == pytest.approx(0.5, abs=0.025)
    if levels == 3:
        assert copied == [0.5] * 30
    else:
        assert np.mean(copied) > 0.85


def test_common_rows_are_no_evidence_and_rare_copied_ones_are():
    """A row that the attacker knows from the reference ranks below an equally near unknown one."""
    known = np.repeat([[0.0], [5.0]], 6, axis=0)
    score = attack(np.array([[0.0], [9.0]]), np.array([[5.0]]), known, np.array([[0.0], [9.0]]))
    assert score[0][1] > score[0][0] == 0 > score[1][0]


def test_candidates_are_disjoint_from_what_the_attacker_knows_and_from_the_floor(monkeypatch):
    seen = []

    def spy(x, parts, k):
        seen.append((x, np.concatenate(list(parts)), k))
        return np.zeros(len(x))

    monkeypatch.setattr(membership, "log_distances", spy)
    reference = normal_table(500)
    MEMBERSHIP.floor(reference)
    (candidates, known, k), (same, floor, one) = seen
    assert (k, one) == (5, 1)
    assert same is candidates
    n = members(reference)
    assert n == 100 == len(known) == len(candidates) // 2
    rows = np.concatenate([candidates, known, floor])
    assert len(np.unique(rows, axis=0)) == len(rows) == 500
    train = reference.measure(reference.train)
    assert np.array_equal(candidates[:n], train[:n])
    assert np.array_equal(floor, train[n:])


def test_sorted_rows_of_a_file_are_shuffled_before_they_are_halved():
    reference = normal_table(2000)
    i = place(reference, "x0")
    reference.held_out[:] = reference.held_out[np.argsort(reference.held_out[:, i])]
    found = attacked(reference, fresh(reference, reference.n))[0]
    assert abs(found.value - 0.5) < 2 * found.half_width


def test_few_rows_have_no_figure():
    few = normal_table(300, held_out=0.3)
    assert members(few) == 45
    comparison = Comparison(few, few.train, "generated")
    assert MEMBERSHIP.measure(comparison) is None
    assert MEMBERSHIP.floor(few) is None
    assert MEMBERSHIP.ceiling(few) is None
    assert found_shares(comparison).shape == (0,)
    assert membership_details(few, found_shares(comparison)) == {}


def test_a_rate_of_one_percent_needs_a_hundred_members_and_the_area_does_not():
    reference = normal_table(300, held_out=0.5)
    found, details = attacked(reference, reference.train)
    assert members(reference) == 75
    assert found.value == 1
    assert details == {}


def test_the_cost_is_bounded(monkeypatch):
    reference = normal_table(2000)
    monkeypatch.setattr(membership, "MOST_MEMBERS", 120)
    monkeypatch.setattr(membership, "MOST_REFERENCE", 150)
    details = attacked(reference, reference.train)[1]
    assert (details["members"], details["reference"]) == (120, 150)
    assert MEMBERSHIP.samples(reference) == 120
    monkeypatch.setattr(membership, "MOST_PRODUCTS", 1)
    assert members(reference) == 50
