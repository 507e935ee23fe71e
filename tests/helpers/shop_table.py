"""A made-up table of a shop, in which three columns are narrow beside an earlier one."""

import numpy as np
import pandas as pd

START = pd.Timestamp("2021-01-01")


def shop(n=6000, seed=0):
    """Orders that are delivered and then paid some days later, and prices with tax."""
    random = np.random.default_rng(seed)
    slow = random.random(n) < 0.4
    day = random.integers(0, 1200, n)
    days = np.where(slow, random.integers(8, 15, n), random.integers(1, 4, n))
    price = np.round(random.lognormal(4, 1, n), 2)
    return pd.DataFrame(
        {
            "kind": np.where(slow, "slow", "fast"),
            "ordered": START + pd.to_timedelta(day, unit="D"),
            "price": price,
            "delivered": START + pd.to_timedelta(day + days, unit="D"),
            "gross": np.round(np.round(price * 1.21, 2) + random.normal(0, 0.5, n), 2),
            "paid": START + pd.to_timedelta(day + days + random.integers(0, 30, n), unit="D"),
        }
    )
