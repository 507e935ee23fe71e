"""Series: windows of a long one, and how alike their autocorrelations are."""

import numpy as np

from wgan.data import load
from wgan.data.series.windows import Reading
from wgan.training import Run


def autocorrelation(windows: np.ndarray, lag: int) -> float:
    """Return the mean correlation of values so many steps apart."""
    x = windows[..., 0] - windows[..., 0].mean()
    return float((x[:, lag:] * x[:, :-lag]).mean() / (x * x).mean())


steps = np.arange(6000)
noise = np.random.default_rng(0).normal(size=6000)
np.save("waves.npy", np.sin(2 * np.pi * steps / 12) + 0.3 * noise)

windows = load("waves.npy", kind="series", reading=Reading(window=24))
run = Run.open(windows, steps=150, seed=0)
for _ in run.records():
    pass
generated = run.model.sample(500)
for lag in (3, 6, 12):
    real = autocorrelation(windows.rows[:500], lag)
    ours = autocorrelation(generated, lag)
    print(f"{lag:2} steps apart: real {real:+.2f}, generated {ours:+.2f}")
