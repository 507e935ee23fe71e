"""`wgan compare DATA`: which variant does better on these data, and is the difference larger than
the noise?
"""

import json
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.cli.app import Flag, app, print_table, screen
from wgan.config import Config, configure, from_file, from_settings
from wgan.config.layers import Layer
from wgan.data import Dataset, short_name
from wgan.evaluation import EvaluationOptions, check_options
from wgan.experiments.jobs import run_all
from wgan.objectives import find_variant
from wgan.report import (
    Finished,
    comparison_json,
    conclusions,
    grouped,
    read_finished,
    results_table,
    write_report,
)
from wgan.training import prepare, train

VARIANTS = ("gan", "wgan", "wgan-gp")
SHARE_OF_STEPS = 2
PILOT_STEPS, PILOT_ROUNDS = 20, 3
MOST_AT_ONCE = 8
COMPARISON = '"metric": "w1-exact-held-out"'


@app.command(name="compare")
def compare_command(
    data: str = "digits",
    /,
    *,
    variants: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    seeds: int = 3,
    steps: int | None = None,
    equal_time: Annotated[bool, Flag] = False,
    features: Path | None = None,
    out: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    jobs: int | None = None,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train each of VARIANTS from several seeds, evaluate, and say which differences are larger
    than the noise; the same command again goes on.

    Parameters
    ----------
    data
        What `wgan train` takes.
    variants
        Rows of `wgan variants`; gan, wgan and wgan-gp unless given.
    seeds
        Runs of each variant: 0, 1, ...
    steps
        Generator steps of every run; half of what `wgan train` takes unless given.
    equal_time
        Give each variant as many steps as take as long as the first one's --steps, by a short trial
        of each beforehand.
    features
        Of pictures: what they are compared on, as `wgan evaluate` takes it.
    out
        The folder of the runs, comparison.json and report.html; runs/compare-DATA unless given.
    set_
        One setting for every run, section.field=value; may be repeated.
    jobs
        Runs at a time; one a core, at most 8, unless given.
    quiet
        No progress bar.
    """
    names = variants or list(VARIANTS)
    at_once = min(os.cpu_count() or 1, MOST_AT_ONCE) if jobs is None else jobs
    if (
        seeds < 1
        or at_once < 1
        or (steps is not None and steps < 1)
        or len(set(names)) != len(names)
    ):
        raise WganError(
            f"--seeds {seeds} --jobs {at_once} --steps {steps} --variants {' '.join(names)}: give 1"
            " or more, and each variant once"
        )
    for name in names:
        find_variant(name)
    _refuse(set_ or [])
    folder = out or Path("runs") / f"compare-{short_name(data)}"
    _check_place(folder)
    asked = [from_settings(set_ or []), ("compare", {"data": {"source": data}})]
    first, dataset = configure([*asked, _of(names[0], steps)], progress=not quiet)
    # Refused here, before any run is trained.
    check_options(dataset.codec, EvaluationOptions(features=features), dataset.name)
    length = steps or max(1, first.training.steps // SHARE_OF_STEPS)
    lengths = (
        _lengths(folder, names, length, asked, dataset, at_once)
        if equal_time
        else dict.fromkeys(names, length)
    )
    commands = _commands(folder, data, lengths, seeds, features, set_ or [])
    console, columns = (
        Console(stderr=True),
        [TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()],
    )
    with Progress(
        *columns, console=console, disable=quiet or not console.is_terminal, transient=True
    ) as progress:
        task = progress.add_task("")
        run_all(
            commands,
            at_once,
            lambda done, total, now: progress.update(
                task, description=", ".join(now), completed=done, total=total
            ),
        )
    screen.print(f"{data}: means +- 95 % over {seeds} seeds")
    _conclude([read_finished(run) for run in commands], folder)
    return 0


def _conclude(finished: Sequence[Finished], folder: Path) -> None:
    """Write and print what came out."""
    groups = grouped(finished)
    write_text(folder / "comparison.json", comparison_json(groups))
    write_report(finished, folder / "report.html")
    head, rows = results_table(groups)
    table = Table(box=None)
    for name in head[:-1]:  # the figures' full names are in the page
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row[:-1])
    print_table(table)
    for sentence in conclusions(groups):
        screen.print(sentence)
    screen.print(f"runs, comparison.json and report.html in {folder}")


def _commands(
    folder: Path,
    data: str,
    lengths: Mapping[str, int],
    seeds: int,
    features: Path | None,
    settings: Sequence[str],
) -> dict[Path, list[list[str]]]:
    """Return for each run's folder the commands that make it: training, which is soon through where
    it is done, and evaluation, where it is not.
    """
    found = {}
    for seed in range(seeds):
        for name, steps in lengths.items():
            run = folder / f"{name}-{seed}"
            training = [
                "train",
                data,
                "--variant",
                name,
                "--seed",
                str(seed),
                "--steps",
                str(steps),
                "--out",
                str(run),
                "--quiet",
            ]
            evaluating = [
                "evaluate",
                str(run),
                "--quiet",
                *(["--features", str(features)] if features else []),
            ]
            done = _evaluated(run, features, steps)
            found[run] = [
                [*training, *(word for each in settings for word in ("--set", each))],
                *([] if done else [evaluating]),
            ]
    return found


def _of(name: str, steps: int | None) -> Layer:
    return "compare", {
        "objective": {"variant": name},
        "training": {"steps": steps} if steps else {},
    }


def _refuse(settings: Sequence[str]) -> None:
    for setting in settings:
        for key, flag in (
            ("objective.variant", "--variants"),
            ("training.seed", "--seeds"),
            ("training.steps", "--steps"),
            ("data.source", "DATA"),
        ):
            if setting.replace(" ", "").startswith(f"{key}="):
                raise WganError(f"--set {setting}: is what {flag} says here: give it there")


def _evaluated(run: Path, features: Path | None, steps: int) -> bool:
    """Tell whether a run of so many steps was evaluated at its end, as this command would: on these
    features, all else unless asked for.
    """
    try:
        about, verdict = (
            json.loads((run / name).read_text(encoding="utf-8"))
            for name in ("evaluation.json", "verdict.json")
        )
        asked = {
            "features": str(features) if features else None,
            "number": None,
            "target": None,
            "test": None,
            "seed": 0,
        }
        asked_for = from_file(run / "config.toml")[1]["training"]["steps"]
        return bool(
            asked_for == steps and about["step"] == verdict["step"] and about["asked"] == asked
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _check_place(folder: Path) -> None:
    """Refuse to write over files that no comparison wrote."""
    mine = folder / "comparison.json"
    for path in (mine, folder / "report.html"):
        if path.exists() and not (
            mine.exists() and COMPARISON in mine.read_text(encoding="utf-8", errors="replace")
        ):
            raise WganError(f"{path}: is there, and not of a comparison: choose another --out")


def _lengths(
    folder: Path,
    names: Sequence[str],
    length: int,
    asked: Sequence[Layer],
    dataset: Dataset,
    at_once: int,
) -> dict[str, int]:
    """Return the steps of each variant that take as long as `length` of the first; kept in the
    folder, so that the same runs are gone on with.

    Each is tried for 20 steps, three times in turn, in this process alone with as many threads as a
    run has; the medians count.
    """
    path = folder / "steps.json"
    if path.exists():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["first"] == [names[0], length] and set(names) <= set(known["steps"]):
                return {name: int(known["steps"][name]) for name in names}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WganError(f"{path}: damaged ({error}): choose another --out") from None
        raise WganError(f"{path}: holds the steps of another comparison: choose another --out")
    configs = {name: configure([*asked, _of(name, length)], data=dataset)[0] for name in names}
    taken: dict[str, list[float]] = {name: [] for name in names}
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // at_once))  # as many as each run has
    for _ in range(PILOT_ROUNDS):
        for name, config in configs.items():
            taken[name].append(_seconds(config, dataset))
    torch.set_num_threads(threads)
    typical = {name: statistics.median(seconds) for name, seconds in taken.items()}
    steps = {name: max(1, round(length * typical[names[0]] / typical[name])) for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    write_text(
        path,
        json.dumps(
            {"first": [names[0], length], "steps": steps, "seconds_of_20_steps": typical}, indent=2
        )
        + "\n",
    )
    return steps


def _seconds(config: Config, dataset: Dataset) -> float:
    """Return how long 20 steps take, the first two left out."""
    short = replace(
        config,
        training=replace(
            config.training, steps=PILOT_STEPS + 2, warmup_critic_steps=0, stop_when_converged=False
        ),
    )
    started = 0.0
    for record in train(prepare(short, dataset), short, dataset):
        if record.step == 2:
            started = time.perf_counter()
    return time.perf_counter() - started
