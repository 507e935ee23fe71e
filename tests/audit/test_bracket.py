import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from wgan.audit import bracket, train_auditor
from wgan.audit.pairs import funnels, scale, shift
from wgan.audit.result import rounded
from wgan.base.errors import WganError
from wgan.distances import exact, wasserstein

PAIRS = [make(d, base="ball") for make in (shift, scale, funnels) for d in (2, 8, 32, 128)]
X, Y = shift(2, 2.0, "ball").sample(600, seed=1)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.name}-{pair.d}")
def test_the_population_bracket_holds_the_truth(pair):
    b = bracket(*pair.sample(2000, seed=0), diameter=pair.diameter, steps=40)
    assert b.lower <= pair.w1 <= b.upper
    assert b.upper_end.bound == b.upper_end.transport + b.upper_end.radius
    if pair.name == "shift":
        assert b.lower > 0.5 * pair.w1


@pytest.mark.parametrize("d", [2, 16])
def test_in_the_null_case_the_lower_bound_is_zero_though_the_samples_read_a_distance(d):
    x, y = shift(d, 0.0).sample(2000, seed=0)
    b = bracket(x, y, steps=40)
    assert b.lower == 0
    assert b.upper is None
    assert b.floor > 0
    in_sample = bracket(x[:1000], y[:1000], "samples", steps=100)
    assert in_sample.lower > 0


def test_a_critic_that_saw_the_samples_is_refused_as_a_population_bound_and_a_fresh_one_is_not():
    auditor = train_auditor(X, Y, steps=20, width=16)
    with pytest.raises(WganError, match="trained on 1200 of these 1200 samples"):
        bracket(X, Y, auditor=auditor)
    fresh = bracket(*shift(2, 2.0, "ball").sample(600, seed=2), auditor=auditor)
    assert 0 < fresh.lower <= 2
    assert fresh.held_out == (600, 600)
    assert [low.critic for low in fresh.lower_ends] == ["certified critic"]


def test_tampered_weights_make_the_certificate_larger_so_that_the_bound_stays_true():
    auditor = train_auditor(X, Y, steps=100, width=16)
    x, y = shift(2, 2.0, "ball").sample(20_000, seed=2)
    before = bracket(x, y, auditor=auditor).lower
    with torch.no_grad():
        auditor.net[0].weight.mul_(1.5)
    wide = replace(auditor, clamp=(-100.0, 100.0))
    after = bracket(x, y, auditor=wide)
    assert after.best.lipschitz == pytest.approx(1.5, rel=1e-5)
    assert after.best.gap > 2.0  # what an uncertified reading would claim
    assert before <= 2.0
    assert after.lower <= 2.0


def test_the_sample_bracket_ends_at_the_exact_distance_of_these_samples():
    b = bracket(X, Y, "samples", steps=60)
    assert b.upper == wasserstein(X, Y)
    assert 0.5 * b.upper < b.lower <= b.upper
    assert b.confidence is None
    assert "these samples alone" in str(b)
    assert "scores as they are" in b.table()
    assert "population" not in str(b)


def test_an_unconverged_solver_is_refused(monkeypatch):
    monkeypatch.setattr(exact, "MAX_PIVOTS", 10)
    with (
        pytest.warns(UserWarning, match="numItermax"),
        pytest.raises(WganError, match="did not prove its optimum"),
    ):
        bracket(X, Y, "samples", steps=5)


def test_the_larger_of_both_critics_counts_and_shares_delta_with_the_other():
    b = bracket(X, Y, steps=40, diameter=10.0)
    assert b.lower == max(low.bound for low in b.lower_ends)
    assert [low.critic for low in b.lower_ends] == [
        "certified critic",
        "extension of exact potentials",
    ]
    without = bracket(X, Y, steps=40)
    assert all(
        a.radius < c.radius for a, c in zip(without.lower_ends, b.lower_ends, strict=True)
    )  # an upper end takes half of delta
    surer = bracket(X, Y, steps=40, diameter=10.0, confidence=0.999)
    assert surer.lower < b.lower < b.upper < surer.upper


@pytest.mark.parametrize(
    ("certifies", "work"),
    [
        ("population", {"training the auditor": 5, "exact potentials": 1, "exact transport": 4}),
        ("samples", {"training the auditor": 5, "exact transport": 1}),
    ],
)
def test_every_part_of_the_work_is_reported_to_its_end(certifies, work):
    calls = []
    bracket(X, Y, certifies, steps=5, progress=lambda *call: calls.append(call))
    assert {what for what, _, _ in calls} == set(work)
    for what, total in work.items():
        counts = [done for name, done, all_of_it in calls if name == what and all_of_it == total]
        assert counts == sorted(counts)
        assert counts[-1] == total


def test_only_the_held_out_half_is_measured():
    from wgan.audit.parts import parted

    halves = parted(X, 0, "x", False)
    assert len(halves.train) == len(halves.held_out) == 300
    assert not {r.tobytes() for r in halves.train} & {r.tobytes() for r in halves.held_out}
    assert bracket(X, Y, steps=5).held_out == (300, 300)


def test_a_line_a_table_and_json_tell_every_assumption():
    b = bracket(X, Y, steps=40, diameter=10.0, diameter_from="declared", units="metres")
    line, table, plain = str(b), b.table(), json.loads(json.dumps(b.to_json()))
    assert line.startswith(
        f"W1(P,Q) in [{rounded(b.lower, down=True)}, {rounded(b.upper)}] (95 %, population; R=10"
        " declared; lower: "
    )
    for word in (
        "L=1.0000",
        "300+300 held out",
        "upper: transport",
        "n=2x150",
        "metres",
        "| floor ",
        "| heuristic ",
        "not certified",
    ):
        assert word in line
    for word in (
        "holds of",
        "clamped to",
        "L by layer",
        "duality gap",
        "diameter",
        "random halves of each side by seed 0",
        "raw, in metres",
    ):
        assert word in table
    assert plain["lower"] == b.lower
    assert plain["upper"] == b.upper
    assert plain["lower_ends"][0]["lipschitz"] == b.lower_ends[0].lipschitz
    assert plain["upper_end"]["diameter_from"] == "declared"


def test_without_a_diameter_there_is_no_upper_end_but_a_limit_that_says_what_it_is():
    b = bracket(X, Y, steps=5)
    assert str(b).startswith("W1(P,Q) >= ")
    assert "no diameter is known" in str(b)
    across, _, _ = transports(300, 150)
    limit = np.mean(across) + stats.t.ppf(0.95, 1) * np.std(across, ddof=1) / np.sqrt(2)
    assert b.upper_end.asymptotic == pytest.approx(limit)
    assert f"asymptotic upper {limit:.4g}, not certified" in str(b)


def test_a_heuristic_that_the_floor_hides_is_called_noise():
    """Two samples of one population: its distance is 0, and the heuristic is not."""
    rng = np.random.default_rng(0)
    b = bracket(rng.normal(size=(200, 30)), rng.normal(size=(200, 30)), steps=5)
    share = b.floor / b.upper_end.transport
    assert share > 0.95
    words = f"noise: the floor is {share:.0%} of the transport"
    assert words in str(b)
    assert words in b.table()
    assert "noise" not in str(bracket(X, Y + 5, steps=5))


def transports(half, n):
    """Exact transport of batches of the held-out halves: across, and within each side."""
    from wgan.audit.parts import parted

    x, y = (parted(s, 0, side, False).held_out for s, side in ((X, "x"), (Y, "y")))
    assert len(x) == half
    across = [wasserstein(x[k * n : (k + 1) * n], y[k * n : (k + 1) * n]) for k in range(half // n)]
    return across, wasserstein(x[:n], x[n : 2 * n]), wasserstein(y[:n], y[n : 2 * n])


def test_floor_heuristic_and_upper_end_are_their_formulas():
    across, floor_x, floor_y = transports(300, 150)
    b = bracket(X, Y, steps=5, diameter=10.0)
    assert b.floor == pytest.approx(floor_x)
    assert b.heuristic == pytest.approx(
        np.sqrt(np.mean(across) ** 2 - (floor_x**2 + floor_y**2) / 2)
    )
    assert b.upper == pytest.approx(np.mean(across) + 10 * np.sqrt(np.log(1 / 0.025) / 300))


def test_a_declared_diameter_is_in_raw_coordinates_and_grows_with_the_space():
    x, y = X * 0.1, Y * 0.1
    b = bracket(x, y, steps=5, diameter=1.0, space="standard")
    from wgan.audit.parts import parted

    sd = parted(x, 0, "x", False).train.std(axis=0)
    assert b.upper_end.diameter == pytest.approx(1 / sd.min())


def test_rows_that_occur_again_are_counted_and_told():
    x, y = shift(16, 0.0).sample(500, seed=0)
    b = bracket(np.repeat(x, 2, axis=0), y, steps=5)
    assert b.repeated == (500, 0)
    assert "500 rows of x and 0 of y occur again" in b.note
    assert "drop the copies" in b.table()
    assert bracket(x, y, steps=5).note == ""


def test_a_named_space_is_fitted_on_the_training_half_and_named_in_the_result():
    b = bracket(X, Y, steps=20, space="pca-1", diameter=10.0)
    assert str(b).startswith("W1(P,Q; pca-1) in [")
    assert b.d == 1
    assert b.lower <= 2.0 <= b.upper  # the shift lies along the first axis


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"confidence": 1.0}, "between 0 and 1"),
        ({"diameter": -1.0}, "length above 0"),
        ({"diameter": 1.0}, "but two samples of one side lie"),
        ({"space": "pca-9"}, "principal axes"),
        ({"x": X[:19]}, "19 and 600 samples: a bracket needs 20"),
        ({"y": Y[:, :1]}, "2 dimensions and y has 1"),
        ({"y": np.where(Y > 0, np.nan, Y)}, "y holds NaN"),
        ({"y": np.concatenate([X[:15], Y])}, "share 15 rows"),
    ],
)
def test_what_would_not_certify_anything_is_refused(arguments, message):
    x, y = arguments.pop("x", X), arguments.pop("y", Y)
    with pytest.raises(WganError, match=message):
        bracket(x, y, steps=5, **arguments)


def test_samples_of_few_values_may_share_rows():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 2, (300, 2)).astype(float), rng.integers(0, 3, (300, 2)).astype(float)
    assert bracket(x, y, steps=5, diameter=3.0).upper > 0


def test_bounds_are_rounded_away_from_the_inside():
    for value in np.random.default_rng(0).lognormal(0, 4, size=200):
        assert float(rounded(value, down=True)) <= value * (1 + 1e-12)
        assert float(rounded(value)) >= value * (1 - 1e-12)
        assert float(rounded(value)) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(("diameter", "ways"), [(None, 2), (10.0, 4)])
def test_delta_is_split_between_the_ends_and_the_two_critics(diameter, ways):
    from wgan.audit.bounds import lower_bound
    from wgan.audit.parts import parted

    x, y = (parted(s, 0, side, False) for s, side in ((X, "x"), (Y, "y")))
    auditor = train_auditor(x.train, y.train, steps=5)
    f_x, f_y = (auditor(part.held_out) for part in (x, y))
    expected = lower_bound("c", f_x, f_y, auditor.clamp, 1.0, 0.05 / ways).radius
    low = bracket(X, Y, steps=5, diameter=diameter).lower_ends[0]
    assert low.radius == pytest.approx(expected)
    assert low.clamp == auditor.clamp


def test_an_auditor_from_elsewhere_measures_sorted_files_in_random_order():
    """Sorted by score, early pairs would promise more than the mean."""
    auditor = train_auditor(X, Y, steps=20, width=16)
    x, y = shift(2, 2.0, "ball").sample(600, seed=2)
    plain = bracket(x, y, auditor=auditor)
    by_score = bracket(x[np.argsort(-auditor(x))], y[np.argsort(auditor(y))], auditor=auditor)
    assert by_score.best.gap == pytest.approx(plain.best.gap)
    assert by_score.lower == pytest.approx(plain.lower, abs=0.1)
    assert by_score.floor == pytest.approx(plain.floor, rel=0.3)


def test_heavy_tails_do_not_take_the_lower_end_away():
    """Student's t with 2.1 degrees of freedom, moved by 2; with clamps at the extremes: 0."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_t(2.1, (2000, 2)), rng.standard_t(2.1, (2000, 2))
    assert 1.0 < bracket(x + np.array([2.0, 0.0]), y, steps=100).lower <= 2.0
