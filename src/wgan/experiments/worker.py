"""A worker process: it trains and evaluates the one run that standard input describes.

The last line on standard error is the error, if there was one, and the exit code is then 2.
"""

import os
import signal
import sys
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

from wgan.base.errors import WganError
from wgan.evaluation import EvaluationOptions
from wgan.experiments.jobs import STOPPED, Job
from wgan.runs.evaluating import evaluate_run
from wgan.training import Run


def main() -> int:
    """Do the job; return the exit code."""
    job = Job.from_json(sys.stdin.readline())
    Thread(target=_die_with_parent, daemon=True).start()
    caught: list[int] = []

    def catch(number: int, frame: FrameType | None) -> None:
        caught.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, catch)
    try:
        run = Run.open(layers=job.layers, out=job.folder)
        check_data(job, run)
        for record in run.records(stop=lambda: bool(caught)):
            if record.stopped:
                return STOPPED
        if run.folder is not None and (job.evaluation is not None or run.folder.finish() is None):
            run.finish()
        if job.evaluation is not None and not caught:
            evaluate_run(job.folder, _options(job.evaluation), name=job.name)
    except WganError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


def check_data(job: Job, run: Run) -> None:
    """Refuse to train on other data than those of the comparison, which were read before.

    Args:
        job: with the fingerprint of the data.
        run: with the data as they were read here.

    Raises:
        WganError: they differ.
    """
    assert run.folder is not None
    data = run.folder.about().data
    if job.data not in (None, (data.fingerprint, data.labels)):
        raise WganError(
            f"{run.config.data.source}: other data than the comparison began with: give each worker"
            " the same files, and change none while it runs"
        )


def _options(values: Any) -> EvaluationOptions:
    paths = {name: Path(values[name]) for name in ("features", "test") if values.get(name)}
    return EvaluationOptions(**{**values, **paths})


def _die_with_parent() -> None:
    """Wait for standard input to close, which happens when the parent ends, however it ends."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
