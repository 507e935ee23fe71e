"""What is the verdict on a generated table? Seven or eight figures, each beside the same figure of real rows, and of real rows with shuffled columns.

Protocol: three sets of generated rows, each as many as there are training rows (at most 50,000), fresh from three seeds; means, with a
95 % interval (Student's t) over the sets. `real` puts training rows in their place, `shuffled` training rows with each column shuffled by itself.
All are compared with the held-out rows (at most 50,000). Detection takes equally many rows of both sides (at most 20,000); the distance
to the closest record as many training rows as held-out ones, and at most 10,000 generated rows. W1 is exact, on 1,000 rows as a network sees them.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wgan.data import Split, TableCodec
from wgan.distances import wasserstein
from wgan.errors import WganError
from wgan.evaluation.tables import copied_share, detection_auc, nearer_to, shape_errors, shuffled, train_and_test, trend_errors
from wgan.intervals import Mean, mean_of
from wgan.seeding import numpy_generator

SETS = 3
MOST_ROWS, MOST_DETECTED, MOST_NEAREST, MOST_EXACT = 50_000, 20_000, 10_000, 1000
LEAST_ROWS = 50
FEW_LEVELS = 20
TITLES = {
    "shape-error": ("shape error", "%", "low is good"),
    "trend-error": ("trend error", "%", "low is good"),
    "tstr-auc": ("AUC, trained on it", "", "high is good"),
    "tstr-f1": ("F1, trained on it", "", "high is good"),
    "tstr-r2": ("R2, trained on it", "", "high is good"),
    "c2st-auc": ("detection AUC", "", "0.5: as real"),
    "w1-exact": ("W1", "", "low is good"),
    "dcr-share": ("nearer to training", "%", "50: no copying"),
    "copied-share": ("equal to training", "%", "as real"),
}


@dataclass(frozen=True)
class TableLine:
    """One figure: of generated rows, of real ones, and of real ones with their columns shuffled."""

    metric: str
    generated: Mean
    real: float
    shuffled: float


@dataclass(frozen=True)
class TableVerdict:
    """All figures of a generated table; `columns` and `pairs` are the shape and trend error of each. Each set has `train_rows` rows."""

    lines: tuple[TableLine, ...]
    target: str
    train_rows: int
    held_out_rows: int
    sets: int
    columns: dict[str, float]
    pairs: dict[str, float]

    def line(self, metric: str) -> TableLine:
        """Return the figure of that name."""
        return next(line for line in self.lines if line.metric == metric)

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        return {"protocol": "wgan-table-1", **asdict(self)}


def evaluate_table(
    sample: Callable[[int, int], np.ndarray],
    split: Split,
    target: str | None = None,
    held_out: np.ndarray | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = lambda what: None,
) -> TableVerdict:
    """Return the verdict on a generator of tables, given as a function (n, draw) to `n` raw rows, fresh ones for each draw.

    Args:
        sample: the generator.
        split: the data that it was trained on.
        target: the column that models are trained to tell; none: the last number, or category of at most 20 levels, that varies.
        held_out: rows to compare with; none: the split's own.
        seed: of what is shuffled and of the models that are trained.
        progress: told what is measured.

    Raises:
        WganError: no such target, or fewer than 50 rows on a side.
    """
    codec = split.dataset.codec
    assert isinstance(codec, TableCodec)
    train = split.train_sample(0, min(split.n_train, MOST_ROWS))
    test = split.held_out_sample(0, min(split.n_held_out, MOST_ROWS)) if held_out is None else held_out[:MOST_ROWS]
    if min(len(train), len(test)) < LEAST_ROWS:
        raise WganError(f"{len(train)} training rows and {len(test)} to compare with: at least {LEAST_ROWS} of each are needed for a verdict")
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
    lines = [
        TableLine(metric, mean_of([each.figures[metric] for each in judged]), real[metric], mixed[metric]) for metric in TITLES if metric in real
    ]
    names = [column.name for column in codec.learned]
    pairs = [f"{a}, {b}" for i, a in enumerate(names) for b in names[i + 1 :]]
    by_column = dict(zip(names, np.mean([each.columns for each in judged], axis=0).tolist(), strict=True))
    by_pair = dict(zip(pairs, np.mean([each.pairs for each in judged], axis=0).tolist(), strict=True))
    return TableVerdict(tuple(lines), names[place], len(train), len(test), SETS, by_column, by_pair)


def _target(codec: TableCodec, test: np.ndarray) -> int:
    """Return the last column that a model can be trained to tell: it varies, and is a number or has few levels."""
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

    def __call__(self, rows: np.ndarray) -> _Judged:
        """Judge rows that are put in place of the training rows."""
        columns, test, k = self.codec.learned, self.test, min(len(self.train), len(self.test))
        shape, trend = shape_errors(columns, rows, test), trend_errors(columns, rows, test)
        use = train_and_test(columns, rows, test, self.target, self.seed)
        detected, exact = min(k, MOST_DETECTED), min(k, MOST_EXACT)
        figures = {
            "shape-error": float(shape.mean()),
            "trend-error": float(trend.mean()) if len(trend) else None,
            "tstr-auc": use.auc,
            "tstr-f1": use.f1,
            "tstr-r2": use.r2,
            "c2st-auc": detection_auc(columns, rows[:detected], test[:detected], self.seed),
            "w1-exact": wasserstein(self.codec.measure(rows[:exact]), self.codec.measure(test[:exact])),
            "dcr-share": self._nearer(rows[:MOST_NEAREST], self.train[:k], test[:k]),
            "copied-share": copied_share(rows, self.train),
        }
        return _Judged({metric: value for metric, value in figures.items() if value is not None}, shape, trend)

    def copying_of_real(self) -> dict[str, float]:
        """Return the figures of copying of held-out rows, which were not copied: against training rows and the other half of the held-out ones."""
        half = min(len(self.test) // 2, len(self.train))
        return {
            "dcr-share": self._nearer(self.test[half:][:MOST_NEAREST], self.train[:half], self.test[:half]),
            "copied-share": copied_share(self.test, self.train),
        }

    def _nearer(self, rows: np.ndarray, train: np.ndarray, holdout: np.ndarray) -> float:
        return nearer_to(*(self.codec.measure(x) for x in (rows, train, holdout)))
