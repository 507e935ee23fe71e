"""Input of a critic for series that continue a beginning."""

import torch
from jaxtyping import Float
from torch import Tensor

Beginnings = Float[Tensor, "n planes1 k"]


def with_beginning(
    x: Float[Tensor, "n planes 1 t"], y: Beginnings | None
) -> Float[Tensor, "n planes1 1 t"]:
    """Return series with a plane of 1 where a beginning is given, and of 0 else.

    The beginning itself is in x, in real series as in generated ones.

    Args:
        x: the series.
        y: the beginnings; none: no series has one.
    """
    given = torch.zeros_like(x[:, :1])
    if y is not None:
        given = given + y[:, -1, 0].to(x.dtype)[:, None, None, None]
    return torch.cat([x, given], dim=1)
