"""Coverage of the population bracket, and its tightness: both ends against a W1 that is known.

Coverage: each repeat draws fresh samples, trains auditors of its own, and checks whether the
bracket holds the truth. Readings without the radii are counted beside it: how often the last score
difference of the leading critic is above the truth, or the mean transport below it.

    python benchmarks/coverage.py [--repeats 200] [--samples 400] [--confidence 0.95] \\
        [--out coverage.json]

Tightness: the lower end as a share of the truth on funnels with 16 cones, at full moves and others.

    python benchmarks/coverage.py --tightness [--samples 12000] [--dims 2 4 8 16 64] \\
        [--shares 1.0 0.5] [--seeds 1] [--steps 1000]
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from wgan.audit import bracket, pairs
from wgan.audit.bounds import Lower, lower_bound
from wgan.audit.critics import scored, staged
from wgan.audit.parts import parted

PAIRS = {
    "shift by 0.5": pairs.shift(2, 0.5, "ball"),
    "funnels, full moves": pairs.funnels(2, base="ball", share=1.0),
    "heavy tails": pairs.heavy_tails(2),
    "atoms": pairs.atoms(2),
    "null": pairs.shift(2, 0.0, "ball"),
}


STANDARD_ERRORS = 4
"""Standard errors of the true W1 that count for the bracket. 1 in 16,000 truths lies further
off, so that an error of the truth is hardly ever a miss.
"""


def study(pair: pairs.Pair, repeats: int, n: int, steps: int, confidence: float) -> dict[str, Any]:
    """Return how often the bracket and plain readings missed the truth, and the mean bracket."""
    missed = above = below = 0
    lower = []
    upper = []
    margin = STANDARD_ERRORS * pair.standard_error
    diameter = pair.diameter if np.isfinite(pair.diameter) else None
    for seed in range(repeats):
        b = bracket(
            *pair.sample(n, seed),
            confidence=confidence,
            diameter=diameter,
            steps=steps,
            seed=seed,
        )
        assert b.upper_end is not None
        end = float("inf") if b.upper is None else b.upper
        missed += not b.lower <= pair.w1 + margin or not pair.w1 - margin <= end
        above += b.lower_end.leading.value > pair.w1
        below += b.upper_end.transport < pair.w1
        lower.append(b.lower)
        upper.append(end)
    return {
        "w1": pair.w1,
        "repeats": repeats,
        "missed": missed,
        "at most": float(stats.beta.ppf(0.95, missed + 1, repeats - missed)),
        "above": above,
        "below": below,
        "lower": float(np.mean(lower)),
        "upper": float(np.mean(upper)),
    }


def coverage(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print one line for each pair, and return all numbers."""
    rows = {}
    n = arguments.samples or 400
    for name in arguments.pairs or PAIRS:
        start = time.process_time()
        r = study(PAIRS[name], arguments.repeats, n, arguments.steps or 15, arguments.confidence)
        rows[name] = r
        promised = 1 - arguments.confidence
        print(
            f"{name:19} W1 {r['w1']:.3f}: missed {r['missed']} of {r['repeats']} (rate at most"
            f" {r['at most']:.3f} with 95 %, promised {promised:.3f}); mean bracket"
            f" [{r['lower']:.3f}, {r['upper']:.3f}]; without radii the critic is above W1"
            f" {r['above']} times, the transport below it {r['below']};"
            f" process time {time.process_time() - start:.0f} s",
            flush=True,
        )
    return rows


def lower_end(pair: pairs.Pair, n: int, seed: int, steps: int, confidence: float) -> Lower:
    """Return the lower end of a bracket without a diameter; its upper end is not computed."""
    x, y = (
        parted(s, seed, side, False) for s, side in zip(pair.sample(n, seed), "xy", strict=True)
    )
    stages = [scored(stage, steps, seed)[0] for stage in staged(x, y)]
    return lower_bound(stages, 1 - confidence)


def tightness(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the lower end as a share of the truth, and return all numbers."""
    rows = {}
    n = arguments.samples or 12_000
    for share in arguments.shares:
        for d in arguments.dims:
            pair = pairs.funnels(d, share=share)
            start = time.process_time()
            ends = [
                lower_end(pair, n, seed, arguments.steps or 1000, arguments.confidence)
                for seed in range(arguments.seeds)
            ]
            shares = [end.bound / pair.w1 for end in ends]
            readings = [f"{each.value / pair.w1:.3f}" for each in ends[0].readings]
            rows[f"share {share:g}, {d}-D"] = {"w1": pair.w1, "shares": shares}
            print(
                f"funnels, {share:4.0%} of the way, {d:3}-D, n={n}: W1 {pair.w1:6.3f}, lower end"
                f" {np.median(shares):.3f} of it at the median of {len(shares)} seeds"
                f" ({min(shares):.3f} to {max(shares):.3f}), the"
                f" {' or '.join(sorted({end.leader for end in ends}))} leads; seed 0 read"
                f" {', '.join(readings)} by stage and critic; process time"
                f" {(time.process_time() - start) / len(shares):.0f} s a bracket",
                flush=True,
            )
    return rows


def main() -> None:
    """Print a table as it grows, and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tightness", action="store_true")
    parser.add_argument("--pairs", nargs="+", default=None, choices=list(PAIRS))
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument(
        "--samples", type=int, default=None, help="a side: 400, or 12000 for tightness"
    )
    parser.add_argument("--steps", type=int, default=None, help="15, or 1000 for tightness")
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--dims", nargs="+", type=int, default=[2, 4, 8, 16, 64])
    parser.add_argument("--shares", nargs="+", type=float, default=[1.0, 0.5])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = tightness(arguments) if arguments.tightness else coverage(arguments)
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
