"""Metrics of your own: functions of generated and held-out samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wgan.base.errors import WganError
from wgan.evaluation.metric import Comparison, Metric, Reference


@dataclass(frozen=True)
class OwnMetric:
    """A metric that `evaluate` takes beside the built-in ones.

    It gets the same protocol: an interval over sets of fresh samples, a floor on real samples and a
    ceiling on broken ones.

    Args:
        name: the name in files, which no built-in metric has.
        direction: how to read it: "low is good", "high is good", or words of your own.
        function: maps `n` generated and the held-out samples to a finite number. Both are raw, as
            the data set stores them; rows of a table become a DataFrame by `codec.frame`.
        title: the name in printed tables; the name in files unless given.
        unit: the unit; "%" for shares, which are shown times 100.
        floor: the value on real samples, where it is known; measured unless given.

    Raises:
        WganError: an empty name or direction.

    >>> def mean_error(generated, held_out):
    ...     return abs(generated.mean() - held_out.mean())
    >>> OwnMetric("mean-error", "low is good", mean_error).name
    'mean-error'
    """

    name: str
    direction: str
    function: Callable[[np.ndarray, np.ndarray], Any]
    title: str = ""
    unit: str = ""
    floor: float | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.direction:
            raise WganError(
                f"metric {self.name!r} with direction {self.direction!r}: give it a name, and how"
                " to read it, such as 'low is good'"
            )


def metrics_of(own: Sequence[OwnMetric], built_in: Sequence[str]) -> tuple[Metric, ...]:
    """Return metrics of users as the protocol takes them.

    Args:
        own: the metrics.
        built_in: names that are in use.

    Raises:
        WganError: a name that is in use, or given twice.
    """
    names = [each.name for each in own]
    for name in names:
        if name in built_in:
            raise WganError(f"metric '{name}': a built-in metric has this name: choose another")
        if names.count(name) > 1:
            raise WganError(f"metric '{name}': given twice: give each metric a name of its own")
    return tuple(_metric(each) for each in own)


def _metric(own: OwnMetric) -> Metric:
    known = own.floor

    def measure(c: Comparison[Reference]) -> float:
        # Copies, so that a function that changes its arguments changes no other figure.
        value = own.function(c.raw.copy(), c.reference.held_out.copy())
        return _checked(own.name, value, c.what)

    def floor(reference: Reference) -> float:
        assert known is not None
        return known

    return Metric(
        name=own.name,
        title=own.title,
        unit=own.unit,
        read=own.direction,
        measure=measure,
        floor=None if known is None else floor,
    )


def _checked(name: str, value: Any, what: str) -> float:
    """Return the value of a user's function as a float; arrays of one number without axes pass."""
    array = np.asarray(value)
    if array.shape != () or array.dtype.kind not in "iuf" or not np.isfinite(array):
        raise WganError(
            f"metric '{name}': its function returned {value!r} on {what}: return one finite number"
        )
    return float(array)
