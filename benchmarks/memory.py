"""Peak resident memory of training on a large `.npy`, beside that on a tiny one.

A float32 array of the requested size (random, in pieces) is written to a temporary folder. Then
`wgan train` runs on it, and on 1,000 rows of the same width, in processes of their own, and their
peak resident sets (Linux's `VmHWM`) are compared.

    python benchmarks/memory.py [--gib 4] [--columns 784] [--steps 200] [--folder DIR]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TRAIN = """
import json, sys
from pathlib import Path
from wgan.cli import main
code = main(["train", sys.argv[1], "--steps", sys.argv[2], "--out", sys.argv[3], "--quiet"])
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
sys.exit(code)
"""


def write_array(path: Path, rows: int, columns: int) -> None:
    """Write standard normal float32 rows, 64 MiB at a time."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (rows, columns)}
        )
        piece = 2**24 // columns  # 2^24 numbers of 4 bytes: 64 MiB
        for start in range(0, rows, piece):
            file.write(
                rng.standard_normal((min(piece, rows - start), columns), dtype=np.float32).tobytes()
            )


def measure(path: Path, steps: int) -> tuple[float, float]:
    """Run `wgan train` in a process of its own; return its peak in MiB, and its seconds."""
    start = time.perf_counter()
    arguments = [sys.executable, "-c", TRAIN, str(path), str(steps), str(path.with_suffix(".run"))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])), time.perf_counter() - start


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
            peak, seconds = measure(path, arguments.steps)
            peaks.append(peak)
            size = path.stat().st_size / 2**20
            print(
                f"{size:8.1f} MiB, {rows:>9,} rows: peak resident {peak:.0f} MiB, {arguments.steps}"
                f" steps and held-out distance in {seconds:.0f} s",
                flush=True,
            )
    print(f"difference {peaks[1] - peaks[0]:.0f} MiB")


if __name__ == "__main__":
    main()
