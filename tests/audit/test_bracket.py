import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from wgan.audit import bracket, train_auditor
from wgan.audit.betting import paired_differences
from wgan.audit.bounds import Scores, chosen_clamp, extension, lower_bound
from wgan.audit.bracket import _independent
from wgan.audit.critics import staged
from wgan.audit.pairs import (
    atoms,
    clusters,
    funnels,
    heavy_tails,
    mixture,
    rare_mode,
    scale,
    shift,
)
from wgan.audit.parts import parted
from wgan.audit.result import rounded
from wgan.audit.upper import asymptotic_radius
from wgan.base.errors import WganError
from wgan.distances import exact, transport, wasserstein

RNG = np.random.default_rng(0)
PAIRS = [make(d, base="ball") for make in (shift, scale, funnels) for d in (2, 8, 32, 128)]
NEW_PAIRS = [make(d, base="ball") for make in (rare_mode, mixture) for d in (2, 16)]
NEW_PAIRS += [funnels(d, base="ball", share=1.0) for d in (2, 16)]
NEW_PAIRS += [make(d) for make in (clusters, atoms, heavy_tails) for d in (2, 16)]
X, Y = shift(2, 2.0, "ball").sample(600, seed=1)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.name}-{pair.d}")
def test_the_population_bracket_holds_the_truth(pair):
    b = bracket(*pair.sample(1000, seed=0), diameter=pair.diameter, steps=30)
    assert b.lower <= pair.w1 <= b.upper
    assert b.upper_end.bound == b.upper_end.transport + b.upper_end.radius
    if pair.name == "shift":
        assert b.lower > 0.5 * pair.w1


@pytest.mark.parametrize("pair", NEW_PAIRS, ids=lambda pair: f"{pair.name}-{pair.d}")
def test_the_population_bracket_holds_the_truth_of_other_families(pair):
    """The lower end alone where the support has no diameter."""
    diameter = pair.diameter if np.isfinite(pair.diameter) else None
    b = bracket(*pair.sample(600, seed=0), diameter=diameter, steps=20)
    assert b.lower <= pair.w1 + 4 * pair.standard_error
    if diameter is not None:
        assert pair.w1 - 4 * pair.standard_error <= b.upper


@pytest.mark.parametrize("d", [2, 16])
def test_in_the_null_case_the_lower_bound_is_zero_though_the_samples_read_a_distance(d):
    x, y = shift(d, 0.0).sample(800, seed=0)
    b = bracket(x, y, steps=20)
    assert b.lower == 0
    assert b.upper is None
    assert b.floor > 0
    in_sample = bracket(x[:400], y[:400], "samples", steps=40)
    assert in_sample.lower > 0


def test_a_critic_that_saw_the_samples_is_refused_as_a_population_bound_and_a_fresh_one_is_not():
    auditor = train_auditor(X, Y, steps=20, width=16)
    with pytest.raises(WganError, match="trained on 1200 of these 1200 samples"):
        bracket(X, Y, auditor=auditor)
    fresh = bracket(*shift(2, 2.0, "ball").sample(600, seed=2), auditor=auditor)
    assert 0 < fresh.lower <= 2
    assert fresh.held_out == (600, 600)
    assert [each.critic for each in fresh.lower_end.readings] == ["certified critic"]


def test_tampered_weights_make_the_certificate_larger_so_that_the_bound_stays_true():
    auditor = train_auditor(X, Y, steps=100, width=16)
    x, y = shift(2, 2.0, "ball").sample(3000, seed=2)
    before = bracket(x, y, auditor=auditor).lower
    with torch.no_grad():
        auditor.net[0].weight.mul_(1.5)
    wide = replace(auditor, clamp=(-100.0, 100.0))
    after = bracket(x, y, auditor=wide)
    assert after.lower_end.leading.lipschitz == pytest.approx(1.5, rel=1e-5)
    assert after.lower_end.leading.gap > 2.0  # what an uncertified reading would claim
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


def test_both_critics_bet_in_both_stages_and_share_delta_with_the_upper_end():
    b = bracket(X, Y, steps=40, diameter=10.0)
    critics = ["certified critic", "extension of exact potentials"]
    readings = b.lower_end.readings
    assert [(each.stage, each.critic) for each in readings] == [
        (stage, critic) for stage in (1, 2) for critic in critics
    ]
    assert [each.pairs for each in readings] == [150] * 4
    assert b.lower_end.leader in critics
    without = bracket(X, Y, steps=40)
    assert without.lower > b.lower  # an upper end takes half of delta
    surer = bracket(X, Y, steps=40, diameter=10.0, confidence=0.999)
    assert surer.lower < b.lower < b.upper < surer.upper


@pytest.mark.parametrize(
    ("certifies", "work"),
    [
        (
            "population",
            {
                "training the auditor, stage 1 of 2": 5,
                "exact potentials, stage 1 of 2": 1,
                "training the auditor, stage 2 of 2": 5,
                "exact potentials, stage 2 of 2": 1,
                "exact transport": 4,
            },
        ),
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
        "n=2x300",
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
    assert plain["lower_end"]["readings"][0]["lipschitz"] == b.lower_end.readings[0].lipschitz
    assert plain["upper_end"]["diameter_from"] == "declared"


def test_without_a_diameter_there_is_no_upper_end_but_a_limit_that_says_what_it_is():
    b = bracket(X, Y, steps=5)
    assert str(b).startswith("W1(P,Q) >= ")
    assert "no diameter is known" in str(b)
    limit = np.mean([p.distance for p in batches()[0]]) + asymptotic_radius(batches()[0], 0.05)
    assert b.upper_end.asymptotic == pytest.approx(limit)
    assert f"asymptotic upper {limit:.4g}, not certified" in str(b)


def test_where_sampling_makes_nearly_all_of_the_transport_the_lower_end_stands_alone():
    """Two samples of one population in 30 dimensions: its distance is 0."""
    x, y = shift(30, 0.0, "ball").sample(200, seed=0)
    b = bracket(x, y, steps=5, diameter=12.0)
    assert b.floor_share > 0.9
    assert str(b).startswith(f"W1(P,Q) >= {b.lower:g} (")
    assert f"of no use: the floor is {b.floor_share:.0%} of the transport" in str(b)
    assert f"W1 <= {rounded(b.upper)} does not show a difference" in b.note
    assert b.to_json()["upper"] == b.upper > 0
    near = bracket(X, Y + 5, steps=5, diameter=20.0)
    assert " in [" in str(near)
    assert near.note == ""


def test_a_heuristic_without_a_standard_error_is_withheld():
    b = bracket(X, Y, steps=5)
    error = b.heuristic.standard_error
    assert f"heuristic {b.heuristic.value:.4g} (standard error {error:.2g})" in str(b)
    noise = replace(b, heuristic=replace(b.heuristic, standard_error=None))
    assert "heuristic withheld: what the floor leaves is no more than noise" in str(noise)
    assert f"{b.heuristic.value:.4g}" not in str(noise)
    assert "withheld" in noise.table()


def batches():
    """Exact transport of the two batches of all rows, across the sides and within each."""
    x, y = (_independent(s, None, 0, side) for s, side in ((X, "x"), (Y, "y")))
    assert {r.tobytes() for r in x} == {r.tobytes() for r in X}
    across = [transport(x[k : k + 300], y[k : k + 300]) for k in (0, 300)]
    return across, transport(x[:300], x[300:]).distance, transport(y[:300], y[300:]).distance


def test_floor_heuristic_and_upper_end_are_their_formulas():
    plans, floor_x, floor_y = batches()
    across = [plan.distance for plan in plans]
    b = bracket(X, Y, steps=5, diameter=10.0)
    assert b.floor == pytest.approx(floor_x)
    assert b.heuristic.value == pytest.approx(
        np.sqrt(np.mean(across) ** 2 - (floor_x**2 + floor_y**2) / 2)
    )
    assert b.upper == pytest.approx(np.mean(across) + 10 * np.sqrt(np.log(1 / 0.025) / 600))


def test_in_a_space_that_was_fitted_the_upper_end_rests_on_the_other_half():
    b = bracket(X, Y, steps=5, diameter=10.0, space="standard")
    assert (b.upper_end.batch, b.upper_end.batches) == (150, 2)
    coded = bracket(X, Y, steps=5, diameter=10.0, fitted=True)
    assert (coded.upper_end.batch, coded.upper_end.batches) == (150, 2)
    raw = bracket(X, Y, steps=5, diameter=10.0)
    assert raw.upper_end.batch * raw.upper_end.batches == 600


def test_a_declared_diameter_is_in_raw_coordinates_and_grows_with_the_space():
    x, y = X * 0.1, Y * 0.1
    b = bracket(x, y, steps=5, diameter=1.0, space="standard")
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


@pytest.mark.parametrize(("diameter", "delta"), [(None, 0.05), (10.0, 0.025)])
def test_each_stage_is_measured_by_critics_of_the_stages_before_it(diameter, delta):
    x, y = (parted(s, 0, side, False) for s, side in ((X, "x"), (Y, "y")))
    rows = []
    for end in (0, 150):
        known = [np.concatenate([part.train, part.held_out[:end]]) for part in (x, y)]
        fresh = [part.held_out[end : end + 150] for part in (x, y)]
        auditor = train_auditor(*known, steps=5)
        v = transport(*known).v
        f = [extension(known[1], v, s) for s in (*fresh, *known)]  # u and -v are those of known
        lipschitz = auditor.certificate.lipschitz
        rows.append(
            [
                Scores("network", auditor(fresh[0]), auditor(fresh[1]), auditor.clamp, lipschitz),
                Scores("extension", f[0], f[1], chosen_clamp(f[2], f[3]), 1.0),
            ]
        )
    expected = lower_bound(rows, delta)
    b = bracket(X, Y, steps=5, diameter=diameter)
    assert b.lower == pytest.approx(expected.bound)
    assert b.lower > 0.5


def test_unequal_sides_are_cut_into_stages_of_whole_pairs():
    x, y = (parted(s, 0, side, False) for s, side in ((X, "x"), (Y[:101], "y")))
    stages = staged(x, y)
    assert [len(stage.y) for stage in stages] == [25, 26]
    assert np.array_equal(np.concatenate([stage.x for stage in stages]), x.held_out)
    assert np.array_equal(np.concatenate([stage.y for stage in stages]), y.held_out)
    for before, stage in pairwise(stages):
        assert np.array_equal(stage.known_x, np.concatenate([before.known_x, before.x]))
        seen = {r.tobytes() for r in stage.known_x}
        assert not seen & {r.tobytes() for r in stage.x}
    codes = np.sort(np.arange(300) % 40)
    whole = staged(replace(x, groups=codes), y)
    assert [len(np.unique(stage.x_groups)) for stage in whole] == [20, 20]
    assert not set(whole[0].x_groups) & set(whole[1].x_groups)
    assert [len(stage.x_groups) for stage in whole] == [len(stage.x) for stage in whole]
    assert [len(stage.y) for stage in whole] == [25, 26]
    f_x, f_y = RNG.random(300), RNG.random(51)
    together = paired_differences(f_x, f_y)
    cut = len(stages[0].x)
    apart = paired_differences(f_x[:cut], f_y[:25]), paired_differences(f_x[cut:], f_y[25:])
    # As many values in each group as without stages, up to one.
    assert [len(z) for z in apart] == [25, 26]
    assert np.concatenate(apart).mean() == pytest.approx(together.mean(), abs=0.02)


def test_an_auditor_from_elsewhere_measures_sorted_files_in_random_order():
    """Sorted by score, early pairs would promise more than the mean."""
    auditor = train_auditor(X, Y, steps=20, width=16)
    x, y = shift(2, 2.0, "ball").sample(600, seed=2)
    plain = bracket(x, y, auditor=auditor)
    by_score = bracket(x[np.argsort(-auditor(x))], y[np.argsort(auditor(y))], auditor=auditor)
    assert by_score.lower_end.leading.gap == pytest.approx(plain.lower_end.leading.gap)
    assert by_score.lower == pytest.approx(plain.lower, abs=0.1)
    assert by_score.floor == pytest.approx(plain.floor, rel=0.3)


def test_heavy_tails_do_not_take_the_lower_end_away():
    """Student's t with 2.1 degrees of freedom, moved by 2; with clamps at the extremes: 0."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_t(2.1, (2000, 2)), rng.standard_t(2.1, (2000, 2))
    assert 1.0 < bracket(x + np.array([2.0, 0.0]), y, steps=30).lower <= 2.0
