"""Networks of tables: rows of the kind that codecs make, and packs that are scored together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data.tables.frames import from_frame
from wgan.networks import NetworkConfig, build_critic, build_generator, noise_numbers
from wgan.networks.autoregressive import TableGenerator
from wgan.objectives import VARIANTS, CriticLoss, find_variant

CONFIG = NetworkConfig("mlp", width=16, depth=2)


def pair(data, config=CONFIG, layers="plain"):
    generator = build_generator(config, data.codec)
    critic = build_critic(config, data.codec, layers=layers)
    return generator, critic, noise_numbers(config, data.codec)


def choices(data, n, free=-1):
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


@pytest.mark.parametrize("name", ["size", "city", "visits", "gain", "note", "price"])
def test_a_condition_hits_its_own_column_and_others_are_still_drawn(mixed, name):
    data = from_frame(mixed(800))
    generator, _, numbers = pair(data)
    place, y = data.codec.place(name), choices(data, 100)
    z = torch.randn(100, numbers)
    free = data.codec.choices(data.decode(generator(z, y)))
    for choice in range(min(4, data.codec.learned[place].choices)):
        y[:, place] = choice
        got = data.codec.choices(data.decode(generator(z, y)))
        assert (got[:, place] == choice).all()
        others = np.delete(np.arange(got.shape[1]), place)
        assert (got[:, others] == free[:, others]).mean() > 0.2, "the others are still drawn"
        assert not (got[:, others] == got[:1, others]).all()


def test_a_critic_is_told_which_columns_are_given_and_their_values_are_in_the_rows(mixed):
    data = from_frame(mixed(200))
    _, critic, _ = pair(data)
    x, y = data.encode(data.rows[:20]).float(), choices(data, 20)
    given = y.clone()
    given[:, 0] = 1
    assert (critic(x, given) != critic(x, y)).all()
    assert torch.equal(critic(x), critic(x, y)), "nothing is given, by default"
    other = torch.where(given == 1, 0, given)
    assert torch.equal(critic(x, given), critic(x, other)), "a flag, not the choice"
    assert critic.inputs(x).shape[1] == data.codec.shape[0] + len(data.codec.learned)


def test_the_noise_is_a_number_a_digit_and_one_for_each_score(mixed):
    data = from_frame(mixed(400))
    generator, _, numbers = pair(data)
    assert isinstance(generator, TableGenerator)
    digits = sum(1 + (code.second > 1) for code in data.codec.codes)
    assert numbers == digits + sum(code.scored for code in data.codec.codes)
    assert generator(torch.randn(3, numbers)).shape == (3, *data.codec.shape)


def test_a_generator_begins_at_the_frequencies_of_the_data(mixed):
    data = from_frame(mixed(3000))
    generator, _, numbers = pair(data, NetworkConfig("mlp", width=64, depth=2))
    z = torch.randn(20_000, numbers, generator=torch.Generator().manual_seed(0))
    made = data.codec.states(data.decode(generator(z)))
    for name in ("size", "note", "gain", "member"):
        place = data.codec.place(name)
        shares = np.bincount(made[:, place], minlength=data.codec.learned[place].states) / len(made)
        assert np.allclose(shares, data.codec.learned[place].shares, atol=0.1), name


def test_a_critic_scores_packs_whose_order_and_company_count(mixed):
    data = from_frame(mixed(400))
    config = NetworkConfig("mlp", width=16, depth=2, pack=5)
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
    config = NetworkConfig("mlp", width=16, depth=2, pack=pack)
    generator, critic, numbers = pair(data, config, variant.layers)
    x_real = data.encode(data.rows[:32]).float()
    y = torch.from_numpy(data.codec.choices(data.rows[:32]))
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


def test_no_network_has_numbers_of_double_precision(mixed):
    """Some devices have none."""
    for net in pair(from_frame(mixed(400)))[:2]:
        tensors = [*net.parameters(), *net.buffers()]
        assert all(each.dtype != torch.float64 for each in tensors)


def test_more_weights_than_memory_holds_are_refused_with_a_width_that_fits(mixed, monkeypatch):
    data = from_frame(mixed(400))
    monkeypatch.setattr("wgan.networks.tables.MOST_WEIGHTS", 10_000)
    with pytest.raises(WganError, match=r"choose at most (\d+)") as refused:
        build_generator(CONFIG, data.codec)
    width = int(str(refused.value).split("at most ")[1].split(",")[0])
    assert build_generator(replace(CONFIG, width=width), data.codec)
