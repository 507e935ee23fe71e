"""Discriminative score: chance on one law, certainty on another, and weeks of their own."""

import numpy as np
import torch
from series_sets import ar2, measured, reference_of

from wgan.data import load
from wgan.data.series.windows import Reading
from wgan.evaluation.metrics import discriminative
from wgan.evaluation.metrics.discriminative import (
    DISCRIMINATIVE,
    Discriminator,
    discriminative_score,
    series_taken,
)


def tensor(x):
    return torch.from_numpy(x.transpose(0, 2, 1)[:, :, None].astype(np.float32))


def score(x, n=800, seed=0):
    """Return the score of series beside those of an autoregression."""
    real, held_out = (tensor(ar2(n, x.shape[1], seed=seed)) for seed in (101, 102))
    return discriminative_score(tensor(x), real, held_out, seed)


def test_one_law_reads_about_0_and_another_a_half():
    x = ar2(800, 16)
    # 480 tested series: a standard error of 0.016.
    assert score(x) < 0.05
    assert score(np.random.default_rng(0).normal(0, x.std(), x.shape)) > 0.4


def test_the_same_seed_gives_the_same_score_and_leaves_torchs_numbers_alone():
    x = ar2(60, 8)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = score(x, 60, seed=3)
    assert torch.rand(1) == expected
    assert score(x, 60, seed=3) == first


def test_windows_of_other_weeks_are_not_told_by_their_level():
    """Each week has a level of its own. A set that is as training weeks are is not told from
    held-out weeks, though these are others; a set of shuffled steps is.
    """
    random = np.random.default_rng(0)
    hours = ar2(1, 2400)[0] + np.repeat(random.normal(0, 5, 20), 120)[:, None]
    data = load(hours, kind="series", reading=Reading(window=8))
    reference = reference_of(data, held_out=0.3)
    split, n = reference.split, series_taken(reference)
    assert n == reference.n
    floor = DISCRIMINATIVE.floor(reference)
    assert floor < 0.1
    order = np.argsort(random.random((n, 8)), axis=1)
    shuffled = split.train_sample(0, n)[np.arange(n)[:, None], order]
    assert measured(DISCRIMINATIVE, reference, shuffled) > floor + 0.2


def test_half_of_few_training_series_stand_in_the_place_of_the_set():
    reference = reference_of(load(ar2(80, 8), kind="series"))
    assert (reference.n, series_taken(reference)) == (40, 20)
    assert 0 <= DISCRIMINATIVE.floor(reference) <= 0.5


def test_no_network_is_trained_on_what_it_is_tested_by(monkeypatch):
    trained, tested = [], []
    always_first = lambda self, x: tested.append(x) or x.new_ones(len(x))  # noqa: E731
    monkeypatch.setattr(discriminative, "fit", lambda net, x, train, seed: trained.append(x))
    monkeypatch.setattr(Discriminator, "forward", always_first)
    x = torch.arange(50.0)[:, None, None, None].expand(50, 1, 1, 8)
    assert discriminative_score(x, x + 100, x + 200) == 0.0, "right on one side, wrong on the other"
    own = [each[:, 0, 0, 0].tolist() for each in tested]
    assert [len(each) for each in own] == [10, 50] * 3
    for before, after in zip(trained, own[::2], strict=True):
        assert sorted([*before[:, 0, 0, 0].tolist(), *after]) == list(range(50))
    assert len({value for each in own[::2] for value in each}) == 30, "each has other ones"
    assert all(each == [*range(200, 250)] for each in own[1::2])


def test_the_floor_tells_no_series_from_itself(monkeypatch):
    sides = []
    keep = lambda x, train, *rest: sides.append(torch.cat([x, train])) or 0.0  # noqa: E731
    monkeypatch.setattr(discriminative, "discriminative_score", keep)
    reference = reference_of(load(ar2(160, 8), kind="series"), 0.2)
    DISCRIMINATIVE.floor(reference)
    n = series_taken(reference)
    assert len(sides) == reference.split.n_train // n - 1 > 1
    for both in sides:
        assert len(torch.unique(both.flatten(1), dim=0)) == len(both) == 2 * n
