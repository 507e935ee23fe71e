"""Figures of matplotlib with its own settings, whatever the user's matplotlibrc says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from wgan.base.errors import WganError


@contextmanager
def figure(inches: tuple[float, float], settings: Mapping[str, Any]) -> Iterator[Any]:
    """Yield an empty figure; it is to be drawn and written within.

    A matplotlibrc may name fonts, sizes or LaTeX (`text.usetex`) that change a figure or cannot be
    had, so that matplotlib's defaults hold.

    Args:
        inches: width and height.
        settings: rcParams that differ from the defaults.

    Raises:
        WganError: matplotlib cannot be imported with the settings of this machine.
    """
    try:
        from matplotlib import rc_context, rcParamsDefault
        from matplotlib.figure import Figure
    except (ValueError, UnicodeError, OSError) as error:  # MPLBACKEND or the matplotlibrc
        raise WganError(
            f"matplotlib does not start ({' '.join(str(error).split())}): fix its matplotlibrc or"
            " unset MPLBACKEND"
        ) from None
    # The backend stays: it is that of windows, which are not opened here.
    defaults: dict[Any, Any] = {
        name: value for name, value in rcParamsDefault.items() if name != "backend"
    }
    with rc_context(defaults | dict(settings)):
        yield Figure(figsize=inches, layout="constrained")
