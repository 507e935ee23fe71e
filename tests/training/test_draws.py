"""Draws: fresh at each update, and parts of one process's on each rank."""

import numpy as np
import pytest
import torch
from short_runs import settled

from wgan.data import Batches, load
from wgan.training.draws import Draws, seeded

CPU = torch.device("cpu")
SMALL = ["network.width=16", "network.depth=1", "network.latent=4", "optimizer.batch=12"]


def draws_of(config, data, rank=0, world_size=1):
    return Draws(Batches(data.split(), 0, rank=rank, world_size=world_size), config, CPU)


def test_ranks_draw_parts_of_one_processs_noise():
    setting = settled("data.source=25-gaussians", *SMALL)
    whole = draws_of(*setting)
    parts = [draws_of(*setting, rank, 3) for rank in range(3)]
    for draw in (0, 9):
        for kind in range(3):
            together = torch.cat([part.critic(draw)[kind] for part in parts])
            assert torch.equal(together, whole.critic(draw)[kind])
    for kind in range(2):
        together = torch.cat([part.generator(4, True)[kind] for part in parts])
        assert torch.equal(together, whole.generator(4, True)[kind])


def test_ranks_draw_parts_of_one_processs_conditions(mixed):
    """With packs too: a draw knows none."""
    packed = ["network.pack=5", "optimizer.batch=100"]
    setting = settled(*SMALL, *packed, data=load(mixed(200)))
    whole = draws_of(*setting).critic(3)
    parts = [draws_of(*setting, rank, 2).critic(3) for rank in range(2)]
    for name in ("x_real", "z", "u", "y"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))
    setting = settled(*SMALL, *packed, data=load(mixed(200)))
    whole = draws_of(*setting).generator(3, with_real=False)
    parts = [draws_of(*setting, rank, 2).generator(3, with_real=False) for rank in range(2)]
    assert len(whole.z) == len(whole.y) == 20, "a fifth of the real rows"
    assert torch.equal(whole.y, whole.y_real[:20])
    for name in ("z", "y"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))
    for name in ("x_real", "y_real"):
        firsts = [getattr(part, name)[:10] for part in parts]
        others = [getattr(part, name)[10:] for part in parts]
        assert torch.equal(torch.cat([*firsts, *others]), getattr(whole, name))
    assert all(torch.equal(part.y, part.y_real[:10]) for part in parts)


def test_a_likelihood_needs_real_samples_that_meet_the_conditions(mixed):
    data = load(mixed(200))
    config, data = settled(*SMALL, "optimizer.generator_batch=24", data=data)
    draw = draws_of(config, data).generator(2, with_real=False)
    codec = data.split().dataset.codec
    choices = codec.choices(codec.decode(draw.x_real))
    y = draw.y.numpy()
    assert ((y == -1) | (y == choices)).all()
    assert (len(y), len(draw.z)) == (24, 24)
    without = draws_of(*settled(*SMALL, "objective.likelihood_weight=0", data=data))
    assert without.generator(2, with_real=False).x_real is None


def test_dropout_falls_to_zero_over_the_last_steps(mixed):
    config, data = settled(*SMALL, "training.steps=10", data=load(mixed(200)))
    shares = [draws_of(config, data).generator(step, False).dropout for step in (0, 7, 8, 9, 10)]
    assert [float(each) for each in shares] == pytest.approx([0.5, 0.5, 1 / 3, 1 / 6, 0])
    for setting in ("objective.likelihood_dropout=0", "objective.likelihood_weight=0"):
        without = draws_of(*settled(*SMALL, setting, data=data))
        assert without.generator(0, False).dropout is None
    endless = draws_of(*settled(*SMALL, "training.steps=10", "optimizer.decay=none", data=data))
    assert float(endless.generator(9, False).dropout) == 0.5


def test_ranks_drop_the_units_that_one_process_drops(mixed):
    """The first rows of a likelihood are those that are scored, and each rank has some of them."""
    config, data = settled(*SMALL, data=load(mixed(200)))
    variant = config.objective.chosen()
    with draws_of(config, data).dropout("generator", 3, variant):
        whole = torch.rand_like(torch.zeros(3, 12, 4))
        scores = torch.nn.functional.dropout(torch.ones(2, 5))
    for rank, rows in enumerate(([0, 2, 3, 4, 5, 6], [1, 7, 8, 9, 10, 11])):
        with draws_of(config, data, rank, 2).dropout("generator", 3, variant):
            part = torch.rand_like(torch.zeros(3, 6, 4))
            own = torch.nn.functional.dropout(torch.ones(1, 5))
        assert torch.equal(part, whole[:, rows])
        assert torch.equal(own, scores[rank : rank + 1])


def test_a_draw_is_rows_with_one_coefficient_each_whatever_the_packs(mixed):
    data = load(mixed(200))
    alone, packed = (
        draws_of(*settled(*SMALL, f"network.pack={pack}", data=data)).critic(2) for pack in (1, 4)
    )
    assert packed.x_real.shape == (12, *data.split().dataset.shape)
    assert packed.u.shape == (12,)
    assert alone.changes is packed.changes is None
    assert all(torch.equal(a, b) for a, b in zip(alone[:-1], packed[:-1], strict=True))


def test_a_lazy_penalty_has_no_coefficients_where_it_rests():
    lazy = [*SMALL, "objective.penalty_every=3"]
    draws = draws_of(*settled("data.source=25-gaussians", *lazy))
    assert [draws.critic(k).u is None for k in range(4)] == [False, True, True, False]


@pytest.mark.parametrize("rank", [0, 1])
def test_labels_of_every_draw_are_those_of_its_samples(rank):
    values = np.repeat(np.arange(3.0), 20)[:, None] * [1.0, -1.0]
    labelled = load(values).with_labels(np.repeat([0, 1, 2], 20))
    config, data = settled("data.labels=own", *SMALL, data=labelled)
    draws = draws_of(config, data, rank, 2)
    for k in range(6):
        critic, generator = draws.critic(k), draws.generator(k, with_real=True)
        for batch in (critic, generator):
            assert np.allclose(data.decode(batch.x_real)[:, 0], batch.y.numpy(), atol=1e-5)
        assert torch.equal(draws.generator(k, with_real=False).y, generator.y)


def test_dropout_is_a_function_of_its_seed_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    drawn = []
    for seed in (1, 1, 2):
        with seeded(CPU, seed):
            drawn.append(torch.rand(4))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.equal(torch.get_rng_state(), before)
