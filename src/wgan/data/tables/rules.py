"""Rules of a table: relations between columns that hold in every row of the data and of samples.

A schema declares them, each as one table `[[rules]]` with the columns that it relates. A rule that
the data break is refused. Samples that break one are drawn again, see `models.rejection`; a sum is
computed, so no sample breaks it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float

from wgan.base.records import typed
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import rounded

MOST_COMBINATIONS = 100_000
"""Different combinations that `together` may have. They are saved with the model, in some
megabytes.
"""
SUM_TOLERANCE = 1e-9
"""Relative error of a sum of numbers without a step: single precision has 1e-7, and a sum of a few
doubles 1e-15.
"""
UNKNOWN = -1
"""Number of a combination that is not known."""
DECIMALS = 9
"""Decimals in which combinations are compared, which takes rounding errors away."""
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Days of each month; a leap year has one more in February."""
Rows = Float[np.ndarray, "n c"]


@dataclass(frozen=True)
class Order:
    """Each column is at most as large as those after it, in every row where both are present.

    Attributes:
        names: the columns.
        places: their places among the learned ones.
        strict: whether none may be equal either.
    """

    form: ClassVar[str] = "order"
    names: tuple[str, ...]
    places: tuple[int, ...]
    strict: bool = False

    def holds(self, raw: Rows) -> Bool[np.ndarray, " n"]:
        """Return in which rows of a matrix the rule holds."""
        x = raw[:, list(self.places)]
        later = x[:, 1:]
        largest = np.fmax.accumulate(x[:, :-1], axis=1)  # so far; missing ones are passed over
        # No comparison with a missing value holds.
        broken = later <= largest if self.strict else later < largest
        return ~np.any(broken, axis=1)

    def __str__(self) -> str:
        return (" < " if self.strict else " <= ").join(self.names)


@dataclass(frozen=True)
class Sum:
    """The last column is the sum of the others. It is computed, never learned.

    The sum is missing where one of the others is, and nowhere else.

    Attributes:
        names: the columns, the sum last.
        places: their places among the learned ones.
        step: the sum is rounded to multiples of it; 0: to none.
    """

    form: ClassVar[str] = "sum"
    names: tuple[str, ...]
    places: tuple[int, ...]
    step: float = 0.0

    def total(self, raw: Rows) -> Float[np.ndarray, " n"]:
        """Return the sum of all columns but the last, in rows of a matrix."""
        return rounded(raw[:, list(self.places[:-1])].sum(axis=1), self.step)

    def holds(self, raw: Rows) -> Bool[np.ndarray, " n"]:
        """Return in which rows of a matrix the rule holds."""
        given = raw[:, self.places[-1]]
        size = np.abs(raw[:, list(self.places)]).max(axis=1)
        # Half a step, so that rounding errors do not matter and a whole step does.
        tolerance = np.maximum(SUM_TOLERANCE * size, self.step / 2)
        total = self.total(raw)
        absent = np.isnan(total)
        near = np.abs(total - given) <= tolerance
        return near | (absent & np.isnan(given))

    def __str__(self) -> str:
        return f"{' + '.join(self.names[:-1])} = {self.names[-1]}"


@dataclass(frozen=True)
class Together:
    """The columns have only such combinations of values as rows had that the rule was fitted to.

    Attributes:
        names: the columns.
        places: their places among the learned ones.
        combinations: the values that go together; None: a missing value.
    """

    form: ClassVar[str] = "together"
    names: tuple[str, ...]
    places: tuple[int, ...]
    combinations: tuple[tuple[float | None, ...], ...] = ()

    def holds(self, raw: Rows) -> Bool[np.ndarray, " n"]:
        """Return in which rows of a matrix the rule holds."""
        x = _comparable(raw[:, list(self.places)])
        key = np.zeros(len(x), dtype=np.int64)
        for i, (levels, prefixes) in enumerate(self._known):
            found = np.searchsorted(levels, x[:, i]).clip(max=len(levels) - 1)
            new = np.where(levels[found] == x[:, i], key * len(levels) + found, UNKNOWN)
            found = np.searchsorted(prefixes, new).clip(max=len(prefixes) - 1)
            key = np.where((key != UNKNOWN) & (prefixes[found] == new), found, UNKNOWN)
        return np.asarray(key != UNKNOWN)

    @cached_property
    def _known(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each column its values, rising, and the numbers of combinations up to it.

        The number of a combination is that of the columns before it, times the values, plus the
        place of its own. Columns are taken in one by one and numbers counted anew, so that they
        stay below (combinations) x (values).
        """
        values = _comparable(np.array(self.combinations, dtype=np.float64))  # None becomes NaN
        key = np.zeros(len(values), dtype=np.int64)
        known = []
        for column in values.T:
            levels, place = np.unique(column, return_inverse=True)
            prefixes, key = np.unique(key * len(levels) + place, return_inverse=True)
            known.append((levels, prefixes))
        return known

    def fitted(self, values: Float[np.ndarray, "n k"]) -> "Together":
        """Return the rule with the combinations of rows.

        Args:
            values: the rule's columns.
        """
        rows = np.unique(_comparable(values), axis=0)  # missing values are infinite, so equal
        combinations = [tuple(None if np.isinf(x) else x for x in row) for row in rows.tolist()]
        return replace(self, combinations=tuple(combinations))

    def __str__(self) -> str:
        return f"{', '.join(self.names)} as they go together in the data"


def _comparable(x: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    """Return values of which equal ones are equal numbers; missing ones become infinite."""
    # Numbers beyond are whole, and the largest would be rounded to infinity.
    small = np.abs(x) <= 2.0**53
    comparable = np.where(small, np.round(np.where(small, x, 0.0), DECIMALS), x)
    return np.where(np.isnan(x), np.inf, comparable + 0.0)  # + 0.0: no -0.0


@dataclass(frozen=True)
class Date:
    """Year, month and day, or month and day alone, are a date that exists, where all are present.

    Without a year, 29 February exists.

    Attributes:
        names: the columns.
        places: their places among the learned ones.
        numbers: for each column of categories the number that each level spells; else none.
    """

    form: ClassVar[str] = "date"
    names: tuple[str, ...]
    places: tuple[int, ...]
    numbers: tuple[tuple[float, ...], ...] = ()

    def holds(self, raw: Rows) -> Bool[np.ndarray, " n"]:
        """Return in which rows of a matrix the rule holds."""
        parts = [self._part(i, raw[:, place]) for i, place in enumerate(self.places)]
        absent = np.isnan(parts).any(axis=0)
        year, month, day = [np.full(len(raw), 2000.0), *parts][-3:]  # 2000 was a leap year
        whole = [np.rint(np.nan_to_num(part)) == part for part in parts]
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        inside = (month >= 1) & (month <= 12) & (year >= 0)
        days = DAYS[np.where(inside, month, 1).astype(np.int64) - 1] + (leap & (month == 2))
        exists = inside & np.all(whole, axis=0) & (day >= 1) & (day <= days)
        return absent | exists

    def _part(self, i: int, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return a part of a date as numbers; NaN: missing."""
        if not self.numbers[i]:
            return x
        by_place = np.array([*self.numbers[i], np.nan])
        return by_place[np.where(np.isnan(x), -1, x).astype(np.int64)]

    def __str__(self) -> str:
        return f"{', '.join(self.names)} are a date that exists"


Rule = Order | Sum | Together | Date
FORMS: dict[str, type[Any]] = {rule.form: rule for rule in (Order, Sum, Together, Date)}
"""Forms of rules by the key that a schema has for them."""


def sums(rules: Sequence[Rule]) -> list[Sum]:
    """Return the rules that compute a column, in the order in which they do."""
    return [rule for rule in rules if isinstance(rule, Sum)]


def fault_of_sums(rules: Sequence[Rule]) -> str | None:
    """Return why sums cannot be computed one after the other; None: they can."""
    totals = [rule.names[-1] for rule in sums(rules)]
    for i, rule in enumerate(sums(rules)):
        if totals.count(rule.names[-1]) > 1:
            return f"'{rule.names[-1]}' is the sum of two rules"
        for name in rule.names[:-1]:
            if name in totals[i:]:
                return f"'{name}' is a sum itself, of this rule or a later one: put that one first"
    return None


def rules_to_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return rules as plain values."""
    return [{"form": rule.form, **asdict(rule)} for rule in rules]


def rules_from_json(fields: Any, learned: Sequence[Column]) -> tuple[Rule, ...]:
    """Return the rules that `rules_to_json` made plain values of.

    Args:
        fields: a list with the fields of each rule.
        learned: the columns that rows have.

    Raises:
        ValueError: a field is missing, of another name or type, or fits no column.
    """
    if not isinstance(fields, list | tuple):
        raise ValueError("rules: no list")
    rules = tuple(_from_json(each, learned) for each in fields)
    if fault := fault_of_sums(rules):
        raise ValueError(f"rules: {fault}")
    return rules


def _from_json(fields: Any, learned: Sequence[Column]) -> Rule:
    form = FORMS.get(str(fields["form"]))
    if form is None:
        raise ValueError(f"rules: unknown form {fields['form']!r}")
    rest = {name: value for name, value in fields.items() if name != "form"}
    rule: Rule = typed(rest, form, known_only=True)
    names = [column.name for column in learned]
    known = len(rule.names) >= 2 and all(name in names for name in rule.names)
    if not known or [names.index(name) for name in rule.names] != list(rule.places):
        raise ValueError(f"rule {rule.form} of {', '.join(rule.names)}: fits no columns")
    k = len(rule.names)
    wrong = False
    if isinstance(rule, Together):
        wrong = not rule.combinations or any(len(row) != k for row in rule.combinations)
    if isinstance(rule, Date):
        sizes = [0 if column.is_number else len(column.levels) for column in learned]
        wrong = k > 3 or [len(each) for each in rule.numbers] != [sizes[i] for i in rule.places]
    if isinstance(rule, Sum):
        wrong = k < 3 or not rule.step >= 0
    if wrong:
        raise ValueError(f"rule {rule.form} of {', '.join(rule.names)}: out of range")
    return rule
