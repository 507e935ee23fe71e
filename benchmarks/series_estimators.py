"""Estimators of the parameters of four processes, from series `[n, T, channels]`.

Each returns a dictionary, name -> estimate. A value that is missing, or past the end of its series,
is NaN. Reference for the switching process: Hamilton, "Analysis of time series subject to changes
in regime" (1990).
"""

from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

FITTED = 60
"""Steps of Levenberg and Marquardt: on noisy waves, 20 reach 1e-9 of the least squares."""
ROUNDS = 1000
"""Rounds of expectation and maximisation at most; near the optimum 50 are usual."""
STOP = 1e-9
"""Gain a value (nats) at which they stop: 20,000 values then gain 2e-5 a round, and chance moves
the likelihood by half a nat a parameter.
"""
FEWEST = 10
"""Known values from which parameters are estimated; a line alone takes three."""
NEAR = 1e-3, 1e2
"""Range in which the rate of return is sought, a unit of time: the truth is 0.5."""


def ar2(x: np.ndarray) -> dict[str, float]:
    """Return what least squares finds in an autoregression of order two, one channel.

    The noise's kurtosis is 3 and its autocorrelation 0 where the law is right.
    """
    x = x[:, :, 0]
    now, before, earlier = x[:, 2:], x[:, 1:-1], x[:, :-2]
    columns = np.stack([np.ones(now.size), before.ravel(), earlier.ravel()], axis=1)
    solution = np.linalg.lstsq(columns, now.ravel(), rcond=None)[0]
    noise = (now.ravel() - columns @ solution).reshape(now.shape)
    variance = (noise**2).mean()
    return {
        "coefficient 1": solution[1],
        "coefficient 2": solution[2],
        "constant": solution[0],
        "noise, sd": variance**0.5,
        "noise, kurtosis": (noise**4).mean() / variance**2,
        "noise, autocorrelation": (noise[:, 1:] * noise[:, :-1]).mean() / variance,
        "first step, sd": x[:, 0].std(),
        "last step, sd": x[:, -1].std(),
    }


def waves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequency, phase and root mean square of the residual of each wave.

    The least squares of x_t = (sin(f t + p) + 1) / 2 for each of `[n, T, channels]`.

    Returns:
        Three of `[n, channels]`; residuals in the unit of x.
    """
    n, length, channels = x.shape
    wave = 2 * x.transpose(0, 2, 1).reshape(-1, length) - 1
    t = np.arange(length)
    # The best of a coarse grid around [0, 0.1]^2 first: the sine has other valleys far away.
    grid = np.stack(np.meshgrid(np.linspace(-0.05, 0.15, 21), np.linspace(-0.1, 0.2, 7)), -1)
    grid = grid.reshape(-1, 2)
    shapes = np.sin(grid[:, :1] * t + grid[:, 1:])
    best = ((shapes**2).sum(axis=1) - 2 * wave @ shapes.T).argmin(axis=1)
    f, p = grid[best].T
    damping = np.full(len(wave), 1e-3)
    error = wave - np.sin(f[:, None] * t + p[:, None])
    loss = (error**2).sum(axis=1)
    for _ in range(FITTED):
        slope = np.cos(f[:, None] * t + p[:, None])
        a, b, c = ((slope**2 * t**k).sum(axis=1) for k in (2, 1, 0))
        u, v = ((error * slope * t**k).sum(axis=1) for k in (1, 0))
        a, c = a * (1 + damping) + 1e-12, c * (1 + damping) + 1e-12
        determinant = a * c - b * b
        tried = f + (c * u - b * v) / determinant, p + (a * v - b * u) / determinant
        new_error = wave - np.sin(tried[0][:, None] * t + tried[1][:, None])
        new_loss = (new_error**2).sum(axis=1)
        better = new_loss < loss
        f, p = (np.where(better, new, old) for new, old in zip(tried, (f, p), strict=True))
        error = np.where(better[:, None], new_error, error)
        loss = np.where(better, new_loss, loss)
        damping = np.where(better, damping / 10, damping * 10)
    residual = (loss / length) ** 0.5 / 2
    return tuple(each.reshape(n, channels) for each in (f, p, residual))


def sines(x: np.ndarray) -> dict[str, float]:
    """Return how far frequencies and phases are from their uniform laws, and waves from sines."""
    f, p, residual = waves(x)
    uniform = stats.uniform(0, 0.1).cdf
    distances = [
        np.mean([stats.kstest(channel, uniform).statistic for channel in each.T]) for each in (f, p)
    ]
    together = np.corrcoef(np.concatenate([f, p], axis=1).T)
    others = together[np.triu_indices(len(together), 1)]
    return {
        "frequency, mean": f.mean(),
        "frequency, sd": f.std(),
        "phase, mean": p.mean(),
        "phase, sd": p.std(),
        "frequency, KS distance": distances[0],
        "phase, KS distance": distances[1],
        "frequencies and phases, mean absolute correlation": np.abs(others).mean(),
        "residual of a sine, rms": (residual**2).mean() ** 0.5,
    }


class Switching(NamedTuple):
    """A two-state chain s with an autoregression in each state.

    x_0 ~ N(first_s, first_sd_s), then x_t ~ N(constant_s + coefficient_s x_(t-1), noise_s) with
    s = s_t. Each field has a value a state.
    """

    share: np.ndarray
    """Chances of the states at the first step."""
    moves: np.ndarray
    """`[2, 2]` chances of moving from one state (row) to another."""
    constant: np.ndarray
    coefficient: np.ndarray
    noise: np.ndarray
    first: np.ndarray
    first_sd: np.ndarray

    def log_densities(self, x: np.ndarray) -> np.ndarray:
        """Return the log density of each value in each state `[n, T, 2]`, for series `[n, T]`."""
        x = x[:, :, None]
        first = stats.norm.logpdf(x[:, :1], self.first, self.first_sd)
        means = self.constant + self.coefficient * x[:, :-1]
        return np.concatenate([first, stats.norm.logpdf(x[:, 1:], means, self.noise)], axis=1)

    def passed(self, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return log likelihood (nats), chances of the states `[n, T, 2]`, and sums of moves.

        The forward-backward algorithm, each step normalised.
        """
        log_density = self.log_densities(x)
        peak = log_density.max(axis=2, keepdims=True)
        density = np.exp(log_density - peak)
        steps = x.shape[1]
        forward = np.empty_like(density)
        total = np.empty(x.shape)
        prior = np.broadcast_to(self.share, density[:, 0].shape)
        for t in range(steps):
            joint = prior * density[:, t]
            total[:, t] = joint.sum(axis=1)
            forward[:, t] = joint / total[:, t, None]
            prior = forward[:, t] @ self.moves
        backward = np.ones_like(density[:, 0])
        chances = np.empty_like(density)
        chances[:, -1] = forward[:, -1]
        moves = np.zeros((2, 2))
        for t in range(steps - 2, -1, -1):
            ahead = density[:, t + 1] * backward / total[:, t + 1, None]
            moves += self.moves * (forward[:, t].T @ ahead)
            backward = ahead @ self.moves.T
            chances[:, t] = forward[:, t] * backward
        return float(np.log(total).sum() + peak.sum()), chances, moves

    def improved(self, x: np.ndarray, chances: np.ndarray, moves: np.ndarray) -> "Switching":
        """Return the parameters of greatest likelihood, given the chances of the states."""
        columns = np.stack([np.ones_like(x[:, 1:]), x[:, :-1]], axis=2).reshape(-1, 2)
        now = x[:, 1:].ravel()
        lines, noises = [], []
        for weight in chances[:, 1:].reshape(-1, 2).T:
            weighted = columns * weight[:, None]
            line = np.linalg.solve(columns.T @ weighted, weighted.T @ now)
            lines.append(line)
            noises.append((weight @ (now - columns @ line) ** 2 / weight.sum()) ** 0.5)
        weights = chances[:, 0]
        first = weights.T @ x[:, 0] / weights.sum(axis=0)
        spread = (weights * (x[:, :1] - first) ** 2).sum(axis=0) / weights.sum(axis=0)
        moves = moves / moves.sum(axis=1, keepdims=True)
        constant, coefficient = np.transpose(lines)
        return Switching(
            weights.mean(axis=0), moves, constant, coefficient, np.array(noises), first, spread**0.5
        )


def fitted(x: np.ndarray, start: Switching) -> tuple[Switching, float]:
    """Return the law of greatest likelihood that Baum and Welch's rounds reach, and its log."""
    law = start
    before = -np.inf
    for _ in range(ROUNDS):
        likelihood, chances, moves = law.passed(x)
        if likelihood - before < STOP * x.size:
            break
        before = likelihood
        law = law.improved(x, chances, moves)
    return law, likelihood


def split_at(x: np.ndarray) -> Switching:
    """Return the parameters that follow from calling values above the middle the second state."""
    above = x > (x.min() + x.max()) / 2
    chances = np.stack([~above, above], axis=2) * 0.98 + 0.01
    moves = np.array([[0.9, 0.1], [0.1, 0.9]])
    empty = Switching(*[np.zeros(2)] * 7)
    return empty.improved(x, chances, moves)


def switching(x: np.ndarray, truth: Switching) -> dict[str, float]:
    """Return what Baum and Welch's algorithm finds in a switching autoregression, one channel.

    It starts from the truth and from a split of the values, and the likelier law counts. The first
    state has the lower level.
    """
    x = x[:, :, 0]
    law, _ = max((fitted(x, start) for start in (truth, split_at(x))), key=lambda each: each[1])
    level = law.constant / (1 - law.coefficient)
    order = np.argsort(level)
    found = {}
    for name, values in (
        ("stay", np.diag(law.moves)),
        ("level", level),
        ("coefficient", law.coefficient),
        ("noise, sd", law.noise),
    ):
        found |= {f"state {i + 1}: {name}": values[s] for i, s in enumerate(order)}
    # The fit alone would not show that the form of the law is another.
    return found | {"log density under the true law, nats a step": truth.passed(x)[0] / x.size}


def irregular(x: np.ndarray, shortest: int, longest: int) -> dict[str, float]:
    """Return the parameters of a process of random ends, gaps and missing values.

    Args:
        x: `[n, T, 3]`: the process, what follows it, and the time since the step before.
        shortest: steps of a series at least; from then on each may be its last.
        longest: steps at most.
    """
    known = ~np.isnan(x)
    alive = known.any(axis=2)
    alive = np.flip(np.maximum.accumulate(np.flip(alive, 1), axis=1), 1)
    lengths = alive.sum(axis=1)
    ended = (lengths >= shortest) & (lengths < longest)
    at_risk = np.clip(np.minimum(lengths, longest - 1) - shortest + 1, 0, None)
    missing = alive[:, :, None] & ~known
    # After a missing value, among steps that are in the series.
    after = missing[:, 1:, 0][missing[:, :-1, 0] & alive[:, 1:]]
    found = {
        "end, chance a step": ended.sum() / max(at_risk.sum(), 1),
        f"series under {shortest} steps, share": (lengths < shortest).mean(),
        "x missing, share": missing[:, :, 0].sum() / max(alive.sum(), 1),
        "y missing, share": missing[:, :, 1].sum() / max(alive.sum(), 1),
        "x missing after missing, share": after.mean() if len(after) else np.nan,
    }
    return found | values_of_irregular(x)


def values_of_irregular(x: np.ndarray) -> dict[str, float]:
    """Return the parameters of the values and of the times between steps.

    All are NaN where hardly a value is known, as from a generator that is not trained.
    """
    known = ~np.isnan(x)
    gaps = x[:, 1:, 2][known[:, 1:, 2]]
    both = known[:, :, 0] & known[:, :, 1]
    before, now, time = pairs(x[:, :, 0], x[:, :, 2])
    names = ("gap, mean", "gap, sd / mean", "gap, KS distance")
    names += ("x: rate of return", "x: mean", "x: sd", "y on x: slope", "y on x: noise, sd")
    if min(len(gaps), both.sum(), len(now)) < FEWEST:
        return dict.fromkeys(names, np.nan)
    far = stats.kstest(gaps, stats.expon.cdf).statistic
    slope, constant = np.polyfit(x[:, :, 0][both], x[:, :, 1][both], 1)
    rest = x[:, :, 1][both] - constant - slope * x[:, :, 0][both]
    returned = returning(before, now, time)
    values = (gaps.mean(), gaps.std() / gaps.mean(), far, *returned, slope, rest.std())
    return dict(zip(names, values, strict=True))


def pairs(x: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return known values `[k]`, the next known ones of their series, and the time between."""
    rows, steps = np.nonzero(~np.isnan(x))
    same = rows[1:] == rows[:-1]
    # The gap of the first step leads nowhere, and those past the end are in no pair.
    time = np.nan_to_num(np.cumsum(np.concatenate([0 * gaps[:, :1], gaps[:, 1:]], 1), axis=1))
    values, times = x[rows, steps], time[rows, steps]
    return values[:-1][same], values[1:][same], np.diff(times)[same]


def returning(before: np.ndarray, now: np.ndarray, time: np.ndarray) -> tuple[float, float, float]:
    """Return rate, mean and sd of an Ornstein-Uhlenbeck process, by greatest likelihood.

    x(t + d) ~ N(m + a (x(t) - m), s^2 (1 - a^2)) with a = exp(-rate d); m and s have a closed form
    for each rate.
    """

    def parts(log_rate: float) -> tuple[float, float, float]:
        a = np.exp(-np.exp(log_rate) * time)
        left = 1 - a**2
        mean = ((1 - a) * (now - a * before) / left).sum() / ((1 - a) ** 2 / left).sum()
        variance = ((now - mean - a * (before - mean)) ** 2 / left).mean()
        return np.log(left).mean() + np.log(variance), mean, variance**0.5

    best = optimize.minimize_scalar(
        lambda log_rate: parts(log_rate)[0], bounds=tuple(np.log(NEAR)), method="bounded"
    )
    _, mean, sd = parts(best.x)
    return float(np.exp(best.x)), mean, sd
