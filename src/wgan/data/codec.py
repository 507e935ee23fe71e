"""The contract of a codec: stored samples of one kind become numbers for a network, and back.

A codec is a frozen dataclass, and is saved with the generator as JSON: its fields are numbers, text
and tuples of them. It says how a data set is read. When the split is made, it may be fitted to the
training rows. The codec of tables is; the mean and scale of vectors are those of all rows.

Encoding takes two steps. `pack` runs on the host, and its result is cheap to keep in memory.
`unpack` runs on the device, and its result is network input.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.records import typed
from wgan.data.storage import Rows


@runtime_checkable
class Rule(Protocol):
    """A relation that holds in each sample of the data; `str` says it in a few words."""

    def holds(self, raw: np.ndarray) -> Bool[np.ndarray, " n"]:
        """Return the raw samples in which the rule holds, as booleans."""


@dataclass(frozen=True)
class Proposal:
    """A rule that the data seem to keep, for the user to decide.

    Attributes:
        words: the rule and its evidence, on one line.
        toml: the same as lines of a schema, as comments.
    """

    words: str
    toml: str


@runtime_checkable
class Codec(Protocol):
    """The contract of a codec, on which every stage relies.

    The same n samples have five forms:

    - *raw*: a NumPy array `[n, *raw_shape]`, as the data set stores them;
    - *packed*: a tensor `[n, ...]` of any small type, on the host;
    - *network input*: a float32 tensor `[n, *shape]`, on the device;
    - *coordinates*: a float64 array `[n, d]`, in which distances are measured, in `units`;
    - *wrapped*: the user's own form, such as a DataFrame.

    For all raw samples that it was fitted to, `decode(unpack(pack(raw)))` is `raw` up to rounding,
    and `unwrap(wrap(raw))` is `raw`. `PlainCodec` has defaults for all that arrays without named
    columns need, from `fitted` on.
    """

    kind: ClassVar[str]
    """The key of this kind of data in the table of each stage."""
    version: ClassVar[int]
    """Number of the way in which this kind is coded; a run continues only in its own way."""

    @property
    def coarse(self) -> bool:
        """Whether samples carry no more than 8 bits, so that a network may compute in bfloat16."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample as a network sees it: `(d,)`, or `(channels, height, width)`."""

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Shape of one stored sample."""

    @property
    def samples_in_words(self) -> str:
        """Words that follow a number of samples in a sentence, such as `rows of 3 columns`."""

    @property
    def dtype(self) -> str:
        """NumPy's name of the type of raw samples, such as `|u1`."""

    @property
    def units(self) -> str:
        """Unit of the coordinates, in words."""

    def pack(self, raw: np.ndarray) -> Tensor:
        """Return raw samples as a tensor on the host."""

    def unpack(self, packed: Tensor) -> Float[Tensor, "n *shape"]:
        """Return packed samples as network input, on the same device."""

    def decode(self, x: Float[Tensor, "n *shape"]) -> np.ndarray:
        """Return network output as raw samples: the inverse of encoding, up to rounding."""

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return the coordinates of raw samples, in `units`."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Relations that hold in every sample; empty where none are known."""

    def proposals(self, rows: Rows) -> list[Proposal]:
        """Return rules that raw samples seem to keep, beside those of the codec.

        Args:
            rows: all raw samples, in memory or in a file.
        """

    def fitted(self, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> "Codec":
        """Return the codec fitted to some rows alone; raw samples mean the same to it.

        Args:
            rows: all raw samples, in memory or in a file.
            chosen: which of them to fit to.

        Raises:
            WganError: nothing can be learned from the chosen rows.
        """

    def without_unseen(self) -> "Codec":
        """Return the codec without values of rows that it was not fitted to.

        Models that are given away have it: they hold nothing of held-out rows. Generated samples
        are the same.
        """

    def notes(self, raw: np.ndarray) -> list[str]:
        """Return sentences for the user on how values are coded.

        Args:
            raw: some of the samples that it was fitted to.
        """

    def check(self, raw: np.ndarray) -> None:
        """Refuse raw samples that are not of this data set's shape and type.

        Raises:
            WganError: another shape or type.
        """

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; empty where samples have none."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names by which columns are matched with those of other data; empty where none are known.

        Rows of numbers may have such names too, though their samples are arrays.
        """

    def named(self, names: tuple[str, ...]) -> "Codec":
        """Return the codec with the names of the columns, where rows have columns."""

    def wrap(self, raw: np.ndarray) -> Any:
        """Return raw samples in the user's form."""

    def unwrap(self, samples: Any) -> np.ndarray:
        """Return the user's samples as raw ones: the inverse of `wrap`.

        Raises:
            WganError: samples in another form.
        """

    def describe(self) -> list[str]:
        """Return the inferred facts, a line for each column; empty if nothing was inferred."""

    def schema(self) -> str | None:
        """Return the inferred facts as TOML for the user to correct; None if there are none."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Codec":
        """Return the codec that `to_json` turned into plain values.

        Raises:
            ValueError: a field is missing, of another name or type, or out of range.
        """


class PlainCodec:
    """Defaults of a codec whose samples are arrays without named columns."""

    version: ClassVar[int] = 1
    raw_shape: tuple[int, ...]

    @property
    def samples_in_words(self) -> str:
        shape = self.shape  # type: ignore[attr-defined]
        return f"samples of shape {' x '.join(map(str, shape))}"

    @property
    def rules(self) -> tuple[Rule, ...]:
        return ()

    def proposals(self, rows: Rows) -> list[Proposal]:
        return []

    def fitted(self, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> Any:
        return self

    def without_unseen(self) -> Any:
        return self

    def notes(self, raw: np.ndarray) -> list[str]:
        return []

    def check(self, raw: np.ndarray) -> None:
        if raw.shape[1:] != self.raw_shape:
            raise WganError(
                f"samples of shape {raw.shape[1:]}, the data had {self.raw_shape}: give the same"
            )

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    @property
    def column_names(self) -> tuple[str, ...]:
        return ()

    def named(self, names: tuple[str, ...]) -> Any:
        return self

    def wrap(self, raw: np.ndarray) -> Any:
        return raw

    def unwrap(self, samples: Any) -> np.ndarray:
        return np.asarray(samples)

    def describe(self) -> list[str]:
        return []

    def schema(self) -> str | None:
        return None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Any:
        return typed(fields, cls, known_only=True)
