"""Identifiers and numbers of series count on, each once, whatever the type of their column."""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data.tables.numbering import identifiers, largest, numbered
from wgan.data.tables.schema import Column


@pytest.mark.parametrize(
    ("dtype", "most"),
    [
        ("int8", 127),
        ("UInt16", 65_535),
        ("int64", 2**63 - 1),
        ("uint32[pyarrow]", 2**32 - 1),
        ("float16", 2**11 - 1),
        ("float32", 2**24 - 1),
        ("Float32", 2**24 - 1),
        ("float[pyarrow]", 2**24 - 1),
        ("halffloat[pyarrow]", 2**11 - 1),
        ("float64", 2**53 - 1),
        ("double[pyarrow]", 2**53 - 1),
    ],
)
def test_identifiers_and_numbers_beyond_a_type_come_in_a_larger_one(dtype, most):
    assert largest(dtype) == most
    column = Column("id", "identifier", dtype, pattern="{}", start=most - 4)
    before = identifiers(column, 3)
    assert str(before.dtype) == dtype
    assert [int(x) for x in before] == [most - 4, most - 3, most - 2]
    last = identifiers(column, 2, first=3)
    assert str(last.dtype) == dtype
    assert [int(x) for x in last] == [most - 1, most]
    beyond = identifiers(column, 3, first=3)
    assert [int(x) for x in beyond] == [most - 1, most, most + 1]
    if most + 1 < 2**63:
        assert str(numbered(np.array([0, most - 1]), dtype).dtype) == dtype
        assert numbered(np.array([most]), dtype).tolist() == [most + 1]
        assert numbered(np.array([most]), dtype).dtype == np.int64


def test_identifiers_of_text_count_on_and_grow():
    column = Column("id", "identifier", "str", pattern="C-{:03d}", start=998)
    assert identifiers(column, 3, first=1).tolist() == ["C-999", "C-1000", "C-1001"]
    assert numbered(np.array([0, 0, 9]), "str").tolist() == ["1", "1", "10"]


def test_identifiers_beyond_all_types_are_refused():
    column = Column("id", "identifier", "uint64", pattern="{}", start=2**64 - 2)
    assert identifiers(column, 2).tolist() == [2**64 - 2, 2**64 - 1]
    with pytest.raises(WganError, match="no type holds identifiers from"):
        identifiers(column, 1, first=2)
