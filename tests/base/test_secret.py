"""Secret random numbers: their distribution, and that no seed fixes them."""

import numpy as np
import torch
from scipy import stats

from wgan.base import secret


def test_normals_are_standard_normal():
    z = secret.normals(200_000)
    assert stats.kstest(z, "norm").pvalue > 1e-6
    assert np.isfinite(z).all()


def test_uniforms_lie_between_the_ends():
    u = secret.uniforms(200_000)
    assert stats.kstest(u, "uniform").pvalue > 1e-6
    assert 0 < u.min() < u.max() < 1


def test_no_seed_fixes_them():
    drawn = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(0)
        drawn.append((secret.normals(3).tolist(), secret.seed()))
    assert drawn[0] != drawn[1]


def test_the_outermost_numbers_are_finite(monkeypatch):
    for byte in (b"\x00", b"\xff"):
        monkeypatch.setattr("os.urandom", lambda n, byte=byte: byte * n)
        assert np.isfinite(secret.normals(2)).all()
        assert 0 < secret.uniforms(1)[0] < 1
