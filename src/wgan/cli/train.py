"""`wgan train DATA`: train a generator, or continue it, and end with its held-out distance."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from wgan.cli.data_flags import AS_THEY_ARE, DataFlags, DataName
from wgan.cli.json_output import Json, print_json
from wgan.cli.numbers import COUNT, SEED
from wgan.cli.output import Flag, notes_on, print_columns, screen
from wgan.cli.progress import bar, terminal
from wgan.cli.ranks import together
from wgan.cli.train_values import about_run, finish_values, plan_values
from wgan.config import Config, Layer, choose_device, from_file, from_settings
from wgan.networks import count_parameters
from wgan.runs import Finish, as_begun, default_folder
from wgan.runs.private import guarantee
from wgan.training import Ranks, Record, Run

Text = str | None


def train_command(
    data: Annotated[DataName | None, Parameter(show_default=False)] = None,
    /,
    *,
    how: DataFlags = AS_THEY_ARE,
    variant: Text = None,
    preset: str = "auto",
    steps: Annotated[int | None, COUNT] = None,
    minutes: float | None = None,
    out: Path | None = None,
    seed: Annotated[int | None, SEED] = None,
    device: Text = None,
    precision: Text = None,
    compile: Annotated[bool | None, Flag] = None,
    config: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    stop_when_converged: Annotated[bool | None, Flag] = None,
    augment: Annotated[bool | None, Flag] = None,
    epsilon: float | None = None,
    delta: float | None = None,
    dry_run: Annotated[bool, Flag] = False,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train a generator on DATA; the same command again continues where it stopped.

    Parameters
    ----------
    data
        A name (see `wgan data`), a .npy, .npz, .csv, .tsv, .parquet, .xlsx or idx file, a folder of
        .parquet files, or a folder or zip of pictures; by default digits.
    how
        How the data are read.
    variant
        A name from `wgan variants`; by default wgan-gp, and wgan-lp for tables.
    preset
        Settings that suit a kind of data: auto, toy, vectors, tables, small-images, images, series
        or residual.
    steps
        Generator steps.
    minutes
        Time for the whole run. A trial of some seconds chooses the steps that fit, at most those of
        the preset. If few fit, it also chooses narrower networks, and for pictures smaller batches.
    out
        Folder of the run; by default runs/DATA-VARIANT-SEED.
    seed
        Random seed; the same seed gives the same run.
    device
        Device to train on: auto, cpu, cuda or mps.
    precision
        Arithmetic of the networks: auto, float32 or bfloat16. auto is bfloat16 for images if the
        device computes in it, otherwise float32.
    compile
        Compile the losses with torch.compile.
    config
        TOML file of settings; --set and the flags here override it.
    set_
        A single setting, section.field=value; may be repeated.
    stop_when_converged
        End before --steps, once as many steps again would surely change the held-out distance by
        less than 5 %. Half of the held-out samples, at most 500, are used to decide this.
    augment
        For small sets of pictures: change the critic's samples at random, more often the more it
        overfits.
    epsilon
        For tables: train with (epsilon, delta)-differential privacy of each training row. It needs
        a public --schema.
    delta
        Probability delta with which epsilon may be exceeded; by default 1e-6.
    dry_run
        Print the resolved settings and the sizes of the networks, and exit.
    json_
        Print one JSON document at the end; notes go to standard error.
    quiet
        No progress bar, only the lines at the end.
    """
    flags: dict[str, dict[str, object]] = {
        "data": {"source": data, **how.given()},
        "objective": {"variant": variant},
        "training": {
            "steps": steps,
            "seed": seed,
            "device": device,
            "precision": precision,
            "compile": compile,
            "stop_when_converged": stop_when_converged,
        },
        "privacy": {"epsilon": epsilon, "delta": delta},
        "augment": {"mode": "adaptive" if augment else None},
    }

    def work(ranks: Ranks) -> int:
        layers = _layers(config, set_ or [], flags)
        folder = None if dry_run else out or "auto"
        with bar(quiet or not ranks.first) as progress:
            run = Run.open(
                layers=layers,
                preset=preset,
                out=folder,
                progress=progress,
                ranks=ranks,
                minutes=minutes,
            )
        if not dry_run:
            return _train(run, quiet or not ranks.first, json_)
        place = out or default_folder(run.config)
        begun = as_begun(run.config, place) if precision is None else run.config
        if ranks.first:
            _print_plan(run, begun, place, json_)
        return 0

    return together(work)


def _train(run: Run, quiet: bool, as_json: bool) -> int:
    """Train to the end, or until a signal comes; return the exit code."""
    ranks = run.ranks
    if ranks.first:
        _print_start(run, quiet, as_json)
    with _Signals() as signals:
        stopped = _follow(run, run.records(stop=lambda: signals.caught is not None), quiet)
    if stopped:
        done = run.state.step
        saved = "and saved; the same command continues from there"
        begun = "of the generator; the same command begins again"
        notes_on(as_json).print(f"stopped at step {done} {saved if done else begun}")
        if as_json and ranks.first:
            print_json("train", about_run(run, "stopped"))
        return 128 + (ranks.most(int(signals.caught or 0)) or int(signal.SIGINT))
    if ranks.first:
        with bar(quiet) as progress:
            finish = run.finish(progress)
        if as_json:
            print_json("train", finish_values(run, finish))
        else:
            _print_finish(run, finish)
    return 0


def _layers(
    config: Path | None, settings: list[str], flags: dict[str, dict[str, object]]
) -> list[Layer]:
    given = {
        section: {key: value for key, value in values.items() if value is not None}
        for section, values in flags.items()
    }
    first = [from_file(config)] if config else []
    return [*first, from_settings(settings), ("command line", given)]


class _Signals:
    """Catches the first SIGINT or SIGTERM, so that a step can end and be saved.

    A second signal acts at once.
    """

    caught: int | None = None

    def __enter__(self) -> "_Signals":
        self._before = {s: signal.signal(s, self._catch) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self.caught = number
        signal.signal(number, self._before[signal.Signals(number)])


def _print_start(run: Run, quiet: bool, as_json: bool) -> None:
    to = notes_on(as_json)
    for words in run.advice():
        to.print(f"note: {words}")
    if quiet:
        return
    training = run.config.training
    to.print(f"training on {choose_device(training.device)} in {training.precision}")
    print_columns(run.dataset, to)
    if run.state.step and run.folder:
        to.print(f"continuing from step {run.state.step} of {run.folder.path}")


def _follow(run: Run, records: Iterator[Record], quiet: bool) -> bool:
    """Drive the run to its end with a progress bar; tell whether it was stopped before."""
    columns = [
        TextColumn("step {task.completed}/{task.total}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(),
    ]
    stopped = False
    total = run.config.training.steps
    console = terminal()
    hidden = quiet or console is None
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        task = progress.add_task("train", total=total, completed=run.state.step, status="")
        for record in records:
            stopped = record.stopped
            if record.metrics:
                rate = progress.tasks[0].speed
                speed = f", {rate:.1f} steps/s" if rate else ""
                name = "estimate" if "estimate" in record.metrics else "epsilon"
                status = f"{name} {record.metrics[name]:.4g}{speed}"
                if "augment_probability" in record.metrics:
                    status += f", augmented {record.metrics['augment_probability']:.2f}"
                progress.update(task, completed=record.step, status=status)
    return stopped


def _print_finish(run: Run, finish: Finish) -> None:
    assert run.folder is not None
    step = run.state.step
    early = f" of at most {run.config.training.steps}" if step < run.config.training.steps else ""
    screen.print(
        f"{step} steps{early} in {run.state.seconds:.0f} s; samples, generator and metrics in"
        f" {run.folder.path}"
    )
    screen.print(str(finish))
    promised = guarantee(run.config, run.split.n_train, step)
    if promised is not None:
        screen.print(
            f"trained with {promised}; the figures above on real rows are not covered by it, and"
            " are written to no file"
        )


def _print_plan(run: Run, config: Config, place: Path, as_json: bool) -> None:
    if as_json:
        print_json("train", plan_values(run, config, place))
        return
    for words in run.chosen:
        screen.print(f"note: {words}")
    screen.print(config.to_toml().rstrip())
    variant = run.variant
    screen.print(
        f"\n# {variant.name}: {variant.score.name}; penalty: {variant.penalty or 'none'};"
        f" constraint: {variant.constraint or 'none'}"
    )
    classes = f", {len(run.classes)} classes" if run.classes else ""
    screen.print(
        f"# data: {run.dataset.codec.samples_in_words}, {run.split.n_train} to train on,"
        f" {run.split.n_held_out} held out{classes}"
    )
    generator = count_parameters(run.state.generator)
    critic = count_parameters(run.state.critic)
    screen.print(
        f"# generator {generator:,} parameters, critic {critic:,}; the run goes to {place}"
    )
