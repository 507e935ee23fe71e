"""A small classifier of labelled images, whose features are a map for such images.

Convolutions with BatchNorm and ReLU halve each side by strides while it exceeds 4. A layer of 64
features and a linear layer follow. The classifier is stored as numbers and JSON, with its accuracy
on held-out images.
"""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.places import check_new
from wgan.base.progress import Progress, silent
from wgan.base.records import FAULTS, parsed, read_text
from wgan.base.seeding import derive, numpy_generator
from wgan.base.tensors import read_tensors, write_tensors
from wgan.data import Dataset, Split

DESCRIPTION = "features.json"
WEIGHTS = "features.safetensors"
FORMAT = "wgan-features-1"
# Features: few enough that 2,000 samples fix their covariance. Chosen here.
WIDTH = 64
# Channels after the first convolution; they double with each halving, up to four times as many.
CHANNELS = 32
MOST_DOUBLED = 4
# Sides are halved while they exceed 4 pixels, so that the layer of features stays small.
SMALLEST = 4
# Chosen here; with these, MNIST reaches 98.8 % in three epochs (docs/figures/pictures.md).
BATCH = 128
LR = 2e-3
WEIGHT_DECAY = 1e-2
# Images at a time after training, so that memory does not grow with their number.
BLOCK = 500


@dataclass(frozen=True)
class Classifier:
    """A trained classifier of images `[c, h, w]`; its features are the 64 numbers before the end.

    Attributes:
        net: the network; the last layer gives a score for each class.
        shape: shape of one image.
        classes: names of the classes.
        accuracy: share of held-out images whose class it predicts.
        n_test: held-out images.
        data: name of the data that it was trained on.
        digest: hash of the weights.
    """

    net: nn.Sequential
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    accuracy: float
    n_test: int
    data: str
    digest: str

    @property
    def name(self) -> str:
        """Such as classifier-1a2b3c4d-64@28x28."""
        return f"classifier-{self.digest[:8]}-{WIDTH}@{self.shape[1]}x{self.shape[2]}"

    def __call__(self, x: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n d"]:
        """Return features; a map of one channel gives those of each channel side by side.

        Raises:
            WganError: images of another size.
        """
        return np.concatenate([self._run(self.net[:-1], part) for part in self._parts(x)], axis=1)

    def classify(self, x: Float[np.ndarray, "n c h w"]) -> Int64[np.ndarray, " n"]:
        """Return class numbers.

        Where each channel is classified by itself, the classes are digits of one number, with the
        first channel in front.

        Raises:
            WganError: images of another size.
        """
        number = np.zeros(len(x), dtype=np.int64)
        for part in self._parts(x):
            number = number * len(self.classes) + self._run(self.net, part).argmax(axis=1)
        return number

    def names(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Return the names of the numbers that `classify` returns for images of a shape."""
        names = self.classes
        for _ in range(1, shape[0] // self.shape[0]):
            names = tuple(a + b for a in names for b in self.classes)
        return names

    def _parts(self, x: Float[np.ndarray, "n c h w"]) -> list[np.ndarray]:
        each_channel = self.shape[0] == 1 and x.shape[2:] == self.shape[1:]
        if x.shape[1:] != self.shape and not each_channel:
            raise WganError(
                f"a feature map of pictures of shape {self.shape} does not fit pictures of shape"
                f" {x.shape[1:]}: train one on such pictures"
            )
        return [x[:, i : i + 1] for i in range(x.shape[1])] if each_channel else [x]

    @torch.no_grad()
    def _run(self, layers: nn.Module, x: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n d"]:
        scaled = np.ascontiguousarray(x, dtype=np.float32) * 2 - 1
        blocks = torch.from_numpy(scaled).split(BLOCK)
        return torch.cat([layers(block) for block in blocks]).double().numpy()


def build(shape: tuple[int, int, int], classes: int, seed: int = 0) -> nn.Sequential:
    """Return the untrained network, from `[n, c, h, w]` in [-1, 1] to scores `[n, classes]`.

    Args:
        shape: shape of one image.
        classes: number of classes.
        seed: random seed of the weights.
    """
    c, h, w = shape
    halvings = 0
    while max(h, w) > SMALLEST:
        h, w = -(-h // 2), -(-w // 2)
        halvings += 1
    widths = [c, *(CHANNELS * min(2**i, MOST_DOUBLED) for i in range(max(1, halvings)))]
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "classifier"))
        for i, (a, b) in enumerate(pairwise(widths)):
            stride = 2 if i < halvings else 1
            convolution = nn.Conv2d(a, b, 3, stride=stride, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(b), nn.ReLU()]
        features = nn.Linear(widths[-1] * h * w, WIDTH)
        layers += [nn.Flatten(), features, nn.ReLU(), nn.Linear(WIDTH, classes)]
    return nn.Sequential(*layers)


def train_classifier(
    dataset: Dataset, epochs: int = 3, seed: int = 0, progress: Progress = silent
) -> Classifier:
    """Train a classifier on the training part of labelled images, and test it on the held-out part.

    The optimizer is AdamW, and the learning rate rises and falls once.

    Args:
        dataset: images with labels.
        epochs: passes over the training part.
        seed: random seed of weights and batches.
        progress: a listener, called after each batch.

    Raises:
        WganError: no labels, or a loss that is not finite.
    """
    if dataset.labels is None:
        raise WganError(f"{dataset.name}: has no labels to learn: name them with --labels")
    split = dataset.split()
    c, h, w = dataset.shape
    net = build((c, h, w), len(dataset.classes), seed)
    _fit(net, split, epochs, seed, progress)
    net.eval().requires_grad_(False)
    untested = Classifier(
        net=net,
        shape=(c, h, w),
        classes=dataset.classes,
        accuracy=0.0,
        n_test=split.n_held_out,
        data=dataset.name,
        digest=_digest(net.state_dict()),
    )
    return replace(untested, accuracy=_accuracy(untested, split))


def _fit(net: nn.Sequential, split: Split, epochs: int, seed: int, progress: Progress) -> None:
    dataset = split.dataset
    assert dataset.labels is not None
    labels = torch.from_numpy(dataset.labels)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY)
    total = epochs * -(-split.n_train // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=total)
    done = 0
    for epoch in range(epochs):
        order = numpy_generator(seed, "classifier", epoch).permutation(split.n_train)
        for start in range(0, split.n_train, BATCH):
            rows = split.train_rows(order[start : start + BATCH])
            if len(rows) > 1:  # BatchNorm needs two images
                loss = F.cross_entropy(net(dataset.encode(dataset.rows[rows])), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if not torch.isfinite(loss):
                    raise WganError(
                        f"the classifier's loss is not finite in epoch {epoch + 1}: check the"
                        " pictures, or take another --seed"
                    )
            schedule.step()
            done += 1
            progress("batches", done, total)


def _accuracy(classifier: Classifier, split: Split) -> float:
    dataset = split.dataset
    assert dataset.labels is not None
    rows = split.held_out_rows(np.arange(split.n_held_out))
    blocks = np.array_split(rows, -(-len(rows) // BLOCK))
    measured = (dataset.codec.measure(dataset.rows[block]) for block in blocks)
    classes = [classifier.classify(x.reshape(-1, *classifier.shape)) for x in measured]
    return float((np.concatenate(classes) == dataset.labels[rows]).mean())


def save_classifier(classifier: Classifier, folder: Path) -> None:
    """Write `features.safetensors` and `features.json` into a folder, both or none.

    Raises:
        WganError: one of the two files is there already.
    """
    for name in (WEIGHTS, DESCRIPTION):
        check_new(folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "format": FORMAT,
        "shape": list(classifier.shape),
        "classes": list(classifier.classes),
        "accuracy": classifier.accuracy,
        "n_test": classifier.n_test,
        "data": classifier.data,
        "digest": classifier.digest,
    }
    try:
        write_tensors(folder / WEIGHTS, classifier.net.state_dict())
        write_text(folder / DESCRIPTION, json.dumps(about, indent=2) + "\n")
    except BaseException:  # the disk is full: half a map would be in the way of the next one
        (folder / WEIGHTS).unlink(missing_ok=True)
        raise


def load_classifier(folder: Path) -> Classifier:
    """Return the classifier that `save_classifier` wrote.

    Raises:
        WganError: damaged files, another format, or weights that the description does not fit.
    """
    try:
        about = parsed(read_text(folder / DESCRIPTION))
        newer = about["format"] != FORMAT
        classifier = None if newer else _read(about, read_tensors(folder / WEIGHTS)[0])
    except (OSError, RuntimeError, *FAULTS) as error:
        raise WganError(
            f"{folder}: a damaged feature map ({str(error).splitlines()[0]}): train it again"
        ) from None
    if classifier is None:
        raise WganError(
            f"{folder / DESCRIPTION}: format {about['format']!r}, this version reads {FORMAT!r}"
        )
    if classifier.digest != about["digest"]:
        raise WganError(
            f"{folder}: {WEIGHTS} is not what {DESCRIPTION} describes: copy both from one place"
        )
    return classifier


def _read(about: dict[str, Any], weights: dict[str, Tensor]) -> Classifier:
    c, h, w = about["shape"]
    net = build((c, h, w), len(about["classes"]))
    net.load_state_dict(weights)
    return Classifier(
        net=net.eval().requires_grad_(False),
        shape=(c, h, w),
        classes=tuple(about["classes"]),
        accuracy=float(about["accuracy"]),
        n_test=int(about["n_test"]),
        data=str(about["data"]),
        digest=_digest(net.state_dict()),
    )


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
