"""The sweep against differentiating twice: every penalised row, every kind of critic that it serves, and those that it leaves alone."""

import pytest
import torch
from torch import nn

from wgan.data.tables import Head
from wgan.networks import NetworkConfig, build_critic
from wgan.objectives import VARIANTS, CriticLoss
from wgan.objectives.sweep import Block, blocks_of

SHAPES = {"vectors": (3,), "pictures": (3, 8, 12), "one channel, odd sides": (1, 7, 9), "deep": (2, 28, 28)}
PENALISED = [name for name, row in VARIANTS.items() if row.penalty and not row.consistency]
HEADS = [Head(0, (3,), False, ((0.5, 0.3, 0.2),)), Head(3, (), True)]


def batch_of(shape, n=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, *shape, generator=g), torch.randn(n, *shape, generator=g) + 0.5, torch.rand(n, generator=g)


def terms_and_gradient(critic, row, batch, swept, y=None, every=1, bfloat16=False):
    loss = CriticLoss(critic, row, bfloat16, every)
    assert loss.sweep is not None
    if not swept:
        loss.sweep = None
    critic.zero_grad(set_to_none=True)
    terms = loss(*batch, y)
    terms.loss.mean().backward()
    return terms, {name: torch.zeros_like(p) if p.grad is None else p.grad.clone() for name, p in critic.named_parameters()}


def is_laid_out_like(a, b):
    return all(s == t for s, t, size in zip(a.stride(), b.stride(), a.shape, strict=True) if size > 1)


def assert_alike(critic, row, batch, y=None, every=1, tolerance=1e-9):
    (ours, mine), (theirs, plain) = (terms_and_gradient(critic, row, batch, swept, y, every) for swept in (True, False))
    for name, a, b in zip(ours._fields, ours, theirs, strict=True):
        assert torch.allclose(a, b, rtol=tolerance, atol=tolerance), name
    for name, g in plain.items():
        assert float((mine[name] - g).norm()) <= tolerance * max(1.0, float(g.norm())), name
        assert is_laid_out_like(mine[name], dict(critic.named_parameters())[name]), name  # as a fused optimiser wants it


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", PENALISED)
def test_terms_and_gradient_are_those_of_differentiating_twice(name, kind):
    critic = build_critic(NetworkConfig(width=6, depth=2), SHAPES[kind]).double()
    assert_alike(critic, VARIANTS[name], tuple(t.double() for t in batch_of(SHAPES[kind])), every=3)


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("kind", ["vectors", "pictures"])
@pytest.mark.parametrize("name", ["wgan-gp", "r3gan"])
def test_labels(name, kind, condition):
    critic = build_critic(NetworkConfig(width=6, depth=2, condition=condition), SHAPES[kind], classes=4).double()
    if condition == "projection":
        nn.init.normal_(critic.by_class.weight)
    batch = tuple(t.double() for t in batch_of(SHAPES[kind]))
    assert_alike(critic, VARIANTS[name], batch, torch.tensor([0, 1, 2, 3, 3, 0]))


@pytest.mark.parametrize("pack", [1, 3])
def test_tables_in_packs_with_states_asked_for(pack):
    critic = build_critic(NetworkConfig(width=6, depth=2, pack=pack), (4,), heads=HEADS).double()
    x_real, x_fake, u = (t.double() for t in batch_of((4,)))
    batch = (x_real.unflatten(0, (-1, pack)), x_fake.unflatten(0, (-1, pack)), u[: 6 // pack])
    y = torch.tensor([[-1, -1], [2, -1], [-1, 0], [0, -1], [-1, -1], [1, 0]])
    assert_alike(critic, VARIANTS["wgan-lp"], batch, y)


def test_a_point_without_a_slope_has_no_gradient():
    """A dead critic: its norm is zero at each point, where the norm has no derivative, and zero is taken."""
    critic = build_critic(NetworkConfig(width=4, depth=1), (2,)).double()
    with torch.no_grad():
        critic[0].bias.fill_(-100.0)
    assert_alike(critic, VARIANTS["wgan-gp"], tuple(t.double() for t in batch_of((2,))))


@pytest.mark.parametrize("shape", [(3,), (3, 16, 16)])
def test_bfloat16_is_as_near_to_float32_as_automatic_casting_is(shape):
    critic, row, batch = build_critic(NetworkConfig(width=16, depth=2), shape), VARIANTS["wgan-gp"], batch_of(shape, n=256)
    flat = [
        torch.cat([g.flatten() for g in terms_and_gradient(critic, row, batch, swept, bfloat16=low)[1].values()])
        for swept, low in ((False, False), (False, True), (True, True))
    ]
    cast, ours = (float((g - flat[0]).norm() / flat[0].norm()) for g in flat[1:])
    assert ours < max(1.5 * cast, 0.02)


def test_a_matrix_product_over_patches_is_the_gradient_to_a_kernel():
    """What bfloat16 takes for few positions, against the library's, in numbers small enough to be exact in both."""
    block = Block(nn.Conv2d(3, 4, (4, 3), stride=(2, 1), padding=(1, 1)), 0.2)
    x, weight = (torch.randint(-2, 3, shape).bfloat16().to(memory_format=torch.channels_last) for shape in ((2, 3, 9, 5), (4, 3, 4, 3)))
    d = torch.randint(-1, 2, block.forward(x, weight, None).shape).bfloat16().to(memory_format=torch.channels_last)
    expected = block.to_weight(d.float(), x.float(), weight.float())
    assert torch.equal(block.to_weight(d, x, weight).float(), expected)


def test_critics_of_another_kind_are_left_alone():
    flat = nn.Flatten(0)
    chain = [nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)]
    assert len(blocks_of(nn.Sequential(*chain, flat))) == 1
    assert blocks_of(nn.Sequential(*chain, nn.Sigmoid(), flat)) is None
    assert blocks_of(nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), flat)) is None
    assert blocks_of(nn.Sequential(nn.Linear(2, 4, bias=False), nn.ReLU(), nn.Linear(4, 1), flat)) is None
    assert blocks_of(nn.Sequential(nn.Linear(2, 1), flat)) is None
    assert blocks_of(nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1), flat)) is None
    assert blocks_of(nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1), flat)) is None
    for layers in ("dropout", "spectral", "spectral-sorting", "orthonormal"):
        assert blocks_of(build_critic(NetworkConfig(width=4), (2,), layers=layers)) is None
    assert blocks_of(build_critic(NetworkConfig(kind="residual", width=4), (3, 8, 8))) is None


def test_a_second_gradient_of_one_sweep_is_refused():
    critic = build_critic(NetworkConfig(width=4), (2,))
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])(*batch_of((2,))).loss.mean()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="can be taken once"):
        loss.backward()
