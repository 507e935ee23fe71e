"""Numbers of users: the same values, or a refusal that says what they are."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
import torch

from wgan.base.errors import WganError
from wgan.base.numbers import check_count, check_number, float_array, plain_array
from wgan.data import load
from wgan.distances import earth_mover, wasserstein

X = np.random.default_rng(0).normal(size=(40, 3))
DATES = np.array(["2020-01-01", "NaT"] * 20, "M8[D]")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float16])
def test_a_tensor_of_any_type_keeps_its_values(dtype):
    x = torch.tensor(X).to(dtype)
    assert np.array_equal(plain_array(x, "x").astype(float), x.double().numpy())
    assert np.array_equal(load(x).rows[:].astype(float), x.double().numpy())
    assert wasserstein(x, x.double()) == 0


def test_a_tensor_that_is_trained_is_data_too():
    x = torch.tensor(X, requires_grad=True)
    assert np.array_equal(load(x).rows[:], X)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (X + 1j, "Complex data not supported: give real and imaginary parts"),
        (torch.tensor(X + 1j), "Complex data not supported"),
        (torch.tensor(X + 1j).conj(), "Complex data not supported"),
        (DATES, r"dates or durations \(datetime64\[D\]\).*columns of a DataFrame"),
        (DATES.astype("M8[s]"), r"dates or durations \(datetime64\[s\]\)"),
        (np.arange(40).astype("m8[h]"), r"dates or durations \(timedelta64\[h\]\)"),
        (np.array([[1 + 2j, 1.0]] * 40, object), "Complex data not supported"),
        (np.array([[DATES[0], 1.0]] * 40, object), r"dates or durations \(datetime64\[D\]\)"),
        (torch.tensor(X).to_sparse(), r"a sparse tensor: give it dense, x.to_dense\(\)"),
        (torch.zeros(9, 2, device="meta"), "a tensor without data"),
        (scipy.sparse.csr_matrix(X), r"a sparse array: give it dense, x.toarray\(\)"),
        (scipy.sparse.coo_array(X), r"a sparse array: give it dense, x.toarray\(\)"),
        (np.ma.masked_less(X, 0), "a masked array"),
        ([[1.0, 2.0], [3.0]], "rows of different lengths"),
    ],
)
def test_values_that_would_become_other_numbers_are_refused(values, words):
    with pytest.raises(WganError, match=f"^x: {words}"):
        plain_array(values, "x")
    if scipy.sparse.issparse(values):  # the checker of types is the first to refuse it
        return
    with pytest.raises(WganError, match=f"^x: {words}"):
        wasserstein(values, X)
    with pytest.raises(WganError, match=f"^<array>: {words}"):
        load(values)


def test_a_mask_that_hides_nothing_is_no_mask():
    assert np.array_equal(load(np.ma.array(X)).rows[:], X)


@pytest.mark.parametrize("ending", [".npy", ".npz"])
@pytest.mark.parametrize(
    ("values", "words"), [(X + 1j, "Complex data"), (DATES, "dates or durations")]
)
def test_arrays_in_files_are_refused_alike(tmp_path, values, words, ending):
    (np.save if ending == ".npy" else np.savez)(tmp_path / f"a{ending}", values)
    with pytest.raises(WganError, match=words):
        load(tmp_path / f"a{ending}")


def test_positions_and_masses_are_numbers_too():
    with pytest.raises(WganError, match="P: Complex data not supported"):
        earth_mover(np.array([1 + 1j, 2]), [1, 2])
    with pytest.raises(WganError, match="positions: dates or durations"):
        earth_mover([1, 2], [2, 1], DATES[:2])


def test_dates_as_labels_are_names_in_any_unit():
    days = np.array(["2020-01-01", "2021-01-01"] * 20, "M8[D]")
    assert load(X).with_labels(days).classes == ("2020-01-01", "2021-01-01")
    assert load(X).with_labels(days.astype("M8[ns]")).classes[0].startswith("2020-01-01T00")
    with pytest.raises(WganError, match="sample 2 has no label"):
        load(X).with_labels(DATES)
    with pytest.raises(WganError, match="labels of type complex128"):
        load(X).with_labels(np.ones(40) + 1j)


@pytest.mark.parametrize("value", [True, "3", None, [3], float("nan"), 2.5, 2, np.float64(3)])
def test_a_count_is_a_whole_number_that_is_large_enough(value):
    with pytest.raises(WganError, match=r"^steps = .*: give a whole number, 3 or more"):
        check_count(value, "steps", 3)


def test_counts_and_numbers_of_numpy_are_some():
    check_count(np.int64(3), "steps", 3)
    check_number(np.float32(0.5), "p")
    for value in (True, "0.5", None, [0.5], 1j):
        with pytest.raises(WganError, match=r"^p = .*: give a number"):
            check_number(value, "p")


def test_words_are_no_numbers():
    assert float_array([1, 2], "x").dtype == np.float64
    with pytest.raises(WganError, match=r"^x: holds something that is not a number"):
        float_array(["a", 2], "x")


class Strange:
    """An array of another library that offers DLPack alone, as of a device if asked."""

    def __init__(self, values, device=False):
        self.values, self.device = values, device

    def __dlpack__(self, *, dl_device=None, **more):
        if self.device and dl_device is None:
            raise BufferError("on a device")
        return self.values.__dlpack__()

    def __dlpack_device__(self):
        return (2, 0) if self.device else (1, 0)


class Refusing(Strange):
    """One whose `__array__` refuses too, as CuPy's does."""

    def __array__(self, *arguments, **more):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")


class Offering:
    """An array that offers `__array__` alone."""

    def __array__(self, dtype=None, copy=None):
        return np.asarray(X, dtype)


@pytest.mark.parametrize(
    "x", [Strange(X), Strange(torch.tensor(X)), Strange(X, True), Refusing(X), Offering()]
)
def test_an_array_of_another_library_is_taken_as_it_is(x):
    assert np.array_equal(float_array(x, "x"), X)


def test_an_array_that_does_not_come_to_the_cpu_is_named():
    class Far(Refusing):
        def __dlpack__(self, **more):
            raise BufferError("no way to the CPU")

    with pytest.raises(WganError, match=r"^x: an array of .*no way to the CPU\): give numpy"):
        float_array(Far(X), "x")


def test_arrays_of_jax_are_taken_as_they_are():
    jnp = pytest.importorskip("jax.numpy")
    assert np.array_equal(float_array(jnp.asarray(X, "bfloat16"), "x"), X.astype("bfloat16"))
    assert wasserstein(jnp.asarray(X), jnp.asarray(X)) == 0


@pytest.mark.filterwarnings("error")
def test_samples_and_weights_of_tensors_that_are_trained_measure_as_arrays():
    x, y = torch.tensor(X, requires_grad=True), torch.tensor(X[:30] + 1.0, requires_grad=True)
    w = torch.rand(40, dtype=torch.float64, requires_grad=True)
    assert wasserstein(x * 1, y, 1, w) == wasserstein(X, X[:30] + 1, 1, w.detach().numpy())


class Stream:
    """An object of a library that is not known, with nothing but a stream of Arrow."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def test_a_stream_of_arrow_is_its_columns_side_by_side():
    decimals = pa.array([1, 2], pa.decimal128(9, 2))
    assert plain_array(Stream(pa.table({"a": [3, 4], "b": decimals})), "x").tolist() == [
        [3.0, 1.0],
        [4.0, 2.0],
    ]
    with pytest.raises(WganError, match=r"x: its table cannot be read .*: mend it"):
        plain_array(Stream(pa.chunked_array([[1.0]])), "x")
    dates = Stream(pa.table({"a": [1.0], "day": [datetime.date(2024, 1, 1)]}))
    with pytest.raises(WganError, match="x: dates or durations"):
        plain_array(dates, "x")


def test_tables_of_datasets_and_duckdb_are_matched_by_the_names_of_their_columns():
    x = {"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 0.0]}
    y = {"b": [2.0, 2.0, 0.0], "a": [1.0, 3.0, 3.0]}
    expected = wasserstein(pd.DataFrame(x), pd.DataFrame(y))
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict
    assert wasserstein(made(x), made(y)) == expected
    duckdb = pytest.importorskip("duckdb")
    relations = [duckdb.from_arrow(pa.table(each)) for each in (x, y)]
    assert wasserstein(*relations) == expected


def test_data_sets_of_torch_and_xarray_are_refused_with_the_way_to_their_samples():
    source = torch.utils.data.TensorDataset(torch.eye(3))
    with pytest.raises(WganError, match=r"a TensorDataset is no array: give .*load\(data\).rows"):
        plain_array(source, "x")
