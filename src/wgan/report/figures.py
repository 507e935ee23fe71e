"""Which pictures show how a run went? Plots of its figures, each with the words that say the same,
drawn by matplotlib.

Text and axes of an SVG take the colour of the text around them, so that a page is legible in light
and dark; lines differ in dashes and markers too, not in colour alone.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.intervals import Mean, mean_of
from wgan.evaluation.watch import noise_of
from wgan.report.comparison import Group
from wgan.runs import Finished

INK = "#123456"
"""Stands for the colour of the surrounding text until the SVG is written."""
COLOURS = ("#3b82f6", "#e07b39", "#2f9e63", "#b25fd0", "#d6455d", "#8a8a3a")
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^vP"
FLOOR = "#8a8a8a"
MOST_BARS, MOST_ROWS = 60, 40
Draw = Callable[[Any], None]


@dataclass(frozen=True)
class Plot:
    """A plot: `alt` says what it shows, `table` holds its numbers; `draw` paints it onto axes,
    `panels` side by side.
    """

    name: str
    title: str
    alt: str
    table: tuple[Sequence[str], Sequence[Sequence[str]]]
    draw: Callable[[Sequence[Any]], None]
    panels: int = 1

    def svg(self) -> str:
        """Return the plot as an SVG element."""
        buffer = io.StringIO()
        self._paint(INK).savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        text = buffer.getvalue()
        text = text[text.index("<svg") :].replace(INK, "currentColor")
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        text = re.sub(
            r'(<svg[^>]*?) width="[^"]*"',
            rf'\1 role="img" aria-labelledby="{self.name}-title"',
            text,
            count=1,
        )
        text = re.sub(
            r'id="([^"]+)"', rf'id="{self.name}-\1"', text
        )  # an id is unique on a page of several plots
        text = re.sub(r"url\(#([^)]+)\)", rf"url(#{self.name}-\1)", text)
        text = re.sub(r'href="#([^"]+)"', rf'href="#{self.name}-\1"', text)
        title = f'<title id="{self.name}-title">{_escaped(self.alt)}</title>'
        return re.sub(r"<metadata>.*?</metadata>", lambda _: title, text, count=1, flags=re.S)

    def save(self, path: Path, form: str) -> None:
        """Write the plot as a PNG or SVG file, dark on white."""
        self._paint("#202020").savefig(
            path, format=form, dpi=200, metadata={"Date": None} if form == "svg" else None
        )

    def _paint(self, ink: str) -> Any:
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        plain: dict[Any, Any] = {
            "svg.fonttype": "none",
            "svg.hashsalt": self.name,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
        inked = dict.fromkeys(
            (
                "text.color",
                "axes.labelcolor",
                "axes.edgecolor",
                "xtick.color",
                "ytick.color",
                "legend.labelcolor",
            ),
            ink,
        )
        with rc_context(plain | inked | {"legend.frameon": False}):
            figure = Figure(figsize=(7.2 if self.panels < 3 else 10, 3.4), layout="constrained")
            self.draw([figure.add_subplot(1, self.panels, i + 1) for i in range(self.panels)])
            return figure


def _plain(text: str) -> str:
    """Return text that matplotlib takes as it is: what stands between two dollars would be a
    formula.
    """
    return text.replace("$", r"\$")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def style(i: int) -> dict[str, Any]:
    """Return how the i-th line looks."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)]}


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
    measured = [
        [
            [(m["step"], m["held_out_w1"]) for m in run.metrics if "held_out_w1" in m]
            for run in group.runs
        ]
        for group in groups
    ]
    if not all(points for seeds in measured for points in seeds):
        return None
    curves = [_curve(seeds) for seeds in measured]
    ends = [run.finish for group in groups for run in group.runs]
    floors = [end.watched.floor for end in ends if end.watched]
    n = next((end.watched.n for end in ends if end.watched), None)

    def draw(axes: Sequence[Any]) -> None:
        (ax,) = axes
        for i, (group, (steps, means)) in enumerate(zip(groups, curves, strict=True)):
            values, widths = (
                np.array([m.value for m in means]),
                np.nan_to_num(np.array([m.half_width for m in means])),
            )
            ax.plot(
                steps,
                values,
                label=_plain(group.name),
                marker=MARKERS[i % len(MARKERS)],
                markersize=3,
                **style(i),
            )
            ax.fill_between(
                steps,
                values - widths,
                values + widths,
                color=COLOURS[i % len(COLOURS)],
                alpha=0.2,
                linewidth=0,
            )
        if floors:
            ax.axhline(
                float(np.mean(floors)),
                color=FLOOR,
                linestyle=(0, (1, 1)),
                label="real samples (floor)",
            )
        ax.set(xlabel="generator steps", ylabel="W1 to held-out samples")
        if max(m.value for _, means in curves for m in means) > 20 * min(
            m.value for _, means in curves for m in means
        ):
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
    floor = f"; real samples {float(np.mean(floors)):.3g}" if floors else ""
    several = [len(group.runs) > 1 for group in groups]
    band = (
        "over seeds"
        if all(several)
        else (
            "over seeds, of one seed of a measurement's noise"
            if any(several)
            else "of a measurement's noise"
        )
    )
    title = (
        f"Distance to held-out samples over training (exact W1{f', n = {n}' if n else ''}; bands:"
        f" 95 % {band})"
    )
    return Plot(
        "over-training",
        title,
        f"Line plot of W1 against steps: {ends}{floor}.",
        (("step", "settings", "W1"), rows),
        draw,
    )


def final_distances(groups: Sequence[Group]) -> Plot:
    """Plot the verdict of each run as a point, with means and intervals over seeds, and the
    floor.
    """
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
        ax.axvline(floor, color=FLOOR, linestyle=(0, (1, 1)), label="real samples (floor)")
        ax.set(
            xlabel="W1 to held-out samples; points are seeds, bars mean and 95 % interval",
            yticks=range(len(groups)),
        )
        ax.set_yticklabels([_plain(group.name) for group in groups])
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
                at, [_plain(name) for name in names], rotation=90 if len(names) > 12 else 0
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
            [_plain(name) for name, _ in ordered],
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
