"""Clusters of Dask: the connection, and the check of their workers."""

import logging
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

from wgan.base.errors import WganError
from wgan.experiments import remote
from wgan.experiments.jobs import termination_as_interrupt
from wgan.experiments.remote import Needs

CONNECT_SECONDS = 10
"""Seconds to wait for a scheduler at an address: one in the same network answers in a second."""
WORKERS_SECONDS = 10.0
"""Seconds to wait for the workers of a cluster, which begin within seconds of the scheduler."""
ALONE = 600.0
"""Seconds without any worker after which it is given up: a queue may take minutes to start some."""
POLL = 0.2
"""Seconds between looks at what has ended, of which the scheduler tells by itself."""
FETCHING = 60.0
"""Seconds for fetching the outcome of a run or a call; nothing else is looked at meanwhile."""
CLOSE_SECONDS = 5
"""Seconds to wait when leaving: no work is in progress then."""
QUIET = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
"""Logs that would print tracebacks of what is told here in one line; Dask gives the longer names
levels of their own.
"""
ADDRESS = r"(tcp|tls|ws|wss)://\S+:[0-9]{1,5}"
"""Addresses that Dask prints; it would take other words for a host, and wait for it."""
MOST_SENT = 2**26
"""Bytes of data that are sent to workers that cannot read them: the scheduler holds them once for
each run that is worked on. Larger data belong where all workers read them.
"""


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield a client of a cluster, with SIGTERM as an interrupt.

    Args:
        address: of the scheduler, such as tcp://host:8786.

    Raises:
        WganError: Dask is not installed, or no scheduler or no worker answers in some seconds; or
            the scheduler is lost later.
    """
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise WganError(
            "--cluster needs Dask's distributed, which is not installed: pip install"
            " 'wgan[cluster]'"
        ) from None
    if not re.fullmatch(ADDRESS, address):
        raise WganError(
            f"--cluster {address}: no address of a scheduler: write it as `dask scheduler` prints"
            " it, such as tcp://host:8786"
        )
    # A run's files may be larger than what Dask expects in an order.
    settings = {"distributed.admin.large-graph-warning-threshold": "1TB"}
    with _quiet(), dask.config.set(settings), termination_as_interrupt():
        try:
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
            raise WganError(
                f"--cluster {address}: no scheduler answers there in {CONNECT_SECONDS} s"
                f" ({_first_line(error)}): start `dask scheduler`, and give the address that it"
                " prints"
            ) from None
        try:
            _wait_for_workers(client, address)
            yield client
        except (OSError, TimeoutError, RuntimeError) as error:
            if client.status == "running":
                raise
            raise WganError(
                f"--cluster {address}: the scheduler is gone ({_first_line(error)}): start it"
                " again, then the same command continues"
            ) from None
        finally:
            client.close(timeout=CLOSE_SECONDS)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's logs and warnings off the screen."""
    logs = [logging.getLogger(name) for name in QUIET]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed")
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _wait_for_workers(client: Any, address: str) -> None:
    end = time.monotonic() + WORKERS_SECONDS
    while not client.nthreads():
        if time.monotonic() > end:
            raise WganError(
                f"--cluster {address}: the scheduler has no workers: start some with `dask worker"
                f" {address} --nthreads 1`"
            )
        time.sleep(0.1)


class Crew:
    """The workers of a cluster, which may come and go.

    Args:
        client: of the cluster.
        address: of its scheduler, for messages.
    """

    def __init__(self, client: Any, address: str) -> None:
        self.client = client
        self.address = address
        self.seen = time.monotonic()

    def threads(self) -> int:
        """Return how many threads all workers have now.

        Raises:
            WganError: there have been no workers for a long time.
        """
        now = time.monotonic()
        threads = sum(self.client.nthreads().values())
        if threads:
            self.seen = now
        elif now - self.seen > ALONE:
            raise WganError(
                f"--cluster {self.address}: has had no workers for {ALONE / 60:.0f} minutes: start"
                " some, then the same command continues"
            )
        return threads


def check_workers(client: Any, address: str, needs: Needs) -> None:
    """Refuse a cluster with a worker that would not compute what this machine would.

    Args:
        client: of the cluster.
        address: of its scheduler, for messages.
        needs: what workers must have.

    Raises:
        WganError: a worker, which is named, or the scheduler without wgan, or with another version;
            or one that finds other data.
    """
    # By a function of Python's own: wgan's cannot be read where it is not installed.
    found = {"the scheduler": client.run_on_scheduler(find_spec, "wgan")}
    found |= client.run(find_spec, "wgan", on_error="return")
    for where, place in found.items():
        if place is None:
            raise WganError(
                f"--cluster {address}: {_named(where)} has no wgan: install it there, as here"
            )
    for where, why in client.run(remote.fault, needs, on_error="return").items():
        if isinstance(why, str):
            raise WganError(f"--cluster {address}: {_named(where)} {why}")


def _named(where: str) -> str:
    return f"worker {where}" if "://" in where else where


def needed(folder: Path, paths: Sequence[str]) -> Needs:
    """Return the requirements on workers: this machine's versions, and the contents of paths.

    Args:
        folder: the working folder.
        paths: from there.
    """
    marks = {path: remote.mark(folder / path) for path in paths}
    return Needs(remote.versions(), str(folder), marks)


def sent(client: Any, address: str, needs: Needs) -> tuple[str, ...]:
    """Return which of the paths that workers need must be sent, since a worker cannot read one.

    All relative ones are sent then, for the runs are given a working folder of their own.

    Args:
        client: of the cluster.
        address: of its scheduler, for messages.
        needs: what workers must have.

    Raises:
        WganError: files too large to be sent, folders, or absolute paths.
    """
    lacking = [
        (path, where)
        for path, here in needs.marks.items()
        for where, there in client.run(
            remote.mark, Path(needs.folder) / path, on_error="return"
        ).items()
        if here != "nothing" and there == "nothing"
    ]
    if not lacking:
        return ()
    path, where = lacking[0]
    relative = tuple(each for each in needs.marks if not PurePath(each).is_absolute())
    files = [Path(needs.folder) / each for each in relative]
    below = all(".." not in PurePath(each).parts for each in relative)
    fits = all(each.is_file() for each in files)
    if not fits or sum(each.stat().st_size for each in files) > MOST_SENT or not below:
        relative = ()
    if not {each for each, _ in lacking} <= set(relative):
        raise WganError(
            f"--cluster {address}: worker {where} cannot read {Path(needs.folder) / path}: put it"
            f" where all workers read it (files of up to {MOST_SENT >> 20} MiB in all are sent, if"
            " their paths lead from the working folder downwards)"
        )
    return relative


def why(error: BaseException | None) -> str:
    """Return why Dask gave something up, in words.

    Args:
        error: what it raised; None: it was cancelled.
    """
    from distributed.scheduler import KilledWorker

    if error is None:
        return "was cancelled by the scheduler: see whether it was restarted"
    if isinstance(error, KilledWorker):
        lost = getattr(error.last_worker, "address", error.last_worker)
        return f"its worker was lost repeatedly, last {lost}: see its log, perhaps memory ran out"
    if isinstance(error, ImportError):
        return f"a worker lacks a package ({_first_line(error)}): install there what is here"
    return f"{type(error).__name__}: {_first_line(error)}"
