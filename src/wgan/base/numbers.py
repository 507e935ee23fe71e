"""Numbers of a user as a plain NumPy array; what an array of numbers cannot hold is refused."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from wgan.base.errors import WganError

UNREAL = (complex, np.complexfloating, np.datetime64, np.timedelta64)
"""Types in an array of objects that NumPy, or scikit-learn, would convert to other numbers."""


@runtime_checkable
class ArrowStream(Protocol):
    """A table of any library, by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class Formatted(Protocol):
    """A table of the library `datasets`."""

    def with_format(self, type: str) -> Any: ...


ArrayLike: TypeAlias = npt.ArrayLike | ArrowStream | Formatted
"""What `plain_array` takes."""
Seed: TypeAlias = int | np.random.RandomState | None
"""A random state as scikit-learn's estimators take it."""


def plain_array(values: Any, name: str) -> np.ndarray:
    """Return values as a NumPy array, each with the meaning that it had.

    A tensor of a type that NumPy lacks, such as bfloat16, becomes float32, which holds all its
    values. Other types stay as they are. PyTorch and SciPy are not imported: their objects are told
    by their methods. Arrays of other libraries come by `__array__`, or by DLPack from any device,
    and tables by `__arrow_c_stream__`.

    Args:
        values: an array, a tensor on any device, or what NumPy makes an array of.
        name: what messages call them.

    Raises:
        WganError: rows of different lengths, values that would become other numbers (complex
            numbers, dates, durations, sparse or masked arrays), or an array that its library does
            not hand to the CPU.

    >>> plain_array([[1, 2], [3, 4]], "x").shape
    (2, 2)
    """
    if hasattr(values, "toarray"):
        raise WganError(f"{name}: a sparse array: give it dense, x.toarray()")
    if hasattr(values, "detach"):
        values = _from_tensor(values, name)
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        raise WganError(
            f"{name}: a masked array whose masked values would come back: fill them, or drop their"
            " rows"
        )
    if hasattr(values, "with_format"):  # a `datasets.Dataset`
        values = values.with_format("arrow")[:]
    if hasattr(values, "__arrow_c_stream__") and not hasattr(values, "__array__"):
        values = _from_arrow(values, name)
    if hasattr(values, "__dlpack__") and not isinstance(values, np.ndarray):
        values = _from_dlpack(values, name)
    _refuse_collections(values, name)
    try:
        array = np.asarray(values)
    except ValueError:
        raise WganError(
            f"{name}: rows of different lengths make no array: give every sample one shape"
        ) from None
    check_real(array.dtype, name)
    if array.dtype.kind == "O":
        for value in array.flat:
            if isinstance(value, UNREAL):
                check_real(np.asarray(value).dtype, name)
    return array


def float_array(values: Any, name: str) -> np.ndarray:
    """Return values as a NumPy array of float64.

    Args:
        values: as in `plain_array`.
        name: what messages call them.

    Raises:
        WganError: as `plain_array`, or values that are not numbers.
    """
    plain = plain_array(values, name)
    try:
        return np.asarray(plain, dtype=np.float64)
    except (ValueError, TypeError):
        raise WganError(
            f"{name}: holds something that is not a number: give numbers alone"
        ) from None


def check_number(value: Any, name: str) -> None:
    """Refuse what is not a real number, such as text, None or a list.

    Args:
        value: a setting of the user.
        name: its name.

    Raises:
        WganError: no number.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise WganError(f"{name} = {value!r}: give a number")


def check_count(value: Any, name: str, least: int) -> None:
    """Refuse what is not a whole number, or too small a one.

    Args:
        value: a setting of the user; NumPy's whole numbers are some.
        name: its name.
        least: the smallest number that is taken.

    Raises:
        WganError: no whole number, or one below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise WganError(f"{name} = {value!r}: give a whole number, {least} or more")


def as_seed(random_state: Seed) -> int:
    """Return the random seed of a random state; of none, or of a generator, a fresh one.

    Args:
        random_state: the random state.

    Raises:
        WganError: a number that is not a seed.
    """
    from sklearn.utils import check_random_state

    if isinstance(random_state, int | np.integer):
        check_count(random_state, "random_state", 0)
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def check_real(dtype: np.dtype, name: str) -> None:
    """Refuse types whose values would become other numbers.

    Args:
        dtype: the type.
        name: what messages call the values.

    Raises:
        WganError: complex numbers, dates or durations.
    """
    if dtype.kind == "c":
        # The first words are those that scikit-learn asks of its estimators.
        raise WganError(
            f"{name}: Complex data not supported: give real and imaginary parts as columns,"
            " numpy.stack([x.real, x.imag], axis=-1)"
        )
    if dtype.kind in "mM":
        raise WganError(
            f"{name}: dates or durations ({dtype}), whose numbers depend on their unit: give them"
            " as columns of a DataFrame, or divide durations by one, such as numpy.timedelta64(1,"
            " 'D')"
        )


def _from_dlpack(values: Any, name: str) -> Any:
    """Return an array of another library as one of NumPy, by `__array__` or else by DLPack."""
    ways: list[Callable[[], Any]] = [
        lambda: np.from_dlpack(values),
        lambda: np.from_dlpack(values, device="cpu"),  # copies from a device; NumPy 2.1
    ]
    if hasattr(values, "__array__"):
        ways.insert(0, lambda: np.asarray(values))  # of types that DLPack has none for too
    for way in ways:
        try:
            return way()
        # Libraries refuse in types of their own, such as jax.errors.TracerArrayConversionError.
        except Exception as error:
            fault = error
    raise WganError(
        f"{name}: an array of {type(values).__module__.split('.')[0]} that cannot be copied to the"
        f" CPU ({str(fault).splitlines()[0] if str(fault) else type(fault).__name__}): give"
        " numpy.asarray of its values"
    )


def _refuse_collections(values: Any, name: str) -> None:
    """Refuse data sets and loaders of torch and of xarray, which NumPy makes no numbers of."""
    libraries = {each.__module__.partition(".")[0] for each in type(values).__mro__}
    if libraries & {"torch", "xarray"} and not hasattr(values, "dtype"):
        raise WganError(
            f"{name}: a {type(values).__name__} is no array: give its samples,"
            " wgan.data.load(data).rows[:]"
        )


def _from_arrow(values: Any, name: str) -> np.ndarray:
    """Return the columns of a table that an Arrow stream holds, side by side."""
    try:
        from pyarrow import table, types
    except ImportError:
        raise WganError(f"{name}: a table needs pyarrow: pip install 'wgan[parquet]'") from None
    try:
        columns = table(values).columns
    # What fails is the query of another library, with errors of its own.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WganError(f"{name}: its table cannot be read ({reason}): mend it") from None
    plain = [each.cast("float64") if types.is_decimal(each.type) else each for each in columns]
    if not plain:
        raise WganError(f"{name}: a table without columns: give some")
    arrays = [each.to_numpy() for each in plain]
    for array in arrays:
        check_real(array.dtype, name)  # NumPy puts no date beside a number
    return np.column_stack(arrays)


def _from_tensor(values: Any, name: str) -> np.ndarray:
    if "strided" not in str(values.layout):
        raise WganError(f"{name}: a sparse tensor: give it dense, x.to_dense()")
    if values.is_meta:
        raise WganError(f"{name}: a tensor without data (device meta): give one that holds values")
    values = values.detach().cpu()
    if values.is_complex():
        values = values.resolve_conj()
    try:
        return np.asarray(values.numpy())
    except TypeError:
        return np.asarray(values.float().numpy())
