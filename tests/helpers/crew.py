"""Ranks for tests: one process imports the package, and forks the ranks of each job.

`Crew` starts that process, and asks for jobs: a function of `rank_jobs` on k ranks, or a command
line on each.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NamedTuple

HELPERS = Path(__file__).parent
SOURCE = HELPERS.parents[1] / "src"


class Ended(NamedTuple):
    """How a rank ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class Crew:
    """A process that forks ranks."""

    def __enter__(self):
        paths = [str(SOURCE), str(HELPERS), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(HELPERS / "crew.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait(60)

    def start(self, job, ranks, environment=None, later=None):
        """Begin a job; the process ids of its ranks are returned.

        Args:
            job: words of a command line, or (name of a function, its arguments).
            ranks: how many.
            environment: more variables.
            later: {rank: words} of a rank with other words.
        """
        request = [job, ranks, environment or {}, {str(k): v for k, v in (later or {}).items()}]
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait(self):
        """Return how each rank of the job ended."""
        return [Ended(*each) for each in json.loads(self.process.stdout.readline())]

    def run(self, job, ranks, environment=None, later=None):
        """Run a job to its end; return how each rank ended."""
        self.start(job, ranks, environment, later)
        return self.wait()


def free_port():
    """Return a port of this host that nobody listens at."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def serve():
    """Fork the ranks of each job that standard input asks for."""
    import rank_jobs  # and with it the package
    import torch

    torch.set_num_threads(1)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        job, ranks, environment, later = json.loads(line)
        place = Path(tempfile.mkdtemp(prefix="wgan-ranks-"))
        meeting = {
            "WORLD_SIZE": str(ranks),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(free_port()),
        }
        children = []
        for rank in range(ranks):
            child = os.fork()
            if child == 0:
                numbers = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
                os.environ.update(meeting | numbers | environment)
                as_rank(later.get(str(rank), job), place / str(rank), rank_jobs)
            children.append(child)
        print(json.dumps(children), file=answers, flush=True)
        ended = []
        for rank, child in enumerate(children):
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = [(place / f"{rank}.{name}").read_text() for name in ("out", "err")]
            ended.append([code, *texts])
        print(json.dumps(ended), file=answers, flush=True)


def as_rank(job, place, functions):
    """Do a rank's part of a job, and end the process."""
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(f"{place}.{name}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
    code = 1
    try:
        if isinstance(job[1], list):
            name, arguments = job
            code = getattr(functions, name)(*arguments) or 0
        else:
            sys.argv[1:] = job
            code = functions.run_process()
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def wait_for(path, seconds=60.0):
    """Wait until a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.02)


if __name__ == "__main__":
    serve()
