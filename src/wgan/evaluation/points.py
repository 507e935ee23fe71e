"""Protocol of vectors, images and other samples that are points of a space.

Five sets of n generated samples are fresh draws, with n = min(held-out, training, 2,000) unless
given. Real: up to five disjoint sets of n training samples. Broken: one training sample, repeated,
unless a kind has something better. All sets are compared with the first n held-out samples.

Exact W1 and detection take the first 1,000 samples of a set. Detection reduces wide features to 32
principal scores of both sides together, and the length of the rest. Copying takes at most 2,000
samples of a set, or fewer where there is much data. It compares them with all training and held-out
samples. Its floor puts half of the held-out samples in the place of generated ones. Modes are
counted among the first max(2,500, 26 a mode) samples of a draw, and classes by nearest training
sample among n.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.errors import WganError
from wgan.data import Codec, Split
from wgan.evaluation.features.maps import Features
from wgan.evaluation.metric import Comparison, Metric, Neighbours, Pool, Reference
from wgan.evaluation.metrics.frechet import FRECHET, KERNEL
from wgan.evaluation.metrics.manifold import COVERAGE, DENSITY, PRECISION, RECALL
from wgan.evaluation.metrics.modes import GOOD_SHARE, MODES, MODES_KL, counter_of, coverage
from wgan.evaluation.metrics.nearest import NEARER, affordable
from wgan.evaluation.metrics.transport import SLICED, W1
from wgan.evaluation.metrics.two_sample import DETECTION
from wgan.evaluation.protocol import EvaluationOptions, Protocol

# Five sets give an interval of 4 degrees of freedom; each further set narrows it slowly.
SETS = 5
# 2,000 samples take seconds to minutes a set; the distances between neighbours grow with n^2.
MOST_ROWS = 2000
# The time of exact W1 grows with n^2 at least, and that of five folds of boosting with n.
MOST_EXACT = 1000
MOST_DETECTED = 1000
# A share of 2,000 samples is known to +- 2 % at equal numbers, and to +- 4 % where four fifths of
# the samples are training ones.
MOST_NEAREST = 2000
# Balls reach to the 5th neighbour, and boosting takes five folds; below 20 both are mere noise.
LEAST_ROWS = 20
# 512 MiB of coordinates in float64, so that large images fit into the memory of a laptop.
BYTES = 2**29
POINT_METRICS = (
    *(W1, SLICED, FRECHET, KERNEL),
    *(PRECISION, RECALL, DENSITY, COVERAGE),
    *(MODES, GOOD_SHARE, MODES_KL),
    *(DETECTION, NEARER),
)

Broken = Callable[[Split, int], np.ndarray]
LoadFeatures = Callable[[Codec, Path | None], Features]


def one_point_repeated(split: Split, n: int) -> np.ndarray:
    """Return the first training sample `n` times: a generator that has collapsed."""
    return np.repeat(split.train_sample(0, 1), n, axis=0)


def points_protocol(
    broken: Broken = one_point_repeated,
    broken_word: str = "one point repeated",
    load_features: LoadFeatures | None = None,
    metrics: tuple[Metric, ...] = POINT_METRICS,
    at_end: tuple[Metric, ...] = (),
) -> Protocol:
    """Return a protocol for samples that are points, for `PROTOCOLS` of `wgan.evaluation.kinds`.

    Args:
        broken: maps data and a number to as many raw broken samples. The first ones do not depend
            on the number.
        broken_word: a word or two for these samples.
        load_features: maps a codec and a path, or none, to features. Given, the kind takes the
            option `features`; otherwise samples are compared on their coordinates.
        metrics: the metrics, in the order of printing.
        at_end: metrics that the end of a run states too, beside exact W1.

    >>> points_protocol(broken_word="noise").options == {"number"}
    True
    """
    load = load_features or _coordinates
    return Protocol(
        name="wgan-samples-2",
        sets=SETS,
        real_sets=SETS,
        metrics=metrics,
        at_end=at_end,
        options=frozenset({"number", "features"} if load_features else {"number"}),
        reference=lambda split, options: _reference(split, options, load),
        broken=lambda reference, n: broken(reference.split, n),
        broken_word=broken_word,
        each_set=_shares,
        details=_details,
        notes=_notes,
        check=lambda codec, options: _check(codec, options, load),
    )


def _coordinates(codec: Codec, path: Path | None) -> Features:
    return Features(codec)


def _check(codec: Codec, options: EvaluationOptions, load: LoadFeatures) -> None:
    load(codec, options.features)


def _reference(split: Split, options: EvaluationOptions, load: LoadFeatures) -> Reference:
    features = load(split.dataset.codec, options.features)
    most = min(split.n_held_out, split.n_train)
    n = min(MOST_ROWS, most) if options.number is None else options.number
    if not LEAST_ROWS <= n <= most:
        raise WganError(
            f"{n} samples in a set, and {split.n_train} training and {split.n_held_out} held-out"
            f" samples: at least {LEAST_ROWS} are needed on each side, and no more than there are:"
            " give another -n, or train on more samples or with a larger data.held_out"
        )
    width = int(np.prod(split.dataset.shape))
    fit = max(1, BYTES // (8 * width))
    neighbours = Neighbours(
        train=Pool(split.train_sample, split.n_train),
        held_out=Pool(split.held_out_sample, split.n_held_out),
    )
    return Reference(
        split=split,
        n=n,
        held_out=split.held_out_sample(0, n),
        seed=options.seed,
        features=features,
        neighbours=neighbours,
        limits={
            W1.name: MOST_EXACT,
            SLICED.name: fit,
            DETECTION.name: MOST_DETECTED,
            NEARER.name: min(MOST_NEAREST, fit, affordable(neighbours, width)),
        },
    )


def _shares(c: Comparison[Reference]) -> Mapping[str, np.ndarray]:
    modes = c.once(coverage)
    return {"shares": np.array(modes.shares)} if modes else {}


def _details(reference: Reference, means: Mapping[str, np.ndarray]) -> dict[str, Any]:
    counter = reference.once(counter_of)
    return {"modes": counter.details(means["shares"].tolist())} if counter else {}


def _notes(reference: Reference) -> list[str]:
    notes = []
    if reference.n > MOST_EXACT:
        notes.append(
            f"exact W1 is of the first {MOST_EXACT} of {reference.n} samples on each side (its cost"
            f" grows with their square); sliced W2 is of {reference.most(SLICED.name)}"
        )
    if reference.split.dataset.groups is not None:
        notes.append(
            "copying is not measured: held-out samples are of other groups (such as blocks of time)"
            " than training ones, which are farther for that alone"
        )
    return notes
