"""One step, seen from outside: what moves, what stays, what is fresh."""

import pytest
import torch
from short_runs import settled

from wgan.data import Batches
from wgan.objectives import VARIANTS
from wgan.training import Run
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import critic_update, generator_update, train_step, update_average, warm_up

CPU = torch.device("cpu")
SMALL = ["network.width=16", "network.depth=1", "optimizer.batch=12"]


def setup(*settings):
    run = Run.start(*settled("data.source=25-gaussians", *SMALL, *settings), watch=None)
    draws = Draws(Batches(run.split, run.config.training.seed), run.config, CPU)
    return run.config, run.state, run.variant, draws


def weights(net):
    return torch.cat([p.detach().flatten().clone() for p in net.parameters()])


@pytest.mark.parametrize("name", VARIANTS)
def test_a_critic_update_moves_the_critic_alone_and_lowers_its_loss(name):
    config, state, variant, draws = setup(f"objective.variant={name}", "optimizer.lr=1e-3")
    losses = build_losses(state, variant, config)
    generator, critic = weights(state.generator), weights(state.critic)
    updates = []
    for _ in range(21):
        updates.append(critic_update(state, losses, variant, draws, 0, config))
    first, *_, last = updates
    assert torch.equal(weights(state.generator), generator)
    assert not torch.equal(weights(state.critic), critic)
    clipped = variant.constraint is not None and variant.constraint.bound is not None
    if not clipped:  # clipping cuts the fresh weights, and with them the estimate
        assert last.loss.mean() < first.loss.mean()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_generator_update_moves_the_generator_alone(name):
    config, state, variant, draws = setup(f"objective.variant={name}")
    generator, critic = weights(state.generator), weights(state.critic)
    norm = generator_update(state, build_losses(state, variant, config), variant, draws)
    assert float(norm) > 0
    assert not torch.equal(weights(state.generator), generator)
    assert torch.equal(weights(state.critic), critic)
    assert all(p.requires_grad for p in state.critic.parameters())


def test_clipping_comes_after_the_critic_step():
    config, state, variant, draws = setup("objective.variant=wgan", "optimizer.lr=0.1")
    train_step(state, build_losses(state, variant, config), variant, draws, config)
    assert float(weights(state.critic).abs().max()) <= 0.01 * (1 + 1e-6)


def test_every_critic_step_has_fresh_data_and_noise_and_warm_up_comes_first(monkeypatch):
    config, state, variant, draws = setup(
        "training.warmup_critic_steps=3", "optimizer.critic_steps=2"
    )
    losses = build_losses(state, variant, config)
    seen, numbers = [], []
    monkeypatch.setattr(
        Draws,
        "critic",
        lambda self, draw, *rest, real=Draws.critic: (
            numbers.append(draw) or seen.append(real(self, draw, *rest)) or seen[-1]
        ),
    )
    generator = weights(state.generator)
    assert len(list(warm_up(state, losses, variant, draws, config))) == 3
    assert torch.equal(weights(state.generator), generator)
    for _ in range(2):
        train_step(state, losses, variant, draws, config)
    assert numbers == list(range(7))
    for kind in range(3):
        assert len({tuple(parts[kind].flatten().tolist()) for parts in seen}) == 7
    rows = [draws.batches.rows(k, config.optimizer.batch) for k in range(7)]
    assert len(set(torch.tensor([r.tolist() for r in rows]).flatten().tolist())) == 7 * 12


def test_average_follows_its_formula():
    mine, net = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    before = weights(mine)
    update_average(mine, net, decay=0.9, step=10**6)
    assert torch.allclose(weights(mine), 0.9 * before + 0.1 * weights(net))
    update_average(mine, net, decay=0.0, step=5)
    assert torch.allclose(weights(mine), weights(net))


def test_linear_decay_ends_at_zero():
    config, state, variant, draws = setup(
        "optimizer.decay=linear", "training.steps=4", "optimizer.lr=0.4"
    )
    rates = []
    for _ in range(4):
        train_step(state, build_losses(state, variant, config), variant, draws, config)
        rates.append(state.critic_optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1])
