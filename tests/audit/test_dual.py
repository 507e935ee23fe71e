import json

import numpy as np
import pytest
import torch
from torch import nn

from wgan.audit import dual, slope_corrected
from wgan.audit.dual import _parts, _scaled
from wgan.audit.pairs import shift
from wgan.base.errors import WganError
from wgan.distances import wasserstein
from wgan.objectives import CriticLoss, find_variant

X, Y = shift(2, 5.0).sample(1000, seed=0)


class Slope(nn.Module):
    """f(x) = s x_0: along a shift it is as general as it needs to be."""

    def __init__(self):
        super().__init__()
        self.s = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, x):
        return self.s * x[:, 0]


@pytest.mark.parametrize(("w", "weight"), [(1.0, 10.0), (5.0, 10.0), (20.0, 10.0), (2.0, 0.1)])
def test_the_penalised_optimum_has_slope_one_plus_w_over_two_lambda(w, weight):
    """Newton on the library's own loss, whose only unknown is the slope; then the reading is W +
    W^2 / (2 lambda).
    """
    row = find_variant("wgan-gp").adjusted(penalty_weight=weight)
    critic = Slope()
    x = torch.zeros(8, 2, dtype=torch.float64)
    y = x - torch.tensor([w, 0.0])
    loss = CriticLoss(critic, row)
    (g,) = torch.autograd.grad(loss(x, y, torch.rand(8, dtype=torch.float64)).loss.mean(), critic.s)
    critic.s.data -= g / (2 * weight)  # the loss is quadratic in s with curvature 2 lambda
    terms = loss(x, y, torch.rand(8, dtype=torch.float64))
    assert critic.s.item() == pytest.approx(1 + w / (2 * weight))
    reading = terms.estimate.mean().item()
    assert reading == pytest.approx(w + w**2 / (2 * weight))
    assert slope_corrected(reading, weight) == pytest.approx(w)


def test_a_gradient_penalty_critic_reads_too_much_and_the_correction_takes_it_off():
    reading = dual(X, Y, steps=300, width=64)
    assert reading.value == pytest.approx(5 * 1.25, rel=0.03)
    assert reading.held_out_value == pytest.approx(5 * 1.25, rel=0.05)
    assert reading.corrected == pytest.approx(5, rel=0.03)
    assert reading.mean_norm == pytest.approx(1.25, abs=0.04)
    assert reading.max_norm >= reading.mean_norm
    assert "not certified" in str(reading)
    assert json.loads(json.dumps(reading.to_json()))["corrected"] == reading.corrected


def test_the_unit_of_the_samples_goes_with_the_penaltys_weight():
    """f is penalised in the unit of the samples: metres with lambda are centimetres with 100
    lambda.
    """
    metres = dual(X, Y, steps=50, width=16, penalty_weight=3.0)
    centimetres = dual(100 * X, 100 * Y, steps=50, width=16, penalty_weight=300.0)
    assert centimetres.value == pytest.approx(100 * metres.value, rel=1e-3)
    assert centimetres.corrected == pytest.approx(100 * metres.corrected, rel=1e-3)


@pytest.mark.parametrize("name", ["gan", "gan-minimax"])
def test_jensen_shannon_rows_read_log_two_on_disjoint_samples_of_unequal_counts(name):
    reading = dual(X[:200], X + 100.0, name, steps=500, width=32)
    assert reading.value == pytest.approx(np.log(2), abs=0.01)
    assert reading.corrected is None
    assert reading.units == "Jensen-Shannon divergence, nats"


def test_what_a_critic_learned_by_heart_is_not_there_in_held_out_samples():
    """Two samples of one population in 64-D: W1 is 0, and in expectation so is what is held out."""
    x, y = shift(64, 0.0).sample(400, seed=0)
    reading = dual(x, y, steps=300, width=64)
    assert reading.held_out == (100, 100)
    assert reading.value > 2.0
    assert abs(reading.held_out_value) < 0.5
    line = str(reading)
    assert f"reads {reading.value:.4g} in-sample and {reading.held_out_value:.4g} held out" in line
    assert "of 100 and 100 samples that trained nothing" in reading.table()


def test_held_out_samples_train_nothing_and_few_samples_are_all_trained_on():
    for s, side in ((X, "x"), (Y, "y")):
        train, kept = _parts(s, True, 0, side)
        assert (len(train), len(kept)) == (750, 250)
        assert not {r.tobytes() for r in train} & {r.tobytes() for r in kept}
    moved = X.copy()
    rows = {r.tobytes() for r in _parts(X, True, 0, "x")[1]}
    moved[[r.tobytes() in rows for r in X]] += 1.0
    before, after = (dual(s, Y, steps=8, width=8) for s in (X, moved))
    assert before.value == after.value
    assert before.held_out_value != after.held_out_value
    few = dual(X[:19], Y, steps=8, width=8)
    assert few.held_out_value is None
    assert few.held_out == (0, 0)
    assert "held out" not in str(few)
    assert "none: fewer than 20 samples" in few.table()


def test_clipped_weights_stay_clipped_and_nothing_is_corrected():
    reading = dual(X, Y, "wgan", steps=50, width=16)
    assert 0 < reading.value < 0.1
    assert reading.corrected is None
    assert reading.penalty_weight is None
    assert "no unit" in str(reading)


def test_a_critic_still_learning_says_so():
    short = dual(X, Y, steps=8, width=64)
    assert not short.settled
    assert "still moving" in str(short)
    assert "no: " in short.table()


def test_each_step_is_reported_as_progress():
    calls = []
    dual(X, Y, "wgan", steps=8, width=8, progress=lambda *call: calls.append(call))
    assert calls == [("training a wgan critic", step, 8) for step in range(9)]


def test_a_reading_below_zero_is_never_settled():
    from dataclasses import replace

    reading = dual(X, Y, steps=8, width=8)
    assert replace(reading, value=1.0, drift=0.01).settled
    assert not replace(reading, value=-0.1, drift=0.01).settled
    assert not replace(reading, value=1.0, drift=0.06).settled


def test_gradient_norms_of_every_row_are_in_the_unit_of_the_samples():
    small, large = (dual(u * X, u * Y, "gan", steps=20, width=8) for u in (1e-3, 1.0))
    assert small.mean_norm == pytest.approx(1e3 * large.mean_norm, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "wgan-pg"}, "Did you mean 'wgan-gp'"),
        ({"steps": 7}, "8 or more"),
        ({"name": "wgan", "penalty_weight": 1.0}, "has no penalty"),
        ({"penalty_weight": 0.0}, "above 0"),
    ],
)
def test_wrong_settings_are_refused(arguments, message):
    with pytest.raises(WganError, match=message):
        dual(X, Y, **arguments)


def test_a_reading_of_nothing_is_left_alone():
    assert slope_corrected(-0.1, 10.0) == -0.1
    assert slope_corrected(0.0, 10.0) == 0.0


@pytest.mark.parametrize("name", ["wgan-ortho", "wgan-sn"])
def test_a_critic_held_by_its_layers_reads_a_certified_lower_bound_on_the_exact_distance(name):
    reading = dual(X, Y, name, steps=200, width=32)
    exact = wasserstein(*(_parts(s, True, 0, side)[0] for s, side in ((X, "x"), (Y, "y"))))
    assert 0.6 * exact < reading.certified <= exact
    assert reading.certified == reading.value / reading.lipschitz
    assert reading.corrected is None
    assert f"{reading.certified:.4g} divided by its certified L=" in str(reading)
    assert "at most the exact W1 of the samples that trained it" in reading.table()


def test_rows_whose_slope_goes_to_zero_have_no_unit_and_pairs_are_read_as_pairs():
    flat = dual(X, Y, "wgan-div", steps=20, width=8)
    assert "no unit" in flat.units
    assert flat.corrected is None
    assert dual(X, Y, "wgan-r1", steps=20, width=8).units.startswith("no distance")
    pairs = dual(X[:300], X + 100.0, "r3gan", steps=300, width=16)
    assert pairs.value == pytest.approx(np.log(2), abs=0.05)
    assert "relativistic" in pairs.units


@pytest.mark.parametrize("name", ["wgan-gp", "wgan-div", "gan-r1", "r3gan"])
def test_a_problem_in_other_units_is_the_same_problem(name):
    """Its loss at f is that of the scaled problem at g, up to the unit of the score."""
    variant = find_variant(name)
    x, y = 10 * X[:50] + 3, 10 * Y[:50]
    problem = _scaled(variant, (x, x[:0]), (y, y[:0]))
    middle = (x.mean(0) + y.mean(0)) / 2
    g = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    unit = problem.scale if variant.score.is_w1 else 1.0

    def score(s):
        return g(s).squeeze(1)

    def loss(variant, critic, a, b):
        a, b, u = (torch.as_tensor(each) for each in (a, b, np.full(50, 0.3)))
        penalty, _ = variant.penalty(critic, a, b, u)
        both = variant.score.critic(critic(a), critic(b)) + variant.penalty.weight * penalty
        return float(both.mean().detach())

    whole = loss(
        variant, lambda s: unit * score((s - torch.as_tensor(middle)) / problem.scale), x, y
    )
    assert whole == pytest.approx(unit * loss(problem.variant, score, problem.x, problem.y))


def test_a_critic_held_down_by_a_consistency_term_reads_no_distance():
    reading = dual(X, Y, "wgan-ct", steps=8, width=8)
    assert reading.corrected is None
    assert reading.certified is None
    assert reading.units == "no unit, an unknown multiple of W1"
    assert reading.penalty_weight == 10


def test_a_critic_held_by_its_layers_does_not_mind_the_unit():
    small, large = (
        dual(u * X, u * Y, "wgan-ortho", steps=30, width=8).value / u for u in (1e-3, 1e3)
    )
    assert small == pytest.approx(large, rel=1e-3)
