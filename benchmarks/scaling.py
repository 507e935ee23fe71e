"""How does a step's cost grow with batch, width and the data's size? Seconds, and the peak of the
process's memory.

Each point is a process of its own: 28 x 28 pictures under the preset's network, one critic step a
step, the default precision, and one thing changed at a time. Data of growing size are a
memory-mapped `.npy`. Cost is per sample and per parameter where it should be constant.

    python benchmarks/scaling.py [--rounds 7] [--threads 1] [--out scaling.json]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wgan.config import configure, from_settings
from wgan.data import Batches
from wgan.networks import count_parameters
from wgan.training import Run
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import train_step

BATCHES, WIDTHS, ROWS = (16, 64, 256, 1024), (16, 32, 64, 128), (1_000, 30_000, 1_000_000)
USUAL = {"batch": 64, "width": 64, "rows": 1_000}


def pictures(folder: Path, rows: int) -> Path:
    """Write random pictures, in pieces."""
    path = folder / f"{rows}.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(rows, 28, 28))
    rng = np.random.default_rng(0)
    for start in range(0, rows, 50_000):
        array[start : start + 50_000] = rng.integers(
            0, 256, (min(50_000, rows - start), 28, 28), dtype=np.uint8
        )
    return path


def peak() -> float:
    """Return this process's peak resident memory in MiB, as Linux counts it: not that of the one
    that started it, as `ru_maxrss` may be.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(path: str, batch: int, width: int, rounds: int, threads: int) -> dict[str, float]:
    """Time steps; return their median, the number of parameters, and the peak of resident memory in
    MiB beyond that at the start.
    """
    torch.set_num_threads(threads)
    settings = [f"data.source={path}", f"optimizer.batch={batch}", f"network.width={width}"]
    settings += ["optimizer.critic_steps=1", "training.device=cpu"]
    config, data = configure([from_settings(settings)])
    before = peak()
    run = Run.start(config, data, watch=None)
    draws = Draws(Batches(run.split, 0), config, torch.device("cpu"))
    losses = build_losses(run.state, run.variant, config)
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        train_step(run.state, losses, run.variant, draws, config)
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": statistics.median(seconds[1:]),
        "parameters": count_parameters(run.state.critic),
        "MiB": peak() - before,
    }


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", nargs=3, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    if arguments.one:
        path, batch, width = arguments.one
        print(
            json.dumps(measure(path, int(batch), int(width), arguments.rounds, arguments.threads))
        )
        return
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for what, values in (("batch", BATCHES), ("width", WIDTHS), ("rows", ROWS)):
            for value in values:
                point = USUAL | {what: value}
                path = pictures(Path(folder), point["rows"])
                sizes = [str(point["batch"]), str(point["width"])]
                command = [sys.executable, __file__, "--one", str(path), *sizes]
                command += ["--rounds", str(arguments.rounds), "--threads", str(arguments.threads)]
                done = subprocess.run(
                    command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ
                )
                found = json.loads(done.stdout)
                results.append({"changed": what, **point, **found})
                each = found["seconds"] / point["batch"] * 1e3
                print(
                    f"{what:5} {value:>9,}: step {found['seconds'] * 1e3:8.1f} ms, {each:6.2f} ms a"
                    f" sample, {each / found['parameters'] * 1e6:6.2f} ns a sample and critic"
                    f" parameter, peak memory +{found['MiB']:.0f} MiB",
                    flush=True,
                )
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
