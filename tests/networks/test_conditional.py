"""Networks that take a class: what they compute, and that a constraint holds within each class."""

import pytest
import torch
import torch.nn.functional as F
from nets import codec_for

from wgan.networks import NetworkConfig, build_critic, build_generator
from wgan.networks.conditional import ConditionalGenerator, ProjectionCritic, with_one_hot

CLASSES = 3
SHAPES = {"vectors": (5,), "pictures": (2, 8, 12)}
CONDITIONS = ["projection", "concatenation"]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    ("kind", "shape"), [("mlp", (5,)), ("conv", (2, 8, 12)), ("residual", (2, 8, 8))]
)
def test_pairs_take_labels_and_each_label_matters(kind, shape, condition):
    config = NetworkConfig(kind, width=8, latent=6, condition=condition)
    codec = codec_for(shape)
    generator, critic = (
        build(config, codec, classes=CLASSES) for build in (build_generator, build_critic)
    )
    z, y = torch.randn(4, 6), torch.tensor([0, 1, 2, 0])
    with torch.no_grad():
        x = generator.eval()(z, y)
        assert x.shape == (4, *shape)
        assert not torch.allclose(generator(z, y.flip(0))[1], x[1])
        assert critic(x, y).shape == (4,)
        assert torch.allclose(critic(x, y)[:2], critic(x[:2], y[:2]), atol=1e-6)
        if isinstance(critic, ProjectionCritic):
            critic.by_class.weight.normal_()
        assert not torch.allclose(critic(x, y), critic(x, (y + 1) % CLASSES))


def test_with_one_hot_appends_one_hot_columns_or_channels():
    y = torch.tensor([2, 0])
    assert with_one_hot(torch.zeros(2, 1), y, 3, scale=2.0).tolist() == [[0, 0, 0, 2], [0, 2, 0, 0]]
    planes = with_one_hot(torch.zeros(2, 1, 4, 5), y, 3)
    assert planes.shape == (2, 4, 4, 5)
    assert torch.equal(planes[:, 1:].mean((2, 3)), F.one_hot(y, 3).float())


def test_a_projection_scores_by_shared_and_own_directions():
    critic = build_critic(NetworkConfig(width=8), codec_for((5,)), classes=CLASSES)
    with torch.no_grad():
        critic.by_class.weight.normal_()
        x, y = torch.randn(6, 5), torch.tensor([0, 1, 2, 2, 1, 0])
        h = critic.features(x)
        by_hand = (
            (h @ critic.shared.weight[0]) + (h * critic.by_class(y)).sum(1) + critic.shared.bias
        )
        assert torch.allclose(critic(x, y), by_hand, atol=1e-6)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("layers", ["orthonormal", "spectral-sorting", "spectral"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_constrained_critic_is_1_lipschitz_within_each_class(shape, layers, condition):
    """Pairs found by gradient ascent on the slope."""
    torch.manual_seed(0)
    config = NetworkConfig(width=8, depth=2, condition=condition)
    critic = build_critic(config, codec_for(shape), 0, layers, CLASSES)
    if isinstance(critic, ProjectionCritic):
        torch.nn.init.normal_(critic.by_class.weight, std=10.0)
    critic.eval()
    y = torch.arange(12) % CLASSES
    a = torch.randn(12, *shape, requires_grad=True)
    b = (a + 0.3 * torch.randn(12, *shape)).detach().requires_grad_(True)
    optimizer = torch.optim.Adam([a, b], lr=0.03)
    for _ in range(150):
        slope = (critic(a, y) - critic(b, y)).abs() / (a - b).flatten(1).norm(dim=1)
        optimizer.zero_grad()
        (-slope).sum().backward()
        optimizer.step()
    assert float(slope.detach().max()) <= 1.01  # spectral norms are followed by power iteration
    assert float(slope.detach().max()) > 0.02


def test_shares_of_classes_blend_what_labels_add():
    """A generator that begins and ends with a linear layer is linear in shares."""
    generator = ConditionalGenerator(torch.nn.Linear(4 + CLASSES, 5), CLASSES)
    z, y = torch.randn(3, 4), torch.tensor([0, 1, 2])
    with torch.no_grad():
        assert torch.allclose(generator(z, F.one_hot(y, CLASSES).double()), generator(z, y))
        between = generator(z, torch.tensor([[0.3, 0.0, 0.7]] * 3))
        ends = [generator(z, torch.full((3,), i)) for i in (0, 2)]
        assert torch.allclose(between, 0.3 * ends[0] + 0.7 * ends[1], atol=1e-6)
