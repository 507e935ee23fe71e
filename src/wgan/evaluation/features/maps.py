"""Features of samples: the output of a feature map, or plain coordinates where there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor

from wgan.base.errors import WganError
from wgan.data import Codec
from wgan.evaluation.features import dinov2, inception
from wgan.evaluation.features.classifier import DESCRIPTION, Classifier, load_classifier
from wgan.evaluation.features.given import GivenNetwork, read_weights
from wgan.evaluation.features.mobilenet import mobilenet

# Samples at a time, so that memory does not grow with the size of a set.
BLOCK = 500
# Endings of files that hold a state dict, see `read_weights`.
STATE_DICTS = (".safetensors", ".pth", ".pt")
# How a network is built from a state dict, by a tensor that only its own have.
NETWORKS: dict[str, Callable[[Mapping[str, Tensor], Path], GivenNetwork]] = {
    inception.MARK: inception.inception,
    dinov2.MARK: dinov2.dinov2,
}


@runtime_checkable
class FeatureMap(Protocol):
    """Maps images `[n, c, h, w]` in [0, 1] to features `[n, d]`, each image by itself."""

    @property
    def name(self) -> str:
        """A name that no other map has; results are named after it."""

    def __call__(self, x: Float[np.ndarray, "n c h w"], /) -> Float[np.ndarray, "n d"]:
        """Return the features of each image."""


@dataclass(frozen=True)
class Features:
    """Maps raw samples to the numbers that they are compared on.

    Args:
        codec: the codec of the data.
        map: a feature map; none: the coordinates in which distances are measured.
        coordinates: a word for these coordinates, such as `pixels`.
    """

    codec: Codec
    map: FeatureMap | None = None
    coordinates: str = "coordinates"

    @property
    def name(self) -> str:
        """Such as pixels-64, coordinates-2 or mobilenetv2-320@96."""
        if self.map:
            return self.map.name
        return f"{self.coordinates}-{int(np.prod(self.codec.shape))}"

    def __call__(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return the features of raw samples, computed in blocks of 500."""
        return self._in_blocks(self.map, raw) if self.map else self.codec.measure(raw)

    def classes(self, raw: np.ndarray) -> Int64[np.ndarray, " n"]:
        """Return the class of each raw sample; the map must be a classifier."""
        assert isinstance(self.map, Classifier)
        return self._in_blocks(self.map.classify, raw).astype(np.int64)

    def _in_blocks(
        self, compute: Callable[[np.ndarray], np.ndarray], raw: np.ndarray
    ) -> np.ndarray:
        measure = self.codec.measure
        shape = self.codec.shape
        blocks = (raw[start : start + BLOCK] for start in range(0, len(raw), BLOCK))
        return np.concatenate([compute(measure(block).reshape(-1, *shape)) for block in blocks])


def load_map(path: Path, shape: tuple[int, ...]) -> FeatureMap:
    """Return the feature map in `path`.

    Args:
        path: a folder of `wgan features train`, an .npz of MobileNetV2's weights, or a .safetensors
            or .pth with those of InceptionV3 or DINOv2.
        shape: shape of one image, `(channels, height, width)`.

    Raises:
        WganError: no such file, no feature map, or one that does not fit such images.
    """
    if (path / DESCRIPTION).exists():
        feature_map: FeatureMap = load_classifier(path)
    elif path.suffix == ".npz":
        feature_map = mobilenet(path)
    elif path.suffix in STATE_DICTS:
        feature_map = _of_state_dict(path)
    else:
        raise WganError(
            f"{path}: no feature map: give a folder that `wgan features train` made, the .npz of"
            " MobileNetV2's weights, or the .safetensors or .pth of InceptionV3's or DINOv2's"
        )
    feature_map(np.zeros((1, *shape)))  # raises where images of this shape do not fit
    return feature_map


def _of_state_dict(path: Path) -> FeatureMap:
    state = read_weights(path)
    for mark, build in NETWORKS.items():
        if mark in state:
            return build(state, path)
    raise WganError(
        f"{path}: holds weights of neither InceptionV3 (it has no {inception.MARK}) nor DINOv2 (no"
        f" {dinov2.MARK}), under the names of pytorch-fid and of Meta's files: give one of these"
    )
