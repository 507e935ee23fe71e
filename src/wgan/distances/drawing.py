"""Drawings of distances: a transport plan in the plane, and the walk between two histograms."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.figures import figure
from wgan.base.files import write_sealed
from wgan.base.places import check_replaceable
from wgan.base.printing import on_one_line
from wgan.base.seeding import numpy_generator
from wgan.distances.histograms import EarthMover
from wgan.distances.plan import Transport
from wgan.distances.results import figures

FORMS = ("png", "svg")
SIDES = (("#3b82f6", "o"), ("#e07b39", "^"))
"""Colour and marker of x and P, and of y and Q: they differ in shape too, not in hue alone."""
MOVED = "#707070"
INCHES = (7.2, 6.0)
WALK_INCHES = (7.2, 5.4)
"""Width and height of the figure: as wide as a page of text."""
DOTS_PER_INCH = 200
"""Dots per inch of a PNG: 1,440 pixels across, sharp in print over a column's width."""
MOST_MOVES = 400
"""Most moves drawn: 1,000 long ones ran together into a grey ground, and hid the points."""
MOST_MARKED = 16
"""Bins whose flow is written beside it: the words of more would touch."""
MOST_ELEMENTS = 5000
"""Points of a side that are elements of an SVG: twice as many take 2 MB."""
UNLIKE = 8.0
"""Ratio of the ranges of two axes from which on one scale for both would leave a line."""
SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "wgan",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def check_picture(path: Path) -> str:
    """Return the form of a picture by its name, and refuse a place where it cannot be written.

    Args:
        path: the file.

    Raises:
        WganError: another ending, a folder that is not there, or a file that is not ours.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise WganError(f"{path}: a picture is a .png or .svg: name it so")
    if not path.parent.is_dir():
        raise WganError(f"{path}: there is no folder {path.parent}: make it first")
    check_replaceable(path, "choose another --plot")
    return form


def draw_plan(
    found: Transport,
    path: Path,
    name: str = "W",
    names: Sequence[str] = (),
    units: str = "data coordinates",
    seed: int = 0,
) -> None:
    """Draw a transport plan: samples of both sides as points, and mass that moves as segments.

    Samples on a line are drawn as two rows of points. Samples of more than two dimensions are drawn
    on the first two principal axes of both sides together. If there are more than 400 moves, 400
    are drawn at random, each with a chance by its mass. The title says all this.

    Args:
        found: the transport, with its samples.
        path: the file, `.png` or `.svg`; an earlier picture of ours is replaced.
        name: of the distance, such as W1.
        names: of the columns; none: they are numbered.
        units: of the coordinates.
        seed: random seed of the moves that are drawn.

    Raises:
        WganError: as `check_picture`; a plan of a matrix of costs, which has no samples.
    """
    if found.x is None or found.y is None:
        raise WganError("a plan of a matrix of costs has no samples to draw: give them")
    x, y, labels, where = _in_the_plane(found.x, found.y, names, units)
    plane = found.x.shape[1] > 1
    plan = found.plan
    chosen = np.arange(plan.nnz)
    if plan.nnz > MOST_MOVES:
        shares = plan.data / plan.data.sum()
        generator = numpy_generator(seed, "drawn moves")
        chosen = np.sort(generator.choice(plan.nnz, MOST_MOVES, replace=False, p=shares))
    title = f"{name} = {figures(found.distance)}{where}"
    if len(chosen) < plan.nnz:
        title += f"\n{len(chosen):,} of {plan.nnz:,} moves drawn, at random by mass"
    ends = np.stack([x[plan.row[chosen]], y[plan.col[chosen]]], axis=1)
    masses = plan.data[chosen]

    def draw(drawn: Any) -> None:
        from matplotlib.collections import LineCollection

        axes = drawn.add_subplot()
        # The heaviest of few moves has 2 points, of 400 moves 1 point; the lightest is not lost.
        thickness = float(np.clip(20 / len(chosen) ** 0.5, 1, 2))
        widths = thickness * (0.3 + 0.7 * masses / masses.max())
        alpha = float(np.clip(8 / len(chosen) ** 0.5, 0.35, 0.8))
        lines = LineCollection(
            list(ends), colors=MOVED, linewidths=widths, alpha=alpha, zorder=1, label="moves"
        )
        axes.add_collection(lines)
        weights = plan.sum(axis=1), plan.sum(axis=0)
        for points, mass, side, (colour, marker) in zip((x, y), weights, "xy", SIDES, strict=True):
            sizes = np.clip(4000 / len(points), 5, 40) * np.clip(mass * len(points), 0.2, 5)
            # Each point is an element of an SVG, and a browser takes some thousands of them.
            options = {"label": side, "rasterized": len(points) > MOST_ELEMENTS}
            axes.scatter(*points.T, s=sizes, c=colour, marker=marker, linewidths=0, **options)
        _finish(axes, labels, np.concatenate([x, y]), plane)
        axes.set_title(_plain(title))

    _write(path, INCHES, draw)


def _in_the_plane(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], names: Sequence[str], units: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, str], str]:
    """Return both samples in the plane, the names of its axes, and words for the title."""
    d = x.shape[1]
    labels = tuple(names) or tuple(f"column {i + 1}" for i in range(d))
    if d == 1:
        rows = [np.column_stack([s[:, 0], np.full(len(s), h)]) for s, h in ((x, 1.0), (y, 0.0))]
        return rows[0], rows[1], (f"{labels[0]} ({units})", ""), ", moves from x (above) to y"
    if d == 2:
        return x, y, (labels[0], labels[1]), f", {units}"
    middle = np.concatenate([x, y]).mean(axis=0)
    both = np.concatenate([x, y]) - middle
    # Of a covariance matrix rather than of the samples, which are many: the axes alone are needed.
    if d <= len(both):
        values, axes = np.linalg.eigh(both.T @ both)
        variances = values[::-1]
        axes = axes[:, ::-1]
    else:
        _, values, rows_of_axes = np.linalg.svd(both, full_matrices=False)
        variances = values**2
        axes = rows_of_axes.T
    shares = variances / max(float(variances.sum()), np.finfo(np.float64).tiny)
    words = (f"principal axis {i + 1} ({shares[i]:.0%} of the variance)" for i in range(2))
    axes = axes[:, :2]
    first, second = words
    where = f" in {d} dimensions, {units}; drawn on two principal axes"
    return (x - middle) @ axes, (y - middle) @ axes, (first, second), where


def _finish(axes: Any, labels: tuple[str, str], points: np.ndarray, plane: bool) -> None:
    """Label the axes, and give both one scale if both stay visible."""
    axes.set_xlabel(_plain(labels[0]))
    if plane:
        axes.set_ylabel(_plain(labels[1]))
        ranges = np.ptp(points, axis=0)
        if ranges.max() < UNLIKE * ranges.min():
            axes.set_aspect("equal", adjustable="datalim")
    else:
        axes.set_yticks([0, 1], ["y", "x"])
        axes.set_ylim(-0.3, 1.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def draw_walk(walk: EarthMover, path: Path) -> None:
    """Draw the walk between two histograms: their masses, and the mass carried from bin to bin.

    The area below the steps of the flow is the distance.

    Args:
        walk: the result of `earth_mover`.
        path: the file, `.png` or `.svg`; an earlier picture of ours is replaced.

    Raises:
        WganError: as `check_picture`.
    """
    at = walk.positions
    step = float(np.diff(at).min()) if len(at) > 1 else 1.0
    masses = walk.plan.sum(axis=1), walk.plan.sum(axis=0)

    def draw(drawn: Any) -> None:
        above, below = drawn.subplots(2, 1, sharex=True)
        for mass, side, (colour, _), shift in zip(masses, "PQ", SIDES, (-0.2, 0.2), strict=True):
            # Two bars of 0.4 of a bin, and a gap of 0.2.
            above.bar(at + shift * step, mass, 0.4 * step, color=colour, label=side)
        above.set_ylabel("mass in the bin")
        above.legend(loc="upper left", bbox_to_anchor=(1, 1))
        above.set_title(
            f"earth mover's distance {figures(walk.distance)}, the area in the lower panel"
        )
        flow = walk.flow[:-1]
        ways = ("to the right", np.maximum(flow, 0)), ("to the left", np.minimum(flow, 0))
        for (words, carried), (colour, _) in zip(ways, SIDES, strict=True):
            below.stairs(carried, at, fill=True, color=colour, label=words, alpha=0.7, linewidth=0)
        below.axhline(0, color="#202020", linewidth=0.8)
        if len(at) <= MOST_MARKED:
            for carried, left, right in zip(flow, at, at[1:], strict=False):
                side = "bottom" if carried >= 0 else "top"
                below.text((left + right) / 2, carried, f"{carried:.4g}", ha="center", va=side)
            below.set_xticks(at)
            below.margins(y=0.15)
        below.set_xlabel("position")
        below.set_ylabel("mass carried on")
        below.legend(loc="upper left", bbox_to_anchor=(1, 1))

    _write(path, WALK_INCHES, draw)


def _write(path: Path, inches: tuple[float, float], draw: Callable[[Any], None]) -> None:
    """Draw a figure and write it whole, or not at all."""
    form = check_picture(path)
    buffer = io.BytesIO()
    # Without a date, the same plot is the same file.
    metadata = {"Date": None} if form == "svg" else None
    with figure(inches, SETTINGS) as drawn:
        draw(drawn)
        drawn.savefig(buffer, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    write_sealed(path, buffer.getvalue())


def _plain(text: str) -> str:
    """Return text that matplotlib draws as it is: between two dollars it would read a formula."""
    return "\n".join(on_one_line(line) for line in text.split("\n")).replace("$", r"\$")
