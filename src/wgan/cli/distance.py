"""`wgan distance A B`: how far apart are two samples, or what they were drawn from?"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Annotated, Literal, TypeVar

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from wgan.audit import bracket, dual
from wgan.cli.app import Flag, app, screen
from wgan.distances import distance, earth_mover, jensen_shannon, kullback_leibler, total_variation
from wgan.distances.results import Printed, finite
from wgan.distances.spaces import fit_space
from wgan.errors import WganError
from wgan.sources import Source, read_pair

P, Q = "3,2,1,4", "1,2,4,3"
Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn", "dual"]
Report = Callable[[str, int, int], None]
Result = TypeVar("Result")


@app.command(name="distance")
def distance_command(
    a: Annotated[str, Parameter(show_default=False)] = P,
    b: Annotated[str, Parameter(show_default=False)] = Q,
    /,
    *,
    metric: Metric = "auto",
    p: float = 1.0,
    space: str = "raw",
    number: Annotated[int | None, Parameter(name=["-n", "--number"])] = None,
    bracket: Annotated[Literal["population", "samples"] | None, Parameter(name="--bracket")] = None,
    confidence: float = 0.95,
    diameter: float | None = None,
    variant: str = "wgan-gp",
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
        What `wgan train` takes, a run's folder (fresh samples of its generator), or a histogram such as 3,2,1,4.
    b
        Likewise.
    metric
        auto: exact up to 10,000 x 10,000 samples, sliced beyond. dual: what a critic of --variant reads.
    p
        The order: 1 or 2; in one dimension any, also inf.
    space
        raw, standard (columns in standard deviations of A) or pca-K (the first K principal axes).
    number
        Samples of each side at most; all unless given, and as many of a generator as of the other side.
    bracket
        Print an interval: of the population (with --confidence), or of these samples alone.
    confidence
        The probability of a population bracket.
    diameter
        No two possible samples lie farther apart; known for pictures of whole numbers.
    variant
        The row of `wgan variants` for --metric dual.
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
    if _is_histogram(a) and _is_histogram(b):
        _print_histograms(_masses(a), _masses(b), explain, json_)
        return 0
    if bracket is not None and (metric != "auto" or p != 1):
        raise WganError("--bracket is of W1 alone: leave out --metric and --p")
    if metric == "dual" and p != 1:
        raise WganError("--metric dual reads W1: leave out --p")
    x, y = read_pair(a, b, number, seed, progress=not quiet)
    with _progress(quiet) as report:
        result = _interruptible(lambda: _measure(x, y, metric, p, space, bracket, confidence, diameter, variant, steps, seed, report))
    if json_:
        print(json.dumps(finite(result.to_json() | {"x": x.words, "y": y.words, "seed": seed}), indent=2))
        return 0
    screen.print(f"x: {x.words}\ny: {y.words}")
    screen.print(result.table() if explain else str(result))
    if result.note and not explain:
        screen.print(result.note)
    return 0


def _measure(
    x: Source,
    y: Source,
    metric: Metric,
    p: float,
    space: str,
    kind: Literal["population", "samples"] | None,
    confidence: float,
    diameter: float | None,
    variant: str,
    steps: int | None,
    seed: int,
    report: Report,
) -> Printed:
    a, b = x.values, y.values
    if kind is not None:
        known = (x.diameter, x.units) if diameter is None and space != "standard" and y.diameter else (diameter, "declared")
        return bracket(a, b, kind, confidence, *known, steps=steps or 2000, space=space, seed=seed, units=x.units, progress=report)
    chosen = fit_space(space, a, b, x.units)
    a, b = chosen.map(a), chosen.map(b)
    if metric == "dual":
        return dual(a, b, variant, steps or 3000, seed=seed, units=chosen.units, progress=lambda i, n: report(f"training a {variant} critic", i, n))
    report(f"{len(a)} x {len(b)} samples", 0, 1)
    return distance(a, b, metric, p, seed=seed, floor=True, units=chosen.units)


def _print_histograms(p: list[float], q: list[float], explain: bool, as_json: bool) -> None:
    walk = earth_mover(p, q)
    others = {"total variation": total_variation(p, q), "Jensen-Shannon, nats": jensen_shannon(p, q), "KL(P || Q), nats": kullback_leibler(p, q)}
    if as_json:
        print(json.dumps(finite({"distance": walk.distance, "flow": walk.flow.tolist(), "plan": walk.plan.tolist(), **others}), indent=2))
        return
    screen.print(walk.explain() if explain else str(walk))
    screen.print("; ".join(f"{name} {value:.4g}" for name, value in others.items()) + " (of P and Q divided by their sums)")


def _is_histogram(source: str) -> bool:
    return "," in source and all(_number(part) is not None for part in source.split(","))


def _masses(source: str) -> list[float]:
    return [float(part) for part in source.split(",")]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@contextmanager
def _progress(quiet: bool) -> Iterator[Report]:
    """Yield what long work calls with (what, step, steps); the bar goes to standard error, so that JSON stays clean."""
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task("")
        yield lambda what, step, steps: progress.update(task, description=what, completed=step, total=steps if steps > 1 else None)


def _interruptible(work: Callable[[], Result]) -> Result:
    """Run work in a thread, so that Ctrl-C acts at once: the exact solver is one long call that hears of no signal."""
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
