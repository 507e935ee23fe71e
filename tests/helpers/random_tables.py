"""Models of tables whose generator has random weights, so that columns depend on each other, and
the distribution that such a generator has; models of tables that were trained for a few steps.
"""

from itertools import product

import numpy as np
import pandas as pd
import torch
from scipy.stats import chi2

from wgan.data import load
from wgan.data.tables.conditions import FREE
from wgan.data.tables.frames import from_frame
from wgan.models import Model
from wgan.networks import NetworkConfig, build_generator

STRENGTH = 0.5
"""Standard deviation of the weights: columns depend on each other, and no value is rare."""


def random_model(frame, seed=0, strength=STRENGTH, schema=None, rules=()):
    """Return a model of a table, perhaps with rules, that no training has touched."""
    if rules:
        codec = from_frame(frame, rules=rules).split().dataset.codec
    else:
        codec = load(frame, schema=schema).split().dataset.codec
    network = NetworkConfig(width=8, depth=1)
    torch.manual_seed(seed)
    generator = build_generator(network, codec)
    with torch.no_grad():
        for weight in generator.parameters():
            weight.normal_(std=strength)
    return Model(generator.eval().requires_grad_(False), None, codec, network, "wgan-lp")


def learned_model(frame, steps, rules=()):
    """Return a model whose generator learned by its likelihood alone."""
    data = from_frame(frame, rules=rules).split().dataset
    network = NetworkConfig(width=32, depth=1)
    generator = build_generator(network, data.codec)
    optimizer = torch.optim.Adam(generator.parameters(), lr=3e-3)
    x = data.encode(data.rows[:]).float()
    random = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = x[torch.randint(len(x), (256,), generator=random)]
        loss = generator.negative_log_likelihood(batch).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Model(generator.eval(), None, data.codec, network, "wgan-lp")


def few_rows(n=1000):
    """Return a table of 4 x 2 x 25 different rows: levels or nothing, booleans, numbers."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "k": pd.Series(random.choice(np.array(["a", "b", "c", None]), n), dtype="str"),
            "b": random.random(n) < 0.4,
            "x": 10 + np.arange(n) % 25,
        }
    )


def every_row(codec):
    """Return all rows that there are, as a matrix."""
    values = []
    for column in codec.learned:
        singles = column.spikes if column.is_number else column.places
        assert column.cells.discrete
        values.append([*column.cells.lows, *singles, *[np.nan] * column.missing_state])
    return np.array(list(product(*values)), dtype=np.float64)


def probabilities(model, rows, given=None):
    """Return p(row | choices of the given columns), by the generator's own likelihood.

    Rows with other values in the given columns have none.
    """
    codec = model.codec
    choices = codec.choices(rows)
    x = codec.unpack(codec.pack(rows)).float()
    y = None
    possible = np.ones(len(rows), dtype=bool)
    if given:
        y = torch.full(choices.shape, FREE)
        for name, choice in given.items():
            y[:, codec.place(name)] = choice
            possible &= choices[:, codec.place(name)] == choice
    p = np.exp(-model.generator.negative_log_likelihood(x, y).numpy().astype(np.float64))
    return np.where(possible, p, 0)


def chance(codec, raw, rows, weights):
    """Return the probability that drawn rows are as far from what they should be, or farther: that
    of Pearson's chi-square. It is 0 where a row is drawn that must not be.
    """
    sizes = [column.choices for column in codec.learned]
    place = np.ravel_multi_index(codec.choices(rows).T, sizes)
    drawn = np.ravel_multi_index(codec.choices(raw).T, sizes)
    count = np.bincount(drawn, minlength=np.prod(sizes))[place]
    expected = len(raw) * weights / weights.sum()
    if count[weights == 0].any():
        return 0.0
    # Rows of fewer than five expected ones count together, as chi-square is then near its limit.
    few = expected < 5
    count = np.append(count[~few], count[few].sum())
    expected = np.append(expected[~few], expected[few].sum())
    count, expected = count[expected > 0], expected[expected > 0]
    return float(chi2.sf(np.sum((count - expected) ** 2 / expected), len(count) - 1))
