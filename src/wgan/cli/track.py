"""`wgan track RUN --to SERVICE`: a run in TensorBoard, MLflow or Weights & Biases."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from wgan.base.printing import counted
from wgan.cli.json_output import Json, print_json
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
    json_: Json = False,
) -> int:
    """Send the metrics, pictures and results of RUN to a service that shows them.

    It reads the run's folder, so training neither waits for the service nor fails with it.

    Parameters
    ----------
    run
        Folder of a run.
    to
        Service: tensorboard, mlflow or wandb.
    into
        Destination: for tensorboard a folder, for mlflow a tracking URI, for wandb a project.
    follow
        Keep sending until the run ends.
    quiet
        Do not print what was sent.
    json_
        Print one JSON document instead of text.
    """
    sent = send(run, to, into, follow)
    place = SERVICES[to].default if into is None else into
    if json_:
        print_json("track", {"run": run, "to": to, "into": place, **asdict(sent)})
    elif not quiet:
        ended = "with its results" if sent.finished else "which has not ended"
        lines, pictures = counted(sent.steps, "logged step"), counted(sent.pictures, "picture")
        screen.print(f"{lines} and {pictures} of {run}, {ended}, sent to {to} in {place}")
    return 0
