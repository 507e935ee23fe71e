"""Comparison of variants over several random seeds: what is run, for how long, and where."""

import json
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.places import check_new, check_replaceable, check_special
from wgan.base.progress import Progress, silent
from wgan.base.records import FAULTS, parsed, read_text
from wgan.config import Config, Layer, configure, from_settings
from wgan.data import Dataset, short_name
from wgan.evaluation import EvaluationOptions, check_options
from wgan.experiments.jobs import Job, run_all
from wgan.objectives import find_variant
from wgan.runs import RunFolder
from wgan.runs.evaluating import requested
from wgan.training import Run

DEFAULT_VARIANTS = ("gan", "wgan", "wgan-gp")
SHARE_OF_STEPS = 2
"""By default, each run takes half of the steps of `wgan train`: nine runs of the digits then take
under 20 minutes on two cores.
"""
PILOT_STEPS, PILOT_ROUNDS = 20, 3
"""Steps and rounds in which the speed of a variant is tried: seconds, and the median of three is
not moved by one slow round.
"""
WARM_UP = 2
"""First steps of a trial, which allocate memory and are left out."""
MOST_AT_ONCE = 8
"""Processes at a time by default; more would share the memory's bandwidth on common machines."""
COMPARISON, REPORT, STEPS = "comparison.json", "report.html", "steps.json"
MARK = '"metric": "w1-exact-held-out"'
"""What tells our comparison.json from another file of that name."""
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
        at_once: runs at a time.
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

    def __post_init__(self) -> None:
        counts = (self.seeds, self.processes, 1 if self.steps is None else self.steps)
        if min(counts) < 1 or len(set(self.variants)) != len(self.variants) or not self.variants:
            raise WganError(
                f"--seeds {self.seeds} --jobs {self.processes} --steps {self.steps}"
                f" --variants {' '.join(self.variants)}: give 1 or more, and each variant once"
            )
        for name in self.variants:
            find_variant(name)
        for setting in self.settings:
            key = setting.partition("=")[0].strip()
            if key in FLAGS:
                raise WganError(f"--set {setting}: is what {FLAGS[key]} says here: give it there")
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
            "data": {"source": self.data},
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
            raise WganError(f"{mine}: is there, and not of a comparison: choose another --out")
        check_replaceable(self.folder / REPORT)


def compare(plan: Plan, progress: Progress = silent) -> list[Path]:
    """Train and evaluate every run of a comparison; return their folders.

    Runs that are done are not done again, and broken ones go on.

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
    jobs = [
        _job(plan, name, steps, seed)
        for seed in range(plan.seeds)
        for name, steps in lengths.items()
    ]
    run_all(jobs, plan.processes, progress)
    return [job.folder for job in jobs]


def _job(plan: Plan, variant: str, steps: int, seed: int) -> Job:
    folder = plan.run_folder(variant, seed)
    evaluation = None if _is_evaluated(folder, plan.options, steps) else requested(plan.options)
    return Job(folder, plan.layers(variant, steps, seed), evaluation)


def _is_evaluated(path: Path, options: EvaluationOptions, steps: int) -> bool:
    """Tell whether a run of so many steps was evaluated at its end, with these options."""
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

    They are kept in the folder, so that the same runs are continued. Each variant is tried for 20
    steps, three times in turn, in this process alone with as many threads as a run has; the
    medians count.

    Args:
        plan: the comparison.
        length: steps of the first variant.
        dataset: what is learned.

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
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // plan.processes))
    for _ in range(PILOT_ROUNDS):
        for name, config in configs.items():
            seconds[name].append(_trial(config, dataset))
    torch.set_num_threads(threads)
    typical = {name: statistics.median(each) for name, each in seconds.items()}
    steps = {name: max(1, round(length * typical[names[0]] / typical[name])) for name in names}
    plan.folder.mkdir(parents=True, exist_ok=True)
    values: Mapping[str, Any] = {
        "first": [names[0], length],
        "steps": steps,
        "seconds_of_20_steps": typical,
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


def _trial(config: Config, dataset: Dataset) -> float:
    """Return how many seconds 20 steps take, the first two left out."""
    training = replace(
        config.training,
        steps=PILOT_STEPS + WARM_UP,
        warmup_critic_steps=0,
        stop_when_converged=False,
    )
    run = Run.start(replace(config, training=training), dataset, watch=None)
    started = 0.0
    for record in run.records():
        if record.step == WARM_UP:
            started = time.perf_counter()
    return time.perf_counter() - started
