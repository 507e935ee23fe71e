"""Sending of a run to a service: what its folder holds, and what is written while it trains.

The service sees a run through its folder. So training neither waits for a service nor fails with
it, and a run of yesterday is sent as one that trains now.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.runs import RunFolder
from wgan.runs.following import MetricsTail, is_training
from wgan.runs.records import Finish
from wgan.tracking.services import Tracker, open_tracker

LOOK = 2.0
"""Seconds between two looks at a run that trains."""


@dataclass
class Sent:
    """Records that a service was sent.

    Attributes:
        steps: lines of metrics.
        pictures: pictures of samples.
        last: the last step that was sent.
        finished: whether what the run ended with was sent.
    """

    steps: int = 0
    pictures: int = 0
    last: int = -1
    finished: bool = False


def send(
    path: Path,
    service: str,
    into: str | None = None,
    follow: bool = False,
    progress: Progress = silent,
) -> Sent:
    """Send a run to a service.

    A run that goes on from an earlier step repeats its lines, bit for bit on a CPU. Each step is
    sent once.

    Args:
        path: the run's folder.
        service: `tensorboard`, `mlflow` or `wandb`.
        into: where it goes; None: the service's default.
        follow: go on until the run ends.
        progress: listener to the last step.

    Raises:
        WganError: no run there, as `open_tracker`, or an error of the service.
    """
    run = RunFolder(path)
    run.check()
    name = path.resolve().name
    with _named(service):
        tracker = open_tracker(service, into, name, facts_of(run))
    tail = MetricsTail(path)
    sent = Sent()
    pictured: set[int] = set()
    finish: Finish | None = None
    try:
        while True:
            trains = follow and is_training(path)  # before it is read: what comes later is sent
            with _named(service):
                _send_new(run, tail, tracker, sent, pictured)
            progress(f"sending {name}", sent.last, None)
            finish = run.finish()
            if not trains:
                break
            time.sleep(LOOK)
    finally:
        with _named(service):
            tracker.end({} if finish is None else results_of(finish))
    sent.finished = finish is not None
    return sent


def _send_new(
    run: RunFolder, tail: MetricsTail, tracker: Tracker, sent: Sent, pictured: set[int]
) -> None:
    """Send what was not sent."""
    tail.read()
    pictures = [(step, path) for step, path in run.snapshots() if step not in pictured]
    lines = [line for line in tail.lines if line["step"] > sent.last]
    events: list[tuple[int, Any]] = [(int(line["step"]), line) for line in lines]
    events += pictures
    # In the order of steps: a service may refuse an earlier one.
    for step, what in sorted(events, key=lambda event: event[0]):
        if isinstance(what, Path):
            tracker.picture(step, what)
            pictured.add(step)
            sent.pictures += 1
            continue
        tracker.log(step, {key: value for key, value in what.items() if key != "step"})
        sent.steps += 1
        sent.last = step


def facts_of(run: RunFolder) -> dict[str, Any]:
    """Return the settings of a run by `section.name`, and its data and version.

    Args:
        run: its folder.
    """
    about = run.about()
    flat = {
        f"{section}.{name}": value
        for section, values in run.settings().items()
        for name, value in values.items()
    }
    more = {"data.name": about.data.name, "data.samples": about.data.samples}
    return flat | more | {"wgan": about.periods[0].get("wgan")}


def results_of(finish: Finish) -> dict[str, float]:
    """Return the result of a run: the held-out distance, half its 95 % interval, and the floor.

    Args:
        finish: what was written at its end.
    """
    return {
        "steps": float(finish.step),
        "seconds": finish.seconds,
        "held_out_w1": finish.held_out.w1,
        "held_out_w1_half_width": finish.held_out.half_width,
        "floor_w1": finish.held_out.floor,
    }


@contextmanager
def _named(service: str) -> Iterator[None]:
    """Turn an error of a service's package into one line that names it."""
    try:
        yield
    except WganError:
        raise
    except Exception as error:  # each package has errors of its own
        if isinstance(error, OSError) and error.filename is not None:  # of a file here
            raise
        reason = " ".join(str(error).split())
        raise WganError(
            f"--to {service}: {type(error).__name__}: {reason}: see that the service can be"
            " reached; the run itself is untouched"
        ) from None
