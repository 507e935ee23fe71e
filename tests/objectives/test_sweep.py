"""Tests of the sweep against differentiating twice, for every penalised variant and critic."""

from functools import partial

import pytest
import torch
from nets import critic_for
from torch import nn

from wgan.networks import NetworkConfig
from wgan.networks.layers import OneScore
from wgan.networks.packed import PackedCritic
from wgan.networks.tables import with_given
from wgan.networks.vectors import mlp
from wgan.objectives import VARIANTS, CriticLoss
from wgan.objectives.chains import chain_of

SHAPES = {
    "vectors": (3,),
    "pictures": (3, 8, 12),
    "one channel, odd sides": (1, 7, 9),
    "deep": (2, 28, 28),
}
PENALISED = [
    name for name, variant in VARIANTS.items() if variant.penalty and not variant.consistency
]
COLUMNS = 2


def batch_of(shape, n=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    return (
        torch.randn(n, *shape, generator=g),
        torch.randn(n, *shape, generator=g) + 0.5,
        torch.rand(n, generator=g),
    )


def terms_and_gradient(critic, variant, batch, swept, y=None, every=1, bfloat16=False):
    loss = CriticLoss(critic, variant, bfloat16, every)
    assert chain_of(critic)
    loss.swept = swept
    critic.zero_grad(set_to_none=True)
    terms = loss(*batch, y)
    terms.loss.mean().backward()
    return terms, {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in critic.named_parameters()
    }


def is_laid_out_like(a, b):
    return all(
        s == t for s, t, size in zip(a.stride(), b.stride(), a.shape, strict=True) if size > 1
    )


def assert_alike(critic, variant, batch, y=None, every=1, tolerance=1e-9):
    (ours, mine), (theirs, plain) = (
        terms_and_gradient(critic, variant, batch, swept, y, every) for swept in (True, False)
    )
    for name, a, b in zip(ours._fields, ours, theirs, strict=True):
        assert torch.allclose(a, b, rtol=tolerance, atol=tolerance), name
    for name, g in plain.items():
        assert float((mine[name] - g).norm()) <= tolerance * max(1.0, float(g.norm())), name
        assert is_laid_out_like(mine[name], dict(critic.named_parameters())[name]), (
            name
        )  # as a fused optimizer wants it


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", PENALISED)
def test_terms_and_gradient_are_those_of_differentiating_twice(name, kind):
    critic = critic_for(NetworkConfig(width=6, depth=2), SHAPES[kind]).double()
    assert_alike(critic, VARIANTS[name], tuple(t.double() for t in batch_of(SHAPES[kind])), every=3)


def residual_for(kind, shape, **settings):
    """Return a critic of images whose weights are all away from zero."""
    critic = critic_for(NetworkConfig(kind=kind, width=6, depth=2), shape, **settings).double()
    torch.manual_seed(1)
    for p in critic.parameters():
        nn.init.normal_(p, std=0.3)
    return critic


@pytest.mark.parametrize("kind", ["residual", "bottleneck"])
@pytest.mark.parametrize("name", PENALISED)
def test_residual_critics(name, kind):
    batch = tuple(t.double() for t in batch_of((3, 8, 12)))
    assert_alike(residual_for(kind, (3, 8, 12)), VARIANTS[name], batch, every=3)


@pytest.mark.parametrize("kind", ["residual", "bottleneck"])
def test_residual_critics_with_labels(kind):
    critic = residual_for(kind, (3, 8, 8), classes=4)
    batch = tuple(t.double() for t in batch_of((3, 8, 8)))
    assert_alike(critic, VARIANTS["wgan-gp"], batch, torch.tensor([0, 1, 2, 3, 3, 0]))


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("kind", ["vectors", "pictures"])
@pytest.mark.parametrize("name", ["wgan-gp", "r3gan"])
def test_labels(name, kind, condition):
    critic = critic_for(
        NetworkConfig(width=6, depth=2, condition=condition), SHAPES[kind], classes=4
    ).double()
    if condition == "projection":
        nn.init.normal_(critic.by_class.weight)
    batch = tuple(t.double() for t in batch_of(SHAPES[kind]))
    assert_alike(critic, VARIANTS[name], batch, torch.tensor([0, 1, 2, 3, 3, 0]))


@pytest.mark.parametrize("kind", ["vectors", "pictures"])
@pytest.mark.parametrize("name", PENALISED)
def test_packs(name, kind):
    """With labels in the two ways, and without."""
    batch = tuple(t.double() for t in batch_of(SHAPES[kind]))
    for condition, classes in (("projection", 0), ("projection", 4), ("concatenation", 4)):
        config = NetworkConfig(width=6, depth=2, condition=condition, pack=3)
        critic = critic_for(config, SHAPES[kind], classes=classes).double()
        if classes and condition == "projection":
            nn.init.normal_(critic.by_class.weight)
        y = torch.tensor([0, 1, 2, 3, 3, 0]) if classes else None
        assert_alike(critic, VARIANTS[name], batch, y, every=3)


@pytest.mark.parametrize("pack", [1, 3])
def test_tables_in_packs_with_states_asked_for(pack):
    torch.manual_seed(0)
    chain = nn.Sequential(*mlp(pack * (4 + COLUMNS), 1, width=6, depth=2), OneScore())
    critic = PackedCritic(chain, 1, pack, partial(with_given, columns=COLUMNS)).double()
    batch = tuple(t.double() for t in batch_of((4,)))
    y = torch.tensor([[-1, -1], [2, -1], [-1, 0], [0, -1], [-1, -1], [1, 0]])
    assert_alike(critic, VARIANTS["wgan-lp"], batch, y)


def test_a_point_without_a_slope_has_no_gradient():
    """A dead critic: its norm is zero at each point, where the norm has no derivative, and zero is
    taken.
    """
    critic = critic_for(NetworkConfig(width=4, depth=1), (2,)).double()
    with torch.no_grad():
        critic[0].bias.fill_(-100.0)
    assert_alike(critic, VARIANTS["wgan-gp"], tuple(t.double() for t in batch_of((2,))))


@pytest.mark.parametrize(
    ("kind", "shape"), [("auto", (3,)), ("auto", (3, 16, 16)), ("bottleneck", (3, 16, 16))]
)
def test_bfloat16_is_as_near_to_float32_as_automatic_casting_is(kind, shape):
    critic, variant, batch = (
        critic_for(NetworkConfig(kind=kind, width=16, depth=2), shape),
        VARIANTS["wgan-gp"],
        batch_of(shape, n=256),
    )
    flat = [
        torch.cat(
            [
                g.flatten()
                for g in terms_and_gradient(critic, variant, batch, swept, bfloat16=low)[1].values()
            ]
        )
        for swept, low in ((False, False), (False, True), (True, True))
    ]
    cast, ours = (float((g - flat[0]).norm() / flat[0].norm()) for g in flat[1:])
    assert ours < max(1.5 * cast, 0.02)


def test_layers_that_are_shared_are_swept_as_often_as_they_stand():
    torch.manual_seed(0)
    layer, activation = nn.Linear(3, 3), nn.ReLU()
    critic = nn.Sequential(
        layer, activation, layer, activation, nn.Linear(3, 1), nn.Flatten(0)
    ).double()
    assert_alike(critic, VARIANTS["wgan-gp"], tuple(t.double() for t in batch_of((3,))))
    labelled = critic_for(NetworkConfig(width=3, depth=2), (3,), classes=2)
    labelled.features = nn.Sequential(layer, activation, layer, activation)
    assert_alike(
        labelled.double(),
        VARIANTS["wgan-gp"],
        tuple(t.double() for t in batch_of((3,))),
        torch.arange(6) % 2,
    )


@pytest.mark.parametrize("flat", [False, True])
def test_samples_of_more_axes_go_through_linear_layers_as_ever(flat):
    torch.manual_seed(0)
    after = [nn.Flatten(), nn.Linear(24, 1)] if flat else [nn.Linear(8, 1)]
    critic = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), *after, nn.Flatten(0))
    x_real, x_fake, u = batch_of((3, 4) if flat else (1, 4))
    terms = CriticLoss(critic, VARIANTS["wgan-gp"])(x_real, x_fake, u)
    assert torch.allclose(terms.estimate, critic(x_real) - critic(x_fake), atol=1e-5)


def test_samples_that_want_a_gradient_get_one():
    critic, (x_real, x_fake, u) = critic_for(NetworkConfig(width=4), (2,)), batch_of((2,))
    CriticLoss(critic, VARIANTS["wgan-gp"])(
        x_real, x_fake.requires_grad_(), u
    ).loss.mean().backward()
    assert float(x_fake.grad.norm()) > 0


def test_a_layer_that_is_replaced_is_the_one_that_learns():
    critic = critic_for(NetworkConfig(width=4, depth=1), (2,))
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])
    critic[0] = nn.Linear(2, 4)
    loss(*batch_of((2,))).loss.mean().backward()
    assert critic[0].weight.grad is not None


def test_casting_around_it_changes_nothing():
    critic, batch = critic_for(NetworkConfig(width=4), (2,)), batch_of((2,))
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])
    with torch.autocast("cpu", torch.bfloat16):
        terms = loss(*batch)
    terms.loss.mean().backward()
    got = {name: p.grad.clone() for name, p in critic.named_parameters() if p.grad is not None}
    alone, expected = terms_and_gradient(critic, VARIANTS["wgan-gp"], batch, swept=True)
    assert torch.equal(terms.loss, alone.loss)
    assert all(torch.equal(got[name], expected[name]) for name in got)


def test_a_weight_that_changes_in_between_is_noticed():
    critic = critic_for(NetworkConfig(width=4), (2,))
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])(*batch_of((2,))).loss.mean()
    with torch.no_grad():
        critic[2].weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_second_gradient_of_one_sweep_is_refused():
    critic = critic_for(NetworkConfig(width=4), (2,))
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])(*batch_of((2,))).loss.mean()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="can be taken once"):
        loss.backward()
