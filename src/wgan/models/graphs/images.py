"""Pictures in a graph: pixels in the depth and layout of the data."""

from typing import Any

from torch import Tensor, nn

from wgan.data.images import ImageCodec
from wgan.models.graphs.numbers import as_type


class ImageDecoder(nn.Module):
    """Pixels of what a network makes, as `ImageCodec.decode` gives them."""

    def __init__(self, codec: ImageCodec) -> None:
        super().__init__()
        self.low, self.high = codec.low, codec.high
        self.layout = codec.layout
        self.dtype = codec.dtype

    def forward(self, x: Tensor) -> Tensor:
        unit = (x.float().clamp(-1, 1) + 1) / 2
        if self.layout == "hw":
            unit = unit[:, 0]
        elif self.layout == "hwc":
            unit = unit.permute(0, 2, 3, 1)
        return as_type(unit.double() * (self.high - self.low) + self.low, self.dtype)


def about_images(codec: ImageCodec) -> dict[str, Any]:
    """Return a description of the pixels for a reader."""
    return {"layout": codec.layout, "black": codec.low, "white": codec.high}
