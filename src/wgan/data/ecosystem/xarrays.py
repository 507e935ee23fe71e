"""Labelled arrays of xarray: series along a dimension `time`, and images along two of the plane.

Which dimension counts samples and which channels is told by their names, or by what is left; a note
says what each was taken for. The variables of a `Dataset` are channels. Samples come back with the
same dimensions, names and attributes; the dimension of samples has no coordinate then.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from wgan.base.errors import WganError
from wgan.data.ecosystem.arrived import Arrived

TIME = ("time",)
PLANES = (("y", "x"), ("height", "width"), ("lat", "lon"), ("latitude", "longitude"))
"""Names of the dimensions of an image, the first of which counts its rows."""
CHANNELS = ("channel", "channels", "variable", "feature", "features", "band", "bands")
SAMPLES = ("sample", "samples", "series", "member", "realization", "ensemble", "n")
VARIABLES = "variables"
"""What messages call the axis of the variables of a `Dataset`."""


@dataclass(frozen=True)
class Roles:
    """What the dimensions of an array are taken for.

    Attributes:
        sample: the one that counts samples; None: all is one series.
        inner: those of a sample, without channels: time, or rows and columns of an image.
        channel: that of the channels; None: there is none, or variables are channels.
    """

    sample: str | None
    inner: tuple[str, ...]
    channel: str | None

    @property
    def order(self) -> tuple[str, ...]:
        """All dimensions in the order in which they are read."""
        return tuple(name for name in (self.sample, *self.inner, self.channel) if name is not None)

    def words(self, variables: tuple[str, ...]) -> str:
        """Return what each dimension is taken for, as a sentence."""
        is_series = len(self.inner) == 1
        said = [] if self.sample is None else [f"'{self.sample}' counts the samples"]
        said.append(
            f"'{self.inner[0]}' counts the steps of a series"
            if is_series
            else f"'{self.inner[0]}' and '{self.inner[1]}' are the rows and columns of an image"
        )
        if self.channel is not None:
            said.append(f"'{self.channel}' counts the channels")
        if variables:
            said.append(f"the variables {', '.join(variables)} are the channels")
        return ", ".join(said)


def open_xarray(source: Any, labels: str | None = None) -> Arrived | None:
    """Return the array of a `DataArray` or a `Dataset`; None: it is neither.

    Args:
        source: the object.
        labels: does not matter: it has none.

    Raises:
        WganError: dimensions whose roles are not clear, or variables of different dimensions.
    """
    import xarray

    if not isinstance(source, xarray.DataArray | xarray.Dataset):
        return None
    name = f"<xarray.{type(source).__name__}>"
    variables: tuple[str, ...] = ()
    dims = tuple(source.dims)
    if isinstance(source, xarray.Dataset):
        variables = tuple(map(str, source.data_vars))
        dims = _common_dims(source, name)
    roles = find_roles(dims, name, bool(variables))
    if variables:
        arrays = [source[each].transpose(*roles.order).values for each in source.data_vars]
        values = np.stack(arrays, axis=-1)
    else:
        values = np.asarray(source.transpose(*roles.order).values)
    is_long = roles.sample is None
    if is_long and values.ndim == 1:
        values = values[:, None]
    notes = [f"{name}: {roles.words(variables)}"]
    if len(roles.inner) == 1 and not _is_even(source, roles.inner[0]):
        notes.append(
            f"{name}: the times along '{roles.inner[0]}' are not evenly spaced, and steps are"
            " learned as if they were; give a table with data.time to learn them too"
        )
    kind = "series" if len(roles.inner) == 1 else "images"
    none = source.isel({roles.inner[0] if is_long else roles.sample: slice(0)}).load()
    like = LikeXarray(none, roles)
    return Arrived(values, name, kind, notes=tuple(notes), like=like, long=is_long)


def find_roles(dims: tuple[Any, ...], name: str, variables: bool = False) -> Roles:
    """Return what dimensions are taken for.

    Args:
        dims: the dimensions of an array, or of all variables.
        name: what messages call it.
        variables: whether variables are channels.

    Raises:
        WganError: dimensions that are neither those of series nor those of images, or of which
            several could count samples.

    >>> find_roles(("time", "station"), "x").sample
    'station'
    """
    names = tuple(map(str, dims))
    inner: tuple[str, ...] | None
    inner = next((each for each in (*PLANES, TIME) if set(each) <= set(names)), None)
    if inner is None:
        raise WganError(
            f"{name}: dimensions {names}: give one called 'time' for series, or two called 'y' and"
            " 'x' for images (rename does), or numbers as .values"
        )
    rest = [each for each in names if each not in inner]
    channels = [each for each in rest if each.lower() in CHANNELS]
    samples = [each for each in rest if each.lower() in SAMPLES]
    if len(channels) > 1 or len(samples) > 1 or (channels and variables):
        raise _unclear(name, names, rest)
    channel = channels[0] if channels else None
    others = [each for each in rest if each not in (*channels, *samples)]
    if samples and len(others) == 1 and channel is None and not variables:
        return Roles(samples[0], inner, others[0])
    if len(others) + len(samples) > 1:
        raise _unclear(name, names, rest)
    sample = next(iter([*samples, *others]), None)
    if sample is None and len(inner) == 2:
        raise WganError(
            f"{name}: dimensions {names} are those of one image: give a further one that counts"
            " images"
        )
    return Roles(sample, inner, channel)


def _unclear(name: str, names: tuple[str, ...], rest: list[str]) -> WganError:
    return WganError(
        f"{name}: dimensions {names}: which of {', '.join(rest)} counts samples is not clear:"
        " rename it to 'sample', and one of channels to 'channel'"
    )


def _common_dims(source: Any, name: str) -> tuple[Any, ...]:
    """Return the dimensions that all variables have."""
    if not source.data_vars:
        raise WganError(f"{name}: has no variables: give some")
    first = next(iter(source.data_vars))
    dims = source[first].dims
    for each in source.data_vars:
        if set(source[each].dims) != set(dims):
            raise WganError(
                f"{name}: variable '{each}' has dimensions {source[each].dims}, and '{first}' has"
                f" {dims}: leave one out, with drop_vars('{each}')"
            )
    return tuple(dims)


def _is_even(source: Any, dim: str) -> bool:
    """Return whether the coordinate of a dimension rises by equal steps, or there is none."""
    if dim not in source.coords or source.sizes[dim] < 3:
        return True
    times = source[dim].values
    if times.dtype.kind not in "iufmM":
        return True
    steps = np.diff(times).astype(np.float64)
    return bool(np.allclose(steps, steps[0], rtol=1e-6, atol=0))


@dataclass(frozen=True)
class LikeXarray:
    """Makes samples a `DataArray`, or a `Dataset` of the same variables.

    Attributes:
        empty: the data without samples.
        roles: what its dimensions were taken for.
    """

    empty: Any
    roles: Roles

    def __call__(self, samples: np.ndarray, classes: np.ndarray | None = None) -> Any:
        import xarray

        empty = self.empty
        # One long series becomes windows, which have a dimension more.
        order = self.roles.order if self.roles.sample is not None else ("sample", *self.roles.order)
        sizes = dict(zip(order, samples.shape, strict=False))
        if isinstance(empty, xarray.DataArray):
            array = xarray.DataArray(
                samples.reshape([sizes.get(each, 1) for each in order]),
                self._coordinates(sizes),
                order,
                empty.name,
                empty.attrs,
            )
            return array.transpose(*_with(order, empty.dims))
        variables = {
            name: xarray.Variable(order, samples[..., i], empty[name].attrs).transpose(
                *_with(order, empty[name].dims)
            )
            for i, name in enumerate(empty.data_vars)
        }
        return xarray.Dataset(variables, self._coordinates(sizes), empty.attrs)

    def _coordinates(self, sizes: dict[str, int]) -> dict[Any, Any]:
        """Return the coordinates that samples have too: those of dimensions of the same length."""
        return {
            name: each.variable
            for name, each in self.empty.coords.items()
            if all(sizes.get(str(dim)) == size for dim, size in each.sizes.items())
        }


def _with(order: tuple[str, ...], dims: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return dimensions in the order of the data, and those that only samples have first."""
    return (*(each for each in order if each not in dims), *dims)
