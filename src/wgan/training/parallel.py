"""Ranks of a data-parallel run: the processes that torchrun started, and their exchanges.

Each rank computes its part of every batch, and gradients are averaged over the ranks. So all move
their networks alike, and together do what one process does on the whole batch. The first rank alone
writes. A run in one process has one rank, for which all of this does nothing.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import safetensors.torch
import torch
from torch import Tensor

from wgan.base.errors import WganError
from wgan.training.link import Link, connect

Value = TypeVar("Value")


@dataclass(frozen=True)
class Ranks:
    """One of the processes that train together.

    Attributes:
        rank: the number of this process, from 0.
        world_size: how many there are.
        local_rank: the number of this process on its host, from 0.
        link: the connection with the others; None: there are none.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    link: Link | None = None

    @classmethod
    def join(cls, environment: Mapping[str, str] = os.environ) -> "Ranks":
        """Meet the other processes that torchrun started, if it started this one.

        Args:
            environment: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, as torchrun sets
                them; WGAN_TIMEOUT.

        Raises:
            WganError: an environment that is not torchrun's, or a process that does not come.
        """
        if "RANK" not in environment or "WORLD_SIZE" not in environment:
            return cls()
        world_size = _count(environment, "WORLD_SIZE", 1)
        rank = _count(environment, "RANK", 0)
        local_rank = _count(environment, "LOCAL_RANK", 0) if "LOCAL_RANK" in environment else 0
        if rank >= world_size:
            raise WganError(f"RANK = {rank}, of WORLD_SIZE = {world_size}: ranks count from 0")
        if world_size == 1:
            return cls(local_rank=local_rank)
        if torch.cuda.is_available() and local_rank < torch.cuda.device_count():
            torch.cuda.set_device(local_rank)
        return cls(rank, world_size, local_rank, connect(rank, world_size, environment))

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes and prints."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over the ranks, all in one exchange.

        Every rank gets the same bits.
        """
        if self.link is None:
            return
        flat = torch.cat([x.flatten() for x in tensors])
        self.link.sum_(flat)
        flat /= self.world_size
        means = flat.split([x.numel() for x in tensors])
        torch._foreach_copy_(
            list(tensors), [m.view(x.shape) for m, x in zip(means, tensors, strict=True)]
        )

    def gathered(self, x: Tensor) -> Tensor:
        """Return the rows of all ranks, in order; each has as many."""
        if self.link is None:
            return x
        return torch.cat(self.link.gather(x.contiguous()))

    def any(self, flag: bool) -> bool:
        """Return whether a value is true on any rank."""
        return self.most(int(flag)) > 0

    def most(self, number: int) -> int:
        """Return the largest of the ranks' numbers."""
        return number if self.link is None else self.link.most(number)

    def of_first(self, value: Value) -> Value:
        """Return the first rank's value, a value of JSON."""
        if self.link is None:
            return value
        text = json.dumps(value).encode()
        return json.loads(self.link.of_first(text))

    def broadcast(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the first rank's tensors, on the CPU; those of others are ignored."""
        if self.link is None:
            return dict(tensors)
        mine = {name: x.contiguous() for name, x in tensors.items()} if self.first else {}
        return safetensors.torch.load(self.link.of_first(safetensors.torch.save(mine)))

    def check_same(self, facts: Sequence[tuple[Mapping[str, Any], str]]) -> None:
        """Refuse a rank whose facts are not those of the first.

        Args:
            facts: values of JSON by name, the same names on each rank, with the remedy if they
                differ.

        Raises:
            WganError: on a rank that has other facts, naming it and the first that differs.
        """
        all_mine = json.loads(json.dumps([values for values, _ in facts]))
        all_theirs = self.of_first(all_mine)
        differences = [
            f"rank {self.rank} has another {name} than rank 0"
            f" ({_short(mine.get(name))}, not {_short(theirs[name])}): {remedy}"
            for mine, theirs, (_, remedy) in zip(all_mine, all_theirs, facts, strict=True)
            for name in theirs
            if mine.get(name) != theirs[name]
        ]
        if self.any(bool(differences)):  # so that no rank goes on
            if differences:
                raise WganError(differences[0])
            self.meet()  # which the error of the other rank ends

    def meet(self) -> None:
        """Wait for all ranks."""
        self.most(0)

    def leave(self) -> None:
        """Wait until all ranks have come to the end: then none needs another."""
        if self.link is not None:
            self.meet()
            self.link.leave()


ALONE = Ranks()
"""The only rank of a run in one process."""


def _count(environment: Mapping[str, str], name: str, least: int) -> int:
    text = environment[name]
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise WganError(f"{name} = {text!r} in the environment: give an integer, {least} or more")
    return int(text)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
