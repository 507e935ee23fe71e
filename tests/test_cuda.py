"""CUDA beside the CPU: equal losses and gradients, and runs that train, go on, sample and load.

They need a card, and `WGAN_CUDA=1`: without it the tests see none, since what they say of bits and
resumed runs holds of a CPU.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from private_tables import SCHEMA, people
from torch import Tensor

from wgan.data import Batches, load
from wgan.models import load_model, sample_where
from wgan.objectives import VARIANTS
from wgan.training import Run
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import critic_terms

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA and WGAN_CUDA=1")

CPU = torch.device("cpu")
EXACT = [name for name, variant in VARIANTS.items() if variant.layers != "dropout"]
"""Variants without dropout, whose masks differ by device."""


def opened(data, device, steps=4, variant=None, precision="float32", out=None, **settings):
    """Return a run on a device, from the same weights on every one."""
    fixed = {"training.device": device, "training.precision": precision}
    if isinstance(data, str):
        fixed |= {"network.width": 16, "optimizer.batch": 32}
    return Run.open(
        data, variant=variant, steps=steps, seed=0, watch=None, out=out, settings=fixed | settings
    )


def loss_and_gradient(run, draw):
    """Return the critic's mean loss on a draw, and its gradient, on the CPU in float64."""
    device = next(run.state.critic.parameters()).device
    moved = type(draw)(*(each.to(device) if isinstance(each, Tensor) else each for each in draw))
    losses = build_losses(run.state, run.variant, run.config)
    loss = critic_terms(run.state, losses, moved, run.config).loss.mean()
    loss.backward()
    gradients = [p.grad for p in run.state.critic.parameters() if p.grad is not None]
    return loss.item(), torch.cat([g.flatten().double().cpu() for g in gradients])


def differences(data, **settings):
    """Return how far loss and gradient on CUDA are from those on the CPU, relative."""
    runs = [opened(data, device, **settings) for device in ("cpu", "cuda")]
    draw = Draws(Batches(runs[0].split, 0, CPU), runs[0].config, CPU).critic(0)
    # PyTorch takes TF32 for convolutions of float32 otherwise, of 10 bits.
    with torch.backends.cudnn.flags(allow_tf32=False):
        (loss, gradient), (on_cuda, other) = (loss_and_gradient(run, draw) for run in runs)
    return abs(on_cuda - loss) / abs(loss), float((other - gradient).norm() / gradient.norm())


@pytest.mark.parametrize("data", ["8-gaussians", "digits"])
@pytest.mark.parametrize("variant", EXACT)
def test_losses_and_gradients_are_those_of_the_cpu(data, variant):
    # Float32 keeps 6e-8 of a number; sums of some thousand of them lose two digits.
    assert max(differences(data, variant=variant)) < 1e-5


def test_tables_have_the_losses_of_the_cpu(mixed):
    assert max(differences(mixed(400).drop(columns="customer_id"))) < 1e-5


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_and_its_model_loads_elsewhere(variant, tmp_path):
    run = opened("digits", "cuda", variant=variant, out=tmp_path / "run")
    records = list(run.records())
    assert records[-1].step == 4
    assert run.finish().held_out.w1 > 0
    samples = run.model.sample(8, 1)
    assert np.array_equal(samples, run.model.sample(8, 1))
    loaded = load_model(tmp_path / "run")
    for name, weight in run.state.average.state_dict().items():
        assert torch.equal(loaded.generator.state_dict()[name], weight.cpu())


COMPILED = """
from wgan.training import Run
settings = {"network.width": 16, "optimizer.batch": 16, "training.compile": True}
settings |= {"training.device": "cuda", "training.precision": "bfloat16"}
run = Run.open("digits", steps=4, settings=settings, watch=None)
assert [record.step for record in run.records()][-1] == 4
"""


def test_a_compiled_run_trains():
    """In a process of its own: shape checks on annotations do not go with compiling."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("settings", [{}, {"data.labels": "own"}])
def test_bfloat16_trains_with_and_without_labels(settings):
    run = opened("digits", "cuda", precision="bfloat16", **settings)
    assert list(run.records())[-1].step == 4
    assert np.isfinite(run.model.sample(8, 1)).all()


def test_a_table_trains_and_is_sampled_under_conditions(mixed):
    run = opened(mixed(400), "cuda")
    assert list(run.records())[-1].step == 4
    rows = sample_where(run.model, 20, 0, ["size=large", "member=True"])
    assert len(rows.raw) == 20


def test_a_private_table_trains():
    Path("public.toml").write_text(SCHEMA)
    table = load(people(300), schema="public.toml")
    run = opened(table, "cuda", **{"data.schema": "public.toml", "privacy.epsilon": 3.0})
    assert list(run.records())[-1].step == 4


def test_a_run_goes_on_where_it_stopped(tmp_path):
    whole = opened("8-gaussians", "cuda", steps=8)
    list(whole.records())
    seen = []

    def stop():
        seen.append(0)
        return len(seen) > 5

    broken = opened("8-gaussians", "cuda", steps=8, out=tmp_path / "run")
    list(broken.records(stop))
    broken.close()
    resumed = opened("8-gaussians", "cuda", steps=8, out=tmp_path / "run")
    assert 0 < resumed.state.step < 8
    list(resumed.records())
    for mine, theirs in zip(
        resumed.state.generator.parameters(), whole.state.generator.parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
