"""Rejection: samples that break a rule of the data are drawn again until they keep all of them.

So samples follow the generator's own distribution, given that the rules hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from wgan.base.errors import WganError
from wgan.data.codec import Rule

MOST_TRIES = 10_000
"""Draws of one row before it is given up. A row of rare conditions may keep the rules once in a
thousand draws, and then fails in one of 20,000 rows.
"""
LEAST_KEPT = 1e-3
"""Least share of draws that keep all rules. Below it, drawing takes a thousand times as long, and a
generator that has learned so little of a rule is useless.
"""
DRAWS_JUDGED = 100_000
"""Draws from which on that share is judged: a share at the limit is then known to +- 20 %."""
Again = Callable[[Int64[np.ndarray, " k"], Int64[np.ndarray, " k"]], np.ndarray]
"""(rows, trials) -> a raw sample for each row: a function of the row and the trial 0, 1, 2, ...
alone.
"""


@dataclass(frozen=True)
class Drawn:
    """Samples, and how many of them were drawn again since they broke a rule.

    Attributes:
        raw: `[n, *raw_shape]` samples.
        redrawn: the number of rows that broke a rule at first.
    """

    raw: np.ndarray
    redrawn: int = 0


def kept(raw: np.ndarray, rules: Sequence[Rule], again: Again, block: int) -> Drawn:
    """Return samples that keep all rules: a row that breaks one is the first trial that does not.

    Args:
        raw: `[n, *raw_shape]` samples.
        rules: the rules, at least one.
        again: draws further trials of rows.
        block: trials drawn at once.

    Raises:
        WganError: a rule that hardly any sample keeps.
    """
    raw = raw.copy()
    broken = _broken(raw, rules)
    counts = broken.sum(axis=1)
    drawn = len(raw)
    pending = np.flatnonzero(broken.any(axis=0))
    good = drawn - len(pending)
    redrawn = len(pending)
    tried = 0
    while len(pending):
        hopeless = drawn >= DRAWS_JUDGED and good < LEAST_KEPT * drawn
        if tried >= MOST_TRIES or hopeless:
            worst = int(counts.argmax())
            raise WganError(
                f"rule '{rules[worst]}': {counts[worst] / drawn:.2%} of the {drawn:,} rows drawn"
                " break it, too many to draw again: train for more steps, ask for rows that can"
                " keep it, or leave the rule out of the schema"
            )
        # Few rows have several trials in one block.
        trials = max(1, block // len(pending))
        missed = []
        for start in range(0, len(pending), block // trials):
            rows = pending[start : start + block // trials]
            numbers = np.tile(np.arange(tried, tried + trials), len(rows))
            found = again(np.repeat(rows, trials), numbers)
            broken = _broken(found, rules)
            counts = counts + broken.sum(axis=1)
            drawn += len(found)
            holds = ~broken.any(axis=0).reshape(len(rows), trials)
            good += int(holds.sum())
            hit = holds.any(axis=1)
            first = np.arange(len(rows)) * trials + holds.argmax(axis=1)
            raw[rows[hit]] = found[first[hit]]
            missed.append(rows[~hit])
        pending = np.concatenate(missed)
        tried += trials
    return Drawn(raw, redrawn)


def _broken(raw: np.ndarray, rules: Sequence[Rule]) -> Bool[np.ndarray, "rules n"]:
    """Return which rules each sample breaks."""
    return np.stack([~rule.holds(raw) for rule in rules])
