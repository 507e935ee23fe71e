"""Published protocols for generated tables: TabSyn's, TabDiff's and TabPC's.

`tables` trains each seed with the preset untouched, and writes as many rows as the training file
has; then it prints means over seeds, beside two real halves and beside published figures of the
same definition. Shape, trend, alpha-precision, beta-recall and nearness are computed here. The
others need sdmetrics and XGBoost, in an environment of their own, whose interpreter `--judge`
names. Running the same command again goes on where it stopped.

    python benchmarks/published.py tables --train adult_train.csv.gz --test adult_test.csv.gz \\
        --target income --seeds 5 --out published --judge judge/bin/python

Published figures are printed for Adult in UCI's own split, Default and Beijing in a random split
of nine to one, where the columns are taken for what the papers take them. They count codes as
categories, so that Default needs `--categories SEX EDUCATION MARRIAGE PAY_0 PAY_2 PAY_3 PAY_4 PAY_5
PAY_6 "default payment next month"`, and Beijing `--categories year month day hour`.

`halves` cuts all rows into two equal files, as the papers do before they train for nearness alone:

    python benchmarks/published.py halves --train adult_train.csv.gz --test adult_test.csv.gz \\
        --out halves
"""

import argparse
import json
import subprocess
import textwrap
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import published_figures as figures
from published_papers import FIGURES, PUBLISHED, Published

from wgan import WGAN
from wgan.base.intervals import Mean, mean_of
from wgan.base.version import __version__
from wgan.data.tables.schema import Column
from wgan.evaluation.metrics.shape import shape_errors
from wgan.evaluation.metrics.trend import trend_errors

OWN = "own.json"
HELD_OUT = 0.05
"""Share of the training file that a run holds out to watch itself: it cannot be 0. The papers'
models learn from all rows, so that ours are a little worse off.
"""
SPLIT_SEED = 1234
"""The first seed that TabSyn and TabDiff try for a split."""
NEARLY = 0.01
"""Files whose lengths differ by less count as halves: 1 % of the rows moves a share of 50 % by a
quarter of a point.
"""
INSTRUCTIONS = """\
The other figures need an environment of their own (sdmetrics 0.11.1, XGBoost):
    python -m venv judge
    judge/bin/pip install sdmetrics==0.11.1 xgboost
then run the same command again with --judge judge/bin/python; nothing is trained twice."""


def published_for(train_rows: int, test_rows: int, schema: figures.Schema) -> Published | None:
    """Return the published table of this size and these kinds of columns, if any.

    Another split, or columns taken for something else, have no published figures.
    """
    columns = (len(schema.numbers), len(schema.categories))
    for each in PUBLISHED:
        if each.rows == (train_rows, test_rows) and (each.numbers, each.categories) == columns:
            return each
    return None


def coded(
    schema: figures.Schema, x: pd.DataFrame, y: pd.DataFrame
) -> tuple[list[Column], np.ndarray, np.ndarray]:
    """Return columns and two tables as matrices, in which levels are numbers."""
    columns, parts = [], []
    for name in schema.columns:
        both = pd.concat([x[name], y[name]])
        is_number = name in schema.numbers
        columns.append(Column(name, "numeric" if is_number else "category", "float64"))
        parts.append(both.to_numpy(float) if is_number else pd.factorize(both)[0].astype(float))
    table = np.column_stack(parts)
    return columns, table[: len(x)], table[len(x) :]


def own_figures(
    schema: figures.Schema, generated: pd.DataFrame, real: pd.DataFrame
) -> dict[str, float]:
    """Return the figures that need no other environment."""
    columns, x, y = coded(schema, generated, real)
    return {
        "shape-error": float(shape_errors(columns, x, y).mean()),
        "trend-error": float(trend_errors(columns, x, y, own_bins=True).mean()),
        **figures.precision_and_recall(real, generated, schema),
    }


def write_new(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write a table, unless it is there; a file that was begun does not count."""
    if not (folder / name).exists():
        table.to_csv(folder / f"{name}.part", index=False)
        (folder / f"{name}.part").rename(folder / name)


def generated(train: Path, seed: int, steps: int | None, n: int) -> pd.DataFrame:
    """Train with the preset of the data, and return n rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # notes on the data, the same for each seed
        model = WGAN(random_state=seed, steps=steps, settings={"data.held_out": HELD_OUT})
        return model.fit(str(train)).sample(n, random_state=seed)


def prepare(args: argparse.Namespace) -> dict[str, Any]:
    """Write real tables, halves and what is to be judged; return the description of the folder."""
    raw = figures.read_raw(args.train)
    schema = figures.schema_of(raw, args.target, args.categories)
    train = figures.table_of(raw, schema, args.train.name)
    test = figures.read_table(args.test, schema)
    unknown = set(test[args.target]) - set(train[args.target])
    if args.target in schema.categories and unknown:
        raise SystemExit(f"{args.test}: the target has levels that training rows lack: {unknown}")
    described = {
        "schema": asdict(schema),
        "test": "test.csv",
        "files": figures.digest(args.train, args.test),
        "steps": args.steps,
        "version": __version__,
    }
    known = args.out / "about.json"
    if known.exists() and json.loads(known.read_text(encoding="utf-8")) != described:
        raise SystemExit(f"{args.out} holds tables of other files or settings: choose another")
    args.out.mkdir(parents=True, exist_ok=True)
    known.write_text(json.dumps(described, indent=1), encoding="utf-8")
    write_new(args.out, "train.csv", train)
    write_new(args.out, "test.csv", test)
    order = np.random.default_rng(0).permutation(len(train))
    half = len(train) // 2
    for name, rows in (("half-a.csv", order[:half]), ("half-b.csv", order[half : 2 * half])):
        write_new(args.out, name, train.iloc[rows])
    halves = {"name": "halves", "generated": "half-a.csv", "real": "half-b.csv"}
    seeds = [
        {"name": f"seed-{seed}", "generated": f"seed-{seed}.csv", "real": "train.csv"}
        for seed in range(args.seeds)
    ]
    described["pairs"] = [halves, *seeds]
    (args.out / figures.SETS).write_text(json.dumps(described, indent=1), encoding="utf-8")
    return described


def tables(args: argparse.Namespace) -> None:
    """Train, judge and print."""
    described = prepare(args)
    schema = figures.Schema(**described["schema"])
    train, test = (figures.read_table(args.out / f, schema) for f in ("train.csv", "test.csv"))
    place = args.out / OWN
    found = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    for pair in described["pairs"]:
        name = pair["name"]
        if not (args.out / pair["generated"]).exists():
            rows = generated(args.train, int(name.removeprefix("seed-")), args.steps, len(train))
            write_new(args.out, pair["generated"], figures.table_of(rows, schema, name))
        if name not in found:
            x, y = (figures.read_table(args.out / pair[k], schema) for k in ("generated", "real"))
            found[name] = own_figures(schema, x, y)
            if name != "halves":  # a half is to the test rows as no training file is
                nearer = figures.nearer_to_training(train, test, x, schema)
                found[name]["nearer to training"] = nearer
            place.write_text(json.dumps(found, indent=1), encoding="utf-8")
            print(f"measured {name}", flush=True)
    found = {pair["name"]: found[pair["name"]] for pair in described["pairs"]}
    if args.judge:
        script = Path(__file__).with_name("published_figures.py")
        subprocess.run([args.judge, "-W", "ignore", script, args.out], check=True)
        judged = json.loads((args.out / figures.JUDGED).read_text(encoding="utf-8"))
        for name in found:
            found[name] |= judged[name]["figures"]
        used = ", ".join(f"{k} {v}" for k, v in judged["halves"]["versions"].items())
        print(f"\nThe judge has {used}. {agreement(found)}")
    sizes = (len(train), len(test))
    note = f"{args.steps} steps, not the preset's: " if args.steps else ""
    print(
        f"\n{note}{args.seeds} seed(s); {sizes[0]} training rows, of which {HELD_OUT:.0%} are held"
        f" out of training, {sizes[1]} test rows, {len(schema.numbers)} numbers,"
        f" {len(schema.categories)} categories, target {schema.target}"
    )
    published = None if args.steps else published_for(*sizes, schema)
    print("\n".join(lines(found, published, *sizes)))
    if not args.judge:
        print(f"\n{INSTRUCTIONS}")


def agreement(found: dict[str, dict[str, Any]]) -> str:
    """Return whether sdmetrics' QualityReport reads the same shape and trend errors, in words."""
    # both compute in float64: rounding alone is far below 1e-6, another definition far above
    other = [
        f"{name}: {key} {of[key]:.6f} here, {of[key + ', sdmetrics']:.6f} by sdmetrics"
        for name, of in found.items()
        for key in ("shape-error", "trend-error")
        if not abs(of[key] - of[f"{key}, sdmetrics"]) < 1e-6
    ]
    if other:
        return "Shape or trend is another figure than sdmetrics': " + "; ".join(other)
    return "sdmetrics' QualityReport reads the same shape and trend errors."


def lines(
    found: dict[str, dict[str, Any]],
    published: Published | None,
    train_rows: int,
    test_rows: int,
) -> list[str]:
    """Return what is printed of the figures of all pairs of tables.

    Args:
        found: figures of each pair; `halves` are the two real halves, the others are seeds.
        published: published figures of this table.
        train_rows: length of the training file.
        test_rows: length of the test file.
    """
    printed = []
    for figure in FIGURES:
        if not any(figure.key in of for of in found.values()):
            continue
        scale = 100 if figure.percent else 1
        seeds = [of.get(figure.key) for name, of in found.items() if name != "halves"]
        values = [scale * value for value in seeds if value is not None]
        lost = f" ({len(seeds) - len(values)} without)" if len(values) < len(seeds) else ""
        mean = mean_of(values) if values else Mean(float("nan"), float("nan"))
        half = found["halves"].get(figure.key)
        real = "" if half is None else f"   two real halves {Mean(scale * half, float('nan'))}"
        unit = ", %" if figure.percent else ""
        printed.append(f"{figure.key + unit:26} {mean}{lost}{real}")
        margin = 4 * " "
        printed += textwrap.wrap(
            figure.definition, 96, initial_indent=margin, subsequent_indent=margin
        )
        others = published.of(figure.published) if published else {}
        if others:
            listed = ", ".join(f"{model} {value:g}" for model, value in others.items())
            printed.append(f"    published: {listed}")
        elif figure.key == "nearer to training":
            share = 100 * train_rows / (train_rows + test_rows)
            printed.append(f"    here that share is {share:.1f} %")
            if abs(train_rows - test_rows) > NEARLY * train_rows:
                printed.append("    not the papers' figure: they train on one of two equal halves")
    if published:
        printed.append(
            f"Published figures of {published.name}: means over 20 samples of one trained model."
        )
    else:
        printed.append(
            "No published figures: they hold for whole tables in the papers' split, with the"
            " papers' categories, and the preset's steps."
        )
    printed.append(
        "A real half has half the rows, hence a higher floor than a whole generated table."
    )
    return printed


def equal_split(frame: pd.DataFrame, categories: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two random halves, of which the first has all levels, as TabSyn and TabDiff split.

    Raises:
        SystemExit: a level occurs too rarely.
    """
    n = len(frame) // 2
    # a level of one row is in the first half in every second split: 1,000 are far more than enough
    for seed in range(SPLIT_SEED, SPLIT_SEED + 1000):
        order = np.random.RandomState(seed).permutation(len(frame))
        first, second = frame.iloc[order[:n]], frame.iloc[order[n:]]
        if all(first[name].nunique() == frame[name].nunique() for name in categories):
            return first, second
    raise SystemExit("no split has all levels in its first half: leave out names and identifiers")


def halves(args: argparse.Namespace) -> None:
    """Write the equal split of all rows, for the papers' figure of nearness (DCR)."""
    frame = pd.concat([figures.read_raw(args.train), figures.read_raw(args.test)])
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    args.out.mkdir(parents=True, exist_ok=True)
    split = equal_split(frame, [*texts, *args.categories])
    for name, part in zip(("train.csv", "test.csv"), split, strict=True):
        write_new(args.out, name, part)
        print(f"{args.out / name}: {len(part)} rows")


def add_to(commands: Any) -> None:
    """Add `tables` and `halves` to a command line.

    Args:
        commands: sub-commands of argparse.
    """
    for command in (tables, halves):
        one = commands.add_parser(
            command.__name__,
            help=command.__doc__,
            description=__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(run=command)
        one.add_argument("--train", type=Path, required=True)
        one.add_argument("--test", type=Path, required=True)
        one.add_argument("--out", type=Path, required=True, help="a folder of this command alone")
        one.add_argument(
            "--categories", nargs="*", default=[], help="columns of numbers that are categories"
        )
        if command is tables:
            one.add_argument("--target", required=True)
            one.add_argument("--seeds", type=int, default=5)
            one.add_argument("--judge", help="Python that has sdmetrics 0.11.1 and xgboost")
            one.add_argument("--steps", type=int, help="for a trial: other than the preset's")
