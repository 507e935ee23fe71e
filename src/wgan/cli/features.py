"""`wgan features train DATA`: a feature map of one's own, for comparing pictures by more than their
pixels.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from wgan.base.errors import WganError
from wgan.cli.app import Flag, app, screen
from wgan.data import load, short_name
from wgan.evaluation.features.classifier import DESCRIPTION, save_classifier
from wgan.evaluation.images import train_features

features = App(
    name="features",
    help="Feature maps, on which `wgan evaluate` and `wgan compare` compare pictures.",
)
app.command(features)


@features.command(name="train")
def train_features_command(
    data: str,
    /,
    *,
    labels: str = "own",
    out: Path | None = None,
    epochs: int = 3,
    seed: int = 0,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train a small classifier of labelled pictures; its features are the map. A fifth of the
    pictures is held out to state its accuracy.

    Parameters
    ----------
    data
        Pictures, as `wgan train` takes them.
    labels
        Their classes: own (folders, digits), an array of the .npz, or a file of one label a
        picture.
    out
        The folder for features.safetensors and features.json; features/DATA unless given.
    epochs
        Passes over the pictures.
    seed
        Names weights and batches.
    quiet
        No progress bar.
    """
    if epochs < 1:
        raise WganError(f"--epochs {epochs}: give 1 or more")
    folder = out or Path("features") / short_name(data)
    if (folder / DESCRIPTION).exists():
        raise WganError(
            f"{folder}: holds a feature map already, and nothing is overwritten: choose another"
            " --out"
        )
    dataset = load(data, labels=labels, progress=not quiet)
    console, columns = (
        Console(stderr=True),
        [TextColumn("batch {task.completed}/{task.total}"), BarColumn(), TimeRemainingColumn()],
    )
    with Progress(
        *columns, console=console, disable=quiet or not console.is_terminal, transient=True
    ) as progress:
        task = progress.add_task("", total=None)
        found = train_features(
            dataset,
            epochs,
            seed,
            lambda what, done, total: progress.update(task, completed=done, total=total),
        )
    save_classifier(found, folder)
    screen.print(
        f"{found.name}: {found.accuracy:.1%} of {found.n_test} held-out pictures in the right one"
        f" of {len(found.classes)} classes; in {folder}"
    )
    return 0
