"""Held-out W1 of every variant on the same data, after equal steps and after equal time.

One training is done for each variant and seed, with the preset's settings but a constant learning
rate, since a run that ends by the clock has no last step. The held-out distance (exact W1, its
floor, modes) is measured when `--steps` generator steps are done, and when `--seconds` of processor
time of one thread are spent; the training goes on to the later of the two. Processor time hardly
counts a second process on another core. The time of the distances is not counted.

    python benchmarks/variants.py run --data 25-gaussians --steps 3000 --seconds 90 \\
        --out variants.jsonl [--part 0/2]
    python benchmarks/variants.py table variants.jsonl

A training that is in the file already is not done again, and several processes may each take a
part.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wgan import WganError
from wgan.base.files import append_line
from wgan.base.intervals import mean_of
from wgan.config import from_settings
from wgan.evaluation import held_out_distance
from wgan.objectives import VARIANTS
from wgan.training import Run

ENDLESS = 10_000_000
"""Steps that no training here reaches: both stops come first."""


def measure(
    source: str, name: str, seed: int, steps: int, seconds: float, settings: list[str]
) -> dict[str, Any]:
    """Train one variant; return its distances after the steps and after the processor time."""
    # No checkpoints, which log: a step then does nothing but train.
    ours = {"optimizer": {"decay": "none"}, "training": {"checkpoint_every": ENDLESS}}
    run = Run.open(
        source,
        variant=name,
        steps=ENDLESS,
        seed=seed,
        layers=[("benchmark", ours), from_settings(settings)],
        watch=None,
    )
    result: dict[str, Any] = {"data": source, "variant": name, "seed": seed}
    result |= {"steps": steps, "seconds": seconds, "settings": settings}
    spent = 0.0
    begun = time.process_time()
    try:
        for record in run.records():
            due = {
                "at steps": record.step == steps,
                "at time": (
                    "at time" not in result and spent + time.process_time() - begun >= seconds
                ),
            }
            if any(due.values()):
                spent += time.process_time() - begun
                distance = held_out_distance(run.model.sampler(seed, "verdict"), run.split)
                reached = {"step": record.step, "seconds": round(spent, 2), **distance.to_json()}
                result |= {when: reached for when, now in due.items() if now}
                begun = time.process_time()
            if "at steps" in result and "at time" in result:
                break
    except WganError as error:
        result["failed"] = str(error)
    return result


def table(results: list[dict[str, Any]]) -> str:
    """Return one Markdown table for each data set and stop, the least W1 first.

    Variants with a star keep their papers' settings; those of the others are the preset's.
    """
    lines: list[str] = []
    for source in dict.fromkeys(r["data"] for r in results):
        here = [r for r in results if r["data"] == source]
        for when in ("at steps", "at time"):
            rows = [
                _row(name, [r for r in here if r["variant"] == name], when) for name in VARIANTS
            ]
            rows = sorted((r for r in rows if r), key=lambda r: r[0])
            stop = (
                f"{here[0]['steps']} steps"
                if when == "at steps"
                else f"{here[0]['seconds']:g} s of one thread"
            )
            modes = next((r[when]["coverage"] for r in here if r.get(when)), None) is not None
            lines += [f"`{source}`, {stop}, floor {here[0][when]['floor']:.3f}:", ""]
            other = "seconds" if when == "at steps" else "steps"
            names = ["variant", "seeds", other, "W1 (95 %)", "ratio"]
            names += ["modes, each seed", "share within 3 sd, % (95 %)"] if modes else []
            lines += [
                "| " + " | ".join(names) + " |",
                "|---" * len(names) + "|",
                *(text for _, text in rows),
                "",
            ]
    return "\n".join(lines)


def _is_tuned(name: str) -> bool:
    """Return whether presets tune the optimizer of a variant: where it holds the critic's slope."""
    variant = VARIANTS[name]
    return variant.penalty is not None or variant.layers != "plain"


def _row(name: str, results: list[dict[str, Any]], when: str) -> tuple[float, str] | None:
    taken = [r[when] for r in results if when in r]
    failed = sum("failed" in r for r in results)
    if not taken:
        return (float("inf"), f"| `{name}` | {failed} failed |") if failed else None
    w1 = mean_of([t["w1"] for t in taken])
    other = np.mean([t["seconds" if when == "at steps" else "step"] for t in taken])
    cells = [
        f"`{name}`" + ("" if _is_tuned(name) else " *"),
        f"{len(taken)}" + (f" ({failed} failed)" if failed else ""),
        f"{other:.0f}",
        f"{w1.value:.3f} +- {w1.half_width:.3f}",
    ]
    cells.append(f"{np.mean([t['ratio'] for t in taken]):.2f}")
    if taken[0]["coverage"]:
        share = mean_of([100 * t["coverage"]["share"] for t in taken])
        cells += [
            " ".join(str(t["coverage"]["covered"]) for t in taken),
            f"{share.value:.1f} +- {share.half_width:.1f}",
        ]
    return w1.value, "| " + " | ".join(cells) + " |"


def main() -> None:
    """Run a part of the table, or print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    go = commands.add_parser("run")
    go.add_argument("--data", default="25-gaussians")
    go.add_argument("--variants", nargs="+", default=list(VARIANTS))
    go.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    go.add_argument("--steps", type=int, default=3000)
    go.add_argument("--seconds", type=float, default=90.0)
    go.add_argument("--set", action="append", default=[], dest="settings")
    go.add_argument("--part", default="0/1", help="which of how many processes this is")
    go.add_argument("--out", type=Path, default=Path("variants.jsonl"))
    show = commands.add_parser("table")
    show.add_argument("file", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.command == "table":
        lines = [line for path in arguments.file for line in path.read_text().splitlines()]
        print(table([json.loads(line) for line in lines]))
        return
    torch.set_num_threads(1)
    part, parts = map(int, arguments.part.split("/"))
    work = [(seed, name) for seed in arguments.seeds for name in arguments.variants]
    for seed, name in work[part::parts]:
        known = arguments.out.read_text().splitlines() if arguments.out.exists() else []
        done = {(r["data"], r["variant"], r["seed"]) for r in map(json.loads, known)}
        if (arguments.data, name, seed) in done:
            continue
        stops = (arguments.steps, arguments.seconds)
        line = json.dumps(measure(arguments.data, name, seed, *stops, arguments.settings))
        append_line(arguments.out, line)
        print(name, seed, {k: v for k, v in json.loads(line).items() if k == "failed"}, flush=True)


if __name__ == "__main__":
    main()
