"""Which features suit pictures of one kind? Those of a small classifier of the user's own labels,
its accuracy on held-out pictures stated.

Convolutions, BatchNorm, ReLU, halving each side by strides while it exceeds 4; a layer of 64
features; a linear layer. Stored as numbers and JSON alone.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.base.files import replaced, write_text
from wgan.base.seeding import derive, numpy_generator
from wgan.data import Dataset, ImageCodec

DESCRIPTION, WEIGHTS = "features.json", "features.safetensors"
FORMAT = "wgan-features-1"
WIDTH, CHANNELS, SMALLEST = 64, 32, 4
BATCH, LR, WEIGHT_DECAY = 128, 2e-3, 1e-2
EVALUATED = 500


@dataclass(frozen=True)
class Classifier:
    """A trained classifier of pictures `[c, h, w]`; its features are the 64 numbers before the last
    layer.

    `accuracy` is the share of `n_test` held-out pictures that it names rightly; `digest` the hash
    of its weights.
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
        """Return features; of pictures with more channels than the map's one, those of each channel
        side by side.

        Raises:
            WganError: pictures of another size.
        """
        return np.concatenate([self._run(self.net[:-1], part) for part in self._parts(x)], axis=1)

    def classify(self, x: Float[np.ndarray, "n c h w"]) -> Int64[np.ndarray, " n"]:
        """Return class numbers; of pictures classified channel by channel, the number that their
        classes spell, first channel first.
        """
        number = np.zeros(len(x), dtype=np.int64)
        for part in self._parts(x):
            number = number * len(self.classes) + self._run(self.net, part).argmax(axis=1)
        return number

    def names(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Return the names of what `classify` tells apart in pictures of a shape."""
        found = self.classes
        for _ in range(1, shape[0] // self.shape[0]):
            found = tuple(a + b for a in found for b in self.classes)
        return found

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
        blocks = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32) * 2 - 1).split(
            EVALUATED
        )
        return torch.cat([layers(block) for block in blocks]).double().numpy()


def build(shape: tuple[int, int, int], classes: int, seed: int = 0) -> nn.Sequential:
    """Return the untrained network `[n, c, h, w]` in [-1, 1] -> `[n, classes]`; its weights are a
    function of `seed`.
    """
    c, h, w = shape
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "classifier"))
        halvings = 0
        while max(h, w) > SMALLEST:
            h, w, halvings = -(-h // 2), -(-w // 2), halvings + 1
        widths = [c, *(CHANNELS * min(2**i, 4) for i in range(max(1, halvings)))]
        for i, (a, b) in enumerate(pairwise(widths)):
            layers += [
                nn.Conv2d(a, b, 3, stride=2 if i < halvings else 1, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
            ]
        layers += [
            nn.Flatten(),
            nn.Linear(widths[-1] * h * w, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, classes),
        ]
    return nn.Sequential(*layers)


def train_classifier(
    dataset: Dataset,
    epochs: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Classifier:
    """Train on the training part of labelled pictures (AdamW, one rise and fall of the learning
    rate), and test on the held-out part.

    Args:
        dataset: pictures with labels.
        epochs: passes over the training part.
        seed: names weights and batches.
        progress: told batches done and in all.

    Raises:
        WganError: no pictures, no labels, or a loss that is not finite.
    """
    codec = dataset.codec
    if not isinstance(codec, ImageCodec):
        raise WganError(f"{dataset.name}: holds {codec.kind}, and feature maps are for pictures")
    if dataset.labels is None:
        raise WganError(f"{dataset.name}: has no labels to learn: name them with --labels")
    split = dataset.split()
    net, labels = build(codec.shape, len(dataset.classes), seed), torch.from_numpy(dataset.labels)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY)
    total = epochs * -(-split.n_train // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=total)
    done = 0
    for epoch in range(epochs):
        order = numpy_generator(seed, "classifier", epoch).permutation(split.n_train)
        for start in range(0, split.n_train, BATCH):
            rows = split.train_rows(order[start : start + BATCH])
            if len(rows) > 1:  # BatchNorm wants two
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
            progress(done, total)
    net.eval().requires_grad_(False)
    rows = split.held_out_rows(np.arange(split.n_held_out))
    found = Classifier(
        net, codec.shape, dataset.classes, 0.0, len(rows), dataset.name, _digest(net.state_dict())
    )
    told = [
        found.classify(codec.measure(dataset.rows[part]).reshape(-1, *codec.shape))
        for part in np.array_split(rows, -(-len(rows) // EVALUATED))
    ]
    accuracy = float((np.concatenate(told) == dataset.labels[rows]).mean())
    return Classifier(
        net, codec.shape, dataset.classes, accuracy, len(rows), dataset.name, found.digest
    )


def save_classifier(found: Classifier, folder: Path) -> None:
    """Write `features.safetensors` and `features.json` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / WEIGHTS) as target:
        save_file(found.net.state_dict(), target)
    about = {
        "format": FORMAT,
        "shape": list(found.shape),
        "classes": list(found.classes),
        "accuracy": found.accuracy,
        "n_test": found.n_test,
        "data": found.data,
        "digest": found.digest,
    }
    write_text(folder / DESCRIPTION, json.dumps(about, indent=2) + "\n")


def load_classifier(folder: Path) -> Classifier:
    """Return the classifier that `save_classifier` wrote.

    Raises:
        WganError: damaged files, or weights other than the description's.
    """
    path = folder / DESCRIPTION
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise WganError(f"{path}: format {about['format']!r}, this version reads {FORMAT!r}")
        c, h, w = about["shape"]
        net = build((c, h, w), len(about["classes"]))
        net.load_state_dict(load_file(folder / WEIGHTS))
        found = Classifier(
            net.eval().requires_grad_(False),
            (c, h, w),
            tuple(about["classes"]),
            float(about["accuracy"]),
            int(about["n_test"]),
            str(about["data"]),
            _digest(net.state_dict()),
        )
    except WganError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise WganError(
            f"{folder}: a damaged feature map ({str(error).splitlines()[0]}): train it again"
        ) from None
    if found.digest != about["digest"]:
        raise WganError(
            f"{folder}: {WEIGHTS} is not what {DESCRIPTION} describes: copy both from one place"
        )
    return found


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
