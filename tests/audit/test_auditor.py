import numpy as np
import pytest
import torch

from wgan.audit import train_auditor
from wgan.audit.bounds import chosen_clamp
from wgan.audit.pairs import shift
from wgan.base.errors import WganError
from wgan.distances import wasserstein

X, Y = shift(3, 2.0).sample(400, seed=0)
AUDITOR = train_auditor(X, Y, steps=60, width=16, seed=1)


def test_its_value_is_at_most_the_exact_distance_and_near_it():
    gap = AUDITOR(X).mean() - AUDITOR(Y).mean()
    exact = wasserstein(X, Y)
    assert 0.8 * exact < gap / AUDITOR.certificate.lipschitz <= exact


def test_no_pair_of_points_is_stretched_by_more_than_its_certificate():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(2000, 3)) * 10
    b = a + rng.normal(size=(2000, 3)) * 10.0 ** rng.uniform(-6, 1, size=(2000, 1))
    slopes = np.abs(AUDITOR(a) - AUDITOR(b)) / np.linalg.norm(a - b, axis=1)
    assert 0.9 < slopes.max() <= AUDITOR.certificate.lipschitz * (1 + 1e-7)


@pytest.mark.parametrize("unit", [1e-3, 1e6])
def test_the_unit_of_the_samples_changes_nothing_but_the_unit_of_the_scores(unit):
    scaled = train_auditor(unit * X + 5 * unit, unit * Y + 5 * unit, steps=60, width=16, seed=1)
    assert scaled(unit * X + 5 * unit) == pytest.approx(unit * AUDITOR(X), abs=1e-3 * unit)


def test_the_same_seed_gives_the_same_auditor_and_leaves_torchs_own_seed_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    again = train_auditor(X, Y, steps=60, width=16, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(again(X), AUDITOR(X))
    assert not np.array_equal(train_auditor(X, Y, steps=60, width=16, seed=2)(X), AUDITOR(X))


def test_it_is_frozen_in_float64_and_knows_what_it_saw():
    assert all(p.dtype == torch.float64 and not p.requires_grad for p in AUDITOR.net.parameters())
    low, high = AUDITOR.clamp
    assert (low, high) == chosen_clamp(AUDITOR(X), AUDITOR(Y))
    with pytest.raises(WganError, match="trained on 1 of these 11 samples"):
        AUDITOR.check_unseen(np.concatenate([X[:1], X[:10] + 1]))
    AUDITOR.check_unseen(X + 1, Y + 1)


def test_each_step_is_reported_as_progress():
    calls = []
    train_auditor(X, Y, steps=3, width=4, progress=lambda *call: calls.append(call))
    assert calls == [("training the auditor", step, 3) for step in range(4)]


@pytest.mark.parametrize("settings", [{"steps": 0}, {"width": 7}, {"depth": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(WganError, match="1 step or more, an even width, 1 layer or more"):
        train_auditor(X, Y, **settings)


@pytest.mark.parametrize("x", [X[:, :1], X[:, :2], X[:, 0]])
def test_samples_of_another_dimension_are_refused(x):
    with pytest.raises((WganError, TypeError), match=r"trained in 3 dimensions|Float"):
        AUDITOR(x)


def test_a_cast_or_a_jitter_of_what_it_saw_is_still_seen():
    for seen in (X.astype(np.float32), X * (1 + 1e-15)):
        with pytest.raises(WganError, match="was trained on"):
            AUDITOR.check_unseen(seen.astype(np.float64))
