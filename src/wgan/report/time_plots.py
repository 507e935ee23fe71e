"""Plots of series: autocorrelation and spectrum, generated beside real, a panel a channel."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from wgan.report.drawing import FLOOR_COLOUR, Plot, plain, style

ACROSS = 3
"""Panels side by side."""
LEAST_SHARE = 1e-6
"""Least share of the variance that is drawn, on a logarithmic axis: shares may be 0, or a little
below where values are missing.
"""
TABLE_POINTS = 8
"""Points of each curve that the table has about; the plot has them all."""

Curve = Float[np.ndarray, "channels points"]


def curves_in_time(series: Mapping[str, Any] | None) -> list[Plot]:
    """Return the plots of the autocorrelation and of the spectrum.

    Args:
        series: details `series` of an evaluation; None: no plots.
    """
    if not series:
        return []
    length = int(series["length"])
    lags = np.arange(1, len(series["autocorrelation"]["generated"][0]) + 1)
    frequencies = np.arange(length // 2 + 1) / length
    return [
        _plot("autocorrelation", "Autocorrelation", "lag, steps", lags, series, False),
        _plot("spectrum", "Shares of variance", "frequency, 1 / step", frequencies, series, True),
    ]


def _plot(
    name: str, title: str, axis: str, at: np.ndarray, series: Mapping[str, Any], is_share: bool
) -> Plot:
    """Return the plot of one statistic; shares are drawn on a logarithmic axis."""
    channels = series["channels"]
    generated, held_out = (np.array(series[name][side]) for side in ("generated", "held_out"))
    training = np.array(series[name]["training"])
    low, high = training.min(axis=0), training.max(axis=0)
    off = np.abs(generated - held_out)
    channel, point = np.unravel_index(off.argmax(), off.shape)
    largest = (
        f"{channels[channel]} at {at[point]:.3g}: {generated[channel, point]:.3g}, held out"
        f" {held_out[channel, point]:.3g}"
    )
    shown = range(0, len(at), max(1, len(at) // TABLE_POINTS))
    rows = [
        [
            channels[i],
            f"{at[k]:.3g}",
            *(f"{values[i, k]:.3g}" for values in (generated, held_out)),
            f"{low[i, k]:.3g} to {high[i, k]:.3g}",
        ]
        for i in range(len(channels))
        for k in shown
    ]
    sets = f"{len(training)} set{'s' if len(training) > 1 else ''}"
    return Plot(
        name,
        f"{title}: generated and held-out series, and the range of {sets} of training series",
        f"Line plots of {title.lower()} for {len(channels)} channel(s), farthest off {largest}.",
        (("channel", axis, "generated", "held out", "training"), rows),
        lambda axes: _draw(axes, channels, axis, at, generated, held_out, (low, high), is_share),
        len(channels),
        ACROSS,
    )


def _draw(
    axes: Sequence[Any],
    channels: Sequence[str],
    axis: str,
    at: np.ndarray,
    generated: Curve,
    held_out: Curve,
    band: tuple[Curve, Curve],
    is_share: bool,
) -> None:
    """Draw a panel for each channel; the legend stands in the first."""
    sides = [generated, held_out, *band]
    generated, held_out, low, high = (
        np.maximum(each, LEAST_SHARE) if is_share else each for each in sides
    )
    for i, ax in enumerate(axes):
        # The edge is drawn too: ranges are often narrower than a line.
        ax.fill_between(
            at, low[i], high[i], color=FLOOR_COLOUR, alpha=0.4, linewidth=2, label="training"
        )
        ax.plot(at, held_out[i], color=FLOOR_COLOUR, linestyle="--", label="held out")
        ax.plot(at, generated[i], label="generated", **style(0))
        ax.set_title(plain(channels[i]), fontsize=10)
        if is_share:
            ax.set_yscale("log")
        else:  # a lag is a whole number of steps
            ax.xaxis.get_major_locator().set_params(integer=True)
        if i >= len(axes) - ACROSS:
            ax.set_xlabel(axis)
    axes[0].legend(fontsize=8)
