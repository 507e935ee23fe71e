"""Exact transport and Sinkhorn divergences beside POT, scipy, ott-jax and geomloss.

Every solve has a process of its own on one thread. Printed are process seconds without imports,
the memory added, and the error: the relative difference from exact W1 by the network simplex. A
Sinkhorn divergence is another quantity than W1, and all have the epsilon of ours; what they differ
in is when they stop. What is not installed is named and left out.

    python benchmarks/distance_peers.py [--cases shift-2-2000 shift-16-2000] [--python PYTHON]

`--python` is an interpreter that has the other packages; ours needs this one.
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Solve = Callable[[np.ndarray, np.ndarray, float], Callable[[], float]]
"""(x, y, epsilon) -> a solve, whose imports are done."""


def pair_of(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Return standard normal samples and others moved by 2, of a case such as shift-16-2000."""
    _, d, n = case.split("-")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((int(n), int(d)))
    y = rng.standard_normal((int(n), int(d)))
    y[:, 0] += 2
    return x, y


def ours(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """Exact W1 of this package, proved by its dual."""
    from wgan.distances import wasserstein

    wasserstein(x[:10], y[:10])
    return lambda: wasserstein(x, y)


def our_sinkhorn(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """The Sinkhorn divergence of this package."""
    from wgan.distances import sinkhorn_divergence

    sinkhorn_divergence(x[:10], y[:10])
    return lambda: float(sinkhorn_divergence(x, y, epsilon=epsilon).value)


def pot(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """POT's network simplex with its limit raised."""
    import ot

    ot.emd2([], [], ot.dist(x[:10], y[:10], metric="euclidean"))
    return lambda: float(ot.emd2([], [], ot.dist(x, y, metric="euclidean"), numItermax=10**9))


def pot_default(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """POT's network simplex as it comes, which stops after 100,000 pivots."""
    import ot

    ot.emd2([], [], ot.dist(x[:10], y[:10], metric="euclidean"))
    return lambda: float(ot.emd2([], [], ot.dist(x, y, metric="euclidean")))


def scipy_assignment(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """The linear assignment of scipy, for equal counts alone."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    def solve() -> float:
        cost = cdist(x, y)
        return float(cost[linear_sum_assignment(cost)].mean())

    return solve


def pot_sinkhorn(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """POT's empirical Sinkhorn divergence, as its documentation calls it."""
    import ot

    ot.bregman.empirical_sinkhorn_divergence(x[:10], y[:10], epsilon, metric="euclidean")
    return lambda: float(
        ot.bregman.empirical_sinkhorn_divergence(x, y, epsilon, metric="euclidean")
    )


def ott_sinkhorn(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """The Sinkhorn divergence of ott-jax in float64, with its compilation."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from ott.geometry import costs, pointcloud
    from ott.tools import sinkhorn_divergence

    def solve() -> float:
        found = sinkhorn_divergence.sinkhorn_divergence(
            pointcloud.PointCloud, x, y, cost_fn=costs.Euclidean(), epsilon=epsilon
        )
        return float(found[0])

    return solve


def geomloss_sinkhorn(x: np.ndarray, y: np.ndarray, epsilon: float) -> Callable[[], float]:
    """The Sinkhorn divergence of geomloss in float64, with p = 1 and blur = epsilon."""
    import torch
    from geomloss import SamplesLoss

    torch.set_num_threads(1)
    loss = SamplesLoss("sinkhorn", p=1, blur=epsilon, backend="tensorized")
    return lambda: float(loss(torch.from_numpy(x), torch.from_numpy(y)))


SOLVES: dict[str, tuple[Solve, str]] = {
    "exact, ours": (ours, "numpy"),
    "exact, POT": (pot, "POT"),
    "exact, POT as it comes": (pot_default, "POT"),
    "exact, scipy assignment": (scipy_assignment, "scipy"),
    "Sinkhorn, ours": (our_sinkhorn, "numpy"),
    "Sinkhorn, POT": (pot_sinkhorn, "POT"),
    "Sinkhorn, ott-jax": (ott_sinkhorn, "ott-jax"),
    "Sinkhorn, geomloss": (geomloss_sinkhorn, "geomloss"),
}
"""The solves, and the package whose version is printed."""


def memory(name: str) -> int:
    """Return a size of this process in bytes, as Linux reports it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def solved(case: str, name: str, epsilon: float) -> dict[str, object]:
    """Solve in this process."""
    make, package = SOLVES[name]
    x, y = pair_of(case)
    try:
        solve = make(x, y, epsilon)
        version = importlib.metadata.version(package)
    except ImportError as error:
        return {"missing": str(error)}
    before = memory("VmRSS")
    start = time.process_time()
    value = solve()
    seconds = time.process_time() - start
    gb = (memory("VmHWM") - before) / 1e9
    return {"value": value, "seconds": seconds, "gb": gb, "package": f"{package} {version}"}


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=["shift-2-2000", "shift-16-2000"])
    parser.add_argument("--python", default=sys.executable, help="what has the other packages")
    parser.add_argument("--solve", nargs=3, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    if arguments.solve:
        case, name, epsilon = arguments.solve
        print(json.dumps(solved(case, name, float(epsilon))))
        return
    from wgan.distances import sinkhorn_divergence

    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    }
    results = []
    for case in arguments.cases:
        x, y = pair_of(case)
        epsilon = sinkhorn_divergence(x[:1000], y[:1000]).epsilon
        truth = None
        for name in SOLVES:
            python = sys.executable if name.endswith("ours") else arguments.python
            command = [python, __file__, "--solve", case, name, str(epsilon)]
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=environment
            )
            row = json.loads(done.stdout.splitlines()[-1])
            results.append({"case": case, "solver": name, "epsilon": epsilon, **row})
            if "missing" in row:
                print(f"{case:14} {name:24} not run: {row['missing']}", flush=True)
                continue
            truth = row["value"] if truth is None else truth
            print(
                f"{case:14} {name:24} {row['seconds']:7.2f} s {row['gb']:6.2f} GB   value"
                f" {row['value']:.6f}   error {row['value'] / truth - 1:+.1e}   {row['package']}",
                flush=True,
            )
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
