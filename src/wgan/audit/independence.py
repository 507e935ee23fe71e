"""Tests of what a population bracket assumes: rows that are drawn independently.

No test proves independence. These tests see three ways in which it fails, within a side or across:

- rows resemble their neighbours in the file (series, sorted files);
- rows were copied;
- rows were copied and jittered.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from wgan.audit.copies import Found, near_copies, repeated_rows, representatives, shared_rows
from wgan.audit.groups import Codes, group_means
from wgan.audit.order import columns_order_test, order_test
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator

LEVEL = 0.05
"""Probability that independent rows in random order raise an alarm, over all tests together, where
the assumptions of `copies` hold.
"""

REFUSED = 1e-3
"""p-value of shared rows below which a bracket is refused, not only warned of. One pair of
independent samples in a thousand falls below it, and so do 14 copied rows among continuous ones.
"""

SERIES = (
    "a series or a sorted file; if it is sorted, its order says nothing of independence; if it is a"
    " series, name groups (--groups) or take rows far apart"
)
"""Advice for a file whose order is not random."""


@dataclass(frozen=True)
class Check:
    """One test: its name, what it measured, the p-value for independent rows, and the verdict.

    `statistic` is a correlation of ranks for the order of a file. Otherwise it is the share of the
    rows that look copied (for `near-copies`), that occur again, or that are on both sides. `words`
    say what was seen, and are empty if the verdict is "passed".
    """

    name: str
    statistic: float
    p: float
    verdict: str
    words: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Independence:
    """All tests of a pair of samples.

    `verdict` is "doubtful" if one failed, otherwise "not refuted".

    Each test fails with probability `level` / number of tests for independent rows.
    """

    verdict: str
    level: float
    tests: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The tests that failed."""
        return tuple(test for test in self.tests if test.verdict == "failed")

    def line(self) -> str:
        """Return the verdict in the words of a printed line."""
        if not self.failed:
            return f"independence not refuted by {len(self.tests)} tests"
        seen = "; ".join(test.words for test in self.failed)
        return f"independence DOUBTFUL: {seen}"

    def note(self) -> str:
        """Return advice on each test that failed; empty if none."""
        notes = [f"{test.words}: {test.advice}" for test in self.failed]
        if notes:
            notes.append(
                "the bracket does not hold where rows depend on each other: its confidence counts"
                " them as independent"
            )
        return "\n".join(notes)

    def facts(self) -> dict[str, str]:
        """Return the rows of a table: the verdict, and each test with its p-value."""
        rows = {"independence": self.line()}
        for test in self.tests:
            rows[f"  {test.name}"] = f"{test.verdict}: {test.statistic:.3g}, p {_p(test.p)}"
        return rows


@dataclass(frozen=True)
class Rows:
    """A side of a pair, for the tests.

    Attributes:
        values: `[n, d]` in the order of the file, and in the coordinates of the bracket.
        scores: `[k]` of a critic that was made without these rows: those held out.
        places: `[k]`, where these stand in the file.
        hashes: of the rows in raw coordinates.
        codes: `[n]`, the group of each row; None: each row is one.
    """

    values: Float[np.ndarray, "n d"]
    scores: Float[np.ndarray, " k"]
    places: Int64[np.ndarray, " k"]
    hashes: RowHashes
    codes: Codes | None = None

    def ordered_scores(self) -> Float[np.ndarray, " k"]:
        """Return the scores in the order of the file, or means of groups as they first occur."""
        order = np.argsort(self.places)
        if self.codes is None:
            return self.scores[order]
        return group_means(self.scores[order], self.codes[self.places[order]])

    def sizes(self) -> Int64[np.ndarray, " g"] | None:
        """Return the sizes of groups as they first occur; None if sizes do not matter.

        Sizes do not matter if each row is a group, or if the rows of each group stand together.

        Otherwise a large group occurs early in a shuffled file. So groups are in random order
        among those of one size alone, since their values may depend on their size.
        """
        if self.codes is None:
            return None
        counts = np.bincount(self.codes)
        if np.count_nonzero(np.diff(self.codes)) == len(counts) - 1:
            return None
        return np.asarray(counts, dtype=np.int64)

    def held_out_sizes(self) -> Int64[np.ndarray, " k"] | None:
        """Return the sizes of the groups of `ordered_scores`; None as for `sizes`."""
        sizes = self.sizes()
        if sizes is None or self.codes is None:
            return None
        return sizes[np.unique(self.codes[self.places])]


def check_independence(x: Rows, y: Rows, seed: int) -> Independence:
    """Return the results of eleven tests of the independence of two samples.

    With groups, one row of each stands for it (`representatives`), and in the order of the file the
    mean of its scores. Groups have the order in which they first occur; where their rows are
    interleaved, it is tested among groups of one size (`Rows.sizes`).

    Args:
        x: one side.
        y: the other.
        seed: random seed of the permutations and of the rows that are looked up.
    """
    generator = numpy_generator(seed, "independence")
    sides = {"x": _one_each(x), "y": _one_each(y)}
    hashes = {name: rows for name, (_, rows) in sides.items()}
    values = {name: rows for name, (rows, _) in sides.items()}
    named = {"x": x, "y": y}
    found = [_order(side, rows, generator) for side, rows in named.items()]
    found += [
        _order_of_columns(side, values[side], rows.sizes(), generator)
        for side, rows in named.items()
    ]
    found += [_repeats(side, repeated_rows(hashes[side])) for side in "xy"]
    found.append(_shared(shared_rows(hashes["x"], hashes["y"])))
    for one, other in (("x", "x"), ("y", "y"), ("x", "y"), ("y", "x")):
        found.append(_near(one, other, near_copies(values[one], values[other], generator)))
    threshold = LEVEL / len(found)
    tests = tuple(_judged(test, threshold) for test in found)
    doubtful = any(test.verdict == "failed" for test in tests)
    return Independence("doubtful" if doubtful else "not refuted", LEVEL, tests)


def check_apart(
    x: RowHashes,
    y: RowHashes,
    x_codes: Codes | None = None,
    y_codes: Codes | None = None,
) -> None:
    """Refuse two sides that share more rows than independent samples of any laws would.

    Args:
        x: the rows of one side.
        y: the rows of the other.
        x_codes: the group of each row of x.
        y_codes: the group of each row of y.

    Raises:
        WganError: rows of one side were copied to the other.
    """
    found = shared_rows(_picked(x, x_codes), _picked(y, y_codes))
    if found.p < REFUSED:
        raise WganError(
            f"x and y share {found.count} rows, more than chance gives (p {_p(found.p)}): a"
            " population bracket needs two samples drawn independently of each other"
        )


def _one_each(side: Rows) -> tuple[np.ndarray, RowHashes]:
    """Return the values and hashes of one row of each group, as groups first occur."""
    if side.codes is None:
        return side.values, side.hashes
    return side.values[representatives(side.hashes, side.codes)], _picked(side.hashes, side.codes)


def _picked(rows: RowHashes, codes: Codes | None) -> RowHashes:
    return rows if codes is None else rows.picked(representatives(rows, codes))


def _order(side: str, rows: Rows, generator: np.random.Generator) -> Check:
    correlation, lag, p = order_test(rows.ordered_scores(), generator, rows.held_out_sizes())
    seen = _order_words(side, correlation, lag)
    words = f"{seen} of held-out scores, p {_p(p)})"
    return Check(f"order of {side}", correlation, p, "", words, SERIES)


def _order_of_columns(
    side: str, values: np.ndarray, sizes: np.ndarray | None, generator: np.random.Generator
) -> Check:
    correlation, column, lag, p = columns_order_test(values, generator, sizes)
    seen = _order_words(side, correlation, lag)
    words = f"{seen} in coordinate {column + 1}, p {_p(p)})"
    return Check(f"order of the columns of {side}", correlation, p, "", words, SERIES)


def _order_words(side: str, correlation: float, lag: int) -> str:
    far = "rows next to each other in" if lag == 1 else f"rows up to {lag} apart in"
    kind = "lag-1 rank correlation" if lag == 1 else "mean rank correlation"
    like = "alike" if correlation > 0 else "unlike"
    return f"{far} {side} are {like} ({kind} {correlation:.2f}"


def _repeats(side: str, found: Found) -> Check:
    return Check(
        f"repeated rows of {side}",
        found.count / max(1, found.total),
        found.p,
        "",
        f"rows of {side} occur {found.copies} times more often than independent draws would"
        f" ({found.count} rows occur again, p {_p(found.p)})",
        "copied rows, as of oversampling: drop the copies",
    )


def _shared(found: Found) -> Check:
    return Check(
        "rows on both sides",
        found.count / max(1, found.total),
        found.p,
        "",
        f"x and y share {found.count} rows, more than chance gives (p {_p(found.p)})",
        "rows of one side are in the other: drop them from one",
    )


def _near(one: str, other: str, found: Found) -> Check:
    where = "other rows" if one == other else "rows"
    share = found.count / max(1, found.total)
    few = f"{found.copies} {where}" if found.copies > 1 else f"one {where.removesuffix('s')}"
    return Check(
        f"near-copies of {other}" if one == other else f"near-copies of {other} in {one}",
        share,
        found.p,
        "",
        f"{share:.0%} of the rows of {one} lie far nearer to {few} of {other} than to the next"
        f" (p {_p(found.p)})",
        "copies with noise, or clumps of few rows: keep one of each, or name the groups they form"
        " (--groups)",
    )


def _judged(test: Check, threshold: float) -> Check:
    """Return a test with its verdict; a test that passed has nothing to say."""
    if test.p < threshold:
        return Check(test.name, test.statistic, test.p, "failed", test.words, test.advice)
    return Check(test.name, test.statistic, test.p, "passed")


def _p(p: float) -> str:
    """Return a p-value in words: "= 0.02", "<= 0.001".

    >>> _p(0.0213), _p(1e-9)
    ('= 0.021', '<= 0.001')
    """
    return "<= 0.001" if p <= 0.001 else f"= {p:.2g}"
