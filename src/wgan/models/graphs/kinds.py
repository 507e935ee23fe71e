"""The table of graphs: the decoder of each kind of data as layers, and what describes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.data.codec import Codec
from wgan.models.graphs.images import ImageDecoder, about_images
from wgan.models.graphs.series import SeriesDecoder, about_series
from wgan.models.graphs.tables import TableDecoder, about_tables, free_choices
from wgan.models.graphs.vectors import VectorDecoder, about_vectors


@dataclass(frozen=True)
class Graph:
    """Functions that make samples of one kind of data in a graph.

    Attributes:
        decoder: returns layers that turn network output `[n, *shape]` into raw samples, as the
            codec's `decode` does, given the codec.
        about: returns what a reader of samples should know, as plain values, given the codec.
        free: returns conditions of this many samples that leave all free, given the codec; None: a
            graph takes no conditions.
    """

    decoder: Callable[[Any], nn.Module]
    about: Callable[[Any], dict[str, Any]]
    free: Callable[[Any, int], Tensor] | None = None


GRAPHS: dict[str, Graph] = {
    "vectors": Graph(VectorDecoder, about_vectors),
    "images": Graph(ImageDecoder, about_images),
    "series": Graph(SeriesDecoder, about_series),
    "tables": Graph(TableDecoder, about_tables, free_choices),
}


def graph_of(codec: Codec) -> Graph:
    """Return the graph of a codec's kind.

    Raises:
        WganError: a kind without a graph.
    """
    if codec.kind not in GRAPHS:
        raise WganError(f"{codec.kind} are not exported: add a line to models.graphs.kinds.GRAPHS")
    return GRAPHS[codec.kind]
