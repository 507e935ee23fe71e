"""Processes of known law: data to train on, and their parameters recovered from a run's samples.

    python benchmarks/series_laws.py --write ar2 ar2.npy          # an array [n, T, channels]
    python benchmarks/series_laws.py --write irregular clock.csv  # a long table, a row a step
    python benchmarks/series_laws.py RUN ar2 [--number 4000] [--out laws.jsonl]

The laws:

- `sines`: TimeGAN's, (sin(f t + p) + 1) / 2 with f and p uniform in [0, 0.1], 5 channels, 24 steps;
- `ar2`: x_t = 1.2 x_(t-1) - 0.6 x_(t-2) + e_t with standard normal e, stationary, 48 steps;
- `switching`: a two-state Markov chain, which stays with chances 0.95 and 0.90, and in each state
  x_t = level + coefficient (x_(t-1) - level) + noise e_t: 0, 0.8, 0.3 and 3, 0.3, 0.8; 48 steps;
- `irregular`: from the 5th step on each is the last with chance 0.05, the 48th surely; the time
  between steps is exponential with mean 1; x is an Ornstein-Uhlenbeck process of rate 0.5, mean 0
  and standard deviation 2, y = -x / 2 + e / 2; each value of x and y is missing with chance 0.1.

Every side (generated, training, a fresh true sample of the same size) is cut into parts of whole
series. The parameters are estimated in each part, and the mean of the parts is printed with
Student's 95 % interval. Series are independent, so parts are too. The fresh sample is the floor.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import series_estimators as estimators
import torch
from series import sines as draw_sines

from wgan.base.files import append_line
from wgan.base.intervals import Mean, mean_of
from wgan.base.provenance import provenance
from wgan.base.seeding import numpy_generator
from wgan.runs import RunFolder

PARTS = 10
"""Student's quantile is 2.26 at ten parts: intervals are a seventh longer than with the whole."""
BURN_IN = 100
"""Steps before the first: the autoregression forgets its start as 0.775^t, to 1e-11."""
SHORTEST, LONGEST = 5, 48
"""Steps of an irregular series."""
AR2 = (1.2, -0.6)
STAY, LEVEL, COEFFICIENT, NOISE = np.array([[0.95, 0.9], [0.0, 3.0], [0.8, 0.3], [0.3, 0.8]])
"""The switching process, state by state."""
MISSING, ENDING, RATE, SPREAD = 0.1, 0.05, 0.5, 2.0
"""The irregular process."""


def ar2(n: int, seed: int) -> np.ndarray:
    """Return `[n, 48, 1]` of the autoregression of order two."""
    random = numpy_generator(seed, "ar2")
    x = np.zeros((n, BURN_IN + 48))
    noise = random.normal(size=x.shape)
    for t in range(2, x.shape[1]):
        x[:, t] = AR2[0] * x[:, t - 1] + AR2[1] * x[:, t - 2] + noise[:, t]
    return x[:, BURN_IN:, None]


def switching_law() -> estimators.Switching:
    """Return the switching process as the estimator has it; its chain is stationary."""
    leave = 1 - STAY
    return estimators.Switching(
        leave[::-1] / leave.sum(),
        np.array([[STAY[0], leave[0]], [leave[1], STAY[1]]]),
        LEVEL * (1 - COEFFICIENT),
        COEFFICIENT,
        NOISE,
        LEVEL,
        NOISE / np.sqrt(1 - COEFFICIENT**2),
    )


def switching(n: int, seed: int) -> np.ndarray:
    """Return `[n, 48, 1]` of the switching process.

    The first value is drawn as if its state had always been the present one.
    """
    random = numpy_generator(seed, "switching")
    law = switching_law()
    state = (random.uniform(size=n) < law.share[1]).astype(int)
    x = np.empty((n, 48, 1))
    x[:, 0, 0] = law.first[state] + law.first_sd[state] * random.normal(size=n)
    for t in range(1, x.shape[1]):
        state = np.where(random.uniform(size=n) < STAY[state], state, 1 - state)
        mean = law.constant[state] + law.coefficient[state] * x[:, t - 1, 0]
        x[:, t, 0] = mean + law.noise[state] * random.normal(size=n)
    return x


def irregular(n: int, seed: int) -> np.ndarray:
    """Return `[n, 48, 3]` of the irregular process: x, y and the time since the step before.

    NaN stands for a missing value, and for what is past the end.
    """
    random = numpy_generator(seed, "irregular")
    lengths = np.minimum(SHORTEST - 1 + random.geometric(ENDING, n), LONGEST)
    gap = random.exponential(size=(n, LONGEST))
    noise = random.normal(size=(2, n, LONGEST))
    x = np.empty((n, LONGEST))
    x[:, 0] = SPREAD * noise[0, :, 0]
    for t in range(1, LONGEST):
        a = np.exp(-RATE * gap[:, t])
        x[:, t] = a * x[:, t - 1] + SPREAD * np.sqrt(1 - a**2) * noise[0, :, t]
    values = np.stack([x, -x / 2 + noise[1] / 2, gap], axis=2)
    values[:, :, :2][random.uniform(size=(n, LONGEST, 2)) < MISSING] = np.nan
    values[np.arange(LONGEST) >= lengths[:, None]] = np.nan
    return values


@dataclass(frozen=True)
class Law:
    """A process of known law.

    Attributes:
        draw: (n, seed) -> series `[n, T, channels]`.
        estimate: series -> estimates by name.
        truth: their true values; NaN where the floor alone says what is right.
        channels: their names in a table; an irregular one has its clock as the last.
    """

    draw: Callable[[int, int], np.ndarray]
    estimate: Callable[[np.ndarray], dict[str, float]]
    truth: tuple[float, ...]
    channels: tuple[str, ...] = ("x",)


UNIFORM = 0.05, 0.1 / 12**0.5
"""Mean and standard deviation of the uniform law on [0, 0.1]."""
AR2_SD = ((1 - AR2[1]) / ((1 + AR2[1]) * ((1 - AR2[1]) ** 2 - AR2[0] ** 2))) ** 0.5
"""Stationary standard deviation of the autoregression, 1.890."""
LAWS = {
    "sines": Law(
        lambda n, seed: draw_sines(n, seed=seed).astype(np.float64),
        estimators.sines,
        (*UNIFORM, *UNIFORM, nan, nan, nan, nan),
        tuple(f"wave{i}" for i in range(1, 6)),
    ),
    "ar2": Law(ar2, estimators.ar2, (*AR2, 0.0, 1.0, 3.0, 0.0, AR2_SD, AR2_SD)),
    "switching": Law(
        switching,
        partial(estimators.switching, truth=switching_law()),
        (*STAY, *LEVEL, *COEFFICIENT, *NOISE, nan),
    ),
    "irregular": Law(
        irregular,
        partial(estimators.irregular, shortest=SHORTEST, longest=LONGEST),
        (ENDING, 0, MISSING, MISSING, MISSING, 1, 1, nan, RATE, 0, SPREAD, -0.5, 0.5),
        ("x", "y", "gap"),
    ),
}


def as_table(law: Law, series: np.ndarray) -> pd.DataFrame:
    """Return series as a long table: a row a step, with the time, and without what is past the end.

    An irregular clock becomes the time itself.
    """
    n, length, _ = series.shape
    rows, steps = np.nonzero(~np.isnan(series).all(axis=2))
    frame = pd.DataFrame(series[rows, steps], columns=list(law.channels))
    time = np.broadcast_to(np.arange(length, dtype=float), (n, length))
    if law.channels[-1] == "gap":
        time = np.cumsum(series[:, :, -1], axis=1)
        frame = frame.drop(columns="gap")
    frame.insert(0, "time", time[rows, steps])
    frame.insert(0, "series", [f"s{row}" for row in rows])
    return frame


def write(law: Law, path: Path, number: int, seed: int) -> None:
    """Write series of a law as an array (.npy) or a long table (.csv, .parquet)."""
    series = law.draw(number, seed)
    if path.suffix == ".npy":
        np.save(path, series.astype(np.float32))
    elif path.suffix == ".parquet":
        as_table(law, series).to_parquet(path, index=False)
    else:
        as_table(law, series).to_csv(path, index=False)


def recovered(law: Law, series: np.ndarray) -> dict[str, Mean]:
    """Return the estimates with their intervals, from series cut into parts."""
    found = [law.estimate(part) for part in np.array_split(series, PARTS)]
    return {name: mean_of([each[name] for each in found]) for name in found[0]}


def sides(folder: Path, law: Law, number: int, seed: int) -> dict[str, np.ndarray]:
    """Return generated, training and fresh true series, as many of each."""
    run = RunFolder(folder)
    model = run.model()
    config = run.config()
    split = config.split(config.data.load())
    n = min(number, split.n_train)
    generated = model.codec.in_channels(model.sample(n, seed))
    training = model.codec.in_channels(split.train_sample(0, n))
    # Data are written with seed 0 unless told otherwise: the fresh sample needs another.
    fresh = law.draw(n, 1_000_000 + seed)
    if generated.shape[1:] != fresh.shape[1:]:
        raise SystemExit(
            f"{folder}: series of {generated.shape[1:]} steps and channels, and the law has"
            f" {fresh.shape[1:]}: name the law that the run was trained on"
        )
    return {"generated": generated, "training": training, "true": fresh}


def table(law: Law, figures: dict[str, dict[str, Mean]]) -> str:
    """Return the estimates of all sides as a table in Markdown, with the truth beside them."""
    lines = ["| | law | " + " | ".join(figures) + " | holds the law |"]
    lines.append("|---" * (len(figures) + 3) + "|")
    names = next(iter(figures.values()))
    for name, truth in zip(names, law.truth, strict=True):
        means = [side[name] for side in figures.values()]
        holds = "" if isnan(truth) else "yes" if means[0].low <= truth <= means[0].high else "no"
        cells = ["" if isnan(truth) else f"{truth:.4g}", *map(_written, means), holds]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _written(mean: Mean) -> str:
    """Return a mean with its interval; the residual of true sines is that of float32, 2e-8."""
    if isnan(mean.value):
        return "none"
    small = 0 < abs(mean.value) < 1e-4 and mean.half_width < 1e-4
    return f"{mean.value:.2g} +- {mean.half_width:.1g}" if small else str(mean)


def main() -> None:
    """Print the table of a run, or write data."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("law", nargs="?", choices=list(LAWS))
    parser.add_argument("--write", nargs=2, metavar=("LAW", "FILE"), help="write data there")
    parser.add_argument("--number", type=int, default=4000, help="series of a side at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.write:
        name, path = given.write
        if name not in LAWS:
            parser.error(f"{name} is no law; there are {', '.join(LAWS)}")
        write(LAWS[name], Path(path), given.number, given.seed)
        return
    if given.law is None:
        parser.error("a run and its law are needed, or --write LAW FILE")
    law = LAWS[given.law]
    series = sides(given.run, law, given.number, given.seed)
    figures = {side: recovered(law, each) for side, each in series.items()}
    n = len(series["true"])
    print(f"{given.run}, {given.law}: {n} series a side, 95 % intervals from {PARTS} parts\n")
    print(table(law, figures), flush=True)
    if given.out:
        found = {
            side: {k: (m.value, m.half_width) for k, m in each.items()}
            for side, each in figures.items()
        }
        line = {"run": str(given.run), "law": given.law, "n": n, "figures": found}
        append_line(given.out, json.dumps(line | {"provenance": provenance()}))


if __name__ == "__main__":
    main()
