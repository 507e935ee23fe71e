"""Extras of the package: what each adds on disk, and how long its packages take to import.

    python -m build
    python benchmarks/extras.py dist/wgan-0.1.0-py3-none-any.whl -c constraints.txt

One environment gets the wheel with what it requires, and each extra an environment of its own. `uv`
makes them, and links files that it has already, so that they take little room. Sizes are those of
files in site-packages, without compiled bytecode, less those of the first environment. A time is
the median, over pairs of fresh interpreters, of how much more processor time the one that imports
takes than the one that imports nothing: on an idle machine about the time that a user waits, and
hardly more on a busy one. Files were read just before, so they come from memory. The table is
Markdown.
"""

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path
from statistics import median

MEGABYTE = 1e6
RUNS = 5
"""Pairs of interpreters for a median: of five, two may be disturbed."""
ENTRIES = (
    ("`import wgan`", "import wgan"),
    ("`from wgan import WGAN`", "from wgan import WGAN"),
    ("the command line, as for `wgan --help`", "import wgan.cli"),
)


def extras_of(wheel: Path) -> dict[str, list[str]]:
    """Return the packages that each extra of a wheel names."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    found: dict[str, list[str]] = {each: [] for each in metadata.get_all("Provides-Extra", [])}
    for line in metadata.get_all("Requires-Dist", []):
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        package = re.match(r"[\w.-]+", line)
        if extra and package:
            found[extra.group(1)].append(package.group())
    return found


def environment(folder: Path, what: str, constraints: Path | None) -> tuple[Path, Path]:
    """Return the Python and the site-packages of a new environment that holds a requirement."""
    subprocess.run(["uv", "venv", "-q", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    command = ["uv", "pip", "install", "-q", "--python", python, what]
    subprocess.run([*command, *(["-c", str(constraints)] if constraints else [])], check=True)
    return python, next(folder.glob("lib/python*/site-packages"))


def size_of(folder: Path) -> float:
    """Return the megabytes of all files below a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / MEGABYTE


def added(packages: Path) -> list[str]:
    """Return the names of the distributions in site-packages."""
    return sorted(each.name.split("-")[0] for each in packages.glob("*.dist-info"))


def seconds(python: Path, program: str, runs: int) -> float:
    """Return the median over pairs of fresh interpreters, one with the program and one without, of
    the difference of their processor times; a first pair does not count.
    """
    differences = []
    for _ in range(runs + 1):
        times = []
        for each in ("pass", program):
            before = processor_time()
            subprocess.run([python, "-W", "ignore", "-c", each], check=True, capture_output=True)
            times.append(processor_time() - before)
        differences.append(times[1] - times[0])
    return median(differences[1:])


def processor_time() -> float:
    """Return the seconds of user and system time of all processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


TOOLS = ("dev", "docs")
"""Extras of those who work on the package: nothing of it imports what they name."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="size and import time of each extra")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("-c", "--constraints", type=Path)
    parser.add_argument("--only", nargs="*", help="extras to measure; none: all but dev and docs")
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    wheel = given.wheel.resolve()
    with tempfile.TemporaryDirectory() as work:
        base, packages = environment(Path(work) / "base", str(wheel), given.constraints)
        base_size, base_names = size_of(packages), added(packages)
        alone = size_of(packages / "wgan")
        torch = size_of(packages / "torch")
        print(f"base: {base_size:.0f} MB, of which torch {torch:.0f} and wgan {alone:.1f}")
        for title, program in ENTRIES:
            print(f"{title}: {seconds(base, program, given.runs):.2f} s of processor time")
        print("\n| extra | packages it names | distributions added | MB added | import, CPU s |")
        print("|---|---|---:|---:|---:|")
        for extra, names in extras_of(wheel).items():
            if extra not in (given.only or [extra]) or (not given.only and extra in TOOLS):
                continue
            what = f"wgan[{extra}] @ {wheel.as_uri()}"
            try:
                python, own = environment(Path(work) / extra, what, given.constraints)
            except subprocess.CalledProcessError:
                print(f"| `{extra}` | {', '.join(names)} | not installed: see above | | |")
                continue
            size = size_of(own) - base_size
            program = "import " + ", ".join(names)
            took = seconds(python, program, given.runs)
            new = set(added(own)) - set(base_names)
            named = ", ".join(names)
            print(f"| `{extra}` | {named} | {len(new)} | {size:.1f} | {took:.2f} |", flush=True)


if __name__ == "__main__":
    main()
