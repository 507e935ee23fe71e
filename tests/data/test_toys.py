import numpy as np
import pytest

from wgan.data import load, named_sources
from wgan.data.toys import TOYS
from wgan.distances import wasserstein


@pytest.mark.parametrize("name", named_sources())
def test_every_name_loads(name):
    data = load(name)
    assert len(data) >= 1797
    assert data.fingerprint == load(name).fingerprint
    assert np.isfinite(data.rows[:]).all()


@pytest.mark.parametrize("toy", TOYS.values(), ids=TOYS)
def test_partner_stands_at_the_stated_distance(toy):
    """With the same noise on both sides the shift is the optimal plan, so the sample distance is
    exact.
    """
    x, y = toy.draw(300, np.random.default_rng(0)), toy.partner.draw(300, np.random.default_rng(0))
    assert wasserstein(x, y) == pytest.approx(toy.partner.w1, rel=1e-9)


@pytest.mark.parametrize(("name", "k"), [("25-gaussians", 25), ("8-gaussians", 8)])
def test_mixtures_have_their_modes(name, k):
    toy = TOYS[name]
    x = toy.draw(20_000, np.random.default_rng(0))
    distance = np.linalg.norm(x[:, None] - toy.modes[None], axis=2)
    nearest = distance.argmin(1)
    assert np.allclose(np.bincount(nearest, minlength=k) / len(x), 1 / k, atol=0.01)
    assert (x - toy.modes[nearest]).std() == pytest.approx(toy.mode_sd, rel=0.02)


def test_digits_are_pictures_with_labels():
    data = load("digits")
    assert data.shape == (1, 8, 8)
    assert data.rows[:].max() == 255
    assert data.classes == tuple("0123456789")
    assert len(data.labels) == len(data) == 1797
