"""An under-trained critic is told from one that is not, and the check leaves no trace."""

import pytest
import torch

from wgan.base.errors import WganError
from wgan.config import configure, from_settings
from wgan.data import load
from wgan.objectives import VARIANTS
from wgan.training import critic_headroom, prepare, train, variant_of

SMALL = ["network.width=16", "optimizer.batch=32", "training.steps=60"]


def trained(*settings, source="25-gaussians"):
    config, data = configure([from_settings([f"data.source={source}", *SMALL, *settings])])
    state = prepare(config, data)
    for _ in train(state, config, data):
        pass
    return state, config, data


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
    state, config, data = trained(f"objective.variant={name}")
    state.step = 60 * 20 // config.optimizer.critic_steps
    before = everything(state)
    first = critic_headroom(state, config, data, variant_of(config))
    assert all(torch.equal(a, b) for a, b in zip(before, everything(state), strict=True))
    assert critic_headroom(state, config, data, variant_of(config)) == first
    assert first.steps == 60
    assert first.half_width > 0
    assert state.critic.training


def test_running_statistics_of_the_generator_are_put_back_too():
    config, data = configure(
        [
            from_settings(
                [
                    "data.source=digits",
                    "network.kind=residual",
                    "network.width=4",
                    "optimizer.batch=8",
                ]
            )
        ]
    )
    state = prepare(config, data)
    state.step = 200
    before = everything(state)
    assert (
        critic_headroom(state, config, data, variant_of(config)).steps
        == 10 * config.optimizer.critic_steps
    )
    assert all(torch.equal(a, b) for a, b in zip(before, everything(state), strict=False))


def test_a_critic_that_hardly_moved_is_under_trained_and_one_at_its_optimum_is_not():
    config, data = configure(
        [
            from_settings(
                ["data.source=25-gaussians", *SMALL, "optimizer.decay=none", "optimizer.lr=2e-3"]
            )
        ]
    )
    state = prepare(config, data)
    state.step = 1000  # the generator stands where it began, and so does the critic
    assert critic_headroom(state, config, data, variant_of(config)).state == "under-trained"
    more = configure(
        [
            from_settings(
                [
                    "data.source=25-gaussians",
                    *SMALL,
                    "optimizer.lr=2e-3",
                    "training.warmup_critic_steps=600",
                    "training.steps=1",
                ]
            )
        ]
    )
    state = prepare(*more)
    for _ in train(state, *more):
        pass
    assert critic_headroom(state, *more, variant_of(more[0])).state == "enough"


def test_short_runs_are_not_judged():
    state, config, data = trained("training.steps=5", "optimizer.critic_steps=5")
    state.step = 39
    assert critic_headroom(state, config, data, variant_of(config)) is None


def test_labels_reach_the_check():
    config, data = configure(
        [from_settings(["data.source=digits", "data.labels=own", *SMALL, "network.width=4"])]
    )
    state = prepare(config, data)
    state.step = 200
    assert (
        critic_headroom(state, config, data, variant_of(config)).steps
        == 200 * config.optimizer.critic_steps // 20
    )


def test_a_run_that_is_to_stop_needs_somebody_who_measures():
    config, data = configure(
        [from_settings(["training.stop_when_converged=true", *SMALL])], data=load("digits")
    )
    with pytest.raises(WganError, match="nothing measures the run"):
        next(train(prepare(config, data), config, data))
