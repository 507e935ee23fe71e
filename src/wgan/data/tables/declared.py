"""Rules that a schema declares, checked against the columns and the rows of the table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from wgan.base.errors import WganError, did_you_mean
from wgan.data.storage import Rows, chunks
from wgan.data.tables.dates import zone_of_form
from wgan.data.tables.rules import (
    FORMS,
    MOST_COMBINATIONS,
    Date,
    Order,
    Rule,
    Sum,
    Together,
    fault_of_sums,
)
from wgan.data.tables.schema import Column
from wgan.data.tables.series import zone_of

ROWS_NAMED = 5
"""Rows that break a rule which an error names: enough to see what they have in common."""
FEWEST = {"order": 2, "sum": 3, "together": 2, "date": 2}
"""Fewest columns of a rule."""


def declared_rules(
    entries: Sequence[Mapping[str, Any]], columns: Sequence[Column], rows: Rows
) -> tuple[Rule, ...]:
    """Return the rules of a schema, fitted to all rows.

    Args:
        entries: the tables `[[rules]]` as they stand in the file.
        columns: all columns of the table, identifiers too.
        rows: `[n, learned columns]` rows.

    Raises:
        WganError: an entry that is not a rule of these columns, or a rule that rows break.
    """
    rules = tuple(_declared(entry, columns) for entry in entries)
    if fault := fault_of_sums(rules):
        raise WganError(f"schema, rules: {fault}")
    rules = fitted_rules(rules, rows, np.ones(rows.shape[0], dtype=bool))
    for rule in rules:
        _refuse_broken(rule, rows)
    return rules


def fitted_rules(
    rules: Sequence[Rule], rows: Rows, chosen: Bool[np.ndarray, " n"]
) -> tuple[Rule, ...]:
    """Return rules, fitted to some rows alone; `together` alone has what is fitted.

    Args:
        rules: the rules.
        rows: `[n, learned columns]` rows.
        chosen: which rows to fit to.

    Raises:
        WganError: more combinations than can be kept.
    """
    return tuple(
        _fitted(rule, _columns(rule, rows, chosen)) if isinstance(rule, Together) else rule
        for rule in rules
    )


def _columns(rule: Rule, rows: Rows, chosen: Bool[np.ndarray, " n"]) -> Float[np.ndarray, "m k"]:
    """Return the chosen rows of a rule's columns."""
    places = list(rule.places)
    parts = [piece[:, places][chosen[start : start + len(piece)]] for start, piece in chunks(rows)]
    return np.concatenate(parts)


def _fitted(rule: Together, values: Float[np.ndarray, "m k"]) -> Together:
    rule = rule.fitted(values)
    if len(rule.combinations) > MOST_COMBINATIONS:
        raise WganError(
            f"schema, rule '{rule}': {len(rule.combinations):,} combinations, at most"
            f" {MOST_COMBINATIONS:,} can be kept: name fewer columns, or leave it out"
        )
    return rule


def _refuse_broken(rule: Rule, rows: Rows) -> None:
    first: list[int] = []
    count = 0
    for start, piece in chunks(rows):
        broken = np.flatnonzero(~rule.holds(piece))
        first += (start + 1 + broken[: ROWS_NAMED - len(first)]).tolist()
        count += len(broken)
    if count:
        more = ", ..." if count > len(first) else ""
        words = "row breaks" if count == 1 else "rows break"
        raise WganError(
            f"schema, rule '{rule}': {count:,} of {rows.shape[0]:,} {words} it (row"
            f" {', '.join(map(str, first))}{more}): fix or drop these rows, or leave the rule out"
        )


def _declared(entry: Mapping[str, Any], columns: Sequence[Column]) -> Rule:
    """Return the rule of one entry, before it is fitted."""
    form, names = _form_and_names(entry)
    learned = [column for column in columns if column.kind != "identifier"]
    places = tuple(_place(name, form, columns, learned) for name in names)
    chosen = [learned[place] for place in places]
    where = f"schema, rule {form} = {names}"
    for fault in _faults(form, chosen):
        raise WganError(f"{where}: {fault}")
    if form == "order":
        return Order(tuple(names), places, entry.get("strict", False))
    if form == "sum":
        return Sum(tuple(names), places, chosen[-1].step)
    if form == "together":
        return Together(tuple(names), places)
    return Date(tuple(names), places, tuple(part_of_date(column) or () for column in chosen))


def _form_and_names(entry: Mapping[str, Any]) -> tuple[str, list[str]]:
    forms = [key for key in entry if key in FORMS]
    others = [key for key in entry if key not in (*FORMS, "strict")]
    if others:
        raise WganError(f"schema, rules: no '{others[0]}'. {did_you_mean(others[0], FORMS)}")
    if len(forms) != 1:
        raise WganError(
            "schema, rules: write one of order, sum, together and date below each [[rules]], e.g."
            ' order = ["start", "end"]'
        )
    form = forms[0]
    names = entry[form]
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    few = FEWEST[form]
    if not texts or len(set(names)) < len(names) or len(names) < few:
        raise WganError(f"schema, rule {form} = {names!r}: give {few} or more different columns")
    if "strict" in entry and (form != "order" or not isinstance(entry["strict"], bool)):
        raise WganError(f"schema, rule {form} = {names!r}: strict = true is for order alone")
    return form, names


def _place(name: str, form: str, columns: Sequence[Column], learned: Sequence[Column]) -> int:
    for place, column in enumerate(learned):
        if column.name == name:
            return place
    if any(column.name == name for column in columns):
        raise WganError(f"schema, rule {form}: '{name}' holds identifiers, which are not learned")
    nearest = did_you_mean(name, [column.name for column in learned])
    raise WganError(f"schema, rule {form}: the table has no column '{name}'. {nearest}")


def _faults(form: str, columns: Sequence[Column]) -> Iterator[str]:
    """Yield why a rule cannot be of these columns."""
    kinds = {column.kind for column in columns}
    if form == "order" and kinds not in ({"numeric"}, {"datetime"}):
        yield "give numbers alone, or times alone"
    elif form == "order" and len(zones := {zone_in_words(column) for column in columns}) > 1:
        yield (
            f"times of different zones ({', '.join(sorted(zones))}) are compared by their clocks:"
            " convert the columns to one zone"
        )
    if form == "sum" and kinds != {"numeric"}:
        yield "give numbers alone"
    if form == "together":
        for column in columns:
            if not column.cells.discrete:
                yield (
                    f"'{column.name}' holds more numbers than are drawn as they are: call it a"
                    f' category, below [columns.{column.name}] write kind = "category"'
                )
    if form == "date":
        if len(columns) > 3:
            yield "give year, month and day, or month and day"
        for column in columns:
            if part_of_date(column) is None:
                yield f"'{column.name}' holds no whole numbers"


def zone_in_words(column: Column) -> str:
    """Return the zone of a column of times, whose clock they are coded by; `none` without one."""
    zone = zone_of_form(column.format) or zone_of(column)
    return str(zone or "none")


def part_of_date(column: Column) -> tuple[float, ...] | None:
    """Return the number that each level spells; empty for a column of numbers.

    Args:
        column: the column.

    Returns:
        The numbers; None: it cannot be a year, month or day.
    """
    whole = all(level.strip().isdecimal() for level in column.levels)
    if column.kind not in ("numeric", "category") or not whole:
        return None
    return tuple(float(level) for level in column.levels)
