"""What the README promises, at full length: minutes each. Run with `pytest -m slow`."""

from pathlib import Path

import pytest

from wgan.audit import bracket, pairs
from wgan.cli import main
from wgan.experiments.demos import DEMOS
from wgan.runs import RunFolder

pytestmark = pytest.mark.slow


def test_digits_come_near_the_floor():
    assert main(["train", "digits", "--quiet", "--out", "r"]) == 0
    assert RunFolder(Path("r")).finish().held_out.ratio <= 1.25


def test_all_25_gaussians_are_covered():
    assert main(["train", "25-gaussians", "--quiet", "--out", "r"]) == 0
    coverage = RunFolder(Path("r")).finish().held_out.coverage
    assert coverage.covered == coverage.modes == 25
    assert coverage.share > 0.9


@pytest.mark.parametrize("d", [2, 8])
def test_the_certified_lower_end_is_tight_on_a_shift(d):
    pair = pairs.shift(d, 2.0)
    b = bracket(*pair.sample(65_536, seed=0))
    assert 0.93 * pair.w1 <= b.lower <= pair.w1


def test_an_auditor_reads_most_of_sixteen_funnels_in_sixteen_dimensions():
    pair = pairs.funnels(16, 16)
    network = bracket(*pair.sample(65_536, seed=0), steps=2000).lower_end.readings[0]
    assert 0.75 * pair.w1 <= network.value <= pair.w1 * 1.02


@pytest.mark.parametrize(
    "pair",
    [pairs.shift(2, 0.5, "ball"), pairs.funnels(2, base="ball"), pairs.shift(2, 0.0, "ball")],
    ids=["shift", "funnels", "null"],
)
def test_of_200_brackets_no_more_miss_the_truth_than_promised(pair):
    missed = 0
    for seed in range(200):
        b = bracket(*pair.sample(400, seed), diameter=pair.diameter, steps=30, seed=seed)
        missed += not b.lower <= pair.w1 <= b.upper
    assert missed <= 0.05 * 200


@pytest.mark.parametrize("name", ["no-overlap", "vanishing-gradient", "clipping", "estimate"])
def test_the_claims_are_seen(name):
    result = DEMOS[name].run(3, 1.0, lambda what, done, total: None)
    assert all(claim.holds for claim in result.claims), result.markdown()
