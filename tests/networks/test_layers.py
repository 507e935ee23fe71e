"""Layers: the same functions as torch's, and 1-Lipschitz where they say so."""

import pytest
import torch
from torch import nn

from wgan.networks.layers import TransposedConv2d


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (1, 1)])
def test_a_transposed_convolution_is_torchs(odd):
    ours = TransposedConv2d(3, 5, (4, 4), (2, 2), (1, 1), odd)
    theirs = nn.ConvTranspose2d(3, 5, (4, 4), (2, 2), (1, 1), odd)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 4, 6)
    assert torch.allclose(ours(x), theirs(x), atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16
