"""Next-step error: a model is trained on a set of series, and predicts real ones a step ahead."""

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import Ridge

from wgan.evaluation.metric import LOW, Comparison, Metric, Reference
from wgan.evaluation.metrics.temporal import mean_there, sides

PAST = 8
"""Steps that a prediction is made from, or all but the last where there are fewer."""
RIDGE = 1.0
"""Weight of the ridge penalty, scikit-learn's default; features have a variance of about 1."""

Series = Float[np.ndarray, "n t c"]


def next_step_error(train: Series, test: Float[np.ndarray, "m t c"]) -> float | None:
    """Return the mean absolute error of the next step of `test`, by a model fitted to `train`.

    The model is a ridge regression on the values of all channels at the 8 steps before (or all, of
    shorter series). A missing value is 0, the mean, and has a feature of its own. Only values that
    are there are predicted. The figure is the mean of the channels; where `train` has no value of a
    channel to learn from, its mean is predicted.

    Args:
        train: series `[n, T, channels]` in standard deviations, with NaN for what is not there.
        test: series of as many steps and channels.

    Returns:
        The error; None where no value of `test` has so many steps before it.
    """
    past = min(PAST, train.shape[1] - 1)
    x, y = _lagged(train, past)
    x_test, y_test = _lagged(test, past)
    errors = np.full(y.shape[1], np.nan)
    # Features of what is missing are left out where nothing is: they would be constant.
    gaps = bool(np.isnan(x).any() or np.isnan(x_test).any())
    x, x_test = (_features(each, gaps) for each in (x, x_test))
    for i in range(y.shape[1]):
        known, asked = ~np.isnan(y[:, i]), ~np.isnan(y_test[:, i])
        if not asked.any():
            continue
        predicted = np.zeros(int(asked.sum()))
        if known.any():
            model = Ridge(alpha=RIDGE).fit(x[known], y[known, i])
            predicted = model.predict(x_test[asked])
        errors[i] = np.abs(predicted - y_test[asked, i]).mean()
    return mean_there(errors)


def _lagged(x: Series, past: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps before each step, flattened, and the step."""
    windows = np.lib.stride_tricks.sliding_window_view(x, past + 1, axis=1)
    windows = windows.transpose(0, 1, 3, 2).reshape(-1, past + 1, x.shape[2])
    return windows[:, :past].reshape(len(windows), -1), windows[:, past]


def _features(x: np.ndarray, gaps: bool) -> np.ndarray:
    """Return values with 0 where they are missing, and which are."""
    return np.hstack([np.nan_to_num(x), np.isnan(x)]) if gaps else x


def _prediction(c: Comparison[Reference]) -> float | None:
    return next_step_error(*c.once(sides))


PREDICTION = Metric(
    "next-step-mae", "error of the next step, trained on it", "sd", LOW, _prediction
)
