"""Inputs of the estimator: its parameters as layers of configuration, and samples in memory."""

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.numbers import as_seed, plain_array
from wgan.config import GOES_ON, Layer
from wgan.config.layers import from_mapping
from wgan.config.sections import DataConfig
from wgan.data import Codec, Dataset, load
from wgan.data.tables.libraries import Frame, as_pandas, is_frame

Samples: TypeAlias = np.ndarray | Tensor | Frame


def layers_of(parameters: Mapping[str, Any]) -> list[Layer]:
    """Return the estimator's parameters as layers of configuration.

    Raises:
        WganError: settings that are no mapping, or a random state that is no seed.
    """
    training = {
        "seed": as_seed(parameters["random_state"]),
        **{name: parameters[name] for name in ("device", "precision", "compile")},
    }
    settings = {} if parameters["settings"] is None else parameters["settings"]
    if not isinstance(settings, Mapping):
        raise WganError(f"settings = {settings!r}: give a dict such as {{'optimizer.lr': 1e-4}}")
    own = {"data": {"labels": "own"}} if parameters["conditional"] else {}
    return [
        *([GOES_ON] if parameters["warm_start"] else []),
        ("conditional", own),
        from_mapping(settings),
        ("WGAN", {"training": training}),
    ]


def load_samples(
    estimator: BaseEstimator, X: Samples, config: DataConfig, conditional: bool, reset: bool
) -> Dataset:
    """Return samples in memory as a data set, checked as scikit-learn checks them.

    Args:
        estimator: whose number of columns and names a matrix has to have.
        X: the samples.
        config: how they are read.
        conditional: whether classes are learned.
        reset: whether the estimator takes over the columns of this matrix.

    Raises:
        WganError: samples that cannot be learned.
        ValueError: a matrix that scikit-learn refuses.
    """
    read = partial(load, kind=config.kind, reading=config.reading)
    if is_frame(X):
        if conditional:
            raise WganError(
                "conditional=True is for classes; each column of a table can be asked for with"
                " sample(where=...): leave it out"
            )
        return read(X, schema=config.schema, labels=config.labels)
    if isinstance(X, Tensor) and X.ndim > 2:
        return read(X)
    raw = X if hasattr(X, "columns") else plain_array(X, "X")
    if np.ndim(raw) > 2:
        return read(check_array(raw, allow_nd=True, dtype=None, ensure_all_finite="allow-nan"))
    return read(validate_data(estimator, raw, dtype="numeric", reset=reset))


def raw_samples(estimator: BaseEstimator, codec: Codec, X: Samples) -> np.ndarray:
    """Return samples of a fitted estimator's kind as the codec stores them.

    Args:
        estimator: whose number of columns and names a matrix has to have.
        codec: of the model.
        X: the samples.

    Raises:
        WganError: samples that are not of the data's kind.
        ValueError: a matrix that scikit-learn refuses.
    """
    if codec.names:
        return codec.unwrap(as_pandas(X) if is_frame(X) else X)
    raw = codec.unwrap(as_pandas(X)) if is_frame(X) else plain_array(X, "X")
    if raw.ndim == 2 or hasattr(estimator, "n_features_in_"):
        raw = validate_data(estimator, raw, reset=False)
    return raw
