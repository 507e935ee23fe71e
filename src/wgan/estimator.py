"""How does a WGAN look to scikit-learn's users? `WGAN().fit(X).sample(1000)`, with samples of the
kind that `fit` got.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from wgan.base.errors import WganError
from wgan.config import choose_device, configure
from wgan.config.layers import Layer
from wgan.data import Dataset, TableCodec, load
from wgan.data.dataset import class_values
from wgan.evaluation import (
    Evaluation,
    EvaluationOptions,
    HeldOutDistance,
    Watch,
    evaluate,
    held_out_distance,
)
from wgan.models import load_model, sample_where, sampler, sampler_of_classes, save_model
from wgan.models.conditions import Where
from wgan.training import model_of, prepare, train

Data: TypeAlias = np.ndarray | Tensor | pd.DataFrame | str | Path
Samples: TypeAlias = np.ndarray | Tensor | pd.DataFrame
SIGNS = {"paper": 1.0, "negated": -1.0}


class WGAN(BaseEstimator):
    """A generative adversarial network of any variant, as an estimator.

    Args:
        variant: a row of the table, see `wgan variants`; none: wgan-gp, of tables wgan-lp.
        steps: generator steps; none: the preset's.
        preset: `auto`, `toy`, `vectors`, `tables`, `small-images`, `images` or `residual`.
        random_state: names every random draw; an int gives the same model again.
        device: `auto`, `cpu`, `cuda` or `mps`.
        precision: `auto`, `float32` or `bfloat16`; auto: bfloat16 for pictures where the device
            computes in it.
        compile: compile the losses.
        conditional: learn the classes that `fit` gets as `y`, or the data's own, so that `sample`
            takes `labels`.
        settings: more of the configuration, `{"optimizer.lr": 2e-4}`.

    Attributes:
        model_: the averaged generator, its critic and the codec of the data.
        config_: the resolved configuration.
        history_: one dict a logged step, as in a run's `metrics.jsonl`.
        classes_: names of the classes, `()` unless conditional.
        n_features_in_: columns of the data, where it is a matrix.

    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> WGAN(steps=2).fit(X).sample(3).shape
    (3, 2)
    """

    def __init__(
        self,
        variant: str | None = None,
        *,
        steps: int | None = None,
        preset: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
        device: str = "auto",
        precision: str = "auto",
        compile: bool = False,
        conditional: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.variant = variant
        self.steps = steps
        self.preset = preset
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.compile = compile
        self.conditional = conditional
        self.settings = settings

    def fit(self, X: Data, y: object = None) -> "WGAN":
        """Train on `X`: a DataFrame, vectors `[n, d]`, pictures `[n, h, w]`, `[n, h, w, c]` or `[n,
        c, h, w]`, or a path or name.

        A fifth of the samples is held out for `verdict()`; `settings={"data.held_out": 0.05}` holds
        out fewer. Where `conditional`, `y` `[n]` holds each sample's class, a whole number or a
        name; of a path or name, its own classes are taken, or those that the setting `data.labels`
        names. Otherwise `y` is ignored.

        Raises:
            WganError: data or settings that cannot be used.
        """
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                delattr(self, name)
        data = None if isinstance(X, str | Path) else self._load(X)
        if self.conditional and (y is None) != (data is None):
            raise WganError(
                "conditional=True: an array needs its labels as y, and a path or name brings its"
                " own, or settings name them"
            )
        if self.conditional and data is not None:
            data = data.with_labels(y, "y")
        flags = {
            "training": {
                "seed": self._seed(),
                "device": self.device,
                "precision": self.precision,
                "compile": self.compile,
            }
        }
        if self.steps is not None:
            flags["training"]["steps"] = self.steps
        layers: list[Layer] = (
            [("conditional", {"data": {"labels": "own"}})] if self.conditional else []
        )
        layers += [
            ("settings", _nested(self.settings or {})),
            ("WGAN", flags | ({"objective": {"variant": self.variant}} if self.variant else {})),
        ]
        layers += [("WGAN", {"data": {"source": str(X) if data is None else data.name}})]
        self.config_, data = configure(layers, self.preset, data)
        if isinstance(data.codec, TableCodec) and not isinstance(X, pd.DataFrame):
            self._name_columns(data.codec)
        state = prepare(self.config_, data)
        self._split = data.split(self.config_.data.held_out, self.config_.data.split_seed)
        watch = Watch(self._split) if self.config_.training.stop_when_converged else None
        self.history_ = [
            record.metrics
            for record in train(state, self.config_, data, watch=watch)
            if record.metrics
        ]
        state.average.eval()
        self.model_ = model_of(state, self.config_, data)
        self._as_tensor = isinstance(X, Tensor)
        self.classes_ = self.model_.classes
        return self

    def sample(
        self,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = 0,
        labels: object = None,
        where: Where = (),
        balance: str | None = None,
    ) -> Samples:
        """Return `n_samples` samples, of the kind `fit` got; the same `random_state` gives the same
        ones.

        Args:
            n_samples: how many.
            random_state: names the noise.
            labels: of a conditional model, one class for all or one for each; without it they are
                as frequent as in training.
            where: of a table, what every row satisfies: `{"education": "Masters", "age": (30,
                39)}`, ends included and perhaps none, or text such as `age>=30`, one or several.
            balance: of a table, a category whose levels are to be equally frequent.

        Raises:
            WganError: what was asked for does not fit the data.
        """
        check_is_fitted(self, "model_")
        if n_samples < 1:
            raise WganError(f"n_samples = {n_samples}: give 1 or more")
        if where or balance:
            raw = sample_where(self.model_, n_samples, _as_seed(random_state), where, balance).raw
        else:
            raw = self.model_.sample(
                n_samples,
                _as_seed(random_state),
                None if labels is None else self._numbers(labels, n_samples),
            )
        if isinstance(self.model_.codec, TableCodec):
            return self.model_.codec.frame(raw).set_axis(self._columns, axis=1)
        return torch.from_numpy(raw) if self._as_tensor else raw

    def score_samples(
        self, X: Samples, convention: Literal["paper", "negated"] = "paper", labels: object = None
    ) -> np.ndarray:
        """Return the critic's score of each sample, `[n]`; of a conditional model, as one of the
        class that `labels` gives.

        In the papers' convention real samples score high; `negated` is that of courses where they
        score low. A score has no zero point: only differences mean something.
        """
        check_is_fitted(self, "model_")
        if convention not in SIGNS:
            raise WganError(
                f"convention = {convention!r}: choose 'paper' (real scores high) or 'negated'"
            )
        if isinstance(self.model_.codec, TableCodec):
            if not isinstance(X, pd.DataFrame):
                raise WganError(
                    "this model was fitted on a table: give a DataFrame with its columns"
                )
            return SIGNS[convention] * self.model_.scores(
                self.model_.codec.matrix(X.rename(columns=str))
            )
        raw = X.detach().cpu().numpy() if isinstance(X, Tensor) else np.asarray(X)
        if raw.ndim == 2 or hasattr(self, "n_features_in_"):
            raw = validate_data(self, raw, reset=False)
        return SIGNS[convention] * self.model_.scores(
            raw, None if labels is None else self._numbers(labels, len(raw))
        )

    def save(self, folder: str | Path) -> None:
        """Write the model into a new or empty folder, as safetensors and JSON."""
        check_is_fitted(self, "model_")
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise WganError(
                f"{folder}: is there already: choose a new folder, nothing is overwritten"
            )
        save_model(self.model_, folder)

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto") -> "WGAN":
        """Return a fitted estimator from what `save`, or a run, left in a folder."""
        model = load_model(Path(folder), choose_device(device))
        estimator = cls(model.variant, device=device, conditional=bool(model.classes))
        estimator.model_, estimator.classes_ = model, model.classes
        estimator._as_tensor = False
        if isinstance(model.codec, TableCodec):
            estimator._name_columns(model.codec)
        elif len(model.codec.shape) == 1:
            estimator.n_features_in_ = model.codec.shape[0]
        return estimator

    def verdict(self, target: str | None = None) -> HeldOutDistance | Evaluation:
        """Return how far generated samples are from held-out ones, beside real ones: the exact
        distance; of tables all their figures.

        `target`, of tables, is the column that models are trained to tell; unless given the last
        that is a number or has few levels.
        """
        check_is_fitted(self, "model_")
        if not hasattr(self, "_split"):
            raise WganError(
                "a loaded model has no data to be measured on: fit one, or see the run's"
                " verdict.json"
            )
        seed = self.config_.training.seed
        if isinstance(self.model_.codec, TableCodec):
            options = EvaluationOptions(target=target)
            return evaluate(sampler(self.model_, seed), self._split, options)
        return held_out_distance(
            sampler(self.model_, seed), self._split, sampler_of_classes(self.model_, seed)
        )

    def _numbers(self, labels: object, n: int) -> np.ndarray:
        """Return the class number of each label, given one for all or one for each of `n`."""
        one = (
            isinstance(labels, str | bytes)
            or not hasattr(labels, "__len__")
            or np.ndim(np.asarray(labels)) == 0
        )
        names = class_values([labels] if one else labels, 1 if one else n)
        numbers = np.array(
            [self.model_.label(str(name)) for name in names.tolist()], dtype=np.int64
        )
        return np.repeat(numbers, n) if one else numbers

    def _name_columns(self, codec: TableCodec) -> None:
        self._columns: list[Any] = [column.name for column in codec.columns]
        self.feature_names_in_ = np.array([column.name for column in codec.columns], dtype=object)
        self.n_features_in_ = len(codec.columns)

    def _load(self, X: np.ndarray | Tensor | pd.DataFrame) -> Dataset:
        if isinstance(X, pd.DataFrame):
            if self.conditional:
                raise WganError(
                    "conditional=True is for classes; each column of a table can be asked for with"
                    " sample(where=...): leave it out"
                )
            data = load(X, schema=(self.settings or {}).get("data.schema"))
            assert isinstance(data.codec, TableCodec)
            self._name_columns(data.codec)
            self._columns = list(X.columns)
            return data
        if isinstance(X, Tensor) and X.ndim > 2:
            return load(X)
        raw = X.detach().cpu().numpy() if isinstance(X, Tensor) else X
        if np.ndim(raw) > 2:
            return load(check_array(raw, allow_nd=True, dtype=None))
        return load(validate_data(self, raw, dtype="numeric"))

    def _seed(self) -> int:
        return _as_seed(self.random_state)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")


def _as_seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _nested(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        section, dot, entry = key.partition(".")
        if not dot:
            raise WganError(
                f"settings: {key!r} names no section: write 'optimizer.lr', for example"
            )
        nested.setdefault(section, {})[entry] = value
    return nested
