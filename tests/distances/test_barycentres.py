"""Barycentres: closed forms, quantiles, and the objective by transport of its own."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import barycentre, barycentre_1d, wasserstein, wasserstein_1d


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("shape", ["line", "plane"])
def test_the_objective_is_that_of_transport_and_no_other_histogram_is_nearer(p, shape):
    rng = np.random.default_rng(0)
    histograms, weights = rng.random((3, 12)), np.array([0.2, 0.5, 0.3])
    at = np.sort(rng.normal(size=12))[:, None] if shape == "line" else rng.normal(size=(12, 2))
    found = barycentre(histograms, at, p, weights)

    def objective(masses):
        apart = [wasserstein(at, at, p, masses, h) ** p for h in histograms]
        return float(weights @ apart)

    assert found.masses.sum() == pytest.approx(1, abs=1e-12)
    assert (found.masses >= 0).all()
    assert objective(found.masses) == pytest.approx(found.objective, rel=1e-8)
    assert found.gap < 1e-9
    for other in (*histograms, weights @ histograms, np.ones(12), *rng.dirichlet(np.ones(12), 20)):
        assert objective(other) >= found.objective - 1e-9
        near = 0.99 * found.masses + 0.01 * other / other.sum()
        assert objective(near) >= found.objective - 1e-9


@pytest.mark.parametrize("weights", [None, [1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], [1, 0, 0, 1]])
def test_medians_of_distribution_functions_are_the_optimum_of_the_linear_programme(weights):
    rng = np.random.default_rng(1)
    histograms, at = rng.random((4, 10)), rng.permutation(np.arange(10.0) ** 1.5)
    line = barycentre(histograms, at, 1, weights)
    plane = barycentre(histograms, np.stack([at, 0 * at], axis=1), 1, weights)
    assert line.solver == "medians of distribution functions"
    assert plane.solver == "linear programme on the bins"
    assert line.objective == pytest.approx(plane.objective, rel=1e-9)
    share = np.full(4, 0.25) if weights is None else np.array(weights) / np.sum(weights)
    apart = [wasserstein_1d(at, at, 1, line.masses, h) for h in histograms]
    assert share @ apart == pytest.approx(line.objective, rel=1e-9)


def test_the_linear_programme_is_that_of_scipy():
    rng = np.random.default_rng(2)
    n, k = 5, 2
    histograms, at = rng.dirichlet(np.ones(n), k), rng.normal(size=(n, 2))
    cost = cdist(at, at) ** 2
    rows, sides = [], []
    for h in range(k):
        for i in range(n):
            plans = np.zeros((k, n, n))
            plans[h, :, i] = 1
            rows.append(np.append(plans.ravel(), np.zeros(n)))
            sides.append(histograms[h, i])
            plans = np.zeros((k, n, n))
            plans[h, i] = 1
            rows.append(np.append(plans.ravel(), -np.eye(n)[i]))
            sides.append(0.0)
    prices = np.append(np.tile(cost.ravel() / k, k), np.zeros(n))
    answer = linprog(prices, A_eq=np.array(rows), b_eq=sides).fun
    assert barycentre(histograms, at).objective == pytest.approx(answer, rel=1e-9)


def test_the_barycentre_of_two_bins_lies_in_the_middle_for_p_2():
    found = barycentre(np.eye(9)[[0, 8]], 10.0 + np.arange(9))
    assert found.masses == pytest.approx(np.eye(9)[4], abs=1e-9)
    assert found.objective == pytest.approx(16)
    assert found.positions[:, 0] == pytest.approx(10.0 + np.arange(9))


def test_equal_histograms_are_their_own_barycentre():
    h = np.array([0.1, 0.2, 0.7])
    for p in (1, 2):
        found = barycentre([h, 5 * h], None, p)
        assert found.masses == pytest.approx(h, abs=1e-9)
        assert found.objective == pytest.approx(0, abs=1e-12)


def test_the_barycentre_of_normal_samples_has_their_mean_deviation():
    """Normal quantiles are mean + deviation z: so are their means."""
    z = np.random.default_rng(3).normal(size=1000)
    found = barycentre_1d([z, 5 + 3 * z[::-1]], None, [0.25, 0.75])
    assert found.positions[:, 0] == pytest.approx(np.sort(3.75 + 2.5 * z))
    assert found.masses == pytest.approx(np.full(1000, 1e-3))
    apart = wasserstein_1d(z, 5 + 3 * z, 2) ** 2
    assert found.objective == pytest.approx(0.25 * 0.75 * apart, rel=1e-9)


def test_free_positions_are_the_optimum_among_as_many_points():
    rng = np.random.default_rng(4)
    samples = [rng.normal(size=4), rng.gamma(2.0, size=4), rng.normal(size=4) - 3]
    found = barycentre_1d(samples)

    def objective(at):
        return np.mean([wasserstein_1d(at, s, 2) ** 2 for s in samples])

    other = minimize(objective, np.zeros(4) + np.arange(4), method="Nelder-Mead", tol=1e-10)
    assert found.objective == pytest.approx(other.fun, rel=1e-6)
    assert found.objective == pytest.approx(objective(found.positions[:, 0]), rel=1e-9)


def test_unequal_counts_and_weights_cut_the_quantiles_at_all_ends():
    found = barycentre_1d([[0.0, 3.0], [0.0, 3.0, 6.0]], [[1, 2], None])
    assert found.masses == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert found.positions[:, 0] == pytest.approx([0.0, 3.0, 4.5])
    assert found.objective == pytest.approx(1.5**2 / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: barycentre([1.0, 2.0]), r"shape \(2,\): give masses as \[k, n\]"),
        (lambda: barycentre([[1.0, 2.0], [0.0, 0.0]]), "histogram 1: its masses must be finite"),
        (lambda: barycentre([[1.0, -2.0]]), "histogram 0"),
        (lambda: barycentre([[1.0, np.nan]]), "histogram 0"),
        (lambda: barycentre([[1.0, 1.0]], [0.0]), "2 bins have 1 positions"),
        (lambda: barycentre([[1.0, 1.0]], None, 3), "order p = 3"),
        (lambda: barycentre([[1.0, 1.0]], None, 2, [1, 1]), "the distributions has 1 samples"),
        (lambda: barycentre(np.ones((3, 1000))), "3,000,000 unknowns"),
        (lambda: barycentre_1d([]), "samples are empty"),
        (lambda: barycentre_1d([[0.0]], [None, None]), "1 samples have 2 lists of weights"),
        (lambda: barycentre_1d([[[0.0, 1.0]]]), "more than one dimension"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(WganError, match=message):
        call()


def test_a_barycentre_that_its_dual_does_not_prove_is_refused(monkeypatch):
    import ot

    solve = ot.lp.barycenter

    def hasty(*arguments, **more):
        found, log = solve(*arguments, **more)
        log.fun *= 1.001
        return found, log

    monkeypatch.setattr(ot.lp, "barycenter", hasty)
    with pytest.raises(WganError, match="did not prove its barycentre"):
        barycentre(np.random.default_rng(0).random((2, 6)))


def test_what_overflows_is_refused():
    with pytest.raises(WganError, match="so far apart that float64 overflows"):
        barycentre_1d([[0.0, 1e200], [3e200]])
    with pytest.raises(WganError, match="the sum of the masses of histogram 1 overflows"):
        barycentre([[1, 1], [1e308, 1e308]])


def test_of_two_medians_the_lower_function_is_taken():
    assert barycentre([[1, 0, 0], [0, 0, 1]], p=1).masses.tolist() == [0, 0, 1]


def test_cuts_that_differ_by_rounding_are_one():
    found = barycentre_1d([[0.0, 1.0, 2.0], [0.0, 1.0]], [[0.1, 0.2, 0.7], [0.3, 0.7]])
    assert found.masses == pytest.approx([0.1, 0.2, 0.7], rel=1e-12)
