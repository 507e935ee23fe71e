"""What does one column of a table hold, and how does a value become a state and a score, and back?

A number's place in its column is its normal score z = Phi^-1(F(x)), F the column's distribution
function through at most 1,000 knots, so that heavy tails and bounds need no setting. A value that
many rows share (a spike, such as 0) is a state of its own, and so is a missing one. The normal
score is the rank transform of van der Waerden (1952).
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64
from scipy.special import ndtri

from wgan.base.errors import WganError

Kind = Literal["numeric", "datetime", "category", "boolean", "identifier"]
MOST_STATES = 256
"""A column of more states is coded as two digits, so that 10,000 levels take 200 numbers."""
MICROSECOND = 1e-6
MOST_DECIMALS = 12
SAME = 1e-12
"""Numbers this close are one: 0.3 and 0.1 + 0.2."""
CATEGORY = "category of "
"""What the name of a type begins with, of pandas categories."""


@dataclass(frozen=True)
class Column:
    """One column. `dtype` is what samples come back as.

    Numbers and times (seconds since 1970): `spikes` are values that are states of their own; the
    `knots` x_k, if there are others, rise from the least to the largest of them, with distribution
    function `heights` F(x_k). With `discrete` the knots are all the values there are, and heights
    are their upper ends. Values are multiples of `step`; zero: as stored. Times kept as text are
    spelled in `format`. Categories and booleans: `levels`, as spelled, the most frequent first. Of
    pandas categories, `categories` are all that were declared, in their order. `shares` is how
    frequent each state is. Identifiers: a number, from `start` on, put into `pattern`.
    """

    name: str
    kind: Kind
    dtype: str
    missing: bool = False
    step: float = 0.0
    spikes: tuple[float, ...] = ()
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    discrete: bool = False
    levels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    format: str = ""
    pattern: str = ""
    start: int = 1

    @property
    def is_number(self) -> bool:
        return self.kind in ("numeric", "datetime")

    @property
    def scored(self) -> bool:
        """Whether some values are told by a score, and not by a state alone."""
        return bool(self.knots)

    @property
    def states(self) -> int:
        """How many states there are: levels; or an ordinary number, if there are any, and each
        spike; and last a missing value.
        """
        return (
            self.scored + len(self.spikes) if self.is_number else len(self.levels)
        ) + self.missing

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """Sizes of the one-hot codes that tell states apart: none, one, or two digits where there
        are many states.
        """
        if self.kind == "identifier" or self.states <= 1:
            return ()
        if self.states <= MOST_STATES:
            return (self.states,)
        base = int(np.ceil(np.sqrt(self.states)))
        return (-(-self.states // base), base)

    @property
    def frequencies(self) -> tuple[tuple[float, ...], ...]:
        """How frequent each digit of the one-hot codes is; even, where shares are not known."""
        sizes = self.code_sizes
        shares = (
            np.asarray(self.shares)
            if self.shares
            else np.full(self.states, 1 / max(1, self.states))
        )
        grid = np.zeros(int(np.prod(sizes)) if sizes else 0)
        grid[: len(shares)] = shares[: len(grid)]
        if len(sizes) < 2:
            return (tuple(grid.tolist()),) if sizes else ()
        table = grid.reshape(sizes)
        return tuple(table.sum(1).tolist()), tuple(table.sum(0).tolist())

    @property
    def width(self) -> int:
        """How many numbers a network sees: the one-hot codes, and a normal score."""
        return sum(self.code_sizes) + self.scored

    @cached_property
    def _scores(self) -> tuple[np.ndarray, np.ndarray]:
        """Scores at the knots, and for discrete columns the upper ends of what belongs to each."""
        heights = np.asarray(self.heights)
        if not self.discrete:
            return ndtri(heights), heights
        return ndtri((np.concatenate([[0.0], heights[:-1]]) + heights) / 2), ndtri(heights)

    def state_of(self, x: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return each value's state: level; 0 for an ordinary number, then spikes; last, missing.
        Without ordinary numbers: the nearest spike.
        """
        absent = np.isnan(x)
        if not self.is_number:
            return np.where(absent, len(self.levels), np.nan_to_num(x)).astype(np.int64)
        spikes = np.asarray(self.spikes)
        if self.scored:
            state = np.zeros(len(x), dtype=np.int64)
            for i, spike in enumerate(spikes):
                state[np.isclose(x, spike, rtol=SAME, atol=0)] = 1 + i
        else:
            state = np.searchsorted((spikes[:-1] + spikes[1:]) / 2, np.nan_to_num(x)).astype(
                np.int64
            )
        state[absent] = self.states - 1
        return state

    def score_of(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return normal scores of numbers; 0 where the state alone tells the value. Beyond the
        knots: those of the ends.
        """
        knots, (middle, _) = np.asarray(self.knots), self._scores
        if self.discrete:
            score = middle[np.searchsorted((knots[:-1] + knots[1:]) / 2, np.nan_to_num(x))]
        else:
            score = np.interp(np.nan_to_num(x), knots, middle)
        return np.where(self.state_of(x) == 0, score, 0.0)

    def values(
        self, state: Int64[np.ndarray, " n"], score: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Return the values that states and scores stand for: the inverse of `state_of` and
        `score_of`. States that there are not: the last.
        """
        state = state.clip(0, max(self.states - 1, 0))
        if not self.is_number:
            return np.where(state == len(self.levels), np.nan, state.astype(np.float64))
        table = np.array([*([np.nan] if self.scored else []), *self.spikes, np.nan])
        if not self.scored:
            return table[state]
        knots, (middle, ends) = np.asarray(self.knots), self._scores
        if self.discrete:
            x = knots[np.searchsorted(ends, score).clip(0, len(knots) - 1)]
        else:
            x = rounded(np.interp(score, middle, knots), self.step).clip(knots[0], knots[-1])
        return np.where(state == 0, x, table[state])

    def __str__(self) -> str:
        parts: list[str] = [self.kind]
        if self.is_number:
            ends = sorted([*self.spikes, *self.knots[:1], *self.knots[-1:]])
            written = [
                str(pd.Timestamp(x, unit="s")) if self.kind == "datetime" else f"{x:.10g}"
                for x in ends
            ]
            if not self.scored:
                parts.append(
                    f"{len(ends)} values: {_few(written)}"
                    if len(ends) > 1
                    else f"always {written[0]}"
                )
            else:
                parts += [
                    f"{written[0]} to {written[-1]}",
                    (
                        f"in steps of {self.step:g}{' s' if self.kind == 'datetime' else ''}"
                        if self.step
                        else "any"
                    ),
                ]
                if self.spikes and self.kind == "numeric":
                    parts.append("often " + ", ".join(f"{x:g}" for x in self.spikes))
        elif self.kind == "identifier":
            parts.append(f"made anew, as {self.pattern.format(self.start)}")
        elif len(self.levels) > 1:
            parts.append(f"{len(self.levels)} levels: {_few(list(self.levels))}")
        elif self.levels:
            parts.append(f"always {self.levels[0]}")
        return ", ".join(
            [
                *parts,
                *(
                    ["may be missing" if self.states > 1 else "always missing"]
                    if self.missing
                    else []
                ),
            ]
        )


def _few(words: list[str]) -> str:
    return ", ".join(words[:4]) + (", ..." if len(words) > 4 else "")


def rounded(x: Float[np.ndarray, " n"], step: float) -> Float[np.ndarray, " n"]:
    """Return the nearest multiples of `step`, as decimals are written; of a zero step the values as
    they are.
    """
    if not step:
        return x
    decimals = round(-np.log10(step))
    if decimals >= 0 and np.isclose(step, 10.0**-decimals, rtol=1e-9, atol=0):
        return np.round(x, decimals)
    return np.round(np.rint(x / step) * step, MOST_DECIMALS)


def numbers(series: pd.Series, column: Column) -> Float[np.ndarray, " n"]:
    """Return a column's values as float64: a number itself, seconds of a time, a level's number;
    NaN where missing.

    Raises:
        WganError: a value that is no number or time, infinite, missing where none was, or a level
            that the column does not have.
    """
    absent = series.isna().to_numpy()
    if not column.missing:
        _refuse(series, absent, column, "is missing, where none was")
    if column.kind == "datetime":
        x = seconds(series, column.format)
        _refuse(
            series,
            np.isnan(x) & ~absent,
            column,
            f"is no date{f' written as {column.format}' if column.format else ''}",
        )
        return x
    if column.kind == "numeric":
        x = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        _refuse(series, np.isnan(x) & ~absent, column, "is no number")
        _refuse(series, np.isinf(x), column, "is infinite")
        return rounded(x, column.step) if is_single(column.dtype) else x
    codes, found = pd.factorize(series.astype(object))
    places = pd.Index(column.levels).get_indexer(pd.Index([spelled(value) for value in found]))
    x = np.append(places, -1)[codes].astype(np.float64)
    _refuse(series, (x < 0) & ~absent, column, "is a level that the column had not")
    return np.where(absent, np.nan, x)


def is_single(dtype: str) -> bool:
    """Tell whether a type holds numbers of half or single precision, whose decimals are noise
    beyond what was written.
    """
    return dtype.lower().startswith(("float32", "float16", "float["))


def spelled(value: Any) -> str:
    """Return how a level is written; a whole number without decimals, for a column of them with
    gaps holds floats.
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def seconds(series: pd.Series, format: str = "") -> Float[np.ndarray, " n"]:
    """Return times as seconds since 1970 on their own clock, to the microsecond; NaN where missing,
    or not written as `format` says.
    """
    times = pd.to_datetime(series, format=format, errors="coerce") if format else series
    stamps = times.dt.tz_localize(None) if times.dt.tz is not None else times
    whole = stamps.to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(whole), np.nan, np.round(whole.astype(np.int64) * MICROSECOND, 6))


def _refuse(series: pd.Series, wrong: np.ndarray, column: Column, why: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise WganError(
            f"column '{column.name}', row {row + 1}: {str(series.iloc[row])!r} {why}: mend it, or"
            " give the column another kind in a schema"
        )


def to_series(column: Column, x: Float[np.ndarray, " n"]) -> pd.Series:
    """Return numbers as a column of the type and spelling that it had: the inverse of `numbers`."""
    absent = np.isnan(x)
    if column.kind == "datetime":
        stamps = pd.Series(
            np.rint(np.where(absent, 0, x) / MICROSECOND).astype(np.int64).view("datetime64[us]")
        ).mask(absent)
        if column.format:
            return stamps.dt.strftime(column.format).astype(column.dtype).mask(absent)
        zone = getattr(pd.api.types.pandas_dtype(column.dtype), "tz", None)
        if (
            zone is not None
        ):  # where clocks change: the first of two equal times, and the next of one that is skipped
            stamps = stamps.dt.tz_localize(
                zone, ambiguous=np.ones(len(x), dtype=bool), nonexistent="shift_forward"
            )
        return stamps.astype(column.dtype)
    if column.kind == "numeric":
        if pd.api.types.is_integer_dtype(column.dtype):
            limits = np.iinfo(column.dtype.lower().removesuffix("[pyarrow]"))
            whole = pd.array(
                np.rint(np.where(absent, 0, x)).clip(limits.min, limits.max).astype(np.int64),
                dtype="Int64",
            )
            return pd.Series(whole).mask(absent).astype(column.dtype)
        return pd.Series(x).astype(column.dtype)
    levels: list[Any] = (
        [level == "True" for level in column.levels]
        if column.kind == "boolean"
        else list(column.levels)
    )
    choices = np.array([*levels, None], dtype=object)
    named = pd.Series(choices[np.where(absent, len(levels), np.nan_to_num(x)).astype(np.int64)])
    if column.dtype.startswith(CATEGORY):
        of, ordered = column.dtype.removeprefix(CATEGORY).split(" ")
        declared = pd.Categorical(named, categories=column.categories, ordered=ordered == "ordered")
        return pd.Series(declared.rename_categories(pd.Index(column.categories).astype(of)))
    return (
        pd.to_numeric(named)
        if pd.api.types.is_numeric_dtype(column.dtype) and column.kind == "category"
        else named
    ).astype(column.dtype)


def dtype_name(series: pd.Series) -> str:
    """Return the name of a column's type; of pandas categories with the type of what is declared,
    and whether it is ordered.
    """
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return str(series.dtype)
    return (
        f"{CATEGORY}{series.dtype.categories.dtype}"
        f" {'ordered' if series.dtype.ordered else 'unordered'}"
    )


def identifiers(column: Column, n: int) -> pd.Series:
    """Return `n` new identifiers."""
    counted = pd.Series(range(column.start, column.start + n))
    if pd.api.types.is_numeric_dtype(column.dtype):
        return counted.astype(column.dtype)
    return counted.map(column.pattern.format).astype(column.dtype)


def to_json(columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """Return columns as plain values for JSON."""
    return [asdict(column) for column in columns]


def from_json(fields: list[dict[str, Any]]) -> tuple[Column, ...]:
    """Build columns from what `to_json` gave."""
    values: list[dict[str, Any]] = [
        {k: tuple(v) if isinstance(v, list) else v for k, v in each.items()} for each in fields
    ]
    return tuple(Column(**each) for each in values)
