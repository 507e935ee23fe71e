"""The connection between ranks: exchanges that end with an error instead of waiting for ever.

A rank that fails says so in the store of `torch.distributed`; the others look there while they
wait. After a while of waiting, each rank writes a note there, which shows the missing rank.
"""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from threading import Thread
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from wgan.base.errors import WganError

TIMEOUT = "WGAN_TIMEOUT"
"""The variable of the environment with the seconds for which a rank waits for another."""
USUAL_TIMEOUT = 600.0
"""Seconds, the same as torch's for NCCL: the first rank measures, writes and evaluates meanwhile.
"""
LOOK = 0.5
"""Seconds of waiting after which a rank looks for an error of others. A step is mostly shorter."""
GRACE = 2.0
"""Seconds in which living ranks notice that a connection is lost: four of their looks."""
TELLING = 60.0
"""Seconds for which a rank waits for the first one to print an error. That one may be reading data.
"""
ERROR, TOLD = "error", "told"


class RankEndedError(Exception):
    """An error of another rank, which ends this one too."""


class Link:
    """Exchange of a rank with the others.

    Args:
        store: where all ranks read and write.
        rank: of this process.
        world_size: how many ranks there are.
        limit: seconds for which to wait for others.
    """

    def __init__(self, store: Store, rank: int, world_size: int, limit: float) -> None:
        self.store = store
        self.rank = rank
        self.world_size = world_size
        self.limit = limit
        self._exchanges = 0
        self._lost: set[int] = set()

    # Exchanges

    def sum_(self, x: Tensor) -> None:
        """Replace a tensor by its sum over the ranks."""
        if x.device.type == "cpu":
            self._wait(lambda: dist.all_reduce(x, async_op=True))
        else:  # goes on while it is computed; the next exchange of the CPUs waits
            dist.all_reduce(x)

    def gather(self, x: Tensor) -> list[Tensor]:
        """Return the tensors of all ranks."""
        parts = [torch.empty_like(x) for _ in range(self.world_size)]
        if x.device.type == "cpu":
            self._wait(lambda: dist.all_gather(parts, x, async_op=True))
        else:
            dist.all_gather(parts, x)
        return parts

    def most(self, number: int) -> int:
        """Return the largest of the ranks' numbers."""
        x = torch.tensor(number)
        self._wait(lambda: dist.all_reduce(x, dist.ReduceOp.MAX, async_op=True))
        return int(x)

    def of_first(self, data: bytes) -> bytes:
        """Return the bytes of the first rank."""
        first = self.rank == 0
        size = self.most(len(data) if first else 0)
        x = torch.frombuffer(bytearray(data if first else size), dtype=torch.uint8)
        self._wait(lambda: dist.broadcast(x, 0, async_op=True))
        return x.numpy().tobytes()

    # Waiting

    def _wait(self, begin: Any) -> None:
        """Take part in an exchange, and wait until it is done.

        Raises:
            WganError: a rank that did not come, or was lost.
            RankEndedError: another rank has ended by an error.
        """
        try:
            self._done(begin)
        except dist.DistError as error:
            self._lost.add(0)
            reason = " ".join(str(error).split("\n")[0].split())
            raise WganError(f"the process where the ranks meet is gone ({reason})") from None

    def _done(self, begin: Any) -> None:
        """Take part in an exchange, and wait until it is done."""
        self._exchanges += 1
        began = time.monotonic()
        try:
            work = begin()
        except RuntimeError as error:
            self._explain(error)
            raise
        while not self._came(work):
            self.look()
            self.store.set(f"waits/{self.rank}", str(self._exchanges))
            if time.monotonic() - began > self.limit:
                self._late()

    def _came(self, work: Any) -> bool:
        """Return whether an exchange is done, after a short wait."""
        try:
            work.wait(timedelta(seconds=LOOK))
            return True
        except RuntimeError:
            if not work.is_completed():
                return False
        try:  # it failed, or came just after the wait
            work.wait()
            return True
        except RuntimeError as error:
            self._explain(error)
            raise

    def look(self) -> None:
        """Look for an error of another rank.

        Raises:
            RankEndedError: there is one.
        """
        if self.store.check([ERROR]):
            raise RankEndedError

    def _late(self) -> None:
        """Return words that name the ranks that have not come to this exchange."""
        late = [r for r in self._others() if self._waits(r) < self._exchanges]
        ranks = _named(late) if late else "a rank"
        raise WganError(
            f"{ranks} did not come within {self.limit:g} s: see what holds it up, or raise"
            f" {TIMEOUT}, seconds in the environment"
        )

    def _waits(self, rank: int) -> int:
        key = f"waits/{rank}"
        return int(self.store.get(key)) if self.store.check([key]) else 0

    def _explain(self, error: RuntimeError) -> None:
        """Raise the reason why an exchange failed: another rank's error, or a rank that is gone."""
        self.store.set(f"alive/{self.rank}", "")
        end = time.monotonic() + GRACE
        while time.monotonic() < end:
            self.look()
            time.sleep(LOOK / 10)
        gone = [r for r in self._others() if not self.store.check([f"alive/{r}"])]
        self._lost.update(gone)
        if gone:
            raise WganError(
                f"{_named(gone)} is gone: killed, or out of memory; the same command continues from"
                " the last checkpoint"
            )
        reason = " ".join(str(error).split())
        raise WganError(f"the ranks lost their connection ({reason}): the same command continues")

    def _others(self) -> list[int]:
        return [r for r in range(self.world_size) if r != self.rank]

    def leave(self) -> None:
        """Wait until no rank is in an exchange: one that goes would cut the others short.

        Raises:
            WganError: a rank that does not come.
        """
        key = f"leaves/{self.rank}"
        self.store.set(key, "")
        end = time.monotonic() + self.limit
        while missing := [r for r in self._others() if not self.store.check([f"leaves/{r}"])]:
            if time.monotonic() > end:
                raise WganError(f"{_named(missing)} did not come to the end")
            time.sleep(LOOK / 50)
        self.go()

    def go(self) -> None:
        """Leave; the first rank waits a while for the others, as the store may end with it."""
        try:
            self.store.set(f"gone/{self.rank}", "")
            end = time.monotonic() + GRACE
            while self.rank == 0 and time.monotonic() < end:
                if all(self.store.check([f"gone/{r}"]) for r in self._others()):
                    return
                time.sleep(LOOK / 50)
        except RuntimeError:
            return

    # The end by an error

    def end(self, code: int, message: str | None) -> tuple[int, str | None]:
        """Tell all ranks that an error ends the run, the first one that is told.

        Args:
            code: exit code.
            message: what to print; None: nothing.

        Returns:
            The exit code of every rank, and what this one is to print, if it is the one that does.
        """
        try:
            own = message
            error = json.dumps([code, message, self.rank])
            code, message, of = json.loads(self.store.compare_set(ERROR, "", error))
            if message is not None and of != 0 and own != message and f"rank {of}" not in message:
                message = f"rank {of}: {message}"
            if self.rank != 0 and 0 not in self._lost:
                self._leave_it_to_the_first()
            mine = self.store.compare_set(TOLD, "", str(self.rank)) == str(self.rank).encode()
        except RuntimeError:  # the store went with the process that had it
            return code, message
        return code, message if mine else None

    def _leave_it_to_the_first(self) -> None:
        end = time.monotonic() + min(TELLING, self.limit)
        while time.monotonic() < end and not self.store.check([TOLD]):
            time.sleep(LOOK / 10)


def connect(rank: int, world_size: int, environment: Mapping[str, str]) -> Link:
    """Meet the other ranks at the place that the environment names.

    Args:
        rank: of this process.
        world_size: how many ranks there are.
        environment: MASTER_ADDR, MASTER_PORT, and the other variables of torchrun.

    Raises:
        WganError: no such place, or a rank that does not come.
    """
    limit = _limit(environment)
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if name not in environment]
    if missing:
        raise WganError(
            f"RANK is set and {missing[0]} is not: start the processes with torchrun, or unset RANK"
        )
    place = f"{environment['MASTER_ADDR']}:{environment['MASTER_PORT']}"
    wait = timedelta(seconds=limit)
    store = _store(rank, world_size, place, limit)
    # After a restart by torchrun, nothing of the attempt before counts.
    store = PrefixStore(f"wgan/{environment.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    link = Link(store, rank, world_size, limit)
    _roll_call(link, place)
    gpu = torch.cuda.is_available() and dist.is_nccl_available()
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if gpu else "gloo",
        store=PrefixStore("group", store),
        rank=rank,
        world_size=world_size,
        # Twice: a link's own limit, which names the rank, comes first.
        timeout=2 * wait,
    )
    return link


def _store(rank: int, world_size: int, place: str, limit: float) -> Store:
    """Return the store at the meeting place.

    Torch waits without limit for a program there that is not a store, hence a thread.
    """
    found: list[Store | Exception] = []

    def meet() -> None:
        try:
            wait = timedelta(seconds=limit)
            store, _, _ = next(iter(rendezvous("env://", rank, world_size, timeout=wait)))
            found.append(store)
        except (RuntimeError, ValueError) as error:
            found.append(error)

    thread = Thread(target=meet, daemon=True)
    thread.start()
    thread.join(limit + GRACE)
    result = found[0] if found else TimeoutError("no answer")
    if isinstance(result, Exception):
        raise WganError(_why_not_met(rank, place, limit, result))
    return result


def _roll_call(link: Link, place: str) -> None:
    """Wait until every rank has come."""
    link.store.set(f"here/{link.rank}", "")
    end = time.monotonic() + link.limit
    missing = list(range(link.world_size))
    while missing := [r for r in missing if not link.store.check([f"here/{r}"])]:
        if time.monotonic() > end:
            raise WganError(
                f"{_named(missing)} of {link.world_size} did not come to {place} within"
                f" {link.limit:g} s: start it, or raise {TIMEOUT}, seconds in the environment"
            )
        time.sleep(LOOK / 50)


def _why_not_met(rank: int, place: str, limit: float, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "EADDRINUSE" in reason or "address already in use" in reason:
        return f"rank {rank}: {place} is in use: choose another MASTER_PORT"
    return (
        f"rank {rank}: no meeting of the processes at {place} within {limit:g} s ({reason}): start"
        " them with torchrun, the first one at that place"
    )


def _limit(environment: Mapping[str, str]) -> float:
    text = environment.get(TIMEOUT, "")
    try:
        limit = float(text) if text else USUAL_TIMEOUT
    except ValueError:
        limit = 0.0
    if not 0 < limit < float("inf"):
        raise WganError(f"{TIMEOUT} = {text!r} in the environment: give seconds, such as 600")
    return limit


def _named(ranks: list[int]) -> str:
    return f"rank{'s' * (len(ranks) > 1)} {', '.join(map(str, ranks))}"
