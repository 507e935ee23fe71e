"""Drawings: pictures in reading order, points where they are."""

import numpy as np
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.data.drawing import Sheet, write_grid, write_scatter

PICTURES = np.random.default_rng(0).integers(0, 256, size=(12, 6, 9, 3), dtype=np.uint8)


def test_grid_shows_every_picture_in_reading_order(tmp_path):
    write_grid(PICTURES, tmp_path / "g.png")
    sheet = np.asarray(Image.open(tmp_path / "g.png"))
    zoom = (sheet.shape[0] + 2) // 4 // 6
    down, across = 6 * zoom + 2, 9 * zoom + 2
    assert sheet.shape == (4 * down - 2, 3 * across - 2, 3)
    assert np.array_equal(
        sheet[down : 2 * down - 2, across : 2 * across - 2][::zoom, ::zoom], PICTURES[4]
    )


def test_scatter_puts_points_where_they_are(tmp_path):
    real = np.array([[-1.0, -1.0], [1.0, 1.0]])
    write_scatter(np.array([[1.0, -1.0], [1e9, 0.0]]), tmp_path / "s.png", real)
    sheet = np.asarray(Image.open(tmp_path / "s.png")).astype(int)
    blue = np.argwhere((sheet == (31, 90, 200)).all(2)).mean(0)
    grey = np.argwhere((sheet == (190, 190, 190)).all(2))
    assert blue[0] > 500
    assert blue[1] > 500
    assert len(grey) == 18


def test_a_grid_has_as_many_columns_as_asked_for(tmp_path):
    write_grid(PICTURES, tmp_path / "g.png", Sheet(columns=6))
    sheet = np.asarray(Image.open(tmp_path / "g.png"))
    zoom = (sheet.shape[0] + 2) // 2 // 6
    assert sheet.shape == (2 * (6 * zoom + 2) - 2, 6 * (9 * zoom + 2) - 2, 3)


def test_points_of_one_coordinate_lie_on_a_line(tmp_path):
    write_scatter(np.linspace(-1, 1, 30)[:, None], tmp_path / "s.png")
    blue = np.argwhere((np.asarray(Image.open(tmp_path / "s.png")) == (31, 90, 200)).all(2))
    assert np.ptp(blue[:, 0]) <= 2, "two pixels high, and rounded"
    assert np.ptp(blue[:, 1]) > 400


def test_a_scale_is_kept_exactly_and_one_that_is_too_large_is_refused(tmp_path):
    write_grid(PICTURES, tmp_path / "g.png", Sheet(columns=4, scale=3))
    sheet = np.asarray(Image.open(tmp_path / "g.png"))
    assert sheet.shape == (3 * 20 - 2, 4 * 29 - 2, 3)
    assert np.array_equal(sheet[20:38:3, 29:56:3], PICTURES[5])
    many = np.broadcast_to(PICTURES[:1], (60_000, 6, 9, 3))
    with pytest.raises(WganError, match="give a smaller scale, or fewer pictures"):
        write_grid(many, tmp_path / "h.png", Sheet(scale=64))
    for scale in (0, -1, 65):
        with pytest.raises(WganError, match=f"--scale {scale}: give a whole number from 1 to 64"):
            Sheet(scale=scale)
