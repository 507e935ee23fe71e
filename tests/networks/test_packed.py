"""Critics of packs: several samples side by side, with their labels, under every variant."""

import numpy as np
import pytest
import torch
from described_series import described
from nets import critic_for
from short_runs import settled
from torch import nn

from wgan.audit.certificate import certify, frozen
from wgan.base.errors import WganError
from wgan.distances import wasserstein
from wgan.networks import NetworkConfig, build_critic
from wgan.networks.packed import side_by_side, single
from wgan.objectives import VARIANTS, CriticLoss, GeneratorLoss
from wgan.objectives.penalties import between, gradient_norms
from wgan.training import Run

SHAPES = {"vectors": (3,), "pictures": (3, 8, 12), "one channel, odd sides": (1, 7, 9)}
KINDS = [("mlp", (3,)), ("conv", (3, 8, 12)), ("residual", (1, 8, 8))]
CLASSES = 3
PACK = 2
LABELS = [("projection", 0), ("projection", CLASSES), ("concatenation", CLASSES)]


def batch_of(shape, n=8):
    g = torch.Generator().manual_seed(0)
    x_real, x_fake = (torch.randn(n, *shape, generator=g) for _ in range(2))
    return x_real, x_fake + 0.5, torch.rand(n, generator=g)


def labelled(shape, condition, classes, layers="plain", kind="auto", pack=PACK):
    config = NetworkConfig(kind, width=8, depth=2, condition=condition, pack=pack)
    critic = critic_for(config, shape, 0, layers, classes)
    if classes and condition == "projection":
        nn.init.normal_(critic.by_class.weight)
    return critic


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_samples_of_a_pack_are_more_columns_or_channels(shape):
    x = torch.randn(6, *shape)
    packs = side_by_side(x, 3)
    assert torch.equal(packs, torch.cat([x[0::3], x[1::3], x[2::3]], dim=1))
    assert torch.equal(single(x.unflatten(0, (2, 3)), len(shape)), x)
    critic = critic_for(NetworkConfig(width=4, pack=3), shape)
    chain = nn.Sequential(*critic.features, *critic.head)
    assert torch.equal(critic(x), chain(packs))
    assert torch.equal(critic(x), critic(x.unflatten(0, (2, 3))))
    weights = [w.clone() for w in chain.parameters()]
    alone = critic_for(NetworkConfig(width=4), (3 * shape[0], *shape[1:])).parameters()
    assert all(torch.equal(a, b) for a, b in zip(weights, alone, strict=True))


@pytest.mark.parametrize(("condition", "classes"), LABELS[1:])
@pytest.mark.parametrize(("kind", "shape"), KINDS)
def test_the_label_of_each_sample_of_a_pack_counts_at_its_place(kind, shape, condition, classes):
    critic = labelled(shape, condition, classes, kind=kind).eval()
    x, y = batch_of(shape, 4)[0], torch.tensor([0, 1, 2, 0])
    scores = critic(x, y)
    assert scores.shape == (2,)
    for place in range(4):
        other = y.clone()
        other[place] = (other[place] + 1) % classes
        moved = (critic(x, other) - scores).abs() > 1e-6
        assert moved.tolist() == [place < 2, place >= 2]
    assert not torch.allclose(critic(x[:2], y[:2].flip(0)), scores[:1]), "places are told apart"


def test_directions_of_a_projection_are_summed_over_the_pack():
    critic = labelled((5,), "projection", CLASSES)
    x, y = torch.randn(6, 5), torch.tensor([0, 1, 2, 2, 1, 0])
    h = critic.features(torch.cat([x[0::2], x[1::2]], dim=1))
    table = critic.by_class.weight.view(PACK, CLASSES, -1)
    w = critic.shared.weight + table[0][y[0::2]] + table[1][y[1::2]]
    assert torch.allclose(critic(x, y), (h * w).sum(1) + critic.shared.bias, atol=1e-5)


@pytest.mark.parametrize(("condition", "classes"), LABELS)
@pytest.mark.parametrize("shape", [(3,), (1, 8, 8)])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_on_packs(name, shape, condition, classes):
    """One loss a pack, a gradient for all weights, and a penalty that moves them."""
    variant = VARIANTS[name]
    critic = labelled(shape, condition, classes, variant.layers)
    if variant.layers == "plain":
        with torch.no_grad():  # steep, so that a one-sided penalty is felt
            for p in critic.parameters():
                p.mul_(3)
    x_real, x_fake, u = batch_of(shape)
    y = torch.arange(8) % classes if classes else None
    torch.manual_seed(0)
    terms = CriticLoss(critic, variant)(x_real, x_fake, u, y)
    assert terms.loss.shape == terms.estimate.shape == (8 // PACK,)
    terms.loss.mean().backward()
    assert all(p.grad is not None for p in critic.parameters())
    if variant.penalty:
        assert terms.penalty.shape == (8 // PACK,)
        first = next(critic.parameters()).grad.clone()
        critic.zero_grad()
        torch.manual_seed(0)
        CriticLoss(critic, variant)(x_real, x_fake, None, y).loss.mean().backward()
        assert not torch.allclose(next(critic.parameters()).grad, first)
    loss = GeneratorLoss(Shaped(shape), critic, variant)(x_fake.flatten(1), x_real, y)
    assert loss.shape == (8 // PACK,)


class Shaped(nn.Module):
    """A generator that gives its noise a shape."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, z, y=None):
        return z.unflatten(1, self.shape)


@pytest.mark.parametrize("swept", [True, False])
def test_the_penalty_is_of_whole_packs(swept):
    """One coefficient a pack, and the norm of the gradient to all its samples: a linear critic has
    |grad| = sqrt(m) |w| where each sample has the weights w, at every point.
    """
    pack = 3
    critic = critic_for(NetworkConfig(width=4, depth=1, pack=pack), (2,))
    x_real, x_fake, u = batch_of((2,), 6)
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])
    loss.swept = swept
    terms = loss(x_real, x_fake, u)
    # Packs by hand, with the coefficient of the first sample of each.
    real, fake = (torch.cat([x[i::pack] for i in range(pack)], dim=1) for x in (x_real, x_fake))
    (points,) = between(real, fake, u[::pack])
    chain = nn.Sequential(*critic.features, *critic.head)
    norms = gradient_norms(chain, points)
    assert torch.allclose(terms.gradient_norm, norms, rtol=1e-5)
    assert torch.allclose(terms.penalty, (norms - 1).square(), rtol=1e-4)
    with torch.no_grad():
        critic.features[0].weight.copy_(torch.tensor([[3.0, 4.0] * pack] * 4))
        critic.features[0].bias.fill_(1e3)
        critic.head[0].weight.fill_(0.25)
    assert torch.allclose(loss(x_real, x_fake, u).gradient_norm, torch.tensor(5 * pack**0.5))


def test_a_pack_of_one_changes_nothing():
    for shape in SHAPES.values():
        plain, packs = (
            critic_for(NetworkConfig(width=4, pack=p), shape) for p in (1, NetworkConfig().pack)
        )
        assert type(plain) is nn.Sequential
        assert str(plain) == str(packs)


@pytest.mark.parametrize("layers", ["orthonormal", "spectral-sorting"])
@pytest.mark.parametrize(("condition", "classes"), LABELS)
def test_a_constrained_critic_is_1_lipschitz_in_the_pack(layers, condition, classes):
    torch.manual_seed(0)
    critic = labelled((1, 8, 8), condition, classes, layers).eval()
    y = [torch.arange(12) % classes] if classes else []
    a, b = (torch.randn(12, 1, 8, 8) for _ in range(2))
    apart = (a - b).unflatten(0, (-1, PACK)).flatten(1).norm(dim=1)
    slope = (critic(a, *y) - critic(b, *y)).abs() / apart
    assert float(slope.detach().max()) <= 1 + 1e-4


def test_what_a_reading_of_packs_bounds():
    """sqrt(m) W1(P, Q) <= W1(P^m, Q^m) <= m W1(P, Q), in the Euclidean norm of a pack: for two
    points at distance 2 the lower end is met. A reading of packs is no bound of W1 unless divided
    by m, and nothing certifies a critic of packs as one of samples.
    """
    m, n = 4, 64
    p, q = np.zeros((n, 1)), np.full((n, 1), 2.0)
    assert wasserstein(p.reshape(-1, m), q.reshape(-1, m)) == pytest.approx(m**0.5 * 2)
    g = np.random.default_rng(0)
    p, q = g.integers(0, 2, (n, 1)), np.zeros((n, 1))
    of_packs = wasserstein(p.reshape(-1, m).astype(float), q.reshape(-1, m))
    w1 = wasserstein(p.astype(float), q)
    assert m**0.5 * w1 - 1e-9 <= of_packs <= m * w1 + 1e-9
    critic = critic_for(NetworkConfig(width=8, depth=2, pack=m), (1,), layers="orthonormal")
    with pytest.raises(WganError, match="nothing is certified"):
        certify(critic, (1,))
    chain = frozen(nn.Sequential(*critic.features, *critic.head))
    assert certify(chain, (m,)).lipschitz == pytest.approx(1, abs=1e-4)


def test_series_with_beginnings_are_packed_with_them():
    codec = described(n=40, context=2).codec
    planes, _, steps = codec.shape
    critic = build_critic(NetworkConfig(width=4, pack=2), codec)
    x, y = torch.randn(4, planes, 1, steps), torch.zeros(4, planes + 1, 2)
    given = y.clone()
    given[0, -1] = 1
    moved = (critic(x, given) - critic(x, y)).abs() > 1e-6
    assert moved.tolist() == [True, False]
    assert torch.equal(critic(x.unflatten(0, (2, 2)), given), critic(x, given))


RUNS = {
    "points": ["data.source=8-gaussians", "optimizer.batch=16"],
    "points, lazy": ["data.source=8-gaussians", "optimizer.batch=16", "objective.penalty_every=2"],
    "pictures, labels": ["data.source=digits", "optimizer.batch=8", "data.labels=own"],
    "pictures, r3gan": ["data.source=digits", "optimizer.batch=8", "objective.variant=r3gan"],
    "pictures, bfloat16": [
        "data.source=digits",
        "optimizer.batch=8",
        "training.precision=bfloat16",
    ],
}


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS)
def test_a_run_with_packs_goes_on_to_the_same_bits(settings, tmp_path):
    def run(steps, folder=None):
        small = ["network.pack=4", "network.width=4", "optimizer.decay=none"]
        config, data = settled(*settings, *small, f"training.steps={steps}")
        run = Run.start(config, data, folder, None)
        list(run.records())
        run.close()
        return run

    whole = run(5)
    run(2, tmp_path / "r")
    resumed = run(5, tmp_path / "r")
    for net in ("generator", "critic"):
        a, b = (getattr(each.state, net).state_dict() for each in (whole, resumed))
        assert all(torch.equal(a[key], b[key]) for key in a)
    with pytest.raises(WganError, match="scores 4 samples together"):
        whole.model.scores(whole.dataset.rows[:4])
