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
from wgan.base.printing import counted
from wgan.base.records import typed
from wgan.data.codec import Proposal
from wgan.data.storage import Rows
from wgan.data.tables.codes import ColumnCode, digits_of
from wgan.data.tables.columns_json import from_json
from wgan.data.tables.corrections import to_toml
from wgan.data.tables.declared import fitted_rules
from wgan.data.tables.differences import apart, as_coded, put_together
from wgan.data.tables.fitting import as_read, fitted_columns, notes_of, without_unseen
from wgan.data.tables.numbering import identifiers
from wgan.data.tables.proposals import proposed_rules
from wgan.data.tables.rules import Rule, Sum, Together, rules_from_json, rules_to_json, sums
from wgan.data.tables.schema import UNSEEN, Column
from wgan.data.tables.series import numbers, to_series
from wgan.data.tables.steps import equal
from wgan.data.tables.totals import settled
from wgan.data.tables.twins import within


@dataclass(frozen=True)
class TableCodec:
    """The codec of a table: its columns, and what a network sees of them.

    Two rows that differ in one state lie sqrt(2) apart. A level that only held-out rows have is not
    a state: its code is zeros, and a further coordinate sets it apart from all others.

    Attributes:
        columns: all columns of the table, identifiers too.
        dtype: NumPy's name of the type of the matrix.
        rules: relations between columns, which hold in every row.
    """

    kind: ClassVar[str] = "tables"
    version: ClassVar[int] = 3
    coarse: ClassVar[bool] = False
    units: ClassVar[str] = "coded columns"
    columns: tuple[Column, ...]
    dtype: str = "<f8"
    rules: tuple[Rule, ...] = ()

    @cached_property
    def learned(self) -> tuple[Column, ...]:
        """The columns that are learned: all but identifiers."""
        return tuple(column for column in self.columns if column.kind != "identifier")

    @cached_property
    def coded(self) -> tuple[Column, ...]:
        """The learned columns as networks see them: some as their difference from another one."""
        return tuple(as_coded(column) for column in self.learned)

    @cached_property
    def codes(self) -> tuple[ColumnCode, ...]:
        """The place of each learned column in what a network sees."""
        codes = []
        start = 0
        for i, column in enumerate(self.coded):
            if i in self.computed:
                codes.append(ColumnCode(start, ()))  # as that of a column that never varies
                continue
            cells = column.cells
            singles = tuple(low == high for low, high in zip(cells.lows, cells.highs, strict=True))
            codes.append(
                ColumnCode(start, column.code_sizes, column.frequencies, cells.heights, singles)
            )
            start += column.width
        return tuple(codes)

    @cached_property
    def computed(self) -> frozenset[int]:
        """Places of the columns that are sums: they are rows' columns, and no network sees them."""
        return frozenset(rule.places[-1] for rule in sums(self.rules))

    @cached_property
    def twins(self) -> dict[int, int]:
        """Place of each column that is a twin, and that of the column whose value it takes."""
        return {i: self.place(column.twin) for i, column in enumerate(self.learned) if column.twin}

    @cached_property
    def differences(self) -> dict[int, int]:
        """Place of each column that is learned as a difference, and that of the other column."""
        columns = enumerate(self.learned)
        return {i: self.place(c.difference.other) for i, c in columns if c.difference}

    @property
    def shape(self) -> tuple[int, ...]:
        return (sum(sum(code.sizes) + code.scored for code in self.codes),)

    @property
    def samples_in_words(self) -> str:
        return f"rows of {counted(len(self.columns), 'column')}"

    @property
    def raw_shape(self) -> tuple[int, ...]:
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

    def apart(self, raw: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n c"]:
        """Return the rows of a matrix, with differences in the columns that are learned so."""
        return apart(self.learned, self.differences, raw)

    def states(self, raw: Float[np.ndarray, "n c"]) -> Int64[np.ndarray, "n c"]:
        """Return the state of each value in the rows of a matrix.

        An ordinary number that is equal to that of the column's twin has the twin's state.
        """
        x = self.apart(raw)
        columns = enumerate(self.coded)
        states = np.stack([column.state_of(x[:, i]) for i, column in columns], axis=1)
        for i, j in self.twins.items():
            same = equal(raw[:, i], raw[:, j], self.learned[i].step) & (states[:, i] == 0)
            states[same, i] = self.learned[i].twin_state
        states[:, list(self.computed)] = 0
        return states

    def choices(self, raw: Float[np.ndarray, "n c"]) -> Int64[np.ndarray, "n c"]:
        """Return the choice of each value in the rows of a matrix."""
        x, states = self.apart(raw), self.states(raw)
        columns = enumerate(self.coded)
        found = np.stack([c.choice_of(x[:, i], states[:, i]) for i, c in columns], axis=1)
        found[:, list(self.computed)] = 0
        return found

    def given(self, place: int, possible: Bool[np.ndarray, " choices"]) -> int:
        """Return the choice that a condition gives a column; -1 where the column must be drawn.

        A choice is given where it is the only one, so that it meets the condition by itself. The
        value of a twin is not known before the other column is, and a sum is never given.

        Args:
            place: place of the column among the learned ones.
            possible: which of its choices can meet the condition.
        """
        column = self.learned[place]
        of_twin = bool(column.twin) and bool(possible[column.twin_choice])
        single = int(possible.sum()) == 1 and self.codes[place].choices > 1
        return int(possible.argmax()) if single and not of_twin else UNSEEN

    def pack(self, raw: Float[np.ndarray, "n c"]) -> Float[Tensor, "n p"]:
        """Return the digits of all states, then all normal scores.

        They take little memory, however many levels there are.
        """
        digits: list[np.ndarray] = []
        scores: list[np.ndarray] = []
        x, states = self.apart(raw), self.states(raw)
        for i, (column, code) in enumerate(zip(self.coded, self.codes, strict=True)):
            if code.sizes:
                digits += digits_of(states[:, i], code.sizes)
            if code.scored:
                scores.append(column.score_of(x[:, i], states[:, i]))
        # Double precision, so that decoding gives back what was coded.
        return torch.from_numpy(np.stack([*digits, *scores], axis=1).astype(np.float64))

    def unpack(self, packed: Float[Tensor, "n p"]) -> Float[Tensor, "n width"]:
        """Return network input: each column's one-hot digits, then its score, if any."""
        starts = [start for code in self.codes for start, _ in code.parts]
        scores = [code.score for code in self.codes if code.scored]
        digits = packed[:, : len(starts)].long()
        ones = digits.clamp_min(0) + torch.tensor(starts, device=packed.device, dtype=torch.int64)
        x = packed.new_zeros(len(packed), *self.shape)
        x.scatter_(1, ones, (digits != UNSEEN).to(x.dtype))
        x[:, scores] = packed[:, len(starts) :]
        return x

    def decode(
        self, x: Float[Tensor, "n width"], known: Float[np.ndarray, "n c"] | None = None
    ) -> Float[np.ndarray, "n c"]:
        """Return the values of the likeliest state of each column, and of its score; and sums.

        Args:
            x: what a network makes.
            known: cells that are known, NaN where one is not. They are taken as they are: twins and
                sums follow from them, and parts of a known sum from it. None: no cell.
        """
        x = x.detach().cpu()
        columns: list[np.ndarray] = []
        for i, (column, code) in enumerate(zip(self.coded, self.codes, strict=True)):
            state = np.zeros(len(x), dtype=np.int64)
            for start, size in code.parts:
                state = state * size + x[:, start : start + size].argmax(1).numpy()
            score = np.zeros(len(x))
            if code.scored:
                score = x[:, code.score].double().numpy()
            twin = columns[self.twins[i]] if i in self.twins else None
            values = column.values(state, score, twin)
            if i in self.differences:
                j = self.differences[i]
                given = None if known is None else known[:, j]
                values = put_together(self.learned, (i, j), values, columns[j], given)
            if known is not None:
                if twin is not None:
                    equal = (state == column.twin_state) & ~np.isnan(known[:, self.twins[i]])
                    values = np.where(equal, within(column, twin), values)
                values = np.where(np.isnan(known[:, i]), values, known[:, i])
            columns.append(values)
        raw = np.stack(columns, axis=1)
        fixed = np.zeros(raw.shape, bool) if known is None else ~np.isnan(known)
        settled(self.rules, self.learned, raw, fixed)
        return raw

    def measure(self, raw: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n width"]:
        """Return the rows as a network sees them, in double precision.

        Each column that can have unseen values adds a coordinate, 1 where a row has one.
        """
        x = self.unpack(self.pack(raw)).double().numpy()
        raw = self.apart(raw)
        unseen = [
            column.state_of(raw[:, i]) == UNSEEN
            for i, column in enumerate(self.coded)
            if column.has_unseen and i not in self.computed
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
                nearest = did_you_mean(column.name, map(str, frame.columns))
                raise WganError(f"the table has no column '{column.name}'. {nearest}")
        return np.stack([numbers(frame[column.name], column) for column in self.learned], axis=1)

    def frame(self, raw: Float[np.ndarray, "n c"], first: int = 0) -> pd.DataFrame:
        """Return rows as a table with the columns, types and spelling of the data.

        Identifiers are new: they count on after the largest of the data and `first` earlier rows.
        """
        series = {}
        learned = iter(raw.T)
        for column in self.columns:
            if column.kind == "identifier":
                series[column.name] = identifiers(column, len(raw), first)
            else:
                series[column.name] = to_series(column, next(learned))
        return pd.DataFrame(series)

    def check(self, raw: np.ndarray) -> None:
        if raw.shape[1:] != self.raw_shape:
            raise WganError(
                f"rows of {raw.shape[1:]} columns, the table had {self.raw_shape}: give the same"
            )

    def without_unseen(self) -> "TableCodec":
        return replace(self, columns=tuple(map(without_unseen, self.columns)))

    def fitted(self, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> "TableCodec":
        # Parts of a sum may follow from its total, and combinations are drawn as they are.
        bound = {i for rule in self.rules if isinstance(rule, Sum | Together) for i in rule.places}
        columns = iter(fitted_columns(self.learned, rows, chosen, self.computed, bound))
        codec = replace(
            self,
            columns=tuple(c if c.kind == "identifier" else next(columns) for c in self.columns),
            rules=fitted_rules(self.rules, rows, chosen),
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
        columns = [f"{column.name}: {column}" for column in self.columns]
        return [*columns, *(f"rule: {rule}" for rule in self.rules)]

    def proposals(self, rows: Rows) -> list[Proposal]:
        return proposed_rules(self.learned, self.rules, rows)

    def schema(self) -> str:
        return to_toml(self.columns, self.rules)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "rules": rules_to_json(self.rules)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "TableCodec":
        unknown = sorted(set(fields) - {"columns", "dtype", "rules"})
        if unknown:
            raise ValueError(f"unknown key {unknown[0]}")
        codec = cls(from_json(fields["columns"]), typed(fields["dtype"], str))
        return replace(codec, rules=rules_from_json(fields.get("rules", []), codec.learned))
