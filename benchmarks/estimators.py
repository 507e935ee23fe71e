"""Error of each estimator of W1 on pairs whose W1 is known, by dimension and seed.

The pairs are those of `wgan.audit.pairs`: half-way into the funnels of a 1-Lipschitz function, or a
shift by 2. Exact, sliced and Sinkhorn distances are taken on n samples. Critics are trained on
`--train` samples a side, of which penalised and clipped ones keep a quarter back:

- gradient penalty, raw and corrected for its slope;
- clipped weights, per unit of the largest slope that was seen;
- the certified auditor: its score difference on fresh samples, and the population bracket's lower
  end.

Printed is the error in per cent of the truth: the mean over seeds, and the half-width of its 95 %
interval (Student's t).

    python benchmarks/estimators.py [--pairs funnels shift] [--dims 2 8 32] [--seeds 3] \\
        [--steps 2000] [--out estimators.json]
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wgan.audit import bracket, dual, pairs
from wgan.base.intervals import Mean, mean_of
from wgan.distances import sinkhorn_divergence, sliced_wasserstein, wasserstein

MAKE = {"funnels": pairs.funnels, "shift": pairs.shift, "scale": pairs.scale}
COLUMNS = [
    "exact",
    "sliced",
    "sinkhorn",
    "heuristic",
    "gp raw",
    "gp corrected",
    "clipped",
    "auditor",
    "certified",
]


def timed(work: Callable[[], Any], seconds: dict[str, float], name: str) -> Any:
    """Return the result of some work, and note its seconds under a name."""
    start = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - start
    return result


def measure(pair: pairs.Pair, n: int, train: int, steps: int, seed: int) -> dict[str, Any]:
    """Return every estimator's reading on one draw of a pair, and the seconds each took."""
    seconds: dict[str, float] = {}
    x, y = pair.sample(2 * train, seed)
    few_x, few_y = x[:n], y[:n]
    many_x, many_y = x[:train], y[:train]
    read: dict[str, float] = {
        "exact": timed(lambda: wasserstein(few_x, few_y), seconds, "exact"),
        "sliced": timed(lambda: sliced_wasserstein(few_x, few_y, 1).value, seconds, "sliced"),
        "sinkhorn": timed(lambda: sinkhorn_divergence(few_x, few_y).value, seconds, "sinkhorn"),
    }
    gp = timed(lambda: dual(many_x, many_y, "wgan-gp", steps, seed=seed), seconds, "gp raw")
    clipped = timed(lambda: dual(many_x, many_y, "wgan", steps, seed=seed), seconds, "clipped")
    b = timed(lambda: bracket(x, y, steps=steps, seed=seed), seconds, "certified")
    network = b.lower_end.readings[0]
    read |= {
        "heuristic": b.heuristic.value,
        "gp raw": gp.value,
        "gp corrected": gp.corrected,
        "clipped": clipped.value / clipped.max_norm,
    }
    read |= {"auditor": network.value, "certified": b.lower}
    return {
        "pair": pair.name,
        "d": pair.d,
        "seed": seed,
        "w1": pair.w1,
        "read": read,
        "seconds": seconds,
        "winner": b.lower_end.leader,
        "raw clipped": clipped.value,
    }


def errors(results: list[dict[str, Any]]) -> dict[str, Mean]:
    """Return each estimator's mean error over seeds, in per cent of the truth."""
    return {
        name: mean_of([100 * (r["read"][name] / r["w1"] - 1) for r in results]) for name in COLUMNS
    }


def main() -> None:
    """Print a table as it grows, and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", nargs="+", default=["funnels", "shift"], choices=list(MAKE))
    parser.add_argument("--dims", nargs="+", type=int, default=[2, 4, 8, 16, 32, 64, 128])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=2000, help="for exact, sliced and Sinkhorn")
    parser.add_argument(
        "--train", type=int, default=32768, help="for critics; as many again are held out"
    )
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(
        f"torch {torch.__version__}, {arguments.threads} threads; error in % of the true W1, mean"
        f" +- 95 % over {arguments.seeds} seeds"
    )
    print(f"{'pair':8}{'d':>4}{'W1':>7}  " + "".join(f"{name:>15}" for name in COLUMNS), flush=True)
    everything = []
    for name in arguments.pairs:
        for d in arguments.dims:
            results = [
                measure(MAKE[name](d), arguments.samples, arguments.train, arguments.steps, s)
                for s in range(arguments.seeds)
            ]
            everything += results
            cells = [
                f"{error.value:+8.1f} +- {error.half_width:<3.1f}"
                for error in errors(results).values()
            ]
            seconds = {
                k: round(float(np.mean([r["seconds"][k] for r in results])), 1)
                for k in results[0]["seconds"]
            }
            print(
                f"{name:8}{d:4}{results[0]['w1']:7.3f}  " + "".join(f"{c:>15}" for c in cells),
                flush=True,
            )
            print(
                f"{'':21}seconds {seconds}; the bracket's lower end is the"
                f" {', '.join(sorted({r['winner'] for r in results}))}",
                flush=True,
            )
            if arguments.out:
                Path(arguments.out).write_text(json.dumps(everything, indent=2))


if __name__ == "__main__":
    main()
