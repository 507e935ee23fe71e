"""Usefulness of generated rows: scores of a model that is trained on them and tested on real rows.

This is TSTR ("train on synthetic, test on real") of Esteban et al. (2017), section 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import f1_score, r2_score, roc_auc_score

from wgan.base.errors import WganError
from wgan.data.tables.schema import Column
from wgan.evaluation.metric import HIGH, Comparison, Metric
from wgan.evaluation.metrics.rows import TableReference

# The most levels that scikit-learn's gradient boosting takes as categories (its bins are bytes).
MOST_CATEGORIES = 255
Table = Float[np.ndarray, "n c"]


@dataclass(frozen=True)
class Usefulness:
    """Scores on real rows: area under the ROC curve and F1 of a class, or R2 of a number."""

    auc: float | None = None
    f1: float | None = None
    r2: float | None = None


class _Task(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    categories: list[bool]
    seed: int


def train_and_test(
    columns: Sequence[Column],
    train: Table,
    test: Float[np.ndarray, "m c"],
    target: int,
    seed: int = 0,
) -> Usefulness:
    """Train gradient boosting to predict one column from the others, and score it.

    Categories, booleans, and numbers that have two values in `test` are classes; other numbers are
    predicted by regression. With two classes, AUC and F1 are those of the class that is rarer in
    `test`. With more, AUC is the mean over classes of one against the rest, and F1 is the mean over
    classes. Rows whose target is missing, or the only one of its class in `train`, are left out.

    Args:
        columns: what the columns hold.
        train: rows to train on, such as generated ones.
        test: rows to score on.
        target: place of the column to predict.
        seed: random seed of the model.

    Raises:
        WganError: a target that does not vary in `test`.

    References:
        Esteban et al. (2017), section 3.
    """
    train, test = (rows[~np.isnan(rows[:, target])] for rows in (train, test))
    if len(np.unique(test[:, target])) < 2:
        raise WganError(
            f"column '{columns[target].name}' does not vary among the rows to test on: choose"
            " another --target"
        )
    others = [i for i in range(len(columns)) if i != target]
    column = columns[target]
    y, y_test = train[:, target], test[:, target]
    # The column decides, and not the rows: a number of two values is a class.
    two = column.is_number and column.is_choice and column.present_states == 2
    if two:
        y, y_test = (column.state_of(values).astype(np.float64) for values in (y, y_test))
    task = _Task(
        x=train[:, others],
        y=y,
        x_test=test[:, others],
        y_test=y_test,
        categories=categorical([columns[i] for i in others]),
        seed=seed,
    )
    return _regress(task) if column.is_number and not two else _classify(task)


def categorical(columns: Sequence[Column]) -> list[bool]:
    """Return which columns gradient boosting takes as categories.

    >>> categorical([Column("k", "category", "str", levels=("a", "b"))])
    [True]
    """
    return [
        not column.is_number and len(column.levels) + column.missing <= MOST_CATEGORIES
        for column in columns
    ]


def _regress(task: _Task) -> Usefulness:
    if len(np.unique(task.y)) < 2:  # nothing to learn: predict the constant
        constant = task.y[0] if len(task.y) else 0.0
        return Usefulness(r2=float(r2_score(task.y_test, np.full(len(task.y_test), constant))))
    model = HistGradientBoostingRegressor(
        categorical_features=task.categories, random_state=task.seed
    ).fit(task.x, task.y)
    return Usefulness(r2=float(r2_score(task.y_test, model.predict(task.x_test))))


def _classify(task: _Task) -> Usefulness:
    classes, frequency = np.unique(task.y_test, return_counts=True)
    predicted, shares = _predictions(task, classes)
    if len(classes) == 2:
        rarer = int(frequency.argmin())
        is_rarer = task.y_test == classes[rarer]
        return Usefulness(
            auc=float(roc_auc_score(is_rarer, shares[:, rarer])),
            f1=float(f1_score(is_rarer, predicted == classes[rarer])),
        )
    each = [roc_auc_score(task.y_test == k, shares[:, i]) for i, k in enumerate(classes)]
    f1 = f1_score(task.y_test, predicted, labels=classes, average="macro")
    return Usefulness(auc=float(np.mean(each)), f1=float(f1))


def _predictions(
    task: _Task, classes: np.ndarray
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m k"]]:
    """Return the predicted class of each test row, and the probability of each class.

    Without two classes to learn from, the prediction is a constant and all probabilities are 0.
    """
    known, counts = np.unique(task.y, return_counts=True)
    # The model sets rows aside to stop early, stratified by class, so a class needs two rows.
    several = np.isin(task.y, known[counts > 1])
    shares = np.zeros((len(task.y_test), len(classes)))
    if len(np.unique(task.y[several])) < 2:
        constant = task.y[0] if len(task.y) else classes[0]
        return np.full(len(task.y_test), constant), shares
    model = HistGradientBoostingClassifier(
        categorical_features=task.categories, random_state=task.seed
    ).fit(task.x[several], task.y[several])
    probabilities = model.predict_proba(task.x_test)
    for k, each in enumerate(model.classes_):
        shares[:, classes == each] = probabilities[:, [k]]
    return model.predict(task.x_test), shares


def _use(c: Comparison[TableReference]) -> Usefulness:
    reference = c.reference
    return train_and_test(
        reference.columns, c.raw, reference.held_out, reference.target, reference.seed
    )


def _score(name: str) -> Callable[[Comparison[TableReference]], float | None]:
    def score(c: Comparison[TableReference]) -> float | None:
        value: float | None = getattr(c.once(_use), name)
        return value

    return score


def _target(reference: TableReference) -> str:
    return reference.target_name


AUC = Metric("tstr-auc", "AUC, trained on it", "", HIGH, _score("auc"), _target)
F1 = Metric("tstr-f1", "F1, trained on it", "", HIGH, _score("f1"), _target)
R2 = Metric("tstr-r2", "R2, trained on it", "", HIGH, _score("r2"), _target)
