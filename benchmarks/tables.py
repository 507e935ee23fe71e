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
    python benchmarks/tables.py conditions adult RUN --out conditions.jsonl
    python benchmarks/tables.py docs tables.jsonl --conditions conditions.jsonl \\
        --page docs/figures/tables.md

`conditions` takes a finished run: rows under each single level of at least 500 training rows, and
under 20 random pairs and triples of levels, beside the same generator's unconditional rows that
happen to have them; what these rows cost; and the levels that 200,000 rows lack. `docs` writes all
that was recorded between the markers of a page; without a page, it prints it.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tables_docs import markdown, read_lines, written

from wgan.base.files import append_line, write_text
from wgan.base.provenance import provenance
from wgan.config import configure, from_settings
from wgan.data import TableCodec, load
from wgan.evaluation import EvaluationOptions
from wgan.evaluation.metrics.shape import shape_errors
from wgan.evaluation.metrics.trend import trend_errors
from wgan.models import Model, evaluate_model, sample_where
from wgan.runs import RunFolder
from wgan.training import Run

CONDITION_ROWS = 2000
"""Rows under each condition: shape error then has a floor of some 1.5 %."""
LEAST_TRAINING_ROWS = 500
"""Of a condition: with fewer, the training rows themselves would be the larger part of the error.
"""
COMBINATIONS = 20
MANY = 200_000
"""Rows in which each level of 20 or more training rows should come."""
LEAST_OF_LEVEL = 20
"""Training rows of a level that is looked for in them: some 100 rows of it are to be expected."""
WORSE = 1.3
"""Ratio of errors above which conditions are counted: noise of two sets of rows stays below it."""
Where = tuple[tuple[int, float], ...]
"""Columns and the levels that are asked of them, as numbers."""


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
    begun = time.process_time()
    for _ in trained.records():
        pass
    seconds = {"training": time.process_time() - begun}
    options = EvaluationOptions(target=target, test=test)
    begun = time.process_time()
    evaluation = evaluate_model(trained.model, split, options, seed)
    seconds["evaluation"] = time.process_time() - begun
    sample = trained.model.sampler(seed, "benchmark")
    rows = sample(split.n_train, 0)
    known = split.train_sample(0, split.n_train)
    columns = codec.learned
    against_train = {
        "shape-error": float(shape_errors(columns, rows, known).mean()),
        "trend-error": float(trend_errors(columns, rows, known).mean()),
        "trend-error-own-bins": float(trend_errors(columns, rows, known, own_bins=True).mean()),
    }
    begun = time.process_time()
    sample(100_000, 99)
    seconds["a million rows"] = 10 * (time.process_time() - begun)
    return {
        "table": name,
        "seed": seed,
        "settings": settings,
        "steps": trained.state.step,
        "training_rows": split.n_train,
        "own_test_rows": test is not None,
        "processor_seconds": seconds,
        "provenance": provenance(),
        "evaluation": evaluation.to_json(),
        "against_train": against_train,
    }


def conditions(name: str, folder: Path) -> dict[str, Any]:
    """Return errors of rows under conditions, over those of filtered rows, and lost levels."""
    run = RunFolder(folder)
    model = run.model()
    config, dataset = run.load()
    split = config.split(dataset)
    codec = split.dataset.codec
    assert isinstance(codec, TableCodec)
    train = split.train_sample(0, split.n_train)
    free, again = model.sample(MANY, 1), model.sample(MANY, 3)
    single = [((i, level),) for i, level in levels(codec, train, LEAST_TRAINING_ROWS)]
    groups = {"single levels": single, "pairs and triples": combinations(single, train)}
    looked_for = levels(codec, train, LEAST_OF_LEVEL)
    lost = [(i, level) for i, level in looked_for if not (free[:, i] == level).any()]
    return {
        "table": name,
        "seed": config.training.seed,
        "rows": CONDITION_ROWS,
        "least_training_rows": LEAST_TRAINING_ROWS,
        "worse": WORSE,
        "groups": {
            group: summary(
                codec, wheres, [under(model, codec, train, (free, again), w) for w in wheres]
            )
            for group, wheres in groups.items()
        },
        "levels": {
            "number": len(looked_for),
            "least_training_rows": LEAST_OF_LEVEL,
            "rows": MANY,
            "lost": [codec_words(codec, (each,)) for each in lost],
        },
        "provenance": provenance(),
    }


def combinations(single: list[Where], train: np.ndarray) -> list[Where]:
    """Return random pairs and triples of levels of different columns."""
    random = np.random.default_rng(0)
    several: list[Where] = []
    while len(several) < COMBINATIONS:
        chosen = random.choice(len(single), size=random.integers(2, 4), replace=False)
        where = tuple(single[k][0] for k in chosen)
        distinct = len({i for i, _ in where}) == len(where)
        if distinct and having(train, where).sum() >= LEAST_TRAINING_ROWS:
            several.append(where)
    return several


def summary(
    codec: TableCodec, wheres: list[Where], found: list[dict[str, float]]
) -> dict[str, Any]:
    """Return medians and worst values over conditions, and under which condition these are."""
    summed: dict[str, Any] = {"number": len(wheres)}
    for figure in found[0]:
        values = np.array([each[figure] for each in found])
        worst = int(values.argmin() if figure == "acceptance" else values.argmax())
        summed[figure] = {
            "median": float(np.median(values)),
            "worst": float(values[worst]),
            "of": codec_words(codec, wheres[worst]),
            "above": int((values > WORSE).sum()),
        }
    return summed


def levels(codec: TableCodec, train: np.ndarray, least: int) -> list[tuple[int, float]]:
    """Return the columns and levels of categories that so many rows have, but not all."""
    found = []
    for i, column in enumerate(codec.learned):
        if not column.is_number:
            values, counts = np.unique(train[~np.isnan(train[:, i]), i], return_counts=True)
            found += [(i, v) for v, c in zip(values, counts, strict=True) if c >= least]
    return [(i, v) for i, v in found if len(np.unique(train[:, i])) > 1]


def having(rows: np.ndarray, where: Where) -> np.ndarray:
    """Return which rows have all levels."""
    return np.all([rows[:, i] == level for i, level in where], axis=0)


def codec_words(codec: TableCodec, where: Where) -> str:
    """Return levels in words."""
    return ", ".join(f"{codec.learned[i].name}={codec.learned[i].levels[int(v)]}" for i, v in where)


def under(
    model: Model,
    codec: TableCodec,
    train: np.ndarray,
    free: tuple[np.ndarray, np.ndarray],
    where: Where,
) -> dict[str, float]:
    """Return errors of shape and trend under a condition, over those of filtered rows, and those of
    other filtered rows over the same; the share of draws that was accepted; and the processor time
    that the rows took.
    """
    filtered, again = (rows[having(rows, where)][:CONDITION_ROWS] for rows in free)
    names = {codec.learned[i].name: codec.learned[i].levels[int(v)] for i, v in where}
    begun = time.process_time()
    given = sample_where(model, CONDITION_ROWS, 2, names)
    seconds = time.process_time() - begun
    others = [i for i in range(len(codec.learned)) if i not in {i for i, _ in where}]
    columns = [codec.learned[i] for i in others]
    real = train[having(train, where)][:, others]
    n = min(len(filtered), len(again))  # errors of sets of one size have the same floor
    ratios = {}
    for name, errors in (("shape", shape_errors), ("trend", trend_errors)):
        of_given, of_filtered, of_again = (
            float(errors(columns, rows[:n, others], real).mean())
            for rows in (given.raw, filtered, again)
        )
        ratios[name] = of_given / of_filtered
        ratios[f"{name} of other filtered rows"] = of_again / of_filtered
    return ratios | {"acceptance": given.acceptance, "seconds": seconds}


def main() -> None:
    """Run, or write what runs recorded."""
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
    one = commands.add_parser("conditions")
    one.add_argument("name")
    one.add_argument("run", type=Path)
    one.add_argument("--out", type=Path, default=Path("conditions.jsonl"))
    one = commands.add_parser("docs")
    one.add_argument("file", type=Path)
    one.add_argument("--conditions", type=Path)
    one.add_argument("--page", type=Path)
    given = parser.parse_args()
    if given.command == "run":
        line = measure(given.name, given.seed, given.train, given.test, given.target, given.set)
        append_line(given.out, json.dumps(line))
    elif given.command == "conditions":
        append_line(given.out, json.dumps(conditions(given.name, given.run)))
    else:
        under_conditions = read_lines(given.conditions) if given.conditions else []
        text = markdown(read_lines(given.file), under_conditions)
        if given.page is None:
            print(text)
            return
        write_text(given.page, written(given.page.read_text(encoding="utf-8"), text))


if __name__ == "__main__":
    main()
