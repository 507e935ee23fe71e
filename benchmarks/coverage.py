"""Coverage of the population bracket: how often it misses a W1 that is known, against delta.

The pairs are in 2-D. Each repeat draws fresh samples, trains an auditor of its own, and checks
whether the bracket holds the truth. Readings without the radii are counted beside it: how often the
larger score difference is above the truth, or the mean transport below it.

    python benchmarks/coverage.py [--repeats 200] [--samples 1000] [--confidence 0.95] \\
        [--out coverage.json]
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from scipy import stats

from wgan.audit import bracket, pairs

PAIRS = {
    "shift by 0.5": pairs.shift(2, 0.5, "ball"),
    "funnels": pairs.funnels(2, base="ball"),
    "null": pairs.shift(2, 0.0, "ball"),
}


STANDARD_ERRORS = 4
"""Standard errors of the true W1 that count for the bracket. 1 in 16,000 truths lies further
off, so that an error of the truth is hardly ever a miss.
"""


def study(pair: pairs.Pair, repeats: int, n: int, steps: int, confidence: float) -> dict[str, Any]:
    """Return how often the bracket and plain readings missed the truth, and the mean bracket."""
    missed = 0
    above = 0
    below = 0
    lower = 0.0
    upper = 0.0
    margin = STANDARD_ERRORS * pair.standard_error
    for seed in range(repeats):
        b = bracket(
            *pair.sample(n, seed),
            confidence=confidence,
            diameter=pair.diameter,
            steps=steps,
            seed=seed,
        )
        assert b.upper_end is not None
        assert b.upper is not None
        missed += not b.lower <= pair.w1 + margin or not pair.w1 - margin <= b.upper
        above += max(low.gap / low.lipschitz for low in b.lower_ends) > pair.w1
        below += b.upper_end.transport < pair.w1
        lower += b.lower / repeats
        upper += b.upper / repeats
    limit = float(stats.beta.ppf(0.95, missed + 1, repeats - missed))
    return {
        "w1": pair.w1,
        "repeats": repeats,
        "missed": missed,
        "at most": limit,
        "above": above,
        "below": below,
        "lower": lower,
        "upper": upper,
    }


def main() -> None:
    """Print one line for each pair, and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument(
        "--samples", type=int, default=1000, help="a side; half of them are held out"
    )
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = {}
    for name, pair in PAIRS.items():
        start = time.perf_counter()
        r = study(pair, arguments.repeats, arguments.samples, arguments.steps, arguments.confidence)
        rows[name] = r
        promised = 1 - arguments.confidence
        seconds = time.perf_counter() - start
        print(
            f"{name:13} W1 {r['w1']:.3f}: missed {r['missed']} of {r['repeats']} (rate at most"
            f" {r['at most']:.3f} with 95 %, promised {promised:.3f}); mean bracket"
            f" [{r['lower']:.3f}, {r['upper']:.3f}]; without radii the critic is above W1"
            f" {r['above']} times, the transport below it {r['below']}; {seconds:.0f} s",
            flush=True,
        )
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
