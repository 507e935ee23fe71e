"""The table of libraries whose objects are read: a line for each, and a file beside this one."""

from collections.abc import Callable
from typing import Any, TypeAlias

from wgan.data.ecosystem.arrived import Arrived
from wgan.data.ecosystem.frames import open_frame
from wgan.data.ecosystem.hugging_face import open_hugging_face
from wgan.data.ecosystem.torch_data import open_torch
from wgan.data.ecosystem.xarrays import open_xarray

Opener: TypeAlias = Callable[[Any, str | None], Arrived | None]
"""(object, its labels as `load` takes them) -> what it holds; None: nothing that is read here."""

FAMILIES: dict[str, Opener] = {
    "datasets": open_hugging_face,
    "xarray": open_xarray,
    "torch": open_torch,
}
"""How objects are opened, by the library that defines one of their classes; earlier lines first."""


def opened(source: Any, labels: str | None = None) -> Arrived:
    """Return the contents of a DataFrame or array, or of an object of one of `FAMILIES`.

    An object that no line knows stays as it is. Streams and loaders are read here, once.

    Args:
        source: the object, or what this function returned for it.
        labels: `own`, or the name of the column that holds classes; None: none is asked for.

    Raises:
        WganError: an object whose contents cannot be read, or could be read in several ways.
    """
    if isinstance(source, Arrived):
        return source
    libraries = {each.__module__.partition(".")[0] for each in type(source).__mro__}
    for library, opener in FAMILIES.items():
        arrived = opener(source, labels) if library in libraries else None
        if arrived is not None:
            return arrived
    return open_frame(source) or Arrived(source)
