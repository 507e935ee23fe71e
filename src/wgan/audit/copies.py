"""Tests for copied rows: exact ones by how often rows occur, near ones by nearest neighbours.

Each test returns a p-value for independent rows. Independent rows of few values occur again by
chance, and the tests allow for it: they ask how often a row occurs, not whether.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.audit.groups import Codes
from wgan.audit.rows import RowHashes

SPACINGS = 16
"""Spacings between neighbours that are compared. With 8, a copy within a hundredth of the scale was
not seen in the plane; with 24, few more were (n = 400 and 2,000).
"""

CLUMP = 4
"""Most copies of a row that are looked for: a clump of a row and its copies."""

RARE = (0.05, 0.001)
"""Probabilities below which a row's gap counts as one. The first finds copies about as far as other
neighbours are, the second finds few copies among many rows.
"""

FALL = 2
"""Rows with j others in their cell may be this many times as frequent as those with j + 1.

Suppose that the probabilities p of cells have a density p^(-1 - a), with a between 0 and 1 (Zipf's
law has 1). Then the ratio is (j + 1) / (j + 1 - a), so at most 2. Equal cells keep to it if each
holds a mean of 2.5 other rows or more. Populations of many equal cells with a row or two each look
like copies.
"""

QUERIES = 4000
"""Most rows whose neighbours are looked up, which bounds the time: 5 % of copies are 200 of them.
"""

RATIOS = 5
"""Most copies of a whole sample in the other that are looked for."""

TREE_DIMENSIONS = 8
"""Most dimensions in which a k-d tree is faster than all distances by a matrix product."""

PAIRS_AT_ONCE = 2**22
"""Distances computed at once: 32 MB in float64."""


@dataclass(frozen=True)
class Found:
    """Finding of a test: `count` rows of `total`, with `copies` each, and the p-value."""

    p: float
    count: int = 0
    total: int = 0
    copies: int = 0


def shared_rows(x: RowHashes, y: RowHashes) -> Found:
    """Return how many distinct rows two samples share, and a p-value against independence.

    Given that a value occurs c times in all, independent draws split it by a binomial law, whatever
    its two probabilities are. So a split into k and c - k has at most the probability
    C(c, k) (k / c)^k (1 - k / c)^(c - k). Copies have the split 1 : r in most values: copied rows
    of continuous data occur once on each side, and no row twice on one. The number of such splits
    is compared with a binomial law of the mean bound (Hoeffding), for r up to 5 on either side.

    Args:
        x: the rows of one sample.
        y: the rows of the other.

    Reference: Hoeffding, "On the distribution of the number of successes in independent trials"
    (1956), theorem 4.
    """
    from scipy import stats  # takes a second to import, and only tests need it

    of_x = Counter(x.compared(y))
    of_y = Counter(y.compared(x))
    shared = len(of_x.keys() & of_y.keys())
    a, b = (np.array([side[v] for v in {**of_x, **of_y}]) for side in (of_x, of_y))
    total = int((a + b).sum())
    # The most frequent value goes: the counts of the others determine its count.
    others = np.arange(len(a)) != (a + b).argmax()
    a = a[others]
    b = b[others]
    least = 1.0
    ratios = [(1, r) for r in range(1, RATIOS + 1)] + [(r, 1) for r in range(2, RATIOS + 1)]
    for left, right in ratios:
        eligible = (a + b) % (left + right) == 0
        c = (a + b)[eligible]
        hits = int((a[eligible] * right == b[eligible] * left).sum())
        chance = stats.binom.pmf(c * left // (left + right), c, left / (left + right))
        # Drawn without replacement from all rows, the count of a frequent value varies less.
        bounds = np.minimum(1.0, chance / np.sqrt(1 - c / total)) if len(c) else np.zeros(1)
        mean = float(bounds.mean())
        if hits >= len(c) * mean + 1:  # Hoeffding's condition
            least = min(least, float(stats.binom.sf(hits - 1, len(c), mean)))
    return Found(min(1.0, least * len(ratios)), shared, len(of_x) + len(of_y) - shared)


def repeated_rows(rows: RowHashes) -> Found:
    """Return how many rows of a sample occur again, and a p-value against independence.

    With f_k values that occur k times, independent draws of any law have
    (k! f_k)^2 <= (k - 1)! f_{k-1} (k + 1)! f_{k+1} in expectation: Cauchy and Schwarz, as
    k! f_k = sum_v p_v^k exp(-p_v) for Poisson counts with means p_v. A sample whose rows were
    copied once has f_2 alone. The logarithm of the ratio of both sides is compared with its
    standard error, for k from 2 to 5, with 1/2 added to each count.

    Args:
        rows: the rows of the sample.

    Reference: Good, "The population frequencies of species" (1953), equation 15; Haldane (1956).
    """
    from scipy import stats

    counts = Counter(Counter(rows.exact).values())
    f = np.array([counts[k] for k in range(CLUMP + 3)]) + 0.5
    k = np.arange(2, CLUMP + 2)
    excess = 2 * np.log(f[k]) - np.log(f[k - 1]) - np.log(f[k + 1]) - np.log((k + 1) / k)
    z = excess / np.sqrt(4 / f[k] + 1 / f[k - 1] + 1 / f[k + 1])
    best = int(z.argmax())
    p = min(1.0, float(stats.norm.sf(z[best])) * len(k))
    return Found(p, rows.repeated, len(rows.exact), int(k[best]))


def near_copies(
    queries: Float[np.ndarray, "n d"],
    known: Float[np.ndarray, "m d"],
    generator: np.random.Generator,
) -> Found:
    """Return how many rows lie unusually near to a few known rows, and a p-value.

    Let d_k be the distance to the k-th neighbour. Where the density is smooth, the spacings k
    log(d_{k+1}/d_k) are independent exponentials of one mean, in any dimension and at any scale. So
    the largest share of one of K in their sum exceeds t with probability (1 - t)^(K - 1) for each.
    A row with j copies has its largest spacing at k = j. Independent rows of small clusters have it
    too, but then the sizes of clusters vary. Clumps with j + 1 known rows then occur at least half
    as often as those with j (`FALL`). The excess is tested by the binomial law, for j up to 4. A
    clump counts once, however many of the rows lie in it. Equal rows are left to the other tests.

    Args:
        queries: rows `[n, d]`.
        known: rows `[m, d]`, which may be the same; then a row is not a neighbour of itself.
        generator: draws the rows that are looked up, where there are many.

    Reference: Fisher, "Tests of significance in harmonic analysis" (1929); Renyi (1953) for the
    spacings; Levina and Bickel (2004) for their mean.
    """
    known = np.unique(known, axis=0)
    queries = np.unique(queries, axis=0)
    if len(known) < SPACINGS + 3:
        return Found(1.0)  # too few distinct rows: discrete data, whose equal rows are tested
    if len(queries) > QUERIES:
        queries = queries[generator.choice(len(queries), QUERIES, replace=False)]
    chance, copies, clumps = _gaps(queries, known)
    tests = len(RARE) * CLUMP
    best = Found(1.0, 0, len(queries))
    for rare in RARE:
        sizes = np.where(chance < rare, copies, 0)
        for j in range(1, CLUMP + 1):
            p = tests * _fall(sizes, clumps, j)
            if p < best.p:
                best = Found(p, int((sizes == j).sum()), len(queries), j)
    return best


def _gaps(queries: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each row's chance of its largest spacing, the known rows before it, and a clump.

    The clump is made of these known rows, and is named by one of them.
    """
    d, neighbours = _nearest(queries, known, SPACINGS + 2)
    equal = d[:, :1] == 0
    own = np.where(equal[:, 0], neighbours[:, 0], len(known))
    d = np.where(equal, d[:, 1:], d[:, :-1])
    neighbours = np.where(equal, neighbours[:, 1:], neighbours[:, :-1])
    ranks = np.arange(1, SPACINGS + 1)
    spacings = ranks * np.log(d[:, 1:] / d[:, :-1])
    rows = np.arange(len(queries))
    at = spacings[:, : CLUMP + 1].argmax(1)
    top = spacings[rows, at]
    rest = spacings.sum(1) - top
    # Equal distances, as on a grid, make spacings of 0. So the others count at least as much as in
    # the row in the middle, whose K - 1 smallest spacings have the mean K - sum 1 / k when the mean
    # of one is 1, and at least as much as where the dimension is that of the data.
    smallest = np.median(spacings.sum(1) - spacings.max(1))
    typical = smallest * (SPACINGS - 1) / (SPACINGS - (1 / ranks).sum())
    rest = np.maximum(rest, max(typical, (SPACINGS - 1) / queries.shape[1]))
    chance = (CLUMP + 1) * (rest / (top + rest)) ** (SPACINGS - 1)
    clumps = np.minimum(own, np.minimum.accumulate(neighbours, axis=1)[rows, at])
    return chance, at + 1, clumps


def _fall(sizes: np.ndarray, clumps: np.ndarray, j: int) -> float:
    """Return a p-value against the hypothesis that clumps fall off slowly.

    It says that clumps with j known rows are at most `FALL` times as frequent as those with j + 1.
    Rows of one clump are not independent, so counts are divided by the mean number of rows that a
    row finds in its clump.
    """
    from scipy import stats

    large = sizes == j + 1
    small = sizes == j
    if small.sum() <= FALL * large.sum():
        return 1.0
    found = small | large
    _, members = np.unique(np.stack([clumps[found], sizes[found]]), axis=1, return_counts=True)
    share = members.sum() / (members**2).sum()
    a = int(small.sum() * share)
    b = int(np.ceil(large.sum() * share))
    return float(stats.binom.sf(a - 1, a + b, FALL / (FALL + 1)))


def _nearest(queries: np.ndarray, known: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances to the k nearest known rows, `[n, k]`, and their places."""
    # In units of the largest coordinate, so that no square overflows or vanishes.
    middle = known.mean(0)
    unit = float(max(np.abs(known - middle).max(), np.abs(queries - middle).max()))
    a = (queries - middle) / unit
    b = (known - middle) / unit
    if known.shape[1] <= TREE_DIMENSIONS:
        from scipy.spatial import cKDTree

        distances, places = cKDTree(b).query(a, k)
        return distances, places
    squares = (b**2).sum(1)
    rows = max(1, PAIRS_AT_ONCE // len(b))
    parts = [_nearest_of(a[i : i + rows], b, squares, k) for i in range(0, len(a), rows)]
    return np.concatenate([d for d, _ in parts]), np.concatenate([i for _, i in parts])


def _nearest_of(
    a: np.ndarray, b: np.ndarray, squares: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    places = np.argpartition(squares - 2 * a @ b.T, k - 1, axis=1)[:, :k]
    # The product is exact to 1e-16 of the largest square only: distances are computed again.
    distances = np.sqrt(((a[:, None] - b[places]) ** 2).sum(2))
    order = distances.argsort(1)
    return np.take_along_axis(distances, order, 1), np.take_along_axis(places, order, 1)


def representatives(rows: RowHashes, codes: Codes) -> list[int]:
    """Return the place of one row of each group, in the order of the groups' numbers.

    The row with the smallest hash stands for its group. The choice depends on the group's rows
    alone, so that rows of independent groups are independent, and a copied group is found by a
    copied row.

    Args:
        rows: the hashes of the rows.
        codes: the group of each row.
    """
    best: dict[int, int] = {}
    for place, code in enumerate(codes.tolist()):
        if code not in best or rows.exact[place] < rows.exact[best[code]]:
            best[code] = place
    return [best[code] for code in sorted(best)]
