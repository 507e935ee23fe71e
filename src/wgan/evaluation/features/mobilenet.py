"""MobileNetV2 (Sandler et al. 2018) as a feature map, with weights from a file that the user gives.

Figures on these features hold for this protocol alone. A grey picture is repeated to three
channels. Its sides become `side` pixels by bilinear interpolation (pixel centres at halves), which
is antialiased where they shrink. Values are clipped to [0, 1] and mapped to [-1, 1]. The features
are the 320 channels after the last bottleneck's linear projection, averaged over space. The head of
1,280 channels is not used.

The file is an .npz of 8-bit weights with batch norm folded in. It holds three groups of arrays for
each convolution NN, numbered from 00 in order of execution. `NN.weight` is uint8
(out, in / groups, k, k), and its real value is `NN.scale` (weight - `NN.zero`) (Jacob et al. 2018,
equation 1). `NN.bias` has shape (out). `NN.stride_groups_relu6` holds three integers. The whole
network has 53 convolutions; the features need 00 to 50. Padding is TensorFlow's "SAME".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.base.files import check_regular
from wgan.data.packed import DAMAGE, check_unpacked

# Channels after the last bottleneck: Sandler et al. (2018), table 2.
WIDTH = 320
# Pictures at a time: at 96 x 96 pixels the largest activation then takes 57 MB.
BATCH = 64
# Channels after the first convolution: Sandler et al. (2018), table 2.
STEM = 32
# Expansion, channels, blocks, stride of the first block: Sandler et al. (2018), table 2.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, WIDTH, 1, 1),
)
# Hash of Google's 8-bit MobileNetV2 1.0 for the Edge TPU; only these weights have the plain name.
PUBLISHED = "13d6dc7d"
REMEDY = (
    "give the .npz of MobileNetV2 1.0's 8-bit weights (NN.weight, .scale, .zero, .bias and"
    " .stride_groups_relu6, NN from 00 to 50)"
)


@dataclass(frozen=True)
class MobileNetV2:
    """Maps each picture to 320 features, by the protocol at the top of this file.

    Attributes:
        net: the network up to the last bottleneck.
        side: side of the pictures that the network sees, in pixels.
        digest: hash of the weights.
    """

    net: nn.Module
    side: int = 96
    digest: str = PUBLISHED

    @property
    def name(self) -> str:
        """Map, number of features and side, such as `mobilenetv2-320@96`.

        A hash follows where the weights are not the published ones.
        """
        plain = f"mobilenetv2-{WIDTH}@{self.side}"
        return plain if self.digest == PUBLISHED else f"{plain}-{self.digest}"

    def __call__(self, x: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n 320"]:
        """Return features in float64, which are computed in float32.

        Args:
            x: pictures in [0, 1], with one channel (grey) or three (red, green, blue).

        Raises:
            WganError: another number of channels.
        """
        if x.shape[1] not in (1, 3):
            raise WganError(
                f"pictures of {x.shape[1]} channels: MobileNetV2 sees 1 (grey) or 3 (red, green,"
                " blue), so give one of these"
            )
        features = np.empty((len(x), WIDTH))
        for start in range(0, len(x), BATCH):
            batch = np.ascontiguousarray(x[start : start + BATCH], dtype=np.float32)
            features[start : start + BATCH] = self._batch(torch.from_numpy(batch)).numpy()
        return features

    @torch.inference_mode()
    def _batch(self, x: Float32[Tensor, "n c h w"]) -> Float32[Tensor, "n 320"]:
        x = F.interpolate(
            x, size=(self.side, self.side), mode="bilinear", antialias=True, align_corners=False
        )
        return self.net(2 * x.clamp(0, 1).expand(-1, 3, -1, -1) - 1).mean(dim=(2, 3))


def mobilenet(path: Path, side: int = 96) -> MobileNetV2:
    """Return the feature map with the weights in a file. No code in the file is run.

    Args:
        path: an .npz, laid out as at the top of this file.
        side: side of the pictures that the network sees, in pixels. It was trained at 224; fewer
            pixels are faster.

    Raises:
        WganError: no such file, not an .npz, an array that is missing, damaged or another
            network's, or a side below 1.
    """
    if side < 1:
        raise WganError(f"pictures of {side} pixels a side: give 1 or more, such as 96")
    check_regular(path)
    try:
        with path.open("rb") as file:
            arrays = _read(file)
        digest = sha256(b"".join(arrays[key].tobytes() for key in sorted(arrays))).hexdigest()[:8]
    except OSError as error:
        raise WganError(f"{path}: cannot be read ({error.strerror}): {REMEDY}") from None
    except WganError as error:
        raise WganError(f"{path}: {error}: {REMEDY}") from None
    return MobileNetV2(nn.Sequential(*(_built(block, arrays) for block in _blocks())), side, digest)


def dequantised(
    weight: UInt8[np.ndarray, "*shape"], scale: float, zero: int
) -> Float32[np.ndarray, "*shape"]:
    """Return the real weights scale (weight - zero) of 8-bit ones, in float32.

    References:
        Jacob et al. (2018), equation 1.

    >>> dequantised(np.array([0, 3, 255], dtype=np.uint8), 0.5, 3)
    array([ -1.5,   0. , 126. ], dtype=float32)
    """
    return np.float32(scale) * (weight.astype(np.float32) - np.float32(zero))


class SameConv(nn.Module):
    """A convolution to ceil(side / stride) pixels with TensorFlow's padding "SAME", and ReLU6.

    If the number of zeros is odd, the odd one is at the right and below. So at stride 2 and an even
    side, the result differs from that of PyTorch's `padding=1`.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        weight: Float[Tensor, "out into k k"],
        bias: Float[Tensor, " out"],
        stride: int,
        groups: int,
        relu6: bool,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.stride = stride
        self.groups = groups
        self.relu6 = relu6

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out h2 w2"]:
        (top, below), (left, right) = (self._zeros(side) for side in x.shape[2:])
        if (top, left) != (below, right):
            x = F.pad(x, (left, right, top, below))
            top = left = 0
        y = F.conv2d(x, self.weight, self.bias, self.stride, (top, left), groups=self.groups)
        # In place: a copy here would take a fifth of the time of the whole network.
        return y.clamp_(0, 6) if self.relu6 else y

    def _zeros(self, side: int) -> tuple[int, int]:
        total = max(0, (-(-side // self.stride) - 1) * self.stride + self.weight.shape[-1] - side)
        return total // 2, total - total // 2


class _Shortcut(nn.Sequential):
    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x + super().forward(x)


class _Convolution(NamedTuple):
    number: str
    into: int
    out: int
    kernel: int
    stride: int
    groups: int
    relu6: bool

    def shapes(self) -> dict[str, tuple[int, ...]]:
        weight = (self.out, self.into // self.groups, self.kernel, self.kernel)
        parts = {
            "weight": weight,
            "scale": (),
            "zero": (),
            "bias": (self.out,),
            "stride_groups_relu6": (3,),
        }
        return {f"{self.number}.{part}": shape for part, shape in parts.items()}


def _blocks() -> Iterator[list[_Convolution]]:
    """Yield the stem, then the bottlenecks (expand, depthwise, project) in order.

    Sandler et al. (2018), tables 1 and 2.
    """
    number = (f"{i:02}" for i in count())
    yield [_Convolution(next(number), 3, STEM, 3, 2, 1, True)]
    into = STEM
    for expansion, out, blocks, stride in STAGES:
        for i in range(blocks):
            wide = expansion * into
            block = []
            if expansion > 1:
                block.append(_Convolution(next(number), into, wide, 1, 1, 1, True))
            first_stride = 1 if i else stride
            block.append(_Convolution(next(number), wide, wide, 3, first_stride, wide, True))
            block.append(_Convolution(next(number), wide, out, 1, 1, 1, False))
            yield block
            into = out


def _built(block: list[_Convolution], arrays: dict[str, np.ndarray]) -> nn.Sequential:
    layers = []
    for c in block:
        weight, scale, zero, bias, _ = (arrays[key] for key in c.shapes())
        real = dequantised(weight, float(scale), int(zero))
        # Channels last takes about half the time on a CPU.
        kernel = torch.from_numpy(real).to(memory_format=torch.channels_last)
        shift = torch.from_numpy(bias.astype(np.float32))
        layers.append(SameConv(kernel, shift, c.stride, c.groups, c.relu6))
    # A stage's first block changes the number of channels; only later ones have a shortcut.
    keeps_channels = block[0].into == block[-1].out
    return _Shortcut(*layers) if keeps_channels else nn.Sequential(*layers)


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    try:
        archive = np.load(file, allow_pickle=False)
    except DAMAGE:
        raise WganError("not an .npz, or one cut short") from None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise WganError("a single array, not an .npz")
    arrays: dict[str, np.ndarray] = {}
    for c in (c for block in _blocks() for c in block):
        arrays |= {key: _array(archive, key, shape) for key, shape in c.shapes().items()}
        flags = arrays[f"{c.number}.stride_groups_relu6"].tolist()
        if flags != [c.stride, c.groups, c.relu6]:
            raise WganError(
                f"array {c.number}.stride_groups_relu6 is {flags}, MobileNetV2 has"
                f" {[c.stride, c.groups, int(c.relu6)]}"
            )
    return arrays


def _array(archive: np.lib.npyio.NpzFile, key: str, shape: tuple[int, ...]) -> np.ndarray:
    if key not in archive:
        raise WganError(f"array {key} is missing")
    try:
        member = archive.zip.getinfo(f"{key}.npy")  # type: ignore[union-attr]
        check_unpacked(key, member.compress_size, member.file_size)
        value = np.asarray(archive[key])
    # NumPy parses a header as Python (SyntaxError, TokenError); zip and zlib have other errors.
    except Exception:
        raise WganError(f"array {key} is damaged") from None
    fits = value.dtype == np.uint8 if key.endswith("weight") else value.dtype.kind in "iuf"
    if value.shape != shape or not fits or not np.isfinite(value).all():
        raise WganError(
            f"array {key} is damaged or another network's ({value.dtype}, shape {value.shape};"
            f" MobileNetV2 has {shape})"
        )
    return value
