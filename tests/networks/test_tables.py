"""Networks of tables: one-hot codes that are draws of the softmax, exact conditions, gradients that
pass, packs that are scored together.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from wgan.data.tables.frames import from_frame
from wgan.networks import NetworkConfig, build_critic, build_generator, noise_numbers
from wgan.networks.tables import Conditions, TableGenerator
from wgan.objectives import VARIANTS, CriticLoss, find_variant

CONFIG = NetworkConfig("mlp", width=16, depth=2, latent=4)


def pair(data, config=CONFIG, layers="plain"):
    generator = build_generator(config, data.codec)
    critic = build_critic(config, data.codec, layers=layers)
    return generator, critic, noise_numbers(config, data.codec)


def states(data, n, free=-1):
    return torch.full((n, len(data.codec.learned)), free, dtype=torch.int64)


def test_codes_are_one_hot_and_a_score_counts_where_its_state_is_drawn(mixed):
    data = from_frame(mixed(400))
    generator, _, numbers = pair(data)
    x = generator(torch.randn(200, numbers))
    for code in data.codec.codes:
        for start, size in code.parts:
            codes = x[:, start : start + size]
            assert ((codes - codes.round()).abs() < 1e-6).all()
            assert torch.allclose(codes.sum(1), torch.ones(200))
        if code.scored and code.sizes:
            assert (x[:, code.score][x[:, code.start] < 0.5] == 0).all()


def test_the_frequencies_of_codes_are_those_of_the_softmax(mixed):
    """With weights at zero and biases b, a head's states are drawn with probability softmax(b)."""
    data = from_frame(mixed(400))
    generator, _, numbers = pair(data)
    last = generator.net[-1]
    place = data.codec.place("size")
    start = data.codec.codes[place].start
    with torch.no_grad():
        for p in generator.parameters():
            p.zero_()
        last.bias[start : start + 3] = torch.tensor([0.0, 1.0, -1.0])
        x = generator(torch.randn(40_000, numbers, generator=torch.Generator().manual_seed(0)))
    expected = torch.softmax(torch.tensor([0.0, 1.0, -1.0]), 0)
    assert torch.allclose(x[:, start : start + 3].mean(0), expected, atol=0.01)


def test_the_gradient_passes_to_every_head(mixed):
    data = from_frame(mixed(400))
    generator, critic, numbers = pair(data)
    (gradient,) = torch.autograd.grad(
        critic(generator(torch.randn(64, numbers))).mean(), generator.net[-1].bias
    )
    assert (gradient != 0).float().mean() > 0.5


def test_a_sample_is_a_function_of_its_latent_whatever_the_batch(mixed):
    data = from_frame(mixed(400))
    generator, _, numbers = pair(data)
    z = torch.randn(50, numbers)
    assert torch.allclose(generator(z)[:7], generator(z[:7]), atol=1e-6)
    assert torch.equal(generator.train()(z), generator.eval()(z)), "training and evaluation are one"


@pytest.mark.parametrize("name", ["size", "city", "visits", "gain", "note"])
def test_a_condition_hits_its_own_column_and_no_other(mixed, name):
    data = from_frame(mixed(800))
    generator, _, numbers = pair(data)
    place, y = data.codec.place(name), states(data, 100)
    z = torch.randn(100, numbers)
    free = data.codec.states(data.decode(generator(z, y)))
    for state in range(min(4, data.codec.learned[place].states)):
        y[:, place] = state
        got = data.codec.states(data.decode(generator(z, y)))
        assert (got[:, place] == state).all()
        others = np.delete(np.arange(got.shape[1]), place)
        assert (got[:, others] == free[:, others]).mean() > 0.2, "the others are still drawn"
        assert not (got[:, others] == got[:1, others]).all()


def test_conditions_on_two_digits_are_exact():
    levels = np.array([f"k{i}" for i in range(700)])
    data = from_frame(pd.DataFrame({"k": np.repeat(levels, 2), "y": np.arange(1400) % 2}))
    generator, _, numbers = pair(data)
    y = states(data, 700)
    y[:, 0] = torch.arange(700)
    assert data.decode(generator(torch.randn(700, numbers), y))[:, 0].tolist() == list(range(700))


def test_codes_of_conditions_are_those_of_rows_that_have_them(mixed):
    data = from_frame(mixed(300))
    y = torch.from_numpy(data.codec.states(data.rows))
    codes = Conditions(data.codec.codes)(y)
    x = data.encode(data.rows).float()
    units = torch.cat(
        [x[:, s : s + size] for code in data.codec.codes for s, size in code.parts], dim=1
    )
    assert torch.equal(codes, units)
    assert Conditions(data.codec.codes)(states(data, 3)).abs().sum() == 0


def test_a_critic_scores_packs_whose_order_and_company_count(mixed):
    data = from_frame(mixed(400))
    config = NetworkConfig("mlp", width=16, depth=2, latent=4, pack=5)
    _, critic, _ = pair(data, config)
    x = data.encode(data.rows[:100]).float()
    assert critic(x).shape == (20,)
    assert torch.equal(critic(x), critic(x.unflatten(0, (-1, 5))))
    other = x.clone()
    other[3] = x[50]
    changed = critic(other) != critic(x)
    assert changed[0]
    assert not changed[1:].any()


@pytest.mark.parametrize("pack", [1, 4])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_takes_tables_in_packs_with_conditions(mixed, name, pack):
    """One loss a pack; where a variant has a penalty, it moves the critic's weights."""
    data = from_frame(mixed(400))
    variant = find_variant(name)
    config = NetworkConfig("mlp", width=16, depth=2, latent=4, pack=pack)
    generator, critic, numbers = pair(data, config, variant.layers)
    x_real = data.encode(data.rows[:32]).float()
    y = torch.from_numpy(data.codec.states(data.rows[:32]))
    y[::2] = -1
    with torch.no_grad():
        x_fake = generator(torch.randn(32, numbers), y)
    terms = CriticLoss(critic, variant)(x_real, x_fake, torch.rand(32), y)
    assert terms.loss.shape == (32 // pack,)
    assert terms.loss.isfinite().all()
    if terms.penalty is not None:
        weights = list(critic.parameters())
        gradients = torch.autograd.grad(terms.penalty.mean(), weights, allow_unused=True)
        assert sum(float(g.norm()) for g in gradients if g is not None) > 0


def test_the_generator_is_the_table_one(mixed):
    data = from_frame(mixed(100))
    assert isinstance(pair(data)[0], TableGenerator)
    assert pair(data)[2] == CONFIG.latent + sum(sum(code.sizes) for code in data.codec.codes)


def test_a_generator_begins_at_the_frequencies_of_the_data(mixed):
    data = from_frame(mixed(3000))
    generator, _, numbers = pair(data, NetworkConfig("mlp", width=64, depth=2, latent=16))
    made = data.codec.states(
        data.decode(
            generator(torch.randn(20_000, numbers, generator=torch.Generator().manual_seed(0)))
        )
    )
    for name in ("size", "note", "gain", "member"):
        place = data.codec.place(name)
        shares = np.bincount(made[:, place], minlength=data.codec.learned[place].states) / len(made)
        assert np.allclose(shares, data.codec.learned[place].shares, atol=0.03), name


def test_a_critic_is_told_which_columns_were_asked_for(mixed):
    data = from_frame(mixed(200))
    _, critic, _ = pair(data)
    x, y = data.encode(data.rows[:20]).float(), states(data, 20)
    asked = y.clone()
    asked[:, 0] = 1
    assert (critic(x, asked) != critic(x, y)).all()
    assert torch.equal(critic(x), critic(x, y)), "nothing is asked for, by default"
