"""All checks and tables of a CUDA device in one command of at most eight minutes.

Each part is a process of its own: the tests of tests/test_cuda.py, a training step beside the
textbook's, exact transport with prices from the device, a run under torchrun on every device here,
and a run of pictures with its samples. A part gets what is left of the time, and at most its own
limit. What did not fit is named, and counts as a failure: a table that lacks a part says so. What
a part prints goes to `OUT/PART.txt`, and times and exit codes to `OUT/cuda.json`.

    python benchmarks/cuda.py [--minutes 8] [--only steps pictures] [--out cuda]

`--device cpu` rehearses the parts that need no device, on a machine without one.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

import wgan

ROOT = Path(__file__).parent.parent
LEAST = 20
"""Seconds that a part needs at least: with fewer left, it is not started."""


@dataclass(frozen=True)
class Part:
    """A process: the words after the interpreter, and the seconds that it may take."""

    words: list[str]
    limit: float
    needs_device: bool = False


def parts(device: str, out: Path) -> dict[str, Part]:
    """Return all parts in the order of their worth."""
    script = {name: str(ROOT / "benchmarks" / f"{name}.py") for name in ("step", "distances")}
    devices = max(1, torch.cuda.device_count()) if device == "cuda" else 1
    train = ["-m", "wgan", "train", "digits", "--device", device]
    pictures = ["--set", "network.kind=bottleneck", "--set", "network.depth=1"]
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    # The options of pyproject.toml would leave the tests without their helpers elsewhere.
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "tests" / "test_cuda.py")]
    steps = ["--device", device, "--compiled", "--seconds", "8", "--cases", "0", "1", "2", "3"]
    transport = ["--columns", "--cases", "shift-16-10000"]
    transport += ["--device", "cuda"] if device == "cuda" else ["--alone"]
    return {
        "tests": Part(tests, 240, needs_device=True),
        "steps": Part([script["step"], *steps, "--out", str(out / "steps.json")], 180),
        "transport": Part([script["distances"], *transport], 90),
        "ranks": Part([*launcher, *train, "--steps", "200", "--out", str(out / "ranks")], 60),
        "pictures": Part([*train, *pictures, "--steps", "1000", "--out", str(out / "run")], 120),
        "samples": Part(
            ["-m", "wgan", "sample", str(out / "run"), "-n", "50000", "-o", str(out / "x.npy")], 30
        ),
    }


def run(name: str, part: Part, seconds: float, out: Path) -> dict[str, float | int | str]:
    """Run a part, print what it prints, and return its exit code and seconds."""
    print(f"\n== {name}: {' '.join(part.words)}", flush=True)
    start = time.perf_counter()
    code: int | str
    written = out / f"{name}.txt"
    with written.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *part.words],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | {"WGAN_CUDA": "1"},
            start_new_session=True,
        )
        try:
            code = process.wait(min(seconds, part.limit))
        except subprocess.TimeoutExpired:
            code = "not ended"
        finally:
            with suppress(ProcessLookupError):  # ranks are processes of their own
                os.killpg(process.pid, signal.SIGKILL)
    print(written.read_text()[-4000:])
    return {"code": code, "seconds": round(time.perf_counter() - start, 1)}


def main() -> int:
    """Run the parts that fit; return 1 unless all have ended well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--only", nargs="+", default=None, help="parts, by name")
    parser.add_argument("--out", type=Path, default=Path("cuda"), help="a new folder")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA device here: --device cpu rehearses what needs none")
    out = options.out.absolute()
    out.mkdir(parents=True)
    end = time.perf_counter() + 60 * options.minutes
    what = torch.cuda.get_device_name() if options.device == "cuda" else "no device, a rehearsal"
    about = {"wgan": wgan.__version__, "torch": torch.__version__, "device": what}
    print(about)
    results: dict[str, dict[str, float | int | str]] = {}
    for name, part in parts(options.device, out).items():
        left = end - time.perf_counter()
        if options.only and name not in options.only:
            continue
        if part.needs_device and options.device == "cpu":
            results[name] = {"code": "needs a device", "seconds": 0.0}
        elif left < LEAST:
            results[name] = {"code": "no time left", "seconds": 0.0}
        else:
            results[name] = run(name, part, left, out)
        (out / "cuda.json").write_text(json.dumps(about | {"parts": results}, indent=2))
    print("\npart, exit code, seconds")
    for name, result in results.items():
        print(f"{name:10} {result['code']!s:15} {result['seconds']:6.1f}")
    return int(any(result["code"] != 0 for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
