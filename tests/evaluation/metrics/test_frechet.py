"""Frechet and kernel distance: closed forms, moments, scipy's matrix root, known order of
damage.
"""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from wgan.base.errors import WganError
from wgan.evaluation.metrics import frechet
from wgan.evaluation.metrics.frechet import frechet_distance, kernel_distance

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 6)) @ RNG.normal(size=(6, 6))
Y = RNG.normal(size=(300, 6)) @ RNG.normal(size=(6, 6)) + 0.5


def test_frechet_is_the_formula_with_scipys_matrix_root():
    a, b = np.cov(X, rowvar=False), np.cov(Y, rowvar=False)
    root = sqrtm(a @ b)
    expected = np.sum((X.mean(0) - Y.mean(0)) ** 2) + np.trace(a + b - 2 * root.real)
    assert frechet_distance(X, Y) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(Y, X) == pytest.approx(expected, rel=1e-9), "symmetric"


def test_frechet_of_equal_sets_is_zero_and_of_shifted_ones_the_squared_shift():
    assert frechet_distance(X, X) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(X, X + np.arange(6)) == pytest.approx(55)


def test_frechet_of_scaled_sets_is_the_squared_difference_of_deviations():
    x = RNG.normal(size=(1000, 1))
    assert frechet_distance(x - x.mean(), 3 * (x - x.mean())) == pytest.approx(
        (2 * x.std(ddof=1)) ** 2
    )


def test_frechet_of_fewer_rows_than_columns_is_finite():
    wide = RNG.normal(size=(20, 50))
    assert np.isfinite(frechet_distance(wide, wide + 1))


def test_both_ways_to_the_shared_spread_agree():
    x, y = RNG.normal(size=(30, 40)) @ RNG.normal(size=(40, 40)), RNG.normal(size=(60, 40)) + 0.3
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = sqrtm(a @ b + 1e-12 * np.eye(40))
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(a + b) - 2 * np.trace(root.real)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-4)
    tall = np.concatenate([x] * 2)
    assert frechet_distance(tall, tall + 1) == pytest.approx(40), "more rows than columns"


def test_the_kernel_distance_of_whole_sets_is_the_double_sum():
    k = lambda a, b: (a @ b / 6 + 1) ** 3  # noqa: E731
    within = [
        np.mean([k(s[i], s[j]) for i in range(40) for j in range(40) if i != j])
        for s in (X[:40], Y[:40])
    ]
    across = np.mean([k(a, b) for a in X[:40] for b in Y[:40]])
    assert kernel_distance(X[:40], Y[:40]) == pytest.approx(sum(within) - 2 * across)


def test_blocks_change_nothing(monkeypatch):
    whole = kernel_distance(X, Y)
    monkeypatch.setattr(frechet, "BLOCK", 7)
    assert kernel_distance(X, Y) == pytest.approx(whole)


def test_the_kernel_distance_is_unbiased_and_does_not_fall_with_more_rows():
    draws = [
        kernel_distance(RNG.normal(size=(30, 4)), RNG.normal(size=(30, 4))) for _ in range(400)
    ]
    assert abs(np.mean(draws)) < 3 * np.std(draws) / 20


def test_torchmetrics_reads_the_same_on_the_same_map():
    """An implementation of others, on a map that takes some pixels as they are."""
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    class SomePixels(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1).double()[:, :6]

    x, y = (
        torch.from_numpy(np.clip(RNG.normal(m, 0.1, size=(200, 3, 4, 4)), 0, 1)) for m in (0.4, 0.5)
    )
    theirs = FrechetInceptionDistance(
        feature=SomePixels(), normalize=True, input_img_size=(3, 4, 4)
    ).set_dtype(torch.float64)
    with pytest.warns(UserWarning, match="buffer"):
        kernel = KernelInceptionDistance(
            feature=SomePixels(), subsets=1, subset_size=200, normalize=True
        )
    for metric in (theirs, kernel):
        metric.update(x, real=True)
        metric.update(y, real=False)
    a, b = (SomePixels()(z).numpy() for z in (x, y))
    assert frechet_distance(a, b) == pytest.approx(float(theirs.compute()), rel=1e-6)
    assert kernel_distance(a, b) == pytest.approx(float(kernel.compute()[0]), rel=1e-6)


def test_damage_is_seen_in_order():
    clean = RNG.normal(size=(2000, 8))
    noisy = [clean[1000:] + s * RNG.normal(size=(1000, 8)) for s in (0, 0.3, 0.6, 1.2)]
    for metric in (frechet_distance, kernel_distance):
        values = [metric(each, clean[:1000]) for each in noisy]
        assert values == sorted(values)


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance])
def test_what_cannot_be_compared_is_refused(metric):
    for x, y in ((X, Y[:, :3]), (X[:1], Y), (np.full((5, 6), np.nan), Y)):
        with pytest.raises(WganError, match="features"):
            metric(x, y)
