"""`wgan track RUN --to SERVICE`: a run in TensorBoard, MLflow, Weights & Biases or trackio."""

from pathlib import Path
from typing import Annotated

from wgan.base.printing import counted
from wgan.cli.output import Flag, screen
from wgan.tracking import SERVICES, send


def track_command(
    run: Path,
    /,
    *,
    to: str,
    into: str | None = None,
    follow: Annotated[bool, Flag] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Send the metrics, pictures and results of RUN to a service that shows them.

    It reads the run's folder, so training neither waits for the service nor fails with it.

    Parameters
    ----------
    run
        A run's folder.
    to
        tensorboard, mlflow, wandb or trackio.
    into
        For tensorboard a folder, for mlflow a tracking URI or folder, else a project.
    follow
        Go on until the run ends.
    quiet
        Do not print what was sent.
    """
    sent = send(run, to, into, follow)
    if not quiet:
        place = SERVICES[to].default if into is None else into
        ended = "with its results" if sent.finished else "which has not ended"
        lines, pictures = counted(sent.steps, "logged step"), counted(sent.pictures, "picture")
        screen.print(f"{lines} and {pictures} of {run}, {ended}, sent to {to} in {place}")
    return 0
