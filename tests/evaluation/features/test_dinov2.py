"""DINOv2 as a feature map: parameters as published, a block by hand, positions and preprocessing.
The weights are random: real ones are not at hand.
"""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from wgan.base.errors import WganError
from wgan.evaluation.features import dinov2 as module
from wgan.evaluation.features.dinov2 import SIZES, Block, DINOv2, dinov2, seen_by_dinov2
from wgan.evaluation.features.maps import load_map


def random_state(net):
    random = torch.Generator().manual_seed(0)
    return {
        name: 0.2 * torch.randn(tensor.shape, generator=random) / tensor.shape[-1] ** 0.25
        for name, tensor in net.state_dict().items()
    }


@pytest.mark.parametrize(
    ("width", "parameters"), [(384, 22_056_576), (768, 86_580_480), (1024, 304_368_640)]
)
def test_the_networks_have_the_published_parameters(width, parameters):
    with torch.device("meta"):
        net = DINOv2(width, SIZES[width][1])
    counted = sum(each.numel() for each in net.parameters())
    assert counted + width == parameters, "the token for masked patches is of the published ones"
    shapes = {name: tuple(each.shape) for name, each in net.named_parameters()}
    assert shapes["pos_embed"] == (1, 1370, width)
    assert shapes["patch_embed.proj.weight"] == (width, 3, 14, 14)
    assert shapes["blocks.11.attn.qkv.weight"] == (3 * width, width)
    assert shapes["blocks.0.ls1.gamma"] == (width,)
    assert shapes["blocks.0.mlp.fc1.weight"] == (4 * width, width)


def test_a_block_is_attention_and_perceptron_by_hand():
    block = Block(128)
    block.load_state_dict(random_state(block))
    w = {name: each.double().numpy() for name, each in block.state_dict().items()}
    x = np.random.default_rng(0).normal(size=(5, 128))

    def norm(x, name):
        centred = x - x.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-6)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    qkv = linear(norm(x, "norm1"), "attn.qkv")
    heads = []
    for head in range(2):
        q, k, v = (qkv[:, 128 * i + 64 * head :][:, :64] for i in range(3))
        weights = np.exp(q @ k.T / 8)
        heads.append(weights / weights.sum(1, keepdims=True) @ v)
    x1 = x + w["ls1.gamma"] * linear(np.concatenate(heads, 1), "attn.proj")
    inner = torch.from_numpy(linear(norm(x1, "norm2"), "mlp.fc1"))
    gelu = (inner * (1 + torch.erf(inner / 2**0.5)) / 2).numpy()
    expected = x1 + w["ls2.gamma"] * linear(gelu, "mlp.fc2")
    with torch.inference_mode():
        found = block(torch.from_numpy(x).float()[None])[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_positions_are_interpolated_with_the_published_scale():
    net = DINOv2(64, 1)
    grid = torch.arange(37.0).expand(37, 37)  # the column of each patch
    with torch.no_grad():
        net.pos_embed[:, 1:] = grid.reshape(1, 1369, 1)
        net.pos_embed[:, 0] = -7
        found = net.positions(16)[0, :, 0]
        assert torch.equal(net.positions(37), net.pos_embed)
    assert found.shape == (257,)
    assert found[0] == -7
    # Bicubic interpolation (a = -3/4) of a straight line is within 0.05 of it; at the end, a scale
    # of 16 / 37 would be 0.2 off.
    expected = (torch.arange(16) + 0.5) * 37 / 16.1 - 0.5
    row = found[1:].reshape(16, 16)[3, 1:-1]
    torch.testing.assert_close(row, expected[1:-1], atol=0.06, rtol=0)


def test_the_class_token_sees_every_patch():
    net = DINOv2(64, 2)
    net.load_state_dict(random_state(net))
    x = torch.randn(1, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before = net(x)
        for row, column in ((0, 0), (20, 5), (27, 27)):
            changed = x.clone()
            changed[..., row, column] += 1
            assert (net(changed) - before).abs().max() > 1e-5
    assert before.shape == (1, 64)


def test_pictures_are_resized_as_by_pillow():
    random = np.random.default_rng(0)
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    for h, w in ((32, 20), (300, 240)):
        x = random.random((h, w, 3)).astype(np.float32)
        found = seen_by_dinov2(torch.from_numpy(x).permute(2, 0, 1)[None])[0].numpy()
        planes = [
            Image.fromarray(x[..., c]).resize((224, 224), Image.Resampling.BICUBIC)
            for c in range(3)
        ]
        expected = (np.clip(np.stack(planes, -1), 0, 1) - mean) / deviation
        np.testing.assert_allclose(found, expected.transpose(2, 0, 1), atol=1e-4)


def test_a_file_is_known_by_its_names(tmp_path, monkeypatch):
    monkeypatch.setitem(SIZES, 64, ("t", 1))
    monkeypatch.setattr(module, "SIDE", 28)
    net = DINOv2(64, 1)
    state = random_state(net)
    path = tmp_path / "dino.safetensors"
    save_file(state | {"mask_token": torch.zeros(1, 64)}, path)
    found = load_map(path, (1, 6, 6))
    assert found.name.startswith("dinov2-vitt14-64@28-")
    assert found(np.random.default_rng(0).random((3, 1, 6, 6))).shape == (3, 64)
    with pytest.raises(WganError, match="register_tokens is not in DINOv2"):
        dinov2(state | {"register_tokens": torch.zeros(1, 4, 64)}, path)
    with pytest.raises(WganError, match="a transformer of width 1536: give DINOv2's ViT-S/14"):
        dinov2({"cls_token": torch.zeros(1, 1, 1536)}, path)
