"""Does training on an array larger than memory stay small? Peak resident memory on a large `.npy`, against a tiny one.

Writes a float32 array of the asked size (random, in pieces) to a temporary folder, then trains on it and on 1,000 rows of
the same width in processes of their own, and compares their peak resident sets (`ru_maxrss`).

    python benchmarks/memory.py [--gib 4] [--columns 784] [--steps 200] [--folder /tmp]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TRAIN = """
import json, resource, sys, time
from wgan.data import load
from wgan.training import configure, from_settings, prepare, train
start = time.perf_counter()
config, data = configure([from_settings([f"data.source={sys.argv[1]}", f"training.steps={sys.argv[2]}"])])
opened = time.perf_counter() - start
for record in train(prepare(config, data), config, data):
    pass
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": len(data), "peak_mib": peak, "open_s": opened, "train_s": time.perf_counter() - start - opened}))
"""


def write_array(path: Path, rows: int, columns: int) -> None:
    """Write standard normal float32 rows, 64 MiB at a time."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (rows, columns)})
        piece = 2**24 // columns
        for start in range(0, rows, piece):
            file.write(rng.standard_normal((min(piece, rows - start), columns), dtype=np.float32).tobytes())


def measure(path: Path, steps: int) -> dict[str, float]:
    """Train in a process of its own."""
    done = subprocess.run([sys.executable, "-c", TRAIN, str(path), str(steps)], capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Print both peaks and their difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=4.0)
    parser.add_argument("--columns", type=int, default=784)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--folder", default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        peaks = []
        for rows in (1000, int(arguments.gib * 2**30 / 4 / arguments.columns)):
            path = Path(folder) / f"{rows}.npy"
            write_array(path, rows, arguments.columns)
            figures = measure(path, arguments.steps)
            peaks.append(figures["peak_mib"])
            size = path.stat().st_size / 2**20
            print(
                f"{size:8.1f} MiB, {rows:>9,} rows: peak resident {figures['peak_mib']:.0f} MiB, opened and checked in"
                f" {figures['open_s']:.1f} s, {arguments.steps} steps in {figures['train_s']:.1f} s",
                flush=True,
            )
    print(f"difference {peaks[1] - peaks[0]:.0f} MiB")


if __name__ == "__main__":
    main()
