"""Bad samples, masses and options for the distances in Python."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from campaign import Case
from material import people, points

from wgan import audit, distances

OF_SAMPLES: dict[str, Callable[..., object]] = {
    "wasserstein": distances.wasserstein,
    "transport": distances.transport,
    "sliced_wasserstein": distances.sliced_wasserstein,
    "max_sliced_wasserstein": distances.max_sliced_wasserstein,
    "sinkhorn_divergence": distances.sinkhorn_divergence,
    "distance": distances.distance,
    "permutation_test": lambda x, y, **more: distances.permutation_test(
        x, y, **{"permutations": 19} | more
    ),
    "sampling_spread": lambda x, y, **more: distances.sampling_spread(
        x, y, **{"subsamples": 20} | more
    ),
    "dual": lambda x, y, **more: audit.dual(x, y, steps=1, **more),
    "bracket": lambda x, y, **more: audit.bracket(x, y, steps=1, **more),
}
OF_HISTOGRAMS: dict[str, Callable[..., object]] = {
    "earth_mover": distances.earth_mover,
    "kullback_leibler": distances.kullback_leibler,
    "jensen_shannon": distances.jensen_shannon,
    "total_variation": distances.total_variation,
}


def samples() -> Iterator[tuple[str, Any]]:
    """Yield what is no set of samples beside 120 points in the plane."""
    x = points()
    spoilt = x.copy()
    for value in (np.nan, np.inf, -np.inf):
        spoilt[5, 1] = value
        yield f"a {value}", spoilt.copy()
    yield "None", None
    yield "a number", 3.0
    yield "text", "good.npy"
    yield "an array of words", np.full((9, 2), "a")
    yield "objects", np.array([[1, None]] * 9, dtype=object)
    yield "complex numbers", x.astype(complex) + 1j
    yield "dates", np.zeros((9, 2), dtype="datetime64[s]")
    yield "NaT", np.full((9, 2), np.datetime64("NaT", "s"))
    yield "durations", np.zeros((9, 2), dtype="timedelta64[s]")
    yield "no sample", x[:0]
    yield "no column", x[:, :0]
    yield "three columns", np.zeros((9, 3))
    yield "one column", np.zeros((9, 1))
    yield "a ragged list", [[1.0, 2.0], [3.0]]
    yield "a dict", {"a": [1.0]}
    yield "a set", {1.0, 2.0}
    yield "another table", people()
    yield "a table of text", pd.DataFrame({"a": ["x"] * 9, "b": ["y"] * 9})


def options() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield options that a function has and cannot take."""
    for name in (
        "wasserstein",
        "transport",
        "sliced_wasserstein",
        "sinkhorn_divergence",
        "distance",
        "permutation_test",
        "sampling_spread",
    ):
        for p in (0, -1, float("nan"), "x", None, 0.5, [1]):
            yield name, {"p": p}
    for name in ("wasserstein", "transport", "sliced_wasserstein", "sinkhorn_divergence"):
        n = len(points())
        for weights in (
            np.zeros(n),
            -np.ones(n),
            np.full(n, np.nan),
            np.full(n, np.inf),
            np.ones(n - 1),
            np.ones((n, 2)),
            "x",
            3.0,
        ):
            yield name, {"x_weights": weights}
    for directions in (0, -1, 2.5, "x", float("nan")):
        yield "sliced_wasserstein", {"directions": directions}
    for starts in (0, -1, 2.5, "x"):
        yield "max_sliced_wasserstein", {"starts": starts}
        yield "max_sliced_wasserstein", {"steps": starts if starts else -2}
    for epsilon in (0.0, -1.0, float("nan"), "x", float("inf")):
        yield "sinkhorn_divergence", {"epsilon": epsilon}
    for metric in ("", "x", 3, None, []):
        for name in ("distance", "permutation_test", "sampling_spread"):
            yield name, {"metric": metric}
    for count in (0, -1, 2.5, "x", None):
        yield "permutation_test", {"permutations": count}
        yield "sampling_spread", {"subsamples": count}
    for groups in ("x", 3.0, [1, 2], [[1], [2, 3]], [0] * len(points()), {"a": 1}):
        for name in ("distance", "permutation_test", "sampling_spread"):
            yield name, {"x_groups": groups}
    for seed in (-1, 2.5, "x", float("nan")):
        for name in (
            "sliced_wasserstein",
            "max_sliced_wasserstein",
            "distance",
            "permutation_test",
            "sampling_spread",
            "dual",
            "bracket",
        ):
            yield name, {"seed": seed}
    for confidence in (0.0, 1.0, -1.0, 2.0, float("nan"), "x"):
        yield "bracket", {"confidence": confidence}
        yield "sampling_spread", {"confidence": confidence}


def histograms() -> Iterator[tuple[str, Any, Any]]:
    """Yield two values that are no two histograms."""
    good = [3.0, 2.0, 1.0, 4.0]
    yield "a bin less", good, good[:3]
    yield "two axes", [good], [good]
    yield "nothing", [], []
    yield "zeros", [0.0] * 4, [0.0] * 4
    yield "zeros on one side", good, [0.0] * 4
    for value in (-1.0, float("nan"), float("inf"), "x", None, 1j, [1.0]):
        yield f"a mass of {value!r}", [value, 2.0, 1.0, 4.0], good
        yield f"a second mass of {value!r}", good, [value, 2.0, 1.0, 4.0]
    yield "text", "3214", "1243"
    yield "numbers", 3.0, 3.0
    yield "None", None, None


def all_cases() -> Iterator[Case]:
    """Yield a case for each function and bad argument."""
    x = points()
    group = "Python: distances"
    for name, function in OF_SAMPLES.items():
        for words, bad in samples():
            for side, pair in (("x", (bad, x)), ("y", (x, bad))):
                yield Case(
                    group,
                    f"{name}, {side} is {words}",
                    lambda f, c=function, p=pair: lambda: c(*p),
                )
    for name, given in options():
        yield Case(
            group,
            f"{name}, {given!r:.60}",
            lambda f, c=OF_SAMPLES[name], g=given: lambda: c(x, x, **g),
        )
    for name, function in OF_HISTOGRAMS.items():
        for words, p, q in histograms():
            yield Case(group, f"{name}, {words}", lambda f, c=function, a=p, b=q: lambda: c(a, b))
    for positions in (
        [1, 2, 3],
        [1, 2, 3, float("nan")],
        [4, 3, 2, 1],
        "x",
        [[1, 2, 3, 4]],
        [1, 1, 2, 3],
    ):
        yield Case(
            group,
            f"earth_mover, positions {positions!r}",
            lambda f, s=positions: lambda: distances.earth_mover([1, 2, 3, 4], [4, 3, 2, 1], s),
            "either",
        )
