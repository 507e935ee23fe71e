"""Data-parallel steps: seconds a step at 1, 2 and 4 processes of one thread, and what a model says.

Each round trains the same run with every number of processes, one after the other, so that a busy
machine slows all alike; medians over rounds are shown. The whole batch stays the same (strong
scaling), and the efficiency of k processes is t(1) / (k t(k)).

The model of a step with k ranks, a batch of B, c critic updates and P numbers in a network:

    t(k) = t(1 rank, batch B/k) + c r(4 P_critic, k) + r(4 P_generator, k),
    r(b, k) = 2 (k - 1) a + 2 (k - 1) / k  b / s,

where r is a ring all-reduce of b bytes with latency a and s bytes a second each way. On this
machine the first term and r are measured; for other links, `--latency` and `--rate` are given, and
the table of `--to` ranks is a calculation, no measurement.

    python benchmarks/data_parallel.py digits [--processes 1 2 4] [--rounds 3] [--steps 60]
        [--to 64 --latency 20 --rate 100] [-- further flags of wgan train]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from safetensors import safe_open

ALL_REDUCES = """
import sys, time
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
for numbers in map(int, sys.argv[1:]):
    x = torch.zeros(numbers)
    times = []
    for _ in range(30):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(x)
        times.append(time.perf_counter() - start)
    if dist.get_rank() == 0:
        print(sorted(times)[len(times) // 2])
dist.barrier()
dist.destroy_process_group()
"""
"""Prints the median seconds of an all-reduce of so many numbers."""
WARM = 5
"""First steps that are not counted: memory is allocated then, and kernels are chosen."""


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def torchrun(processes: int, arguments: Sequence[str]) -> str:
    """Run something under torchrun with so many processes, or without; return what it prints."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    start += ["--nproc-per-node", str(processes)]
    command = [*(start if processes > 1 else [sys.executable]), *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def train(data: str, processes: int, steps: int, flags: Sequence[str], folder: Path) -> float:
    """Train in a new folder; return seconds a step."""
    settings = [f"training.log_every={WARM}", f"training.measure_every={steps}"]
    settings += [f"training.{each}_every={steps}" for each in ("snapshot", "checkpoint")]
    sets = [word for each in settings for word in ("--set", each)]
    command = ["-m", "wgan", "train", data, "--steps", str(steps), "--out", str(folder), *sets]
    torchrun(processes, [*command, *flags])
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    times = {record["step"]: record["seconds"] for record in records}
    last = max(step for step in times if step < steps)  # what is measured last takes time itself
    return (times[last] - times[WARM]) / (last - WARM)


def numbers_of(path: Path) -> int:
    """Return how many numbers the tensors of a file have."""
    with safe_open(path, "numpy") as file:
        names = file.keys()  # such a file is no dict
        return sum(int(np.prod(file.get_slice(name).get_shape())) for name in names)


def all_reduce_seconds(processes: int, numbers: Sequence[int]) -> list[float]:
    """Return the seconds of an all-reduce of each size on this machine."""
    if processes == 1:
        return [0.0] * len(numbers)
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(ALL_REDUCES)
        script.flush()
        printed = torchrun(processes, [script.name, *map(str, numbers)])
    return [float(line) for line in printed.split()]


def ring(numbers: int, ranks: int, latency: float, rate: float) -> float:
    """Return the seconds of a ring all-reduce: r of the module's formula."""
    return 2 * (ranks - 1) * latency + 2 * (ranks - 1) / ranks * 4 * numbers / rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--to", type=int, default=64, help="ranks of the calculation")
    parser.add_argument("--latency", type=float, default=20, help="microseconds")
    parser.add_argument("--rate", type=float, default=100, help="gigabits a second, each way")
    values, flags = parser.parse_known_args()
    flags = [each for each in flags if each != "--"]
    with tempfile.TemporaryDirectory() as scratch:
        _measure(values, flags, Path(scratch))


def _measure(values: argparse.Namespace, flags: Sequence[str], scratch: Path) -> None:
    """Train in turns with each number of processes, and print both tables."""
    first_run = scratch / "first"
    train(values.data, 1, 2 * WARM + 1, flags, first_run)
    config = (first_run / "config.toml").read_text()
    batch = int(_setting(config, "batch"))
    updates = int(_setting(config, "critic_steps"))
    sizes = [numbers_of(first_run / f"{name}.safetensors") for name in ("critic", "generator")]
    whole: dict[int, list[float]] = {k: [] for k in values.processes}
    part: dict[int, list[float]] = {k: [] for k in values.processes}
    for i in range(values.rounds):
        for k in values.processes:
            folder = scratch / f"{i}-{k}"
            whole[k].append(train(values.data, k, values.steps, flags, folder))
            part[k].append(whole[k][-1])
            if k > 1:
                smaller = [*flags, "--set", f"optimizer.batch={batch // k}"]
                own = scratch / f"{i}-part-{k}"
                part[k][-1] = train(values.data, 1, values.steps, smaller, own)
    print(f"{values.data}: batch {batch}, {updates} critic update(s) a step, numbers of critic and")
    print(f"generator {sizes[0]:,} and {sizes[1]:,}; each rank sends and receives")
    bytes_a_step = 4 * (updates * sizes[0] + sizes[1])
    print(f"2 (k - 1) / k times {bytes_a_step / 1e6:.2f} MB a step\n")
    print(
        "| processes | ms a step | efficiency | alone with its part | all-reduces | sum of both |"
    )
    print("|---|---|---|---|---|---|")
    first = median(whole[values.processes[0]]) * values.processes[0]
    for k in values.processes:
        critic, generator = all_reduce_seconds(k, sizes)
        reduces = updates * critic + generator
        alone = median(part[k])
        step = median(whole[k])
        print(
            f"| {k} | {1e3 * step:.1f} | {first / (k * step):.2f} | {1e3 * alone:.1f} |"
            f" {1e3 * reduces:.2f} | {1e3 * (alone + reduces):.1f} |"
        )
    computed = {k: median(part[k]) for k in values.processes}
    _beyond(values, computed, sizes, updates, batch)


def _setting(config: str, name: str) -> str:
    return next(
        line.partition("=")[2] for line in config.splitlines() if line.startswith(f"{name} =")
    )


def _beyond(
    values: argparse.Namespace,
    computed: dict[int, float],
    sizes: Sequence[int],
    updates: int,
    batch: int,
) -> None:
    """Print the calculation for more ranks: computing is a line in the samples of a rank."""
    ranks = np.array(sorted(computed))
    slope, fixed = np.polyfit(batch / ranks, [computed[k] for k in ranks.tolist()], 1)
    latency, rate = values.latency / 1e6, values.rate * 1e9 / 8
    print(
        f"\ncalculated: a step of b samples takes {1e3 * fixed:.1f} + {1e3 * slope:.3f} b ms on one"
        f" rank (fitted above); links of {values.latency:g} us and {values.rate:g} Gbit/s\n"
    )
    print("| ranks | same batch: ms a step, efficiency | batch of 128 a rank: ms, efficiency |")
    print("|---|---|---|")
    k = 1
    while k <= values.to:
        reduces = updates * ring(sizes[0], k, latency, rate) + ring(sizes[1], k, latency, rate)
        strong = fixed + slope * batch / k + reduces
        weak = fixed + slope * 128 + reduces
        one = fixed + slope * batch
        print(
            f"| {k} | {1e3 * strong:.1f}, {one / (k * strong):.2f} | {1e3 * weak:.1f},"
            f" {(fixed + slope * 128) / weak:.2f} |"
        )
        k *= 2


if __name__ == "__main__":
    main()
