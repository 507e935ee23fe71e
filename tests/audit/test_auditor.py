import numpy as np
import pytest
import torch

from wgan.audit import train_auditor
from wgan.audit.auditor import _parts, _spacing
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


def gap(auditor, x, y):
    return auditor(x).mean() - auditor(y).mean()


def test_a_critic_that_is_to_generalise_reads_more_of_fresh_samples_and_less_of_its_own():
    """Shift by 1 in 64-D, 400 samples a side: without it, the network learns them by heart."""
    x, y = shift(64, 1.0).sample(400, seed=0)
    fresh = shift(64, 1.0).sample(4000, seed=1)
    by_heart = train_auditor(x, y, steps=100, width=64, generalise=False)
    general = train_auditor(x, y, steps=100, width=64)
    assert gap(by_heart, x, y) > 2.0
    assert gap(general, x, y) < gap(by_heart, x, y)
    assert gap(by_heart, *fresh) < 0.6
    assert 0.7 < gap(general, *fresh) <= 1.0 + 0.1


def test_the_best_critic_on_the_way_is_chosen_on_samples_that_train_nothing():
    """A network that is no better than the difference of the means is not taken."""
    x, y = shift(128, 1.0).sample(300, seed=0)
    auditor = train_auditor(x, y, steps=1, width=8)
    (layer,) = [m for m in auditor.net.modules() if isinstance(m, torch.nn.Linear)]
    assert layer.weight.norm().item() == pytest.approx(1, abs=1e-6)
    parts = [_parts(s, 0, side, True) for s, side in ((x, "x"), (y, "y"))]
    for train, kept in parts:
        assert (len(train), len(kept)) == (263, 37)
        assert not {r.numpy().tobytes() for r in train} & {r.numpy().tobytes() for r in kept}
    v = parts[0][0].mean(0) - parts[1][0].mean(0)
    assert torch.allclose(layer.weight[0].float(), v / v.norm(), atol=1e-6)


@pytest.mark.parametrize(("d", "n"), [(1, 1000), (64, 500)])
def test_the_spacing_is_that_of_nearest_neighbours(d, n):
    s = np.random.default_rng(0).normal(size=(n, d))
    distances = np.linalg.norm(s[:, None] - s[None], axis=2) + np.diag(np.full(n, np.inf))
    assert _spacing(s) == pytest.approx(distances[:300].min(axis=1).mean() / np.sqrt(2 * d))


def test_equal_samples_have_no_direction_and_no_spacing():
    auditor = train_auditor(np.ones((30, 3)), np.ones((30, 3)), steps=2, width=4)
    assert gap(auditor, np.ones((1, 3)), np.ones((1, 3))) == 0.0
    assert auditor.certificate.lipschitz > 0.99


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
