"""Drawings of series: panels, gaps in lines, ends, and axes that hold all ordinary values."""

import numpy as np
import pytest
from PIL import Image

from wgan.data.drawing import BLUE
from wgan.data.series.drawing import (
    BOTTOM,
    LEFT,
    MOST_CHANNELS,
    PANEL,
    RIGHT,
    TOP,
    write_series,
)


def pixels_of(fake, path, *others):
    write_series(fake, path, *others)
    return np.asarray(Image.open(path)).astype(int)


def is_near(pixels, colour):
    return np.abs(pixels - np.array(colour)).sum(axis=-1) < 60


@pytest.mark.parametrize(
    ("channels", "size"), [(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (30, (2, 6))]
)
def test_a_panel_a_channel_two_side_by_side(channels, size, tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 5, channels))
    write_series(x, tmp_path / "x.png")
    assert Image.open(tmp_path / "x.png").size == (size[0] * PANEL[0], size[1] * PANEL[1])
    assert MOST_CHANNELS == 12


def test_a_line_has_a_gap_where_values_are_missing_and_stops_at_the_end(tmp_path):
    x = np.zeros((1, 9, 1))
    x[0, 2:5] = np.nan
    x[0, 7:] = np.nan
    real = np.array([-1.0, 1.0])[:, None, None] * np.ones((1, 9, 1))
    drawn = is_near(pixels_of(x, tmp_path / "x.png", real), BLUE).any(axis=0)
    width = PANEL[0] - LEFT - RIGHT
    at = [drawn[round(LEFT + width * (step + 0.5) / 8)] for step in range(8)]
    assert at == [True, False, False, False, False, True, False, False]


def test_a_value_between_missing_ones_is_a_dot(tmp_path):
    x = np.full((1, 9, 1), np.nan)
    x[0, 4] = 0.0
    drawn = is_near(pixels_of(x, tmp_path / "x.png"), BLUE)
    assert 2 <= drawn.sum() <= 30
    assert drawn.any(axis=0).nonzero()[0].mean() == pytest.approx(
        (LEFT + PANEL[0] - RIGHT) / 2, abs=2
    )


def test_the_axis_spans_real_values_and_a_channel_without_any_is_empty(tmp_path):
    real = np.linspace(0, 1, 11)[None, :, None] * np.ones((3, 1, 2))
    fake = np.full((2, 11, 2), 1e9)
    fake[..., 1] = np.nan
    real[..., 1] = np.nan
    pixels = pixels_of(fake, tmp_path / "x.png", real)
    inside = pixels[TOP + 2 : PANEL[1] - BOTTOM - 2, LEFT + 2 : PANEL[0]]
    assert (inside < 230).any(), "real values are on the panel"
    assert not is_near(inside[20:], BLUE).any(), "far ones are at its edge"
    other = pixels[TOP + 2 : PANEL[1] - BOTTOM - 2, PANEL[0] + LEFT + 2 : -RIGHT]
    assert (other == 255).all()


def test_names_outside_latin_1_are_written(tmp_path):
    write_series(np.zeros((1, 3, 1)), tmp_path / "x.png", names=("温度",))
    assert (tmp_path / "x.png").stat().st_size > 0
