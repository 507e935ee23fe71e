"""Dropout of a part of a batch, as the whole batch would have it.

Masks are drawn for the whole batch, and a part keeps its own rows. So parts on several processes,
or one after the other, drop the same units as one process.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Int64
from torch import Tensor
from torch.overrides import TorchFunctionMode

from wgan.base.errors import WganError


class OwnRows(TorchFunctionMode):
    """Context in which `F.dropout` and `torch.rand_like` give a part's rows of the batch's numbers.

    A critic drops units by `F.dropout`, samples along the first axis, some batches of them one
    after the other. A likelihood draws by `torch.rand_like`, samples along the second axis.

    Args:
        part: the number of the part.
        parts: how many there are.
        scored: rows of a batch that the critic scores, of this part.
        own: numbers of this part's samples in a likelihood.
        all_rows: samples in a likelihood, over all parts.
    """

    def __init__(
        self, part: int, parts: int, scored: int, own: Int64[np.ndarray, " k"], all_rows: int
    ) -> None:
        super().__init__()
        self.part = part
        self.parts = parts
        self.scored = scored
        self.own = torch.from_numpy(own)
        self.all_rows = all_rows

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is F.dropout:
            return self._dropped(*args, **(kwargs or {}))
        if func is torch.rand_like:
            return self._uniform(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropped(
        self, x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if not training:
            return x
        if len(x) % self.scored:
            raise WganError(
                f"dropout of {len(x)} rows, where a part of the batch has {self.scored}: a network"
                " that drops units elsewhere is trained in one process, without microbatches"
            )
        # Filled in the order of memory, which is that of x: channels may lie last.
        like = torch.cat([torch.ones_like(x)] * self.parts)
        mask = F.dropout(like, p).unflatten(0, (-1, self.parts, self.scored))[:, self.part]
        return x * mask.flatten(0, 1)

    def _uniform(self, x: Tensor) -> Tensor:
        if x.ndim != 3 or x.shape[1] != len(self.own):
            raise WganError(
                f"random numbers of shape {tuple(x.shape)}, where a part of the batch has"
                f" {len(self.own)} rows: a network that draws elsewhere is trained in one process,"
                " without microbatches"
            )
        shape = (x.shape[0], self.all_rows, x.shape[2])
        whole = torch.rand(shape, dtype=x.dtype, device=x.device)
        return whole[:, self.own.to(x.device)]
