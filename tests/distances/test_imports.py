"""What a distance imports, each in a process of its own."""

import subprocess
import sys

import pytest

import wgan.distances

HISTOGRAMS = (
    "from wgan.distances import earth_mover, jensen_shannon, kullback_leibler, total_variation\n"
    "assert earth_mover([1, 0], [0, 1]).distance == 1\n"
    "assert total_variation([1, 0], [0, 1]) == 1\n"
    "assert 0.69 < jensen_shannon([1, 0], [0, 1]) < 0.7\n"
    "assert kullback_leibler([1, 0], [0, 1]) == float('inf')\n"
)
LINE = "from wgan.distances import wasserstein_1d\nassert wasserstein_1d([0, 1], [5, 6]) == 5\n"
EXACT = "from wgan.distances import distance\nassert distance([[0, 0]], [[3, 4]]).value == 5\n"


def imported_by(program):
    """Return the names of the modules that a process has after running a program."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(shown.stdout.split())


@pytest.mark.parametrize("program", [HISTOGRAMS, LINE], ids=["histograms", "line"])
def test_a_distance_on_a_line_imports_no_solver_and_no_torch(program):
    heavy = {"torch", "scipy", "scipy.stats", "ot", "sklearn", "pandas", "matplotlib"}
    assert not imported_by(program) & heavy


def test_solvers_are_imported_by_the_solve_and_not_before():
    modules = imported_by("from wgan.distances import *")
    assert "wgan.distances.exact" in modules
    assert not modules & {"torch", "ot", "scipy.stats", "sklearn"}
    assert "ot" in imported_by(EXACT)


def test_every_public_name_is_found_in_its_file_and_no_other_name_is():
    assert set(wgan.distances.__all__) == set(wgan.distances.FILES) <= set(dir(wgan.distances))
    for name in wgan.distances.__all__:
        assert getattr(wgan.distances, name).__module__.startswith("wgan.distances.")
    for name in ("bracket", "dual", "train_auditor", "nothing"):
        assert not hasattr(wgan.distances, name)
