"""A fitted estimator: samples, scores, figures and files of its model."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from wgan.base.errors import WganError
from wgan.base.numbers import Seed, as_seed, check_count
from wgan.base.places import check_new
from wgan.data.ecosystem.frames import Frame
from wgan.estimator.inputs import Samples, raw_samples
from wgan.evaluation import Evaluation, EvaluationOptions, HeldOutDistance, OwnMetric
from wgan.models import complete, evaluate_model, sample_where, save_model, score_model
from wgan.models.conditions import Where
from wgan.runs import Finish

SIGNS = {"paper": 1.0, "negated": -1.0}


class Fitted(BaseEstimator):
    """What an estimator offers once it is fitted."""

    _finish: Finish | None

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
        """Return rows of a table, each `n_completions` times, with their missing cells drawn.

        Cells are drawn given those that the row has. Columns of the table that `X` lacks are drawn
        too.

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
        """Return the critic's score of each sample, `[n]`.

        A conditional model scores a sample as one of the class that `labels` gives, or that the
        data bring. In the papers'
        convention real samples score high; `negated` is that of courses where they score low. A
        score has no zero point: only differences mean something.

        Raises:
            WganError: another convention, or samples that are not of the data's kind.
        """
        check_is_fitted(self, "model_")
        if convention not in SIGNS:
            raise WganError(
                f"convention = {convention!r}: choose 'paper' (real scores high) or 'negated'"
            )
        codec = self.model_.codec
        raw, own = raw_samples(self, codec, X)
        if codec.names:
            return SIGNS[convention] * self.model_.scores(raw)
        if labels is None and self.classes_:
            labels = own
        numbers = None if labels is None else self.model_.label_numbers(labels, len(raw))
        return SIGNS[convention] * self.model_.scores(raw, numbers)

    def score(self, X: Samples, y: object = None) -> float:
        """Return minus the exact W1 between `X` and as many generated samples; higher is better.

        It is the mean over five generated sets, of at most 1,000 samples, in the units of
        `held_out_distance()`. Of a conditional model, `y` `[n]` gives each sample's class, unless
        the data bring their own, and samples are transported within their class; otherwise `y` is
        ignored. Scores compare models on the same samples: even real samples score below zero.

        Raises:
            WganError: samples that are not of the data's kind, or a class that was not learned.
        """
        check_is_fitted(self, "model_")
        raw, own = raw_samples(self, self.model_.codec, X)
        y = own if y is None else y
        classed = bool(self.model_.classes) and y is not None
        numbers = self.model_.label_numbers(y, len(raw)) if classed else None
        return score_model(self.model_, raw, as_seed(self.random_state), numbers)

    def finish(self) -> Finish:
        """Return the run's held-out distance, the critic's headroom and a diagnosis in words.

        It is computed at the first call.

        Raises:
            WganError: a loaded model, which has no data to be measured on.
        """
        self._check_data()
        if self._finish is None:
            self._finish = self._run.finish()
        return self._finish

    def held_out_distance(self) -> HeldOutDistance:
        """Return the exact W1 of generated and held-out samples, beside that of real ones.

        Errors as `finish`.
        """
        return self.finish().held_out

    def diagnosis(self) -> tuple[str, ...]:
        """Return sentences on what went wrong in training, if anything, and what to do next.

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

    def save(self, folder: str | Path) -> None:
        """Write the model into a new or empty folder, as safetensors and JSON.

        Raises:
            WganError: the folder holds files already.
        """
        check_is_fitted(self, "model_")
        folder = Path(folder)
        check_new(folder, "choose a new folder", folder=True)
        save_model(self.model_, folder)

    def _check_data(self) -> None:
        check_is_fitted(self, "model_")
        if not hasattr(self, "_run"):
            raise WganError(
                "a loaded model has no data to be measured on: fit one, or see the run's folder"
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")
