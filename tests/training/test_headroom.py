"""An under-trained critic is told from one that is not, and the check leaves no trace."""

import pytest
import torch
from short_runs import settled, trained

from wgan.objectives import VARIANTS
from wgan.training import Run, critic_headroom

SMALL = ["network.width=16", "optimizer.batch=32", "training.steps=60"]


def begun(*settings):
    return Run.start(*settled(*SMALL, *settings), watch=None)


def headroom(run):
    return critic_headroom(run.state, run.config, run.dataset, run.variant)


def everything(state):
    inside = [
        v for group in state.critic_optimizer.state_dict()["state"].values() for v in group.values()
    ]
    return [
        t.clone()
        for t in (
            *state.critic.state_dict().values(),
            *state.generator.state_dict().values(),
            *inside,
        )
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_the_check_puts_everything_back_and_gives_the_same_again(name):
    run = trained(*settled("data.source=25-gaussians", *SMALL, f"objective.variant={name}"))
    run.state.step = 60 * 20 // run.config.optimizer.critic_steps
    before = everything(run.state)
    first = headroom(run)
    assert all(torch.equal(a, b) for a, b in zip(before, everything(run.state), strict=True))
    assert headroom(run) == first
    assert first.steps == 60
    assert first.half_width > 0
    assert run.state.critic.training


def test_running_statistics_of_the_generator_are_put_back_too():
    residual = ["network.kind=residual", "network.width=4", "optimizer.batch=8"]
    run = begun("data.source=digits", *residual)
    run.state.step = 200
    before = everything(run.state)
    assert headroom(run).steps == 10 * run.config.optimizer.critic_steps
    assert all(torch.equal(a, b) for a, b in zip(before, everything(run.state), strict=False))


def test_a_critic_that_hardly_moved_is_under_trained_and_one_at_its_optimum_is_not():
    fast = ["data.source=25-gaussians", "optimizer.lr=2e-3"]
    run = begun(*fast, "optimizer.decay=none")
    run.state.step = 1000  # the generator stands where it began, and so does the critic
    assert headroom(run).state == "under-trained"
    more = ["training.warmup_critic_steps=600", "training.steps=1"]
    assert headroom(trained(*settled(*SMALL, *fast, *more))).state == "steady"


def test_short_runs_are_not_judged():
    few = ["training.steps=5", "optimizer.critic_steps=5"]
    run = trained(*settled("data.source=25-gaussians", *SMALL, *few))
    run.state.step = 39
    assert headroom(run) is None


def test_labels_reach_the_check():
    run = begun("data.source=digits", "data.labels=own", "network.width=4")
    run.state.step = 200
    assert headroom(run).steps == 200 * run.config.optimizer.critic_steps // 20
