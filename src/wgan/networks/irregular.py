"""Values of irregular clocks: a short time after a step, a channel has hardly moved."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.data.series.codec import SeriesCodec

SHORTEST_LOG, LONGEST_LOG = -14.0, 4.0
"""Logarithms of times in ranges, within which the share has a gradient. At e^-14 the square root of
the share is 0.001. At e^4 the rest of the exponential is less than float32 resolves.
"""


class Moves(nn.Module):
    """Values x_t of targets u_t, for channels that take their time: [n, c, T] -> [n, c, T].

        x_0 = u_0,  x_t = x_(t-1) + s(g_t) (u_t - x_(t-1)),
        s(g)^2 = 1 - (1 - nugget) exp(-g / range),

    with g_t the time since the step before, which is the last channel. s is the standard deviation
    of a move within g, in those within long times. The nugget and the range of each channel are
    measured in the data (`wgan.data.series.variogram`). Every series of values has its targets, as
    s > 0, so nothing is lost; a channel of white noise has s = 1.

    Args:
        codec: the codec of series with an irregular clock.
    """

    free: Tensor
    log_ranges: Tensor

    def __init__(self, codec: SeriesCodec) -> None:
        super().__init__()
        self.log_mean, self.log_scale = codec.mean[-1], codec.scale[-1]
        free = 1 - torch.tensor(codec.nuggets, dtype=torch.float64)
        log_ranges = torch.tensor(codec.ranges, dtype=torch.float64).log()
        self.register_buffer("free", free.float(), persistent=False)
        self.register_buffer("log_ranges", log_ranges.float(), persistent=False)

    def forward(
        self, u: Float[Tensor, "n c t"], given: Float[Tensor, "n c k"], known: Tensor
    ) -> Float[Tensor, "n c t"]:
        """Return the values; those that are known take the places of their own.

        Args:
            u: targets; the last channel is the coded time since the step before.
            given: the first k steps, coded.
            known: `[n, c, k]` which of them hold.
        """
        k = given.shape[2]
        u = torch.cat([torch.where(known, given, u[..., :k]), u[..., k:]], dim=2)
        shares = self._shares(u[:, -1:])
        values = [u[:, :-1, 0]]
        for t in range(1, u.shape[2]):
            moved = values[-1] + shares[..., t] * (u[:, :-1, t] - values[-1])
            if t < k:
                moved = torch.where(known[:, :-1, t], given[:, :-1, t], moved)
            values.append(moved)
        return torch.cat([torch.stack(values, dim=2), u[:, -1:]], dim=1)

    def _shares(self, coded: Float[Tensor, "n one t"]) -> Float[Tensor, "n channels t"]:
        """Return s of the times between steps."""
        logs = self.log_mean + self.log_scale * coded - self.log_ranges[:, None]
        times = logs.clamp(SHORTEST_LOG, LONGEST_LOG).exp()
        return (1 - self.free[:, None] - self.free[:, None] * torch.expm1(-times)).sqrt()
