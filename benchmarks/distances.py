"""Speed of the distances at equal answers, against scipy and POT as their documentation calls them.

Both sides take turns in one process. Printed are medians, the median of the ratios (theirs / ours:
above 1, ours is faster), and the relative difference of the two answers. POT's default stops early
on large problems; it is shown as it comes, with its error.

    python benchmarks/distances.py [--rounds 5] [--large] [--out distances.json]
"""

import argparse
import json
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import ot
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from wgan.distances import sinkhorn_divergence, sliced_wasserstein, wasserstein, wasserstein_1d

Work = Callable[[], float]


def samples(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two standard normal samples, the second moved by 1."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, d))
    y = rng.standard_normal((n, d))
    y[:, 0] += 1
    return x, y


def assignment(x: np.ndarray, y: np.ndarray) -> float:
    """Return W1 of equally many samples by scipy's linear assignment."""
    cost = cdist(x, y)
    return float(cost[linear_sum_assignment(cost)].mean())


def pot_default(x: np.ndarray, y: np.ndarray) -> float:
    """Return W1 as in POT's first example: at most 100,000 pivots."""
    return float(ot.emd2([], [], ot.dist(x, y, metric="euclidean")))


def pot_raised(x: np.ndarray, y: np.ndarray) -> float:
    """Return W1 by POT with its limit raised; the optimum is not checked."""
    return float(ot.emd2([], [], ot.dist(x, y, metric="euclidean"), numItermax=10**9))


def pot_sinkhorn(x: np.ndarray, y: np.ndarray, epsilon: float) -> float:
    """Return the Sinkhorn divergence from three of POT's solves.

    The entropy is in the value, and the sums have the same error as ours.
    """

    def value(a: np.ndarray, b: np.ndarray) -> float:
        wa, wb = ot.unif(len(a)), ot.unif(len(b))
        _, log = ot.sinkhorn(
            wa,
            wb,
            ot.dist(a, b, metric="euclidean"),
            epsilon,
            stopThr=1e-6,
            numItermax=20_000,
            log=True,
        )
        return epsilon * float(wa @ np.log(log["u"] / wa) + wb @ np.log(log["v"] / wb))

    return value(x, y) - value(x, x) / 2 - value(y, y) / 2


def cases(large: bool) -> list[tuple[str, Work, str, Work]]:
    """Return the comparisons: what is computed, ours, the other library, and theirs."""
    rows: list[tuple[str, Work, str, Work]] = []
    for n in (1_000, 1_000_000):
        x, y = samples(n, 1)
        a, b = x[:, 0], y[:, 0]
        rows.append(
            (
                f"1-D, n={n}",
                lambda a=a, b=b: wasserstein_1d(a, b),
                "scipy",
                lambda a=a, b=b: wasserstein_distance(a, b),
            )
        )
        rows.append(
            (
                f"1-D, n={n}",
                lambda a=a, b=b: wasserstein_1d(a, b),
                "POT",
                lambda a=a, b=b: float(ot.wasserstein_1d(a, b)),
            )
        )
    for d in (2, 16):
        for n in (500, 1000, 2000, *([5000] if large else [])):
            x, y = samples(n, d)
            ours = lambda x=x, y=y: wasserstein(x, y)  # noqa: E731
            rows.append(
                (
                    f"exact W1, n={n}, d={d}",
                    ours,
                    "scipy assignment",
                    lambda x=x, y=y: assignment(x, y),
                )
            )
            rows.append(
                (
                    f"exact W1, n={n}, d={d}",
                    ours,
                    "POT, default",
                    lambda x=x, y=y: pot_default(x, y),
                )
            )
            rows.append(
                (
                    f"exact W1, n={n}, d={d}",
                    ours,
                    "POT, limit raised",
                    lambda x=x, y=y: pot_raised(x, y),
                )
            )
    x, y = samples(10_000, 16)
    theta = np.random.default_rng(0).standard_normal((500, 16)).T
    theta /= np.linalg.norm(theta, axis=0)
    rows.append(
        (
            "sliced W2, n=10000, d=16",
            lambda: sliced_wasserstein(x, y, 2).value,
            "POT",
            lambda: float(ot.sliced_wasserstein_distance(x, y, projections=theta)),
        )
    )
    u, v = samples(1000, 16)
    epsilon = sinkhorn_divergence(u, v).epsilon
    rows.append(
        (
            "Sinkhorn, n=1000, d=16",
            lambda: sinkhorn_divergence(u, v).value,
            "POT",
            lambda: pot_sinkhorn(u, v, epsilon),
        )
    )
    return rows


def timed(work: Work) -> tuple[float, float]:
    """Return the seconds and the answer of one call."""
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, value


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="also n = 5000")
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"numpy {np.__version__}, POT {ot.__version__}; medians of {arguments.rounds} rounds")
    results: list[dict[str, Any]] = []
    for what, ours, whose, theirs in cases(arguments.large):
        rounds = [(timed(ours), timed(theirs)) for _ in range(arguments.rounds)]
        (_, our_value), (_, their_value) = rounds[0]
        mine, other = (statistics.median(r[i][0] for r in rounds) for i in (0, 1))
        ratio = statistics.median(r[1][0] / r[0][0] for r in rounds)
        difference = their_value / our_value - 1
        results.append(
            {
                "what": what,
                "against": whose,
                "ours": mine,
                "theirs": other,
                "ratio": ratio,
                "difference": difference,
            }
        )
        print(
            f"{what:28} ours {mine * 1e3:9.1f} ms   {whose:18} {other * 1e3:9.1f} ms   ratio"
            f" {ratio:5.2f}   answers differ {difference:+.1e}",
            flush=True,
        )
    print(
        f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
    )
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
