"""What is the verdict on a generated table? Seven or eight figures, each beside the same figure of
real rows, and of real rows with shuffled columns.

Protocol: three sets of generated rows, each as many as there are training rows (at most 50,000),
fresh from three seeds; means, with a 95 % interval (Student's t) over the sets. `real` puts
training rows in their place, `shuffled` training rows with each column shuffled by itself. All are
compared with the held-out rows (at most 50,000). Detection takes equally many rows of both sides
(at most 20,000); the distance to the closest record as many training rows as held-out ones, and at
most 10,000 generated rows. W1 is exact, on 1,000 rows as a network sees them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.data import Split, TableCodec
from wgan.distances import wasserstein
from wgan.evaluation.metrics.nearest import Nearness, nearer_to
from wgan.evaluation.metrics.tables import (
    categorical,
    copied_share,
    shape_errors,
    shuffled,
    train_and_test,
    trend_errors,
)
from wgan.evaluation.metrics.two_sample import detection_auc
from wgan.evaluation.protocol import METRICS, Evaluation, Progress, lines_of, silent

SETS = 3
MOST_ROWS, MOST_DETECTED, MOST_NEAREST, MOST_EXACT = 50_000, 20_000, 10_000, 1000
LEAST_ROWS = 50
FEW_LEVELS = 20


def evaluate_table(
    sample: Callable[[int, int], np.ndarray],
    split: Split,
    target: str | None = None,
    held_out: np.ndarray | None = None,
    against: str = "",
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Return the verdict on a generator of tables, given as a function (n, draw) to `n` raw rows,
    fresh ones for each draw.

    Args:
        sample: the generator.
        split: the data that it was trained on.
        target: the column that models are trained to tell; none: the last number, or category of at
            most 20 levels, that varies.
        held_out: rows to compare with; none: the split's own.
        against: what those rows are called in the names of results.
        seed: of what is shuffled and of the models that are trained.
        progress: told what is measured.

    Raises:
        WganError: no such target, or fewer than 50 rows on a side.
    """
    codec = split.dataset.codec
    assert isinstance(codec, TableCodec)
    train = split.train_sample(0, min(split.n_train, MOST_ROWS))
    test = (
        split.held_out_sample(0, min(split.n_held_out, MOST_ROWS))
        if held_out is None
        else held_out[:MOST_ROWS]
    )
    if min(len(train), len(test)) < LEAST_ROWS:
        raise WganError(
            f"{len(train)} training rows and {len(test)} to compare with: at least {LEAST_ROWS} of"
            " each are needed for a verdict"
        )
    place = codec.place(target) if target else _target(codec, test)
    judge = _Judge(codec, train, test, place, seed)
    progress("real rows")
    real = judge(train).figures | judge.copying_of_real()
    progress("shuffled columns")
    mixed = judge(shuffled(train, numpy_generator(seed, "shuffled"))).figures
    judged = []
    for draw in range(SETS):
        progress(f"generated rows, {draw + 1} of {SETS}")
        judged.append(judge(sample(len(train), draw)))
    names = [column.name for column in codec.learned]
    pairs = [f"{a}, {b}" for i, a in enumerate(names) for b in names[i + 1 :]]
    details = {
        "target": names[place],
        "columns": dict(
            zip(names, np.mean([each.columns for each in judged], axis=0).tolist(), strict=True)
        ),
        "pairs": dict(
            zip(pairs, np.mean([each.pairs for each in judged], axis=0).tolist(), strict=True)
        ),
    }
    of = {"w1-exact": "coded-columns"} | dict.fromkeys(
        ("tstr-auc", "tstr-f1", "tstr-r2"), names[place]
    )
    if against:
        of = {metric: f"{of.get(metric, 'all-columns')}-against-{against}" for metric in METRICS}
    lines = lines_of([each.figures for each in judged], real, mixed, judge.counts, of)
    return Evaluation(
        "wgan-table-2", lines, SETS, len(train), len(test), "columns shuffled", details
    )


def _target(codec: TableCodec, test: np.ndarray) -> int:
    """Return the last column that a model can be trained to tell: it varies, and is a number or has
    few levels.
    """
    for place, column in reversed(list(enumerate(codec.learned))):
        values = test[~np.isnan(test[:, place]), place]
        if len(np.unique(values)) > 1 and (column.is_number or len(column.levels) <= FEW_LEVELS):
            return place
    raise WganError("no column that varies is a number or has few levels: choose one with --target")


@dataclass(frozen=True)
class _Judged:
    figures: dict[str, float]
    columns: np.ndarray
    pairs: np.ndarray


@dataclass(frozen=True)
class _Judge:
    codec: TableCodec
    train: np.ndarray
    test: np.ndarray
    target: int
    seed: int

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of a set each figure takes."""
        k, all_rows = min(len(self.train), len(self.test)), len(self.train)
        some = {
            "c2st-auc": min(k, MOST_DETECTED),
            "w1-exact": min(k, MOST_EXACT),
            "dcr-share": min(all_rows, MOST_NEAREST),
        }
        return {metric: some.get(metric, all_rows) for metric in METRICS}

    def __call__(self, rows: np.ndarray) -> _Judged:
        """Judge rows that are put in place of the training rows."""
        columns, test, k = self.codec.learned, self.test, min(len(self.train), len(self.test))
        shape, trend = shape_errors(columns, rows, test), trend_errors(columns, rows, test)
        use = train_and_test(columns, rows, test, self.target, self.seed)
        counts, near = self.counts, self._nearer(rows[:MOST_NEAREST], self.train[:k], test[:k])
        detected, exact = counts["c2st-auc"], counts["w1-exact"]
        figures = {
            "shape-error": float(shape.mean()),
            "trend-error": float(trend.mean()) if len(trend) else None,
            "tstr-auc": use.auc,
            "tstr-f1": use.f1,
            "tstr-r2": use.r2,
            "c2st-auc": detection_auc(
                rows[:detected], test[:detected], self.seed, categorical(columns)
            ),
            "w1-exact": wasserstein(
                self.codec.measure(rows[:exact]), self.codec.measure(test[:exact])
            ),
            "dcr-share": near.share,
            "dcr-share/half-width": near.half_width,
            "copied-share": copied_share(rows, self.train),
        }
        return _Judged(
            {metric: value for metric, value in figures.items() if value is not None}, shape, trend
        )

    def copying_of_real(self) -> dict[str, float]:
        """Return the figures of copying of held-out rows, which were not copied: against training
        rows and the other half of the held-out ones.
        """
        half = min(len(self.test) // 2, len(self.train))
        return {
            "dcr-share": (
                self._nearer(
                    self.test[half:][:MOST_NEAREST], self.train[:half], self.test[:half]
                ).share
            ),
            "copied-share": copied_share(self.test, self.train),
        }

    def _nearer(self, rows: np.ndarray, train: np.ndarray, holdout: np.ndarray) -> Nearness:
        return nearer_to(*(self.codec.measure(x) for x in (rows, train, holdout)))
