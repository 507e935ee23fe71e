"""Figures of generated tables as TabSyn, TabDiff and TabPC define them.

Written anew from the definitions of Zhang et al. (2024, TabSyn), Shi et al. (2025, TabDiff) and
Scassola et al. (2026, TabPC). As a program it is the judge of `published.py`: it runs in an
environment of its own, where sdmetrics and XGBoost are, and needs nothing of this project.

    python -m venv judge
    judge/bin/pip install sdmetrics==0.11.1 xgboost
    judge/bin/python benchmarks/published_figures.py DIR
"""

import hashlib
import itertools
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.metrics import mean_squared_error, roc_auc_score
from sklearn.neighbors import NearestNeighbors

SETS = "sets.json"
JUDGED = "judged.json"
MISSING = "missing"
"""The level of a missing category. The papers keep UCI's question mark as a level."""
ALPHAS = np.linspace(0, 1, 30)
"""The shares at which alpha-precision and beta-recall are read, as synthcity does."""
CHUNK = 256
"""Rows whose distances to all others are in memory at once: 64 MiB for 32,000 others."""
GRID: dict[str, list[float]] = {
    "n_estimators": [10, 50, 100],
    "min_child_weight": [1, 10],
    "max_depth": [5, 10, 20],
    "gamma": [0.0, 1.0],
}
"""The 36 settings of XGBoost among which TabSyn and TabDiff choose."""
LARGE, FLOOR = 1000, 0.01
"""TabSyn and TabDiff take logarithms of all numbers where their *first* number is nowhere negative
and reaches 1,000, and raise values below 0.01 to it before. Their other scalings, and the logarithm
itself, keep the order of values, which is all that trees see.
"""
LOW, HIGH = 1, 20_000
"""Where TabSyn and TabDiff clip a number that is predicted, before its logarithm."""


@dataclass(frozen=True)
class Schema:
    """What the protocols take each column for; numbers come first, as in the papers.

    Args:
        numbers: names of the columns of numbers.
        categories: names of all other columns.
        target: the column that is predicted: a category of two levels, or a number.
    """

    numbers: list[str]
    categories: list[str]
    target: str

    @property
    def columns(self) -> list[str]:
        """All names, in the order of the papers: the target is the last of its kind."""
        ordered = [name for name in self.numbers + self.categories if name != self.target]
        place = len(ordered) if self.target in self.categories else len(self.numbers) - 1
        return [*ordered[:place], self.target, *ordered[place:]]


def read_raw(path: Path) -> pd.DataFrame:
    """Return a file as pandas has it; `?` is missing, and blanks after commas are dropped."""
    return pd.read_csv(path, na_values="?", skipinitialspace=True)


def schema_of(frame: pd.DataFrame, target: str, categories: list[str]) -> Schema:
    """Return which columns are numbers: those pandas reads as such, but for named categories."""
    for name in [target, *categories]:
        if name not in frame:
            raise SystemExit(f"no column '{name}': there are {', '.join(frame)}")
    numbers = [
        name
        for name in frame
        if pd.api.types.is_numeric_dtype(frame[name])
        and not pd.api.types.is_bool_dtype(frame[name])
        and name not in categories
    ]
    schema = Schema(numbers, [name for name in frame if name not in numbers], target)
    if target not in numbers and frame[target].nunique() != 2:
        raise SystemExit(
            f"the target '{target}' has {frame[target].nunique()} levels: the protocols predict"
            " two classes, or a number"
        )
    if target in numbers and frame[target].nunique() == 2:
        raise SystemExit(f"the target '{target}' has two values: name it in --categories")
    return schema


def table_of(frame: pd.DataFrame, schema: Schema, place: str) -> pd.DataFrame:
    """Return float columns, then columns of text, where a missing category is a level.

    The protocols leave out rows in which a number is missing, so that here it is an error.
    """
    table = frame[schema.columns].copy()
    for name in schema.numbers:
        table[name] = table[name].astype(float)
        if table[name].isna().any():
            raise SystemExit(
                f"{place}: column '{name}' lacks {table[name].isna().sum()} numbers, for which the"
                " protocols have no figure: leave those rows out, or name it in --categories"
            )
    for name in schema.categories:
        values = table[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            values = values.map(lambda x: f"{x:.15g}", na_action="ignore")
        missing = values.isna()
        table[name] = values.astype(str).astype(object).mask(missing, MISSING)
    return table


def read_table(path: Path, schema: Schema) -> pd.DataFrame:
    """Return the table of a file, as `table_of`."""
    return table_of(read_raw(path), schema, path.name)


def one_hot(schema: Schema, *tables: pd.DataFrame) -> list[np.ndarray]:
    """Return the categories of each table as 0 and 1, with the levels of all of them."""
    coded: list[list[np.ndarray]] = [[] for _ in tables]
    for name in schema.columns:
        if name in schema.categories:
            levels = np.unique(np.concatenate([t[name].to_numpy().astype(str) for t in tables]))
            for parts, table in zip(coded, tables, strict=True):
                parts.append(table[name].to_numpy().astype(str)[:, None] == levels)
    return [
        np.hstack([np.zeros((len(table), 0)), *parts]).astype(np.float32)
        for parts, table in zip(coded, tables, strict=True)
    ]


def precision_and_recall(
    real: pd.DataFrame, generated: pd.DataFrame, schema: Schema
) -> dict[str, float]:
    """Return alpha-precision and beta-recall, both 1 at best, of two tables of one length.

    With P(a) the share of generated rows within the radius, around the mean of the real rows, that
    holds the share a of the real ones: alpha-precision = 1 - sum |a - P(a)| / sum a. With R(a) the
    share of real rows that have a generated row as near as their nearest other real row, where that
    generated row is among the share a of such rows that is nearest to the mean of the generated
    ones: beta-recall = 1 - sum |a - R(a)| / sum a. Sums are over 30 values of a from 0 to 1.

    Rows are numbers and categories as 0 and 1, all over the range of the real rows. The last column
    is left out, as synthcity takes it for a target when it is told none; the papers use that.

    Reference: Alaa et al. (2022); synthcity's "naive" form, which TabSyn and TabDiff report.
    """
    n = min(len(real), len(generated))
    hot = one_hot(schema, real[:n], generated[:n])
    x, y = (
        np.hstack([table[schema.numbers].to_numpy()[:n], part])[:, :-1]
        for table, part in zip((real, generated), hot, strict=True)
    )
    low, span = x.min(axis=0), np.ptp(x, axis=0)
    # a column that is constant in the real rows keeps its unit, as in scikit-learn's scaler
    span = np.where(span > 0, span, 1.0)
    x, y = (x - low) / span, (y - low) / span
    radii = np.quantile(np.linalg.norm(x - x.mean(axis=0), axis=1), ALPHAS)
    from_center = np.linalg.norm(y - x.mean(axis=0), axis=1)
    precision = (from_center[:, None] <= radii).mean(axis=0)
    to_real = NearestNeighbors(n_neighbors=2).fit(x).kneighbors(x)[0][:, 1]
    to_generated, nearest = (
        found[:, 0] for found in NearestNeighbors(n_neighbors=1).fit(y).kneighbors(x)
    )
    spread = np.linalg.norm(y[nearest] - y.mean(axis=0), axis=1)
    near = (to_generated <= to_real)[:, None]
    recall = (near & (spread[:, None] <= np.quantile(spread, ALPHAS))).mean(axis=0)
    return {
        "alpha-precision": float(1 - np.abs(ALPHAS - precision).sum() / ALPHAS.sum()),
        "beta-recall": float(1 - np.abs(ALPHAS - recall).sum() / ALPHAS.sum()),
    }


def nearer_to_training(
    train: pd.DataFrame, holdout: pd.DataFrame, generated: pd.DataFrame, schema: Schema
) -> float:
    """Return the share of generated rows that are strictly nearer to training than to holdout rows.

    The distance is L1, of numbers over the training rows' range, and of categories as 0 and 1, so
    that two levels are 2 apart. Half of the rows are nearer where nothing is copied and both sides
    have as many rows.
    """
    span = np.ptp(train[schema.numbers].to_numpy(), axis=0)
    span = np.where(span > 0, span, 1.0)
    tables = (generated, train, holdout)
    numbers = [table[schema.numbers].to_numpy() / span for table in tables]
    hot = one_hot(schema, *tables)
    nearer = 0
    for start in range(0, len(generated), CHUNK):
        rows = slice(start, start + CHUNK)
        to_train, to_holdout = (
            (
                cdist(numbers[0][rows], numbers[side], "cityblock")
                + 2 * (len(schema.categories) - hot[0][rows] @ hot[side].T)
            ).min(axis=1)
            for side in (1, 2)
        )
        nearer += int((to_train < to_holdout).sum())
    return nearer / len(generated)


def density(real: pd.DataFrame, generated: pd.DataFrame, schema: Schema) -> dict[str, float]:
    """Return shape and trend error by sdmetrics' QualityReport."""
    from sdmetrics.reports.single_table import QualityReport

    kinds = [
        {"sdtype": "numerical", "computer_representation": "Float"}
        if name in schema.numbers
        else {"sdtype": "categorical"}
        for name in schema.columns
    ]
    report = QualityReport()
    report.generate(
        _numbered(real), _numbered(generated), {"columns": dict(enumerate(kinds))}, verbose=False
    )
    shape, trend = report.get_properties()["Score"]
    return {"shape-error, sdmetrics": float(1 - shape), "trend-error, sdmetrics": float(1 - trend)}


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy, which sdmetrics may write into, with columns called 0, 1, ..."""
    return table.set_axis(range(table.shape[1]), axis=1).copy()


def detection(
    real: pd.DataFrame, generated: pd.DataFrame, schema: Schema, seed: int
) -> dict[str, float]:
    """Return 2 (1 - AUC) of two classifiers that tell generated from real rows; 1: they cannot.

    By sdmetrics: out of three folds, and an AUC below 1/2 counts as 1/2. XGBoost takes the place of
    logistic regression, with default settings, as in TabPC. sdmetrics refuses levels that the real
    rows lack, so that rows with one are left out, as happens between two real halves.
    """
    from sdmetrics.single_table import LogisticDetection
    from sdmetrics.single_table.detection.sklearn import ScikitLearnClassifierDetectionMetric
    from xgboost import XGBClassifier

    class XGBoostDetection(ScikitLearnClassifierDetectionMetric):
        @staticmethod
        def _get_classifier() -> Any:
            return XGBClassifier(eval_metric="logloss", random_state=0)

    known = np.ones(len(generated), bool)
    for name in schema.categories:
        known &= generated[name].isin(real[name].unique()).to_numpy()
    generated = generated[known].reset_index(drop=True)
    figures = {}
    for name, metric in (("logistic", LogisticDetection), ("XGBoost", XGBoostDetection)):
        np.random.seed(seed)  # noqa: NPY002 (sdmetrics shuffles its folds by numpy's global state)
        score = metric.compute(_numbered(real), _numbered(generated))
        figures[f"C2ST, {name}"] = float(score)
    return figures


def predictors(
    rows: pd.DataFrame, test: pd.DataFrame, schema: Schema
) -> tuple[np.ndarray, np.ndarray]:
    """Return all columns but the target, of both tables, for a classifier made of trees."""
    numbers = [name for name in schema.numbers if name != schema.target]
    categories = [name for name in schema.categories if name != schema.target]
    features = Schema(numbers, categories, (numbers + categories)[-1])
    x, x_test = (table[numbers].to_numpy() for table in (rows, test))
    if numbers and x[:, 0].min() >= 0 and x[:, 0].max() >= LARGE:
        x, x_test = np.maximum(x, FLOOR), np.maximum(x_test, FLOOR)
    hot, hot_test = one_hot(features, rows, test)
    return np.hstack([x, hot]), np.hstack([x_test, hot_test])


def usefulness(
    rows: pd.DataFrame, test: pd.DataFrame, schema: Schema, seed: int
) -> dict[str, float | None]:
    """Return how well XGBoost, trained on rows, predicts the target of test rows.

    A ninth of the rows chooses among 36 settings, by its AUC or RMSE. The chosen one is trained
    again on the other eight ninths, and read on the test rows. Of a class: the AUC. Of a number:
    the RMSE of its logarithm, clipped to 1 ... 20,000; its settings are chosen against the plain
    number, as in TabSyn's and TabDiff's code, though it is the logarithm that is predicted. None:
    the rows lack a class, or the test rows' classes are others.
    """
    from xgboost import XGBClassifier, XGBRegressor

    regression = schema.target in schema.numbers
    x, x_test = predictors(rows, test, schema)
    levels = np.unique(rows[schema.target].to_numpy())
    if regression:
        y, y_test = (table[schema.target].to_numpy() for table in (rows, test))
    elif len(levels) == 2 and set(levels) == set(test[schema.target]):
        y, y_test = ((t[schema.target] == levels[1]).to_numpy().astype(int) for t in (rows, test))
    else:
        return {"AUC, trained on it": None}
    order = np.random.default_rng(seed).permutation(len(rows))
    choosing, training = order[: len(rows) // 9], order[len(rows) // 9 :]
    learned = np.log(np.clip(y, LOW, HIGH)) if regression else y

    def trained(settings: dict[str, float]) -> Any:
        kind = XGBRegressor if regression else XGBClassifier
        return kind(tree_method="hist", **settings).fit(x[training], learned[training])

    def error(model: Any, inputs: np.ndarray, truth: np.ndarray) -> float:
        if regression:
            return float(np.sqrt(mean_squared_error(truth, model.predict(inputs))))
        return 1 - float(roc_auc_score(truth, model.predict_proba(inputs)[:, 1]))

    settings = [
        dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())
    ]
    best = min(settings, key=lambda each: error(trained(each), x[choosing], y[choosing]))
    if regression:
        truth = np.log(np.clip(y_test, LOW, HIGH))
        return {"RMSE, trained on it": error(trained(best), x_test, truth)}
    return {"AUC, trained on it": 1 - error(trained(best), x_test, y_test)}


def digest(*paths: Path) -> str:
    """Return a hash of files' contents."""
    hashed = hashlib.sha256()
    for path in paths:
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def judge(folder: Path) -> None:
    """Write the figures of each pair of tables that `sets.json` names; known ones are kept."""
    described = json.loads((folder / SETS).read_text(encoding="utf-8"))
    schema = Schema(**described["schema"])
    versions = {name: version(name) for name in ("sdmetrics", "xgboost", "scikit-learn")}
    place = folder / JUDGED
    judged = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    test_place = folder / described["test"]
    for number, pair in enumerate(described["pairs"]):
        places = [folder / pair["generated"], folder / pair["real"], test_place]
        of = digest(*places) + json.dumps([described["schema"], versions], sort_keys=True)
        if judged.get(pair["name"], {}).get("of") == of:
            continue
        generated, real, test = (read_table(path, schema) for path in places)
        figures = density(real, generated, schema)
        figures |= detection(real, generated, schema, number)
        figures |= usefulness(generated, test, schema, number)
        judged[pair["name"]] = {"of": of, "versions": versions, "figures": figures}
        place.write_text(json.dumps(judged, indent=1), encoding="utf-8")
        print(f"judged {pair['name']}", flush=True)


if __name__ == "__main__":
    judge(Path(sys.argv[1]))
