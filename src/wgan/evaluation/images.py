"""Protocol of images: that of points, with blurred images as broken ones, and feature maps."""

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data import Codec, Dataset, ImageCodec, Split
from wgan.evaluation.features.classifier import Classifier, train_classifier
from wgan.evaluation.features.maps import Features, load_map
from wgan.evaluation.metrics.learned import LEARNED
from wgan.evaluation.points import POINT_METRICS, points_protocol

# A standard deviation of a twentieth of the longer side: clearly blurred at any size.
BLUR = 20
# Half a pixel would hardly change small images, so the blur is at least one.
LEAST_BLUR = 1.0


def blurred(split: Split, n: int) -> np.ndarray:
    """Return `n` training images, blurred by a Gaussian, as they are stored.

    The standard deviation is a twentieth of the longer side, and at least one pixel.
    """
    codec = split.dataset.codec
    raw = split.train_sample(0, n)
    assert isinstance(codec, ImageCodec)
    sd = max(LEAST_BLUR, max(codec.shape[1:]) / BLUR)
    sds = [sd if axis in "hw" else 0.0 for axis in codec.layout]
    smooth = gaussian_filter(raw.astype(np.float32), (0, *sds))
    if raw.dtype.kind == "b":
        return smooth > 0.5
    return (np.rint(smooth) if raw.dtype.kind in "iu" else smooth).astype(raw.dtype)


def load_features(codec: Codec, path: Path | None) -> Features:
    """Return the features of a feature map, or pixels where no path is given.

    Raises:
        WganError: no such file, no feature map, or one that does not fit the images.
    """
    return Features(codec, load_map(path, codec.shape) if path else None, "pixels")


def train_features(
    dataset: Dataset, epochs: int = 3, seed: int = 0, progress: Progress = silent
) -> Classifier:
    """Train a feature map on labelled images; arguments as `train_classifier`.

    Raises:
        WganError: data that are not images, no labels, or a loss that is not finite.
    """
    if not isinstance(dataset.codec, ImageCodec):
        raise WganError(
            f"{dataset.name}: holds {dataset.codec.kind}, and feature maps are for images"
        )
    return train_classifier(dataset, epochs, seed, progress)


IMAGES = points_protocol(
    broken=blurred,
    broken_word="blurred",
    load_features=load_features,
    metrics=(LEARNED, *POINT_METRICS),
    at_end=(LEARNED,),
)
