"""A part of the campaign of bad inputs; all of it is `python tests/fuzz`, and is marked slow."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def campaign(script, *flags):
    command = [sys.executable, str(HERE / script), *flags]
    return subprocess.run(command, capture_output=True, text=True)


def test_one_bad_input_in_forty_is_refused_in_one_line_and_harms_nothing():
    done = campaign("__main__.py", "--every", "40")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_every_bad_input_is_refused_in_one_line_and_harms_nothing():
    done = campaign("__main__.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_commands_killed_at_random_moments_go_on_to_the_same_bits():
    done = campaign("kills.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_outcome_is_judged_by_what_came_of_it(tmp_path):
    sys.path.insert(0, str(HERE))
    try:
        from campaign import Case, run
    finally:
        sys.path.remove(str(HERE))

    def raises():
        raise RuntimeError("inside")

    def overwrites():
        Path("mine").write_text("yours")

    def holds_mine(call):
        def prepare(folder):
            (folder / "mine").write_text("mine")
            return call

        return prepare

    actions = {
        None: (["distance", "1,2", "1,x"], "refused"),
        "traceback": (raises, "refused"),
        "wrong success": (["variants"], "refused"),
        "harmed file": (overwrites, "either"),
        "wrong refusal": (["distance", "1,2", "1,x"], "accepted"),
    }
    for fault, (action, expected) in actions.items():
        case = Case("group", str(fault), holds_mine(action), expected)
        assert run(case, tmp_path / str(fault)).fault == fault
