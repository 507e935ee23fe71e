"""A small table with a column of every kind, and its public schema, for tests of private runs."""

import numpy as np
import pandas as pd

SCHEMA = """
public = true

[columns.id]
kind = "identifier"

[columns.age]
kind = "numeric"
low = 0
high = 120
step = 1

[columns.gain]
kind = "numeric"
low = 0
high = 100000
step = 1
gaps = true

[columns.weight]
kind = "numeric"
low = 0
high = 50
step = 0

[columns.joined]
kind = "datetime"
format = "%Y-%m-%d"
low = 2000-01-01
high = 2030-12-31
step = 86400

[columns.size]
kind = "category"
levels = ["small", "medium", "large", "giant"]

[columns.zone]
kind = "category"
levels = [1, 2, 3]
gaps = true

[columns.member]
kind = "boolean"
"""


def people(n, seed=0):
    """A table of n rows, whose sizes and numbers go together."""
    random = np.random.default_rng(seed)
    size = random.choice(["small", "medium", "large"], n, p=[0.6, 0.3, 0.1])
    big = size == "large"
    gain = np.where(random.random(n) < 0.7, 0, random.integers(1, 9000, n)).astype(float)
    days = pd.to_timedelta(random.integers(0, 2000, n), unit="D")
    return pd.DataFrame(
        {
            "id": np.arange(7001, 7001 + n),
            "age": np.where(big, 60, 20) + random.integers(0, 30, n),
            "gain": np.where(random.random(n) < 0.1, np.nan, gain),
            "weight": random.gamma(3, 3, n).clip(0.001, 49),
            "joined": (pd.Timestamp("2015-03-07") + days).strftime("%Y-%m-%d").astype("str"),
            "size": size,
            "zone": pd.array(np.where(random.random(n) < 0.2, 1, 2), dtype="Int64"),
            "member": random.random(n) < 0.3,
        }
    )
