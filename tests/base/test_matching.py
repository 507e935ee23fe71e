"""Matching: columns go together by name, or are refused."""

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.base.matching import matched, names_of_columns, order_of_columns


def test_columns_are_found_by_name_in_any_order():
    assert order_of_columns(["c", "a", "b"], ["a", "b", "c"], "y", "x") == [1, 2, 0]
    assert order_of_columns(["a", "a"], ["a", "a"], "y", "x") == [0, 1]
    assert order_of_columns(["price"], ["value"], "y", "x") == [0], "one column is that column"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a"], "y lacks columns that x has: b"),
        (["a", "b", "c"], "x lacks columns that y has: c"),
        (["a", "z"], "y lacks columns that x has: b"),
        (["b", "a", "a"], "several columns of one name"),
    ],
)
def test_other_columns_are_refused(names, words):
    with pytest.raises(WganError, match=words):
        order_of_columns(names, ["a", "b"], "y", "x")


def test_a_side_without_names_is_matched_by_position_with_a_word():
    with pytest.warns(UserWarning, match=r"columns of y have no names.* matched by position"):
        assert order_of_columns([], ["a", "b"], "y", "x") == [0, 1]
    with pytest.warns(UserWarning, match="columns of x have no names"):
        assert order_of_columns(["a", "b"], [], "y", "x") == [0, 1]


def test_frames_of_any_library_are_matched_and_arrays_stay():
    pa = pytest.importorskip("pyarrow")
    x = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    y = x[["b", "a"]]
    assert np.array_equal(matched(x, y), x.to_numpy())
    assert np.array_equal(matched(x, pa.Table.from_pandas(y)), x.to_numpy())
    assert names_of_columns(pd.DataFrame(np.zeros((2, 3)))) == (), (
        "numbers count, they name nothing"
    )
    array = x.to_numpy()
    assert matched(array, array) is array
