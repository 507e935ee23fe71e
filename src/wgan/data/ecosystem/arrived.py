"""What an object of another library holds: values that `load` reads, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from wgan.data.encoded import Encoded

Like: TypeAlias = Callable[[Any, np.ndarray | None], Any]
"""(samples, the name of the class of each or None) -> the samples in the user's library."""


def as_they_are(samples: Any, classes: np.ndarray | None = None) -> Any:
    """Return samples in the form of the package: a DataFrame of pandas, or an array.

    Args:
        samples: the samples.
        classes: does not matter.
    """
    return samples


@dataclass(frozen=True)
class Arrived:
    """What an object holds, whatever its library.

    Attributes:
        values: a DataFrame of pandas, an array, a tensor or encoded pictures.
        name: what messages call it; None: as others of its form.
        kind: the kind of data that it is read as, where none is given.
        labels: `[n]` the class of each sample; None: it has none.
        notes: what was guessed and what is left out, in sentences.
        like: makes samples an object of the same library.
        long: whether the values are one long series, which windows are cut from.
    """

    values: Any
    name: str | None = None
    kind: str = "auto"
    labels: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    like: Like = as_they_are
    long: bool = False

    @property
    def is_table(self) -> bool:
        """Whether the values are a table."""
        return isinstance(self.values, pd.DataFrame)

    @property
    def is_encoded(self) -> bool:
        """Whether the values are the bytes of picture files."""
        return isinstance(self.values, Encoded)
