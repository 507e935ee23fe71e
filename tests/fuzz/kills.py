"""`python tests/fuzz/kills.py`: commands killed at random moments, then given again to their end.

Each command is killed with SIGKILL, several times in one folder, at a moment that is uniform over
its undisturbed duration; the process alone is killed, and none that it started may outlive it by
ten seconds. Then the same command runs to its end, and what it leaves must equal, to the bit, what
an undisturbed one leaves; times and places alone may differ.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from material import npy, people, picture_folder, points
from safetensors import safe_open

SMALL = ["--set", "network.width=8", "--set", "optimizer.batch=8"]
OFTEN = ["--set", "training.checkpoint_every=10", "--set", "training.snapshot_every=50"]
ORPHAN_SECONDS = 10.0
"""Seconds that a worker has to notice that its parent is dead."""
TIMES = ("seconds", "steps_per_second", "periods", "begun", "run", "id", "out", "folder", "date")
"""Keys of JSON files that differ between two runs that do the same."""

NOT_COMPARED = ("run.lock", "report.html", "config.toml", "results.jsonl")
"""Files that hold times, the place of the data, or a line for each time a command was given."""


@dataclass(frozen=True)
class Target:
    """A command that is killed: how it is given in a folder, and how often it is killed there.

    Attributes:
        name: for the table.
        arguments: of the command line, given the folder it writes to and that of the data.
        kills: in all.
        in_a_row: kills at most in one folder, each in what the last one left.
        on_a_run: whether the folder holds a finished run beforehand.
    """

    name: str
    arguments: Callable[[Path, Path], list[str]]
    kills: int
    in_a_row: int = 3
    on_a_run: bool = False


TARGETS = (
    Target(
        "train, points",
        lambda out, data: [
            *("train", str(data / "points.npy"), "--out", str(out / "run"), "--steps", "400"),
            *("--quiet", *SMALL, *OFTEN),
        ],
        12,
    ),
    Target(
        "train, table",
        lambda out, data: [
            *("train", str(data / "people.csv"), "--out", str(out / "run"), "--steps", "200"),
            *("--quiet", *SMALL, *OFTEN),
        ],
        6,
    ),
    Target(
        "train, pictures",
        lambda out, data: [
            *("train", str(data / "pictures"), "--out", str(out / "run"), "--steps", "60"),
            *("--quiet", "--labels", "own", *SMALL, *OFTEN),
        ],
        6,
    ),
    Target(
        "compare",
        lambda out, data: [
            *("compare", str(data / "points.npy"), "--out", str(out / "runs"), "--steps", "150"),
            *("--variants", "gan", "wgan-gp", "--seeds", "2", "--jobs", "2", "--quiet"),
            *(*SMALL, *OFTEN),
        ],
        12,
        4,
    ),
    Target(
        "features",
        lambda out, data: [
            *("features", "train", str(data / "pictures"), "--out", str(out / "map")),
            *("--epochs", "40", "--quiet"),
        ],
        6,
    ),
    Target(
        "sample",
        lambda out, data: [
            *("sample", str(data / "run"), "-n", "200000", "-o", str(out / "rows.csv")),
        ],
        6,
    ),
    Target(
        "evaluate",
        lambda out, data: ["evaluate", str(out / "run"), "--json", "--quiet"],
        6,
        on_a_run=True,
    ),
)


def start(arguments: list[str], output: Path) -> subprocess.Popen[bytes]:
    """Start the command line in a session of its own."""
    command = [sys.executable, "-m", "wgan", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "WGAN_CACHE": str(output.parent / "cache")}
    with output.open("wb") as file:
        return subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )


def of_session(session: int) -> list[int]:
    """Return the processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def kill_once(arguments: list[str], output: Path, moment: float) -> tuple[bool, int]:
    """Start a command, kill it after `moment` seconds; return (it still ran, orphans left)."""
    process = start(arguments, output)
    try:
        process.wait(moment)
        return False, 0
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + ORPHAN_SECONDS
    while of_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    orphans = of_session(process.pid)
    for orphan in orphans:
        os.kill(orphan, signal.SIGKILL)
    return True, len(orphans)


def whole(arguments: list[str], output: Path) -> float:
    """Run a command to its end; return its seconds.

    Raises:
        RuntimeError: it failed.
    """
    begun = time.monotonic()
    if start(arguments, output).wait() != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {output.read_text()}")
    return time.monotonic() - begun


def left(folder: Path) -> dict[str, object]:
    """Return what a command left: tensors and JSON by value, other files by their hash."""
    found: dict[str, object] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name in NOT_COMPARED:
            continue
        if path.suffix == ".safetensors":
            with safe_open(path, framework="np") as file:
                found[name] = {
                    key: np.asarray(file.get_tensor(key)).tobytes()
                    for key in file.keys()  # noqa: SIM118
                }
        elif path.suffix in (".json", ".jsonl"):
            lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
            found[name] = [_without_times(json.loads(line)) for line in lines]
        else:
            found[name] = sha256(path.read_bytes()).hexdigest()
    return found


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in TIMES and "digest" not in k}
        return {key: _without_times(inner) for key, inner in kept.items()}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def campaign(targets: tuple[Target, ...], share: float, seed: int) -> int:
    """Kill each target as often as it says, times `share`; print a table; return the faults."""
    rng = random.Random(seed)
    place = Path(tempfile.mkdtemp(prefix="wgan-kills-"))
    data = make_data(place)
    print(
        f"{'command':18}{'kills':>7}{'too late':>10}{'orphans':>9}{'differences':>13}", flush=True
    )
    faults = 0
    for target in targets:
        undisturbed = _prepared(target, place / target.name.replace(", ", "-"), data)
        duration = whole(target.arguments(undisturbed, data), place / "log")
        expected = left(undisturbed)
        kills = late = orphans = 0
        differences: list[str] = []
        while kills < max(1, round(share * target.kills)):
            folder = _prepared(target, place / f"{undisturbed.name}-{kills}-{late}", data)
            for _ in range(target.in_a_row):
                moment = rng.random() * duration
                hit, more = kill_once(target.arguments(folder, data), place / "log", moment)
                kills += hit
                late += not hit
                orphans += more
                if not hit:
                    break
            if hit:
                _finish(target, folder, data, place / "log")
            found = left(folder)
            differences += [f"{folder}/{k}" for k in expected if found.get(k) != expected[k]]
            differences += [f"{folder}/{k} is more" for k in found if k not in expected]
        print(f"{target.name:18}{kills:7}{late:10}{orphans:9}{len(differences):13}", flush=True)
        for name in differences:
            print(f"    {name}")
        faults += orphans + len(differences)
    print(f"folders in {place}")
    return faults


def make_data(place: Path) -> Path:
    """Write the data that the commands read, and a finished run; return their folder."""
    data = place / "data"
    data.mkdir()
    npy(np.tile(points(), (3, 1)), data / "points.npy")
    people().to_csv(data / "people.csv", index=False)
    picture_folder(data / "pictures", 100)
    train = ["train", str(data / "people.csv"), "--out", str(data / "run"), "--steps", "20"]
    whole([*train, "--quiet", *SMALL], place / "log")
    return data


def _prepared(target: Target, folder: Path, data: Path) -> Path:
    folder.mkdir()
    if target.on_a_run:
        shutil.copytree(data / "run", folder / "run")
    return folder


def _finish(target: Target, folder: Path, data: Path, log: Path) -> None:
    """Give the command once more, to its end, unless all it writes is there already."""
    once = {"sample": "rows.csv", "features": "map/features.json"}.get(target.name)
    if once is None or not (folder / once).exists():
        whole(target.arguments(folder, data), log)


def main() -> int:
    """Run the kills that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="", help="commands whose name begins so")
    parser.add_argument("--share", type=float, default=1.0, help="of the kills")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the moments")
    chosen = parser.parse_args()
    targets = tuple(t for t in TARGETS if t.name.startswith(chosen.target))
    return 1 if campaign(targets, chosen.share, chosen.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
