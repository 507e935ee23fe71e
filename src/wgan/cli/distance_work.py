"""Work of `wgan distance` on two samples: read, measure, test and draw."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pandas as pd

from wgan.audit import bracket, dual
from wgan.audit.columns import Columns, diameter_of
from wgan.audit.sources import Source, read_pair
from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress
from wgan.cli.distance_options import Options
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.column_kinds import numbers_rows
from wgan.distances import (
    PermutationTest,
    distance,
    permutation_test,
    sampling_spread,
    transport_1d,
)
from wgan.distances.choice import Distance
from wgan.distances.drawing import check_picture, draw_plan
from wgan.distances.results import Printed
from wgan.distances.spaces import Space, fit_space


@dataclass(frozen=True)
class Measured:
    """Results that were measured, and the error that stopped the others.

    `more` holds the test and the spread under their names in JSON. `plot` is the picture that was
    written. `failure` is raised once the rest is printed, so that a distance is not lost with it.
    """

    result: Printed
    more: dict[str, Printed] = field(default_factory=dict)
    plot: Path | None = None
    failure: WganError | None = None


Work = Callable[[], Measured]
Value = TypeVar("Value", int, float)


def prepared(a: str, b: str, options: Options, progress: Progress) -> tuple[Source, Source, Work]:
    """Return both sides as they were read, and what measures them.

    Args:
        a: the first source.
        b: the second source.
        options: of the command line, checked.
        progress: listener to reading and measuring.

    Raises:
        WganError: as `read_pair`, `fit_space`, `diameter_of` and `check_picture`.
    """
    if options.plot is not None:
        check_picture(options.plot)  # before the work, which may be long
    columns = Columns(options.measured_columns, options.weights, options.groups)
    population = options.bracket == "population"
    kind = options.kind or "auto"
    x, y = read_pair(a, b, options.number, options.seed, progress, population, columns, kind)
    if x.names and not columns.measured:
        _note_row_numbers(x, y)
    if options.bracket is not None:
        return x, y, _bracket(x, y, options, progress)
    space = fit_space(options.space, x.values, y.values, x.units)
    weighted = options.numbers_by_column("--column-weight")
    if weighted:
        space = _weighted(weighted, x)
    if options.metric == "dual":
        return x, y, _dual(x, y, space, options, progress)
    return x, y, lambda: _distance(x, y, space, options, progress)


def _note_row_numbers(x: Source, y: Source) -> None:
    """Say which columns in their own units look like row numbers, whose distance means nothing."""
    for name, *sides in zip(x.names, x.values.T, y.values.T, strict=True):
        if any(_numbers_rows(name, values) for values in sides):
            warnings.warn(
                f"column '{name}' looks like row numbers, and is measured like the others;"
                " --columns with the names of the others leaves it out",
                stacklevel=2,
            )


def _numbers_rows(name: str, values: np.ndarray) -> bool:
    whole = bool((np.floor(values) == values).all()) and np.abs(values).max() < MOST_EXACT
    return whole and numbers_rows(name, pd.Series(values))


def _bracket(x: Source, y: Source, options: Options, progress: Progress) -> Work:
    """Return a function that computes a bracket; the diameter of pictures of 8 bits is known."""
    diameter = options.diameter
    source = "declared"
    if options.ranges:
        sides = {x.words: x.values, y.words: y.values}
        diameter = diameter_of(options.column_ranges, x.names, x.units, sides)
        source = f"of the ranges of {len(x.names)} columns"
    elif diameter is None and x.diameter and y.diameter:
        diameter = x.diameter
        source = x.units
    certifies = cast(Literal["population", "samples"], options.bracket)
    return lambda: Measured(
        bracket(
            x.values,
            y.values,
            certifies,
            _or(options.confidence, 0.95),
            diameter,
            source,
            steps=_or(options.steps, 2000),
            space=options.space,
            seed=options.seed,
            units=x.units,
            progress=progress,
            x_groups=x.groups,
            y_groups=y.groups,
            fitted=x.fitted,
        )
    )


def _dual(x: Source, y: Source, space: Space, options: Options, progress: Progress) -> Work:
    """Return a function that trains a critic of a variant and reads it."""
    return lambda: Measured(
        dual(
            space.map(x.values),
            space.map(y.values),
            options.variant or "wgan-gp",
            _or(options.steps, 3000),
            seed=options.seed,
            units=space.units,
            progress=progress,
        )
    )


def _weighted(weights: dict[str, float], x: Source) -> Space:
    """Return the space in which each column counts by its weight: sum_k w_k (x_k - y_k)^2."""
    by_place = np.ones(x.values.shape[1])
    for place, weight in _places("--column-weight", weights, x).items():
        if not (0 <= weight < np.inf):
            raise WganError(f"--column-weight {x.names[place]}={weight:g}: give 0 or more")
        by_place[place] = weight
    if not by_place.any():
        raise WganError("--column-weight: all columns have weight 0: give some column weight")
    scales = np.sqrt(by_place)
    words = f"{x.units}, weighted columns"
    return Space("weighted", lambda s: s * scales, words, float(scales.max()))


def _periods(x: Source, space: Space, options: Options) -> dict[int | str, float]:
    """Return the periods of circular columns by their places, in the unit of the space."""
    if not options.circular:
        return {}
    periods = _places("--circular", options.numbers_by_column("--circular"), x)
    scales = space.map(np.ones((1, x.values.shape[1])))[0]
    for place, period in periods.items():
        if not (0 < period < np.inf):
            raise WganError(f"--circular {x.names[place]}={period:g}: give a period above 0")
    # A column of weight 0 does not count, with or without a period.
    return {k: t * float(scales[k]) for k, t in periods.items() if scales[k] > 0}


def _places(flag: str, given: dict[str, float], x: Source) -> dict[int, float]:
    """Return values given for columns, by the columns' places."""
    if given and not x.names:
        raise WganError(
            f"{flag} is for columns of numbers without gaps, with names, and these samples are"
            f" {x.units}: choose such columns with --columns"
        )
    for name in given:
        if name not in x.names:
            raise WganError(
                f"{flag}: no measured column is '{name}'. {did_you_mean(name, x.names)}"
            )
    return {x.names.index(name): value for name, value in given.items()}


def _distance(x: Source, y: Source, space: Space, options: Options, progress: Progress) -> Measured:
    """Measure a distance, and everything else that was requested."""
    a, b = space.map(x.values), space.map(y.values)
    usual = 2.0 if options.metric == "max-sliced" else 1.0
    p = _or(options.p, usual)
    progress(f"{len(a)} x {len(b)} samples", 0, None)
    found = distance(
        a,
        b,
        options.metric,  # type: ignore[arg-type]  # dual is none
        p,
        x.weights,
        y.weights,
        seed=options.seed,
        floor=True,
        units=space.units,
        progress=progress,
        epsilon=options.epsilon,
        x_groups=x.groups,
        circular=_periods(x, space, options),
    )
    measured = Measured(found)
    rows: dict[str, Any] = {
        "x_weights": x.weights,
        "y_weights": y.weights,
        "x_groups": x.groups,
        "y_groups": y.groups,
        "seed": options.seed,
        "units": space.units,
        "progress": progress,
    }
    try:
        if options.plot is not None:
            _draw(found, (a, b), x, y, space, options)
            measured = replace(measured, plot=options.plot)
        if options.permutations is not None:
            measured.more["permutation_test"] = _tested(x, y, space, p, rows, options)
        if options.subsamples is not None:
            spread = sampling_spread(
                a,
                b,
                found.metric,  # type: ignore[arg-type]
                p,
                options.subsamples,
                _or(options.confidence, 0.95),
                epsilon=found.epsilon,
                value=found.value,
                **rows,
            )
            measured.more["spread"] = spread
    except WganError as error:
        return replace(measured, failure=error)
    return measured


def _tested(
    x: Source, y: Source, space: Space, p: float, rows: dict[str, Any], options: Options
) -> PermutationTest:
    """Return the permutation test, in coordinates that do not tell the sides apart."""
    if x.fitted:
        warnings.warn(
            "the coordinates of the permutation test are fitted to A, so that its level is"
            " approximate: choose columns of numbers with --columns for an exact one",
            stacklevel=2,
        )
    if space.name == "standard":
        both = np.concatenate([x.values, y.values])
        space = replace(
            fit_space("standard", both, both, x.units),
            units="standard deviations of both sides' columns",
        )
    metric = cast(Literal["auto", "exact", "sliced"], options.metric)
    count = cast(int, options.permutations)
    a, b = space.map(x.values), space.map(y.values)
    return permutation_test(a, b, metric, p, count, **rows | {"units": space.units})


def _draw(
    found: Distance,
    samples: tuple[np.ndarray, np.ndarray],
    x: Source,
    y: Source,
    space: Space,
    options: Options,
) -> None:
    """Draw the plan of an exact distance."""
    solved = found.transport
    if solved is None:
        if found.metric != "exact":
            raise WganError(
                f"--plot draws the plan of exact transport, and {found.n} x {found.m} samples were"
                " measured by slices: request --metric exact, or take fewer samples with -n"
            )
        solved = transport_1d(samples[0], samples[1], found.p, x.weights, y.weights)
    names = x.names if space.name in ("raw", "standard") else ()
    path = cast(Path, options.plot)
    draw_plan(solved, path, found.name, names, space.units, options.seed)


def _or(value: Value | None, usual: Value) -> Value:
    return usual if value is None else value
