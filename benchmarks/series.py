"""Series by TimeGAN's and TSGBench's definitions: scores of a trained generator.

Yoon, Jarrett and van der Schaar (2019), section 5, as their published code computes them, written
anew in PyTorch. Windows outside of [0, 1] are scaled to it, channel by channel. A GRU of channels /
2 units tells real from generated windows (2,000 batches of 128, Adam), and |accuracy - 1/2| on a
fifth of both is the discriminative score. A GRU of as many units, fed with all channels but the
last, predicts the last one a step ahead (5,000 batches of generated windows), and its mean absolute
error on real windows is the predictive score, of two channels or more. Low is good for both.

Real windows are those that the generator was trained on, as in the paper (`published`), and
held-out ones, which share no step with them (`held out`). Beside generated windows stand real
training ones in their place (the floor). TSGBench's measures stand in tsgbench.py.

    python benchmarks/series.py RUN [RUN ...] [--repeats 3] [--number 3000] [--out scores.jsonl]
    python benchmarks/series.py --sines sines.npy

The second form writes the paper's Sines: 10,000 windows of 24 steps and 5 channels,
(sin(f t + p) + 1) / 2 with f and p uniform in [0, 0.1].
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tsgbench import MEASURES, scaled_by_steps

from wgan.base.errors import WganError
from wgan.base.files import append_line
from wgan.base.intervals import mean_of
from wgan.base.provenance import provenance
from wgan.base.seeding import derive, numpy_generator
from wgan.distances.results import finite
from wgan.runs import RunFolder

BATCH = 128
TELLING, PREDICTING = 2_000, 5_000
"""Batches of each network, as in the published code."""
TESTED = 0.2
"""Share of the windows by which the accuracy is measured."""


def sines(n: int = 10_000, steps: int = 24, channels: int = 5, seed: int = 0) -> np.ndarray:
    """Return the paper's Sines `[n, steps, channels]`."""
    random = numpy_generator(seed, "sines")
    frequency, phase = random.uniform(0, 0.1, (2, n, 1, channels))
    waves = np.sin(frequency * np.arange(steps)[:, None] + phase)
    return ((waves + 1) / 2).astype(np.float32)


class Recurrent(nn.Module):
    """A GRU with a linear layer on its states `[n, T, units]`, or on the last one alone."""

    def __init__(self, inputs: int, units: int, last: bool) -> None:
        super().__init__()
        self.gru = nn.GRU(inputs, units, batch_first=True)
        self.head = nn.Linear(units, 1)
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.gru(x)
        return self.head(states[:, -1] if self.last else states).squeeze(-1)


def batches(n: int, count: int, seed: int) -> Iterator[np.ndarray]:
    """Yield random rows, without repeats within a batch."""
    random = numpy_generator(seed, "batches", n)
    for _ in range(count):
        yield random.choice(n, min(BATCH, n), replace=False)


def discriminative(real: np.ndarray, fake: np.ndarray, seed: int) -> float:
    """Return |accuracy - 1/2| of a GRU that tells windows `[n, T, channels]` apart."""
    torch.manual_seed(derive(seed, "discriminative"))
    parts = []
    for side in (real, fake):
        order = numpy_generator(seed, "parts", len(parts)).permutation(len(side))
        cut = round(len(side) * (1 - TESTED))
        parts.append([torch.from_numpy(side[order[:cut]]), torch.from_numpy(side[order[cut:]])])
    net = Recurrent(real.shape[2], max(1, real.shape[2] // 2), last=True)
    adam = torch.optim.Adam(net.parameters())
    loss = nn.BCEWithLogitsLoss()
    rows = [batches(len(train), TELLING, seed + i) for i, (train, _) in enumerate(parts)]
    for some in zip(*rows, strict=True):
        scores = [net(train[mine]) for (train, _), mine in zip(parts, some, strict=True)]
        total = loss(scores[0], torch.ones_like(scores[0]))
        total = total + loss(scores[1], torch.zeros_like(scores[1]))
        adam.zero_grad()
        total.backward()
        adam.step()
    with torch.no_grad():
        right = [(net(parts[0][1]) > 0).double(), (net(parts[1][1]) <= 0).double()]
    return abs(float(torch.cat(right).mean()) - 0.5)


def predictive(real: np.ndarray, fake: np.ndarray, seed: int) -> float:
    """Return the mean absolute error on real windows of a GRU that was trained on generated ones.

    It predicts the last channel a step ahead, from the other channels.
    """
    torch.manual_seed(derive(seed, "predictive"))
    train, test = torch.from_numpy(fake), torch.from_numpy(real)
    channels = real.shape[2]
    net = Recurrent(channels - 1, max(1, channels // 2), last=False)
    adam = torch.optim.Adam(net.parameters())
    for some in batches(len(train), PREDICTING, seed):
        x = train[some]
        error = (torch.sigmoid(net(x[:, :-1, :-1])) - x[:, 1:, -1]).abs().mean()
        adam.zero_grad()
        error.backward()
        adam.step()
    with torch.no_grad():
        error = (torch.sigmoid(net(test[:, :-1, :-1])) - test[:, 1:, -1]).abs().mean()
    return float(error)


def scores(folder: Path, number: int, repeats: int) -> dict[str, object]:
    """Return all scores of a run, against training windows and against held-out ones.

    Raises:
        WganError: series of different lengths, or with missing values.
    """
    run = RunFolder(folder)
    model = run.model()
    config = run.config()
    split = config.split(config.data.load())
    codec = model.codec
    if codec.ends or codec.masked:
        raise WganError(
            f"{folder}: series of different lengths, or with missing values, which these"
            " definitions do not cover: use `wgan evaluate`"
        )
    n = min(number, split.n_held_out, split.n_train // 2)
    train = codec.in_channels(split.train_sample(0, split.n_train))
    real = {"published": train[:n], "held out": codec.in_channels(split.held_out_sample(0, n))}
    fakes = [codec.in_channels(model.sample(n, seed)) for seed in range(repeats)]
    floor = train[n : 2 * n]
    low, high = _range(train)
    found: dict[str, object] = {"run": str(folder), "n": n, "provenance": provenance()}
    for name, side in real.items():
        # One channel leaves no other to predict it from.
        for score in (discriminative, predictive)[: codec.channels]:
            x, y, *z = (_scaled(each, low, high) for each in (side, floor, *fakes))
            generated = [score(x, each, seed) for seed, each in enumerate(z)]
            values = (generated, [score(x, y, seed) for seed in range(repeats)])
            _record(found, f"{score.__name__}, {name}", values, folder, n)
        x, y, *z = (scaled_by_steps(each, train) for each in (side, floor, *fakes))
        for word, measure in MEASURES.items():
            _record(
                found,
                f"{word}, {name}",
                ([measure(x, each) for each in z], [measure(x, y)]),
                folder,
                n,
            )
    return found


def _record(
    found: dict[str, object],
    name: str,
    values: tuple[list[float], list[float]],
    folder: Path,
    n: int,
) -> None:
    """Print and keep the means of a score of generated windows, and of real ones (the floor)."""
    generated, floor = (mean_of(each) for each in values)
    found[name] = [(each.value, each.half_width) for each in (generated, floor)]
    print(f"{folder}: {name:25} {generated} (floor {floor}), n={n}", flush=True)


def _range(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends that become 0 and 1: Sines lie between them, and stay as they are."""
    if x.min() >= 0 and x.max() <= 1:
        return np.zeros(x.shape[2]), np.ones(x.shape[2])
    return x.min(axis=(0, 1)), x.max(axis=(0, 1))


def _scaled(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return ((x - low) / np.where(high > low, high - low, 1.0)).astype(np.float32)


def main() -> None:
    """Print the scores of each run, or write Sines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--sines", type=Path, help="write the paper's Sines there")
    parser.add_argument("--repeats", type=int, default=3, help="networks and fresh samples")
    parser.add_argument("--number", type=int, default=3000, help="windows of a side at most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.sines:
        np.save(given.sines, sines())
    for folder in given.runs:
        found = scores(folder, given.number, given.repeats)
        if given.out:
            append_line(given.out, json.dumps(finite(found)))


if __name__ == "__main__":
    main()
