"""Vectors: standardised and decoded back, in the type that they had."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import VectorCodec, load
from wgan.data.vectors import read_vectors

POINTS = np.random.default_rng(0).normal(3, 5, size=(103, 4))


def test_vectors_are_standardised_and_decoded_back():
    data = load(POINTS)
    x = data.encode(POINTS)
    assert torch.allclose(x.mean(0), torch.zeros(4), atol=1e-5)
    assert torch.allclose(x.std(0, correction=0), torch.ones(4), atol=1e-5)
    assert np.allclose(data.decode(x), POINTS, atol=1e-5)
    assert data.decode(x).dtype == np.float64


def test_integer_columns_come_back_as_integers_within_their_type():
    raw = np.random.default_rng(0).integers(0, 200, size=(50, 3)).astype(np.uint8)
    data = load(raw)
    assert np.array_equal(data.decode(data.encode(raw)), raw)
    assert data.decode(torch.full((1, 3), 99.0)).max() == 255


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int8, np.float16, np.float32])
def test_samples_beyond_a_type_are_at_its_limits(dtype):
    limits = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    raw = np.array([[limits.min], [limits.max]] * 20, dtype=dtype)
    if dtype == np.float32:
        raw = raw / 2
    data = load(raw)
    far = data.decode(torch.tensor([[-9.0], [9.0]]))
    assert far.dtype == dtype
    assert np.isfinite(far.astype(float)).all()
    assert far[0, 0] == limits.min
    # The largest double below 2^63 is 1024 less than it.
    assert float(limits.max) * (1 - 2**-52) <= float(far[1, 0]) <= float(limits.max)


def test_numbers_whose_spread_overflows_are_refused():
    with pytest.raises(WganError, match=r"as large as .*e\+20. have no standard deviation"):
        load(POINTS * 1e200)


def test_rows_under_names_are_matched_with_frames_by_name(tmp_path):
    frame = pd.DataFrame(POINTS, columns=list("abcd")).assign(y=["u", "v", "u"] * 34 + ["v"])
    frame.to_csv(tmp_path / "x.csv", index=False)
    codec = load(tmp_path / "x.csv", labels="y").codec
    assert codec.column_names == ("a", "b", "c", "d")
    assert codec == VectorCodec.from_json(json.loads(json.dumps(codec.to_json())))
    again = frame[["d", "a", "c", "b"]]
    assert np.array_equal(codec.unwrap(again), POINTS)
    for other in (again[["a", "b", "c"]], again.assign(e=1.0), again.rename(columns={"a": "A"})):
        with pytest.raises(WganError, match="lacks columns that"):
            codec.unwrap(other)
    with pytest.warns(UserWarning, match="matched by position"):
        load(POINTS).codec.unwrap(again)


def test_a_constant_column_is_harmless():
    raw = np.concatenate([POINTS, np.full((103, 1), 7.0)], axis=1)
    data = load(raw)
    assert np.allclose(data.decode(data.encode(raw)), raw, atol=1e-5)


def test_large_offsets_do_not_cost_precision():
    raw = 1e9 + np.random.default_rng(0).normal(size=(100, 1))
    data = load(raw)
    assert np.allclose(data.decode(data.encode(raw)), raw, atol=1e-5, rtol=0)


def test_booleans_come_back_as_booleans():
    raw = np.random.default_rng(0).random((40, 3)) < 0.3
    data = load(raw)
    assert np.array_equal(data.decode(data.encode(raw)), raw)
    assert data.decode(data.encode(raw)).dtype == bool


def test_distances_are_in_standardised_columns_or_in_the_datas_own_coordinates():
    codec = VectorCodec((3.0, -1.0), (2.0, 0.5), "<f8")
    raw = np.array([[5.0, -1.0], [3.0, 0.0]])
    assert codec.measure(raw).tolist() == [[1.0, 0.0], [0.0, 2.0]]
    assert codec.units == "standardised columns"
    own = VectorCodec((3.0, -1.0), (2.0, 0.5), "<f8", measure_standardised=False)
    assert own.measure(raw).tolist() == raw.tolist()
    assert own.units == "data coordinates"


def test_vectors_of_more_axes_are_refused():
    assert read_vectors(np.arange(12.0), "x").shape == (1,)
    with pytest.raises(WganError, match=r"x: samples of shape \(3, 4\); vectors are an array"):
        read_vectors(np.zeros((12, 3, 4)), "x")


def test_samples_of_another_shape_are_refused():
    with pytest.raises(WganError, match=r"samples of shape \(3,\), the data had \(4,\)"):
        load(POINTS).codec.check(np.zeros((2, 3)))


def test_codes_and_slips_among_rows_of_numbers_are_said():
    random = np.random.default_rng(0)
    x = random.uniform(20, 80, (500, 2))
    codec = load(x).codec
    assert codec.notes(x) == []
    coded = np.where(random.random((500, 1)) < [[0.3, 0.0]], -999, x)
    (words,) = load(coded).codec.notes(coded)
    assert words.startswith("column 1: ")
    assert "% of the rows have -999, apart from all others, and samples may lie between" in words
    x[7, 1] = 1e30
    (words,) = load(x).codec.notes(x)
    assert words.startswith("column 2: 0.2% of the rows have 1e+30, apart from all others")
    (words,) = load(x).codec.notes(x[8:])
    assert words.startswith("column 2: a few values lie so far away that the others fill less")
