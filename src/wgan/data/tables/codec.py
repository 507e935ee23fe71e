"""The codec of tables: mixed columns as numbers for a network, and back, column by column.

In memory a table is a matrix `[n, columns]` of float64. It holds numbers as they are, seconds for
times, the place of a level for categories, and NaN for a missing value; identifiers are left out. A
network sees, for each column, a one-hot code of its state and the normal score of a number.

How values are written (types, steps, spellings, which levels there are) is read off all rows. How
they are distributed (spikes, cells, bounds, frequencies, which levels a generator makes) is fitted
to the training rows alone, by `fitted`.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from wgan.base.errors import WganError, did_you_mean
from wgan.base.records import typed
from wgan.data.storage import Rows
from wgan.data.tables.codes import ColumnCode
from wgan.data.tables.columns_json import from_json
from wgan.data.tables.corrections import to_toml
from wgan.data.tables.fitting import as_read, fitted_columns, notes_of
from wgan.data.tables.schema import UNSEEN, Column
from wgan.data.tables.series import identifiers, numbers, to_series


@dataclass(frozen=True)
class TableCodec:
    """The codec of a table: its columns, and what a network sees of them.

    Two rows that differ in one state lie sqrt(2) apart. A level that only held-out rows have is no
    state: its code is zeros, and a further coordinate sets it apart from all others.

    Attributes:
        columns: all columns of the table, identifiers too.
        dtype: NumPy's name of the type of the matrix.
    """

    kind: ClassVar[str] = "tables"
    version: ClassVar[int] = 3
    coarse: ClassVar[bool] = False
    columns: tuple[Column, ...]
    dtype: str = "<f8"

    @cached_property
    def learned(self) -> tuple[Column, ...]:
        """The columns that are learned: all but identifiers."""
        return tuple(column for column in self.columns if column.kind != "identifier")

    @cached_property
    def codes(self) -> tuple[ColumnCode, ...]:
        """The place of each learned column in what a network sees."""
        starts = np.cumsum([0, *(column.width for column in self.learned)]).tolist()
        return tuple(
            ColumnCode(start, column.code_sizes, column.frequencies, column.cells.heights)
            for start, column in zip(starts[:-1], self.learned, strict=True)
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return (sum(column.width for column in self.columns),)

    @property
    def units(self) -> str:
        return "coded columns"

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Shape of one stored row."""
        return (len(self.learned),)

    @property
    def reading(self) -> tuple[Column, ...]:
        """The columns without what is fitted to rows: codecs with the same share their matrices."""
        return tuple(as_read(column) for column in self.columns)

    def place(self, name: str) -> int:
        """Return the place of a column among the learned ones.

        Raises:
            WganError: no such column, or an identifier.
        """
        names = [column.name for column in self.learned]
        if name not in names:
            if any(column.name == name for column in self.columns):
                raise WganError(f"column '{name}' holds identifiers, which are not learned")
            raise WganError(f"no column is called '{name}'. {did_you_mean(name, names)}")
        return names.index(name)

    def states(self, raw: Float[np.ndarray, "n c"]) -> Int64[np.ndarray, "n c"]:
        """Return the state of each value in the rows of a matrix."""
        states = [column.state_of(raw[:, i]) for i, column in enumerate(self.learned)]
        return np.stack(states, axis=1)

    def choices(self, raw: Float[np.ndarray, "n c"]) -> Int64[np.ndarray, "n c"]:
        """Return the choice of each value in the rows of a matrix."""
        choices = [column.choice_of(raw[:, i]) for i, column in enumerate(self.learned)]
        return np.stack(choices, axis=1)

    def pack(self, raw: Float[np.ndarray, "n c"]) -> Float[Tensor, "n p"]:
        """Return the digits of all states, then all normal scores.

        They take little memory, however many levels there are.
        """
        digits: list[np.ndarray] = []
        scores: list[np.ndarray] = []
        for i, column in enumerate(self.learned):
            if column.code_sizes:
                digits += _digits(column.state_of(raw[:, i]), column.code_sizes)
            if column.scored:
                scores.append(column.score_of(raw[:, i]))
        # Double precision, so that decoding gives back what was coded.
        return torch.from_numpy(np.stack([*digits, *scores], axis=1).astype(np.float64))

    def unpack(self, packed: Float[Tensor, "n p"]) -> Float[Tensor, "n width"]:
        """Return what a network sees: each column's one-hot digits, then its score, if any."""
        starts = [start for code in self.codes for start, _ in code.parts]
        scores = [code.score for code in self.codes if code.scored]
        digits = packed[:, : len(starts)].long()
        ones = digits.clamp_min(0) + torch.tensor(starts, device=packed.device, dtype=torch.int64)
        x = packed.new_zeros(len(packed), *self.shape)
        x.scatter_(1, ones, (digits != UNSEEN).to(x.dtype))
        x[:, scores] = packed[:, len(starts) :]
        return x

    def decode(self, x: Float[Tensor, "n width"]) -> Float[np.ndarray, "n c"]:
        """Return the values of the likeliest state of each column, and of its score."""
        x = x.detach().cpu()
        columns = []
        for column, code in zip(self.learned, self.codes, strict=True):
            state = np.zeros(len(x), dtype=np.int64)
            for start, size in code.parts:
                state = state * size + x[:, start : start + size].argmax(1).numpy()
            score = np.zeros(len(x))
            if code.scored:
                score = x[:, code.score].double().numpy()
            columns.append(column.values(state, score))
        return np.stack(columns, axis=1)

    def measure(self, raw: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n width"]:
        """Return the rows as a network sees them, in double precision.

        Each column that can have unseen values adds a coordinate, 1 where a row has one.
        """
        x = self.unpack(self.pack(raw)).double().numpy()
        unseen = [
            column.state_of(raw[:, i]) == UNSEEN
            for i, column in enumerate(self.learned)
            if column.has_unseen
        ]
        return np.column_stack([x, *unseen]) if unseen else x

    def matrix(self, frame: pd.DataFrame) -> Float[np.ndarray, "n c"]:
        """Return a table as a matrix of the learned columns.

        Args:
            frame: a table that has these columns, and perhaps others.

        Raises:
            WganError: a column is missing, or holds a value that it cannot have.
        """
        for column in self.learned:
            if column.name not in frame.columns:
                raise WganError(
                    f"the table has no column '{column.name}'."
                    f" {did_you_mean(column.name, map(str, frame.columns))}"
                )
        return np.stack([numbers(frame[column.name], column) for column in self.learned], axis=1)

    def frame(self, raw: Float[np.ndarray, "n c"]) -> pd.DataFrame:
        """Return rows as a table with the columns, types and spelling of the data.

        Identifiers are new: they count on after the largest of the data.
        """
        series = {}
        place = 0
        for column in self.columns:
            if column.kind == "identifier":
                series[column.name] = identifiers(column, len(raw))
            else:
                series[column.name] = to_series(column, raw[:, place])
                place += 1
        return pd.DataFrame(series)

    def check(self, raw: np.ndarray) -> None:
        if raw.shape[1:] != self.raw_shape:
            raise WganError(
                f"rows of {raw.shape[1:]} columns, the table had {self.raw_shape}: give the same"
            )

    def fitted(self, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> "TableCodec":
        columns = iter(fitted_columns(self.learned, rows, chosen))
        codec = replace(
            self,
            columns=tuple(c if c.kind == "identifier" else next(columns) for c in self.columns),
        )
        if codec.shape == (0,):
            raise WganError(
                "no column varies among the training rows: there is nothing to learn; hold out"
                " fewer rows (data.held_out) or split them otherwise (data.split_seed)"
            )
        return codec

    def notes(self, raw: Float[np.ndarray, "n c"]) -> list[str]:
        return [words for column in self.learned for words in notes_of(column)]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        return self.names

    def named(self, names: tuple[str, ...]) -> "TableCodec":
        return self

    def wrap(self, raw: Float[np.ndarray, "n c"]) -> pd.DataFrame:
        return self.frame(raw)

    def unwrap(self, samples: Any) -> Float[np.ndarray, "n c"]:
        if not isinstance(samples, pd.DataFrame):
            raise WganError("this model was fitted on a table: give a DataFrame with its columns")
        return self.matrix(samples.rename(columns=str))

    def describe(self) -> list[str]:
        return [f"{column.name}: {column}" for column in self.columns]

    def schema(self) -> str:
        return to_toml(self.columns)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "TableCodec":
        return typed({**fields, "columns": from_json(fields["columns"])}, cls, known_only=True)


def _digits(
    state: Int64[np.ndarray, " n"], sizes: tuple[int, ...]
) -> list[Int64[np.ndarray, " n"]]:
    """Return each state as one digit, or as two of which the last counts units."""
    if len(sizes) == 1:
        return [state]
    unseen = state == UNSEEN
    return [np.where(unseen, UNSEEN, part) for part in np.divmod(state, sizes[1])]
