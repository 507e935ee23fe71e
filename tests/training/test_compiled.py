"""Compiled losses: they follow the plain ones, and are refused where they do not."""

import json
import os
import subprocess
import sys

import pytest
import torch
from short_runs import settled

from wgan.base.errors import WganError
from wgan.objectives import CriticLoss
from wgan.training import Run

SMALL = ["network.width=4", "network.latent=8", "optimizer.batch=8", "optimizer.critic_steps=2"]


COMPILED = """
import json, sys
from wgan.training import Run
MORE = json.loads(sys.argv[1])
settings = {"training.log_every": 1, "network.width": 4, "optimizer.batch": 8,
            "training.precision": "float32"} | MORE
losses = []
for compile in (False, True):
    run = Run.open("digits", steps=6, settings=settings | {"training.compile": compile}, watch=None)
    losses.append([r.metrics["critic_loss"] for r in run.records() if r.metrics])
print(losses)
assert len(losses[0]) == 6
assert all(abs(a - b) < 1e-3 * (1 + abs(a)) for a, b in zip(*losses, strict=True))
"""


@pytest.mark.parametrize("more", [{}, {"augment.mode": "fixed", "augment.flips": True}])
def test_a_compiled_run_follows_the_plain_one(more):
    """In a process of its own: shape checks on annotations do not go with compiling."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED, json.dumps(more)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_compiler_that_loses_the_penaltys_gradient_is_refused(precision, monkeypatch):
    def losing(module, **options):
        if not isinstance(module, CriticLoss):
            return module
        return CriticLoss(
            module.critic, module.variant.adjusted(penalty_weight=0.0), module.low_precision
        )

    monkeypatch.setattr(torch, "compile", losing)
    compiled = ["training.compile=true", f"training.precision={precision}"]
    run = Run.start(*settled("data.source=digits", *SMALL, *compiled), watch=None)
    with pytest.raises(WganError, match="a compiled gradient differs from float32's by"):
        next(run.records())
