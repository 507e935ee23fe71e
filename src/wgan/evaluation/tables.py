"""Protocol of tables: columns, pairs of columns, usefulness, detection and copying of rows.

Three sets of generated rows are fresh draws, each with as many rows as there are training rows (at
most 50,000). Real: training rows. Broken: training rows with each column shuffled by itself. All
sets are compared with the held-out rows, or the rows of a file (at most 50,000).

Detection takes equally many rows of both sides (at most 20,000). Copying compares generated rows
(10,000, or fewer where there is much data) with all training rows and the held-out rows. The
membership attack has at most 10,000 candidates. W1 is exact, on 1,000 coded rows.
"""

import warnings
from dataclasses import replace

import numpy as np

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.data import Split, TableCodec
from wgan.data.encodings import UTF_8, check_encoding
from wgan.data.tables.frames import read_frame, table_digest
from wgan.data.tables.parquet import INDEX
from wgan.evaluation.features.maps import Features
from wgan.evaluation.metric import Comparison, Neighbours, Pool
from wgan.evaluation.metrics.conditional import CONDITIONAL_SHAPE, CONDITIONAL_TREND
from wgan.evaluation.metrics.dependences import DEPENDENCES
from wgan.evaluation.metrics.equalities import EQUALITIES
from wgan.evaluation.metrics.inequalities import INEQUALITIES
from wgan.evaluation.metrics.levels import LEVELS_LOST, LEVELS_OFF
from wgan.evaluation.metrics.logistic import LOGISTIC, affordable_rows
from wgan.evaluation.metrics.membership import MEMBERSHIP
from wgan.evaluation.metrics.nearest import COPIED, NEARER, affordable
from wgan.evaluation.metrics.normalised import W1_NORMALISED
from wgan.evaluation.metrics.repeated import REPEATED
from wgan.evaluation.metrics.rounding import ROUND
from wgan.evaluation.metrics.rows import SETS, TableReference
from wgan.evaluation.metrics.shape import SHAPE
from wgan.evaluation.metrics.tails import ENDS, TAILS
from wgan.evaluation.metrics.transport import W1
from wgan.evaluation.metrics.trend import TREND, TREND_OWN_BINS
from wgan.evaluation.metrics.two_sample import (
    DETECTION,
    DETECTION_SCORE,
    detection_auc,
    published_score,
)
from wgan.evaluation.metrics.usefulness import AUC, F1, R2, categorical
from wgan.evaluation.protocol import EvaluationOptions, Protocol
from wgan.evaluation.table_details import details, each_set, notes

# Bounds of the time of boosting and of the memory of coded rows. Chosen here.
MOST_ROWS = 50_000
MOST_DETECTED = 20_000
# A share of 10,000 rows is known to +- 1 % at equal numbers, and to +- 2 % where four fifths of the
# rows are training rows.
MOST_NEAREST = 10_000
# The time of exact W1 grows with n^2 at least.
MOST_EXACT = 1000
# Below 50 rows a side, five folds and frequencies of levels are mere noise.
LEAST_ROWS = 50
# With more levels, AUC is a mean over rare classes, which a few thousand rows fix badly.
FEW_LEVELS = 20
# Figures whose expectations come from the training rows, or from both sides.
OF_TRAINING_ROWS = (
    *(LEVELS_LOST, LEVELS_OFF, ROUND),
    *(EQUALITIES, DEPENDENCES, INEQUALITIES),
    *(TAILS, ENDS),
    *(CONDITIONAL_SHAPE, CONDITIONAL_TREND),
)


def _broken(reference: TableReference, n: int) -> np.ndarray:
    return reference.shuffled


def _reference(split: Split, options: EvaluationOptions) -> TableReference:
    codec = split.dataset.codec
    assert isinstance(codec, TableCodec)
    train = split.train_sample(0, min(split.n_train, MOST_ROWS))
    against = ""
    if options.test is None:
        test = split.held_out_sample(0, min(split.n_held_out, MOST_ROWS))
    else:
        encoding = check_encoding(options.encoding or UTF_8)
        frame = read_frame(options.test, codec, encoding, options.sheet)
        names = [str(name) for name in frame.columns if name not in codec.names]
        others = [name for name in names if not name.startswith(INDEX)]
        if others:
            warnings.warn(
                f"{options.test}: columns that the run did not learn are left out:"
                f" {', '.join(others)}",
                stacklevel=2,
            )
        try:
            test = codec.matrix(frame)
        except WganError as error:
            raise WganError(f"{options.test}: {error}") from None
        # some figures take the first rows alone, and a file may be sorted
        test = test[numpy_generator(0, "test rows").permutation(len(test))[:MOST_ROWS]]
        against = table_digest(options.test)[:8]
    if min(len(train), len(test)) < LEAST_ROWS:
        raise WganError(
            f"{len(train)} training rows and {len(test)} to compare with: at least {LEAST_ROWS} of"
            " each are needed to evaluate a table: give a file of other rows with --test, or train"
            " on more rows or with a larger data.held_out"
        )
    k = min(len(train), len(test))
    neighbours = Neighbours(
        train=Pool(split.train_sample, split.n_train),
        held_out=Pool(lambda start, stop: test[start:stop], len(test)),
    )
    width = codec.measure(train[:1]).shape[1]
    return TableReference(
        split=split,
        n=len(train),
        held_out=test,
        seed=options.seed,
        features=Features(codec),
        neighbours=neighbours,
        limits={
            DETECTION.name: min(k, MOST_DETECTED),
            DETECTION_SCORE.name: min(k, MOST_DETECTED),
            LOGISTIC.name: min(k, MOST_DETECTED, affordable_rows(codec.learned)),
            W1.name: min(k, MOST_EXACT),
            W1_NORMALISED.name: min(k, MOST_EXACT),
            NEARER.name: min(MOST_NEAREST, affordable(neighbours, width)),
        },
        against=against,
        columns=codec.learned,
        train=train,
        target=_target(codec, test) if options.target is None else codec.place(options.target),
    )


def _target(codec: TableCodec, test: np.ndarray) -> int:
    """Return the last column that varies and is a number or has few levels."""
    for place, column in reversed(list(enumerate(codec.learned))):
        values = test[~np.isnan(test[:, place]), place]
        if len(np.unique(values)) > 1 and (column.is_number or len(column.levels) <= FEW_LEVELS):
            return place
    raise WganError("no column that varies is a number or has few levels: choose one with --target")


def _detection(c: Comparison[TableReference]) -> float:
    reference = c.reference
    n = reference.most(DETECTION.name)
    kinds = categorical(reference.columns)
    return detection_auc(c.raw[:n], reference.held_out[:n], reference.seed, kinds)


def _coded(reference: TableReference) -> str:
    return "coded-columns"


def _all_columns(reference: TableReference) -> str:
    """Return the name of the columns that a metric of whole rows uses, if a file was given."""
    return "all-columns" if reference.against else ""


def _score(c: Comparison[TableReference]) -> float:
    return published_score(c.once(_detection))


TABLES = Protocol(
    name="wgan-table-4",
    sets=SETS,
    real_sets=1,
    metrics=(
        replace(DETECTION, of=_all_columns, measure=lambda c: c.once(_detection)),
        replace(DETECTION_SCORE, of=_all_columns, measure=_score),
        *(AUC, F1, R2),
        *(replace(metric, of=_coded) for metric in (W1_NORMALISED, W1)),
        *(replace(metric, of=_all_columns) for metric in (SHAPE, TREND, TREND_OWN_BINS)),
        replace(LOGISTIC, of=_all_columns),
        *(replace(metric, of=_all_columns) for metric in OF_TRAINING_ROWS),
        *(replace(metric, of=_all_columns) for metric in (NEARER, COPIED, REPEATED, MEMBERSHIP)),
    ),
    options=frozenset({"target", "test"}),
    reference=_reference,
    broken=_broken,
    broken_word="columns shuffled",
    each_set=each_set,
    details=details,
    notes=notes,
)
