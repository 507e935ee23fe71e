"""Published protocols of modes: the papers' networks, trials that go on, counts that are known."""

import argparse
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import wgan
from wgan.data import ImageCodec, VectorCodec
from wgan.evaluation.metrics.modes import coverage_of
from wgan.networks import NetworkConfig, build_critic, build_generator

BENCHMARKS = Path(wgan.__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its checkout")
NAMES = [f"published_{name}" for name in ("papers", "networks", "trials", "points", "pictures")]
PICTURES = ImageCodec((3, 28, 28), 0, 255, "|u1", "hwc")


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield SimpleNamespace(**{name[10:]: importlib.import_module(name) for name in NAMES})
    for name in NAMES:
        sys.modules.pop(name)


def test_maxout_takes_the_largest_piece_of_each_unit(benchmarks):
    layer = benchmarks.networks.Maxout(2, 3, 5)
    x = torch.randn(4, 2)
    pieces = (x @ layer.linear.weight.T + layer.linear.bias).view(4, 3, 5)
    assert torch.equal(layer(x), pieces.max(dim=2).values)


def test_a_normal_latent_becomes_a_uniform_one(benchmarks):
    z = torch.tensor([[-1e3, -0.6744898, 0.0, 0.6744898, 1e3]])
    expected = torch.tensor([[-1, -0.5, 0, 0.5, 1]])
    assert torch.allclose(benchmarks.networks.Uniform()(z), expected, atol=1e-6)


def test_real_and_generated_parts_are_normalised_each_by_itself(benchmarks):
    norm = benchmarks.networks.PartedBatchNorm(2, 8)
    real, fake = torch.randn(8, 2, 3, 3), 5 + 3 * torch.randn(8, 2, 3, 3)
    both = norm(torch.cat([real, fake]))
    for part in both.split(8):
        assert torch.allclose(part.mean((0, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(norm(fake), both[8:], atol=1e-5), "as in the generator's step"


@pytest.mark.parametrize("pack", [1, 4])
def test_the_papers_networks_have_their_sizes(benchmarks, pack):
    plane = VectorCodec((0.0, 0.0), (1.0, 1.0), "<f4")
    config = NetworkConfig(latent=2, pack=pack)
    pair = benchmarks.networks.POINTS
    generator, critic = (b(config, plane, pair=pair) for b in (build_generator, build_critic))
    widths = [m.out_features for m in generator if isinstance(m, torch.nn.Linear)]
    assert widths == [400, 400, 400, 400, 2]
    assert [m.linear.out_features for m in critic.features] == [1000, 1000, 1000]
    assert critic(generator(torch.randn(8, 2))).shape == (8 // pack,)
    config = NetworkConfig(latent=100, pack=pack)
    pair = benchmarks.networks.pictures(part=8, share=0.25)
    generator, critic = (b(config, PICTURES, pair=pair) for b in (build_generator, build_critic))
    channels = [m.out_channels for m in critic.features if isinstance(m, torch.nn.Conv2d)]
    assert channels == [16, 32, 64, 128]
    assert critic(generator(torch.randn(8, 100))).shape == (8 // pack,)
    assert benchmarks.points.EPOCH == 1000
    assert benchmarks.pictures.EPOCH == 2000


def test_a_number_is_spelled_by_red_green_and_blue(benchmarks):
    """A classifier of brightness in the place of digits: 0 to 9 tenths of white."""

    def classify(x):
        tenths = np.rint(x.mean((2, 3)) * 10).astype(int)
        return tenths @ [100, 10, 1]

    raw = np.empty((3, 28, 28, 3), np.uint8)
    raw[:] = np.rint(np.array([[1, 2, 3], [1, 2, 3], [0, 0, 7]])[:, None, None] * 25.5)
    found = benchmarks.pictures.counted(
        SimpleNamespace(codec=PICTURES), SimpleNamespace(classify=classify), raw
    )
    assert (found.covered, found.modes, found.share) == (2, 1000, 1.0)
    assert found.shares[123] == pytest.approx(2 / 3)
    assert found.kl == pytest.approx(np.log(1000) - (np.log(3) - 2 / 3 * np.log(2)))


def arguments(benchmarks, out, **more):
    parser = argparse.ArgumentParser()
    benchmarks.points.add_to(parser.add_subparsers())
    given = parser.parse_args(["points", "--out", str(out), "--trials", "2", "--samples", "50"])
    for key, value in {"steps": 3, "data": ["ring"], "set": ["network.width=8"], **more}.items():
        setattr(given, key, value)
    return given


def test_known_trials_are_not_trained_again(benchmarks, tmp_path, monkeypatch, capsys):
    args = arguments(benchmarks, tmp_path / "out", pack=[2], networks=["preset", "published"])
    args.run(args)
    first = capsys.readouterr().out
    assert "ring-preset-pack-2-seed-1" in first
    assert "| PacGAN2, published | 7.9 | 95.6 | 0.07 |" in first
    assert "| real, as many samples | 8 |" in first

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(benchmarks.trials, "trial", never)
    args.run(args)
    again = capsys.readouterr().out
    assert again.splitlines() == [line for line in first.splitlines() if "seed-" not in line]
    args.samples = 60
    with pytest.raises(AssertionError, match="trained again"):
        args.run(args)


def test_a_trial_that_was_stopped_goes_on(benchmarks, tmp_path):
    args = arguments(benchmarks, tmp_path)
    (entry,) = benchmarks.points.entries("ring", args)
    run = benchmarks.trials.opened(entry, 0, 3, args, tmp_path / f"{entry.name}-seed-0")
    records = run.records(stop=lambda: run.state.step >= 2)
    assert [each.step for each in records] == [0, 1, 2]
    run.close()
    seen = []

    def count(x):
        seen.append(x)
        return coverage_of(np.zeros(len(x), int), np.ones(8))

    found = benchmarks.trials.trial(entry, 0, 3, args, count)
    assert (found["steps"], found["minutes"], found["modes"]) == (3, None, 1)
    assert len(seen[0]) == args.samples


def test_a_trial_without_good_samples_has_no_divergence(benchmarks):
    trial = {"modes": 0, "good": 0.0, "kl": float("nan"), "steps": 5, "minutes": 1.0}
    assert benchmarks.trials.line_of([trial]) == "0 | 0 | none | 5 | 1.0 | 1"
    good = trial | {"modes": 2, "kl": 0.5}
    assert "0.5 (1 without)" in benchmarks.trials.line_of([trial, good])


def test_pictures_have_no_share_of_good_ones(benchmarks):
    trial = {"modes": 900, "good": 100.0, "kl": 0.5, "steps": 5, "minutes": 1.0}
    real = coverage_of(np.arange(1000), np.ones(1000))
    lines = benchmarks.trials.table({"ours": [trial]}, real, benchmarks.papers.STACKED)
    assert lines[0] == "| | modes | KL, nats | steps | minutes | trials |"
    assert lines[2:4] == [
        "| ours | 900 | 0.5 | 5 | 1.0 | 1 |",
        "| real, as many samples | 1000 | 0 | | | |",
    ]
    assert "| WGAN-GP, published | 959 | 0.728 | | | |" in lines


def test_minutes_become_steps_once(benchmarks, tmp_path):
    args = arguments(benchmarks, tmp_path, steps=None, minutes=0.01)
    (entry,) = benchmarks.points.entries("ring", args)
    steps = benchmarks.trials.steps_of(entry, args, 1000)
    assert steps >= 1
    assert benchmarks.trials.steps_of(entry, args, 1000) == steps
    args.minutes, args.epochs = None, 0.5
    assert benchmarks.trials.steps_of(entry, args, 1000) == 500
