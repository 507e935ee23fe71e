"""Sampling importance resampling: one of several candidates for each row with given columns.

A generator that draws columns in turn has learned two ways to them: freely, one after the other,
and with some given in advance. Only the former is one joint distribution p. Rows that were drawn
from q, with columns given, are candidates. One of several is taken in proportion to p / q. The more
candidates there are, the better the rows follow p(row | given) (Rubin 1987).
"""

import numpy as np
import torch
from torch import Tensor, nn

from wgan.data.tables.conditions import FREE
from wgan.networks.autoregressive import TableGenerator

CANDIDATES = 8
"""Candidates of a row. On Adult, rows under 22 conditions have 1.2 to 1.4 times the shape error of
filtered rows with one candidate. They have 0.94 times with 8, and no less with 16 (medians over
conditions).
"""


def candidates_of(generator: nn.Module, labels: np.ndarray | None) -> int:
    """Return how many candidates each row has: 1 where all given columns come before free ones.

    Args:
        generator: the network.
        labels: choices of columns `[n, columns]`, -1 where a column is free; or of other data.
    """
    if labels is None or not isinstance(generator, TableGenerator):
        return 1
    free = labels == FREE
    return CANDIDATES if (free[:, :-1] & ~free[:, 1:]).any() else 1


@torch.no_grad()
def chosen(generator: nn.Module, z: Tensor, y: Tensor, candidates: int) -> Tensor:
    """Return one of each row's candidates, which follow each other.

    Args:
        generator: a generator of tables.
        z: noise `[rows * candidates, noise + 1]`; the last number chooses.
        y: choices of the columns, -1 where a column is free.
        candidates: candidates of a row.
    """
    assert isinstance(generator, TableGenerator)
    x, log_weight = generator.weighted(z[:, :-1], y)
    # The largest of log w + Gumbel noise is an index of probability w / sum w (Gumbel 1954).
    gumbel = -torch.log(-torch.special.log_ndtr(z[:, -1]))
    best = (log_weight + gumbel).view(-1, candidates).argmax(dim=1)
    rows = torch.arange(len(best), device=x.device)
    return x.view(len(best), candidates, -1)[rows, best]
