"""Alarms of the independence tests: how often independent rows raise one, and dependent ones do.

Each repeat draws two samples. The tests take the first coordinate as the critic's score on the
held-out half, or, with --auditor, a bracket is taken with an auditor of its own. An alarm is a
refusal or a warning. Copies are shuffled, so that their order says nothing.

    python benchmarks/independence.py [--samples 400] [--dims 2 16 64] [--repeats 200] \\
        [--dependent 10] [--auditor]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy import stats

from wgan.audit import bracket
from wgan.audit.independence import Rows, check_apart, check_independence
from wgan.audit.parts import halves
from wgan.audit.rows import RowHashes
from wgan.base.errors import WganError

Draw = Callable[[int, int, np.random.Generator], np.ndarray]
Pair = tuple[np.ndarray, np.ndarray]

CENTRES = np.random.default_rng(5).normal(size=(27, 64))
"""Places of clusters and atoms: the population does not change from repeat to repeat."""


def clusters(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Return samples of eight clusters, a hundredth of their distance wide."""
    return 5 * CENTRES[rng.integers(0, 8, n), :d] + 0.05 * rng.normal(size=(n, d))


def half_zeros(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Return normal samples of which half are 0."""
    return rng.normal(size=(n, d)) * (rng.random((n, 1)) < 0.5)


def rare_mode(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Return normal samples of which 2 % are 8 away in each coordinate."""
    return rng.normal(size=(n, d)) + 8.0 * (rng.random((n, 1)) < 0.02)


INDEPENDENT: dict[str, Draw] = {
    "normal": lambda n, d, rng: rng.normal(size=(n, d)),
    "Student's t, 2.1": lambda n, d, rng: rng.standard_t(2.1, (n, d)),
    "lognormal": lambda n, d, rng: np.exp(rng.normal(size=(n, d))),
    "8 clusters": clusters,
    "rare mode, 2 %": rare_mode,
    "27 atoms": lambda n, d, rng: CENTRES[rng.integers(0, 27, n), :d],
    "half zeros": half_zeros,
    "whole numbers to 30": lambda n, d, rng: rng.integers(0, 30, (n, d)).astype(float),
    "normal, 1 decimal": lambda n, d, rng: rng.normal(size=(n, d)).round(1),
}


def jittered(copies: int, noise: float, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rows of which each occurs several times with normal noise, in random order."""
    rows = np.repeat(x[: len(x) // copies], copies, axis=0)
    return rng.permutation(rows + noise * rng.normal(size=rows.shape))


def with_copies(share: float, noise: float, pair: Pair, rng: np.random.Generator) -> Pair:
    """Return a pair in which a share of y are rows of x with normal noise."""
    x, y = pair
    count = int(share * len(y))
    rows = x[rng.choice(len(x), count, replace=False)]
    y = np.concatenate([y[count:], rows + noise * rng.normal(size=rows.shape)])
    return x, rng.permutation(y)


def autoregressive(factor: float, steps: np.ndarray) -> np.ndarray:
    """Return the series s_t = factor s_{t-1} + step_t."""
    series = [steps[0]]
    for step in steps[1:]:
        series.append(factor * series[-1] + step)
    return np.array(series)


def sorted_blocks(x: np.ndarray) -> np.ndarray:
    """Return samples sorted by their first coordinate into ten blocks, each in random order."""
    order = np.argsort(x[:, 0])
    blocks = np.array_split(order, 10)
    return x[np.concatenate([np.random.default_rng(0).permutation(block) for block in blocks])]


Change = Callable[[Pair, np.random.Generator], Pair]

DEPENDENT: dict[str, Change] = {
    "random walk": lambda p, rng: (np.cumsum(p[0], axis=0), p[1]),
    "AR(1), 0.9": lambda p, rng: (autoregressive(0.9, p[0]), p[1]),
    "sorted blocks": lambda p, rng: (sorted_blocks(p[0]), p[1]),
    "each row twice": lambda p, rng: (jittered(2, 0.0, p[0], rng), p[1]),
    "twice, noise 0.001": lambda p, rng: (jittered(2, 1e-3, p[0], rng), p[1]),
    "twice, noise 0.01": lambda p, rng: (jittered(2, 1e-2, p[0], rng), p[1]),
    "5 times, noise 0.01": lambda p, rng: (jittered(5, 1e-2, p[0], rng), p[1]),
    "5 % of y from x": lambda p, rng: with_copies(0.05, 0.0, p, rng),
    "20 %, noise 0.001": lambda p, rng: with_copies(0.2, 1e-3, p, rng),
    "20 %, noise 0.01": lambda p, rng: with_copies(0.2, 1e-2, p, rng),
}


def rows_of(s: np.ndarray, seed: int, side: str) -> Rows:
    """Return a side whose held-out rows have their first coordinate as the score."""
    _, held_out = halves(len(s), seed, side)
    return Rows(s, s[held_out, 0], held_out, RowHashes.of(s))


def alarm(x: np.ndarray, y: np.ndarray, seed: int, auditor: bool) -> list[str]:
    """Return the names of the tests that failed; empty: no alarm."""
    try:
        if auditor:
            tested = bracket(x, y, steps=100, seed=seed).independence
        else:
            left = rows_of(x, seed, "x")
            right = rows_of(y, seed, "y")
            check_apart(left.hashes, right.hashes)
            tested = check_independence(left, right, seed)
    except WganError as error:
        if "share" not in str(error):
            raise
        return ["refused"]
    assert tested is not None
    return [test.name for test in tested.failed]


def study(name: str, make: Callable[[int], Pair], repeats: int, auditor: bool) -> None:
    """Print how often a kind of pair raised an alarm, and by which tests."""
    start = time.process_time()
    found = [alarm(*make(seed), seed, auditor) for seed in range(repeats)]
    count = sum(map(bool, found))
    at_most = stats.beta.ppf(0.975, count + 1, repeats - count) if count < repeats else 1.0
    at_least = stats.beta.ppf(0.025, count, repeats - count + 1) if count else 0.0
    names = sorted({test for tests in found for test in tests})
    seconds = (time.process_time() - start) / repeats
    print(
        f"  {name:22} {count:3} of {repeats:3} (95 %: {at_least:.3f} to {at_most:.3f})"
        f"  {seconds:6.2f} s each  {', '.join(names)}",
        flush=True,
    )


def main() -> None:
    """Print one line for each kind of pair."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=400, help="of a side")
    parser.add_argument("--dims", type=int, nargs="+", default=[2, 16, 64])
    parser.add_argument("--repeats", type=int, default=200, help="of independent pairs")
    parser.add_argument("--dependent", type=int, default=10, help="repeats of dependent pairs")
    parser.add_argument("--auditor", action="store_true", help="take brackets, 100 steps each")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    n = arguments.samples

    def independent(draw: Draw, d: int) -> Callable[[int], Pair]:
        def make(seed: int) -> Pair:
            rng = np.random.default_rng(seed)
            return draw(n, d, rng), draw(n, d, rng)

        return make

    def dependent(change: Change, d: int) -> Callable[[int], Pair]:
        def make(seed: int) -> Pair:
            rng = np.random.default_rng(seed)
            return change((rng.normal(size=(n, d)), rng.normal(size=(n, d))), rng)

        return make

    for d in arguments.dims:
        print(f"independent rows, n={n}, d={d}: false alarms")
        for name, draw in INDEPENDENT.items():
            study(name, independent(draw, d), arguments.repeats, arguments.auditor)
        print(f"dependent rows, normal, n={n}, d={d}: alarms")
        for name, change in DEPENDENT.items():
            study(name, dependent(change, d), arguments.dependent, arguments.auditor)


if __name__ == "__main__":
    main()
