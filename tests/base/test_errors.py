from itertools import permutations

import pytest

from wgan.base.errors import WganError, did_you_mean

NAMES = ["gan", "wgan", "wgan-gp", "wgan-lp", "hinge-sn"]


def test_an_error_is_a_value_error_so_that_callers_need_no_import_of_ours():
    with pytest.raises(ValueError, match="the message"):
        raise WganError("the message")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_two_letters_swapped_is_recognised(name):
    for i in range(len(name) - 1):
        word = name[:i] + name[i + 1] + name[i] + name[i + 2 :]
        assert did_you_mean(word, NAMES) == f"Did you mean '{name}'?"


def test_swapped_letters_come_before_another_name_that_is_as_near():
    assert did_you_mean("wgan-pg", ["wgan-lp", "wgan-gp"]) == "Did you mean 'wgan-gp'?"


def test_the_order_of_the_names_does_not_matter():
    for known in permutations(["b", "a", "c"]):
        assert did_you_mean("xyz", known) == "Known: a, b, c."
    assert did_you_mean("xyz", (name for name in NAMES)).count(",") == len(NAMES) - 1
