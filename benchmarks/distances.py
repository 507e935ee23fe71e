"""Speed of the distances at equal answers, against scipy and POT as their documentation calls them.

Both sides take turns in one process. Printed are medians, the median of the ratios (theirs / ours:
above 1, ours is faster), and the relative difference of the two answers. POT's default stops early
on large problems; it is shown as it comes, with its error.

    python benchmarks/distances.py [--rounds 5] [--large] [--out distances.json]

With `--columns` exact transport by generated pairs stands beside POT's solver of all pairs instead,
each in processes of their own on one thread: process time, peak memory and answers.

    python benchmarks/distances.py --columns [--cases shift-2-10000 clusters-2-20000] [--alone]

With `--device cuda` a device of torch prices the pairs, and stands beside the processors: wall
seconds with all threads, as the device's time is no process time of this machine.

    python benchmarks/distances.py --columns --device cuda [--cases shift-16-100000]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
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

from wgan.distances import (
    sinkhorn_divergence,
    sizes,
    sliced_wasserstein,
    wasserstein,
    wasserstein_1d,
)

Work = Callable[[], float]
KINDS = ("shift", "clusters")
"""Pairs of samples for generated pairs."""


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


COLUMNS = [f"{kind}-{d}-{n}" for n in (2500, 5000, 10_000) for d in (2, 16) for kind in KINDS]
"""Cases of generated pairs: kind, dimensions and samples of a side."""


def pair_of(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of a case such as shift-16-10000."""
    kind, d, n = case.split("-")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((int(n), int(d)))
    y = rng.standard_normal((int(n), int(d)))
    if kind == "shift":
        y[:, 0] += 2
    else:  # eight clusters of a side, each at its own places
        x += 10 * rng.standard_normal((8, int(d)))[rng.integers(8, size=int(n))]
        y += 10 * rng.standard_normal((8, int(d)))[rng.integers(8, size=int(n))]
    return x, y


def solved(case: str, whose: str, p: int, device: str | None = None) -> dict[str, Any]:
    """Solve a case in this process; return seconds, GB added, and the answer."""
    from wgan.distances import exact

    x, y = pair_of(case)
    wasserstein(x[:10], y[:10])  # imports
    if whose == "ours":
        sizes.PAIRS_IN_PLANE = sizes.PAIRS_IN_SPACE = 1
        exact.transport(x[:10], y[:10], p, device=device)  # a device's first use
    before = memory("VmRSS")
    wall = time.perf_counter()
    start = time.process_time()
    if whose == "ours":
        plan = exact.transport(x, y, p, device=device)
        answer = {"value": plan.distance, "gap": plan.gap, "solver": plan.solver}
    else:
        cost = ot.dist(x, y, metric="euclidean" if p == 1 else "sqeuclidean")
        answer = {"value": float(ot.emd2([], [], cost, numItermax=10**9)) ** (1 / p)}
    seconds = time.process_time() - start
    added = (memory("VmHWM") - before) / 1e9
    return {"seconds": seconds, "wall": time.perf_counter() - wall, "gb": added, **answer}


def memory(name: str) -> int:
    """Return a size of this process in bytes, as Linux reports it.

    The peak of `getrusage` would begin with that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def compare_columns(cases: list[str], p: int, alone: bool) -> list[dict[str, Any]]:
    """Print each case solved by generated pairs, and by POT on all pairs unless `alone`."""
    results = []
    for case in cases:
        row: dict[str, Any] = {"case": case, "p": p}
        for whose in ("ours",) if alone else ("ours", "POT"):
            command = [sys.executable, __file__, "--solve", case, whose, "--p", str(p)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "POT_BACKEND_DISABLE_PYTORCH": "1"}
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, env=environment
            )
            row[whose] = json.loads(done.stdout.splitlines()[-1])
        ours = row["ours"]
        words = f"{case:18} W{p}  ours {ours['seconds']:7.1f} s {ours['gb']:5.2f} GB"
        words += f" {ours['solver']:30} gap {ours['gap']:.0e}"
        if not alone:
            theirs = row["POT"]
            words += f"   POT {theirs['seconds']:7.1f} s {theirs['gb']:5.2f} GB   ratio"
            words += f" {theirs['seconds'] / ours['seconds']:5.1f}"
            words += f"   answers differ {theirs['value'] / ours['value'] - 1:+.1e}"
        print(words, flush=True)
        results.append(row)
    return results


def compare_devices(cases: list[str], p: int, device: str) -> list[dict[str, Any]]:
    """Print each case priced by a device of torch, and by the processors with all threads."""
    import torch

    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    print(f"torch {torch.__version__}, {name}, {os.cpu_count()} processors; wall seconds")
    results = []
    for case in cases:
        row: dict[str, Any] = {"case": case, "p": p}
        for whose, on in (("device", ["--device", device]), ("processors", [])):
            command = [sys.executable, __file__, "--solve", case, "ours", "--p", str(p), *on]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row[whose] = json.loads(done.stdout.splitlines()[-1])
        ours, other = row["device"], row["processors"]
        print(
            f"{case:18} W{p}  {device} {ours['wall']:7.1f} s {ours['gb']:5.2f} GB of the host"
            f" {ours['solver']:30} gap {ours['gap']:.0e}   processors {other['wall']:7.1f} s"
            f" {other['gb']:5.2f} GB {other['solver']:30} gap {other['gap']:.0e}"
            f"   ratio {other['wall'] / ours['wall']:5.2f}"
            f"   answers differ {other['value'] / ours['value'] - 1:+.1e}",
            flush=True,
        )
        results.append(row)
    return results


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
    parser.add_argument("--columns", action="store_true", help="generated pairs beside all pairs")
    parser.add_argument("--cases", nargs="+", default=COLUMNS, help="kind-dimensions-samples")
    parser.add_argument("--p", type=int, default=1, help="the order of --columns")
    parser.add_argument("--alone", action="store_true", help="generated pairs alone")
    parser.add_argument("--device", default=None, help="a device of torch, with --columns")
    parser.add_argument("--solve", nargs=2, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.solve:
        print(json.dumps(solved(*arguments.solve, arguments.p, arguments.device)))
        return
    if arguments.columns and arguments.device:
        on_device = compare_devices(arguments.cases, arguments.p, arguments.device)
        if arguments.out:
            Path(arguments.out).write_text(json.dumps(on_device, indent=2))
        return
    if arguments.columns:
        print(f"numpy {np.__version__}, POT {ot.__version__}; process time on one thread")
        compared = compare_columns(arguments.cases, arguments.p, arguments.alone)
        if arguments.out:
            Path(arguments.out).write_text(json.dumps(compared, indent=2))
        return
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
