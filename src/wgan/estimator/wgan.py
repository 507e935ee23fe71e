"""The estimator: a run with scikit-learn's face. Samples are of the kind that `fit` got."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.numbers import Seed
from wgan.base.provenance import provenance
from wgan.config import choose_device, resolve
from wgan.data import Codec
from wgan.data.ecosystem.arrived import Like, as_they_are
from wgan.data.ecosystem.families import opened
from wgan.data.ecosystem.frames import Frame
from wgan.estimator.fitted import Fitted
from wgan.estimator.inputs import (
    COLUMNS,
    columns_restored,
    layers_of,
    like_classes,
    load_samples,
)
from wgan.models import load_model
from wgan.sharing.on_hub import OnHub
from wgan.training import Run
from wgan.training.further import go_on

Data: TypeAlias = np.ndarray | Tensor | Frame | str | Path


class WGAN(OnHub, Fitted):
    """A generative adversarial network of any variant, as an estimator.

    Read more in `docs/how-to/scikit-learn.md`.

    Parameters
    ----------
    variant : str or None, default=None
        Variant, see `wgan variants`. None: wgan-gp, and wgan-lp for tables.
    steps : int or None, default=None
        Generator steps, counted from the first fit. None: those of the preset.
    preset : str, default="auto"
        Settings that suit a kind of data: `auto`, `toy`, `vectors`, `tables`, `small-images`,
        `images`, `series` or `residual`.
    random_state : int, default=0
        Random seed. One seed gives one model.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        Device that trains and samples.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of the networks. auto: bfloat16 for images if the device computes in it.
    compile : bool, default=False
        Compile the losses.
    conditional : bool, default=False
        Learn the classes that `fit` gets as `y`, or the data's own, so that `sample` takes
        `labels`.
    warm_start : bool, default=False
        Let a second fit on the same data add steps to the first one, up to `steps` in all. On a
        CPU the model is then, bit for bit, the one that a single fit of as many steps gives.
        Presets keep the learning rate, because a rate that falls to zero ends a run.
    settings : dict or None, default=None
        More of the configuration, such as `{"optimizer.lr": 2e-4}`.

    Attributes
    ----------
    model_ : wgan.models.Model
        The averaged generator, its critic and the codec of the data.
    config_ : wgan.config.Config
        The resolved configuration.
    history_ : list of dict
        The logged steps, as in the file `metrics.jsonl` of a run.
    classes_ : tuple of str
        Names of the classes; empty unless conditional.
    n_features_in_ : int
        Columns of the data, if they have columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if they have names.

    See Also
    --------
    sklearn.mixture.GaussianMixture : A density that can be sampled, for few columns.
    sklearn.neighbors.KernelDensity : A density that needs no training.

    Notes
    -----
    A fifth of the samples that `fit` gets is held out. `settings={"data.held_out": 0.05}` holds out
    fewer. There is no `partial_fit`, because a run learns from one set of data. There are no sample
    weights.

    References
    ----------
    Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville (2017), "Improved Training of Wasserstein
    GANs".

    Examples
    --------
    >>> import numpy as np
    >>> from wgan import WGAN
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
        warm_start: bool = False,
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
        self.warm_start = warm_start
        self.settings = settings

    def fit(self, X: Data, y: object = None) -> "WGAN":
        """Train on samples, or on a path or name.

        `X` is a DataFrame of any library, vectors `[n, d]`, images `[n, h, w]`, `[n, h, w, c]` or
        `[n, c, h, w]`, data of `datasets`, torch or xarray, or a path or name.

        A fifth of the samples is held out for `held_out_distance()` and `evaluate()`;
        `settings={"data.held_out": 0.05}` holds out fewer. Arrays are copied, and so take their
        memory twice, unless they are mapped from a file to be read alone.

        If `conditional`, `y` `[n]` holds each sample's class, a whole number or a name. A path or
        name brings its own classes, or those that the setting `data.labels` names; so may data of
        `datasets` or torch. Otherwise `y` is ignored.

        Raises:
            WganError: data or settings that cannot be used, or to which `warm_start` cannot add
                steps; an earlier fit then stays as it was.
        """
        earlier = self._earlier()
        with columns_restored(self):
            run, like = self._opened(X, y, earlier)
            begun = provenance()
            for words in run.notes():
                warnings.warn(words, stacklevel=2)
            for _ in run.records():
                pass
        self._run = run
        self._periods = (*(self._periods if earlier is not None else ()), begun)
        self._finish = None
        self.config_ = run.config
        self.history_ = run.history
        self.model_ = run.model
        self.classes_ = self.model_.classes
        self._like = like
        own_names = X.columns if isinstance(X, pd.DataFrame) else None
        self._name_columns(self.model_.codec, own_names)
        return self

    def _opened(self, X: Data, y: object, earlier: Run | None) -> tuple[Run, Like]:
        """Return the run that `fit` trains, and the way back to the user's library."""
        if earlier is None:
            for name in COLUMNS:
                self.__dict__.pop(name, None)
        layers = layers_of(self.get_params(deep=False))
        config = resolve(layers).data
        data = None
        like: Like = as_they_are
        if not isinstance(X, str | Path):
            arrived = opened(X, config.labels if y is None else None)
            if self.conditional and y is not None and arrived.labels is not None:
                raise WganError(f"{arrived.name}: brings classes of its own: leave y out")
            if not self.conditional and arrived.labels is not None:
                words = "its classes are left out; conditional=True learns them"
                warnings.warn(f"{arrived.name}: {words}", stacklevel=3)
            like = arrived.like
            data = load_samples(self, arrived, config, self.conditional, reset=earlier is None)
        has_own = data is None or data.labels is not None
        if self.conditional and (not has_own if y is None else data is None):
            raise WganError(
                "conditional=True: an array needs its labels as y, and a path or name brings its"
                " own, or settings name them"
            )
        if self.conditional and data is not None and y is not None:
            data = data.with_labels(y, "y")
            like = like_classes(like, data.classes)
        run = Run.open(
            str(X) if data is None else data,
            variant=self.variant,
            steps=self.steps,
            layers=layers,
            preset=self.preset,
        )
        if earlier is not None:
            go_on(run, earlier)
        return run, like

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

    def _earlier(self) -> Run | None:
        """Return the run that `fit` is to go on with, if there is one."""
        if not (self.warm_start and hasattr(self, "model_")):
            return None
        if not hasattr(self, "_run"):
            raise WganError(
                "warm_start: a loaded model has no run to go on with: give warm_start=False to"
                " train anew"
            )
        return self._run

    def _name_columns(self, codec: Codec, columns: Any = None) -> None:
        """Keep the names of named columns; `columns` are the user's own, of any type."""
        if codec.names:
            same = columns is not None and len(columns) == len(codec.names)
            self._columns: list[Any] = list(columns if same else codec.names)
            self.feature_names_in_ = np.array(codec.names, dtype=object)
            self.n_features_in_ = len(codec.names)
