"""Quality of generated tables on three tables that differ, with one and the same recipe.

Each run is what `wgan train` does by itself: the preset is chosen by the data, and nothing is set
but the held-out share. `adult` and `housing` are files that you have (UCI Adult, train and test;
California housing). `orders` is made up here, with a column of every kind. Figures are those of
`wgan evaluate`, beside real rows. Shape and trend are also taken against the training rows, as in
published tables, whose trend is the one in own bins. Several seeds give intervals.

    python benchmarks/tables.py run adult --seed 0 --train adult_train.csv.gz \\
        --test adult_test.csv.gz --out tables.jsonl
    python benchmarks/tables.py run housing --seed 0 --train housing.csv.gz \\
        --target median_house_value --out tables.jsonl
    python benchmarks/tables.py run orders --seed 0 --out tables.jsonl
    python benchmarks/tables.py table tables.jsonl
    python benchmarks/tables.py conditions RUN

`conditions` takes a finished run: rows under each single level of at least 500 training rows, and
under 20 random pairs and triples of levels, beside the same generator's unconditional rows that
happen to have them; and the levels that 200,000 rows lack.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from wgan.base.files import append_line
from wgan.base.intervals import mean_of
from wgan.config import configure, from_settings
from wgan.data import TableCodec, load
from wgan.evaluation import EvaluationOptions, evaluate
from wgan.evaluation.metrics.shape import shape_errors
from wgan.evaluation.metrics.trend import trend_errors
from wgan.models import Model, conditional_sampler, sample_where
from wgan.runs import RunFolder
from wgan.training import Run

CONDITION_ROWS = 2000
"""Rows under each condition: shape error then has a floor of some 1.5 %."""
LEAST_TRAINING_ROWS = 500
COMBINATIONS = 20
MANY = 200_000
"""Rows in which each level of 20 or more training rows should come."""


def orders(n: int = 20_000, seed: int = 0) -> pd.DataFrame:
    """Return a made-up table with columns of every kind.

    It has identifiers, whole numbers, money, spikes, heavy tails, rare and many levels, booleans,
    dates, codes and gaps.
    """
    random = np.random.default_rng(seed)
    segment = random.choice(
        ["private", "business", "public", "partner"], n, p=[0.7, 0.22, 0.06, 0.02]
    )
    firm = segment != "private"
    age = np.clip(random.normal(44, 14, n), 18, 95).astype(int)
    ordered = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        np.sort(random.integers(0, 1400, n)), unit="D"
    )
    items = 1 + random.poisson(1 + 6 * firm)
    price = np.round(np.exp(random.normal(2.5 + 0.8 * firm, 0.9, n)) * items, 2)
    discount = np.where(
        random.random(n) < np.where(firm, 0.5, 0.1),
        np.round(price * random.choice([0.05, 0.1, 0.2], n), 2),
        0.0,
    )
    city = np.array([f"city {k:04d}" for k in random.permutation(2000)])[
        np.minimum(random.zipf(1.4, n), 2000) - 1
    ]
    returned = random.random(n) < 1 / (1 + np.exp(2.2 - 0.01 * price + 1.0 * firm))
    rating = np.where(
        random.random(n) < 0.35 + 0.3 * firm,
        np.nan,
        np.clip(np.rint(random.normal(4.2 - 1.8 * returned, 0.8, n)), 1, 5),
    )
    return pd.DataFrame(
        {
            "order_id": [f"A{i:07d}" for i in range(1, n + 1)],
            "segment": segment,
            "city": city,
            "age": pd.Series(np.where(firm, np.nan, age)),
            "ordered": ordered,
            "items": items,
            "price": price,
            "discount": discount,
            "balance": np.round(random.standard_t(2, n) * 300 * (1 + 3 * firm), 2),
            "weight": np.exp(random.normal(0, 0.5, n)) * items,
            "channel": random.choice(["001", "002", "007"], n, p=[0.5, 0.3, 0.2]),
            "express": random.random(n) < 0.15 + 0.3 * firm,
            "rating": rating,
            "comment": pd.Series(
                np.where(np.isnan(rating), None, np.where(rating > 3, "good", "poor")), dtype="str"
            ),
            "returned": returned,
        }
    )


def measure(
    name: str,
    seed: int,
    source: Path | None,
    test: Path | None,
    target: str | None,
    settings: list[str],
) -> dict[str, Any]:
    """Train on one table, and return figures and times."""
    data = load(source) if source else load(orders())
    held_out = ["data.held_out=0.05"] if test else []
    config, data = configure(
        [from_settings([*held_out, *settings, f"training.seed={seed}"])], data=data
    )
    codec = data.codec
    assert isinstance(codec, TableCodec)
    trained = Run.start(config, data, watch=None)
    split = trained.split
    begun = time.perf_counter()
    used = time.process_time()
    for _ in trained.records():
        pass
    times = {
        "wall_seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - used,
    }
    sample = trained.model.sampler(seed, "verdict")
    conditional = conditional_sampler(trained.model, seed, "verdict")
    options = EvaluationOptions(target=target, test=test)
    evaluation = evaluate(sample, split, options, conditional=conditional)
    rows = sample(split.n_train, 0)
    known = split.train_sample(0, split.n_train)
    columns = codec.learned
    against_train = {
        "shape-error": float(shape_errors(columns, rows, known).mean()),
        "trend-error": float(trend_errors(columns, rows, known).mean()),
        "trend-error-own-bins": float(trend_errors(columns, rows, known, own_bins=True).mean()),
    }
    began = time.perf_counter()
    sample(100_000, 99)
    times["sampling_seconds_per_million"] = 10 * (time.perf_counter() - began)
    about = {"table": name, "seed": seed, "settings": settings, "steps": trained.state.step}
    about |= {"threads": torch.get_num_threads(), **times}
    return about | {"evaluation": evaluation.to_json(), "against_train": against_train}


def table(lines: list[dict[str, Any]]) -> None:
    """Print means over seeds with 95 % intervals, beside figures of real and shuffled rows."""
    for name in dict.fromkeys(line["table"] for line in lines):
        runs = [line for line in lines if line["table"] == name]
        evaluations = [each["evaluation"] for each in runs]
        print(
            f"\n{name}: {len(runs)} seeds, {runs[0]['steps']} steps, {runs[0]['threads']}"
            f" thread(s), target {evaluations[0]['details']['target']}"
        )
        for line in evaluations[0]["lines"]:
            same = [
                each for v in evaluations for each in v["lines"] if each["name"] == line["name"]
            ]
            mean = mean_of([each["generated"]["value"] for each in same])
            print(
                f"  {line['metric']:20} {mean.value:.4f} +- {mean.half_width:.4f}   real"
                f" {line['real']:.4f}   shuffled {line['broken']:.4f}"
            )
        for metric in runs[0]["against_train"]:
            mean = mean_of([each["against_train"][metric] for each in runs])
            print(f"  {metric} against training rows {mean.value:.4f} +- {mean.half_width:.4f}")
        for when in ("wall_seconds", "processor_seconds", "sampling_seconds_per_million"):
            print(f"  {when} " + ", ".join(f"{each[when]:.0f}" for each in runs))


def conditions(folder: Path) -> None:
    """Print errors of rows under conditions, over those of filtered rows, and lost levels."""
    run = RunFolder(folder)
    model = run.model()
    config, dataset = run.load()
    split = config.split(dataset)
    codec = split.dataset.codec
    assert isinstance(codec, TableCodec)
    train = split.train_sample(0, split.n_train)
    free = model.sample(MANY, 1)
    random = np.random.default_rng(0)
    single = [((i, level),) for i, level in levels(codec, train, LEAST_TRAINING_ROWS)]
    several = []
    while len(several) < COMBINATIONS:
        chosen = random.choice(len(single), size=random.integers(2, 4), replace=False)
        where = tuple(single[k][0] for k in chosen)
        rows = having(train, where).sum()
        distinct = len({i for i, _ in where}) == len(where)
        if distinct and rows >= LEAST_TRAINING_ROWS:
            several.append(where)
    for name, wheres in (("single levels", single), ("combinations", several)):
        ratios = np.array([ratio(model, codec, train, free, where) for where in wheres])
        for what, found in zip(("shape", "trend"), ratios.T, strict=True):
            worst = codec_words(codec, wheres[int(found.argmax())])
            print(
                f"{name}: {len(found)}, {what} error conditional over filtered: median"
                f" {np.median(found):.2f}, largest {found.max():.2f} ({worst}), above 1.3:"
                f" {(found > 1.3).sum()}"
            )
    lost = [
        f"{codec_words(codec, ((i, level),))}: {(train[:, i] == level).sum()} training rows"
        for i, level in levels(codec, train, 20)
        if not (free[:, i] == level).any()
    ]
    count = len(levels(codec, train, 20))
    print(f"levels of 20 or more training rows: {count}, none in {MANY} rows: {len(lost)}", *lost)


def levels(codec: TableCodec, train: np.ndarray, least: int) -> list[tuple[int, float]]:
    """Return the columns and levels of categories that so many rows have, but not all."""
    found = []
    for i, column in enumerate(codec.learned):
        if not column.is_number:
            values, counts = np.unique(train[~np.isnan(train[:, i]), i], return_counts=True)
            found += [(i, v) for v, c in zip(values, counts, strict=True) if c >= least]
    return [(i, v) for i, v in found if len(np.unique(train[:, i])) > 1]


def having(rows: np.ndarray, where: tuple[tuple[int, float], ...]) -> np.ndarray:
    """Return which rows have all levels."""
    return np.all([rows[:, i] == level for i, level in where], axis=0)


def codec_words(codec: TableCodec, where: tuple[tuple[int, float], ...]) -> str:
    """Return levels in words."""
    return ", ".join(f"{codec.learned[i].name}={codec.learned[i].levels[int(v)]}" for i, v in where)


def ratio(
    model: Model,
    codec: TableCodec,
    train: np.ndarray,
    free: np.ndarray,
    where: tuple[tuple[int, float], ...],
) -> list[float]:
    """Return errors of shape and trend under a condition, over those of filtered rows."""
    real = having(train, where)
    filtered = free[having(free, where)][:CONDITION_ROWS]
    names = {codec.learned[i].name: codec.learned[i].levels[int(v)] for i, v in where}
    given = sample_where(model, len(filtered), 2, names).raw
    others = [i for i in range(len(codec.learned)) if i not in {i for i, _ in where}]
    columns = [codec.learned[i] for i in others]
    return [
        float(errors(columns, given[:, others], train[real][:, others]).mean())
        / float(errors(columns, filtered[:, others], train[real][:, others]).mean())
        for errors in (shape_errors, trend_errors)
    ]


def main() -> None:
    """Run or print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("name")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--train", type=Path)
    one.add_argument("--test", type=Path)
    one.add_argument("--target")
    one.add_argument("--set", action="append", default=[])
    one.add_argument("--out", type=Path, default=Path("tables.jsonl"))
    commands.add_parser("table").add_argument("file", type=Path)
    commands.add_parser("conditions").add_argument("run", type=Path)
    given = parser.parse_args()
    if given.command == "conditions":
        conditions(given.run)
        return
    if given.command == "table":
        table([json.loads(line) for line in given.file.read_text(encoding="utf-8").splitlines()])
        return
    line = measure(given.name, given.seed, given.train, given.test, given.target, given.set)
    append_line(given.out, json.dumps(line))


if __name__ == "__main__":
    main()
