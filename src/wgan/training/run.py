"""A run: configuration, data, split, variant, networks, state and watch, resolved once.

`Run.open` begins a run, or continues one; `run.records()` is the loop; `run.finish()` returns the
result. The command line, the estimator and the comparison are built on it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.config import OWN_PAIR, Config, Layer, choose_device, configure, resolve
from wgan.config.layers import from_mapping
from wgan.data import Dataset, Split
from wgan.evaluation import Watch, held_out_distance
from wgan.models import Model, save_model, write_snapshot
from wgan.networks import Pair
from wgan.objectives import Variant, weight_advice
from wgan.runs import Finish, RunFolder, Watched, as_begun, default_folder
from wgan.runs.private import protected
from wgan.training import state as states
from wgan.training.agreement import check_divided, check_same
from wgan.training.beginning import classes_of, in_folder
from wgan.training.budget import in_time
from wgan.training.compiled import build_losses
from wgan.training.diagnosis import diagnose, diverged
from wgan.training.headroom import critic_headroom
from wgan.training.loop import MEASUREMENTS, Measure, Metrics, Record
from wgan.training.mirrors import with_mirrors
from wgan.training.parallel import ALONE, Ranks
from wgan.training.state import State
from wgan.training.steps import build_steps

Data: TypeAlias = Dataset | np.ndarray | Tensor | pd.DataFrame | Any | str | Path
ADVICE_SAMPLES = 512
"""Training samples by which the scale of the data is judged: it is then known to a few percent."""


@dataclass
class Run:
    """A generator in training, with everything that decides it.

    Attributes:
        config: the resolved configuration.
        dataset: the data, with their codec as the split fits it.
        variant: the objective, with the configuration's numbers.
        state: networks, optimizers, and how far they are.
        watch: measures the generator every `measure_every` steps; None: nothing does.
        folder: the folder of metrics, snapshots and checkpoints; None: nothing is written.
        history: the logged metrics, one dict a line.
        ranks: this process, and those that train with it; the first alone writes.
        chosen: words on the choices of a trial or a test of the data.

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
    ranks: Ranks = ALONE
    chosen: tuple[str, ...] = ()

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
        ranks: Ranks = ALONE,
        minutes: float | None = None,
    ) -> "Run":
        """Resolve everything once; begin a run, or continue the one in `out`.

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
            watch: measures the generator while it is trained; `held-out`: the exact W1 to held-out
                samples.
            pair: builders of networks of your own; None: those of the kind of data.
            progress: listener to reading the data.
            ranks: this process, and those that train with it, see `Ranks.join`.
            minutes: a time for the whole run, which decides its steps, and perhaps its batch and
                the width of its networks (see `wgan.training.budget`); None: the preset's steps.

        Raises:
            WganError: data or settings that cannot be used, or a folder that holds something else.
        """
        user = [*[OWN_PAIR] * (pair is not None), *layers, from_mapping(settings or {})]
        dataset = None
        source = data if data is None else str(data)
        if data is not None and not isinstance(data, str | Path):
            if not isinstance(data, Dataset):
                data = resolve(user).data.load(data, progress)
            dataset, source = data, data.name
        given: dict[str, Any] = {"data.source": source, "objective.variant": variant}
        given |= {"training.steps": steps, "training.seed": seed}
        own = {name: value for name, value in given.items() if value is not None}
        user.append(from_mapping(own, "Run.open"))
        config, dataset = configure(user, preset, dataset, progress)
        folder = None
        if out is not None:
            folder = default_folder(config) if out == "auto" else Path(out)
            precisions = [nested.get("training", {}).get("precision") for _, nested in user]
            if not any(each not in (None, "auto") for each in precisions):
                config = as_begun(config, folder)
        fits: tuple[str, ...] = ()
        if minutes is not None:
            begin = partial(cls.start, dataset=dataset, watch=watch, pair=pair, ranks=ranks)
            config, fits = in_time(minutes, config, user, folder, begin, ranks, progress)
        run = cls.start(config, dataset, folder, watch, pair, ranks)
        run.chosen = (*fits, *run.chosen)
        return run

    @classmethod
    def start(
        cls,
        config: Config,
        dataset: Dataset,
        out: Path | None = None,
        watch: Measure | Literal["held-out"] | None = "held-out",
        pair: Pair | None = None,
        ranks: Ranks = ALONE,
    ) -> "Run":
        """Begin a run of a resolved configuration, or continue it; arguments as in `open`.

        Raises:
            WganError: data that cannot be split or learned with these settings, or a folder that
                holds something else.
        """
        check_same(ranks, config, dataset)
        variant = config.objective.chosen()
        dataset = protected(config, dataset, out)
        split = config.split(dataset)
        config, chosen = with_mirrors(config, split, out, ranks)
        if config.private and pair is not None:
            raise WganError("privacy.epsilon is not for a pair of your own: leave one of them out")
        classes = classes_of(config, dataset)
        if classes:
            split.train_labels()  # refuses a class without samples
        device = choose_device(config.training.device)
        state = states.create(config, variant, split.dataset.codec, device, len(classes), pair)
        build_losses(state, variant, config)  # refuses what could not be trained
        check_divided(ranks, config, variant, split, state)
        folder = None
        if out is not None and ranks.first:  # the last step, for it may be refused
            folder = in_folder(out, config, dataset, state, pair is not None)
        history = ranks.of_first(folder.metrics() if folder is not None else [])
        states.share(state, ranks)
        if config.private:
            watch = None  # measurements of rows would be written without noise
        elif watch == "held-out":
            watch = Watch.resumed(split, history)
        return cls(config, split.dataset, variant, state, watch, folder, history, ranks, chosen)

    @cached_property
    def split(self) -> Split:
        """The split into training and held-out samples."""
        return self.config.split(self.dataset)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the run is conditioned on; none without labels."""
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
        """Return words on doubtful points of the data, and of the configuration for them."""
        pack = self.config.network.pack
        some = self.dataset.encode(self._some()).float()
        packs = some[: len(some) // pack * pack].reshape(-1, pack, *some.shape[1:])
        words = weight_advice(self.variant, packs) if len(packs) > 1 else ""
        return [*self.notes(), *([words] if words else [])]

    def notes(self) -> list[str]:
        """Return words for the user on the coding of the data."""
        return [*self.dataset.codec.notes(self._some()), *self.chosen]

    def _some(self) -> np.ndarray:
        return self.split.train_sample(0, min(self.split.n_train, ADVICE_SAMPLES))

    @property
    def _converged(self) -> bool:
        """Whether the first rank, which measures, finds that the run may end."""
        return self.ranks.any(self.watch is not None and self.watch.converged)

    def records(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Record]:
        """Train to the configured number of steps, yielding a `Record` a step.

        Args:
            stop: is called before each step; when true on any rank, the run is checkpointed and
                ends.

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
        ranks = self.ranks
        steps = build_steps(state, self.split, self.variant, self.config, ranks)
        started = time.perf_counter() - state.seconds
        if state.step == 0:
            for _ in steps.warm_up():
                if ranks.any(stop()):
                    yield Record(0, stopped=True)
                    return
        last: Callable[[], Metrics] | None = None
        while True:
            # Status: what was logged, what was measured, and whether anybody wants to stop.
            step = state.step
            state.seconds = time.perf_counter() - started
            stopping = ranks.any(stop())
            at_log = step % settings.log_every == 0
            at_checkpoint = step >= settings.steps or step % settings.checkpoint_every == 0
            at_measure = self.watch is not None and step % self.measure_every == 0
            metrics = None
            if last is not None and (at_log or at_checkpoint or at_measure or stopping):
                metrics = last()
            if metrics is not None and self.watch is not None and at_measure and ranks.first:
                sample = self.model.sampler(settings.seed, "watch", rules=False)
                metrics |= self.watch(sample, step)
            done = step >= settings.steps or (settings.stop_when_converged and self._converged)
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
            if done or trained:
                states.check_equal(state, ranks)
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
        """Return the result: the held-out distance, the critic's headroom, and a diagnosis.

        It is written to the run's folder too, if there is one. A private run records nothing that
        is measured on rows, and has no critic.
        """
        seed = self.config.training.seed
        model = self.model
        progress("the held-out distance", 0, 2)
        sample = model.sampler(seed, "verdict", rules=False)
        distance = held_out_distance(sample, self.split, model.class_sampler(seed, "verdict"))
        progress("the critic's headroom", 1, 2)
        private = self.config.private
        parts = (self.state, self.config, self.dataset, self.variant)
        microbatches = self.ranks.world_size * self.config.optimizer.microbatches
        headroom = None if private else critic_headroom(*parts, microbatches)
        watch = self.watch if isinstance(self.watch, Watch) else None
        trend = watch.trend if watch else None
        real = self.dataset.codec.measure(self.split.held_out_sample(0, distance.n))
        diagnosis = diverged(self.config, distance.w1, distance.half_width, real)
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
        """Release the folder for other processes; the run can still be sampled."""
        if self.folder is not None and self.folder.lock is not None:
            self.folder.lock.close()
