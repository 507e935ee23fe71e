"""`wgan distance A B`: the distance between two samples, or between what they were drawn from."""

import atexit
import json
import os
from collections.abc import Callable, Mapping
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.base.progress import Progress
from wgan.cli import INTERRUPTED, close_output
from wgan.cli.numbers import COUNT, NUMBER, SEED
from wgan.cli.output import Flag, screen
from wgan.cli.progress import bar
from wgan.distances.histograms import (
    earth_mover,
    jensen_shannon,
    kullback_leibler,
    total_variation,
)
from wgan.distances.results import Printed, finite

if TYPE_CHECKING:
    from wgan.audit.sources import Source

P, Q = "3,2,1,4", "1,2,4,3"
Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn", "dual"]
Result = TypeVar("Result")


def distance_command(
    a: str | None = None,
    b: str | None = None,
    /,
    *,
    metric: Metric = "auto",
    p: float | None = None,
    space: str = "raw",
    number: Annotated[int | None, NUMBER] = None,
    bracket: Literal["population", "samples"] | None = None,
    confidence: float | None = None,
    diameter: float | None = None,
    variant: str | None = None,
    steps: Annotated[int | None, COUNT] = None,
    seed: Annotated[int, SEED] = 0,
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
        auto: exact up to 20,000 x 20,000 samples, sliced beyond. dual: what a critic of --variant
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
        The variant for --metric dual; wgan-gp unless given.
    steps
        Training of the critic: 3000 for dual, 2000 for a bracket, unless given.
    seed
        Random seed of the samples drawn, splits, directions and critics.
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
    _refuse_without_effect(
        {"--confidence": confidence, "--diameter": diameter},
        bracket == "population",
        "belongs to --bracket population",
    )
    trained = metric == "dual" or bracket is not None
    _refuse_without_effect({"--variant": variant}, metric == "dual", "belongs to --metric dual")
    _refuse_without_effect({"--steps": steps}, trained, "belongs to --metric dual and --bracket")
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
        _refuse_without_effect(others, False, "is not for histograms")
        _print_histograms(masses[0], masses[1], explain, json_)
        return 0
    from wgan.audit.sources import read_pair  # needs torch, which histograms do without

    with bar(quiet, remaining=False) as progress:
        x, y = read_pair(a, b, number, seed, progress, bracket == "population")
        if bracket is not None:
            measure = _bracket(x, y, bracket, confidence, diameter, steps, space, seed, progress)
        elif metric == "dual":
            measure = _dual(x, y, variant or "wgan-gp", steps, space, seed, progress)
        else:
            measure = _distance(x, y, metric, p, space, seed, progress)
        result = _interruptible(measure)
    _print_result(x, y, result, seed, explain, json_)
    return 0


def _bracket(
    x: "Source",
    y: "Source",
    certifies: Literal["population", "samples"],
    confidence: float | None,
    diameter: float | None,
    steps: int | None,
    space: str,
    seed: int,
    progress: Progress,
) -> Callable[[], Printed]:
    """Return what computes a bracket; the diameter of pictures of 8 bits is known."""
    from wgan.audit import bracket

    source = "declared"
    if diameter is None and x.diameter and y.diameter:
        diameter = x.diameter
        source = x.units
    return lambda: bracket(
        x.values,
        y.values,
        certifies,
        0.95 if confidence is None else confidence,
        diameter,
        source,
        steps=2000 if steps is None else steps,
        space=space,
        seed=seed,
        units=x.units,
        progress=progress,
    )


def _dual(
    x: "Source",
    y: "Source",
    variant: str,
    steps: int | None,
    space: str,
    seed: int,
    progress: Progress,
) -> Callable[[], Printed]:
    """Return what trains a critic of a variant and reads it."""
    from wgan.audit import dual
    from wgan.distances.spaces import fit_space

    chosen = fit_space(space, x.values, y.values, x.units)
    length = 3000 if steps is None else steps
    return lambda: dual(
        chosen.map(x.values),
        chosen.map(y.values),
        variant,
        length,
        seed=seed,
        units=chosen.units,
        progress=progress,
    )


def _distance(
    x: "Source",
    y: "Source",
    metric: Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn"],
    p: float | None,
    space: str,
    seed: int,
    progress: Progress,
) -> Callable[[], Printed]:
    """Return what computes a distance of the samples."""
    from wgan.distances import distance
    from wgan.distances.spaces import fit_space

    chosen = fit_space(space, x.values, y.values, x.units)
    values = chosen.map(x.values), chosen.map(y.values)
    usual = 2.0 if metric == "max-sliced" else 1.0
    progress(f"{len(x.values)} x {len(y.values)} samples", 0, None)
    return lambda: distance(
        *values,
        metric,
        usual if p is None else p,
        seed=seed,
        floor=True,
        units=chosen.units,
        progress=progress,
    )


def _print_result(
    x: "Source", y: "Source", result: Printed, seed: int, explain: bool, as_json: bool
) -> None:
    if as_json:
        values = result.to_json() | {"x": x.words, "y": y.words, "seed": seed}
        print(json.dumps(values, indent=2))
        return
    screen.print(f"x: {x.words}\ny: {y.words}")
    screen.print(result.table() if explain else str(result))
    if result.note and not explain:
        screen.print(result.note)


def _refuse_without_effect(given: Mapping[str, object], has_effect: bool, why: str) -> None:
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
        facts = {
            "distance": walk.distance,
            "flow": walk.flow.tolist(),
            "plan": walk.plan.tolist(),
        }
        print(json.dumps(finite(facts | others), indent=2))
        return
    screen.print(walk.explain() if explain else str(walk))
    figures = "; ".join(f"{name} {value:.4g}" for name, value in others.items())
    screen.print(f"{figures} (of P and Q divided by their sums)")


def _masses(source: str) -> list[float] | None:
    """Return the masses of a histogram such as 3,2,1,4; none: it is a name or path."""
    try:
        return [float(part) for part in source.split(",")] if "," in source else None
    except ValueError:
        return None


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
    try:
        while thread.is_alive():
            thread.join(0.1)
    except KeyboardInterrupt:
        # An interrupted `join` takes the thread for ended, whether it is or not.
        atexit.register(_leave, lambda: not outcome and not failure)
        raise
    if failure:
        raise failure[0]
    return outcome[0]


def _leave(is_working: Callable[[], bool]) -> None:
    """End the process at once where a thread is still in the solver: Python would end that thread
    inside of compiled code, which aborts the process.
    """
    if is_working():
        close_output()
        os._exit(INTERRUPTED)
