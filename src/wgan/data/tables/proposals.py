"""Rules that the rows of a table seem to keep, proposed to the user with their evidence.

Candidates are looked for in a sample of the rows and in the first columns of each kind, so that the
cost does not grow with the table. Candidates are then counted in all rows. A rule that shuffled
columns keep too says nothing, and is not proposed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from jaxtyping import Float

from wgan.base.printing import on_one_line
from wgan.base.seeding import numpy_generator
from wgan.data.codec import Proposal
from wgan.data.storage import Rows, chunks
from wgan.data.tables.corrections import rule_to_toml
from wgan.data.tables.declared import part_of_date, zone_in_words
from wgan.data.tables.rules import SUM_TOLERANCE, Date, Order, Rule, Sum, Together
from wgan.data.tables.schema import Column

ROWS_SEARCHED = 10_000
"""Rows, evenly spaced, among which rules are looked for: a rule that one row of a thousand breaks
is broken there by ten.
"""
FIRST_ROWS = 64
"""Rows on which all sums of two columns are tried first: chance meets none so often."""
MOST_COLUMNS = 50
"""Columns of a kind that are looked at: 1,225 pairs, and 59,000 sums of two, take a second or two.
"""
LEAST_SHARE = 0.999
"""Least share of the rows in which a rule holds, so that one error in a thousand rows is reported.
"""
LEAST_BROKEN = 0.05
"""Least share of shuffled rows that break a rule. If fewer do, each column by itself implies it."""
LEAST_ROWS = 50
"""Rows with all columns present, below which a relation may be chance."""
ROWS_A_LEVEL = 5
"""Rows of each level, on average, of a column on which another depends: a column of names that are
nearly all different decides every other.
"""
MOST_COMBINATIONS = 1000
"""Combinations of columns of few levels. More are rather a list than a rule."""


@dataclass(frozen=True)
class _Found:
    """A candidate: a rule, and whether shuffled rows must break it."""

    rule: Rule
    by_name: bool = False


def proposed_rules(columns: Sequence[Column], rules: Sequence[Rule], rows: Rows) -> list[Proposal]:
    """Return rules that all rows keep, or nearly all.

    Args:
        columns: the learned columns.
        rules: the rules that there are already; the same columns are not proposed again.
        rows: `[n, columns]` rows.
    """
    spaced = np.linspace(0, rows.shape[0] - 1, min(rows.shape[0], ROWS_SEARCHED))
    x = np.asarray(rows[spaced.astype(np.int64)], dtype=np.float64)
    if len(x) < LEAST_ROWS:
        return []
    known = {(rule.form, frozenset(rule.places)) for rule in rules}
    searches = (_orders, _sums, _togethers, _dates)
    found = [each for search in searches for each in search(columns, x)]
    found = [each for each in found if (each.rule.form, frozenset(each.rule.places)) not in known]
    shuffled = _shuffled(x)
    broken = [_share_broken(each.rule, shuffled) for each in found]
    kept = [
        (each.rule, share)
        for each, share in zip(found, broken, strict=True)
        if share >= LEAST_BROKEN or each.by_name
    ]
    counts = _counts([rule for rule, _ in kept], rows)
    return [
        _proposal(rule, count, rows.shape[0], share)
        for (rule, share), count in zip(kept, counts, strict=True)
        if rows.shape[0] - count >= LEAST_SHARE * rows.shape[0]
    ]


def _shuffled(x: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n c"]:
    """Return rows with each column in an order of its own."""
    random = numpy_generator(0, "proposals")
    return np.stack([random.permutation(x[:, i]) for i in range(x.shape[1])], axis=1)


def _share_broken(rule: Rule, x: Float[np.ndarray, "n c"]) -> float:
    return 1 - float(rule.holds(x).mean())


def _counts(rules: Sequence[Rule], rows: Rows) -> list[int]:
    """Return in how many of all rows each rule is broken."""
    counts = np.zeros(len(rules), dtype=np.int64)
    if rules:
        for _, piece in chunks(rows):
            counts += [int((~rule.holds(piece)).sum()) for rule in rules]
    return counts.tolist()


def _proposal(rule: Rule, broken: int, n: int, shuffled: float) -> Proposal:
    kept = f"all {n:,} rows" if not broken else f"{n - broken:,} of {n:,} rows"
    evidence = f"holds in {kept}, and in {1 - shuffled:.1%} of rows with shuffled columns"
    words = f"{rule}: {evidence}"
    lines = [on_one_line(words)]
    refused = bool(broken) and not isinstance(rule, Together)
    if refused:
        subject = "1 row breaks" if broken == 1 else f"{broken:,} rows break"
        lines.append(f"{subject} it: fix or drop them, or the rule is refused")
    lines += rule_to_toml(rule).strip().splitlines()
    return Proposal(words, "".join(f"# {line}\n" for line in ["", *lines]).replace("# \n", "\n"))


def _nearly_all(broken: np.ndarray, of: np.ndarray) -> bool:
    """Return whether a rule holds in nearly all of the rows that have all columns."""
    n = int(of.sum())
    return n >= LEAST_ROWS and float((broken & of).sum()) <= (1 - LEAST_SHARE) * n


def _orders(columns: Sequence[Column], x: Float[np.ndarray, "n c"]) -> Iterator[_Found]:
    """Yield pairs of columns of which one is nowhere larger, but not those that follow."""
    places = [i for i, column in enumerate(columns) if column.is_number][:MOST_COLUMNS]
    pairs = set()
    for i, j in permutations(places, 2):
        a, b = columns[i], columns[j]
        # Units are not known: numbers that are written alike may have the same.
        if (a.kind, a.step, a.format) != (b.kind, b.step, b.format):
            continue
        if zone_in_words(a) != zone_in_words(b):  # clocks of different zones have no order
            continue
        present = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
        varies = (x[present, i] != x[present, j]).any()
        if varies and _nearly_all(x[:, i] > x[:, j], present):
            pairs.add((i, j))
    for i, j in sorted(pairs):
        if not any((i, k) in pairs and (k, j) in pairs for k in places):
            yield _Found(Order((columns[i].name, columns[j].name), (i, j)))


def _sums(columns: Sequence[Column], x: Float[np.ndarray, "n c"]) -> Iterator[_Found]:
    """Yield sums of two columns that give a third."""
    numeric = [i for i, column in enumerate(columns) if column.kind == "numeric"]
    varied = [i for i in numeric if len(np.unique(x[:FIRST_ROWS, i])) > 1][:MOST_COLUMNS]
    whole = x[~np.isnan(x[:, varied]).any(axis=1)]
    if len(whole) < LEAST_ROWS:
        return
    head = whole[:FIRST_ROWS]
    totals = head[:, varied]
    half_steps = np.array([columns[k].step / 2 for k in varied])
    tolerance = np.maximum(SUM_TOLERANCE * np.abs(totals), half_steps)
    for i, j in combinations(varied, 2):
        total = head[:, i] + head[:, j]
        near = (np.abs(total[:, None] - totals) <= tolerance).mean(axis=0)
        for k, share in zip(varied, near.tolist(), strict=True):
            if k in (i, j) or share < 1 - 1 / FIRST_ROWS:
                continue
            names = tuple(columns[each].name for each in (i, j, k))
            rule = Sum(names, (i, j, k), columns[k].step)
            if _share_broken(rule, x) <= 1 - LEAST_SHARE:
                yield _Found(rule)


def _togethers(columns: Sequence[Column], x: Float[np.ndarray, "n c"]) -> Iterator[_Found]:
    """Yield pairs of columns of few levels of which one decides the other."""
    few = [i for i, column in enumerate(columns) if column.is_choice][:MOST_COLUMNS]
    codes = {i: np.unique(np.nan_to_num(x[:, i], nan=-np.inf), return_inverse=True)[1] for i in few}
    levels = {i: int(code.max()) + 1 for i, code in codes.items()}
    n = len(x)
    for i, j in combinations(few, 2):
        pairs, counts = np.unique(codes[i] * levels[j] + codes[j], return_counts=True)
        if len(pairs) > MOST_COMBINATIONS:
            continue
        for decides, code in ((i, pairs // levels[j]), (j, pairs % levels[j])):
            other = j if decides == i else i
            most = np.zeros(levels[decides], dtype=np.int64)
            np.maximum.at(most, code, counts)
            enough = n >= ROWS_A_LEVEL * levels[decides] and levels[other] > 1
            if enough and most.sum() >= LEAST_SHARE * n:
                names = (columns[i].name, columns[j].name)
                # Rarer combinations are slips: they count as rows that break the rule.
                usual = counts >= np.maximum(most[code] * (1 - LEAST_SHARE), 1)
                first = np.unique(codes[i] * levels[j] + codes[j], return_index=True)[1]
                rule = Together(names, (i, j)).fitted(x[first[usual]][:, [i, j]])
                yield _Found(rule)
                break


def _dates(columns: Sequence[Column], x: Float[np.ndarray, "n c"]) -> Iterator[_Found]:
    """Yield columns that are called year, month and day, and that are parts of dates."""
    by_rest: dict[str, dict[str, int]] = {}
    for i, column in enumerate(columns):
        for part in ("year", "month", "day"):
            if part in _words(column.name):
                rest = " ".join(word for word in _words(column.name) if word != part)
                by_rest.setdefault(rest, {}).setdefault(part, i)
    for parts in by_rest.values():
        names = [part for part in ("year", "month", "day") if part in parts]
        if not {"month", "day"} <= set(names):
            continue
        places = tuple(parts[part] for part in names)
        numbers = [part_of_date(columns[i]) for i in places]
        if all(each is not None for each in numbers):
            values = tuple(each or () for each in numbers)
            rule = Date(tuple(columns[i].name for i in places), places, values)
            if _share_broken(rule, x) <= 1 - LEAST_SHARE:
                yield _Found(rule, by_name=True)


def _words(name: str) -> list[str]:
    """Return the words of a name, such as birth_year or birthYear."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return re.findall(r"[^\W\d_]+|\d+", apart)
