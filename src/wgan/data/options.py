"""Options of reading: what `load` is asked for beside the source."""

from dataclasses import dataclass
from typing import Any

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.encodings import UTF_8
from wgan.data.kinds import Kind, find_kind


@dataclass(frozen=True)
class Options:
    """The arguments of `load`, without the source and the reading."""

    key: str | None = None
    resize: tuple[int, int] | None = None
    mode: str = "auto"
    labels: str | None = None
    schema: str | None = None
    as_numbers: bool = False
    kind: str | Kind = "auto"
    encoding: str = UTF_8
    progress: Progress = silent

    @property
    def of_shards(self) -> tuple[Any, ...]:
        """The arguments of `load_shards`, without the source."""
        return self.resize, self.mode, self.kind, self.labels, self.schema, self.progress


def refuse_other_kind(source: str, kind: str | Kind, own: str) -> None:
    """Refuse a kind other than the one that a source can be read as.

    Args:
        source: what messages call it.
        kind: the kind that is asked for, or `auto`.
        own: the name of the kind that it holds.

    Raises:
        WganError: another kind.
    """
    if kind == "auto":
        return
    name = find_kind(kind).codec.kind  # an unknown name is the first fault
    if name != own:
        raise WganError(f"{source}: holds {own}, and data.kind = '{name}': leave it out")
