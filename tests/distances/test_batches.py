"""Matrices of distances: each entry that of its pair."""

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.distances import batches, pairwise_wasserstein, sizes, wasserstein, wasserstein_1d

RNG = np.random.default_rng(0)
SAMPLES = [RNG.normal(size=(n, 2)) + n / 10 for n in (12, 20, 15)]
OTHERS = [RNG.normal(size=(n, 2)) for n in (9, 11)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("p", [1, 2])
def test_each_entry_is_the_distance_of_its_pair(p, threads):
    weights = [RNG.random(12), None, RNG.random(15)]
    found = pairwise_wasserstein(SAMPLES, OTHERS, p, weights, threads=threads)
    for k, x in enumerate(SAMPLES):
        for j, y in enumerate(OTHERS):
            assert found[k, j] == pytest.approx(wasserstein(x, y, p, weights[k]), rel=1e-12)


def test_one_list_gives_a_symmetric_matrix_and_each_pair_is_solved_once():
    seen = []
    found = pairwise_wasserstein(SAMPLES, progress=lambda *event: seen.append(event))
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()
    assert found[1, 2] == pytest.approx(wasserstein(SAMPLES[1], SAMPLES[2]))
    assert seen == [("pairs", done, 3) for done in range(4)]


def test_numbers_are_sorted():
    found = pairwise_wasserstein([[0.0, 1.0], [5.0]], [[2.0, 9.0, 9.0]], 2)
    assert found[0, 0] == wasserstein_1d([0.0, 1.0], [2.0, 9.0, 9.0], 2)


def test_frames_are_matched_by_their_columns():
    frame = pd.DataFrame(SAMPLES[0], columns=["a", "b"])
    turned = pd.DataFrame(SAMPLES[1], columns=["a", "b"])[["b", "a"]]
    found = pairwise_wasserstein([frame, turned])[0, 1]
    assert found == pytest.approx(wasserstein(SAMPLES[0], SAMPLES[1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "samples are empty"),
        ((SAMPLES, []), "others are empty"),
        ((SAMPLES, None, 3), "order p = 3"),
        ((SAMPLES, None, 1, [None]), "3 samples have 1 lists of weights"),
        ((SAMPLES, None, 1, None, [None]), "weights of others are given, and no others"),
        (([SAMPLES[0], [[0.0, np.nan]]],), r"samples\[1\] holds NaN or infinite values in row 0"),
        ((SAMPLES, [[[0.0]]]), r"samples\[0\] and others\[0\]: x has 2 dimensions and y has 1"),
        ((SAMPLES, None, 1, None, None, 0), "threads = 0"),
    ],
)
def test_wrong_input_is_named_with_its_pair(arguments, message):
    with pytest.raises(WganError, match=message):
        pairwise_wasserstein(*arguments)


def test_after_an_error_the_other_pairs_are_not_begun(monkeypatch):
    begun = []

    def failing(*arguments):
        begun.append(arguments)
        raise WganError("no")

    monkeypatch.setattr(batches, "wasserstein", failing)
    with pytest.raises(WganError, match=r"samples\[1\] and samples\[0\]: no"):
        pairwise_wasserstein(SAMPLES * 10)
    assert len(begun) < 400


def test_threads_leave_the_limits_of_the_matrix_library_as_they_were(monkeypatch):
    from threadpoolctl import threadpool_info

    def limits():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    monkeypatch.setattr(sizes, "PAIRS_IN_PLANE", 1)
    before = limits()
    pairwise_wasserstein([RNG.normal(size=(50, 2)) for _ in range(5)], threads=3)
    assert limits() == before
