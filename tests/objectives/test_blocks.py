"""Tests of one block's formulas against torch's own gradients."""

import pytest
import torch
from torch import nn

from wgan.objectives.blocks import FEW_POSITIONS, Block, masked

LAYERS = {
    "linear": (nn.Linear(6, 4), (3, 6)),
    "flattened": (nn.Linear(12, 4), (3, 3, 2, 2)),
    "convolution": (nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)), (3, 2, 5, 4)),
    "groups": (nn.Conv2d(4, 6, 3, padding=1, groups=2), (3, 4, 5, 4)),
}


@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_blocks_gradients_are_those_of_autograd(kind, slope):
    layer, shape = LAYERS[kind]
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    weight, bias = (p.detach().double().requires_grad_() for p in (layer.weight, layer.bias))
    block = Block(layer, slope)
    pre = block.forward(x, weight, bias)
    a = nn.functional.leaky_relu(pre, slope)
    upper = torch.randn_like(a)
    expected = torch.autograd.grad((upper * a).sum(), (x, weight, bias))
    with torch.no_grad():
        d = masked(upper, a, slope, out=torch.empty_like(a))
        ours = (block.to_input(d, x, weight), block.to_weight(d, x, weight), block.to_bias(d))
    for mine, theirs in zip(ours, expected, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-12, atol=1e-12)


def test_a_matrix_product_over_patches_is_the_gradient_to_a_kernel():
    """What bfloat16 takes for few positions, against the library's, in numbers small enough to be
    exact in both.
    """
    block = Block(nn.Conv2d(3, 4, (4, 3), stride=(2, 1), padding=(1, 1)), 0.2)
    x, weight = (
        torch.randint(-2, 3, shape).bfloat16().to(memory_format=torch.channels_last)
        for shape in ((2, 3, 5, 6), (4, 3, 4, 3))
    )
    positions = block.forward(x, weight, None).shape
    assert positions[2] != positions[3]
    assert positions[2] * positions[3] <= FEW_POSITIONS
    d = torch.randint(-1, 2, positions).bfloat16().to(memory_format=torch.channels_last)
    expected = block.to_weight(d.float(), x.float(), weight.float())
    assert torch.equal(block.to_weight(d, x, weight).float(), expected)
