"""`wgan distance A B`: how far apart are two samples, or what they were drawn from?"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Annotated, Literal, TypeVar

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from wgan import audit
from wgan.audit.sources import read_pair
from wgan.base.errors import WganError
from wgan.base.progress import Progress as Report
from wgan.cli.app import Flag, app, screen
from wgan.distances import distance, earth_mover, jensen_shannon, kullback_leibler, total_variation
from wgan.distances.results import Printed, finite
from wgan.distances.spaces import fit_space

P, Q = "3,2,1,4", "1,2,4,3"
Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn", "dual"]
Result = TypeVar("Result")


@app.command(name="distance")
def distance_command(
    a: str | None = None,
    b: str | None = None,
    /,
    *,
    metric: Metric = "auto",
    p: float | None = None,
    space: str = "raw",
    number: Annotated[int | None, Parameter(name=["-n", "--number"])] = None,
    bracket: Literal["population", "samples"] | None = None,
    confidence: float | None = None,
    diameter: float | None = None,
    variant: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    explain: Annotated[bool, Flag] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Print how far apart A and B are, what was assumed, and how well it is known.

    Parameters
    ----------
    a
        What `wgan train` takes, a run's folder (fresh samples of its generator), or a histogram
        such as 3,2,1,4. Without A and B: the example of 3,2,1,4 and 1,2,4,3.
    b
        Likewise.
    metric
        auto: exact up to 10,000 x 10,000 samples, sliced beyond. dual: what a critic of --variant
            reads.
    p
        The order, 1 unless given: 1 or 2; in one dimension any, also inf; max-sliced has 2.
    space
        raw, standard (columns in standard deviations of A) or pca-K (the first K principal axes).
    number
        Samples of each side at most; all unless given, and as many of a generator as of the other
        side.
    bracket
        Print an interval: of the population (with --confidence), or of these samples alone.
    confidence
        The probability of a population bracket; 0.95 unless given.
    diameter
        No two possible samples of one side lie farther apart, in raw coordinates; known for
        pictures of 8 bits.
    variant
        The row of `wgan variants` for --metric dual; wgan-gp unless given.
    steps
        Training of the critic: 3000 for dual, 2000 for a bracket, unless given.
    seed
        Names the samples drawn, splits, directions and critics.
    explain
        Show every fact; of histograms, the walk.
    json_
        Print JSON.
    quiet
        No progress bar.
    """
    if a is None or b is None:
        if a is not None:
            raise WganError(f"one source, {a}: give two")
        a, b = P, Q
    _refuse_what_has_no_effect(
        {"--confidence": confidence, "--diameter": diameter},
        bracket == "population",
        "belongs to --bracket population",
    )
    _refuse_what_has_no_effect({"--variant": variant}, metric == "dual", "belongs to --metric dual")
    _refuse_what_has_no_effect(
        {"--steps": steps},
        metric == "dual" or bracket is not None,
        "belongs to --metric dual and --bracket",
    )
    if bracket is not None and (metric != "auto" or p not in (None, 1)):
        raise WganError("--bracket is of W1 alone: leave out --metric and --p")
    if metric == "dual" and p not in (None, 1):
        raise WganError("--metric dual reads W1: leave out --p")
    masses = _masses(a), _masses(b)
    if masses[0] is not None and masses[1] is not None:
        others = {
            "--metric": None if metric == "auto" else metric,
            "--p": p,
            "--bracket": bracket,
            "-n": number,
        }
        _refuse_what_has_no_effect(others, False, "is not for histograms")
        _print_histograms(masses[0], masses[1], explain, json_)
        return 0
    x, y = read_pair(a, b, number, seed, progress=not quiet)

    def measure(report: Report) -> Printed:
        if bracket is not None:
            known = (
                (x.diameter, x.units)
                if diameter is None and x.diameter and y.diameter
                else (diameter, "declared")
            )
            level = 0.95 if confidence is None else confidence
            length = 2000 if steps is None else steps
            return audit.bracket(
                x.values,
                y.values,
                bracket,
                level,
                *known,
                steps=length,
                space=space,
                seed=seed,
                units=x.units,
                progress=report,
            )
        chosen = fit_space(space, x.values, y.values, x.units)
        values = chosen.map(x.values), chosen.map(y.values)
        if metric == "dual":
            name, length = variant or "wgan-gp", 3000 if steps is None else steps
            return audit.dual(
                *values,
                name,
                length,
                seed=seed,
                units=chosen.units,
                progress=report,
            )
        report(f"{len(values[0])} x {len(values[1])} samples", 0, 1)
        order = p if p is not None else 2.0 if metric == "max-sliced" else 1.0
        return distance(*values, metric, order, seed=seed, floor=True, units=chosen.units)

    with _progress(quiet) as report:
        result = _interruptible(lambda: measure(report))
    if json_:
        print(json.dumps(result.to_json() | {"x": x.words, "y": y.words, "seed": seed}, indent=2))
        return 0
    screen.print(f"x: {x.words}\ny: {y.words}")
    screen.print(result.table() if explain else str(result))
    if result.note and not explain:
        screen.print(result.note)
    return 0


def _refuse_what_has_no_effect(given: Mapping[str, object], has_effect: bool, why: str) -> None:
    for flag, value in given.items():
        if value is not None and not has_effect:
            raise WganError(f"{flag} {why}: leave it out")


def _print_histograms(p: list[float], q: list[float], explain: bool, as_json: bool) -> None:
    walk = earth_mover(p, q)
    others = {
        "total variation": total_variation(p, q),
        "Jensen-Shannon, nats": jensen_shannon(p, q),
        "KL(P || Q), nats": kullback_leibler(p, q),
    }
    if as_json:
        print(
            json.dumps(
                finite(
                    {
                        "distance": walk.distance,
                        "flow": walk.flow.tolist(),
                        "plan": walk.plan.tolist(),
                        **others,
                    }
                ),
                indent=2,
            )
        )
        return
    screen.print(walk.explain() if explain else str(walk))
    screen.print(
        "; ".join(f"{name} {value:.4g}" for name, value in others.items())
        + " (of P and Q divided by their sums)"
    )


def _masses(source: str) -> list[float] | None:
    """Return the masses of a histogram such as 3,2,1,4; none: it is a name or path."""
    try:
        return [float(part) for part in source.split(",")] if "," in source else None
    except ValueError:
        return None


@contextmanager
def _progress(quiet: bool) -> Iterator[Report]:
    """Yield what long work calls with (what, step, steps); the bar goes to standard error, so that
    JSON stays clean.
    """
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, disable=quiet or not console.is_terminal, transient=True
    ) as progress:
        task = progress.add_task("")
        yield lambda what, step, steps: progress.update(
            task, description=what, completed=step, total=steps if steps and steps > 1 else None
        )


def _interruptible(work: Callable[[], Result]) -> Result:
    """Run work in a thread, so that Ctrl-C acts at once: the exact solver is one long call that
    hears of no signal.
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed on below
            failure.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
    if failure:
        raise failure[0]
    return outcome[0]
