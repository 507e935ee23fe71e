"""Plots of a report: what runs measured, each plot with the words and numbers that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wgan.base.intervals import Mean, mean_of
from wgan.evaluation.watch import measurements, noise_of
from wgan.report.comparison import Group
from wgan.report.drawing import FLOOR_COLOUR, FLOOR_DASHES, Plot, colour, marker, plain, style
from wgan.report.time_plots import curves_in_time
from wgan.runs import Finished

MOST_BARS = 60
"""Bars of a plot: with more, their names run into each other."""
MOST_ROWS = 40
"""Rows of a table of modes where there are more modes than bars: those that lack most."""
UPRIGHT_NAMES = 12
"""With more names of modes than this, they stand upright to fit beside each other."""
TABLE_STEPS = 8
"""Steps that a table of a curve has about; the plot has them all."""
LOG_SCALE_RATIO = 20
"""From this ratio of the largest to the least distance on, the end of a linear curve looks flat."""


@dataclass(frozen=True)
class _Curve:
    """The held-out distance of a group at each measurement: means over seeds with intervals."""

    group: Group
    steps: list[int]
    means: list[Mean]


def _curve(group: Group) -> _Curve:
    """Return the mean over seeds at each measurement that all of a group's runs made.

    With one seed, the half-width is that of a measurement's noise.
    """
    seeds = [measurements(run.metrics, _set_apart(run)) for run in group.runs]
    length = min(map(len, seeds))
    steps = [step for step, _ in seeds[0][:length]]
    values = np.array([[w1 for _, w1 in each[:length]] for each in seeds])
    if len(seeds) > 1:
        return _Curve(group, steps, [mean_of(column) for column in values.T])
    # 1.96: the normal quantile of 95 %.
    half_width = 1.96 * noise_of(values[0]) if length > 1 else 0.0
    return _Curve(group, steps, [Mean(float(w1), half_width) for w1 in values[0]])


def _set_apart(run: Finished) -> int | float:
    """Return how many samples were set apart for the last measurement of a run."""
    return [line.get("watched", 0) for line in run.metrics if "held_out_w1" in line][-1]


def over_training(groups: Sequence[Group]) -> Plot | None:
    """Return the plot of the held-out distance at each measurement, and of the floor.

    Lines are means over seeds, and bands their intervals; with one seed, a band is the noise of a
    measurement.

    Args:
        groups: runs by settings.

    Returns:
        The plot; None where a run was not measured while it trained.
    """
    for group in groups:
        for run in group.runs:
            if not any("held_out_w1" in m for m in run.metrics):
                return None
    curves = [_curve(group) for group in groups]
    watched = [run.finish.watched for group in groups for run in group.runs if run.finish.watched]
    floor = float(np.mean([each.floor for each in watched])) if watched else None
    rows = []
    for curve in curves:
        for k in range(0, len(curve.means), max(1, len(curve.means) // TABLE_STEPS)):
            rows.append([str(curve.steps[k]), curve.group.name, str(curve.means[k])])
    first_to_last = "; ".join(
        f"{c.group.name} from {c.means[0].value:.3g} to {c.means[-1].value:.3g}" for c in curves
    )
    floor_in_words = "" if floor is None else f"; real samples {floor:.3g}"
    size = f", n = {watched[0].n}" if watched else ""
    apart = any(_set_apart(run) for group in groups for run in group.runs)
    samples = "samples set apart for it" if apart else "held-out samples"
    return Plot(
        "over-training",
        f"Distance to {samples} over training (exact W1{size}; bands:"
        f" 95 % {_bands_in_words(groups)})",
        f"Line plot of W1 against steps: {first_to_last}{floor_in_words}.",
        (("step", "settings", "W1"), rows),
        lambda axes: _draw_curves(axes[0], curves, floor),
    )


def _bands_in_words(groups: Sequence[Group]) -> str:
    several = [len(group.runs) > 1 for group in groups]
    if all(several):
        return "over seeds"
    if any(several):
        return "over seeds, of one seed of a measurement's noise"
    return "of a measurement's noise"


def _draw_curves(ax: Any, curves: Sequence[_Curve], floor: float | None) -> None:
    for i, curve in enumerate(curves):
        values = np.array([m.value for m in curve.means])
        half_widths = np.nan_to_num(np.array([m.half_width for m in curve.means]))
        ax.plot(
            curve.steps,
            values,
            label=plain(curve.group.name),
            marker=marker(i),
            markersize=3,
            **style(i),
        )
        ax.fill_between(
            curve.steps,
            values - half_widths,
            values + half_widths,
            color=colour(i),
            alpha=0.2,
            linewidth=0,
        )
    if floor is not None:
        _draw_floor(ax.axhline, floor)
    ax.set(xlabel="generator steps", ylabel="W1 to held-out samples")
    distances = [m.value for curve in curves for m in curve.means]
    if max(distances) > LOG_SCALE_RATIO * min(distances):
        ax.set_yscale("log")
    ax.legend()


def _draw_floor(line: Any, floor: float) -> None:
    line(floor, color=FLOOR_COLOUR, linestyle=FLOOR_DASHES, label="real samples (floor)")


def final_distances(groups: Sequence[Group]) -> Plot:
    """Return the plot of each run's verdict as a point, with means, intervals and the floor.

    Args:
        groups: runs by settings.
    """
    floor = float(np.mean([run.finish.held_out.floor for group in groups for run in group.runs]))
    rows = []
    for group in groups:
        seeds = ", ".join(f"{run.finish.held_out.w1:.4g}" for run in group.runs)
        rows.append([group.name, seeds, str(group.w1)])
    means = "; ".join(f"{group.name} {group.w1}" for group in groups)
    return Plot(
        "final-distances",
        "Distance to held-out samples at the end",
        f"Points and intervals of W1: {means}; real samples {floor:.3g}.",
        (("settings", "W1 of each seed", "mean"), rows),
        lambda axes: _draw_verdicts(axes[0], groups, floor),
    )


def _draw_verdicts(ax: Any, groups: Sequence[Group], floor: float) -> None:
    for i, group in enumerate(groups):
        values = [run.finish.held_out.w1 for run in group.runs]
        # Points stand a little below the line of the group, the interval above.
        heights = [i + 0.15] * len(values)
        ax.plot(values, heights, marker(i), color=colour(i), markersize=4, alpha=0.8)
        mean = group.w1
        half_width = 0.0 if np.isnan(mean.half_width) else mean.half_width
        ax.errorbar(
            [mean.value], [i - 0.1], xerr=[half_width], fmt="|", color=FLOOR_COLOUR, capsize=4
        )
    _draw_floor(ax.axvline, floor)
    ax.set(
        xlabel="W1 to held-out samples; points are seeds, bars mean and 95 % interval",
        yticks=range(len(groups)),
    )
    ax.set_yticklabels([plain(group.name) for group in groups])
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.legend()


def mode_shares(run: Finished) -> Plot | None:
    """Return the plot of each mode's share among generated samples, beside the true one.

    More than 60 modes are drawn as two curves, each in falling order.

    Args:
        run: a finished run.

    Returns:
        The plot; None where no modes were counted.
    """
    modes = _details(run, "modes")
    if not modes:
        return None
    names = modes["names"]
    generated = np.array(modes["generated"])
    true = np.array(modes["true"])
    if len(names) <= MOST_BARS:
        order = list(range(len(names)))
    else:
        order = np.argsort(generated / true)[:MOST_ROWS].tolist()
    rows = [[names[i], f"{generated[i]:.2%}", f"{true[i]:.2%}"] for i in order]
    least = int((generated / true).argmin())
    return Plot(
        "modes",
        "Modes: shares generated and true",
        f"Shares of {len(names)} modes; least beside its true share: {names[least]},"
        f" {generated[least]:.2%} instead of {true[least]:.2%}.",
        (("mode", "generated", "true"), rows),
        lambda axes: _draw_shares(axes[0], names, generated, true),
    )


def _details(run: Finished, name: str) -> Any:
    """Return details of a run's evaluation; None where there are none."""
    return run.evaluation.details.get(name) if run.evaluation else None


def _draw_shares(ax: Any, names: Sequence[str], generated: np.ndarray, true: np.ndarray) -> None:
    if len(names) <= MOST_BARS:
        places = np.arange(len(names))
        ax.bar(places - 0.2, generated, 0.4, color=colour(0), label="generated")
        ax.bar(places + 0.2, true, 0.4, color=FLOOR_COLOUR, hatch="//", label="true")
        rotation = 90 if len(names) > UPRIGHT_NAMES else 0
        ax.set_xticks(places, [plain(name) for name in names], rotation=rotation)
    else:
        ax.plot(np.sort(generated)[::-1], label="generated", **style(0))
        ax.plot(np.sort(true)[::-1], label="true", color=FLOOR_COLOUR, linestyle="--")
        ax.set(xlabel="modes, most frequent first")
    ax.set(ylabel="share")
    ax.legend()


def column_errors(run: Finished) -> Plot | None:
    """Return the plot of the shape error of each column of a table, the largest first.

    Args:
        run: a finished run.

    Returns:
        The plot; None where no columns were compared.
    """
    columns = _details(run, "columns")
    if not columns:
        return None
    largest = sorted(columns.items(), key=lambda item: -item[1])[:MOST_BARS]
    in_words = ", ".join(f"{name} {error:.1%}" for name, error in largest[:5])
    return Plot(
        "columns",
        "Columns, farthest off first",
        f"Shape error of columns: {in_words}.",
        (("column", "shape error"), [[name, f"{error:.2%}"] for name, error in largest]),
        lambda axes: _draw_errors(axes[0], largest),
    )


def _draw_errors(ax: Any, errors: Sequence[tuple[str, float]]) -> None:
    names = [plain(name) for name, _ in errors]
    ax.barh(names, [100 * error for _, error in errors], color=colour(0))
    ax.invert_yaxis()
    ax.set(xlabel="shape error, %")


def diagnostics(run: Finished) -> Plot | None:
    """Return the plot of the critic's estimate, its slope and the generator's gradient.

    The share of clipped weights is drawn in the place of the slope where weights are clipped.

    Args:
        run: a finished run.

    Returns:
        The plot; None where fewer than two steps were logged.
    """
    lines = [m for m in run.metrics if "estimate" in m]
    if len(lines) < 2:
        return None
    panels = [("estimate", "critic's estimate")]
    for key in ("gradient_norm", "clipped_share"):
        if key in lines[-1]:
            panels.append((key, key.replace("_", " ")))
            break
    panels.append(("generator_gradient_norm", "generator's gradient"))
    rows = []
    for line in lines[:: max(1, len(lines) // TABLE_STEPS)]:
        cells = [f"{line[key]:.3g}" if key in line else "" for key, _ in panels]
        rows.append([str(line["step"]), *cells])
    nan = float("nan")
    first_to_last = "; ".join(
        f"{label} from {lines[0].get(key, nan):.3g} to {lines[-1].get(key, nan):.3g}"
        for key, label in panels
    )
    return Plot(
        "diagnostics",
        "What the critic said",
        f"Line plots over steps: {first_to_last}.",
        (("step", *(label for _, label in panels)), rows),
        lambda axes: _draw_diagnostics(axes, lines, panels),
        len(panels),
    )


def _draw_diagnostics(
    axes: Sequence[Any],
    lines: Sequence[dict[str, int | float]],
    panels: Sequence[tuple[str, str]],
) -> None:
    for ax, (key, label) in zip(axes, panels, strict=True):
        shown = [m for m in lines if key in m]
        steps = [m["step"] for m in shown]
        ax.plot(steps, [m[key] for m in shown], linewidth=1, **style(0))
        if key == "gradient_norm" and all("gradient_norm_5" in m for m in shown):
            low = [m["gradient_norm_5"] for m in shown]
            high = [m["gradient_norm_95"] for m in shown]
            ax.fill_between(steps, low, high, color=colour(0), alpha=0.2, linewidth=0)
        if key == "generator_gradient_norm" and all(m[key] > 0 for m in shown):
            ax.set_yscale("log")
        ax.set(xlabel="generator steps", title=label)


def plots_of_run(run: Finished) -> list[Plot]:
    """Return the plots of a single run: its modes, columns or curves in time, and its critic."""
    curves = curves_in_time(_details(run, "series"))
    plots = [mode_shares(run), column_errors(run), *curves, diagnostics(run)]
    return [plot for plot in plots if plot]


def plots_of(groups: Sequence[Group]) -> list[Plot]:
    """Return the plots of a report.

    Several runs are compared; of a single run, all plots are shown.

    Args:
        groups: runs by settings.
    """
    curves = over_training(groups)
    plots = [curves] if curves else []
    if sum(len(group.runs) for group in groups) > 1:
        return [*plots, final_distances(groups)]
    return [*plots, *plots_of_run(groups[0].runs[0])]
