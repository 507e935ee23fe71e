"""Many runs side by side, each trained and evaluated in a process of its own.

A worker is a fresh Python that imports nothing from the working folder. It reads its job from
standard input, and it dies when that closes: so it never outlives the process that started it, not
even one that was killed. What is finished is not done again, and what broke off goes on.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from wgan.base.errors import WganError
from wgan.base.progress import Progress

POLL = 0.2
"""Seconds between looks at the workers: a run takes minutes."""
WORKER = [sys.executable, "-P", "-m", "wgan.experiments.worker"]
"""-P: a file in the working folder is not imported in a module's place."""


@dataclass(frozen=True)
class Job:
    """One run: layers of configuration, its folder, and options of the evaluation after it.

    Where `evaluation` is None, the run was evaluated before.
    """

    folder: Path
    layers: Sequence[tuple[str, Mapping[str, Any]]]
    evaluation: Mapping[str, Any] | None

    def to_json(self) -> str:
        """Return the job as a line of text."""
        values = {
            "folder": str(self.folder),
            "layers": [list(layer) for layer in self.layers],
            "evaluation": self.evaluation,
        }
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Build a job from what `to_json` gave."""
        values = json.loads(text)
        layers = [(name, nested) for name, nested in values["layers"]]
        return cls(Path(values["folder"]), layers, values["evaluation"])


@dataclass
class _Worker:
    job: Job
    process: "subprocess.Popen[str]"
    output: IO[str]

    def last_words(self) -> str:
        """Return the last line that the worker wrote."""
        self.output.seek(0)
        lines = self.output.read().strip().splitlines()
        return lines[-1] if lines else f"ended with code {self.process.returncode}"


def run_all(jobs: Sequence[Job], at_once: int, progress: Progress) -> None:
    """Do all jobs, `at_once` of them at a time, each on its share of the cores.

    Args:
        jobs: the runs.
        at_once: processes side by side.
        progress: listener to the names of the runs that are worked on, and how many are done.

    Raises:
        WganError: the error of the first run that failed; the others are stopped, and go on when
            the same jobs are done again.
    """
    waiting = list(jobs)
    working: list[_Worker] = []
    done = 0
    with _termination_as_interrupt():
        try:
            while waiting or working:
                while waiting and len(working) < at_once:
                    working.append(_start(waiting.pop(0), at_once))
                names = ", ".join(worker.job.folder.name for worker in working)
                progress(names, done, len(jobs))
                time.sleep(POLL)
                for worker in [each for each in working if each.process.poll() is not None]:
                    if worker.process.returncode:
                        raise WganError(f"{worker.job.folder}: {worker.last_words()}")
                    working.remove(worker)
                    done += 1
        finally:
            for worker in working:
                worker.process.terminate()
            for worker in working:
                worker.process.wait()


def _start(job: Job, at_once: int) -> _Worker:
    threads = max(1, (os.cpu_count() or 1) // at_once)
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    # A file takes what the worker says: a pipe that nobody reads would fill, and stop it.
    output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = subprocess.Popen(
        WORKER,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=output,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(job.to_json() + "\n")
    process.stdin.flush()  # and left open: when it closes, the worker ends
    return _Worker(job, process, output)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Within, SIGTERM is raised as KeyboardInterrupt, so that workers are stopped too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
