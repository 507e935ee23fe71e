"""Detection: a classifier two-sample test of generated against real samples.

Lopez-Paz and Oquab (2017), section 3.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from wgan.base.errors import WganError
from wgan.evaluation.metric import HIGH, Comparison, Metric, Reference, features_name

# The usual choice: each sample is scored by a model that was trained on four fifths of the others.
FOLDS = 5
# Boosting takes time in proportion to the columns; features may have hundreds. Chosen here.
MOST_AXES = 32
# scikit-learn's default number of samples in a leaf.
LEAF = 20
# With fewer than 400 rows, leaves hold at least a twentieth of them, so that trees can split.
LEAVES = 20


def detection_auc(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m d"],
    seed: int = 0,
    categorical: Sequence[bool] | None = None,
) -> float:
    """Return how well gradient boosting distinguishes rows of x from rows of y.

    The area under the ROC curve, out of five folds; 0.5 means not at all. It is symmetric up to
    the choice of folds. Missing values (NaN) count as values.

    Args:
        x: rows `[n, d]`.
        y: rows `[m, d]`.
        seed: random seed of folds and model.
        categorical: which columns hold levels instead of numbers.

    Raises:
        WganError: fewer than 5 rows on a side, because each fold needs one.

    >>> rows = np.random.default_rng(0).normal(size=(100, 2))
    >>> detection_auc(rows, rows + 10)
    1.0
    """
    if min(len(x), len(y)) < FOLDS:
        raise WganError(
            f"{len(x)} and {len(y)} rows: a test by {FOLDS} folds needs {FOLDS} or more of each"
        )
    rows = np.concatenate([x, y])
    side = np.repeat([1, 0], [len(x), len(y)])
    model = HistGradientBoostingClassifier(
        categorical_features=categorical,
        min_samples_leaf=min(LEAF, max(1, len(rows) // LEAVES)),
        random_state=seed,
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, rows, side, cv=folds, method="predict_proba")
    return float(roc_auc_score(side, predicted[:, 1]))


def narrowed(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], most: int = MOST_AXES, seed: int = 0
) -> tuple[Float[np.ndarray, "n e"], Float[np.ndarray, "m e"]]:
    """Return wide rows as principal scores, and the length of what these leave out.

    The axes are fitted to both sides together. Axes of one side would fit its own rows better than
    the other's, and a classifier would see the difference.

    Args:
        x: rows `[n, d]`.
        y: rows `[m, d]`.
        most: principal axes; rows that are not wider stay as they are.
        seed: random seed of the randomized decomposition.

    >>> x, y = narrowed(np.ones((4, 2)), np.zeros((3, 2)))
    >>> x.shape, y.shape
    ((4, 2), (3, 2))
    """
    both = np.concatenate([x, y])
    if min(both.shape) <= most:
        return x, y
    axes = PCA(most, svd_solver="randomized", random_state=seed).fit(both)
    scores = axes.transform(both)
    rest = np.linalg.norm(both - axes.inverse_transform(scores), axis=1)
    narrow = np.column_stack([scores, rest])
    return narrow[: len(x)], narrow[len(x) :]


def _of_features(c: Comparison[Reference]) -> float:
    n = c.reference.most("c2st-auc")
    seed = c.reference.seed
    x, y = narrowed(c.features[:n], c.reference.held_out_features[:n], seed=seed)
    return detection_auc(x, y, seed)


def published_score(auc: float) -> float:
    """Return 2 (1 - AUC), at most 1: the form in which papers on tables report detection.

    1 means that the rows cannot be told apart, 0 that they always can.

    Args:
        auc: the area under the ROC curve.

    >>> published_score(0.75), published_score(0.49)
    (0.5, 1.0)
    """
    return min(1.0, 2 * (1 - auc))


def _score(c: Comparison[Reference]) -> float:
    return published_score(c.once(_of_features))


DETECTION = Metric("c2st-auc", "detection AUC", "", "0.5: as real", _of_features, features_name)
DETECTION_SCORE = Metric("c2st-score", "detection, 2 (1 - AUC)", "", HIGH, _score, features_name)
