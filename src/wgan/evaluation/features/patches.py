"""Features of pictures that are learned from them without labels, in seconds: patches by k-means.

After Coates and Ng (2012), "Learning feature representations with k-means". Patches of training
pictures are whitened, and spherical k-means finds directions d among them, which become
convolutions: f = max(0, d . W (patch - mean) - 1/2). For 100 directions a patch is first brought to
mean 0 and contrast 1, so that edges and textures count alike in dark and in light places. For 25
more it is taken as it is, so that brightness and colour count. Means of f over the four quarters of
a picture tell what is where. The same is done with the picture at a half and a quarter of its size,
so that large forms count too. The 64 leading principal scores of all means, each with variance 1
among training pictures, are the features. Nothing is trained by gradients; the seed of the split
draws the patches and the first directions.

A picture is first reduced to at most 48 pixels a side, by means of whole blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.base.tensors import digest, read_tensors, write_tensors
from wgan.data import Split
from wgan.data.cache import cached

# Changes whenever the same pictures would give another map, so that no old one is taken from the
# cache.
VERSION = "patches-1"
# Longest side of what is seen: at 48 pixels, 1,000 pictures take about 3 seconds of one core.
MOST_SIDE = 48
# Sides of patches, of small pictures (at most 16 pixels, as for the presets) and of others. Coates
# and Ng (2012) take 6 of 32 pixels; 5 costs two thirds of it.
SMALL_SIDE, SMALL_PATCH, PATCH = 16, 3, 5
# Sizes at which a picture is seen; of 32 pixels the third is 8, hardly more than a patch.
LEVELS = 3
# Directions of patches with contrast 1, and of patches as they are. More cost more time; either
# sort alone ranked damage less well (LOG.md).
DIRECTIONS = {"contrast": 100, "plain": 25}
# Patches that k-means sees a level: 200 a direction.
PATCHES = 20_000
# Rounds of k-means: Coates and Ng (2012) found 10 to be enough.
ROUNDS = 10
# Training pictures that the map is learned from: principal scores are then known to a few percent.
PICTURES = 2_000
# Principal scores; twice as many told missing classes of the digits less well (LOG.md).
SCORES = 64
# Training pictures a score, at least: with fewer, scores would be those of single pictures.
PICTURES_A_SCORE = 20
# What f leaves out, in standard deviations of a whitened patch along a direction. Coates and Ng
# (2012) found 1/4 to 1 to be alike.
THRESHOLD = 0.5
# Added to a patch's variance before its root divides: contrasts below a tenth of the range, mostly
# noise, stay low.
LEAST_CONTRAST = 0.01
# Added to the variances of patches before whitening: for those with contrast 1 as in Coates and Ng
# (2012); for others a share of the largest, so that rounding to 8 bits is no pattern.
LEAST_VARIANCE = 0.1
LEAST_SHARE = 1e-3
# Pictures at a time: of 48 x 48 pixels the maps of 100 directions then take 77 MB.
BATCH = 100
Convolutions = dict[str, Tensor]


@dataclass(frozen=True)
class PatchMap:
    """Maps each picture to principal scores of its patches, by the protocol above.

    Attributes:
        tensors: by name: `contrast.L.weight` [K, c, p, p], `contrast.L.bias` [K] and the same of
            `plain` for level L; `mean` [d] and `projection` [d, scores] of the principal scores.
        shape: shape of one picture.
        digest: hash of the tensors.
    """

    tensors: dict[str, Tensor]
    shape: tuple[int, ...]
    digest: str

    @property
    def name(self) -> str:
        """Such as patches-64@32x32-1a2b3c4d; the hash differs where anything of the map does."""
        scores = self.tensors["projection"].shape[1]
        return f"patches-{scores}@{self.shape[1]}x{self.shape[2]}-{self.digest[:8]}"

    def __call__(self, x: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n d"]:
        """Return features in float64, whose means over quarters are computed in float32.

        Args:
            x: pictures in [0, 1] of the map's shape.

        Raises:
            WganError: pictures of another shape.
        """
        if x.shape[1:] != self.shape:
            raise WganError(
                f"a feature map of pictures of shape {self.shape} does not fit pictures of shape"
                f" {x.shape[1:]}: learn one from such pictures"
            )
        pictures = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
        centred = _means(pictures, self.tensors) - self.tensors["mean"].numpy()
        found: np.ndarray = centred @ self.tensors["projection"].numpy()
        return found


def learned(split: Split) -> PatchMap:
    """Return the map that is learned from the training part of a split, from the cache if there.

    The same data, split by the same seed, have the same map, whatever is trained on them.

    Args:
        split: pictures.
    """
    dataset = split.dataset
    of = (VERSION, dataset.fingerprint, repr(dataset.codec), split.held_out, split.seed)
    key = sha256(repr((*of, split.n_train)).encode()).hexdigest()
    try:
        path = cached(key, lambda target: write_tensors(target, learn(split)), ".safetensors")
        tensors = read_tensors(path)[0]
    except WganError:  # a cache that cannot be written to costs a second, not the run
        tensors = learn(split)
    return PatchMap(tensors, tuple(dataset.shape), digest(tensors, {}))


def learn(split: Split) -> dict[str, Tensor]:
    """Return the tensors of the map that is learned from the training part of a split.

    Args:
        split: pictures.
    """
    x = _seen(split, min(PICTURES, split.n_at_hand or split.n_train))
    side = SMALL_PATCH if max(split.dataset.shape[1:]) <= SMALL_SIDE else PATCH
    random = numpy_generator(split.seed, "patches")
    tensors: Convolutions = {}
    for i, level in enumerate(_pyramid(x)):
        for sort in DIRECTIONS:
            weight, bias = _convolution(level.numpy(), min(side, *level.shape[2:]), sort, random)
            tensors |= {f"{sort}.{i}.weight": weight, f"{sort}.{i}.bias": bias}
    means = _means(x, tensors)
    center = means.mean(axis=0)
    scores = max(1, min(SCORES, len(x) // PICTURES_A_SCORE))
    values = {"mean": center, "projection": _projection(means - center, scores)}
    return tensors | {name: torch.from_numpy(value.copy()) for name, value in values.items()}


def _seen(split: Split, n: int) -> Float32[Tensor, "n c h2 w2"]:
    """Return the first training pictures in [0, 1], reduced to at most 48 pixels a side."""
    codec = split.dataset.codec
    parts = []
    for start in range(0, n, BATCH):
        raw = split.train_sample(start, min(start + BATCH, n))
        x = codec.measure(raw).reshape(len(raw), *codec.shape)
        parts.append(_reduced(torch.from_numpy(x.astype(np.float32))))
    return torch.cat(parts)


def _reduced(x: Float32[Tensor, "n c h w"]) -> Float32[Tensor, "n c h2 w2"]:
    """Return pictures of at most 48 pixels a side, by means of whole blocks."""
    block = -(-max(x.shape[2:]) // MOST_SIDE)
    return F.avg_pool2d(x, (min(block, x.shape[2]), min(block, x.shape[3])))


def _pyramid(x: Float32[Tensor, "n c h w"]) -> Iterator[Float32[Tensor, "n c h2 w2"]]:
    """Yield pictures at their size, a half and a quarter of it, while a small patch fits in."""
    yield x
    for _ in range(LEVELS - 1):
        if min(x.shape[2:]) < 2 * SMALL_PATCH:
            return
        x = F.avg_pool2d(x, 2)
        yield x


def _convolution(
    x: Float32[np.ndarray, "n c h w"], side: int, sort: str, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return weights `[K, c, side, side]` and biases `[K]` of d . W (patch - mean) - 1/2."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), (2, 3))
    n, c, rows, columns = windows.shape[:4]
    picture, row, column = (random.integers(0, most, PATCHES) for most in (n, rows, columns))
    patches = windows[picture, :, row, column].reshape(PATCHES, -1).astype(np.float64)
    if sort == "contrast":
        patches -= patches.mean(axis=1, keepdims=True)
        patches /= np.sqrt(patches.var(axis=1, keepdims=True) + LEAST_CONTRAST)
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((patches - mean).T).reshape(len(mean), -1))
    # Of constant patches the variance is 0, and any factor does.
    least = LEAST_VARIANCE if sort == "contrast" else LEAST_SHARE * max(values[-1], 1e-12)
    whitening = (vectors / np.sqrt(values.clip(0) + least)) @ vectors.T
    weight = spherical_k_means((patches - mean) @ whitening, DIRECTIONS[sort], random) @ whitening
    bias = -weight @ mean - THRESHOLD
    if sort == "contrast":  # the mean of a patch then need not be taken off
        weight -= weight.mean(axis=1, keepdims=True)
    shaped = weight.reshape(-1, c, side, side)
    return torch.from_numpy(shaped.astype(np.float32)), torch.from_numpy(bias.astype(np.float32))


def spherical_k_means(
    z: Float[np.ndarray, "n d"], k: int, random: np.random.Generator
) -> Float[np.ndarray, "k d"]:
    """Return `k` unit vectors such that each row is near a multiple of one of them.

    A row belongs to the vector d_j with the largest |z . d_j|; then each d_j becomes the sum of
    (z . d_j) z over its rows, plus itself so that none is lost, at unit length.

    Args:
        z: whitened rows.
        k: number of vectors.
        random: draws the first vectors.

    References:
        Coates and Ng (2012), section 2.
    """
    d = random.standard_normal((k, z.shape[1]))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    for _ in range(ROUNDS):
        products = z @ d.T
        nearest = np.abs(products).argmax(axis=1)
        shares = np.zeros_like(products)
        rows = np.arange(len(z))
        shares[rows, nearest] = products[rows, nearest]
        d = d + shares.T @ z
        d /= np.linalg.norm(d, axis=1, keepdims=True)
    return d


@torch.inference_mode()
def _means(x: Float32[Tensor, "n c h w"], convolutions: Convolutions) -> Float[np.ndarray, "n d"]:
    """Return the means of f over the quarters of each picture, of all levels side by side."""
    found = []
    for batch in x.split(BATCH):
        parts = []
        for i, level in enumerate(_pyramid(_reduced(batch))):
            for sort in DIRECTIONS:
                weight = convolutions[f"{sort}.{i}.weight"]
                bias = convolutions[f"{sort}.{i}.bias"].view(-1, 1, 1)
                f = F.conv2d(level, weight)
                if sort == "contrast":
                    f /= _contrast(level, weight.shape[-1])
                f = f.add_(bias).clamp_min_(0)
                quarters = (min(2, f.shape[2]), min(2, f.shape[3]))
                parts.append(F.adaptive_avg_pool2d(f, quarters).flatten(1))
        found.append(torch.cat(parts, 1))
    return torch.cat(found).double().numpy()


def _contrast(x: Float32[Tensor, "n c h w"], side: int) -> Float32[Tensor, "n 1 h2 w2"]:
    """Return the standard deviation of each patch, a little raised."""
    mean, square = (
        F.avg_pool2d(each.mean(dim=1, keepdim=True), side, stride=1) for each in (x, x * x)
    )
    return (square - mean * mean).clamp_min(0).add(LEAST_CONTRAST).sqrt()


def _projection(centred: Float[np.ndarray, "n d"], scores: int) -> Float[np.ndarray, "d s"]:
    """Return principal directions over the standard deviation along them, largest first."""
    values, vectors = np.linalg.eigh(centred.T @ centred / max(1, len(centred) - 1))
    # Below a billionth of the largest variance there is but rounding.
    kept = np.flatnonzero(values > 1e-9 * max(values[-1], 1e-12))[::-1][:scores]
    return vectors[:, kept] / np.sqrt(values[kept])
