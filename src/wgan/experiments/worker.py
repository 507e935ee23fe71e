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
from wgan.experiments.jobs import Job
from wgan.runs.evaluating import evaluate_run
from wgan.training import Run

STOPPED = 3
"""Exit code of a run that was stopped and saved."""


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
        for record in run.records(stop=lambda: bool(caught)):
            if record.stopped:
                return STOPPED
        if run.folder is not None and (job.evaluation is not None or run.folder.finish() is None):
            run.finish()
        if job.evaluation is not None and not caught:
            evaluate_run(job.folder, _options(job.evaluation))
    except WganError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


def _options(values: Any) -> EvaluationOptions:
    paths = {name: Path(values[name]) for name in ("features", "test") if values.get(name)}
    return EvaluationOptions(**{**values, **paths})


def _die_with_parent() -> None:
    """Wait for standard input to close, which happens when the parent ends, however it ends."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
