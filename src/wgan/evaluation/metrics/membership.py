"""Membership inference: how well an attacker tells training rows from other real rows.

An attacker has the generated rows and some other real rows of the same population, the reference,
and scores a candidate x by log p_generated(x) - log p_reference(x). This is DOMIAS (van Breugel,
Sun, Qian and van der Schaar 2023): what is likely under the generator alone was trained on. Both
densities are by nearest neighbours, p = k / (n V r^d), with r the distance to the k-th. So the
score is d (log r_reference - log r_generated) + a constant; a ranking needs neither d nor counts.
"""

from collections.abc import Iterable, Iterator
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import betabinom, rankdata

from wgan.base.intervals import Mean
from wgan.base.seeding import numpy_generator
from wgan.evaluation.metric import Comparison, Metric
from wgan.evaluation.metrics.distances import blocks, nearest
from wgan.evaluation.metrics.rows import TableReference

# A copy is one row: only the nearest generated row sees it, and a fifth one smooths it away. Of
# normal rows with a tenth copied, k = 1 finds 10 % at 1 % false alarms, k = 2 finds 2 %.
K_GENERATED = 1
# The reference has no copies to find, so that smoothing only lessens noise: AUC rises by up to 0.04
# from k = 1 to 5, and by at most 0.01 from 5 to 10.
K_REFERENCE = 5
# Nearer rows are equal: coded coordinates are of order 1, and known to 1e-7 in float32.
EQUAL = 1e-6
# Members, and as many non-members: 10,000 candidates know an AUC near 0.5 to +- 0.011.
MOST_MEMBERS = 5000
# The attacker's own rows. Their noise is that of a density with k = 5, however many there are.
MOST_REFERENCE = 10_000
# Fewer members know an AUC near 0.5 to +- 0.11 at best, which would say nothing.
LEAST_MEMBERS = 50
# Multiplications for a set, about ten seconds of one thread; wide tables have fewer candidates.
MOST_PRODUCTS = 2e11
# The rate of false alarms at which Carlini et al. (2022) and others read attacks: a mean over all
# rows hides that a few are surely found.
FALSE_ALARMS = 0.01
# The 0.975 quantile of the standard normal distribution: a 95 % interval.
NORMAL_975 = 1.96
# Rows of the other side at once, so that 1,024 candidates against them fit into 32 MiB.
PART = 4096
# 64 MiB of coordinates in float64.
PART_BYTES = 2**26


class Attack(NamedTuple):
    """Knowledge of the attacker before seeing generated rows.

    Args:
        candidates: coordinates of members, and behind them of as many non-members.
        log_reference: log distance of each to its fifth nearest reference row.
        n: members.
        n_reference: reference rows.
    """

    candidates: Float[np.ndarray, "2n d"]
    log_reference: Float[np.ndarray, " 2n"]
    n: int
    n_reference: int


class Result(NamedTuple):
    """Findings of an attack on one set.

    Args:
        auc: area under the ROC curve of members against non-members.
        found: share of members that are found at 1 % false alarms; NaN for fewer than 99 rows.
    """

    auc: Mean
    found: float


def log_distances(
    x: Float[np.ndarray, "n d"], parts: Iterable[Float[np.ndarray, "_ d"]], k: int
) -> Float[np.ndarray, " n"]:
    """Return the log distance of each row of x to its k-th nearest among the rows of all parts.

    Distances of equal rows count as 1e-6, the least that is told from 0.

    Args:
        x: rows.
        parts: rows to look among, k or more in all.
        k: which neighbour.

    >>> log_distances(np.array([[0.0]]), [np.array([[1.0], [0.0]])], 2)
    array([0.])
    """
    centre = np.median(x, axis=0)  # distances near the candidates are exact to float64's precision
    x = x - centre
    least = np.full((len(x), k), np.inf)
    for part in parts:
        rows = part - centre
        known = min(k, len(rows))
        for block in blocks(len(x), len(rows)):
            near = nearest(x[block], rows, known)
            places = near.kth(1, len(x[block]))[:, None] + np.arange(known)
            both = np.concatenate([least[block], near.distance[places]], axis=1)
            least[block] = np.sort(both, axis=1)[:, :k]
    return np.log(np.maximum(least[:, -1], EQUAL))


def area(members: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]) -> Mean:
    """Return the AUC of members against others: how often a member's score is higher, ties half.

    The half-width of its 95 % interval follows DeLong, DeLong and Clarke-Pearson (1988). The
    variance is that of the members' ranks among the others over n, plus the reverse over m.

    Args:
        members: scores that should be high.
        others: scores that should be low.

    >>> area(np.array([1.0, 2.0]), np.array([0.0, 2.0])).value
    0.625
    """
    n, m = len(members), len(others)
    ranks = rankdata(np.concatenate([members, others]))
    above = (ranks[:n] - rankdata(members)) / m
    below = 1 - (ranks[n:] - rankdata(others)) / n
    variance = above.var(ddof=1) / n + below.var(ddof=1) / m
    return Mean(float(above.mean()), NORMAL_975 * sqrt(variance))


def found_share(members: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]) -> float:
    """Return the share of members above a score that at most 1 % of others exceed.

    That score is the j-th highest of the others, j = floor((m + 1) / 100): a further one exceeds it
    with probability j / (m + 1), or less with ties. NaN for fewer than 99 others.

    Args:
        members: scores that should be high.
        others: scores that should be low.

    >>> found_share(np.array([99.0, 100.0]), np.arange(100.0))
    0.5
    """
    j = _alarms(len(others))
    return float((members > np.sort(others)[-j]).mean()) if j else nan


def found_by_chance(n: int) -> float:
    """Return the share that an attack without any knowledge finds at most in 97.5 % of cases.

    The share of the population above the j-th highest of n others is Beta(j, n + 1 - j), so that
    members above it are beta-binomial. NaN for fewer than 99.

    Args:
        n: members, and as many others.

    >>> found_by_chance(5000)
    0.0142
    """
    j = _alarms(n)
    return float(betabinom.ppf(0.975, n, j, n + 1 - j) / n) if j else nan


def _alarms(n: int) -> int:
    return int((n + 1) * FALSE_ALARMS)


def members(reference: TableReference) -> int:
    """Return how many training rows are candidates: equally many held-out rows are, too.

    At most half of the held-out rows, since the attacker needs others, and half of the training
    rows, since the floor does.

    Args:
        reference: the real rows.
    """
    width = reference.measure(reference.train[:1]).shape[1]
    affordable = int(MOST_PRODUCTS // (2 * width * (reference.n + MOST_REFERENCE)))
    halves = (len(reference.held_out) // 2, len(reference.train) // 2)
    return min(MOST_MEMBERS, max(LEAST_MEMBERS, affordable), *halves)


def _attack(reference: TableReference) -> Attack | None:
    """Return the attack; None where there are too few rows."""
    n = members(reference)
    if n < LEAST_MEMBERS:
        return None
    # The rows of a file may be sorted.
    order = numpy_generator(reference.seed, "membership").permutation(len(reference.held_out))
    others, known = order[:n], order[n : n + MOST_REFERENCE]
    candidates = reference.measure(
        np.concatenate([reference.train[:n], reference.held_out[others]])
    )
    parts = _parts(reference, reference.held_out[known])
    return Attack(candidates, log_distances(candidates, parts, K_REFERENCE), n, len(known))


def _parts(reference: TableReference, raw: np.ndarray) -> Iterator[Float[np.ndarray, "_ d"]]:
    """Yield coordinates of rows, a few MiB at once."""
    width = reference.measure(raw[:1]).shape[1]
    part = max(1, min(PART, PART_BYTES // (8 * width)))
    return (reference.measure(raw[i : i + part]) for i in range(0, len(raw), part))


def _result(reference: TableReference, raw: np.ndarray) -> Result | None:
    """Attack one set of generated rows."""
    attack = reference.once(_attack)
    if attack is None:
        return None
    near = log_distances(attack.candidates, _parts(reference, raw), K_GENERATED)
    scores = attack.log_reference - near
    sides = scores[: attack.n], scores[attack.n :]
    return Result(area(*sides), found_share(*sides))


def _of_set(c: Comparison[TableReference]) -> Result | None:
    return _result(c.reference, c.raw)


def _of_real(reference: TableReference) -> Result | None:
    """Take training rows that are not candidates as generated: to all candidates they are fresh."""
    return _result(reference, reference.train[members(reference) :])


def _auc(c: Comparison[TableReference]) -> Mean | None:
    result = c.once(_of_set)
    return result.auc if result else None


def _auc_of_real(reference: TableReference) -> Mean | None:
    result = reference.once(_of_real)
    return result.auc if result else None


def _auc_of_copies(reference: TableReference) -> Mean | None:
    """Take the training rows themselves, which copy every candidate."""
    result = _result(reference, reference.train)
    return result.auc if result else None


def found_shares(c: Comparison[TableReference]) -> Float[np.ndarray, " known"]:
    """Return the share of members that are found at 1 % false alarms; nothing where unknown."""
    result = c.once(_of_set)
    return np.array([result.found] if result and not np.isnan(result.found) else [])


def membership_details(
    reference: TableReference, means: Float[np.ndarray, " known"]
) -> dict[str, float]:
    """Return the share of members found at 1 % false alarms, beside that of fresh and no rows.

    Args:
        reference: the real rows.
        means: of `found_shares`.
    """
    attack, real = reference.once(_attack), reference.once(_of_real)
    if not means.size or attack is None or real is None:
        return {}
    return {
        "found": float(means[0]),
        "real": real.found,
        "chance": found_by_chance(attack.n),
        "members": float(attack.n),
        "reference": float(attack.n_reference),
    }


MEMBERSHIP = Metric(
    name="membership-auc",
    title="membership AUC",
    unit="",
    read="0.5: as real",
    measure=_auc,
    count=members,
    floor=_auc_of_real,
    ceiling=_auc_of_copies,
)
