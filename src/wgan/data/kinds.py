"""The table of kinds of data: what each brings to this stage.

Every stage has such a table, keyed by the same names, and asks nothing else about kinds: the
network pairs, the evaluation protocols, the pictures of samples, the file formats. A new kind is a
small file a stage and one line in each table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress
from wgan.data.codec import Codec
from wgan.data.dataset import Dataset, Split
from wgan.data.images import ImageCodec, read_images
from wgan.data.storage import Rows
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.conditions import TableConditions
from wgan.data.vectors import VectorCodec, read_vectors

Reader = Callable[[Rows, str, bool, Progress], Dataset]
"""(array, name, channels first?, progress) -> data set."""


@runtime_checkable
class ConditionSampler(Protocol):
    """Draws conditions for training batches."""

    def draw(
        self, random: np.random.Generator, rows: Int64[np.ndarray, " n"]
    ) -> tuple[Int64[np.ndarray, " n"], np.ndarray]:
        """Return row numbers, perhaps other ones than `rows`, and a condition for each."""


@runtime_checkable
class Conditions(Protocol):
    """Conditions that generators of a kind take by themselves, beside class labels."""

    @property
    def instead_of_labels(self) -> str:
        """What to do instead, for a user who asked for a class: one sentence."""

    def check(self, y: np.ndarray, n: int) -> Int64[np.ndarray, "n *columns"]:
        """Return `n` conditions in the form that networks take.

        Raises:
            WganError: conditions of another shape, or out of range.
        """

    def sampler(self, split: Split) -> ConditionSampler:
        """Return what draws conditions while training on a split."""


@dataclass(frozen=True)
class Kind:
    """One kind of data.

    `read` makes a data set of an array; None where an array is not enough. An array of as many axes
    as `axes` holds is read as this kind where no kind is given. `conditions` makes, of a codec, the
    conditions that generators take; None where there are none but class labels.
    """

    codec: type[Any]
    read: Reader | None = None
    axes: tuple[int, ...] = ()
    conditions: Callable[[Any], Conditions] | None = None


KINDS: dict[str, Kind] = {
    "vectors": Kind(VectorCodec, read_vectors, axes=(1, 2)),
    "images": Kind(ImageCodec, read_images, axes=(3, 4)),
    "tables": Kind(TableCodec, conditions=TableConditions),
}


def find_kind(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        WganError: no such kind; the message names the nearest.
    """
    if name not in KINDS:
        raise WganError(f"no kind of data is called '{name}'. {did_you_mean(name, KINDS)}")
    return KINDS[name]


def kind_of_array(axes: int) -> str:
    """Return the name of the kind that an array of so many axes is read as; images by default,
    whose reader says which shapes it takes.
    """
    return next((name for name, kind in KINDS.items() if axes in kind.axes), "images")


def conditions_of(codec: Codec) -> Conditions | None:
    """Return the conditions that generators of a codec's kind take by themselves, if any."""
    make = find_kind(codec.kind).conditions
    return make(codec) if make else None


def codec_to_json(codec: Codec) -> dict[str, Any]:
    """Return a codec as plain values for JSON."""
    return {"kind": codec.kind, **codec.to_json()}


def codec_from_json(fields: dict[str, Any]) -> Codec:
    """Build a codec from what `codec_to_json` gave.

    Raises:
        WganError: anything else.
    """
    try:
        rest = {name: value for name, value in fields.items() if name != "kind"}
        codec: Codec = find_kind(fields["kind"]).codec.from_json(rest)
        np.dtype(codec.dtype)
        if not all(isinstance(side, int) and side > 0 for side in codec.shape):
            raise TypeError(f"shape {codec.shape}")
        return codec
    except (KeyError, TypeError, AttributeError, WganError) as error:
        raise WganError(
            f"the description of the data is damaged or from a newer version ({error})"
        ) from None
