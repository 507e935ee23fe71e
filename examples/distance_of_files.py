"""The distance of two files, beside what two samples of one distribution read."""

import numpy as np

from wgan.data import load
from wgan.distances import wasserstein

rng = np.random.default_rng(0)
np.save("a.npy", rng.normal(size=(2000, 3)).astype(np.float32))
np.save("b.npy", rng.normal(loc=(0.3, 0, 0), size=(2000, 3)).astype(np.float32))

a, b = (load(path).rows[:1000] for path in ("a.npy", "b.npy"))
other = load("a.npy").rows[1000:]
print(f"W1(a, b) = {wasserstein(a, b):.3f}; floor, W1(a, a') = {wasserstein(a, other):.3f}")
print("In the shell: wgan distance a.npy b.npy -n 1000")
