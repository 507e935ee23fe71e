"""Sentences on the evaluation of a table: what is lost, by name."""

from typing import Any

from wgan.evaluation.metrics.equalities import LOST
from wgan.evaluation.results import Evaluation

NAMED = 5
"""Levels, columns or conditions that a sentence names; the rest is in evaluation.json."""
ROUND_OFF = 0.1
"""Round numbers surely further off are reported: a tenth of them is missing, or too many."""
BROKEN_RULES = 0.001
"""Share of rows that break a rule from which on they are reported, if it is surely above that of
real rows. Errors in data make one in 1,000.
"""
IMPOSSIBLE = "combine values as no training row does"
VIOLATED = "violate what holds in all training rows"
REPEATED = 0.01
"""Rows surely repeated more often, and twice as often as real rows are, are reported."""
TWICE = 2.0
WORSE = 1.25
"""Ratio surely above which rows under conditions are called worse than filtered ones."""
EQUAL = 1.0
"""That ratio of rows that are as good."""
GUESS = 0.5
"""Membership AUC of an attack that learns nothing."""
EXPOSED = 0.6
"""Membership AUC is (1 + p) / 2 where a part p of the training rows is exposed, here a fifth. Only
an interval that ends below it says that training rows are not distinguished from others.
"""


def table_sentences(evaluation: Evaluation) -> list[str]:
    """Return sentences on what a generator loses: levels, round numbers, rules, tails, conditions.

    Args:
        evaluation: the figures; missing ones are skipped.
    """
    parts = [
        *_levels(evaluation),
        _round(evaluation),
        _equalities(evaluation),
        _rules(evaluation, "impossible-share", "dependences", IMPOSSIBLE),
        _rules(evaluation, "violation-share", "inequalities", VIOLATED),
        _redrawn(evaluation),
        _tails(evaluation),
        _ends(evaluation),
        _repeated(evaluation),
        _conditions(evaluation),
        _membership(evaluation),
    ]
    return [sentence for sentence in parts if sentence]


def _levels(evaluation: Evaluation) -> list[str]:
    """Return words on levels that are lost, inflated and deflated, or that there are none."""
    levels = evaluation.details.get("levels")
    line = evaluation.get("levels-lost")
    if not levels or line is None:
        return []
    said = []
    for word in ("lost", "inflated", "deflated"):
        names = levels[word]
        if names:
            number = (levels.get("numbers") or {}).get(word, len(names))
            said.append(f"levels {word}, {number} of {levels['number']}: {_first(names, number)}")
    off = evaluation.get("levels-off")
    # The figures count the flags of each set; the names come from the mean counts over sets.
    if not said and off is not None and line.generated.value == off.generated.value == 0:
        said.append(f"no level of {levels['number']} is lost, or off by a factor of 2")
    return said


def _round(evaluation: Evaluation) -> str:
    line = evaluation.get("round-error")
    if line is None or line.generated.low <= max(line.real, ROUND_OFF):
        return ""
    words = [
        f"{name} at multiples of {each['step']:g} {each['generated']:.1%} (real"
        f" {each['held_out']:.1%})"
        for name, each in _dict(evaluation, "round").items()
        if abs(each["generated"] - each["held_out"]) > ROUND_OFF * each["held_out"]
    ]
    return f"round numbers are not as frequent as in real rows: {_first(words)}"


def _equalities(evaluation: Evaluation) -> str:
    line = evaluation.get("equalities-lost")
    if line is None or line.generated.low <= max(line.real, LOST):
        return ""
    words = [
        f"{name} in {each['generated']:.1%} of rows (training rows {each['training']:.1%})"
        for name, each in _dict(evaluation, "equalities").items()
        if each["generated"] < (1 - LOST) * each["training"]
    ]
    return f"equal numbers are lost: {_first(words, _number(evaluation, 'equalities'))}"


def _rules(evaluation: Evaluation, metric: str, details: str, what: str) -> str:
    line = evaluation.get(metric)
    if line is None or line.generated.low <= max(line.real, BROKEN_RULES):
        return ""
    worst = sorted(_dict(evaluation, details).items(), key=lambda item: -item[1])
    named = [f"{name} {share:.1%}" for name, share in worst if share > 0]
    words = _first(named, _number(evaluation, details))
    return f"{line.cells[1]} % of rows {what} (real {line.cells[2]} %): {words}"


def _redrawn(evaluation: Evaluation) -> str:
    share = evaluation.details.get("redrawn")
    return "" if share is None else f"{share:.1%} of the rows broke a rule and were drawn again"


def _tails(evaluation: Evaluation) -> str:
    if evaluation.get("tail-error") is None:
        return ""
    tails = _dict(evaluation, "tails")
    ratios = {name: each["ratio"] for name, each in tails.items() if each.get("off")}
    off = [
        f"{name} {ratio:.2g} times as heavy as in real rows"
        for name, ratio in sorted(ratios.items(), key=lambda item: item[1])
    ]
    return f"tails are off: {_first(off)}" if off else ""


def _ends(evaluation: Evaluation) -> str:
    ends = {
        name: each["generated"]
        for name, each in _dict(evaluation, "ends").items()
        if each.get("repeated")
    }
    if not ends:
        return ""
    worst = sorted(ends.items(), key=lambda item: -item[1])
    words = _first([f"{name} in {rows:.0f} rows" for name, rows in worst])
    return f"extremes of the training rows are repeated: {words}"


def _repeated(evaluation: Evaluation) -> str:
    line = evaluation.get("repeated-share")
    if line is None or line.generated.low <= max(TWICE * line.real, REPEATED):
        return ""
    return (
        f"rows repeat each other: {line.cells[1]} % equal another one of their set (real"
        f" {line.cells[2]} %)"
    )


def _conditions(evaluation: Evaluation) -> str:
    """Return whether rows under conditions are worse than rows that happen to satisfy them."""
    line = evaluation.get("conditional-shape")
    if line is None:
        return ""
    figures = f"{line.cells[1]} times the shape error of filtered ones"
    if line.generated.low <= EQUAL and line.generated.high >= WORSE:
        return f"whether rows under conditions are as good as filtered ones is undecided: {figures}"
    if line.generated.low <= EQUAL:
        return f"rows under conditions are as good as filtered ones: {figures}"
    if line.generated.low <= WORSE:
        return f"rows under conditions are a little worse than filtered ones: {figures}"
    ratios = {
        name: each.get("shape conditional", 0) / each["shape filtered"]
        for name, each in _dict(evaluation, "conditions").items()
        if each.get("shape filtered", 0) > 0
    }
    worst = sorted(ratios.items(), key=lambda item: -item[1])
    words = _first([f"{name} {ratio:.1f}" for name, ratio in worst])
    return f"rows under conditions are worse than filtered ones: {figures}; {words}"


def _membership(evaluation: Evaluation) -> str:
    """Return whether an attack tells training rows from others, or finds a few of them."""
    line = evaluation.get("membership-auc")
    if line is None:
        return ""
    figures = f"membership AUC {line.cells[1]} (0.5: it learns nothing; real {line.cells[2]})"
    rates = _dict(evaluation, "membership")
    if rates:
        figures += (
            f", {rates['found']:.1%} of training rows found at 1 % false alarms (by chance up to"
            f" {rates['chance']:.1%}; real {rates['real']:.1%})"
        )
    if line.generated.low > max(line.real, GUESS):
        return f"an attack tells training rows from others: {figures}"
    if rates and rates["found"] > max(rates["chance"], rates["real"]):
        return f"an attack finds some training rows: {figures}"
    if line.generated.high < EXPOSED:
        return f"this attack does not tell training rows from others: {figures}"
    return (
        f"whether an attack tells training rows from others is undecided: {figures}; more held-out"
        " rows would tell"
    )


def _dict(evaluation: Evaluation, name: str) -> dict[str, Any]:
    found: dict[str, Any] = evaluation.details.get(name) or {}
    return found


def _number(evaluation: Evaluation, name: str) -> int | None:
    """Return how many parts there are to report; details name 50 at most."""
    return (evaluation.details.get("numbers") or {}).get(name)


def _first(words: list[str], number: int | None = None) -> str:
    """Return the first words, and how many more there are of all, which may be more than words."""
    number = len(words) if number is None else number
    more = f"; and {number - NAMED} more" if number > NAMED else ""
    return "; ".join(words[:NAMED]) + more
