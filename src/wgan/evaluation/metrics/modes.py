"""Modes: how many a generator covers, the share of good samples, and the divergence of shares.

Follows Metz et al. (2017), section 3.3, and Lin et al. (2018, PacGAN), section 4.1. The modes of a
toy are known by place. Otherwise they are the classes of a classifier, or of labelled data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, Shaped
from scipy.spatial import cKDTree
from scipy.stats import entropy

from wgan.evaluation.features.classifier import Classifier
from wgan.evaluation.metric import HIGH, LOW, Comparison, Metric, Reference
from wgan.evaluation.metrics.labels import nearest_labels

# A sample within 3 standard deviations of a mode is good: Lin et al. (2018), section 4.1.
RADIUS_SDS = 3.0
NO_MODE = -1
# Samples to count modes among: 2,500 as Lin et al. (2018), section 4.1, for 8 and 25 Gaussians.
MODE_SAMPLES = 2500
# 26 a mode: 26,000 for the 1,000 modes of Stacked-MNIST, as Metz et al. (2017), section 3.3.
PER_MODE = 26
# With more classes than this, a set has too few samples of each for the nearest-neighbour rule.
FEW_CLASSES = 100
NEAREST = "nearest-training"


@dataclass(frozen=True)
class ModeCoverage:
    """Spread of samples over modes.

    Attributes:
        covered: modes that hold at least one good sample.
        modes: all modes.
        share: share of good samples, which belong to some mode.
        n: samples.
        kl: KL(shares || true shares) in nats; not a number where no sample is good.
        shares: the modes' shares of the good samples.
    """

    covered: int
    modes: int
    share: float
    n: int
    kl: float
    shares: tuple[float, ...]


def mode_coverage(
    x: Float[np.ndarray, "n d"], modes: Float[np.ndarray, "k d"], sd: float
) -> ModeCoverage:
    """Return the coverage of equally frequent modes, where good is within 3 standard deviations.

    For a true mixture of Gaussians in the plane the share of good samples is
    1 - exp(-9/2) = 0.989.

    Args:
        x: samples, in the coordinates of the modes.
        modes: the centres.
        sd: each mode's standard deviation along an axis.

    >>> x = np.array([[0.0, 0.1], [5.0, 5.0]])
    >>> coverage = mode_coverage(x, np.array([[0.0, 0.0], [1.0, 0.0]]), sd=0.05)
    >>> coverage.covered, coverage.share
    (1, 0.5)
    """
    return coverage_of(nearest_mode(x, modes, sd), np.ones(len(modes)))


def nearest_mode(
    x: Float[np.ndarray, "n d"], modes: Float[np.ndarray, "k d"], sd: float
) -> Int64[np.ndarray, " n"]:
    """Return the number of the nearest mode of each sample; -1 beyond 3 standard deviations.

    >>> nearest_mode(np.array([[0.1], [9.0]]), np.array([[0.0], [1.0]]), sd=0.1)
    array([ 0, -1])
    """
    distance, nearest = cKDTree(modes).query(x)
    return np.where(distance <= RADIUS_SDS * sd, nearest, NO_MODE).astype(np.int64)


def coverage_of(modes: Int64[np.ndarray, " n"], true: Shaped[np.ndarray, " k"]) -> ModeCoverage:
    """Return the coverage of k modes by samples whose modes are known.

    KL(p || q) = sum p log(p / q), with p the shares of the samples and q the true ones. For n
    samples of the true shares it is about (k - 1) / (2 n), not 0.

    Args:
        modes: the mode of each sample, -1 for none.
        true: frequencies of the modes, of any sum.

    >>> coverage_of(np.array([0, 0, -1]), np.array([1, 1])).kl
    0.6931471805599453
    """
    counts = np.bincount(modes[modes != NO_MODE], minlength=len(true))
    good = int(counts.sum())
    return ModeCoverage(
        covered=int((counts > 0).sum()),
        modes=len(true),
        share=good / len(modes),
        n=len(modes),
        kl=float(entropy(counts, true)) if good else float("nan"),
        shares=tuple((counts / max(good, 1)).tolist()),
    )


@dataclass(frozen=True)
class Counter:
    """Counts the modes of one data set.

    Attributes:
        mode_of: the mode of each raw sample, -1 for none.
        true: the true shares.
        names: names of the modes.
        n: samples of a set to count.
        by: how modes are recognised: `place`, a classifier's name or `nearest-training`.
    """

    mode_of: Callable[[np.ndarray], np.ndarray]
    true: Float[np.ndarray, " k"]
    names: tuple[str, ...]
    n: int
    by: str

    def __call__(self, raw: np.ndarray) -> ModeCoverage:
        """Return the coverage of the modes by the first `n` samples."""
        return coverage_of(self.mode_of(raw[: self.n]), self.true)

    def details(self, shares: Sequence[float]) -> dict[str, Any]:
        """Return the share of each mode beside the true one, as plain values."""
        return {
            "by": self.by,
            "names": list(self.names),
            "generated": list(shares),
            "true": self.true.tolist(),
            "n": self.n,
        }


def counter_of(reference: Reference) -> Counter | None:
    """Return the counter for these data; none where no modes are known."""
    dataset = reference.split.dataset
    feature_map = reference.features.map
    if dataset.toy is not None and dataset.toy.modes is not None:
        return _by_place(reference, dataset.toy.modes, dataset.toy.mode_sd)
    if isinstance(feature_map, Classifier):
        return _by_classifier(reference, feature_map)
    if dataset.labels is not None and len(dataset.classes) <= FEW_CLASSES:
        return Counter(
            mode_of=nearest_labels(reference.split, reference.n),
            true=np.bincount(dataset.labels) / len(dataset),
            names=dataset.classes,
            n=reference.n,
            by=NEAREST,
        )
    return None


def _samples_for(reference: Reference, modes: int) -> int:
    return min(reference.split.n_train, max(MODE_SAMPLES, PER_MODE * modes))


def _by_place(reference: Reference, modes: Float[np.ndarray, "k d"], sd: float) -> Counter:
    return Counter(
        mode_of=lambda raw: nearest_mode(raw.astype(np.float64), modes, sd),
        true=np.full(len(modes), 1 / len(modes)),
        names=tuple(", ".join(f"{x:.3g}" for x in mode) for mode in modes),
        n=_samples_for(reference, len(modes)),
        by="place",
    )


def _by_classifier(reference: Reference, classifier: Classifier) -> Counter:
    split = reference.split
    names = classifier.names(split.dataset.shape)
    n = _samples_for(reference, len(names))
    true = split.dataset.shares
    if true is None or len(true) != len(names):
        modes = reference.features.classes(split.held_out_sample(0, min(split.n_held_out, n)))
        # One more of each, so that the divergence from a class without samples stays finite.
        true = 1.0 + np.bincount(modes, minlength=len(names))
    return Counter(reference.features.classes, true / true.sum(), names, n, classifier.name)


def coverage(c: Comparison[Reference]) -> ModeCoverage | None:
    """Return the coverage of the modes by a set; none where no modes are known."""
    counter = c.reference.once(counter_of)
    return counter(c.drawn) if counter else None


def _coverage_of_real(reference: Reference) -> ModeCoverage | None:
    """Count held-out samples where training samples are the judge, otherwise training samples."""
    counter = reference.once(counter_of)
    if counter is None:
        return None
    split = reference.split
    sample = split.held_out_sample if counter.by == NEAREST else split.train_sample
    return counter(sample(0, counter.n))


def _by(reference: Reference) -> str:
    counter = reference.once(counter_of)
    return counter.by if counter else ""


def _count(reference: Reference) -> int:
    counter = reference.once(counter_of)
    return counter.n if counter else reference.n


def _has_radius(reference: Reference) -> bool:
    return _by(reference) == "place"


def _covered(modes: ModeCoverage | None) -> float | None:
    return modes.covered if modes else None


def _kl(modes: ModeCoverage | None) -> float | None:
    return modes.kl if modes else None


def _good_share(c: Comparison[Reference]) -> float | None:
    modes = c.once(coverage)
    return modes.share if modes and _has_radius(c.reference) else None


def _good_share_of_real(reference: Reference) -> float | None:
    modes = reference.once(_coverage_of_real)
    return modes.share if modes and _has_radius(reference) else None


MODES = Metric(
    name="modes",
    title="modes found",
    unit="",
    read=HIGH,
    measure=lambda c: _covered(c.once(coverage)),
    of=_by,
    count=_count,
    floor=lambda reference: _covered(reference.once(_coverage_of_real)),
)
GOOD_SHARE = Metric(
    name="good-share",
    title="within 3 sd of a mode",
    unit="%",
    read=HIGH,
    measure=_good_share,
    count=_count,
    floor=_good_share_of_real,
)
MODES_KL = Metric(
    name="modes-kl",
    title="KL of the modes' shares",
    unit="nats",
    read=LOW,
    measure=lambda c: _kl(c.once(coverage)),
    of=_by,
    count=_count,
    floor=lambda reference: _kl(reference.once(_coverage_of_real)),
)
