"""How good are the rows of a generated table? Columns alone, pairs of columns, use in training,
detection, copying: each beside real rows.

A table is a matrix `[n, columns]` as its codec stores it: numbers, seconds, numbers of levels, NaN
where missing. Shape and trend are those that Zhang et al. (2024, TabSyn), section 4.1, report, but
that a missing value counts as a value of its own, except in correlations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import f1_score, r2_score, roc_auc_score

from wgan.base.errors import WganError
from wgan.data.tables.schema import Column

BINS = 10
MOST_CATEGORIES = 255
"""Gradient boosting takes columns of more levels as numbers."""
Table = Float[np.ndarray, "n c"]


def shape_errors(
    columns: Sequence[Column], x: Table, y: Float[np.ndarray, "m c"]
) -> Float[np.ndarray, " c"]:
    """Return how far each column's distribution in x is from that in y, 0 to 1.

    Numbers: the Kolmogorov-Smirnov distance sup_t |F(t) - G(t)|, a missing value counting as larger
    than all. Categories: the total variation distance 1/2 sum |p - q|, a missing value counting as
    a level.
    """
    return np.array(
        [
            _kolmogorov_smirnov(x[:, i], y[:, i])
            if c.is_number
            else _total_variation(x[:, i], y[:, i])
            for i, c in enumerate(columns)
        ]
    )


def _kolmogorov_smirnov(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]) -> float:
    x, y = (np.sort(np.where(np.isnan(values), np.inf, values)) for values in (x, y))
    at = np.concatenate([x, y])
    return float(
        np.abs(
            np.searchsorted(x, at, "right") / len(x) - np.searchsorted(y, at, "right") / len(y)
        ).max()
    )


def _total_variation(x: np.ndarray, y: np.ndarray) -> float:
    both = np.concatenate([x, y])
    codes = np.unique(np.where(np.isnan(both), -1, both), return_inverse=True)[1]
    p, q = (
        np.bincount(part, minlength=codes.max() + 1) / len(part)
        for part in (codes[: len(x)], codes[len(x) :])
    )
    return float(0.5 * np.abs(p - q).sum())


def trend_errors(
    columns: Sequence[Column], x: Table, y: Float[np.ndarray, "m c"]
) -> Float[np.ndarray, " pairs"]:
    """Return how far each pair of columns goes together differently in x and in y, 0 to 1, pairs in
    the order (0, 1), (0, 2), ...

    Two numbers: half the difference of their Pearson correlations, over rows that have both; of a
    column that does not vary it is 0. Otherwise: the total variation distance of the joint
    frequencies, numbers in 10 bins of equal width over their range in y.
    """
    coded = [_binned(column, x[:, i], y[:, i]) for i, column in enumerate(columns)]
    errors = []
    for i, j in _pairs(len(columns)):
        if columns[i].is_number and columns[j].is_number:
            errors.append(abs(_correlation(x[:, i], x[:, j]) - _correlation(y[:, i], y[:, j])) / 2)
        else:
            (a, b), (c, d) = coded[i], coded[j]
            size = max(c.max(), d.max()) + 1
            errors.append(
                _total_variation(
                    (a * size + c).astype(np.float64), (b * size + d).astype(np.float64)
                )
            )
    return np.array(errors)


def _pairs(n: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(n) for j in range(i + 1, n))


def _binned(
    column: Column, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " m"]
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"]]:
    """Return bins or levels, counted from 1; 0 is missing."""
    if not column.is_number:
        x, y = (np.where(np.isnan(values), -1, values) + 1 for values in (x, y))
        return x.astype(np.int64), y.astype(np.int64)
    present = y[~np.isnan(y)]
    edges = (
        np.linspace(present.min(), present.max(), BINS + 1)[1:-1] if len(present) else np.zeros(1)
    )
    binned = [
        np.where(np.isnan(values), 0, np.searchsorted(edges, np.nan_to_num(values), "right") + 1)
        for values in (x, y)
    ]
    return binned[0].astype(np.int64), binned[1].astype(np.int64)


def _correlation(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


@dataclass(frozen=True)
class Usefulness:
    """Scores on real rows of a model trained on others: area under the ROC curve and F1 of a
    category, R2 of a number.
    """

    auc: float | None = None
    f1: float | None = None
    r2: float | None = None


def train_and_test(
    columns: Sequence[Column],
    train: Table,
    test: Float[np.ndarray, "m c"],
    target: int,
    seed: int = 0,
) -> Usefulness:
    """Train gradient boosting on `train` to tell column `target` from the others, and score it on
    `test` (TSTR, where `train` is generated).

    Esteban et al. (2017), section 3. Of two classes, AUC and F1 are those of the rarer in `test`;
    of more, AUC is the mean over classes of one against the rest, and F1 the mean over classes.
    Rows whose target is missing, or alone of its class in `train`, are left out.

    Raises:
        WganError: a target that does not vary in `test`.
    """
    train, test = (rows[~np.isnan(rows[:, target])] for rows in (train, test))
    if len(np.unique(test[:, target])) < 2:
        raise WganError(
            f"column '{columns[target].name}' does not vary among the rows to test on: choose"
            " another --target"
        )
    others = [i for i in range(len(columns)) if i != target]
    sides = train[:, others], train[:, target], test[:, others], test[:, target]
    categories = categorical([columns[i] for i in others])
    return (
        _regress(*sides, categories, seed)
        if columns[target].is_number
        else _classify(*sides, categories, seed)
    )


def categorical(columns: Sequence[Column]) -> list[bool]:
    """Return which columns gradient boosting takes as categories."""
    return [
        not column.is_number and len(column.levels) + column.missing <= MOST_CATEGORIES
        for column in columns
    ]


def _regress(
    x: np.ndarray,
    y: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    categories: list[bool],
    seed: int,
) -> Usefulness:
    if len(np.unique(y)) < 2:  # nothing to learn: a constant is told
        return Usefulness(r2=float(r2_score(y_test, np.full(len(y_test), y[0] if len(y) else 0.0))))
    model = HistGradientBoostingRegressor(categorical_features=categories, random_state=seed).fit(
        x, y
    )
    return Usefulness(r2=float(r2_score(y_test, model.predict(x_test))))


def _classify(
    x: np.ndarray,
    y: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    categories: list[bool],
    seed: int,
) -> Usefulness:
    known, counts = np.unique(y, return_counts=True)
    several = np.isin(y, known[counts > 1])  # the model cannot part one row of a class
    classes, frequency = np.unique(y_test, return_counts=True)
    shares, told = (
        np.zeros((len(y_test), len(classes))),
        np.full(len(y_test), y[0] if len(y) else classes[0]),
    )
    if len(np.unique(y[several])) > 1:
        model = HistGradientBoostingClassifier(
            categorical_features=categories, random_state=seed
        ).fit(x[several], y[several])
        told, found = model.predict(x_test), model.predict_proba(x_test)
        for k, each in enumerate(model.classes_):
            shares[:, classes == each] = found[:, [k]]
    if len(classes) == 2:
        rarer = int(frequency.argmin())
        one = y_test == classes[rarer]
        return Usefulness(
            float(roc_auc_score(one, shares[:, rarer])),
            float(f1_score(one, told == classes[rarer])),
        )
    auc = np.mean([roc_auc_score(y_test == each, shares[:, k]) for k, each in enumerate(classes)])
    return Usefulness(float(auc), float(f1_score(y_test, told, labels=classes, average="macro")))


def copied_share(x: Table, train: Float[np.ndarray, "m c"]) -> float:
    """Return the share of rows of x that equal a row of `train` in every column."""
    known = {
        row.tobytes()
        for row in np.ascontiguousarray(np.where(np.isnan(train), np.inf, train) + 0.0)
    }
    return float(
        np.mean(
            [
                row.tobytes() in known
                for row in np.ascontiguousarray(np.where(np.isnan(x), np.inf, x) + 0.0)
            ]
        )
    )


def shuffled(x: Table, random: np.random.Generator) -> Table:
    """Return x with each column in an order of its own: every column's distribution is kept, and
    nothing that goes together.
    """
    return np.stack([random.permutation(x[:, i]) for i in range(x.shape[1])], axis=1)
