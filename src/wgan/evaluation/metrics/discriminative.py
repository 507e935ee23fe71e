"""Discriminative score: how well a small network tells a set of series from real ones.

a - 1/2, with the accuracy a on series that the network was not trained on: 0 means not at all, 1/2
always. It is the score of Yoon et al. (2019, TimeGAN, section 5), whose network is a recurrent one
of a few units. This one is convolutions along time, on what the critic sees: values, what is
missing, where a series ends, and the columns that describe it.

The network is trained on a part of the set and on training series, and tested on the rest of the
set and on held-out series. If it were trained on held-out windows of some weeks, it would learn
these weeks by heart, and know windows that overlap with them. A network that cannot tell the set
from training series may be wrong more often than not about other weeks: this counts as 0.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from wgan.base.seeding import derive, numpy_generator
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference

TESTED = 0.2
"""Share of a set by which a network is tested, as in TimeGAN."""
NETWORKS = 3
"""Networks, each with other tested series: with 400 of them, one accuracy is off by 2 %."""
STEPS = 400
"""Most batches of a network. With 2,000 series a side, white noise of 0.2 deviations on hourly
temperatures then reads 0.47, and noise of 0.05 on Sines 0.00.
"""
PASSES = 16
"""Most passes over the training series: these are 400 batches of 2,000 series a side, and after
more passes fewer series are learned by heart.
"""
BATCH = 128
LEAST_BATCH = 16
BATCH_STEPS = 128 * 24
"""Steps of all series of a batch: there are fewer series where these have more than 24 steps, so
that a network takes about as long.
"""
RATE = 2e-3
"""Learning rate of Adam at its highest; it rises and falls once. A rate of 0.005 reads the same."""
WIDTH = 32
"""Channels of each convolution."""
NEAR = 5
"""Steps that a convolution sees."""
SHORTEST = 4
"""Steps down to which convolutions halve a series."""
SLOPE = 0.2
"""Slope of the leaky ReLU, as in the critics of series."""
REAL_SETS = 5
"""Sets of training series for the floor, as in the protocol of points."""

Input = Float[Tensor, "n c 1 t"]


class Discriminator(nn.Module):
    """A convolutional network that tells generated series from real ones.

    Convolutions halve a series down to 4 steps, each with batch normalisation. A linear layer reads
    the mean and the largest value of each channel over time.

    Without the normalisation, noise of 0.2 deviations on windows of 96 hours read 0.04, not 0.47.

    Args:
        channels: of the input.
        steps: T.

    Reference: Wang, Yan and Oates, "Time series classification from scratch with deep neural
    networks" (2017), whose convolutions are normalised so.
    """

    def __init__(self, channels: int, steps: int) -> None:
        super().__init__()
        layers = [nn.Conv1d(channels, WIDTH, NEAR, padding=NEAR // 2), *_normalised()]
        while steps > SHORTEST:
            layers += [nn.Conv1d(WIDTH, WIDTH, NEAR, 2, NEAR // 2), *_normalised()]
            steps = -(-steps // 2)
        self.along = nn.Sequential(*layers)
        self.head = nn.Linear(2 * WIDTH, 1)

    def forward(self, x: Input) -> Float[Tensor, " n"]:
        """Return a score of each series, above 0 for the first side."""
        h: Tensor = self.along(x[:, :, 0])
        scores: Tensor = self.head(torch.cat([h.mean(dim=2), h.amax(dim=2)], dim=1))
        return scores[:, 0]


def _normalised() -> list[nn.Module]:
    return [nn.BatchNorm1d(WIDTH), nn.LeakyReLU(SLOPE)]


def discriminative_score(
    x: Input, train: Float[Tensor, "m c 1 t"], held_out: Float[Tensor, "k c 1 t"], seed: int = 0
) -> float:
    """Return a - 1/2, or 0 if that is below, with the mean accuracy a of three networks.

    They are trained to tell four fifths of x from training series. The accuracy of a network is the
    mean of those on the rest of x and on held-out series.

    Args:
        x: series as networks see them.
        train: real series that networks are trained on.
        held_out: real series that networks are tested on.
        seed: random seed of the parts, the weights and the batches.
    """
    x, train, held_out = x.float(), train.float(), held_out.float()
    order = numpy_generator(seed, "tested series").permutation(len(x))
    tested = max(1, round(TESTED * len(x)))
    accuracies = []
    for i in range(NETWORKS):
        part = np.roll(order, -i * tested)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "discriminator", i))
            net = Discriminator(x.shape[1], x.shape[3])
        fit(net, x[part[tested:]], train, derive(seed, "batches", i))
        net.eval()
        with torch.no_grad():
            right = (net(x[part[:tested]]) > 0).double().mean()
            right += (net(held_out) <= 0).double().mean()
        accuracies.append(float(right) / 2)
    return max(0.0, float(np.mean(accuracies)) - 0.5)


def fit(net: Discriminator, x: Input, train: Float[Tensor, "m c 1 t"], seed: int) -> None:
    """Train a network on batches of as many series of both sides; x is called 1.

    Args:
        net: the network.
        x: series.
        train: real series.
        seed: random seed of the batches.
    """
    sides = (x, train)
    adam = torch.optim.Adam(net.parameters(), RATE)
    half = max(LEAST_BATCH, min(BATCH, BATCH_STEPS // x.shape[3])) // 2
    batches = min(STEPS, -(-PASSES * min(map(len, sides)) // half))
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=batches)
    truth = torch.cat([torch.ones(half), torch.zeros(half)])
    random = numpy_generator(seed, "rows")
    for _ in range(batches):
        rows = [torch.from_numpy(random.integers(len(side), size=half)) for side in sides]
        batch = torch.cat([side[some] for side, some in zip(sides, rows, strict=True)])
        loss = F.binary_cross_entropy_with_logits(net(batch), truth)
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()


def series_taken(reference: Reference) -> int:
    """Return how many series of a set are used.

    At most half as many as training series, since the floor puts some of these in the place of the
    set.

    Args:
        reference: real series.
    """
    return min(reference.n, reference.split.n_train // 2)


def _real(reference: Reference) -> tuple[Input, Float[Tensor, "k c 1 t"]]:
    """Return training and held-out series as networks see them.

    Training series are the last ones.
    """
    split = reference.split
    last = split.train_sample(split.n_train - series_taken(reference), split.n_train)
    return split.dataset.encode(last), split.dataset.encode(reference.held_out)


def _of(reference: Reference, raw: np.ndarray) -> float:
    train, held_out = reference.once(_real)
    x = reference.split.dataset.encode(raw[: series_taken(reference)])
    return discriminative_score(x, train, held_out, reference.seed)


def _score(c: Comparison[Reference]) -> float:
    return _of(c.reference, c.raw)


def _floor(reference: Reference) -> float:
    """Return the mean score of sets of training series.

    No network is trained on these as real series.
    """
    n, split = series_taken(reference), reference.split
    sets = max(1, min(REAL_SETS, split.n_train // n - 1))
    scores = [_of(reference, split.train_sample(i * n, (i + 1) * n)) for i in range(sets)]
    return float(np.mean(scores))


DISCRIMINATIVE = Metric(
    "discriminative",
    "discriminative score, accuracy - 1/2",
    "",
    LOW,
    _score,
    count=series_taken,
    floor=_floor,
)
