"""`python tests/fuzz`: the campaign of bad inputs, and a table of what came of it.

    python tests/fuzz                    every case, on all cores
    python tests/fuzz --group "run:"     the groups whose name begins so
    python tests/fuzz --every 11         every eleventh case
    python tests/fuzz/kills.py           commands killed at random moments

Exit code 1 where there is a fault; the folders of faulty cases are kept and named.
"""

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # a forked process cannot use its parent's threads

import bad_arrays
import bad_distances
import bad_files
import bad_flags
import bad_outputs
import bad_python
import bad_runs
import bad_settings
import torch
from campaign import Case, Outcome, contents, run, table
from material import MATERIAL, make

FILES = (
    bad_arrays,
    bad_files,
    bad_flags,
    bad_settings,
    bad_python,
    bad_runs,
    bad_outputs,
    bad_distances,
)


def main() -> int:
    """Run the campaign as the command line says; print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", default="", help="groups whose name begins so")
    parser.add_argument("--name", default="", help="cases whose name holds this")
    parser.add_argument("--every", type=int, default=1, help="every so many cases")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cases at a time")
    parser.add_argument("--json", type=Path, help="a file for the outcomes")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    place = Path(tempfile.mkdtemp(prefix="wgan-fuzz-"))
    _make_material(place / "material")
    cases = [case for file in FILES for case in file.all_cases()]
    cases = [c for c in cases if c.group.startswith(chosen.group) and chosen.name in c.name]
    cases = cases[:: chosen.every]
    before = contents(place / "material")
    outcomes = []
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for i, outcome in enumerate(
            pool.map(lambda i: run(cases[i], place / f"case-{i}"), range(len(cases)))
        ):
            outcomes.append(outcome)
            if outcome.fault:
                print(f"{outcome.fault}: {outcome.case.group}: {outcome.case.name}")
                print(f"    {outcome.words[:300]}\n    {place / f'case-{i}'}", flush=True)
    print(table(outcomes))
    harmed = contents(place / "material") != before
    if harmed:
        print(f"the material was changed: {place / 'material'}")
    if chosen.json:
        chosen.json.write_text(json.dumps([_plain(outcome) for outcome in outcomes], indent=1))
    return 1 if harmed or any(outcome.fault for outcome in outcomes) else 0


def _make_material(folder: Path) -> None:
    """Make the material in a process of its own, so that no thread is left in this one."""
    folder.mkdir()
    MATERIAL[:] = [folder]
    child = os.fork()
    if child == 0:
        os.environ["WGAN_CACHE"] = str(folder / "cache")
        with (folder / "log").open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            make(folder)
            os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise SystemExit(f"the material could not be made: {(folder / 'log').read_text()}")


def _plain(outcome: Outcome) -> dict[str, object]:
    case: Case = outcome.case
    return {
        "group": case.group,
        "name": case.name,
        "fault": outcome.fault,
        "words": outcome.words,
        "seconds": round(outcome.seconds, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
