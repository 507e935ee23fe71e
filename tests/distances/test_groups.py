import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.distances.groups import group_codes, halves_of_groups, rows_of


def test_labels_of_any_type_name_the_same_groups():
    for labels in ([7, 3, 7, 5], [7.5, 3.0, 7.5, 5.0], list("cacb"), pd.Series(list("cacb"))):
        assert group_codes(labels, 4, "x").tolist() == [2, 0, 2, 1]
    assert group_codes(None, 3, "x").tolist() == [0, 1, 2]


@pytest.mark.parametrize("missing", [None, np.nan, "", pd.NA, pd.NaT])
def test_a_row_without_a_group_is_named(missing):
    with pytest.raises(WganError, match="groups of y have no label in row 2"):
        group_codes(np.array(["a", "b", missing], dtype=object), 3, "y")
    with pytest.raises(WganError, match="groups of y have no label in row 2"):
        group_codes(["a", "b", missing], 3, "y")


def test_wrong_labels_are_refused():
    with pytest.raises(WganError, match=r"3 samples and groups of shape \(2,\)"):
        group_codes([1, 2], 3, "x")
    with pytest.raises(WganError, match="one group, a"):
        group_codes(["a", "a"], 2, "x")


def test_halves_hold_whole_groups_and_as_many_of_them():
    codes = np.random.default_rng(0).permutation(np.repeat(np.arange(11), np.arange(1, 12)))
    first, second = halves_of_groups(codes, np.random.default_rng(1))
    groups = set(codes[first]), set(codes[second])
    assert not groups[0] & groups[1]
    assert len(groups[0]) == len(groups[1]) == 5
    for rows, chosen in zip((first, second), groups, strict=True):
        assert len(rows) == np.isin(codes, list(chosen)).sum()


def test_rows_of_single_rows_keep_the_order_that_was_drawn():
    assert rows_of(np.array([2, 0, 1]), np.array([0, 2])).tolist() == [1, 0]
