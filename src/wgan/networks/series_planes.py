"""A generator of series that end, have missing values, and are described by static columns.

A chain of layers makes values of the channels, and logits of what is there. Presence of a value is
drawn step by step, the length once, and static columns first of all. Draws invert distribution
functions at uniform numbers, and are exactly 0 or 1, so that a critic cannot tell generated series
by numbers in between. The gradient of the probabilities goes back (see `wgan.networks.heads`).
"""

from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.data.series.codec import SeriesCodec
from wgan.data.tables.codes import ColumnCode
from wgan.networks import tables
from wgan.networks.autoregressive import LEAST_UNIFORM, TableGenerator
from wgan.networks.config import NetworkConfig
from wgan.networks.heads import inverted
from wgan.networks.irregular import Moves


def is_continuous(codec: SeriesCodec) -> bool:
    """Return whether samples are a continuous function of the noise.

    They are if no ends, missing values, static columns or beginnings are drawn.

    Args:
        codec: the codec of the series.
    """
    return not (codec.ends or codec.masked or codec.static_width or codec.context)


def is_plain(codec: SeriesCodec) -> bool:
    """Return whether a chain alone generates series: those of a regular clock, without draws.

    Args:
        codec: the codec of the series.
    """
    return is_continuous(codec) and not codec.ranges


def noise_parts(config: NetworkConfig, codec: SeriesCodec) -> tuple[int, int, int, int]:
    """Return the noise numbers of one series.

    They are the latent, and those of presence, of the length, and of static columns.

    Args:
        config: sizes.
        codec: the codec of the series.
    """
    statics = codec.statics if codec.static_width else None
    described = 0 if statics is None else tables.noise(config, statics)
    return config.latent, len(codec.masked) * codec.length, int(codec.ends), described


def noise(config: NetworkConfig, codec: SeriesCodec) -> int:
    """Return the number of noise inputs of one series.

    Args:
        config: sizes.
        codec: the codec of the series.
    """
    return sum(noise_parts(config, codec))


def chain_sizes(config: NetworkConfig, codec: SeriesCodec, classes: int) -> tuple[int, int]:
    """Return how many numbers the chain of a generator takes, and how many planes it gives.

    Args:
        config: sizes.
        codec: the codec of the series.
        classes: number of classes.
    """
    beginning = (codec.shape[0] + 1) * codec.context
    inputs = config.latent + classes + codec.static_width + beginning
    return inputs, codec.shape[0] - codec.static_width


class SeriesGenerator(nn.Module):
    """G(z, y): series `[n, planes, 1, T]`, whose planes are those of `SeriesCodec`.

    y are labels `[n]`, or beginnings `[n, planes + 1, K]` (see `wgan.data.series.conditions`): the
    first steps of a series are then those that are given, and so are its static columns.

    Args:
        chain: `[n, inputs] -> [n, planes but those of static columns, 1, T]`, of `chain_sizes`.
        config: sizes.
        codec: the codec of the series.
        classes: number of classes; 0: no labels.

    Raises:
        WganError: classes together with beginnings, or more static columns than memory holds.
    """

    def __init__(
        self, chain: nn.Module, config: NetworkConfig, codec: SeriesCodec, classes: int
    ) -> None:
        super().__init__()
        if classes and codec.context:
            raise WganError(
                f"data.context = {codec.context}, with labels: a generator is given a beginning or"
                " a class: leave out data.context or data.labels"
            )
        self.chain = chain
        self.classes = classes
        self.channels = codec.channels
        self.masked = codec.masked
        self.ends = codec.ends
        self.cut = codec.cut
        self.shortest = codec.shortest
        self.moves = Moves(codec) if codec.ranges else None
        self.static_width = codec.static_width
        self.context = codec.context
        self.parts = noise_parts(config, codec)
        self.described: nn.Module | None = None
        if codec.statics is not None and codec.static_width:
            self.columns = len(codec.statics.codes)
            self.described = _generator_of_columns(config, codec, classes)

    def forward(
        self, z: Float[Tensor, "n noise"], y: Tensor | None = None
    ) -> Float[Tensor, "n planes 1 t"]:
        latent, for_presence, for_end, for_columns = z.float().split(self.parts, dim=1)
        weight = sqrt(latent.shape[1])  # the length of a latent: what goes in beside it is as long
        inputs = [latent]
        beginning = self._beginning(latent, y) if self.context else None
        if self.classes:
            assert y is not None
            inputs.append(weight * F.one_hot(y, self.classes).to(latent.dtype))
        described = latent[:, :0]
        if self.described is not None:
            described = self._described(for_columns, y, beginning)
            inputs.append(weight / sqrt(self.columns) * described)
        if beginning is not None:
            numbers = beginning.flatten(1)
            inputs.append(weight / sqrt(numbers.shape[1]) * numbers)
        x = self.chain(torch.cat(inputs, dim=1))[:, :, 0].float()
        if self.moves is not None:
            x = torch.cat([self._moved(x[:, : self.channels], beginning), x[:, self.channels :]], 1)
        series = self._planes(x, for_presence, for_end, beginning)
        constant = described.unsqueeze(2).expand(-1, -1, x.shape[2])
        series = torch.cat([series, constant], dim=1)
        if beginning is not None:
            given = beginning[:, -1:] > 0
            first = torch.where(given, beginning[:, :-1], series[..., : self.context])
            series = torch.cat([first, series[..., self.context :]], dim=2)
        return series.unsqueeze(2)

    def _beginning(self, z: Tensor, y: Tensor | None) -> Float[Tensor, "n planes1 k"]:
        """Return beginnings, zeros where all is free."""
        if y is not None:
            return y
        planes = self.channels + len(self.masked) + self.ends + self.static_width + 1
        return z.new_zeros(z.shape[0], planes, self.context)

    def _described(
        self, z: Tensor, y: Tensor | None, beginning: Tensor | None
    ) -> Float[Tensor, "n static"]:
        """Return coded static columns: drawn, given the class, or those of a beginning."""
        assert self.described is not None
        if self.classes:
            assert y is not None
            # The class is a column before the others, and always given.
            free = y.new_full((y.shape[0], self.columns), -1)
            z = torch.cat([torch.zeros_like(z[:, :1]), z], dim=1)
            drawn: Tensor = self.described(z, torch.cat([y[:, None], free], dim=1))
            return drawn[:, self.classes :]
        drawn = self.described(z)
        if beginning is None:
            return drawn
        given = beginning[:, -1, :1] > 0
        return torch.where(given, beginning[:, -1 - self.static_width : -1, 0], drawn)

    def _moved(
        self, targets: Float[Tensor, "n c t"], beginning: Tensor | None
    ) -> Float[Tensor, "n c t"]:
        """Return values of an irregular clock, which continue those of a beginning."""
        assert self.moves is not None
        if beginning is None:
            none = targets[..., :0]
            return self.moves(targets, none, none > 0)
        given = beginning[:, : self.channels]
        known = (beginning[:, -1:] > 0).expand_as(given).clone()
        for place, channel in enumerate(self.masked, start=self.channels):
            known[:, channel] &= beginning[:, place] > 0
        return self.moves(targets, given, known)

    def _planes(
        self,
        x: Float[Tensor, "n planes t"],
        for_presence: Float[Tensor, "n numbers"],
        for_end: Float[Tensor, "n one"],
        beginning: Tensor | None,
    ) -> Float[Tensor, "n planes t"]:
        """Return values, presence and the end, of what the chain gives."""
        values, logits, end = x.split([self.channels, len(self.masked), int(self.ends)], dim=1)
        last = F.one_hot(torch.full_like(x[:, 0, 0], x.shape[2] - 1).long(), x.shape[2]).to(x.dtype)
        alive = x[:, :0]
        if self.ends:
            last_steps = torch.arange(1, x.shape[2] + 1, device=x.device)
            length = end[:, 0].masked_fill(last_steps < self.shortest, -torch.inf)
            if beginning is not None:
                is_given = beginning[:, -1, :1] > 0
                length = length.masked_fill((last_steps < self.context) & is_given, -torch.inf)
            _, last = inverted(length, _uniform(for_end)[:, 0])
            alive = last.flip(1).cumsum(1).flip(1).unsqueeze(1)
        presence = self._presence(logits, for_presence, last.detach())
        if self.ends:
            values = values * alive
            presence = presence * alive
        if self.masked:
            there = torch.ones_like(values[:, :1])
            parts = [
                presence[:, self.masked.index(i)].unsqueeze(1) if i in self.masked else there
                for i in range(self.channels)
            ]
            values = values * torch.cat(parts, dim=1)
        return torch.cat([values, presence, alive], dim=1)

    def _presence(
        self,
        logits: Float[Tensor, "n masked t"],
        z: Float[Tensor, "n numbers"],
        last: Float[Tensor, "n t"],
    ) -> Float[Tensor, "n masked t"]:
        """Return which values are there, 0 or 1, with the gradient of their probability.

        If no value is drawn but the data have one, it is the likeliest one.
        """
        if not self.masked:
            return logits
        p = torch.sigmoid(logits)
        drawn = (_uniform(z).view_as(p) < p).to(p.dtype)
        if len(self.masked) == self.channels:
            drawn = drawn + self._needed(p, drawn, last)
        return drawn + (p - p.detach())

    def _needed(
        self,
        p: Float[Tensor, "n masked t"],
        drawn: Float[Tensor, "n masked t"],
        last: Float[Tensor, "n t"],
    ) -> Float[Tensor, "n masked t"]:
        """Return 1 at the likeliest value where one is needed.

        A series needs one at its last step, since a step without values after it is past the end. A
        window needs one anywhere.
        """
        if self.cut:
            place = F.one_hot(p.flatten(1).argmax(dim=1), p[0].numel()).view_as(p)
            return place * (1 - drawn.amax(dim=(1, 2), keepdim=True))
        likeliest = F.one_hot(p.argmax(dim=1), p.shape[1]).to(p.dtype).transpose(1, 2)
        nothing = 1 - drawn.amax(dim=1, keepdim=True)
        return nothing * last.unsqueeze(1) * likeliest


def _uniform(z: Tensor) -> Tensor:
    """Return uniform numbers of normal ones."""
    return torch.special.ndtr(z).clamp(LEAST_UNIFORM, 1 - LEAST_UNIFORM)


def _generator_of_columns(
    config: NetworkConfig, codec: SeriesCodec, classes: int
) -> TableGenerator:
    """Return the generator of static columns, before which stands the class where there are any."""
    assert codec.statics is not None
    if not classes:
        net = tables.generator(config, codec.statics, 0)
        assert isinstance(net, TableGenerator)
        return net
    of_class = ColumnCode(0, (classes,), (1 / classes,) * classes)
    return TableGenerator([of_class, *codec.statics.codes], config.width, config.depth)
