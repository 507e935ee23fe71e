"""Bad arguments and data for the estimator's methods."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from bad_objects import objects_in_python
from campaign import Case
from material import material, people, pictures, points

from wgan import WGAN


def all_cases() -> Iterator[Case]:
    """Yield the estimator's methods with arguments that they cannot take."""
    x = points()
    frame = people()
    for name, value in (
        ("variant", ["nothing", 3, "", [], b"gan"]),
        ("steps", [0, -1, 2.6, "3", float("nan"), float("inf"), [], True, 2**70, np.float64(1.5)]),
        ("preset", ["nothing", 3, "", []]),
        ("random_state", [-1, 2.5, "x", float("nan"), [], {}]),
        ("device", ["nothing", 3, "", "cuda:99"]),
        ("precision", ["nothing", 16, "", "float64"]),
        ("compile", ["yes", 2, []]),
        ("conditional", ["yes", 2]),
        ("settings", [3, "x", {"x": 1}, {3: 1}, {"a.b": 1}, [("training.steps", 1)], {"": 1}]),
    ):
        for bad in value:
            yield _api(f"WGAN({name}={bad!r})", lambda n=name, b=bad: WGAN(**{n: b}).fit(x))
    for name, bad in data_in_python(x, frame):
        yield _api(f"fit({name})", lambda b=bad: _small().fit(b))
    for bad in (
        0,
        -1,
        2.7,
        "3",
        None,
        float("nan"),
        float("inf"),
        [],
        True,
        10**15,
        np.float64(2.5),
    ):
        yield _api(f"sample({bad!r})", lambda b=bad: _fitted(x).sample(b))
    for bad in (-1, 2.5, "x", [], {}, float("nan")):
        yield _api(f"sample(random_state={bad!r})", lambda b=bad: _fitted(x).sample(2, b))
    for bad in ({"x": 1}, {"age": "old"}, {"age": (1,)}, {"age": (90, 10)}, 3, [3], "age", {3: 3}):
        yield _api(f"sample(where={bad!r})", lambda b=bad: _fitted(frame).sample(2, where=b))
    more = (
        {"age": (float("nan"), 1)},
        {"city": ["Oslo", 3]},
        {"city": ("Oslo", "Rome")},
        {"id": 1},
    )
    for bad in more:
        yield _api(f"sample(where={bad!r})", lambda b=bad: _fitted(frame).sample(2, where=b))
    for bad in (3, "x", "age", "income", [], {}, b"city"):
        if bad not in ([], {}):
            yield _api(
                f"sample(balance={bad!r})", lambda b=bad: _fitted(frame).sample(2, balance=b)
            )
    for name, bad in data_in_python(x, frame):
        if name != "one sample":
            yield _api(f"score_samples({name})", lambda b=bad: _fitted(x).score_samples(b))
    other = frame.rename(columns={"age": "years"})
    yield _api("score_samples(another table)", lambda: _fitted(frame).score_samples(other))
    for bad in ("x", 3, None, ""):
        yield _api(
            f"score_samples(convention={bad!r})", lambda b=bad: _fitted(x).score_samples(x, b)
        )
    for bad in ("", "x", "/dev/null", "a\0b", "good"):
        yield _api(f"load({bad!r})", lambda b=bad: WGAN.load(b))
    yield _api("sample before fit", lambda: WGAN().sample(2))


def data_in_python(x: np.ndarray, frame: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Yield values that are no data that can be learned."""
    yield "None", None
    yield "a number", 3.5
    yield "a dict", {"a": 1}
    yield "a set", {1, 2}
    yield "a generator", (i for i in range(3))
    yield "an empty list", []
    yield "a ragged list", [[1, 2], [3]]
    yield "an array of objects", np.array([[1, "a"], [2, "b"]] * 40, dtype=object)
    yield "text", np.array([["a", "b"]] * 60)
    yield "complex", x.astype(complex)
    yield "dates", np.arange(120).astype("datetime64[D]").reshape(60, 2)
    yield "nan", np.full((60, 2), np.nan)
    yield "inf", np.full((60, 2), np.inf)
    yield "one sample", x[:1]
    yield "no sample", x[:0]
    yield "no column", x[:, :0]
    yield "pictures out of range", pictures() * 3.0
    yield "five axes", np.zeros((4, 3, 3, 3, 3))
    yield "a sparse tensor", torch.from_numpy(x).to_sparse()
    yield "a complex tensor", torch.from_numpy(x).to(torch.complex64)
    yield "a tensor of nan", torch.full((60, 2), float("nan"))
    yield "a tensor on no device", torch.zeros(60, 2, device="meta")
    yield "a missing file", "nothing.csv"
    yield "a path of nothing", Path("")
    yield "bytes", b"good.csv"
    yield "a frame of lists", pd.DataFrame({"a": [[1]] * 60})
    yield "a frame of mixed types", pd.DataFrame({"a": [1, "x", None] * 20})
    yield "a frame without rows", frame[:0]
    yield "a frame without columns", pd.DataFrame(index=range(9))
    yield "a frame of two equal names", pd.concat([frame, frame], axis=1)
    yield "a frame of intervals", pd.DataFrame({"a": pd.cut(frame["income"], 3), "b": 1.5})
    yield "a frame of periods", pd.DataFrame({"a": pd.period_range("2020", periods=60, freq="D")})
    yield "a frame of durations", pd.DataFrame({"a": pd.to_timedelta(range(60), unit="s")})
    yield "a frame of complex numbers", pd.DataFrame({"a": [1j] * 60})
    yield "a frame of infinity", pd.DataFrame({"a": [np.inf, 1.5] * 30})
    yield "a frame of gaps", pd.DataFrame({"a": [np.nan] * 60})
    yield (
        "a frame with two levels of names",
        frame.set_axis(pd.MultiIndex.from_product([["x"], frame.columns]), axis=1),
    )
    yield from objects_in_python()


def _small() -> WGAN:
    return WGAN(steps=1, settings={"network.width": 8, "optimizer.batch": 8})


def _fitted(data: Any) -> WGAN:
    """Return an estimator that was fitted on the points or the table, without fitting it again."""
    run = "table" if isinstance(data, pd.DataFrame) else "points"
    return WGAN.load(material() / "runs" / run)


def _api(name: str, call: Callable[[], object]) -> Case:
    return Case("Python: estimator", name, lambda folder: call)
