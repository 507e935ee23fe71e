"""Can a classifier tell generated samples from real ones? A classifier two-sample test: Lopez-Paz
and Oquab (2017), section 3.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from wgan.base.errors import WganError

FOLDS = 5
MOST_AXES = 32
LEAF = 20


def detection_auc(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m d"],
    seed: int = 0,
    categorical: Sequence[bool] | None = None,
) -> float:
    """Return how well gradient boosting tells rows of x from rows of y: area under the ROC curve,
    out of five folds; 0.5: it cannot.

    Symmetric but for the folds that `seed` names. Gaps (NaN) count as values; `categorical` marks
    columns of levels.

    Raises:
        WganError: fewer than 5 rows on a side: each fold needs one.

    >>> rows = np.random.default_rng(0).normal(size=(100, 2))
    >>> detection_auc(rows, rows + 10)
    1.0
    """
    if min(len(x), len(y)) < FOLDS:
        raise WganError(
            f"{len(x)} and {len(y)} rows: a test by {FOLDS} folds needs {FOLDS} or more of each"
        )
    rows, side = np.concatenate([x, y]), np.repeat([1, 0], [len(x), len(y)])
    leaf = min(
        LEAF, max(1, len(rows) // 20)
    )  # of few rows smaller leaves, or nothing could be told
    model = HistGradientBoostingClassifier(
        categorical_features=categorical, min_samples_leaf=leaf, random_state=seed
    )
    told = cross_val_predict(
        model,
        rows,
        side,
        cv=StratifiedKFold(FOLDS, shuffle=True, random_state=seed),
        method="predict_proba",
    )
    return float(roc_auc_score(side, told[:, 1]))


def narrowed(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], most: int = MOST_AXES, seed: int = 0
) -> tuple[Float[np.ndarray, "n e"], Float[np.ndarray, "m e"]]:
    """Return rows wider than `most` as their scores on so many principal axes, and the length of
    what those leave out.

    The axes are those of both sides together: were they of one, its rows would fit them better than
    the other's, and so be told apart.
    """
    both = np.concatenate([x, y])
    if min(both.shape) <= most:
        return x, y
    axes = PCA(most, svd_solver="randomized", random_state=seed).fit(both)
    scores = axes.transform(both)
    narrow = np.column_stack(
        [scores, np.linalg.norm(both - axes.inverse_transform(scores), axis=1)]
    )
    return narrow[: len(x)], narrow[len(x) :]
