"""Cost of a training step by batch, width and size of the data: seconds, and peak memory.

Each point is a process of its own: 28 x 28 pictures under the preset's network, one critic step a
step, the default precision, and one thing changed at a time. Data of growing size are a
memory-mapped `.npy`. Cost is given per sample and per parameter, since it should be constant there.

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

BATCHES = (16, 64, 256, 1024)
WIDTHS = (16, 32, 64, 128)
ROWS = (1_000, 30_000, 1_000_000)
USUAL = {"batch": 64, "width": 64, "rows": 1_000}
"""The preset's batch and width, on few pictures; one of the three is changed at a time."""
PIECE = 50_000
"""Pictures that are written at once: 37 MiB, so that writing does not set the peak of memory."""


def pictures(folder: Path, rows: int) -> Path:
    """Write random pictures in pieces, and return the file."""
    path = folder / f"{rows}.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(rows, 28, 28))
    rng = np.random.default_rng(0)
    for start in range(0, rows, PIECE):
        shape = (min(PIECE, rows - start), 28, 28)
        array[start : start + PIECE] = rng.integers(0, 256, shape, dtype=np.uint8)
    return path


def peak() -> float:
    """Return this process's peak resident memory in MiB, as Linux counts it.

    Unlike `ru_maxrss`, it is never that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(path: str, batch: int, width: int, rounds: int, threads: int) -> dict[str, float]:
    """Return the median seconds of a step, the parameters, and the rise of the peak in MiB."""
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
                cost = json.loads(done.stdout)
                results.append({"changed": what, **point, **cost})
                each = cost["seconds"] / point["batch"] * 1e3
                print(
                    f"{what:5} {value:>9,}: step {cost['seconds'] * 1e3:8.1f} ms, {each:6.2f} ms a"
                    f" sample, {each / cost['parameters'] * 1e6:6.2f} ns a sample and critic"
                    f" parameter, peak memory +{cost['MiB']:.0f} MiB",
                    flush=True,
                )
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
