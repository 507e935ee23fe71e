"""On which numbers are pictures compared? On a feature map's, named in every result; on the pixels
themselves where none is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64

from wgan.base.errors import WganError
from wgan.data import Codec, ImageCodec
from wgan.evaluation.features.classifier import DESCRIPTION, Classifier, load_classifier
from wgan.evaluation.features.mobilenet import mobilenet

BLOCK = 500


@runtime_checkable
class FeatureMap(Protocol):
    """Maps pictures `[n, c, h, w]` in [0, 1] to features `[n, d]`, each by itself; `name` tells it
    from every other map.
    """

    @property
    def name(self) -> str:
        """What results on it are called after."""

    def __call__(self, x: Float[np.ndarray, "n c h w"], /) -> Float[np.ndarray, "n d"]:
        """Return the features of each picture."""


@dataclass(frozen=True)
class Features:
    """Turns stored samples into the numbers that they are compared on: a map's, or the coordinates
    that distances are measured in.
    """

    codec: Codec
    map: FeatureMap | None = None

    @property
    def name(self) -> str:
        """Such as pixels-64, coordinates-2 or mobilenetv2-320@96."""
        return (
            self.map.name
            if self.map
            else (
                f"{'pixels' if isinstance(self.codec, ImageCodec) else 'coordinates'}-{int(np.prod(self.codec.shape))}"
            )
        )

    def __call__(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return the features of stored samples, computed in blocks of 500."""
        return self._in_blocks(self.map, raw) if self.map else self.codec.measure(raw)

    def classes(self, raw: np.ndarray) -> Int64[np.ndarray, " n"]:
        """Return the class of each sample, as the map, a classifier, tells it."""
        assert isinstance(self.map, Classifier)
        return self._in_blocks(self.map.classify, raw).astype(np.int64)

    def _in_blocks(self, find: Callable[[np.ndarray], np.ndarray], raw: np.ndarray) -> np.ndarray:
        starts = range(0, len(raw), BLOCK)
        return np.concatenate(
            [
                find(self.codec.measure(raw[i : i + BLOCK]).reshape(-1, *self.codec.shape))
                for i in starts
            ]
        )


def load_features(path: Path | None, codec: Codec) -> Features:
    """Return the features that `path` names: a folder of `wgan features train`, an .npz of
    MobileNetV2's weights, or none: coordinates.

    Raises:
        WganError: no such file, no map that is known, or one that does not fit the data.
    """
    if path is None:
        return Features(codec)
    if not isinstance(codec, ImageCodec):
        raise WganError(
            f"--features {path}: feature maps are for pictures, and the data are {codec.kind}:"
            " leave it out"
        )
    if (path / DESCRIPTION).exists():
        found: FeatureMap = load_classifier(path)
    elif path.suffix == ".npz":
        found = mobilenet(path)
    else:
        raise WganError(
            f"{path}: no feature map: give a folder that `wgan features train` made, or the .npz of"
            " MobileNetV2's weights"
        )
    found(np.zeros((1, *codec.shape)))  # refuses pictures that it does not fit
    return Features(codec, found)
