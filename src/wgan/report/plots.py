"""The plots of a report, each with the words and the table that say the same."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wgan.base.intervals import Mean, mean_of
from wgan.evaluation.watch import noise_of
from wgan.report.comparison import Group
from wgan.report.plot import COLOURS, FLOOR, MARKERS, Plot, plain, style
from wgan.runs import Finished

MOST_BARS = 60
"""Bars in a plot: a label needs about a ninth of an inch to be read."""
MOST_ROWS = 40
"""Modes in the table of a plot with more than `MOST_BARS`: the least generated ones."""


def _curve(seeds: Sequence[Sequence[tuple[int, float]]]) -> tuple[list[int], list[Mean]]:
    """Return steps and the mean over seeds at each, with its interval; of one seed each
    measurement, with that of its noise.
    """
    length = min(map(len, seeds))
    steps, values = (
        [step for step, _ in seeds[0][:length]],
        np.array([[w1 for _, w1 in points[:length]] for points in seeds]),
    )
    if len(seeds) > 1:
        return steps, [mean_of(column) for column in values.T]
    width = 1.96 * noise_of(values[0]) if length > 1 else 0.0
    return steps, [Mean(float(w1), width) for w1 in values[0]]


def over_training(groups: Sequence[Group]) -> Plot | None:
    """Plot the held-out distance at each measurement: the mean over seeds, with its interval (of
    one seed a measurement's noise), and the floor.
    """
    measured = [[_watched(run) for run in group.runs] for group in groups]
    if not all(points for seeds in measured for points in seeds):
        return None
    curves = [_curve(seeds) for seeds in measured]
    watched = [run.finish.watched for group in groups for run in group.runs if run.finish.watched]
    floor = float(np.mean([end.floor for end in watched])) if watched else None
    n = next((end.n for end in watched), None)

    def draw(axes: Sequence[Any]) -> None:
        (ax,) = axes
        for i, (group, curve) in enumerate(zip(groups, curves, strict=True)):
            _draw_curve(ax, i, group.name, curve)
        if floor is not None:
            _draw_floor(ax.axhline, floor)
        ax.set(xlabel="generator steps", ylabel="W1 to held-out samples")
        heights = [mean.value for _, means in curves for mean in means]
        if max(heights) > 20 * min(heights):
            ax.set_yscale("log")
        ax.legend()

    rows = [
        [str(steps[k]), group.name, str(means[k])]
        for group, (steps, means) in zip(groups, curves, strict=True)
        for k in range(0, len(means), max(1, len(means) // 8))
    ]
    ends = "; ".join(
        f"{group.name} from {means[0].value:.3g} to {means[-1].value:.3g}"
        for group, (_, means) in zip(groups, curves, strict=True)
    )
    real = "" if floor is None else f"; real samples {floor:.3g}"
    size = f", n = {n}" if n else ""
    title = (
        f"Distance to held-out samples over training (exact W1{size}; bands: 95 % {_band(groups)})"
    )
    return Plot(
        "over-training",
        title,
        f"Line plot of W1 against steps: {ends}{real}.",
        (("step", "settings", "W1"), rows),
        draw,
    )


def _watched(run: Finished) -> list[tuple[int, float]]:
    """Return step and held-out distance of each measurement of a run."""
    return [(int(m["step"]), float(m["held_out_w1"])) for m in run.metrics if "held_out_w1" in m]


def _band(groups: Sequence[Group]) -> str:
    """Return the words for what the bands of `over_training` are."""
    several = [len(group.runs) > 1 for group in groups]
    if all(several):
        return "over seeds"
    if any(several):
        return "over seeds, of one seed of a measurement's noise"
    return "of a measurement's noise"


def _draw_curve(ax: Any, i: int, name: str, curve: tuple[list[int], list[Mean]]) -> None:
    """Draw the i-th curve with its band; a mean without an interval has none."""
    steps, means = curve
    values = np.array([mean.value for mean in means])
    widths = np.nan_to_num(np.array([mean.half_width for mean in means]))
    marker = MARKERS[i % len(MARKERS)]
    ax.plot(steps, values, label=plain(name), marker=marker, markersize=3, **style(i))
    colour = COLOURS[i % len(COLOURS)]
    ax.fill_between(steps, values - widths, values + widths, color=colour, alpha=0.2, linewidth=0)


def _draw_floor(line: Any, floor: float) -> None:
    """Draw the floor with `line`, an axes' `axhline` or `axvline`."""
    line(floor, color=FLOOR, linestyle=(0, (1, 1)), label="real samples (floor)")


def final_distances(groups: Sequence[Group]) -> Plot:
    """Plot each run's final held-out distance, means and intervals over seeds, and the floor."""
    floor = float(np.mean([run.finish.held_out.floor for group in groups for run in group.runs]))

    def draw(axes: Sequence[Any]) -> None:
        (ax,) = axes
        for i, group in enumerate(groups):
            values = [run.finish.held_out.w1 for run in group.runs]
            ax.plot(
                values,
                [i + 0.15] * len(values),
                MARKERS[i % len(MARKERS)],
                color=COLOURS[i % len(COLOURS)],
                markersize=4,
                alpha=0.8,
            )
            mean = group.w1
            ax.errorbar(
                [mean.value],
                [i - 0.1],
                xerr=[0.0 if np.isnan(mean.half_width) else mean.half_width],
                fmt="|",
                color=FLOOR,
                capsize=4,
            )
        _draw_floor(ax.axvline, floor)
        ax.set(
            xlabel="W1 to held-out samples; points are seeds, bars mean and 95 % interval",
            yticks=range(len(groups)),
        )
        ax.set_yticklabels([plain(group.name) for group in groups])
        ax.set_ylim(len(groups) - 0.4, -0.6)
        ax.legend()

    rows = [
        [
            group.name,
            ", ".join(f"{run.finish.held_out.w1:.4g}" for run in group.runs),
            str(group.w1),
        ]
        for group in groups
    ]
    alt = (
        "Points and intervals of W1: "
        + "; ".join(f"{group.name} {group.w1}" for group in groups)
        + f"; real samples {floor:.3g}."
    )
    return Plot(
        "final-distances",
        "Distance to held-out samples at the end",
        alt,
        (("settings", "W1 of each seed", "mean"), rows),
        draw,
    )


def mode_shares(run: Finished) -> Plot | None:
    """Plot the share of each mode among generated samples beside the true one; of many modes, the
    shares in order.
    """
    modes = run.evaluation.details.get("modes") if run.evaluation else None
    if not modes:
        return None
    names, generated, true = modes["names"], np.array(modes["generated"]), np.array(modes["true"])
    few = len(names) <= MOST_BARS

    def draw(axes: Sequence[Any]) -> None:
        (ax,) = axes
        if few:
            at = np.arange(len(names))
            ax.bar(at - 0.2, generated, 0.4, color=COLOURS[0], label="generated")
            ax.bar(at + 0.2, true, 0.4, color=FLOOR, hatch="//", label="true")
            ax.set_xticks(
                at, [plain(name) for name in names], rotation=90 if len(names) > 12 else 0
            )
        else:
            ax.plot(np.sort(generated)[::-1], label="generated", **style(0))
            ax.plot(np.sort(true)[::-1], label="true", color=FLOOR, linestyle="--")
            ax.set(xlabel="modes, most frequent first")
        ax.set(ylabel="share")
        ax.legend()

    order = range(len(names)) if few else np.argsort(generated / true)[:MOST_ROWS].tolist()
    rows = [[names[i], f"{generated[i]:.2%}", f"{true[i]:.2%}"] for i in order]
    least = int((generated / true).argmin())
    alt = (
        f"Shares of {len(names)} modes; least beside its true share: {names[least]},"
        f" {generated[least]:.2%} instead of {true[least]:.2%}."
    )
    return Plot(
        "modes",
        "Modes: shares generated and true",
        alt,
        (("mode", "generated", "true"), rows),
        draw,
    )


def column_errors(run: Finished) -> Plot | None:
    """Plot the shape error of each column of a table, the largest first."""
    columns = run.evaluation.details.get("columns") if run.evaluation else None
    if not columns:
        return None
    ordered = sorted(columns.items(), key=lambda item: -item[1])[:MOST_BARS]

    def draw(axes: Sequence[Any]) -> None:
        (ax,) = axes
        ax.barh(
            [plain(name) for name, _ in ordered],
            [100 * error for _, error in ordered],
            color=COLOURS[0],
        )
        ax.invert_yaxis()
        ax.set(xlabel="shape error, %")

    alt = (
        "Shape error of columns: "
        + ", ".join(f"{name} {error:.1%}" for name, error in ordered[:5])
        + "."
    )
    return Plot(
        "columns",
        "Columns, farthest off first",
        alt,
        (("column", "shape error"), [[n, f"{e:.2%}"] for n, e in ordered]),
        draw,
    )


def diagnostics(run: Finished) -> Plot | None:
    """Plot what the critic said over training: its estimate, its slope or the share of clipped
    weights, and the generator's gradient.
    """
    lines = [m for m in run.metrics if "estimate" in m]
    if len(lines) < 2:
        return None
    steps = [m["step"] for m in lines]
    slope = (
        "gradient_norm"
        if "gradient_norm" in lines[-1]
        else "clipped_share"
        if "clipped_share" in lines[-1]
        else None
    )
    shown = [
        ("estimate", "critic's estimate"),
        *([(slope, slope.replace("_", " "))] if slope else []),
        ("generator_gradient_norm", "generator's gradient"),
    ]

    def draw(axes: Sequence[Any]) -> None:
        for ax, (key, label) in zip(axes, shown, strict=True):
            there = [(m["step"], m) for m in lines if key in m]
            ax.plot(
                [step for step, _ in there], [m[key] for _, m in there], linewidth=1, **style(0)
            )
            if key == "gradient_norm" and all("gradient_norm_5" in m for _, m in there):
                low, high = ([m[f"gradient_norm_{q}"] for _, m in there] for q in (5, 95))
                ax.fill_between(
                    [step for step, _ in there], low, high, color=COLOURS[0], alpha=0.2, linewidth=0
                )
            if key == "generator_gradient_norm" and all(m[key] > 0 for _, m in there):
                ax.set_yscale("log")
            ax.set(xlabel="generator steps", title=label)

    picked = range(0, len(lines), max(1, len(lines) // 8))
    rows = [
        [str(steps[k]), *(f"{lines[k][key]:.3g}" if key in lines[k] else "" for key, _ in shown)]
        for k in picked
    ]
    ends = "; ".join(
        f"{label} from {lines[0].get(key, float('nan')):.3g} to"
        f" {lines[-1].get(key, float('nan')):.3g}"
        for key, label in shown
    )
    return Plot(
        "diagnostics",
        "What the critic said",
        f"Line plots over steps: {ends}.",
        (("step", *(label for _, label in shown)), rows),
        draw,
        len(shown),
    )


def plots_of(groups: Sequence[Group]) -> list[Plot]:
    """Return the plots of a report: over several settings those that compare, of one run all."""
    found: list[Plot | None] = [over_training(groups)]
    if sum(len(group.runs) for group in groups) > 1:
        found.append(final_distances(groups))
    else:
        run = groups[0].runs[0]
        found += [mode_shares(run), column_errors(run), diagnostics(run)]
    return [plot for plot in found if plot]
