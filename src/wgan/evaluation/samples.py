"""What is the verdict on generated pictures or points? Distances, neighbours, modes, detection,
copying: each beside real and broken samples.

Protocol: five sets of n generated samples, fresh from five seeds, n = min(held-out, training,
2,000) unless asked for. Real: up to five disjoint sets of n training samples in their place.
Broken: training pictures blurred (Gaussian, a twentieth of the longer side, at least a pixel), or
of points one training point repeated. All are compared with the first n held-out samples. Exact W1
and detection take the first 1,000 of each set; detection sees wide features as 32 principal scores
of both sides together and the length of the rest. Copying is asked of at most 2,000 of a set,
against the training and the held-out samples that fit into 512 MiB; for the real figure half of the
held-out samples take the place of generated ones. Modes are counted among max(2,500, 26 a mode)
samples of a set, classes by a nearest training sample among n.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

from wgan.base.errors import WganError
from wgan.data import ImageCodec, Split
from wgan.distances import sliced_wasserstein, wasserstein
from wgan.evaluation.features.classifier import Classifier
from wgan.evaluation.features.maps import Features
from wgan.evaluation.metrics.frechet import frechet_distance, kernel_distance
from wgan.evaluation.metrics.labels import nearest_labels
from wgan.evaluation.metrics.manifold import manifold
from wgan.evaluation.metrics.modes import ModeCoverage, coverage_of, nearest_mode
from wgan.evaluation.metrics.nearest import nearer_to
from wgan.evaluation.metrics.two_sample import detection_auc, narrowed
from wgan.evaluation.protocol import METRICS, Evaluation, Progress, lines_of, mean_figures, silent

SETS, MOST_ROWS, MOST_EXACT, MOST_DETECTED, MOST_NEAREST = 5, 2000, 1000, 1000, 2000
LEAST_ROWS = 20
BYTES = 2**29
MODE_SAMPLES, PER_MODE = 2500, 26
FEW_CLASSES = 100
NEAREST = "nearest-training"
BLUR = 20
DIRECTIONS = 200
Sampler = Callable[[int, int], np.ndarray]


def evaluate_samples(
    sample: Sampler,
    split: Split,
    features: Features | None = None,
    number: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Return the verdict on a generator, given as a function (n, draw) to `n` raw samples, fresh
    ones for each draw.

    Args:
        sample: the generator.
        split: the data that it was trained on.
        features: what Frechet and kernel distance, neighbours and detection are taken on; none:
            pixels, or the coordinates of points.
        number: samples in a set.
        seed: of directions and folds.
        progress: told what is measured.

    Raises:
        WganError: fewer than 20 samples on a side, or asked for.
    """
    features = features or Features(split.dataset.codec)
    most = min(split.n_held_out, split.n_train)
    n = min(MOST_ROWS, most) if number is None else number
    if not LEAST_ROWS <= n <= most:
        held = f"{split.n_train} training and {split.n_held_out} held-out samples"
        raise WganError(
            f"{n} samples in a set, and {held}: at least {LEAST_ROWS} are needed on each side, and"
            " no more than there are"
        )
    progress(f"{n} held-out samples")
    judge, counter = _Judge(split, features, n, seed), _counter(split, features, n)
    real, worst = [], _broken(split, n)
    for i in range(min(SETS, split.n_train // n)):
        progress(f"real samples, set {i + 1}")
        real.append(judge(split.train_sample(i * n, (i + 1) * n)))
    progress("broken samples")
    floor, ceiling = (
        mean_figures(real) | judge.copying_of_real(),
        judge(worst) | judge.copying(worst),
    )
    generated, counted = [], []
    for draw in range(SETS):
        progress(f"generated samples, set {draw + 1} of {SETS}")
        raw = sample(n, draw)
        generated.append(judge(raw) | judge.copying(raw))
        if counter:
            progress(f"modes, set {draw + 1} of {SETS}")
            counted.append(counter(raw if counter.n == n else sample(counter.n, SETS + draw)))
            generated[-1] |= counter.figures(counted[-1])
    if counter:
        floor |= counter.figures(counter(counter.real(split)))
        ceiling |= counter.figures(counter(_broken(split, counter.n)))
    lines = lines_of(
        generated,
        floor,
        ceiling,
        judge.counts | (counter.counts if counter else {}),
        _names(features, counter),
    )
    word = "blurred" if isinstance(split.dataset.codec, ImageCodec) else "one point repeated"
    details = {"modes": counter.details(counted)} if counter else {}
    return Evaluation("wgan-samples-1", lines, SETS, n, n, word, details, tuple(judge.notes()))


def _names(features: Features, counter: "_Counter | None") -> dict[str, str]:
    """Return what metrics are taken on, where not on the data's own coordinates."""
    by = {"modes": counter.by, "modes-kl": counter.by} if counter else {}
    return (
        dict.fromkeys(
            ("frechet", "kernel", "precision", "recall", "density", "coverage", "c2st-auc"),
            features.name,
        )
        | by
    )


def _broken(split: Split, n: int) -> np.ndarray:
    """Return `n` broken samples, the ceiling: training pictures blurred, or one point repeated."""
    codec, raw = split.dataset.codec, split.train_sample(0, n)
    if not isinstance(codec, ImageCodec):
        return np.repeat(raw[:1], n, axis=0)
    sides = [
        max(1.0, max(codec.shape[1:]) / BLUR) if axis in "hw" else 0.0 for axis in codec.layout
    ]
    blurred = gaussian_filter(raw.astype(np.float32), (0, *sides))
    if raw.dtype.kind == "b":
        return blurred > 0.5
    return (np.rint(blurred) if raw.dtype.kind in "iu" else blurred).astype(raw.dtype)


@dataclass(frozen=True)
class _Judge:
    split: Split
    features: Features
    n: int
    seed: int

    @cached_property
    def _held_out(self) -> np.ndarray:
        return self.split.held_out_sample(0, self.n)

    @cached_property
    def _held_out_features(self) -> np.ndarray:
        return self.features(self._held_out)

    @cached_property
    def _fit(self) -> int:
        """How many samples' coordinates fit into memory."""
        return max(1, BYTES // (8 * int(np.prod(self.split.dataset.shape))))

    @cached_property
    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of training and of held-out samples, for copying."""
        measure, half = self.split.dataset.codec.measure, max(1, self._fit // 2)
        train, held_out = min(self.split.n_train, half), min(self.split.n_held_out, half)
        return measure(self.split.train_sample(0, train)), measure(
            self.split.held_out_sample(0, held_out)
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many samples of a set each figure takes."""
        some = {
            "w1-exact": MOST_EXACT,
            "c2st-auc": MOST_DETECTED,
            "dcr-share": MOST_NEAREST,
            "sliced-w2": self._fit,
        }
        return {metric: min(self.n, some.get(metric, self.n)) for metric in METRICS}

    def notes(self) -> list[str]:
        """Say what was done where there were more samples than a figure takes."""
        said = []
        if self.n > MOST_EXACT:
            said.append(
                f"exact W1 is of the first {MOST_EXACT} of {self.n} samples on each side (its cost"
                f" grows with their square); sliced W2 is of {self.counts['sliced-w2']}"
            )
        train, held_out = (len(each) for each in self._known)
        if train < self.split.n_train:
            said.append(
                f"copying was looked for among {train} of {self.split.n_train} training samples and"
                f" {held_out} held-out ones: what fits into memory"
            )
        return said

    def __call__(self, raw: np.ndarray) -> dict[str, float]:
        """Judge samples by all that is not of copying or modes."""
        measure, counts, held_out = self.split.dataset.codec.measure, self.counts, self._held_out
        exact, sliced, detected = counts["w1-exact"], counts["sliced-w2"], counts["c2st-auc"]
        x, y = self.features(raw), self._held_out_features
        near = manifold(y, x)
        return {
            "w1-exact": wasserstein(measure(raw[:exact]), measure(held_out[:exact])),
            "sliced-w2": (
                sliced_wasserstein(
                    measure(raw[:sliced]),
                    measure(held_out[:sliced]),
                    directions=DIRECTIONS,
                    seed=self.seed,
                ).value
            ),
            "frechet": frechet_distance(x, y),
            "kernel": kernel_distance(x, y),
            "precision": near.precision,
            "recall": near.recall,
            "density": near.density,
            "coverage": near.coverage,
            "c2st-auc": detection_auc(
                *narrowed(x[:detected], y[:detected], seed=self.seed), self.seed
            ),
        }

    def copying(self, raw: np.ndarray) -> dict[str, float]:
        """Judge whether samples lie nearer to training than to held-out ones."""
        near = nearer_to(self.split.dataset.codec.measure(raw[:MOST_NEAREST]), *self._known)
        return {"dcr-share": near.share, "dcr-share/half-width": near.half_width}

    def copying_of_real(self) -> dict[str, float]:
        """Judge the later half of the held-out samples, which were not copied, against the training
        ones and the other half.
        """
        train, held_out = self._known
        half = len(held_out) // 2
        return {
            "dcr-share": nearer_to(held_out[half:][:MOST_NEAREST], train, held_out[:half]).share
        }


@dataclass(frozen=True)
class _Counter:
    """Counts modes: `tell` gives the mode of each sample, -1 where it is of none; `true` their
    shares.
    """

    tell: Callable[[np.ndarray], np.ndarray]
    true: np.ndarray
    names: tuple[str, ...]
    n: int
    by: str
    radius: bool

    def __call__(self, raw: np.ndarray) -> ModeCoverage:
        return coverage_of(self.tell(raw), self.true)

    @property
    def counts(self) -> dict[str, int]:
        """How many samples of a set are counted."""
        return dict.fromkeys(("modes", "good-share", "modes-kl"), self.n)

    def real(self, split: Split) -> np.ndarray:
        """Return real samples to count: held-out ones where training samples are the judge,
        otherwise training ones.
        """
        return (
            split.held_out_sample(0, self.n)
            if self.by == NEAREST
            else split.train_sample(0, self.n)
        )

    def figures(self, found: ModeCoverage) -> dict[str, float]:
        """Return the figures of one set."""
        return {"modes": found.covered, "modes-kl": found.kl} | (
            {"good-share": found.share} if self.radius else {}
        )

    def details(self, found: list[ModeCoverage]) -> dict[str, object]:
        """Return the share of each mode, mean over the sets, beside the true ones."""
        mean = np.mean([each.shares for each in found], axis=0)
        return {
            "by": self.by,
            "names": list(self.names),
            "generated": mean.tolist(),
            "true": self.true.tolist(),
            "n": self.n,
        }


def _counter(split: Split, features: Features, n: int) -> _Counter | None:
    """Return what counts the modes of these data: of toys by place, otherwise classes by the map,
    or by the nearest training sample.
    """
    dataset = split.dataset
    toy = dataset.toy
    if toy is not None and toy.modes is not None:
        modes, sd = toy.modes, toy.mode_sd
        names = tuple(", ".join(f"{x:.3g}" for x in mode) for mode in modes)
        count = min(split.n_train, max(MODE_SAMPLES, PER_MODE * len(modes)))
        return _Counter(
            lambda raw: nearest_mode(raw.astype(np.float64), modes, sd),
            np.full(len(modes), 1 / len(modes)),
            names,
            count,
            "place",
            True,
        )
    if isinstance(features.map, Classifier):
        names = features.map.names(dataset.shape)
        count = min(split.n_train, max(MODE_SAMPLES, PER_MODE * len(names)))
        if dataset.shares is not None and len(dataset.shares) == len(names):
            true = dataset.shares
        else:
            told = features.classes(split.held_out_sample(0, min(split.n_held_out, count)))
            true = 1.0 + np.bincount(
                told, minlength=len(names)
            )  # one more of each: none is impossible
        return _Counter(features.classes, true / true.sum(), names, count, features.map.name, False)
    if dataset.labels is not None and len(dataset.classes) <= FEW_CLASSES:
        return _Counter(
            nearest_labels(split, n),
            np.bincount(dataset.labels) / len(dataset),
            dataset.classes,
            n,
            NEAREST,
            False,
        )
    return None
