"""MobileNetV2 as a feature map: against the network written out layer by layer, padding by hand,
and files that do not fit.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from wgan.base.errors import WganError
from wgan.evaluation.features.mobilenet import PUBLISHED, SameConv, dequantised, mobilenet

STRIDES = {0: 2, 4: 2, 10: 2, 19: 2, 40: 2}
PROJECTIONS = [
    (2, 16),
    (5, 24),
    (8, 24),
    (11, 32),
    (14, 32),
    (17, 32),
    (20, 64),
    (23, 64),
    (26, 64),
    (29, 64),
]
PROJECTIONS += [(32, 96), (35, 96), (38, 96), (41, 160), (44, 160), (47, 160), (50, 320)]
SHORTCUTS = (8, 14, 17, 23, 26, 29, 35, 38, 44, 47)


def weights():
    """Random arrays of the 53 convolutions, scaled so that signals keep their size (He et al.
    2015).
    """
    random, arrays, into = np.random.default_rng(0), {}, 16

    def add(i, out, into, k, groups, relu6):
        scale = np.float32((2 / (into // groups * k * k)) ** 0.5 / 74)
        arrays[f"{i:02}.weight"] = random.integers(
            0, 256, (out, into // groups, k, k), dtype=np.uint8
        )
        arrays[f"{i:02}.scale"], arrays[f"{i:02}.zero"] = scale, np.int32(120 + i % 16)
        arrays[f"{i:02}.bias"] = random.normal(0, 0.1, out).astype(np.float32)
        arrays[f"{i:02}.stride_groups_relu6"] = np.array(
            [STRIDES.get(i, 1), groups, relu6], dtype=np.int32
        )

    add(0, 32, 3, 3, 1, 1)
    add(1, 32, 32, 3, 32, 1)
    add(2, 16, 32, 1, 1, 0)
    for i, out in PROJECTIONS[1:]:
        add(i - 2, 6 * into, into, 1, 1, 1)
        add(i - 1, 6 * into, 6 * into, 3, 6 * into, 1)
        add(i, out, 6 * into, 1, 1, 0)
        into = out
    add(51, 1280, 320, 1, 1, 1)
    add(52, 1001, 1280, 1, 1, 0)
    return arrays


@pytest.fixture(scope="module")
def arrays():
    return weights()


@pytest.fixture(scope="module")
def file(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet.npz"
    np.savez_compressed(path, **arrays)
    return path


@pytest.fixture
def pictures():
    return np.random.default_rng(1).random((70, 3, 8, 8))


def expected(arrays, x):
    """The features of pictures in [0, 1] at their own size, in float64, by the layout's words and
    PyTorch's convolution.
    """
    x = torch.tensor(2 * x - 1)
    for i in range(51):
        stride, groups, relu6 = (int(v) for v in arrays[f"{i:02}.stride_groups_relu6"])
        kernel = torch.tensor(
            float(arrays[f"{i:02}.scale"])
            * (arrays[f"{i:02}.weight"].astype(float) - int(arrays[f"{i:02}.zero"]))
        )
        if i + 2 in SHORTCUTS:
            kept = x
        if kernel.shape[-1] == 3:
            odd = 0 if stride == 2 and x.shape[-1] % 2 == 0 else 1
            x = F.pad(x, (odd, 1, odd, 1))
        x = F.conv2d(
            x, kernel, torch.tensor(arrays[f"{i:02}.bias"]).double(), stride, groups=groups
        )
        x = x.clamp(0, 6) if relu6 else x
        x = x + kept if i in SHORTCUTS else x
    return x.mean(dim=(2, 3)).numpy()


@pytest.mark.parametrize("side", [32, 45])
def test_features_equal_the_network_written_out(file, arrays, side):
    x = np.random.default_rng(2).random((3, 3, side, side))
    features = mobilenet(file, side)(x)
    reference = expected(arrays, x)
    assert reference.std(axis=0).min() > 1e-4
    assert features == pytest.approx(reference, rel=1e-4, abs=1e-4 * reference.std())


def test_there_are_320_features_and_the_name_says_so(file, pictures):
    features = mobilenet(file, 32)(pictures[:5])
    assert features.shape == (5, 320)
    assert features.dtype == np.float64
    found = mobilenet(file)
    assert found.name == f"mobilenetv2-320@96-{found.digest}", (
        "weights that are not the published ones have their hash in the name"
    )
    assert mobilenet(file, 64).name == f"mobilenetv2-320@64-{found.digest}"
    assert replace(found, digest=PUBLISHED).name == "mobilenetv2-320@96"
    assert mobilenet(file, 32)(pictures[:0]).shape == (0, 320)


def test_a_pictures_features_do_not_depend_on_its_batch(file, pictures):
    features = mobilenet(file, 32)
    together = features(pictures)
    alone = np.concatenate([features(pictures[i : i + 1]) for i in (0, 63, 64, 69)])
    assert together.std(axis=0).min() > 1e-4
    assert together[[0, 63, 64, 69]] == pytest.approx(alone, rel=1e-4, abs=1e-4)
    assert together[::-1] == pytest.approx(
        features(pictures.astype(np.float32)[::-1]), rel=1e-4, abs=1e-4
    )


def test_nothing_is_drawn_and_no_gradient_is_kept(file, pictures):
    state = torch.get_rng_state()
    net = mobilenet(file, 32)
    net(pictures[:2])
    assert torch.equal(state, torch.get_rng_state())
    assert not list(net.net.parameters())


def test_grey_pictures_are_seen_as_three_equal_channels(file, pictures):
    features, grey = mobilenet(file, 32), pictures[:4, :1]
    assert np.array_equal(features(grey), features(grey.repeat(3, axis=1)))
    assert not np.allclose(features(grey), features(pictures[:4]))


def test_larger_pictures_are_averaged_by_a_triangle_as_wide_as_two_new_pixels(file, arrays):
    x, shrink = np.random.default_rng(3).random((2, 3, 64, 64)), np.zeros((32, 64))
    for i in range(32):
        for j in range(64):
            shrink[i, j] = max(0.0, 1 - abs((j + 0.5) / 2 - (i + 0.5)))
    shrink /= shrink.sum(axis=1, keepdims=True)
    reference = expected(arrays, shrink @ x @ shrink.T)
    assert mobilenet(file, 32)(x) == pytest.approx(reference, rel=1e-3, abs=1e-3 * reference.std())


def test_values_outside_the_range_are_cut(file, pictures):
    features, wide = mobilenet(file, 8), 3 * pictures[:4] - 1
    assert np.array_equal(features(wide), features(wide.clip(0, 1)))
    assert not np.allclose(features(wide), features(pictures[:4]))


@pytest.mark.parametrize("side", [5, 6, 7, 8])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_is_tensorflows_the_odd_zero_right_and_below(side, stride):
    random = np.random.default_rng(side)
    x, weight, bias = (
        random.normal(size=(1, 2, side, side + 1)),
        random.normal(size=(3, 2, 3, 3)),
        random.normal(size=3),
    )
    out = [-(-n // stride) for n in (side, side + 1)]
    before = [
        max((o - 1) * stride + 3 - n, 0) // 2 for o, n in zip(out, (side, side + 1), strict=True)
    ]
    slow = np.zeros((1, 3, *out))
    for c, i, j in np.ndindex(3, *out):
        slow[0, c, i, j] = bias[c]
        for d, a, b in np.ndindex(2, 3, 3):
            row, column = i * stride + a - before[0], j * stride + b - before[1]
            if 0 <= row < side and 0 <= column < side + 1:
                slow[0, c, i, j] += weight[c, d, a, b] * x[0, d, row, column]
    conv = SameConv(torch.tensor(weight), torch.tensor(bias), stride, 1, relu6=False)
    assert conv(torch.tensor(x)).numpy() == pytest.approx(slow)
    cut = SameConv(torch.tensor(weight), torch.tensor(bias), stride, 1, relu6=True)
    assert cut(torch.tensor(x * 5)).numpy() == pytest.approx(
        (5 * (slow - bias[:, None, None]) + bias[:, None, None]).clip(0, 6)
    )


def test_weights_are_the_scale_times_the_distance_from_zero(file, arrays):
    found = dequantised(np.array([[0, 7], [8, 255]], dtype=np.uint8), 0.25, 7)
    assert found.dtype == np.float32
    assert np.array_equal(found, [[-1.75, 0], [0.25, 62.0]])
    first = next(m for m in mobilenet(file).net.modules() if isinstance(m, SameConv))
    by_hand = float(arrays["00.scale"]) * (arrays["00.weight"].astype(int) - int(arrays["00.zero"]))
    assert first.weight.numpy() == pytest.approx(by_hand)


def refusal(path, side=96):
    with pytest.raises(WganError) as error:
        mobilenet(path, side)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


REMEDY = "give the .npz of MobileNetV2 1.0's 8-bit weights"


def test_a_file_that_is_none_is_refused_in_one_line(file, tmp_path):
    (tmp_path / "words.npz").write_text("no archive\nat all")
    (tmp_path / "empty.npz").touch()
    np.save(tmp_path / "one.npy", np.arange(3))
    (tmp_path / "short.npz").write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for name, words in {
        "nowhere.npz": "cannot be read (No such file or directory)",
        ".": "cannot be read (Is a directory)",
        "words.npz": "not an .npz, or one cut short",
        "empty.npz": "not an .npz, or one cut short",
        "short.npz": "not an .npz, or one cut short",
        "one.npy": "a single array, not an .npz",
    }.items():
        assert refusal(tmp_path / name).startswith(f"{tmp_path / name}: {words}: {REMEDY}")
    assert "0 pixels a side: give 1 or more" in refusal(file, 0)


@pytest.mark.parametrize(
    "key", ["00.weight", "17.scale", "33.zero", "50.bias", "21.stride_groups_relu6"]
)
def test_the_array_that_is_missing_is_named(arrays, tmp_path, key):
    np.savez(tmp_path / "w.npz", **{k: v for k, v in arrays.items() if k != key})
    assert f"w.npz: array {key} is missing: {REMEDY}" in refusal(tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "05.weight",
            np.zeros((24, 96, 3, 3), np.uint8),
            "uint8, shape (24, 96, 3, 3); MobileNetV2 has (24, 96, 1, 1)",
        ),
        ("05.weight", np.zeros((24, 96, 1, 1), np.float32), "float32, shape"),
        ("05.bias", np.full(24, np.nan), "float64, shape (24,)"),
        ("05.bias", np.array(["a"] * 24), "<U1, shape (24,)"),
        ("05.stride_groups_relu6", np.array([1, 1, 1]), "is [1, 1, 1], MobileNetV2 has [1, 1, 0]"),
    ],
)
def test_an_array_of_another_network_is_named(arrays, tmp_path, key, value, words):
    np.savez(tmp_path / "w.npz", **arrays | {key: value})
    message = refusal(tmp_path / "w.npz")
    assert f"array {key} is " in message
    assert words in message
    assert REMEDY in message


def test_a_damaged_array_is_named_and_objects_are_never_loaded(arrays, tmp_path):
    np.savez(tmp_path / "w.npz", **arrays)
    data = bytearray((tmp_path / "w.npz").read_bytes())
    data[data.find(arrays["30.weight"].tobytes())] ^= 1
    (tmp_path / "w.npz").write_bytes(data)
    assert f"array 30.weight is damaged: {REMEDY}" in refusal(tmp_path / "w.npz")
    np.savez(tmp_path / "o.npz", **arrays | {"02.bias": np.array([print] * 16, dtype=object)})
    assert f"array 02.bias is damaged: {REMEDY}" in refusal(tmp_path / "o.npz")


def test_the_head_of_the_classifier_is_not_needed(file, arrays, tmp_path, pictures):
    np.savez(tmp_path / "w.npz", **{k: v for k, v in arrays.items() if k < "51"})
    assert np.array_equal(
        mobilenet(tmp_path / "w.npz", 32)(pictures[:2]), mobilenet(file, 32)(pictures[:2])
    )


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_are_refused(file, channels):
    with pytest.raises(
        WganError, match=rf"^pictures of {channels} channels: .* 1 \(grey\) or 3 [^\n]*$"
    ):
        mobilenet(file, 32)(np.zeros((1, channels, 8, 8)))
