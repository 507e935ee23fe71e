"""Many runs side by side, each trained and evaluated in a process of its own.

A worker is a fresh Python that imports nothing from the working folder. It reads its job from
standard input, and it dies when that closes: so it never outlives the process that started it, not
even one that was killed. Finished runs are not done again, and interrupted ones continue.
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


PATHS = "PYTHONPATH"
STOPPED = 3
"""Exit code of a run that was stopped and saved."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that OpenMP, MKL and OpenBLAS read; the latter two use the first only if their own is
unset.
"""


@dataclass(frozen=True)
class Job:
    """One run: what a worker needs to know of it.

    Attributes:
        folder: of the run.
        layers: of configuration.
        evaluation: options of the evaluation after it; None: it was evaluated before.
        data: the fingerprint that its data must have, and a hash of their labels; None: any.
        name: what the results call the run; empty: its folder.
    """

    folder: Path
    layers: Sequence[tuple[str, Mapping[str, Any]]]
    evaluation: Mapping[str, Any] | None
    data: tuple[str, str | None] | None = None
    name: str = ""

    def to_json(self) -> str:
        """Return the job as a line of text."""
        values = {
            "folder": str(self.folder),
            "layers": [list(layer) for layer in self.layers],
            "evaluation": self.evaluation,
            "data": self.data,
            "name": self.name,
        }
        return json.dumps(values)

    def failure(self, said: str) -> WganError:
        """Return the error of a job that failed with these last words; it names the run."""
        named = said.startswith((f"{self.folder}:", f"{self.folder}/"))
        return WganError(said if named else f"{self.folder}: {said}")

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Build a job from what `to_json` gave."""
        values = json.loads(text)
        layers = [(name, nested) for name, nested in values["layers"]]
        data = None if values["data"] is None else (values["data"][0], values["data"][1])
        return cls(Path(values["folder"]), layers, values["evaluation"], data, values["name"])


@dataclass
class Worker:
    """A process that does a job."""

    job: Job
    process: "subprocess.Popen[str]"
    output: IO[str]

    def last_words(self) -> str:
        """Return the last line that the worker wrote."""
        self.output.seek(0)
        lines = self.output.read().strip().splitlines()
        return lines[-1] if lines else f"ended with code {self.process.returncode}"


def run_all(
    jobs: Sequence[Job], at_once: int, progress: Progress, threads: int | None = None
) -> None:
    """Do all jobs, `at_once` of them at a time.

    Args:
        jobs: the runs.
        at_once: processes side by side.
        progress: listener to the names of the runs that are worked on, and how many are done.
        threads: of each process; None: its share of the cores.

    Raises:
        WganError: the error of the first run that failed; the others are stopped, and continue when
            the same jobs are done again.
    """
    threads = threads or max(1, (os.cpu_count() or 1) // at_once)
    waiting = list(jobs)
    working: list[Worker] = []
    done = 0
    with termination_as_interrupt():
        try:
            while waiting or working:
                while waiting and len(working) < at_once:
                    working.append(start(waiting.pop(0), threads))
                names = ", ".join(worker.job.folder.name for worker in working)
                progress(names, done, len(jobs))
                time.sleep(POLL)
                for worker in [each for each in working if each.process.poll() is not None]:
                    if worker.process.returncode:
                        raise worker.job.failure(worker.last_words())
                    working.remove(worker)
                    done += 1
        finally:
            for worker in working:
                worker.process.terminate()
            for worker in working:
                worker.process.wait()


def start(job: Job, threads: int, folder: Path | None = None) -> Worker:
    """Start the process of a job.

    Args:
        job: the run.
        threads: of the process.
        folder: its working folder; None: that of this process.
    """
    environment = os.environ | dict.fromkeys(THREADS, str(threads))
    if paths := os.environ.get(PATHS):
        # Relative ones would lead to another package from another working folder.
        environment[PATHS] = os.pathsep.join(map(os.path.abspath, paths.split(os.pathsep)))
    # A file takes what the worker says: a pipe that nobody reads would fill, and stop it.
    output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = subprocess.Popen(
        WORKER,
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=output,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(job.to_json() + "\n")
    process.stdin.flush()  # and left open: when it closes, the worker ends
    return Worker(job, process, output)


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Return a context in which SIGTERM is raised as KeyboardInterrupt.

    So workers are stopped too.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
