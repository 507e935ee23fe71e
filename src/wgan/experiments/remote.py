"""Work on the workers of a cluster: a run in a process of its own, or one call of a function.

A run is trained in the worker's own scratch folder, by the same process as on this machine. Nothing
needs a shared disk. The files of the run arrive with the order and go back with the outcome. The
command that gave the order asks for the newest checkpoint now and then. A folder of files stands
for each run: its order, and whether it is to stop. A worker that gets no more questions stops its
runs, so that they do not outlive the command.

This module imports no torch: a Dask worker that imports it stays small.
"""

import asyncio
import os
import pickle
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import wgan
from wgan.base.errors import WganError
from wgan.base.provenance import PACKAGES
from wgan.base.version import __version__
from wgan.experiments.jobs import POLL, Job, Worker, start
from wgan.experiments.packs import Pack, names_below, pack, unpack

LEASE = 300.0
"""Seconds without a question after which a run stops. The command asks every second, and a
scheduler or a network that recovers does so within minutes.
"""
PATIENCE = 30.0
"""Seconds that a run has to save itself: a step takes less, and an evaluation is done again."""
MOST_HASHED = 2**28
"""Bytes of a file up to which its contents are compared, in a second or so; beyond, its size. The
data themselves are compared once more by their fingerprint, when a run has read them.
"""
TOKEN, ASKED, STOP = "token", "asked", "stop"
RUN, INPUTS = "run", "inputs"
UNFIT = -1000
"""Code of an outcome where the worker cannot do the job: not a code of any process."""
ONE_AT_A_TIME = Lock()
"""Held by a call: torch's number of threads and the umask of files belong to the whole process."""


@dataclass(frozen=True)
class Needs:
    """Requirements on a worker, so that it computes the same as this machine.

    Attributes:
        versions: of packages, by name.
        folder: the working folder of the command.
        marks: what lies at paths, as `mark` tells.
    """

    versions: Mapping[str, str]
    folder: str
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Order:
    """A run to continue.

    Attributes:
        session: names the command that gives it.
        key: names the order.
        job: the job in JSON; its folder is that of the command's machine.
        run: the files of the run so far.
        inputs: data that are sent along, by their paths from the working folder.
        needs: what the worker must have.
        threads: of the run's process.
        checkpoint: name of the file that is read first.
    """

    session: str
    key: str
    job: str
    run: Pack
    inputs: Pack
    needs: Needs
    threads: int
    checkpoint: str


@dataclass(frozen=True)
class Outcome:
    """Outcome of an order, or of a call.

    Attributes:
        worker: where.
        code: exit code of the process; UNFIT: the worker does not meet the requirements.
        said: its last words, where it failed.
        run: the files of the run.
        value: what a call returned.
    """

    worker: str
    code: int = 0
    said: str = ""
    run: Pack | None = None
    value: Any = None


def versions() -> dict[str, str]:
    """Return the versions of packages that can change a number, and of this one with its source."""
    found = {}
    for name in (*PACKAGES, "distributed"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return {"wgan": f"{__version__} (source {_source()})", **found}


def _source() -> str:
    """Return a short digest of this package's source: two checkouts may be of one version."""
    root = Path(wgan.__file__).parent
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    digest = sha256()
    for name in names:
        digest.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return digest.hexdigest()[:8]


def mark(path: Path) -> str:
    """Return a summary of the contents at a path, so that two machines can compare it.

    >>> mark(Path("nowhere"))
    'nothing'
    """
    try:
        if path.is_dir():
            return "a folder"
        size = path.stat().st_size
        if size > MOST_HASHED:
            return f"a file of {size} bytes"
        with path.open("rb") as file:
            return f"a file with SHA-256 {file_digest(file, 'sha256').hexdigest()[:16]}"
    except PermissionError:
        return "something unreadable"
    except OSError:
        return "nothing"


def fault(needs: Needs) -> str | None:
    """Return why this worker is not fit, in words; None: it is."""
    mine = versions()
    for name, wanted in needs.versions.items():
        if mine.get(name) != wanted:
            return f"has {name} {mine.get(name)}, and this command has {wanted}: install the same"
    for path, wanted in needs.marks.items():
        found = mark(Path(needs.folder) / path)
        if found != wanted:
            return (
                f"finds {found} at {Path(needs.folder) / path}, and this command {wanted}: put the"
                " same where all workers read it"
            )
    return None


def work(order: Order) -> Outcome:
    """Train and evaluate a run in a process of its own, in the worker's scratch folder.

    Args:
        order: what to do.
    """
    from distributed import get_worker

    here = get_worker()
    unfit = fault(order.needs)
    if unfit:
        return Outcome(here.address, UNFIT, unfit)
    place = _session(here.local_directory, order.session) / order.key
    shutil.rmtree(place, ignore_errors=True)
    folder = place / RUN
    try:
        unpack(order.run, folder)
        unpack(order.inputs, place / INPUTS)
        (place / TOKEN).write_text(uuid4().hex)  # last: from now on it is answered for
        job = replace(Job.from_json(order.job), folder=folder)
        worker = start(job, order.threads, _working_folder(order, place))
        code = _watched(worker, place)
        said = worker.last_words().replace(str(folder), job.name) if code else ""
        return Outcome(
            here.address, code, said, _files(folder, order.checkpoint, order.run.digests)
        )
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _files(folder: Path, checkpoint: str, known: Mapping[str, str]) -> Pack:
    """Return the files of a run; its checkpoint is read first, so that no metrics before it lack.

    Metrics and a model after it do no harm: a run that continues from the checkpoint replaces them.
    """
    return pack(folder, names_below(folder, checkpoint), known)


def _session(folder: str, session: str) -> Path:
    return Path(folder) / f"wgan-{session}"


def _working_folder(order: Order, place: Path) -> Path:
    """Return from where relative paths lead to the data."""
    if order.inputs.digests or not Path(order.needs.folder).is_dir():
        return place / INPUTS
    return Path(order.needs.folder)


def _watched(worker: Worker, place: Path) -> int:
    """Wait for a process, and return its exit code.

    The process is stopped if it is to stop, or if the command asks no more.
    """
    last: float | None = None
    asked = time.monotonic()
    stopped: float | None = None
    process = worker.process
    try:
        while process.poll() is None:
            now = time.monotonic()
            touched = _touched(place / ASKED)
            if touched != last:  # compared, not subtracted: clocks of a machine are set
                last, asked = touched, now
            if stopped is None and (_is_to_stop(place) or now - asked > LEASE):
                process.terminate()
                stopped = now
            if stopped is not None and now - stopped > PATIENCE:
                process.kill()
            time.sleep(POLL)
        return process.returncode
    finally:
        process.kill()
        process.wait()


def _is_to_stop(place: Path) -> bool:
    """Return whether a run is to stop, or all runs of its command."""
    return (place / STOP).exists() or (place.parent / STOP).exists()


def _touched(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


async def tend(
    session: str, wanted: Mapping[str, Mapping[str, str] | None], checkpoint: str, dask_worker: Any
) -> dict[str, tuple[str, Pack | None]]:
    """Answer for the runs of a command on this worker; those that it does not want stop.

    Args:
        session: names the command.
        wanted: the keys of its orders; with digests of what it has of the run's files, if it wants
            those that are newer. None at all: the command ends, and what begins later stops too.
        checkpoint: name of the file of a run's state.
        dask_worker: this worker.

    Returns:
        The token of each run here, which tells two starts of one order apart, and its files.
    """
    place = _session(dask_worker.local_directory, session)
    # In a thread: the worker answers others while files are read.
    return await asyncio.to_thread(_tended, place, wanted, checkpoint)


def _tended(
    session: Path, wanted: Mapping[str, Mapping[str, str] | None], checkpoint: str
) -> dict[str, tuple[str, Pack | None]]:
    answers: dict[str, tuple[str, Pack | None]] = {}
    if not wanted:
        session.mkdir(exist_ok=True)
        (session / STOP).touch()
    for key in os.listdir(session) if session.is_dir() else []:
        place = session / key
        try:
            token = (place / TOKEN).read_text()
            (place / (ASKED if key in wanted else STOP)).touch()
        except OSError:  # it begins, or it has just ended
            continue
        known = wanted.get(key)
        files = None
        if known is not None and (place / RUN / checkpoint).is_file():
            files = _files(place / RUN, checkpoint, known)
            if files.digests.get(checkpoint) in (None, known.get(checkpoint)):
                files = None
        answers[key] = (token, files)
    return answers


def call(pickled: bytes, number: int, needs: Needs, threads: int) -> Outcome:
    """Call a function in the worker's process; an error of its input is an outcome.

    The function comes pickled: a worker that cannot import what a task itself refers to closes,
    and the next worker after it.

    Args:
        pickled: an importable function.
        number: its argument.
        needs: what the worker must have.
        threads: of torch meanwhile.
    """
    from distributed import get_worker

    here = get_worker().address
    unfit = fault(needs)
    if unfit:
        return Outcome(here, UNFIT, unfit)
    try:
        function = pickle.loads(pickled)
    except (ImportError, AttributeError) as error:
        return Outcome(here, UNFIT, f"cannot import what it is to call ({error})")
    with ONE_AT_A_TIME:
        return _called(here, function, number, threads)


def _called(here: str, function: Callable[[int], Any], number: int, threads: int) -> Outcome:
    import torch  # here: what is called imports it anyway

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return Outcome(here, value=function(number))
    except WganError as error:
        return Outcome(here, 2, str(error))
    except OSError as error:
        return Outcome(here, 2, f"{error.filename or 'a file'}: {error.strerror or error}")
    finally:
        torch.set_num_threads(before)
