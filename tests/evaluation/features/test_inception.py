"""InceptionV3 as a feature map: parameters as published, pools by hand, and preprocessing by
formula. The weights are random: real ones are not at hand.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from wgan.base.errors import WganError
from wgan.evaluation.features import inception as module
from wgan.evaluation.features.inception import (
    POOLS,
    Convolution,
    InceptionV3,
    Mixed,
    inception,
    seen_by_inception,
)
from wgan.evaluation.features.maps import load_map


def unfilled():
    """Return the network without weights, which saves the time of random ones."""
    with torch.device("meta"):
        return InceptionV3()


@pytest.fixture(scope="module")
def state():
    """Random weights of the right names and shapes, scaled so that signals keep their size."""
    random = torch.Generator().manual_seed(0)
    found = {}
    for name, tensor in unfilled().state_dict().items():
        if name.endswith("conv.weight"):
            scale = (2 / tensor[0].numel()) ** 0.5
            found[name] = scale * torch.randn(tensor.shape, generator=random)
        elif not name.endswith("num_batches_tracked"):
            low = 0.5 if name.endswith(("running_var", "bn.weight")) else -0.1
            found[name] = low + 0.2 * torch.rand(tensor.shape, generator=random)
    return found


def test_the_network_has_the_published_parameters(state):
    # Keras publishes 21,802,784 for InceptionV3 without its classifier, and no factors gamma;
    # 34,432 of them are running moments.
    sizes = {name: tensor.numel() for name, tensor in state.items()}
    gammas = sum(size for name, size in sizes.items() if name.endswith("bn.weight"))
    moments = sum(size for name, size in sizes.items() if "running" in name)
    assert sum(sizes.values()) - gammas == 21_802_784
    assert moments == 34_432
    assert len([name for name in sizes if name.endswith("conv.weight")]) == 94
    assert state["Mixed_6c.branch7x7dbl_3.conv.weight"].shape == (160, 160, 1, 7)
    assert state["Mixed_6c.branch7x7dbl_4.conv.weight"].shape == (160, 160, 7, 1)
    assert state["Mixed_7c.branch3x3dbl_3a.conv.weight"].shape == (384, 384, 1, 3)


def test_sides_are_those_of_the_paper():
    net = unfilled().eval()
    sides = []
    for name in ("Mixed_5b", "Mixed_6a", "Mixed_7a", "Mixed_7c"):
        net.get_submodule(name).register_forward_hook(lambda m, i, y: sides.append(y.shape[1:]))
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, 299, 299, device="meta")).shape == (1, 2048)
    assert sides == [(256, 35, 35), (768, 17, 17), (1280, 8, 8), (2048, 8, 8)]


def test_means_leave_the_padding_out_and_the_last_block_takes_the_maximum():
    x = torch.arange(1.0, 10).reshape(1, 1, 3, 3)
    assert POOLS["mean"](x)[0, 0].tolist() == [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]
    assert POOLS["maximum"](x)[0, 0].tolist() == [[5, 6, 6], [8, 9, 9], [8, 9, 9]]
    pools = {
        name: [branch.pool for branch in block.branches if branch.pool]
        for name, block in unfilled().named_children()
        if isinstance(block, Mixed)
    }
    halving = {name: ["halving"] for name in ("Mixed_6a", "Mixed_7a")}
    means = {name: ["mean"] for name in pools}
    assert pools == means | halving | {"Mixed_7c": ["maximum"]}


def test_a_block_is_its_branches_by_hand(state):
    net = unfilled()
    net.load_state_dict(state, strict=False, assign=True)
    block = net.eval().get_submodule("Mixed_7b")
    x = torch.randn(1, 1280, 4, 4, generator=torch.Generator().manual_seed(1))

    def conv(name, x):
        w, gamma, beta, mean, var = (
            state[f"Mixed_7b.{name}.{part}"]
            for part in ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
        )
        padding = (w.shape[2] // 2, w.shape[3] // 2)
        y = F.conv2d(x, w, padding=padding)
        shape = (1, -1, 1, 1)
        scaled = (y - mean.view(shape)) / (var.view(shape) + 1e-3).sqrt()
        return (gamma.view(shape) * scaled + beta.view(shape)).clamp_min(0)

    counted = F.avg_pool2d(torch.ones(1, 1, 4, 4), 3, stride=1, padding=1)
    mean = F.avg_pool2d(x, 3, stride=1, padding=1) / counted
    middle, deep = conv("branch3x3_1", x), conv("branch3x3dbl_2", conv("branch3x3dbl_1", x))
    expected = [conv("branch1x1", x)]
    expected += [conv(f"branch3x3_2{end}", middle) for end in "ab"]
    expected += [conv(f"branch3x3dbl_3{end}", deep) for end in "ab"]
    expected.append(conv("branch_pool", mean))
    with torch.inference_mode():
        torch.testing.assert_close(block(x), torch.cat(expected, 1), atol=1e-4, rtol=1e-4)


def test_a_convolution_at_the_beginning_is_not_padded():
    assert Convolution(1, 1, (3, 3), padded=False)(torch.zeros(2, 1, 7, 7)).shape[2:] == (5, 5)


def test_pictures_are_interpolated_between_pixel_centres():
    x = np.random.default_rng(0).random((1, 3, 5, 8)).astype(np.float32)
    found = seen_by_inception(torch.from_numpy(x)).numpy()[0]
    for row, column in ((0, 0), (10, 298), (150, 77), (298, 123)):
        places = ((row + 0.5) * 5 / 299 - 0.5, (column + 0.5) * 8 / 299 - 0.5)
        value = 0.0
        for i in range(5):
            for j in range(8):
                near = np.clip(places, 0, (4, 7)) - (i, j)
                value = value + np.prod(np.maximum(0, 1 - np.abs(near))) * x[0, :, i, j]
        np.testing.assert_allclose(found[:, row, column], 2 * value - 1, atol=1e-5)


def test_a_file_is_known_by_its_names_and_named_by_its_hash(tmp_path, state, monkeypatch):
    monkeypatch.setattr(module, "SIDE", 75)  # the least that the network takes, to save time
    path = tmp_path / "inception.safetensors"
    save_file(state | {"fc.weight": torch.zeros(1008, 2048)}, path)
    found = load_map(path, (1, 6, 6))
    assert found.name == f"inceptionv3-2048@75-{found.digest[:8]}"
    x = np.random.default_rng(0).random((3, 1, 6, 6))
    features = found(x)
    assert features.shape == (3, 2048)
    assert features.std() > 0
    colour = found(np.repeat(x, 3, axis=1))
    np.testing.assert_allclose(features, colour, atol=1e-5)
    with pytest.raises(
        WganError, match=r"pictures of 4 channels: inceptionv3 sees 1 \(grey\) or 3"
    ):
        found(np.zeros((1, 4, 6, 6)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Mixed_5b.branch1x1.conv.weight": None}, "Mixed_5b.branch1x1.conv.weight is missing"),
        ({"Mixed_5b.branch1x1.bn.bias": torch.zeros(65)}, r"has the shape \(65,\), and \(64,\)"),
        ({"Mixed_8a.conv.weight": torch.zeros(2)}, "Mixed_8a.conv.weight is not in InceptionV3"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, state, change, message):
    changed = {name: each for name, each in (state | change).items() if each is not None}
    with pytest.raises(WganError, match=message):
        inception(changed, tmp_path / "w.pth")
