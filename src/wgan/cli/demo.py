"""`wgan demo NAME`: an experiment behind a claim about GANs, in minutes."""

import time
from math import inf
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.json_output import Json, print_json
from wgan.cli.numbers import COUNT
from wgan.cli.output import Flag, screen
from wgan.cli.progress import bar
from wgan.experiments.demos import DEMOS, check_room, demo, write


def demo_command(
    name: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    *,
    seeds: Annotated[int | None, COUNT] = None,
    effort: float = 1.0,
    out: Path | None = None,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Run the experiment behind a claim, print its results, and write every number and a figure.

    Parameters
    ----------
    name
        Name of the experiment; without it, all are listed.
    seeds
        Trainings of each kind, over which intervals are taken; by default 3, and 5 for
        mode-collapse.
    effort
        Factor by which the training steps are multiplied.
    out
        Folder for numbers.csv, summary.md and figure.png; by default demos/NAME.
    json_
        Print one JSON document instead of text.
    quiet
        No progress bar.
    """
    if name is None and json_:
        listed = [{"name": each.name, "summary": each.summary} for each in DEMOS.values()]
        print_json("demo", {"demos": listed})
        return 0
    if name is None:
        for each in DEMOS.values():
            screen.print(f"{each.name:20} {each.summary}")
        return 0
    chosen = demo(name)
    count = chosen.seeds if seeds is None else seeds
    if count < 1 or not 0 < effort < inf:
        raise WganError(
            f"--seeds {count} --effort {effort:g}: give 1 seed or more, and a finite effort above 0"
        )
    folder = out or Path("demos") / chosen.name
    check_room(folder)
    started = time.perf_counter()
    with bar(quiet) as progress:
        result = chosen.run(count, effort, progress)
    write(result, folder)
    seconds = time.perf_counter() - started
    if json_:
        about = {"demo": chosen.name, "seeds": count, "effort": effort, "seconds": seconds}
        print_json("demo", {**about, **result.to_json(), "folder": folder})
        return 0
    screen.print(result.markdown())
    screen.print(f"{count} seeds, mean +- 95 %; {seconds:.0f} s; numbers and figure in {folder}")
    return 0
