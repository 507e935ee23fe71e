"""Pictures of plans and walks: what they show, and where they may be written."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.base.places import is_sealed
from wgan.distances import drawing as module
from wgan.distances import earth_mover, transport, transport_1d
from wgan.distances.drawing import _in_the_plane, check_picture, draw_plan, draw_walk

RNG = np.random.default_rng(0)


def texts(path):
    """Return the texts of an SVG."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", Path(path).read_text())


def shown(monkeypatch):
    """Return a list that takes the axes of each figure that is drawn."""
    seen = []
    real = module._write

    def write(path, inches, draw):
        def watched(drawn):
            draw(drawn)
            seen.extend(drawn.axes)

        real(path, inches, watched)

    monkeypatch.setattr(module, "_write", write)
    return seen


def test_each_move_of_the_plan_is_a_segment_between_its_samples(monkeypatch):
    x, y = RNG.normal(size=(6, 2)), RNG.normal(size=(4, 2)) + 3
    found = transport(x, y)
    seen = shown(monkeypatch)
    draw_plan(found, Path("plan.svg"), "W1", ["height", "weight"])
    lines, points, others = seen[0].collections
    segments = np.array(lines.get_segments())
    assert np.array_equal(segments[:, 0], x[found.plan.row])
    assert np.array_equal(segments[:, 1], y[found.plan.col])
    assert np.array_equal(points.get_offsets(), x)
    assert np.array_equal(others.get_offsets(), y)
    widths = np.array(lines.get_linewidths())
    assert widths == pytest.approx(2 * (0.3 + 0.7 * found.plan.data / found.plan.data.max()))
    said = texts("plan.svg")
    assert {"height", "weight", "x", "y", "moves"} <= set(said)
    assert f"W1 = {found.distance:.4g}, data coordinates" in said
    assert seen[0].get_aspect() == 1, "lengths in both directions are comparable"


def test_many_moves_are_thinned_by_mass_and_the_title_says_so(monkeypatch):
    monkeypatch.setattr(module, "MOST_MOVES", 10)
    x, y = RNG.normal(size=(40, 2)), RNG.normal(size=(40, 2))
    weights = np.r_[np.full(5, 1000.0), np.ones(35)]
    found = transport(x, y, 1, weights, weights)
    seen = shown(monkeypatch)
    draw_plan(found, Path("plan.svg"), "W1")
    drawn = np.array(seen[0].collections[0].get_segments())
    assert len(drawn) == 10
    heavy = x[:5]
    assert sum((drawn[:, 0] == row).all(axis=1).any() for row in heavy) >= 4
    assert f"10 of {found.plan.nnz} moves drawn, at random by mass" in texts("plan.svg")


def test_more_dimensions_are_drawn_on_principal_axes_and_the_title_says_so():
    x = RNG.normal(size=(50, 5)) * [5, 3, 1, 0.1, 0.1]
    y = RNG.normal(size=(30, 5)) * [5, 3, 1, 0.1, 0.1]
    a, b, labels, where = _in_the_plane(x, y, (), "metres")
    both = np.concatenate([x, y])
    both -= both.mean(axis=0)
    u, s, _ = np.linalg.svd(both, full_matrices=False)
    assert np.abs(np.concatenate([a, b])) == pytest.approx(np.abs(u[:, :2] * s[:2]))
    share = s[0] ** 2 / (s**2).sum()
    assert labels[0] == f"principal axis 1 ({share:.0%} of the variance)"
    assert where == " in 5 dimensions, metres; drawn on two principal axes"
    few = _in_the_plane(x[:2], y[:1], (), "metres")
    assert np.concatenate(few[:2]).shape == (3, 2)
    middle = np.concatenate([x[:2], y[:1]]).mean(axis=0)
    within = np.linalg.norm(np.concatenate([x[:2], y[:1]]) - middle, axis=1)
    assert np.linalg.norm(np.concatenate(few[:2]), axis=1) == pytest.approx(within)


def test_samples_on_a_line_are_two_rows(monkeypatch):
    seen = shown(monkeypatch)
    draw_plan(transport_1d([0.0, 1.0], [5.0, 6.0]), Path("line.svg"), "W1", ["height"])
    segments = np.array(seen[0].collections[0].get_segments())
    assert sorted(segments.tolist()) == [[[0, 1], [5, 0]], [[1, 1], [6, 0]]]
    assert "height (data coordinates)" in texts("line.svg")


def test_the_area_below_the_walk_is_the_distance(monkeypatch):
    seen = shown(monkeypatch)
    walk = earth_mover([3, 2, 1, 4], [1, 2, 4, 3], [0, 1, 3, 4])
    draw_walk(walk, Path("walk.svg"))
    above, below = seen
    heights = [bar.get_height() for bar in above.patches]
    assert heights == [3, 2, 1, 4, 1, 2, 4, 3]
    areas = []
    for patch in below.patches:
        values, edges, _ = patch.get_data()
        areas.append(np.abs(values) @ np.diff(edges))
    assert sum(areas) == walk.distance == 2 + 2 * 2 + 1
    assert [text.get_text() for text in below.texts] == ["2", "2", "-1"]
    assert "earth mover's distance 7, the area in the lower panel" in texts("walk.svg")


@pytest.mark.parametrize("name", ["walk.png", "walk.svg", "WALK.PNG"])
def test_pictures_are_sealed_written_again_and_the_same(name):
    walk = earth_mover([1, 0, 2], [0, 3, 0])
    path = Path(name)
    draw_walk(walk, path)
    first = path.read_bytes()
    assert is_sealed(path)
    draw_walk(walk, path)
    assert path.read_bytes() == first
    if path.suffix.lower() == ".png":
        assert Image.open(path).size == (1440, 1080)


def test_places_that_are_not_ours_are_refused():
    Path("mine.png").write_bytes(b"mine")
    walk = earth_mover([1, 0], [0, 1])
    for name, message in (
        ("mine.png", "choose another --plot"),
        ("walk.pdf", "a .png or .svg"),
        ("none/walk.png", "no folder none"),
    ):
        with pytest.raises(WganError, match=message):
            check_picture(Path(name))
        with pytest.raises(WganError, match=message):
            draw_walk(walk, Path(name))
    assert Path("mine.png").read_bytes() == b"mine"
    assert not list(Path().glob(".*partial*"))


def test_names_with_dollars_are_no_formulas():
    x = RNG.normal(size=(4, 2))
    draw_plan(transport(x, x + 1), Path("plan.svg"), "W1", ["price in $", "a$b"])
    assert {"price in $", "a$b"} <= set(texts("plan.svg"))


def test_a_matrix_of_costs_alone_cannot_be_drawn():
    with pytest.raises(WganError, match="no samples to draw"):
        draw_plan(transport(None, None, cost=np.eye(3)), Path("plan.svg"))


def test_a_single_bin_and_equal_points_are_drawn():
    draw_walk(earth_mover([2], [2]), Path("one.png"))
    draw_plan(transport(np.ones((3, 2)), np.ones((2, 2))), Path("equal.png"))
    draw_plan(transport(np.ones((3, 4)), np.ones((2, 4))), Path("same.png"))
