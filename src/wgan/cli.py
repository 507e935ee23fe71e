"""What does `wgan` do on the command line? Parse, call, print; every decision is made elsewhere."""

import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import cyclopts
import torch
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import wgan
from wgan.data import Dataset, load, named_sources
from wgan.data.writers import write_samples
from wgan.errors import WganError
from wgan.evaluation import evaluate
from wgan.networks import build_critic, build_generator, count_parameters
from wgan.objectives import VARIANTS
from wgan.training import (
    Config,
    Record,
    Run,
    State,
    configure,
    default_folder,
    from_file,
    from_settings,
    load_model,
    model_of,
    open_run,
    prepare,
    resume,
    row_of,
    sampler,
    train,
)

app = App(
    name="wgan",
    help="Wasserstein GANs: from data to a trained generator, and the distance that says how good it is.",
    version=wgan.__version__,
    result_action="return_value",
)
screen = Console(highlight=False, markup=False, soft_wrap=True)
Flag = Parameter(negative="")
ROOM = ": make room, then run the same command again"
REMEDIES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: ROOM,
    errno.EACCES: ": check the permissions",
    errno.EROFS: ": choose a folder that can be written to, with --out",
}


@app.command(name="train")
def train_command(
    data: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    *,
    variant: str | None = None,
    preset: str = "auto",
    steps: int | None = None,
    out: Path | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    compile: Annotated[bool | None, Flag] = None,
    config: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    dry_run: Annotated[bool, Flag] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train a generator on DATA; the same command again goes on where it stopped.

    Parameters
    ----------
    data
        A name (see `wgan data`), a .npy, .npz or idx file, or a folder or zip of pictures; digits unless given.
    variant
        A row of `wgan variants`; wgan-gp unless given.
    preset
        auto, toy, vectors, small-images, images or residual.
    steps
        Generator steps.
    out
        The run's folder; runs/<data>-<variant>-<seed> unless given.
    seed
        Names every random draw.
    device
        auto, cpu, cuda or mps.
    precision
        float32 or bfloat16.
    compile
        Compile the losses.
    config
        A TOML file of settings; --set and the flags here go over it.
    set_
        One setting, section.field=value; may be repeated.
    dry_run
        Print the resolved settings and the sizes of the networks, and leave.
    quiet
        No progress bar, just the lines at the end.
    """
    flags: dict[str, dict[str, object]] = {
        "data": {"source": data},
        "objective": {"variant": variant},
        "training": {"steps": steps, "seed": seed, "device": device, "precision": precision, "compile": compile},
    }
    given = {section: {k: v for k, v in values.items() if v is not None} for section, values in flags.items()}
    layers = [*([from_file(config)] if config else []), from_settings(set_ or []), ("command line", given)]
    resolved, dataset = configure(layers, preset, progress=not quiet)
    folder = out or default_folder(resolved)
    if dry_run:
        _print_plan(resolved, dataset, folder)
        return 0
    state = prepare(resolved, dataset)  # before anything is written: it may be refused
    run = open_run(folder, resolved, dataset)
    resume(state, run)
    if state.step and not quiet:
        screen.print(f"going on from step {state.step} of {folder}")
    with _Signals() as signals:
        records = train(state, resolved, dataset, run, stop=lambda: signals.caught is not None)
        stopped = _follow(records, resolved, state.step, quiet)
    if stopped:
        saved = "and saved; the same command goes on from there" if state.step else "of the generator; the same command begins again"
        screen.print(f"stopped at step {state.step} {saved}")
        return 128 + int(signals.caught or signal.SIGINT)
    return _finish(run, resolved, state, dataset)


@app.command
def sample(
    run: Path,
    /,
    *,
    number: Annotated[int, Parameter(name=["-n", "--number"])] = 64,
    out: Annotated[Path, Parameter(name=["-o", "--out"])] = Path("samples.png"),
    seed: int = 0,
) -> int:
    """Write samples of the generator in RUN; the same seed gives the same samples.

    Parameters
    ----------
    run
        A run's folder, or one that `WGAN.save` wrote.
    number
        How many.
    out
        The ending chooses: .png (one grid, or a scatter), .npy, or none (a folder of PNGs).
    seed
        Names the noise.
    """
    if number < 1:
        raise WganError(f"-n {number}: give 1 or more")
    model = load_model(run)
    write_samples(model.sample(number, seed), model.codec, out)
    screen.print(f"{number} samples in {out}")
    return 0


@app.command
def variants() -> int:
    """Print the table of variants."""
    for row in VARIANTS.values():
        screen.print(row.name, style="bold")
        facts = {
            "score": row.score.name,
            "estimates": row.score.measures,
            "penalty": row.penalty or "none",
            "constraint": row.constraint or "none",
            "settings": ", ".join(f"{k} {v}" for k, v in row.optimiser.items()),
            "choose it": row.when,
            "paper": row.paper,
        }
        for name, fact in facts.items():
            screen.print(f"  {name:11} {fact}")
    return 0


@app.command
def data(source: str | None = None, /) -> int:
    """List the data known by name, or describe SOURCE.

    Parameters
    ----------
    source
        Anything that `wgan train` takes.
    """
    if source is None:
        for name, summary in named_sources().items():
            screen.print(f"{name:18} {summary}")
        screen.print("or a path: .npy, .npz, idx (as MNIST ships, .gz too), a folder or zip of pictures")
        return 0
    dataset = load(source, progress=True)
    split = dataset.split()
    screen.print(f"{dataset.name}: {len(dataset)} samples of shape {_times(dataset.shape)} ({dataset.codec.kind})")
    screen.print(
        f"stored as {dataset.rows.dtype}, split into {split.n_train} for training and {split.n_held_out} held out; distances in {dataset.codec.units}"
    )
    if dataset.classes:
        screen.print(f"{len(dataset.classes)} classes: {', '.join(dataset.classes[:20])}")
    if dataset.toy and dataset.toy.partner:
        screen.print(f"known exactly: {dataset.toy.partner.formula}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; wrong input is one line on standard error and exit code 2."""
    try:
        return int(app(sys.argv[1:] if arguments is None else list(arguments), exit_on_error=False, print_error=False) or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    except (WganError, cyclopts.CycloptsError) as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename or 'a file'}: {error.strerror or error}{REMEDIES.get(error.errno or 0, '')}"
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        message = "out of memory: lower optimiser.batch, network.width, or the number of samples asked for"
    print(f"wgan: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


class _Signals:
    """Catches the first SIGINT or SIGTERM so that a step can end and be saved; a second one acts at once."""

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
                status = f"estimate {record.metrics['estimate']:.4g}" + (f", {rate:.1f} steps/s" if rate else "")
                progress.update(task, completed=record.step, status=status)
    return stopped


def _finish(run: Run, config: Config, state: State, dataset: Dataset) -> int:
    split = dataset.split(config.data.held_out, config.data.split_seed)
    verdict = evaluate(sampler(model_of(state, config, dataset), config.training.seed), split)
    run.write_json("verdict.json", verdict.to_json() | {"step": state.step, "seed": config.training.seed, "seconds": round(state.seconds, 1)})
    screen.print(f"{state.step} steps in {state.seconds:.0f} s; samples, generator and metrics in {run.folder}")
    screen.print(str(verdict))
    return 0


def _print_plan(config: Config, dataset: Dataset, folder: Path) -> None:
    screen.print(config.to_toml().rstrip())
    generator = build_generator(config.network, dataset.shape)
    critic = build_critic(config.network, dataset.shape)
    split = dataset.split(config.data.held_out, config.data.split_seed)
    row = row_of(config)
    screen.print(f"\n# {row.name}: {row.score.name}; penalty: {row.penalty or 'none'}; constraint: {row.constraint or 'none'}")
    screen.print(f"# data: {split.n_train} to train on, {split.n_held_out} held out, shape {_times(dataset.shape)}")
    screen.print(f"# generator {count_parameters(generator):,} parameters, critic {count_parameters(critic):,}; the run goes to {folder}")


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
