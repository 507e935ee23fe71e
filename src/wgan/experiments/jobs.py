"""How are many runs made side by side? Each by commands of its own, a process a core: what is done
ends at once, what broke off goes on.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from wgan.base.errors import WganError

POLL = 0.2
Commands = Sequence[Sequence[str]]
Report = Callable[[int, int, list[str]], None]


@dataclass
class _Job:
    folder: Path
    rest: list[Sequence[str]]
    said: IO[str]
    process: "subprocess.Popen[str]"


def run_all(runs: Mapping[Path, Commands], at_once: int, report: Report) -> None:
    """Run the `wgan` commands of each run one after the other, of so many runs at once, each on its
    share of the cores.

    Args:
        runs: commands by the folder they work in; a run without commands is done.
        at_once: processes side by side.
        report: told runs done, runs in all, and the names of those that work now.

    Raises:
        WganError: what the first command that failed said; the others are stopped, and go on when
            asked again.
    """
    waiting = [(folder, list(commands)) for folder, commands in runs.items() if commands]
    done, working = len(runs) - len(waiting), list[_Job]()
    environment = os.environ | {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // at_once))}
    with _termination_as_interrupt():
        try:
            while waiting or working:
                while waiting and len(working) < at_once:
                    folder, commands = waiting.pop(0)
                    said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (as long as its job; a pipe that nobody reads would fill)
                    working.append(
                        _Job(folder, commands[1:], said, _start(commands[0], environment, said))
                    )
                report(done, len(runs), [job.folder.name for job in working])
                time.sleep(POLL)
                for job in [job for job in working if job.process.poll() is not None]:
                    if job.process.returncode:
                        raise WganError(f"{job.folder}: {_last_words(job)}")
                    if job.rest:
                        job.process = _start(job.rest.pop(0), environment, job.said)
                    else:
                        working.remove(job)
                        done += 1
        finally:
            for job in working:
                job.process.terminate()
            for job in working:
                job.process.wait()


def _start(
    arguments: Sequence[str], environment: Mapping[str, str], said: IO[str]
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "wgan", *arguments]
    return subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=said, text=True
    )


def _last_words(job: _Job) -> str:
    job.said.seek(0)
    said = job.said.read().strip().splitlines()
    return (
        said[-1].removeprefix("wgan: error: ")
        if said
        else f"ended with code {job.process.returncode}"
    )


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Within, SIGTERM is raised as KeyboardInterrupt, so that what was started is stopped too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
