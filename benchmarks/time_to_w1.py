"""Held-out W1 over wall time: the default path against float32 by the book.

Both train the same pair with the same preset, batches and noise, at a constant learning rate, for
the same seconds of training, as two processes side by side with one thread each. By the book means
float32, and the penalty differentiated twice. The default takes the precision that `auto` chooses,
and the sweep. The clock stands while W1 is measured (exact, on up to 1,000 held-out samples, five
sets of generated samples). Each seed gives W1 at the end, and the time at which each curve first
lies at or below the plain one's last value, between two measurements on a straight line.

    python benchmarks/time_to_w1.py [--data digits fashion.npy] [--seconds 120 400] [--seeds 3] \\
        [--out time_to_w1.json]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.intervals import mean_of
from wgan.config import configure, from_settings
from wgan.data import Batches
from wgan.evaluation import held_out_distance
from wgan.training import Run
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import train_step

PATHS = {"plain": ["training.precision=float32"], "default": []}
MEASUREMENTS = 12
"""Points of a curve. More make the time at which a level is reached more exact, and take longer."""
Curve = list[dict[str, float]]


def train_for(source: str, path: str, seed: int, seconds: float) -> Curve:
    """Train for so many seconds; return the measurements."""
    settings = [f"data.source={source}", f"training.seed={seed}", *PATHS[path]]
    settings += ["optimizer.decay=none", "training.device=cpu"]
    run = Run.start(*configure([from_settings(settings)]), watch=None)
    state, config = run.state, run.config
    draws = Draws(Batches(run.split, seed), config, next(state.critic.parameters()).device)
    losses = build_losses(state, run.variant, config)
    if path == "plain":
        losses.critic.swept = False  # type: ignore[attr-defined]
    curve = []
    spent = 0.0
    for i in range(MEASUREMENTS):
        while spent < seconds * (i + 1) / MEASUREMENTS:
            start = time.perf_counter()
            train_step(state, losses, run.variant, draws, config)
            spent += time.perf_counter() - start
        distance = held_out_distance(run.model.sampler(seed, "verdict"), run.split)
        reached = {"seconds": spent, "step": state.step}
        curve.append(reached | {"w1": distance.w1, "floor": distance.floor})
    return curve


def side_by_side(source: str, seed: int, seconds: float) -> dict[str, Curve]:
    """Run both paths at once, one thread each."""
    single = os.environ | {"OMP_NUM_THREADS": "1"}
    running = {
        path: subprocess.Popen(
            [sys.executable, __file__, "--one", source, path, str(seed), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
            env=single,
        )
        for path in PATHS
    }
    return {path: json.loads(process.communicate()[0]) for path, process in running.items()}


def reached(curve: Curve, level: float) -> float | None:
    """Return the seconds at which a curve first lies at or below a level; none if it never does.

    Where the first measurement does, its time is returned.
    """
    before = None
    for point in curve:
        if point["w1"] <= level:
            if before is None:
                return point["seconds"]
            part = (before["w1"] - level) / (before["w1"] - point["w1"])
            return before["seconds"] + part * (point["seconds"] - before["seconds"])
        before = point
    return None


def report(source: str, seconds: float, seeds: list[dict[str, Curve]]) -> None:
    """Print W1 at the end, and the times at which the plain one's last W1 is reached."""
    last = {path: [curves[path][-1] for curves in seeds] for path in PATHS}
    print(
        f"\n{source}: {seconds:g} s of training, {len(seeds)} seeds; real samples are"
        f" {last['plain'][0]['floor']:.3f} apart",
        flush=True,
    )
    for path, points in last.items():
        print(
            f"  {path:8} W1 {mean_of([p['w1'] for p in points])} after"
            f" {np.mean([p['step'] for p in points]):.0f} steps"
        )
    pairs = zip(last["plain"], last["default"], strict=True)
    print(f"  default - plain: {mean_of([b['w1'] - a['w1'] for a, b in pairs])}")
    for seed, curves in enumerate(seeds):
        level = curves["plain"][-1]["w1"]
        times = {path: reached(curves[path], level) for path in PATHS}
        there = {
            path: f"{seconds:.0f} s" if seconds else "never" for path, seconds in times.items()
        }
        print(
            f"  seed {seed}: W1 {level:.3f}, plain's last, is first reached by plain after"
            f" {there['plain']}, by the default after {there['default']}"
        )


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["digits"])
    parser.add_argument(
        "--seconds", nargs="+", type=float, default=[120.0], help="for each of the data"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--one", nargs=4, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    if arguments.one:
        source, path, seed, seconds = arguments.one
        print(json.dumps(train_for(source, path, int(seed), float(seconds))))
        return
    results: dict[str, Any] = {}
    for source, seconds in zip(arguments.data, arguments.seconds, strict=True):
        results[source] = [side_by_side(source, seed, seconds) for seed in range(arguments.seeds)]
        if arguments.out:
            Path(arguments.out).write_text(json.dumps(results, indent=2))
        report(source, seconds, results[source])


if __name__ == "__main__":
    main()
