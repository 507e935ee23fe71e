"""Inputs of the estimator: its parameters as layers of configuration, and samples in memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
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
from wgan.data.dataset import WHOLE
from wgan.data.ecosystem.arrived import Arrived, Like
from wgan.data.ecosystem.families import opened
from wgan.data.ecosystem.frames import Frame
from wgan.data.ecosystem.torch_data import LikeTorch
from wgan.data.objects import say_notes

COLUMNS = ("n_features_in_", "feature_names_in_")
"""What scikit-learn knows of the columns of the data."""
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
    estimator: BaseEstimator, arrived: Arrived, config: DataConfig, conditional: bool, reset: bool
) -> Dataset:
    """Return samples in memory as a data set, checked as scikit-learn checks them.

    Args:
        estimator: whose number of columns and names a matrix has to have.
        arrived: the samples, as an object of any library holds them.
        config: how they are read.
        conditional: whether classes are learned.
        reset: whether the estimator takes over the columns of this matrix.

    Raises:
        WganError: samples that cannot be learned.
        ValueError: a matrix that scikit-learn refuses.
    """
    read = partial(load, kind=config.kind, reading=config.reading)
    if arrived.is_table:
        if conditional:
            raise WganError(
                "conditional=True is for classes; each column of a table can be asked for with"
                " sample(where=...): leave it out"
            )
        return read(arrived, schema=config.schema, labels=config.labels)
    X = arrived.values
    if arrived.is_encoded or (isinstance(X, Tensor) and X.ndim > 2):
        return read(arrived, resize=config.resize, mode=config.mode)
    X = plain_array(X, "X")
    if X.ndim > 2:
        X = check_array(X, allow_nd=True, dtype=None, ensure_all_finite="allow-nan")
    else:
        X = validate_data(estimator, X, dtype="numeric", reset=reset)
    return read(replace(arrived, values=X))


@contextmanager
def columns_restored(estimator: BaseEstimator) -> Iterator[None]:
    """Within, an error leaves the estimator with the columns that it had before.

    Args:
        estimator: the estimator.
    """
    kept = {name: vars(estimator)[name] for name in COLUMNS if name in vars(estimator)}
    try:
        yield
    except BaseException:
        for name in COLUMNS:
            vars(estimator).pop(name, None)
        vars(estimator).update(kept)
        raise


def like_classes(like: Like, classes: tuple[str, ...]) -> Like:
    """Return the way back to a library for classes that came beside its samples.

    Args:
        like: the way back for the samples alone.
        classes: the names of the classes.
    """
    if not isinstance(like, LikeTorch):
        return like
    if all(WHOLE.fullmatch(name) for name in classes):
        return LikeTorch(())  # numbers stay as they are
    return like if set(classes) <= set(like.names) else LikeTorch(classes)


def raw_samples(
    estimator: BaseEstimator, codec: Codec, X: Samples
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return samples of a fitted estimator's kind as the codec stores them, and their own classes.

    They are read as those that `fit` got, which a loaded estimator does not know.

    Args:
        estimator: whose number of columns and names a matrix has to have.
        codec: of the model.
        X: the samples.

    Raises:
        WganError: samples that are not of the data's kind.
        ValueError: a matrix that scikit-learn refuses.
    """
    config = estimator.config_.data if hasattr(estimator, "config_") else DataConfig()
    column = config.labels if config.labels in getattr(X, "column_names", ()) else None
    arrived = opened(X, column)
    say_notes(arrived)
    return _raw(estimator, codec, replace(arrived, labels=None, notes=()), config), arrived.labels


def _raw(
    estimator: BaseEstimator, codec: Codec, arrived: Arrived, config: DataConfig
) -> np.ndarray:
    """Return samples as the codec stores them; whole series are cut as those of `fit` were."""
    read = partial(load, kind=config.kind, reading=config.reading)
    if arrived.is_encoded:
        return read(arrived, resize=config.resize, mode=config.mode).rows[:]
    is_cut = config.reading.window is not None
    if codec.names or arrived.is_table:
        try:
            raw = codec.unwrap(arrived.values)
        except WganError:
            if not (is_cut and arrived.is_table):
                raise
            return read(arrived).rows[:]
        if codec.names:
            return raw
    else:
        raw = plain_array(arrived.values, "X")
    if raw.ndim == 2 or (hasattr(estimator, "n_features_in_") and not is_cut):
        raw = validate_data(estimator, raw, reset=False)
    return read(replace(arrived, values=raw)).rows[:] if is_cut and raw.ndim == 2 else raw
