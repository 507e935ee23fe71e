"""A run with scikit-learn's face: `WGAN().fit(X).sample(1000)`, with samples as `fit` got them."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.numbers import Seed, as_seed, check_count, plain_array
from wgan.base.places import check_new
from wgan.config import Layer, choose_device, resolve
from wgan.config.layers import from_mapping
from wgan.config.sections import DataConfig
from wgan.data import Codec, Dataset, load
from wgan.data.ecosystem.arrived import Arrived, as_they_are
from wgan.data.ecosystem.families import opened
from wgan.data.ecosystem.frames import Frame
from wgan.evaluation import Evaluation, EvaluationOptions, HeldOutDistance, OwnMetric
from wgan.models import complete, evaluate_model, load_model, sample_where, save_model
from wgan.models.conditions import Where
from wgan.runs import Finish
from wgan.sharing.on_hub import OnHub
from wgan.training import Run

Data: TypeAlias = np.ndarray | Tensor | Frame | str | Path
Samples: TypeAlias = np.ndarray | Tensor | Frame
SIGNS = {"paper": 1.0, "negated": -1.0}


class WGAN(OnHub, BaseEstimator):
    """A generative adversarial network of any variant, as an estimator.

    Args:
        variant: see `wgan variants`; None: wgan-gp, and wgan-lp for tables.
        steps: generator steps; None: the preset's.
        preset: `auto`, `toy`, `vectors`, `tables`, `small-images`, `images` or `residual`.
        random_state: random seed; an int gives the same model again.
        device: `auto`, `cpu`, `cuda` or `mps`.
        precision: `auto`, `float32` or `bfloat16`; auto: bfloat16 for images where the device
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
        random_state: Seed = 0,
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
        """Train on `X`: a DataFrame of any library, vectors `[n, d]`, images `[n, h, w]`,
        `[n, h, w, c]` or `[n, c, h, w]`, data of `datasets`, torch or xarray, or a path or name.

        A fifth of the samples is held out for `held_out_distance()` and `evaluate()`;
        `settings={"data.held_out": 0.05}` holds out fewer. Where `conditional`, `y` `[n]` holds
        each sample's class, a whole number or a name; a path or name brings its own classes, or
        those that the setting `data.labels` names. Otherwise `y` is ignored.

        Raises:
            WganError: data or settings that cannot be used.
        """
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
        layers = self._layers()
        config = resolve(layers).data
        asked = config.labels if y is None else None
        arrived = None if isinstance(X, str | Path) else opened(X, asked)
        data = None if arrived is None else self._load(arrived, config)
        self._like = as_they_are if arrived is None else arrived.like
        has_own = data is None or data.labels is not None
        if self.conditional and (not has_own if y is None else data is None):
            raise WganError(
                "conditional=True: an array needs its labels as y, and a path or name brings its"
                " own, or settings name them"
            )
        if self.conditional and data is not None and y is not None:
            data = data.with_labels(y, "y")
        self._run = Run.open(
            str(X) if data is None else data,
            variant=self.variant,
            steps=self.steps,
            layers=layers,
            preset=self.preset,
        )
        for words in self._run.notes():
            warnings.warn(words, stacklevel=2)
        for _ in self._run.records():
            pass
        self._finish: Finish | None = None
        self.config_ = self._run.config
        self.history_ = self._run.history
        self.model_ = self._run.model
        self.classes_ = self.model_.classes
        own_names = X.columns if isinstance(X, pd.DataFrame) else None
        self._name_columns(self.model_.codec, own_names)
        return self

    def sample(
        self,
        n_samples: int = 1,
        random_state: Seed = 0,
        labels: object = None,
        where: Where = (),
        balance: str | None = None,
    ) -> Samples:
        """Return `n_samples` samples of the kind `fit` got; one `random_state` gives the same ones.

        Args:
            n_samples: number of samples.
            random_state: random seed of the noise.
            labels: of a conditional model, one class, or one for each; None: as in training.
            where: what every row of a table satisfies, or the static columns of every series:
                `{"education": ["Masters", "Doctorate"], "age": (30, 39)}`, a value, a list, or a
                range, ends included and perhaps None; or text, as `age>=30`; or a list of these.
            balance: of these, a column whose levels or few numbers are to be equally frequent.

        Raises:
            WganError: a request that does not fit the data.
        """
        check_is_fitted(self, "model_")
        check_count(n_samples, "n_samples", 1)
        n = int(n_samples)
        seed = as_seed(random_state)
        numbers = None
        if where or balance is not None:
            if labels is not None:
                raise WganError("labels exclude conditions on columns: leave one of them out")
            raw = sample_where(self.model_, n, seed, where, balance).raw
        else:
            numbers = None if labels is None else self.model_.label_numbers(labels, n)
            raw = self.model_.sample(n, seed, numbers)
            if numbers is None and self.classes_:
                numbers = self.model_.draw_labels(n, seed)
        samples = self.model_.codec.wrap(raw)
        if isinstance(samples, pd.DataFrame):
            samples = samples.set_axis(self._columns, axis=1)
        return self._like(samples, None if numbers is None else np.array(self.classes_)[numbers])

    def complete(self, X: Frame, n_completions: int = 1, random_state: Seed = 0) -> Frame:
        """Return rows of a table, each `n_completions` times, with their missing cells drawn, given
        the cells that they have. Columns of the table that `X` lacks are drawn too.

        Raises:
            WganError: a model of no table, or a value that its column cannot have.
        """
        check_is_fitted(self, "model_")
        check_count(n_completions, "n_completions", 1)
        names = getattr(self, "_columns", None)
        completed = complete(self.model_, X, int(n_completions), as_seed(random_state), names)
        for note in completed.notes:
            warnings.warn(note, stacklevel=2)
        return completed.frame

    def score_samples(
        self,
        X: Samples,
        convention: Literal["paper", "negated"] = "paper",
        labels: object = None,
    ) -> np.ndarray:
        """Return the critic's score of each sample, `[n]`; of a conditional model, as one of the
        class that `labels` gives.

        In the papers' convention real samples score high; `negated` is that of courses where they
        score low. A score has no zero point: only differences mean something.

        Raises:
            WganError: another convention, or samples that are not of the data's kind.
        """
        check_is_fitted(self, "model_")
        if convention not in SIGNS:
            raise WganError(
                f"convention = {convention!r}: choose 'paper' (real scores high) or 'negated'"
            )
        codec = self.model_.codec
        arrived = opened(X)
        values = load(arrived).rows[:] if arrived.is_encoded else arrived.values
        if codec.names:
            return SIGNS[convention] * self.model_.scores(codec.unwrap(values))
        raw = codec.unwrap(values) if arrived.is_table else plain_array(values, "X")
        if raw.ndim == 2 or hasattr(self, "n_features_in_"):
            raw = validate_data(self, raw, reset=False)
        numbers = None if labels is None else self.model_.label_numbers(labels, len(raw))
        return SIGNS[convention] * self.model_.scores(raw, numbers)

    def save(self, folder: str | Path) -> None:
        """Write the model into a new or empty folder, as safetensors and JSON.

        Raises:
            WganError: the folder holds files already.
        """
        check_is_fitted(self, "model_")
        folder = Path(folder)
        check_new(folder, "choose a new folder", folder=True)
        save_model(self.model_, folder)

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto") -> "WGAN":
        """Return a fitted estimator from what `save`, or a run, left in a folder.

        Raises:
            WganError: no model there, or no such device.
        """
        model = load_model(Path(folder), choose_device(device))
        estimator = cls(model.variant, device=device, conditional=bool(model.classes))
        estimator.model_ = model
        estimator.classes_ = model.classes
        estimator._like = as_they_are
        estimator._name_columns(model.codec)
        if not model.codec.names and not model.codec.raw_shape[1:]:
            estimator.n_features_in_ = model.codec.raw_shape[0]
        return estimator

    def finish(self) -> Finish:
        """Return what the run ended with: the held-out distance, the critic's headroom, and a
        diagnosis in words. It is computed at the first call.

        Raises:
            WganError: a loaded model, which has no data to be measured on.
        """
        self._check_data()
        if self._finish is None:
            self._finish = self._run.finish()
        return self._finish

    def held_out_distance(self) -> HeldOutDistance:
        """Return how far generated samples are from held-out ones, beside real ones: the exact
        W1. Errors as `finish`.
        """
        return self.finish().held_out

    def diagnosis(self) -> tuple[str, ...]:
        """Return what went wrong in training, if anything, and what to do next, in sentences.
        Errors as `finish`.
        """
        return self.finish().diagnosis

    def evaluate(
        self, options: EvaluationOptions | None = None, metrics: Sequence[OwnMetric] = ()
    ) -> Evaluation:
        """Return all figures of the generator on held-out data, as `wgan evaluate` does.

        Args:
            options: what the evaluation of this kind of data takes; None: the defaults.
            metrics: metrics of your own.

        Raises:
            WganError: a loaded model, or options that do not fit the data.
        """
        self._check_data()
        seed = self.config_.training.seed
        options = options or EvaluationOptions()
        return evaluate_model(self.model_, self._run.split, options, seed, metrics)

    def _check_data(self) -> None:
        check_is_fitted(self, "model_")
        if not hasattr(self, "_run"):
            raise WganError(
                "a loaded model has no data to be measured on: fit one, or see the run's folder"
            )

    def _layers(self) -> list[Layer]:
        """Return the estimator's parameters as layers of configuration."""
        training = {
            "seed": as_seed(self.random_state),
            "device": self.device,
            "precision": self.precision,
            "compile": self.compile,
        }
        settings = {} if self.settings is None else self.settings
        if not isinstance(settings, Mapping):
            raise WganError(
                f"settings = {settings!r}: give a dict such as {{'optimizer.lr': 1e-4}}"
            )
        own = {"data": {"labels": "own"}} if self.conditional else {}
        return [
            ("conditional", own),
            from_mapping(settings),
            ("WGAN", {"training": training}),
        ]

    def _name_columns(self, codec: Codec, columns: Any = None) -> None:
        """Keep the names of named columns; `columns` are the user's own, of any type."""
        if codec.names:
            same = columns is not None and len(columns) == len(codec.names)
            self._columns: list[Any] = list(columns if same else codec.names)
            self.feature_names_in_ = np.array(codec.names, dtype=object)
            self.n_features_in_ = len(codec.names)

    def _load(self, arrived: Arrived, config: DataConfig) -> Dataset:
        read = partial(load, kind=config.kind, reading=config.reading)
        if arrived.is_table:
            if self.conditional:
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
            X = validate_data(self, X, dtype="numeric")
        return read(replace(arrived, values=X))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")
