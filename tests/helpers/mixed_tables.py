"""A table with a column of every kind, in which some go together."""

import numpy as np
import pandas as pd


def mixed_table(n, seed=0):
    random = np.random.default_rng(seed)
    size = random.choice(["small", "medium", "large"], n, p=[0.6, 0.35, 0.05])
    big = size == "large"
    absent = random.random(n) < np.where(big, 0.5, 0.1)
    return pd.DataFrame(
        {
            "customer_id": [f"C-{i:05d}" for i in range(1, n + 1)],
            "age": random.integers(18, 90, n),
            "price": np.round(np.exp(random.normal(3, 1, n)) + 20 * big, 2),
            "gain": np.where(random.random(n) < 0.8, 0.0, random.exponential(1000, n)),
            "size": size,
            "city": [f"city {k}" for k in random.zipf(1.7, n).clip(max=400)],
            "member": random.random(n) < np.where(big, 0.9, 0.2),
            "code": [f"{k:03d}" for k in random.integers(0, 12, n)],
            "bought": (
                pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, n), unit="D")
            ),
            "note": pd.Series(np.where(absent, None, random.choice(["a", "b"], n)), dtype="str"),
            "visits": pd.Series(np.where(absent, np.nan, random.poisson(5, n))),
        }
    )
