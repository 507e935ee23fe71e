"""Figures: no matplotlibrc changes them."""

import pytest

from wgan.report.drawing import Plot

HOSTILE = """
text.usetex: true
font.family: Nonexistent
font.size: 40
figure.figsize: 1, 1
savefig.bbox: tight
savefig.dpi: 3
savefig.format: pdf
axes.grid: true
lines.linewidth: 9
svg.hashsalt: x
"""


@pytest.mark.parametrize("form", ["svg", "png"])
def test_settings_of_the_user_do_not_change_a_figure_and_stay_as_they_are(form, tmp_path):
    from matplotlib import rc_context, rcParams

    plot = Plot("p", "Title", "A line.", (("x",), [["1"]]), lambda axes: axes[0].plot([0, 1]))
    plot.save(tmp_path / "a", form)
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    with rc_context(fname=str(tmp_path / "matplotlibrc")):
        plot.save(tmp_path / "b", form)
        assert rcParams["text.usetex"]
        assert rcParams["font.size"] == 40
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
