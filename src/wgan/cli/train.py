"""`wgan train DATA`: train a generator, or go on with it, and end with the verdict."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from wgan.cli.app import Flag, app, print_columns, screen, times
from wgan.config import Config, choose_device, configure, from_file, from_settings, resolve
from wgan.data import Dataset
from wgan.evaluation import Watch, held_out_distance
from wgan.models import sampler, sampler_of_classes
from wgan.networks import build_critic, build_generator, count_parameters
from wgan.runs import Run, as_begun, default_folder, open_run
from wgan.training import (
    Record,
    State,
    advice,
    classes_of,
    critic_headroom,
    diagnose,
    model_of,
    prepare,
    resume,
    train,
    variant_of,
)


@app.command(name="train")
def train_command(
    data: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    *,
    variant: str | None = None,
    labels: str | None = None,
    schema: str | None = None,
    preset: str = "auto",
    steps: int | None = None,
    out: Path | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    compile: Annotated[bool | None, Flag] = None,
    config: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    stop_when_converged: Annotated[bool | None, Flag] = None,
    dry_run: Annotated[bool, Flag] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train a generator on DATA; the same command again goes on where it stopped.

    Parameters
    ----------
    data
        A name (see `wgan data`), a .npy, .npz, .csv, .tsv, .parquet or idx file, or a folder or zip
        of pictures; digits unless given.
    variant
        A row of `wgan variants`; wgan-gp unless given, of tables wgan-lp.
    labels
        Learn each class, so that sample takes --label: own (folders, digits), a column of the .csv,
        an array of the .npz, or a file.
    schema
        A TOML file that corrects what is inferred of a table's columns; `wgan data TABLE -o FILE`
        writes one.
    preset
        auto, toy, vectors, tables, small-images, images or residual.
    steps
        Generator steps.
    out
        The run's folder; runs/DATA-VARIANT-SEED unless given.
    seed
        Names every random draw.
    device
        auto, cpu, cuda or mps.
    precision
        auto, float32 or bfloat16; auto: bfloat16 for pictures where the device computes in it.
    compile
        Compile the losses.
    config
        A TOML file of settings; --set and the flags here go over it.
    set_
        One setting, section.field=value; may be repeated.
    stop_when_converged
        End before --steps, once the held-out distance has stopped falling within its noise.
    dry_run
        Print the resolved settings and the sizes of the networks, and leave.
    quiet
        No progress bar, just the lines at the end.
    """
    flags: dict[str, dict[str, object]] = {
        "data": {"source": data, "labels": labels, "schema": schema},
        "objective": {"variant": variant},
        "training": {
            "steps": steps,
            "seed": seed,
            "device": device,
            "precision": precision,
            "compile": compile,
            "stop_when_converged": stop_when_converged,
        },
    }
    given = {
        section: {k: v for k, v in values.items() if v is not None}
        for section, values in flags.items()
    }
    layers = [
        *([from_file(config)] if config else []),
        from_settings(set_ or []),
        ("command line", given),
    ]
    resolved, dataset = configure(layers, preset, progress=not quiet)
    folder = out or default_folder(resolved)
    if resolve(layers).training.precision == "auto":
        resolved = as_begun(resolved, folder)
    if dry_run:
        _print_plan(resolved, dataset, folder)
        return 0
    state = prepare(resolved, dataset)  # before anything is written: it may be refused
    for words in advice(resolved, dataset):
        screen.print(f"note: {words}")
    run = open_run(folder, resolved, dataset)
    if not quiet:
        screen.print(
            f"training on {choose_device(resolved.training.device)} in"
            f" {resolved.training.precision}"
        )
        print_columns(dataset)
    resume(state, run)
    if state.step and not quiet:
        screen.print(f"going on from step {state.step} of {folder}")
    split = dataset.split(resolved.data.held_out, resolved.data.split_seed)
    watch = Watch(
        split,
        [
            (int(line["step"]), line["held_out_w1"])
            for line in run.metrics()
            if "held_out_w1" in line
        ],
    )
    with _Signals() as signals:
        records = train(
            state, resolved, dataset, run, stop=lambda: signals.caught is not None, watch=watch
        )
        stopped = _follow(records, resolved, state.step, quiet)
    if stopped:
        saved = (
            "and saved; the same command goes on from there"
            if state.step
            else "of the generator; the same command begins again"
        )
        screen.print(f"stopped at step {state.step} {saved}")
        return 128 + int(signals.caught or signal.SIGINT)
    return _finish(run, resolved, state, dataset, watch)


class _Signals:
    """Catches the first SIGINT or SIGTERM so that a step can end and be saved; a second one acts at
    once.
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


def _follow(records: Iterator[Record], config: Config, first: int, quiet: bool) -> bool:
    """Drive the run to its end with a progress bar; tell whether it was stopped before."""
    columns = [
        TextColumn("step {task.completed}/{task.total}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(),
    ]
    stopped = False
    with Progress(*columns, console=screen, disable=quiet, transient=True) as progress:
        task = progress.add_task("train", total=config.training.steps, completed=first, status="")
        for record in records:
            stopped = record.stopped
            if record.metrics:
                rate = progress.tasks[0].speed
                status = f"estimate {record.metrics['estimate']:.4g}" + (
                    f", {rate:.1f} steps/s" if rate else ""
                )
                progress.update(task, completed=record.step, status=status)
    return stopped


def _finish(run: Run, config: Config, state: State, dataset: Dataset, watch: Watch) -> int:
    model, seed, row = model_of(state, config, dataset), config.training.seed, variant_of(config)
    verdict = held_out_distance(
        sampler(model, seed), watch.split, sampler_of_classes(model, seed)
    )
    headroom = critic_headroom(state, config, dataset, row)
    sentences = diagnose(row, config, run.metrics(), watch.trend, headroom)
    measured = {"n": watch.n, "floor": watch.floor()}
    about = {
        "step": state.step,
        "seed": seed,
        "seconds": round(state.seconds, 1),
        "diagnosis": sentences,
        "measured": measured,
    }
    run.write_json("verdict.json", verdict.to_json() | about)
    early = f" of at most {config.training.steps}" if state.step < config.training.steps else ""
    screen.print(
        f"{state.step} steps{early} in {state.seconds:.0f} s; samples, generator and metrics in"
        f" {run.folder}"
    )
    screen.print(str(verdict))
    for sentence in sentences:
        screen.print(sentence)
    return 0


def _print_plan(config: Config, dataset: Dataset, folder: Path) -> None:
    screen.print(config.to_toml().rstrip())
    row, classes = variant_of(config), classes_of(config, dataset)
    generator = build_generator(
        config.network, dataset.shape, classes=len(classes), heads=dataset.codec.heads
    )
    critic = build_critic(
        config.network,
        dataset.shape,
        layers=row.layers,
        classes=len(classes),
        heads=dataset.codec.heads,
    )
    split = dataset.split(config.data.held_out, config.data.split_seed)
    screen.print(
        f"\n# {row.name}: {row.score.name}; penalty: {row.penalty or 'none'}; constraint:"
        f" {row.constraint or 'none'}"
    )
    kinds = f", {len(classes)} classes" if classes else ""
    screen.print(
        f"# data: {split.n_train} to train on, {split.n_held_out} held out, shape"
        f" {times(dataset.shape)}{kinds}"
    )
    screen.print(
        f"# generator {count_parameters(generator):,} parameters, critic"
        f" {count_parameters(critic):,}; the run goes to {folder}"
    )
