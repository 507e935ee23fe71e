"""Comparison of variants over several random seeds: what is run, for how long, and where."""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.places import check_new, check_replaceable, check_special
from wgan.base.progress import Progress, silent
from wgan.base.records import FAULTS, parsed, read_text
from wgan.config import Layer, configure, from_settings
from wgan.config.sections import DataConfig
from wgan.data import Dataset, short_name, stacked
from wgan.data.naming import named_sources
from wgan.evaluation import EvaluationOptions, check_options
from wgan.experiments.cluster_runs import run_on_cluster
from wgan.experiments.jobs import Job, run_all
from wgan.objectives import find_variant
from wgan.runs import RunFolder
from wgan.runs.evaluating import requested
from wgan.runs.records import labels_digest
from wgan.training import Run
from wgan.training.budget import seconds_of_a_step, trial

DEFAULT_VARIANTS = ("gan", "wgan", "wgan-gp")
SHARE_OF_STEPS = 2
"""By default, each run takes half of the steps of `wgan train`: nine runs of the digits then take
under 20 minutes on two cores.
"""
PILOT_ROUNDS = 3
"""Rounds in which the speed of a variant is tried: the median of three is not moved by a slow one.
"""
MOST_AT_ONCE = 8
"""Processes at a time by default; more would share the memory's bandwidth on common machines."""
THREADS_ON_A_CLUSTER = 1
"""Threads of a run on a cluster by default: the last bits depend on their number, so it must not
depend on the machine. A comparison has many runs, and small networks gain little from more.
"""
COMPARISON, REPORT, STEPS = "comparison.json", "report.html", "steps.json"
MARK = '"metric": "w1-exact-held-out"'
"""Text that distinguishes wgan's comparison.json from another file of that name."""
FLAGS = {
    "objective.variant": "--variants",
    "training.seed": "--seeds",
    "training.steps": "--steps",
    "data.source": "DATA",
}


@dataclass(frozen=True)
class Plan:
    """A comparison: variants, seeds 0, 1, ..., steps, settings for every run, and its folder.

    Attributes:
        data: what `wgan train` takes.
        variants: names of variants, each once.
        seeds: runs of each variant.
        steps: generator steps of every run; None: half of what `wgan train` takes.
        equal_time: give each variant as many steps as take as long as the first one's.
        features: for images: what they are compared on.
        folder: of the runs.
        settings: `section.field=value` strings.
        at_once: runs at a time; None: one a core here, one a thread of the workers of a cluster.
        reading: settings of `data` that say how they are read.
        cluster: address of the scheduler of a Dask cluster; None: processes of this machine.
        threads: of each run; None: its share of the cores here, one on a cluster.
    """

    data: str
    variants: tuple[str, ...] = DEFAULT_VARIANTS
    seeds: int = 3
    steps: int | None = None
    equal_time: bool = False
    features: Path | None = None
    out: Path | None = None
    settings: tuple[str, ...] = ()
    at_once: int | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        optional = [1 if each is None else each for each in (self.steps, self.threads)]
        counts = (self.seeds, self.processes, *optional)
        if min(counts) < 1 or len(set(self.variants)) != len(self.variants) or not self.variants:
            raise WganError(
                f"--seeds {self.seeds} --jobs {self.processes} --steps {self.steps}"
                f" --threads {self.threads} --variants {' '.join(self.variants)}: give 1 or more,"
                " and each variant once"
            )
        for name in self.variants:
            find_variant(name)
        for setting in self.settings:
            key = setting.partition("=")[0].strip()
            if key in FLAGS:
                raise WganError(f"--set {setting}: {FLAGS[key]} sets this here: use that flag")
        self._check_place()

    @property
    def processes(self) -> int:
        """Runs at a time: one a core, unless given."""
        return min(os.cpu_count() or 1, MOST_AT_ONCE) if self.at_once is None else self.at_once

    @property
    def folder(self) -> Path:
        """Folder of the runs and of what comes out."""
        return self.out or Path("runs") / f"compare-{short_name(self.data)}"

    @property
    def options(self) -> EvaluationOptions:
        """Options of the evaluation of every run."""
        return EvaluationOptions(features=self.features)

    def layers(self, variant: str, steps: int | None, seed: int | None = None) -> list[Layer]:
        """Return the layers of configuration of one run."""
        training = {"steps": steps, "seed": seed}
        own = {
            "data": {"source": self.data, **self.reading},
            "objective": {"variant": variant},
            "training": {name: value for name, value in training.items() if value is not None},
        }
        return [from_settings(self.settings), ("compare", own)]

    def run_folder(self, variant: str, seed: int) -> Path:
        """Return the folder of one run."""
        return self.folder / f"{variant}-{seed}"

    def _check_place(self) -> None:
        """Refuse a folder of other files, and to write over files that no comparison wrote."""
        runs = [self.run_folder(name, k) for name in self.variants for k in range(self.seeds)]
        files = [self.folder / name for name in (COMPARISON, STEPS, REPORT)]
        if not any(path.exists() for path in (*files, *runs)):
            check_new(self.folder, folder=True)
        mine = self.folder / COMPARISON
        check_special(mine)
        if mine.exists() and MARK not in mine.read_text(encoding="utf-8", errors="replace"):
            raise WganError(
                f"{mine}: exists, and does not belong to a comparison: choose another --out"
            )
        check_replaceable(self.folder / REPORT)


def compare(plan: Plan, progress: Progress = silent) -> list[Path]:
    """Train and evaluate every run of a comparison; return their folders.

    Finished runs are not done again, and interrupted ones continue.

    Args:
        plan: the comparison.
        progress: listener to the runs.

    Raises:
        WganError: data or settings that cannot be used, or a run that failed.
    """
    first, dataset = configure(plan.layers(plan.variants[0], plan.steps), progress=progress)
    check_options(dataset.codec, plan.options, plan.data)  # before any run is trained
    length = plan.steps or max(1, first.training.steps // SHARE_OF_STEPS)
    lengths = dict.fromkeys(plan.variants, length)
    if plan.equal_time:
        lengths = equal_time(plan, length, dataset)
    # Of a private run, the rows have no fingerprint: it would tell of them.
    data = None if first.private else (dataset.fingerprint, labels_digest(first, dataset))
    jobs = [
        replace(_job(plan, name, steps, seed), data=data)
        for seed in range(plan.seeds)
        for name, steps in lengths.items()
    ]
    if plan.cluster is None:
        run_all(jobs, plan.processes, progress, plan.threads)
    else:
        paths = _places(first.data, plan.features)
        threads = plan.threads or THREADS_ON_A_CLUSTER
        run_on_cluster(jobs, plan.cluster, paths, plan.at_once, threads, progress)
    return [job.folder for job in jobs]


def _job(plan: Plan, variant: str, steps: int, seed: int) -> Job:
    folder = plan.run_folder(variant, seed)
    evaluation = None if _is_evaluated(folder, plan.options, steps) else requested(plan.options)
    return Job(folder, plan.layers(variant, steps, seed), evaluation)


def _places(data: DataConfig, features: Path | None) -> list[str]:
    """Return the files and folders that every run reads, which names and URLs are not."""
    source = None if data.source in named_sources() else data.source.removeprefix(stacked.PREFIX)
    given = (source, data.labels, data.schema, features)
    return [str(path) for path in given if path is not None and Path(path).exists()]


def _is_evaluated(path: Path, options: EvaluationOptions, steps: int) -> bool:
    """Return whether a run of this many steps was evaluated at its end, with these options."""
    folder = RunFolder(path)
    if not folder.exists():
        return False
    try:
        finish = folder.finish()
        evaluated = folder.evaluation()
        if finish is None or evaluated is None:
            return False
        at_end = folder.config().training.steps == steps and evaluated.step == finish.step
        return at_end and evaluated.requested == requested(options)
    except WganError:  # a damaged file: evaluated again
        return False


def equal_time(plan: Plan, length: int, dataset: Dataset) -> dict[str, int]:
    """Return the steps of each variant that take as long as `length` of the first.

    They are kept in the folder, so that the same runs are continued. Each variant is tried for up
    to 20 steps, three times in turn, in this process alone with as many threads as a run has; the
    medians count.

    Args:
        plan: the comparison.
        length: steps of the first variant.
        dataset: the data to learn.

    Raises:
        WganError: the folder holds the steps of another comparison, or a damaged file.
    """
    path = plan.folder / STEPS
    names = plan.variants
    if path.exists():
        return _known_steps(path, names, length)
    configs = {name: configure(plan.layers(name, length), data=dataset)[0] for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    threads = torch.get_num_threads()
    torch.set_num_threads(plan.threads or max(1, (os.cpu_count() or 1) // plan.processes))
    for _ in range(PILOT_ROUNDS):
        for name, config in configs.items():
            run = Run.start(trial(config), dataset, watch=None)
            seconds[name].append(seconds_of_a_step(run))
    torch.set_num_threads(threads)
    typical = {name: statistics.median(each) for name, each in seconds.items()}
    steps = {name: max(1, round(length * typical[names[0]] / typical[name])) for name in names}
    plan.folder.mkdir(parents=True, exist_ok=True)
    values: Mapping[str, Any] = {
        "first": [names[0], length],
        "steps": steps,
        "seconds_of_a_step": typical,
    }
    write_text(path, json.dumps(values, indent=2) + "\n")
    return steps


def _known_steps(path: Path, names: Sequence[str], length: int) -> dict[str, int]:
    try:
        known = parsed(read_text(path))
        if known["first"] == [names[0], length] and set(names) <= set(known["steps"]):
            return {name: int(known["steps"][name]) for name in names}
    except FAULTS as error:
        raise WganError(f"{path}: damaged ({error}): choose another --out") from None
    raise WganError(f"{path}: holds the steps of another comparison: choose another --out")
