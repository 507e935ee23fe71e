"""Cost of a million rows of 20 columns: reading, coding, training, and sampling as many.

A made-up table with a column of every kind is written as .csv and .parquet. Each job runs in a
process of its own; peak memory is the largest resident set (`ru_maxrss`). Training takes `--steps`
steps, so its time is mostly that of reading; the peak is what counts.

    python benchmarks/tables_scale.py [--rows 1000000] [--steps 50] [--folder DIR]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from tables import orders

JOB = """
import json, resource, sys, time
from wgan.cli import main
from wgan.data import load
begun = time.perf_counter()
if sys.argv[1] == "code":
    data = load(sys.argv[2])
    read = time.perf_counter() - begun
    for start in range(0, len(data), 100_000):
        data.codec.pack(data.rows[start : start + 100_000])
    note = f"reading and inferring {read:.0f} s, coding {time.perf_counter() - begun - read:.0f} s"
    code = 0
else:
    code, note = main(sys.argv[1:]), ""
used = resource.getrusage(resource.RUSAGE_SELF)
took = {"seconds": time.perf_counter() - begun, "processor": used.ru_utime + used.ru_stime}
print(json.dumps(took | {"mib": used.ru_maxrss / 1024, "note": note}))
sys.exit(code)
"""


def wide(rows: int) -> pd.DataFrame:
    """Return a made-up table of 20 columns."""
    frame = orders(rows)
    for i, name in enumerate(("price", "balance", "segment", "items", "weight")):
        frame[f"{name}_{i}"] = frame[name].sample(frac=1, random_state=i).to_numpy()
    return frame


def job(what: str, *arguments: str) -> None:
    """Run one job in a process of its own and print what it took."""
    done = subprocess.run([sys.executable, "-c", JOB, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    took = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{what:34} {took['seconds']:6.0f} s, processor {took['processor']:5.0f} s, peak"
        f" {took['mib']:6.0f} MiB  {took['note']}"
    )


def main() -> None:
    """Print one line for each job."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        frame = wide(given.rows)
        frame.to_csv(folder / "t.csv", index=False)
        frame.to_parquet(folder / "t.parquet", index=False)
        sizes = ", ".join(
            f".{ending} {(folder / f't.{ending}').stat().st_size / 2**20:.0f} MiB"
            for ending in ("csv", "parquet")
        )
        print(f"{len(frame)} rows x {frame.shape[1]} columns: {sizes}")
        del frame
        job("code .csv", "code", str(folder / "t.csv"))
        job("code .parquet", "code", str(folder / "t.parquet"))
        steps = ["--steps", str(given.steps), "--set", f"training.measure_every={given.steps}"]
        run = str(folder / "run")
        train = ["train", str(folder / "t.parquet"), *steps, "--out", run, "--quiet"]
        job(f"train on .parquet, {given.steps} steps", *train)
        for ending in (".parquet", ".csv"):
            out = str(folder / f"new{ending}")
            job(f"sample to {ending}", "sample", run, "-n", str(given.rows), "-o", out)


if __name__ == "__main__":
    main()
