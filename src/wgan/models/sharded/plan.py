"""The plan of sharded samples: all that their bytes depend on, and what was written of a shard."""

import re
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.records import digest_of, typed
from wgan.data.cache import file_digest
from wgan.models.files import GENERATOR, LAYOUT
from wgan.models.requested import Request

LEAST_DIGITS = 5
"""Digits of a shard's number in names: 100,000 shards are in order where names are sorted."""


@dataclass(frozen=True)
class Plan:
    """Samples in shards: each shard is a function of the plan and of its number.

    Attributes:
        n: number of samples in all shards.
        shards: number of shards.
        seed: random seed.
        ending: of the files: `.parquet` for tables, `.npy` for arrays.
        generator: SHA-256 of the files of the generator.
        run: what names the model or its run; None: a model of an older version.
        request: the choices of samples.
        versions: of this package and of those that can change bytes.
    """

    n: int
    shards: int
    seed: int
    ending: str
    generator: str
    run: str | None = None
    request: Request = field(default_factory=Request)
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shards < 1:
            raise WganError(f"--shards {self.shards}: give 1 or more")
        if self.n < self.shards:
            raise WganError(
                f"--shards {self.shards}: more than the {self.n} samples asked for with -n: give"
                f" {self.n} or fewer, or more samples"
            )

    def samples(self, i: int) -> int:
        """Return the number of samples in shard i; two shards differ by one at most."""
        return self.n // self.shards + (i < self.n % self.shards)

    def first(self, i: int) -> int:
        """Return the number of samples in all shards before shard i."""
        return i * (self.n // self.shards) + min(i, self.n % self.shards)

    def name(self, i: int) -> str:
        """Return the name of the file of shard i, such as `part-00000-of-01000.parquet`."""
        digits = max(LEAST_DIGITS, len(str(self.shards)))
        return f"part-{i:0{digits}d}-of-{self.shards:0{digits}d}{self.ending}"

    def is_name(self, name: str) -> bool:
        """Return whether a file of a shard has that name."""
        number = re.match(r"part-([0-9]+)-", name)
        return (
            number is not None
            and int(number[1]) < self.shards
            and name == self.name(int(number[1]))
        )

    @cached_property
    def digest(self) -> str:
        """A hash of the plan."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> "Plan":
        """Return the plan that `to_json` made plain values of.

        Raises:
            ValueError: values of another form.
        """
        return typed(values, cls)


@dataclass(frozen=True)
class WrittenFile:
    """A file of a shard: its name below the folder, its size, and the SHA-256 of its bytes."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Part:
    """Facts about a written shard.

    Attributes:
        samples: number of samples.
        rows: rows of the file: of series in a table, there is one a step.
        files: the file of the samples, and that of their classes where they are arrays with some.
        tried: samples that were drawn for them.
        satisfied: those among them that satisfied the conditions.
        redrawn: those of them that broke a rule of the data and were drawn again.
    """

    samples: int
    rows: int
    files: tuple[WrittenFile, ...]
    tried: int
    satisfied: int
    redrawn: int

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)


def generator_digest(folder: Path) -> str:
    """Return a hash of the files of the generator in a folder.

    Args:
        folder: of the model.
    """
    return digest_of([file_digest(folder / name) for name in (LAYOUT, GENERATOR)])
