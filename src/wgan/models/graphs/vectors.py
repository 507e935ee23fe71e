"""Vectors in a graph: numbers in the units of the data."""

from typing import Any

from torch import Tensor, nn

from wgan.data.vectors import VectorCodec
from wgan.models.graphs.numbers import as_type, double


class VectorDecoder(nn.Module):
    """Rows of numbers of what a network makes, as `VectorCodec.decode` gives them."""

    mean: Tensor
    scale: Tensor

    def __init__(self, codec: VectorCodec) -> None:
        super().__init__()
        self.dtype = codec.dtype
        self.register_buffer("mean", double(codec.mean))
        self.register_buffer("scale", double(codec.scale))

    def forward(self, x: Tensor) -> Tensor:
        return as_type(x.double() * self.scale + self.mean, self.dtype)


def about_vectors(codec: VectorCodec) -> dict[str, Any]:
    """Return a description of the columns for a reader."""
    return {"names": list(codec.column_names)}
