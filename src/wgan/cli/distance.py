"""`wgan distance A B`: the distance between two samples, or between what they were drawn from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.data_flags import DataName
from wgan.cli.distance_options import Metric, Options
from wgan.cli.interruptible import interruptible
from wgan.cli.json_output import Json, print_json
from wgan.cli.numbers import COUNT, NUMBER, SEED
from wgan.cli.output import Flag, screen
from wgan.cli.progress import bar
from wgan.distances.histograms import (
    earth_mover,
    jensen_shannon,
    kullback_leibler,
    total_variation,
)

if TYPE_CHECKING:
    from wgan.audit.sources import Source
    from wgan.cli.distance_work import Measured

P, Q = "3,2,1,4", "1,2,4,3"
TABLES = "Columns of two tables"
SURE = "How well it is known"
"""Headings of the help, which has too many options for one list."""


def distance_command(
    a: DataName | None = None,
    b: DataName | None = None,
    /,
    *,
    metric: Metric = "auto",
    p: float | None = None,
    epsilon: float | None = None,
    space: str = "raw",
    number: Annotated[int | None, NUMBER] = None,
    kind: str | None = None,
    columns: Annotated[str | None, Parameter(group=TABLES)] = None,
    column_weight: Annotated[list[str] | None, Parameter(group=TABLES, negative="")] = None,
    circular: Annotated[list[str] | None, Parameter(group=TABLES, negative="")] = None,
    weights: Annotated[str | None, Parameter(group=TABLES)] = None,
    groups: Annotated[str | None, Parameter(group=TABLES)] = None,
    permutations: Annotated[int | None, COUNT, Parameter(group=SURE)] = None,
    subsamples: Annotated[int | None, COUNT, Parameter(group=SURE)] = None,
    bracket: Annotated[Literal["population", "samples"] | None, Parameter(group=SURE)] = None,
    confidence: Annotated[float | None, Parameter(group=SURE)] = None,
    diameter: Annotated[float | None, Parameter(group=SURE)] = None,
    range_: Annotated[list[str] | None, Parameter(name="--range", group=SURE, negative="")] = None,
    variant: str | None = None,
    steps: Annotated[int | None, COUNT] = None,
    plot: Path | None = None,
    seed: Annotated[int, SEED] = 0,
    explain: Annotated[bool, Flag] = False,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Print the distance between A and B, what it assumes, and how well it is known.

    Parameters
    ----------
    a
        Data as `wgan train` takes them, the folder of a run or hf://user/name (fresh samples of the
        generator), or a histogram such as 3,2,1,4. Without A and B, the histograms 3,2,1,4 and
        1,2,4,3 are an example.
    b
        The second source, likewise.
    metric
        The distance. auto is exact up to 20,000 x 20,000 samples, and sliced beyond. dual is the
            reading of a critic of --variant.
    p
        The order, by default 1: 1 or 2; in one dimension any, also inf; for max-sliced 2.
    epsilon
        The weight of the entropy of --metric sinkhorn, in the unit of the samples to the power p;
        by default a twentieth of the mean cost.
    space
        Coordinates: raw, standard (columns in standard deviations of A) or pca-K (the first K
        principal axes).
    number
        Most samples of each side; by default all, and as many of a generator as of the other side.
    kind
        Kind that arrays are read as, such as series; by default vectors or images, by their shape.
    columns
        Columns to measure, such as age,income; by default all.
    column_weight
        Weight of a column in squared distances, such as age=2; by default 1; may be repeated.
    circular
        Column that starts again after a period, such as hour=24, so that 23 and 0 are one apart;
        may be repeated.
    weights
        Column with the weights of the rows; it is not measured.
    groups
        Column that names groups of rows that depend on each other, such as those of a person; it is
        not measured. Groups are halved, exchanged and drawn whole.
    permutations
        Test whether A and B are from one population, with this many permutations, such as 999.
    subsamples
        Print how much the distance varies over samples, from this many subsamples, such as 200.
    bracket
        Print a certified interval for the populations (with --confidence), or for these samples
        alone.
    confidence
        Probability of a population bracket, or of the interval of --subsamples; by default 0.95.
    diameter
        Largest possible distance of two samples of one side, in raw coordinates; known for pictures
        of 8 bits.
    range_
        For tables: least and largest possible value of a column, such as age=17:90. The diameter
        follows from those of all columns.
    variant
        Variant for --metric dual; by default wgan-gp.
    steps
        Training steps of the critic; by default 3000 for dual, 2000 for a bracket.
    plot
        File for a picture, .png or .svg: the exact plan, or the walk between histograms.
    seed
        Random seed of drawn samples, splits, directions and critics.
    explain
        Print every fact; for histograms also the walk.
    json_
        Print one JSON document instead of text.
    quiet
        No progress bar.
    """
    if a is None or b is None:
        if a is not None:
            raise WganError(f"one source, {a}: give two")
        a, b = P, Q
    options = Options(
        metric=metric,
        p=p,
        epsilon=epsilon,
        space=space,
        number=number,
        kind=kind,
        columns=columns,
        column_weights=tuple(column_weight or ()),
        circular=tuple(circular or ()),
        weights=weights,
        groups=groups,
        permutations=permutations,
        subsamples=subsamples,
        bracket=bracket,
        confidence=confidence,
        diameter=diameter,
        ranges=tuple(range_ or ()),
        variant=variant,
        steps=steps,
        plot=plot,
        seed=seed,
    )
    a, b = str(a), str(b)
    masses = _masses(a), _masses(b)
    if masses[0] is not None and masses[1] is not None:
        options.check_for_histograms()
        _print_histograms(masses[0], masses[1], plot, explain, json_)
        return 0
    options.check()
    from wgan.cli.distance_work import prepared  # needs torch, which histograms do without

    with bar(quiet, remaining=False) as progress:
        x, y, measure = prepared(a, b, options, progress)
        measured = interruptible(measure)
    _print_results(x, y, measured, seed, explain, json_)
    if measured.failure is not None:
        raise measured.failure
    return 0


def _print_results(
    x: "Source", y: "Source", measured: "Measured", seed: int, explain: bool, as_json: bool
) -> None:
    if as_json:
        values = measured.result.to_json() | {"x": x.words, "y": y.words, "seed": seed}
        values |= {name: more.to_json() for name, more in measured.more.items()}
        notes = [each.note for each in (measured.result, *measured.more.values()) if each.note]
        print_json("distance", values | {"notes": notes, "plot": measured.plot})
        return
    screen.print(f"x: {x.words}\ny: {y.words}")
    for result in (measured.result, *measured.more.values()):
        screen.print(result.table() if explain else str(result))
        if result.note and not explain:
            screen.print(result.note)
    if measured.plot is not None:
        screen.print(f"the plan is drawn in {measured.plot}")


def _print_histograms(
    p: list[float], q: list[float], plot: Path | None, explain: bool, as_json: bool
) -> None:
    walk = earth_mover(p, q)
    others = {
        "total variation": total_variation(p, q),
        "Jensen-Shannon, nats": jensen_shannon(p, q),
        "KL(P || Q), nats": kullback_leibler(p, q),
    }
    if plot is not None:
        from wgan.distances.drawing import draw_walk  # matplotlib is slow to import

        draw_walk(walk, plot)
    if as_json:
        names = ("total_variation", "jensen_shannon_nats", "kl_nats")
        facts = {
            "metric": "earth-mover",
            "value": walk.distance,
            "units": "mass times bins",
            "flow": walk.flow,
            "plan": walk.plan,
            **dict(zip(names, others.values(), strict=True)),
            "plot": plot,
        }
        print_json("distance", facts)
        return
    screen.print(walk.explain() if explain else str(walk))
    figures = "; ".join(f"{name} {value:.4g}" for name, value in others.items())
    screen.print(f"{figures} (of P and Q divided by their sums)")
    if plot is not None:
        screen.print(f"the walk is drawn in {plot}")


def _masses(source: str) -> list[float] | None:
    """Return the masses of a histogram such as 3,2,1,4; none: it is a name or path."""
    try:
        return [float(part) for part in source.split(",")] if "," in source else None
    except ValueError:
        return None
