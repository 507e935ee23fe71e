"""Two numbers between which W1 of two populations lies, with 95 % confidence."""

import numpy as np

from wgan.audit import bracket

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, size=(4000, 2))
y = rng.uniform(0, 1, size=(4000, 2)) ** 2
found = bracket(x, y, diameter=np.sqrt(2), steps=300)  # no two points of the square lie farther
print(found)
