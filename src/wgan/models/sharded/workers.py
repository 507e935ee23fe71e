"""Local processes that write shards side by side, each in one thread.

A worker is a fresh Python, and it ends when the process that started it does, however that ends.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.models.sharded.plan import Plan
from wgan.models.sharded.writing import Done, write_shards

WHAT = "writing samples"
"""Work whose progress is shown."""
STOP_SECONDS = 5.0
"""Seconds that a worker which is told to end has for it: it has nothing to save, and cleans up."""


def write_all(
    model: Path,
    out: Path,
    plan: Plan,
    numbers: Sequence[int],
    workers: int = 1,
    progress: Progress = silent,
) -> Done:
    """Write shards of a plan that are not there yet, in one process or in several.

    Args:
        model: the folder of the model.
        out: the folder of the shards.
        plan: of the samples.
        numbers: of the shards.
        workers: processes; 1: this one alone.
        progress: listener to the number of samples that are written.

    Raises:
        WganError: as `write_shards`, or a worker that was killed; the same call continues.
    """
    total = sum(plan.samples(i) for i in numbers)
    so_far = 0

    def advance(samples: int) -> None:
        nonlocal so_far
        so_far += samples
        progress(WHAT, so_far, total)

    progress(WHAT, 0, total)
    workers = min(workers, len(numbers))
    if workers < 2:
        return write_shards(model, out, plan, numbers, advance)
    # A fresh Python: threads of torch do not outlive a fork.
    context = get_context("spawn")
    started: list[tuple[Any, Connection]] = []
    try:
        for k in range(workers):
            ours, theirs = context.Pipe(duplex=False)
            of_worker = (theirs, str(model), str(out), plan.to_json(), list(numbers[k::workers]))
            process = context.Process(target=_work, args=of_worker, daemon=True)
            with _interrupts_ignored():
                process.start()
            theirs.close()  # so that a worker which is killed ends its pipe
            started.append((process, ours))
        return _listen(started, advance)
    finally:
        for process, _ in started:
            process.terminate()
        for process, ours in started:
            process.join(STOP_SECONDS)
            ours.close()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Return a context that ignores Ctrl-C here, and in processes started in it.

    Their parent ends them.

    Without this, one that is still importing would print a traceback.
    """
    if current_thread() is not main_thread():  # others take no signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _listen(started: Sequence[tuple[Any, Connection]], advance: Any) -> Done:
    """Return the work of all workers; raise the first error."""
    processes = {ours: process for process, ours in started}
    done = Done()
    while processes:
        for ours in wait(list(processes)):
            assert isinstance(ours, Connection)
            try:
                kind, value = ours.recv()
            except EOFError:
                process = processes[ours]
                process.join()
                raise WganError(
                    f"a worker ended before its work was done, with code {process.exitcode}: the"
                    " same command continues"
                ) from None
            if kind == "samples":
                advance(value)
            elif kind == "done":
                done += Done(*value)
                del processes[ours]
            else:
                raise kind(*value)
    return done


def _work(theirs: Connection, model: str, out: str, plan: Any, numbers: list[int]) -> None:
    """Write shards, and say so: what a worker does."""
    Thread(target=_die_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # removes its files
    try:
        done = write_shards(
            Path(model),
            Path(out),
            Plan.from_json(plan),
            numbers,
            lambda samples: theirs.send(("samples", samples)),
        )
        theirs.send(("done", (done.drawn, done.kept)))
    except WganError as error:
        theirs.send((WganError, (str(error),)))
    except OSError as error:
        theirs.send((OSError, (error.errno, error.strerror or str(error), error.filename)))
    except MemoryError:
        theirs.send((MemoryError, ()))
    except Exception as error:  # a fault of ours, which the parent tells
        theirs.send((RuntimeError, (f"{type(error).__name__}: {error}",)))


def _die_with_parent() -> None:
    """End this process when the one that started it has ended, even by a kill."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
