"""Microbatches: parts of a batch that one process computes in turn, as ranks would side by side."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from wgan.objectives import CriticTerms


def each_as_first(microbatches: int, *nets: nn.Module) -> Iterator[int]:
    """Yield the numbers of microbatches, before each of which buffers are as before the first.

    A network may change its buffers in a forward pass: spectral norm takes one step of power
    iteration. It is one a batch, in as many parts as the batch is computed.

    Args:
        microbatches: how many there are.
        nets: the networks that compute them.
    """
    if microbatches == 1:
        yield 0
        return
    kept = [(buffer, buffer.clone()) for net in nets for buffer in net.buffers()]
    for i in range(microbatches):
        if i:
            with torch.no_grad():
                for buffer, before in kept:
                    buffer.copy_(before)
        yield i


def joined(parts: Sequence[CriticTerms]) -> CriticTerms:
    """Return the terms of a batch from those of its parts, in order."""
    if len(parts) == 1:
        return parts[0]
    terms = zip(*parts, strict=True)
    return CriticTerms._make(None if t[0] is None else torch.cat(t) for t in terms)
