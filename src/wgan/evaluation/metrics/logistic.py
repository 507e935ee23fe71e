"""Logistic detection: how well a linear classifier tells generated from real rows, as published.

The score is that of `LogisticDetection` of sdmetrics 0.11.1, which published tables quote. It is 1
where logistic regression cannot tell the rows apart, and 0 where it always can. It sees columns one
by one and no relations, so rows with shuffled columns read 1 too.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from wgan.data.tables.schema import Column
from wgan.evaluation.metric import HIGH, Comparison, Metric
from wgan.evaluation.metrics.rows import TableReference

# Of the definition.
FOLDS = 3
# 256 MiB of codes in float64 for both sides, where a table has many levels.
BYTES = 2**28
# Fewer rows say nothing, however wide they are.
LEAST_ROWS = 200


def logistic_score(
    columns: Sequence[Column],
    x: Float[np.ndarray, "n c"],
    real: Float[np.ndarray, "m c"],
    seed: int = 0,
) -> float:
    """Return 1 - mean over three folds of (2 max(AUC, 1/2) - 1) of logistic regression.

    Categories are one-hot, a missing one being a level. Missing numbers are replaced by the mean of
    the real ones, missing booleans by the more frequent real value. Each coordinate is scaled
    robustly: (x - median) / (third - first quartile). Regression is scikit-learn's with its
    defaults.

    Args:
        columns: what the columns hold.
        x: generated rows.
        real: real rows.
        seed: random seed of the folds.

    >>> rows = np.random.default_rng(0).normal(size=(300, 1))
    >>> round(logistic_score([Column("x", "numeric", "float64")], rows + 9, rows), 3)
    0.0
    """
    codes = [_codes(column, x[:, i], real[:, i]) for i, column in enumerate(columns)]
    rows = np.concatenate([np.concatenate(sides) for sides in codes], axis=1)
    is_real = np.repeat([0, 1], [len(x), len(real)])
    scores = []
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(rows, is_real):
        model = make_pipeline(RobustScaler(), LogisticRegression())
        with warnings.catch_warnings():
            # 100 iterations are part of the definition, whether they suffice or not.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(rows[train], is_real[train])
        auc = roc_auc_score(is_real[test], model.predict_proba(rows[test])[:, 1])
        scores.append(2 * max(auc, 0.5) - 1)
    return float(1 - np.mean(scores))


def _codes(
    column: Column, x: Float[np.ndarray, " n"], real: Float[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "m k"]]:
    """Return the coordinates of one column of generated and of real rows."""
    known = real[~np.isnan(real)]
    if column.kind == "category":
        values = np.unique(np.nan_to_num(real, nan=-1.0))
        one_hot = [np.nan_to_num(side, nan=-1.0)[:, None] == values for side in (x, real)]
        return one_hot[0].astype(np.float64), one_hot[1].astype(np.float64)
    if column.kind == "boolean":
        values, counts = np.unique(known, return_counts=True)
        fill = float(values[counts.argmax()]) if len(values) else 0.0
    else:
        fill = float(known.mean()) if len(known) else 0.0
    filled = [np.where(np.isnan(side), fill, side)[:, None] for side in (x, real)]
    return filled[0], filled[1]


def affordable_rows(columns: Sequence[Column]) -> int:
    """Return how many rows of each side fit into memory as codes.

    Args:
        columns: what the columns hold.
    """
    width = sum(len(c.levels) + 1 if c.kind == "category" else 1 for c in columns)
    return max(LEAST_ROWS, BYTES // (2 * 8 * width))


def _score(c: Comparison[TableReference]) -> float:
    reference = c.reference
    n = reference.most("logistic-score")
    return logistic_score(reference.columns, c.raw[:n], reference.held_out[:n], reference.seed)


LOGISTIC = Metric("logistic-score", "logistic detection score", "", HIGH, _score)
