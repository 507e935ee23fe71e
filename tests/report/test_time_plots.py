"""Plots of series: a panel a channel, what the table says, shares below 0."""

import pytest

from wgan.report.drawing import Plot
from wgan.report.time_plots import curves_in_time


def curves(channels, points, generated=0.5):
    rows = [[0.4] * points for _ in range(channels)]
    high = [[0.6] * points for _ in range(channels)]
    changed = [[generated] * points for _ in range(channels)]
    return {"generated": changed, "held_out": rows, "training": [rows, high]}


def details(channels=4, length=8):
    return {
        "channels": [f"c{i + 1}" for i in range(channels)],
        "length": length,
        "autocorrelation": curves(channels, length // 2),
        "spectrum": curves(channels, length // 2 + 1, -0.01),
    }


def test_no_series_have_no_plots():
    assert curves_in_time(None) == []


@pytest.mark.parametrize("channels", [1, 4])
def test_each_channel_has_a_panel(channels, tmp_path):
    plots = curves_in_time(details(channels))
    assert [plot.name for plot in plots] == ["autocorrelation", "spectrum"]
    for plot in plots:
        assert plot.panels == channels
        plot.save(tmp_path / plot.name, "png")
        assert all(f"c{i + 1}" in plot.svg() for i in range(channels))


def test_the_table_has_lags_and_frequencies_and_the_range_of_training_series():
    autocorrelation, spectrum = curves_in_time(details(1))
    assert autocorrelation.table[1][0] == ["c1", "1", "0.5", "0.4", "0.4 to 0.6"]
    assert autocorrelation.table[1][-1][1] == "4"
    assert [row[1] for row in spectrum.table[1]] == ["0", "0.125", "0.25", "0.375", "0.5"]
    assert "c1 at 1: 0.5, held out 0.4" in autocorrelation.alt


def test_further_panels_stand_in_further_rows(tmp_path):
    sizes = []
    for panels in (2, 3, 4):
        plot = Plot("p", "T", "A.", (("x",), [["1"]]), lambda axes: None, panels)
        plot.save(tmp_path / "p.png", "png")
        from PIL import Image

        sizes.append(Image.open(tmp_path / "p.png").size)
    assert sizes[0][1] == sizes[1][1] < sizes[2][1]
    assert sizes[0][0] < sizes[1][0] == sizes[2][0]
