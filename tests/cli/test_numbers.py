"""Whole numbers on the command line are taken as they are, or refused."""

import pytest
from short_runs import wgan


@pytest.mark.parametrize(
    "command",
    [
        "train digits --steps 2.6",
        "train digits --seed 0.5",
        "train digits --seed -1",
        "train digits --seed 9223372036854775808",
        "sample r -n 2.7",
        "sample r --seed -1",
        "evaluate r -n nan",
        "evaluate r --seed -1",
        "distance a b -n 1.5",
        "distance a b --steps 2.5",
        "distance a b --seed -1",
        "distance a b --seed abc",
        "compare digits --seeds 2.5",
        "compare digits --steps 1e-3",
        "compare digits --jobs 1.5",
        "demo support --seeds 1.5",
        "features train digits --epochs 2.5",
        "features train digits --seed -1",
    ],
)
def test_a_number_that_is_not_whole_is_refused(command, capsys):
    assert wgan(command) == 2
    flag, value = command.split()[-2:]
    error = capsys.readouterr().err
    assert f"Invalid value for {flag}: {value}: give a whole number" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("steps", ["40", "4e1", "40.0", "+40"])
def test_a_whole_number_may_be_spelled_in_any_way(steps, capsys):
    assert wgan(f"train 8-gaussians --dry-run --steps {steps}") == 0
    assert "\nsteps = 40\n" in capsys.readouterr().out
