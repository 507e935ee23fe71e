"""What the README promises, at full length: minutes each. Run with `pytest -m slow`."""

import json

import pytest

from wgan.cli import main

pytestmark = pytest.mark.slow


def test_digits_come_near_the_floor():
    assert main(["train", "digits", "--quiet", "--out", "r"]) == 0
    with open("r/verdict.json") as file:
        assert json.load(file)["ratio"] <= 1.25


def test_all_25_gaussians_are_covered():
    assert main(["train", "25-gaussians", "--quiet", "--out", "r"]) == 0
    with open("r/verdict.json") as file:
        coverage = json.load(file)["coverage"]
    assert coverage["covered"] == coverage["modes"] == 25
    assert coverage["share"] > 0.6
