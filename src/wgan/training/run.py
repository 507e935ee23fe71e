"""A run: configuration, data, split, variant, networks, state and watch, resolved once.

`Run.open` begins a run, or goes on with one; `run.records()` is the loop; `run.finish()` says what
came out. The command line, the estimator and the comparison are faces of it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.config import OWN_PAIR, Config, Layer, choose_device, configure, resolve
from wgan.config.layers import from_mapping
from wgan.data import Dataset, Split, load
from wgan.evaluation import Watch, held_out_distance
from wgan.models import Model, save_model, write_snapshot
from wgan.models.files import described
from wgan.networks import Pair
from wgan.objectives import Variant, weight_advice
from wgan.runs import Finish, RunFolder, Watched, as_begun, begin_run, default_folder
from wgan.runs.private import protected
from wgan.training import state as states
from wgan.training.compiled import build_losses
from wgan.training.diagnosis import diagnose, diverged
from wgan.training.headroom import critic_headroom
from wgan.training.loop import MEASUREMENTS, Measure, Metrics, Record
from wgan.training.state import State
from wgan.training.steps import build_steps

Data: TypeAlias = Dataset | np.ndarray | Tensor | pd.DataFrame | str | Path
ADVICE_SAMPLES = 512
"""Training samples by which the scale of the data is judged: it is then known to a few percent."""


def never() -> bool:
    """Return false: nobody asks the run to stop."""
    return False


@dataclass
class Run:
    """A generator in training, with everything that decides it.

    Attributes:
        config: the resolved configuration.
        dataset: what is learned, its codec as the split fits it.
        variant: the objective, with the configuration's numbers.
        state: networks, optimizers, and how far they are.
        watch: measures the generator every `measure_every` steps; None: nothing does.
        folder: where metrics, snapshots and checkpoints go; None: nothing is written.
        history: the logged metrics, one dict a line.

    >>> run = Run.open("8-gaussians", steps=2, settings={"network.width": 8})
    >>> [record.step for record in run.records()]
    [0, 1, 2]
    """

    config: Config
    dataset: Dataset
    variant: Variant
    state: State
    watch: Measure | None = None
    folder: RunFolder | None = None
    history: list[Metrics] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        data: Data | None = None,
        *,
        variant: str | None = None,
        steps: int | None = None,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        layers: Sequence[Layer] = (),
        preset: str = "auto",
        out: str | Path | None = None,
        watch: Measure | Literal["held-out"] | None = "held-out",
        pair: Pair | None = None,
        progress: Progress = silent,
    ) -> "Run":
        """Resolve everything once; begin a run, or go on with the one in `out`.

        Args:
            data: a name, path, array, tensor, DataFrame or data set, as `wgan.data.load` takes;
                None: the setting `data.source`, which is digits unless a layer says otherwise.
            variant: see `wgan variants`; None: the preset's.
            steps: generator steps; None: the preset's.
            seed: random seed; the same seed gives the same run.
            settings: more of the configuration, `{"optimizer.lr": 2e-4}`.
            layers: layers of configuration below these, such as a file's.
            preset: name of the preset; `auto` chooses by the data.
            out: folder of the run; `auto`: runs/<data>-<variant>-<seed>; None: nothing is written.
            watch: what measures the generator while it is trained; `held-out`: the exact W1 to
                held-out samples.
            pair: builders of networks of your own; None: those of the kind of data.
            progress: listener to reading the data.

        Raises:
            WganError: data or settings that cannot be used, or a folder that holds something else.
        """
        user = [*[OWN_PAIR] * (pair is not None), *layers, from_mapping(settings or {})]
        dataset = None
        source = data if data is None else str(data)
        if data is not None and not isinstance(data, str | Path):
            if not isinstance(data, Dataset):
                data = load(data, schema=resolve(user).data.schema, progress=progress)
            dataset, source = data, data.name
        given: dict[str, dict[str, Any]] = {
            "data": {"source": source},
            "objective": {"variant": variant},
            "training": {"steps": steps, "seed": seed},
        }
        flags = {
            section: {key: value for key, value in values.items() if value is not None}
            for section, values in given.items()
        }
        user.append(("Run.open", flags))
        config, dataset = configure(user, preset, dataset, progress)
        folder = None
        if out is not None:
            folder = default_folder(config) if out == "auto" else Path(out)
            precisions = [nested.get("training", {}).get("precision") for _, nested in user]
            if not any(each not in (None, "auto") for each in precisions):
                config = as_begun(config, folder)
        return cls.start(config, dataset, folder, watch, pair)

    @classmethod
    def start(
        cls,
        config: Config,
        dataset: Dataset,
        out: Path | None = None,
        watch: Measure | Literal["held-out"] | None = "held-out",
        pair: Pair | None = None,
    ) -> "Run":
        """Begin a run of a resolved configuration, or go on with it; arguments as in `open`.

        Raises:
            WganError: data that cannot be split or learned with these settings, or a folder that
                holds something else.
        """
        variant = config.objective.chosen()
        dataset = protected(config, dataset, out)
        split = config.split(dataset)
        if config.private and pair is not None:
            raise WganError("privacy.epsilon is not for a pair of your own: leave one of them out")
        classes = classes_of(config, dataset)
        if classes:
            split.train_labels()  # refuses a class without samples
        device = choose_device(config.training.device)
        state = states.create(config, variant, split.dataset.codec, device, len(classes), pair)
        build_losses(state, variant, config)  # refuses what could not be trained
        folder = None
        history: list[Metrics] = []
        if out is not None:  # the last step, for it may be refused
            for net in (state.generator, state.critic):
                described(net, pair is not None)  # refuses what could not be saved
            steps = config.training.steps
            folder = begin_run(
                out, config, dataset, lambda f: states.load(state, f.checkpoint, f.marks, steps)
            )
            folder.forget_metrics_after(state.step)
            history = folder.metrics()
        if config.private:
            watch = None  # measurements of rows would be written without noise
        elif watch == "held-out":
            watch = Watch.resumed(split, history)
        return cls(config, split.dataset, variant, state, watch, folder, history)

    @cached_property
    def split(self) -> Split:
        """The split into training and held-out samples."""
        return self.config.split(self.dataset)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the run is conditioned on, and none without labels."""
        return classes_of(self.config, self.dataset)

    @cached_property
    def _shares(self) -> tuple[float, ...]:
        """Shares of the classes among the training samples."""
        if not self.classes:
            return ()
        labels = self.split.train_labels()
        counts = np.bincount(labels, minlength=len(self.classes))
        return tuple((counts / len(labels)).tolist())

    @property
    def model(self) -> Model:
        """The model as it is now: the averaged generator, the critic and the data's codec."""
        return Model(
            self.state.average,
            None if self.config.private else self.state.critic,
            self.dataset.codec,
            self.config.network,
            self.config.objective.variant,
            self.classes,
            self._shares,
        )

    @property
    def measure_every(self) -> int:
        """Steps between measurements."""
        settings = self.config.training
        return settings.measure_every or max(1, settings.steps // MEASUREMENTS)

    def advice(self) -> list[str]:
        """Return what is doubtful about the data, and the configuration for them, in words."""
        words = weight_advice(self.variant, self.dataset.encode(self._some()))
        return [*self.notes(), *([words] if words else [])]

    def notes(self) -> list[str]:
        """Return what the user should know of how the data are coded, in words."""
        return self.dataset.codec.notes(self._some())

    def _some(self) -> np.ndarray:
        return self.split.train_sample(0, min(self.split.n_train, ADVICE_SAMPLES))

    def records(self, stop: Callable[[], bool] = never) -> Iterator[Record]:
        """Train to the configured number of steps, yielding a `Record` a step.

        Args:
            stop: is called before each step; when true, the run is checkpointed and ends.

        Raises:
            WganError: nothing measures a run that is to stop by that; a loss or gradient that is
                not finite, naming step and seed; the last checkpoint stays good.
        """
        settings = self.config.training
        state = self.state
        if settings.stop_when_converged and self.watch is None:
            raise WganError(
                "training.stop_when_converged is set, but nothing measures the run: give it a watch"
            )
        steps = build_steps(state, self.split, self.variant, self.config)
        started = time.perf_counter() - state.seconds
        if state.step == 0:
            for _ in steps.warm_up():
                if stop():
                    yield Record(0, stopped=True)
                    return
        last: Callable[[], Metrics] | None = None
        while True:
            # Status: what was logged, what was measured, and whether anybody wants to stop.
            step = state.step
            state.seconds = time.perf_counter() - started
            stopping = stop()
            at_log = step % settings.log_every == 0
            at_checkpoint = step >= settings.steps or step % settings.checkpoint_every == 0
            at_measure = self.watch is not None and step % self.measure_every == 0
            metrics = None
            if last is not None and (at_log or at_checkpoint or at_measure or stopping):
                metrics = last()
            if metrics is not None and self.watch is not None and at_measure:
                sample = self.model.sampler(settings.seed, "watch", rules=False)
                metrics |= self.watch(sample, step)
            converged = self.watch is not None and self.watch.converged
            done = step >= settings.steps or (settings.stop_when_converged and converged)
            if metrics is not None and (at_log or at_measure or done):
                self.history.append(metrics)
                if self.folder is not None:
                    self.folder.append_metrics(metrics)

            # Snapshot: a picture of samples, always from the same noise.
            due = (done or step % settings.snapshot_every == 0) and not self.config.private
            if self.folder is not None and due:
                path = self.folder.snapshot(step)
                write_snapshot(path, self.model, self.split, settings.seed)

            # Checkpoint: the whole state, and the model that samples.
            trained = last is not None and (at_checkpoint or stopping)
            if self.folder is not None and (done or trained):
                states.save(state, self.folder.checkpoint, self.folder.marks)
                marks = self.folder.marks | {"step": str(step)}
                save_model(self.model, self.folder.path, marks)

            # Done?
            yield Record(step, metrics, stopped=stopping and not done)
            if done or stopping:
                return

            # Step: several critic updates, then one of the generator; or a private one.
            last = steps.step()

    def finish(self, progress: Progress = silent) -> Finish:
        """Return what came out: the held-out distance, the critic's headroom, and a diagnosis.

        It is written to the run's folder too, if there is one. A private run writes nothing down
        that is measured on rows, and has no critic.
        """
        seed = self.config.training.seed
        model = self.model
        progress("the held-out distance", 0, 2)
        sample = model.sampler(seed, "verdict", rules=False)
        distance = held_out_distance(sample, self.split, model.class_sampler(seed, "verdict"))
        progress("the critic's headroom", 1, 2)
        private = self.config.private
        parts = (self.state, self.config, self.dataset, self.variant)
        headroom = None if private else critic_headroom(*parts)
        watch = self.watch if isinstance(self.watch, Watch) else None
        trend = watch.trend if watch else None
        real = self.dataset.codec.measure(self.split.held_out_sample(0, distance.n))
        diagnosis = diverged(self.config, distance.w1, real)
        diagnosis += diagnose(self.variant, self.config, self.history, trend, headroom)
        finish = Finish(
            held_out=distance,
            headroom=headroom,
            diagnosis=tuple(diagnosis),
            step=self.state.step,
            seed=seed,
            seconds=round(self.state.seconds, 1),
            watched=Watched(watch.n, watch.floor()) if watch else None,
        )
        if self.folder is not None and not private:
            self.folder.write_finish(finish)
        progress("the critic's headroom", 2, 2)
        return finish

    def close(self) -> None:
        """Give the folder free for other processes; the run can still be sampled."""
        if self.folder is not None and self.folder.lock is not None:
            self.folder.lock.close()


def classes_of(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the classes that a run is conditioned on: none unless its configuration
    asks for labels.

    Raises:
        WganError: labels are configured, and the data have none.
    """
    if not config.data.labels:
        return ()
    if dataset.labels is None:
        raise WganError(
            f"data.labels = '{config.data.labels}', and {dataset.name} came without labels: load it"
            " with labels, or leave them out"
        )
    return dataset.classes
