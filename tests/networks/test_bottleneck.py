"""The bottleneck pair: its formulas, every variant, labels and packs."""

import pytest
import torch
import torch.nn.functional as F
from nets import critic_for, generator_for
from torch import nn

from wgan.networks import NetworkConfig
from wgan.networks.bottleneck import Basis, BottleneckBlock, Level
from wgan.networks.layers import Resized
from wgan.networks.lipschitz import constrained
from wgan.objectives import VARIANTS, CriticLoss, GeneratorLoss, find_variant

SHAPE = (3, 9, 12)
SMALL = NetworkConfig("bottleneck", width=8, depth=1, latent=6)
CLASSES = 3


def test_a_block_begins_as_the_identity_and_is_one_bottleneck_beside_it():
    torch.manual_seed(0)
    block = BottleneckBlock(32, blocks=6)
    x = torch.randn(2, 32, 5, 4)
    assert torch.equal(block(x), x)
    first, middle, last = (m for m in block.branch if isinstance(m, nn.Conv2d))
    with torch.no_grad():
        last.weight.normal_()
        h = F.leaky_relu(F.conv2d(x, first.weight, first.bias), 0.2)
        h = F.conv2d(h, middle.weight, middle.bias, padding=1)
        by_hand = x + F.conv2d(F.leaky_relu(h, 0.2), last.weight, last.bias)
        assert torch.allclose(block(x), by_hand, atol=1e-5)


@pytest.mark.parametrize("blocks", [1, 16])
def test_first_weights_shrink_with_the_fourth_root_of_the_number_of_blocks(blocks):
    """Fixup with three convolutions a branch: L^(-1 / (2 m - 2)), beside He's deviation."""
    torch.manual_seed(0)
    first, middle, last = (
        m for m in BottleneckBlock(256, blocks).branch if isinstance(m, nn.Conv2d)
    )
    for layer, gain in ((first, 1.0), (middle, 2 / 1.04)):
        expected = (gain / layer.weight[0].numel()) ** 0.5 / blocks**0.25
        assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.03)
    assert not last.weight.any()


def test_depth_is_the_number_of_blocks_of_a_level():
    for depth in (0, 1, 3):
        config = NetworkConfig("bottleneck", width=8, depth=depth, latent=6)
        for net in (critic_for(config, SHAPE), generator_for(config, SHAPE)):
            levels = [layer for layer in net if isinstance(layer, Level)]
            assert [len(level) for level in levels] == [depth] * 3  # 9 x 12, 4 x 6, 4 x 3


def test_a_basis_weighs_each_channel_by_one_number():
    torch.manual_seed(0)
    basis = Basis(5, 7, (3, 4))
    z = torch.randn(2, 5)
    weights = z @ basis.weigh.weight.T + basis.weigh.bias
    assert torch.allclose(basis(z), torch.einsum("nc,chw->nchw", weights, basis.basis[0]))


@pytest.mark.parametrize(
    ("before", "after"), [((8, 6), (4, 3)), ((7, 9), (3, 4)), ((3, 4), (7, 8))]
)
def test_resizing_keeps_constants_and_sees_every_pixel(before, after):
    x = torch.randn(1, 2, *before, dtype=torch.float64, requires_grad=True)
    resized = Resized(after)
    assert torch.allclose(resized(torch.ones_like(x)), torch.ones(1, 2, *after).double())
    resized(x).sum().backward()
    assert (x.grad > 0).all()
    if before == (8, 6):
        bilinear = F.interpolate(x, size=after, mode="bilinear", align_corners=False)
        assert torch.allclose(resized(x), bilinear)
    y = torch.randn_like(x).requires_grad_(True)
    assert torch.autograd.gradgradcheck(resized, y)  # a penalty differentiates twice


@pytest.mark.parametrize(("pack", "classes"), [(1, 0), (2, 0), (2, CLASSES)])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_it_with_labels_and_in_packs(name, pack, classes):
    variant = find_variant(name)
    config = NetworkConfig("bottleneck", 8, 1, 6, pack, "concatenation")
    critic = critic_for(config, SHAPE, 0, variant.layers, classes)
    generator = generator_for(config, SHAPE, 0, classes)
    x_real, z, u = torch.rand(4, *SHAPE) * 2 - 1, torch.randn(4, 6), torch.rand(4)
    y = torch.tensor([0, 1, 2, 0]) if classes else None
    with torch.no_grad():
        x_fake = generator(z) if y is None else generator(z, y)
    terms = CriticLoss(critic, variant)(x_real, x_fake, u, y)
    assert terms.loss.shape == (4 // pack,)
    for net, loss in ((critic, terms.loss), (generator, None)):
        if loss is None:
            loss = GeneratorLoss(generator, critic, variant)(z, x_real, y)
        gradients = torch.autograd.grad(
            loss.mean(), [p for p in net.parameters() if p.requires_grad], allow_unused=True
        )
        assert all(g is None or g.isfinite().all() for g in gradients)
        assert sum(float(g.norm()) for g in gradients if g is not None) > 0


def test_a_pack_of_pictures_has_one_score_that_depends_on_each_of_them():
    critic = critic_for(NetworkConfig("bottleneck", width=8, depth=1, pack=2), SHAPE)
    x = torch.randn(6, *SHAPE)
    assert torch.equal(critic(x), critic(x.unflatten(0, (-1, 2))))
    for i in range(6):
        other = x.clone()
        other[i] = 0
        assert (critic(other) != critic(x)).tolist() == [i // 2 == k for k in range(3)]


@pytest.mark.parametrize("patch", [(1, 1), (2, 2), (2, 1)])
def test_orthonormal_patches_see_no_pixels_around_them(patch):
    """Weights that keep the norm of the input, where outputs are no fewer than the channels."""
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 8, patch, patch, bias=False)
    net = constrained(nn.Sequential(layer), (2, 4, 4), "orthonormal")
    x = torch.randn(1, 2, 4, 4)
    assert float(net(x).detach().norm()) == pytest.approx(float(x.norm()), rel=1e-5)
    other = x.clone()
    other[:, :, : patch[0], : patch[1]] = 0
    assert (net(other) != net(x)).any(1).sum() == 1


def test_dropout_follows_the_levels_as_it_follows_the_blocks_of_its_paper():
    net = critic_for(SMALL, (3, 32, 32), 0, "dropout")
    assert [layer.p for layer in net if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]


def test_in_bfloat16_scores_and_gradients_are_near_those_of_float32():
    critic = critic_for(NetworkConfig("bottleneck", 16, 1), (3, 16, 16))
    batch = torch.rand(8, 3, 16, 16), torch.rand(8, 3, 16, 16) - 1, torch.rand(8)
    found = []
    for low in (False, True):
        loss = CriticLoss(critic, VARIANTS["wgan-gp"], low)(*batch).loss.mean()
        gradients = torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True)
        found.append(torch.cat([g.flatten() for g in gradients if g is not None]))
    assert float((found[1] - found[0]).norm() / found[0].norm()) < 0.1
