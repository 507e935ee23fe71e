"""Runs on the workers of a cluster, each in a worker's scratch folder; their folders are here.

The files of a run travel with its order and come back with its outcome, and its newest checkpoint
now and then. A run whose worker is lost continues elsewhere, from the files that have come back.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from wgan.base.errors import WganError
from wgan.base.progress import Progress
from wgan.experiments import remote
from wgan.experiments.cluster import (
    FETCHING,
    POLL,
    Crew,
    check_workers,
    connected,
    needed,
    sent,
    why,
)
from wgan.experiments.jobs import STOPPED, Job
from wgan.experiments.packs import Pack, names_below, pack, unpack
from wgan.experiments.remote import UNFIT, Needs, Order, Outcome
from wgan.runs import RunFolder
from wgan.runs.beginning import claim
from wgan.runs.folder import ABOUT, CHECKPOINT, FILES, LOCK, RESULTING, SAMPLES, SNAPSHOTS

ASK = 10.0
"""Seconds between questions to the workers, each a line in their logs: a run takes minutes."""
KEEP = 60.0
"""Seconds between copies of a run's checkpoint. A lost worker costs a minute or so of its run, and
a checkpoint of 100 MB takes a second or two of the network.
"""
MOST_LOSSES = 5
"""Workers that a run may lose: one that takes too much memory loses each, and must come to an end.
"""
SAVING = 15.0
"""Seconds that stopped runs have to send back what they saved."""
MOST_NAMES = 8
"""Names of runs in the progress: more do not fit on a line."""
ORDER = (CHECKPOINT, *RESULTING)
"""Files that are written last: the files before them are what a killed run leaves."""


@dataclass
class _Work:
    """A run that a worker was ordered to do."""

    job: Job
    lock: IO[str]
    key: str = ""
    future: Any = None
    known: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    is_newer: bool = False
    kept: float = 0.0
    losses: int = 0


def run_on_cluster(
    jobs: Sequence[Job],
    address: str,
    paths: Sequence[str],
    at_once: int | None,
    threads: int,
    progress: Progress,
) -> None:
    """Do all jobs on the workers of a cluster, one at a time on each of their threads.

    Args:
        jobs: the runs; their folders are on this machine.
        address: of Dask's scheduler.
        paths: files and folders of the data, from the working folder; workers read them in the
            same place, or they are sent.
        at_once: runs at a time; None: one a thread of the workers.
        threads: of each run's process; the same everywhere, for the last bits depend on it.
        progress: listener to the names of the runs that are worked on, and how many are done.

    Raises:
        WganError: no cluster, or one that is not fit; the error of the first run that failed, or
            that lost its worker repeatedly. The others are stopped and saved, and continue when the
            same jobs are done again.
    """
    with connected(address) as client:
        needs = needed(Path.cwd(), paths)
        inputs = Pack()
        if names := sent(client, address, needs):
            inputs = pack(Path.cwd(), names)
            needs = replace(needs, marks={p: m for p, m in needs.marks.items() if p not in names})
        check_workers(client, address, needs)
        fleet = _Fleet(client, address, needs, inputs, threads)
        try:
            fleet.do(list(jobs), at_once, progress)
        finally:
            fleet.stop()


class _Fleet:
    """The runs of one command that are on workers now."""

    def __init__(self, client: Any, address: str, needs: Needs, inputs: Pack, threads: int) -> None:
        self.client = client
        self.address = address
        self.session = uuid4().hex[:12]
        self.order = partial(
            Order,
            session=self.session,
            inputs=inputs,
            needs=needs,
            threads=threads,
            checkpoint=CHECKPOINT,
        )
        self.working: list[_Work] = []
        self.crew = Crew(client, address)
        self.asked = time.monotonic()

    def do(self, waiting: list[Job], at_once: int | None, progress: Progress) -> None:
        """Do all jobs."""
        total = len(waiting)
        while waiting or self.working:
            slots = self._slots(at_once)
            while waiting and len(self.working) < slots:
                job = waiting.pop(0)
                self.working.append(self._begun(job))
            progress(self._names(), total - len(waiting) - len(self.working), total)
            time.sleep(POLL)
            if time.monotonic() - self.asked > ASK:
                self._tend()
            for work in [each for each in self.working if each.future.done()]:
                self._end(work)

    def _begun(self, job: Job) -> _Work:
        work = _Work(job, claim(job.folder))
        try:
            self._send(work)
        except BaseException:
            work.lock.close()
            raise
        return work

    def _names(self) -> str:
        names = [work.job.folder.name for work in self.working]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return ", ".join(names[:MOST_NAMES]) + more or "waiting for workers"

    def _slots(self, at_once: int | None) -> int:
        """Return how many runs the workers take now."""
        threads = self.crew.threads()
        return threads if at_once is None else min(threads, at_once)

    def _send(self, work: _Work) -> None:
        """Order a run, from what is in its folder."""
        folder = RunFolder(work.job.folder)
        folder.check_links()
        run = pack(work.job.folder, _run_files(work.job.folder))
        work.known = run.digests
        work.key = f"wgan-{work.job.folder.name}-{uuid4().hex[:12]}"
        work.token = None
        work.is_newer = False
        work.kept = time.monotonic()
        named = replace(work.job, name=work.job.name or str(work.job.folder))
        order = self.order(key=work.key, job=named.to_json(), run=run)
        work.future = self.client.submit(remote.work, order, key=work.key, pure=False)

    def _tend(self) -> None:
        """Ask the workers about the runs; keep newer checkpoints, and note what was lost."""
        if not self.working:
            return
        now = self.asked = time.monotonic()
        due = {work.key: work for work in self.working if now - work.kept > KEEP}
        wanted = {work.key: work.known if work.key in due else None for work in self.working}
        for work in due.values():
            work.kept = now
        answers = self.client.run(remote.tend, self.session, wanted, CHECKPOINT, on_error="return")
        for answer in answers.values():
            if isinstance(answer, dict):  # else a worker that is leaving
                for work in self.working:
                    if work.key in answer:
                        self._hear(work, *answer[work.key])

    def _hear(self, work: _Work, token: str, files: Pack | None) -> None:
        """Take note of a run: another token tells that it was begun again on another worker."""
        if work.token not in (None, token):
            self._lose(work, "")
            if work.is_newer:  # than what it was begun again from
                self._again(work)
                return
        work.token = token
        if files is not None:
            self._keep(work, files)
            work.is_newer = True

    def _keep(self, work: _Work, files: Pack) -> None:
        """Write the files of a run into its folder, and remove those that it removed.

        A run that has not come to a checkpoint begins again.
        """
        own = files.only(is_of_run)
        if CHECKPOINT not in own.digests:
            return
        unpack(own, work.job.folder, ORDER)
        for name in set(_run_files(work.job.folder)) - set(own.digests):
            (work.job.folder / name).unlink()
        folder = RunFolder(work.job.folder)
        # Paths of its settings lead from here, not from a worker's scratch folder.
        folder.write_about(replace(folder.about(), folder=str(Path.cwd())))
        work.known = {name: digest for name, digest in own.digests.items() if name != ABOUT}

    def _lose(self, work: _Work, where: str) -> None:
        work.losses += 1
        if work.losses > MOST_LOSSES:
            last = f", last {where}" if where else ""
            raise WganError(
                f"{work.job.folder}: lost its worker {work.losses} times{last}: see the worker's"
                " log, perhaps memory ran out; then the same command continues"
            )

    def _again(self, work: _Work) -> None:
        self.client.cancel([work.future])  # what still works on it has no known key, and stops
        self._send(work)

    def _end(self, work: _Work) -> None:
        """Take the outcome of a run; order it again if its worker was lost or stopped it."""
        if work.future.status != "finished":
            error = work.future.exception() if work.future.status == "error" else None
            if error is not None and not _is_loss(error):
                raise WganError(f"{work.job.folder}: {why(error)}")
            self._lose(work, "")
            self._again(work)
            return
        try:
            outcome = work.future.result(timeout=FETCHING)
        except TimeoutError:  # its worker was lost with it, and it is done again elsewhere
            return
        self._take(work, outcome)

    def _take(self, work: _Work, outcome: Outcome) -> None:
        if outcome.code == UNFIT:
            raise WganError(f"--cluster {self.address}: worker {outcome.worker} {outcome.said}")
        if outcome.run is not None:
            self._keep(work, outcome.run)
        if outcome.code == STOPPED or outcome.code < 0:
            self._lose(work, outcome.worker)
            self._again(work)
            return
        if outcome.code:
            raise work.job.failure(f"{outcome.said} (worker {outcome.worker})")
        self.working.remove(work)
        work.lock.close()

    def stop(self) -> None:
        """Stop all runs, and take what they saved within some seconds.

        No error is reported here, because the one that led here is reported.
        """
        end = time.monotonic() + SAVING
        with suppress(OSError, TimeoutError, WganError):
            while self.working and self.client.status == "running":
                under_way = self._stopping()
                time.sleep(POLL)
                for work in [each for each in self.working if each.future.done()]:
                    self.working.remove(work)
                    work.lock.close()
                    self._save(work)
                if not under_way & {work.key for work in self.working} or time.monotonic() > end:
                    self.client.cancel([work.future for work in self.working])
                    break
        for work in self.working:
            work.lock.close()

    def _stopping(self) -> set[str]:
        """Tell the workers to stop all runs; return the keys of those that have not stopped yet."""
        answers = self.client.run(remote.tend, self.session, {}, CHECKPOINT, on_error="return")
        return {key for each in answers.values() if isinstance(each, dict) for key in each}

    def _save(self, work: _Work) -> None:
        if work.future.status == "finished":
            outcome = work.future.result()
            if outcome.run is not None:
                self._keep(work, outcome.run)


def is_of_run(name: str) -> bool:
    """Return whether a path in a run's folder is one of the run's files, its lock aside."""
    return (name in FILES and name != LOCK) or fnmatch(name, f"{SAMPLES}/{SNAPSHOTS}")


def _run_files(folder: Path) -> list[str]:
    return [name for name in names_below(folder) if is_of_run(name)]


def _is_loss(error: BaseException) -> bool:
    """Return whether an error says that a worker was lost, rather than that its work failed."""
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    return isinstance(error, KilledWorker | FutureCancelledError)
