"""Drawing: the same plot is the same file."""

import pytest

from wgan.report.drawing import Plot


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_plot_is_the_same_file(form, tmp_path):
    plot = Plot("p", "Title", "A line.", (("x",), [["1"]]), lambda axes: axes[0].plot([0, 1]))
    for name in ("a", "b"):
        plot.save(tmp_path / name, form)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert plot.svg() == plot.svg()
