"""Calls of a function on the workers of a cluster: their results come back in order."""

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.progress import Progress, silent
from wgan.experiments import remote
from wgan.experiments.cluster import (
    FETCHING,
    POLL,
    Crew,
    check_workers,
    connected,
    needed,
    why,
)
from wgan.experiments.remote import UNFIT, Outcome

Json = Any
"""A value that JSON holds."""


def map_on_cluster(
    address: str,
    function: Callable[[int], Json],
    numbers: Sequence[int],
    *,
    what: str = "parts",
    paths: Sequence[str] = (),
    folder: Path | None = None,
    threads: int = 1,
    progress: Progress = silent,
) -> list[Json]:
    """Call `function(i)` for each of some numbers i on the workers of a cluster.

    A call whose worker is lost is made again elsewhere, so a call must be one that can be repeated.

    Args:
        address: of the scheduler.
        function: an importable function, or a `partial` of one; its results JSON holds.
        numbers: what it is called with.
        what: what a call makes, for the progress.
        paths: files that every worker must find, with the same contents, from the working folder.
        folder: a folder that every worker must share with this machine, to write there.
        threads: of torch in each call.
        progress: listener to the calls.

    Returns:
        The results, in the order of the numbers.

    Raises:
        WganError: as `connected` and `check_workers`; the first call that failed, or a call that
            lost its worker time and again.
    """
    with connected(address) as client, _shared(folder) as tokens:
        needs = needed(Path.cwd(), [*paths, *tokens])
        check_workers(client, address, needs)
        futures = client.map(
            remote.call,
            [pickle.dumps(function)] * len(numbers),
            numbers,
            [needs] * len(numbers),
            [threads] * len(numbers),
            key=[f"wgan-{uuid4().hex[:12]}-{number}" for number in numbers],
            pure=False,
        )
        try:
            return _gathered(Crew(client, address), futures, what, progress)
        finally:
            client.cancel(futures)


@contextmanager
def _shared(folder: Path | None) -> Iterator[list[str]]:
    """Yield the path of a file in a folder, by which a worker tells that it shares it."""
    if folder is None:
        yield []
        return
    token = folder.absolute() / f".wgan-{uuid4().hex[:12]}.token"
    write_text(token, token.name)
    try:
        yield [str(token)]
    finally:
        token.unlink(missing_ok=True)


def _gathered(crew: Crew, futures: Sequence[Any], what: str, progress: Progress) -> list[Json]:
    """Return the values of calls; the first failure ends it."""
    values: dict[str, Json] = {}
    waiting = list(futures)
    progress(what, 0, len(futures))
    while waiting:
        crew.threads()
        for future in [each for each in waiting if each.done()]:
            with suppress(TimeoutError):  # its worker was lost with it: it is made again elsewhere
                values[future.key] = _value_of(future, crew.address, what)
                progress(what, len(values), len(futures))
        waiting = [each for each in waiting if each.key not in values]
        time.sleep(POLL if waiting else 0)
    return [values[future.key] for future in futures]


def _value_of(future: Any, address: str, what: str) -> Json:
    """Return the result of a call on a cluster.

    Args:
        future: of the call, which has ended.
        address: of the scheduler, for messages.
        what: what the call makes.

    Raises:
        WganError: it failed, or it was never made.
        TimeoutError: what it gave does not come.
    """
    error = future.exception() if future.status == "error" else None
    if error is not None or future.status != "finished":
        raise WganError(f"--cluster {address}: {what}: {why(error)}")
    outcome = future.result(timeout=FETCHING)
    assert isinstance(outcome, Outcome)
    if outcome.code == UNFIT:
        raise WganError(f"--cluster {address}: worker {outcome.worker} {outcome.said}")
    if outcome.code:
        raise WganError(f"{outcome.said} (worker {outcome.worker})")
    return outcome.value
