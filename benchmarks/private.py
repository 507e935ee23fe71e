"""What differential privacy costs on a table: UCI Adult at several epsilons, beside no privacy.

The public schema below is that of the data set's own description, and of common sense: no row was
looked at. Figures are those of `wgan evaluate` against Adult's test rows; the training of a run
holds out 5 % of its rows, as the other runs of Adult do.

    python benchmarks/private.py adult_train.csv.gz adult_test.csv.gz --epsilons 1 3 10 \\
        --out private.jsonl
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from wgan.base.files import append_line
from wgan.base.provenance import provenance
from wgan.config import configure, from_settings
from wgan.evaluation import EvaluationOptions
from wgan.models.evaluated import evaluate_model
from wgan.training import Run

FIGURES = ("c2st-auc", "tstr-auc", "shape-error", "trend-error", "trend-error-own-bins")
NUMBERS = {
    "age": (16, 100),
    "fnlwgt": (0, 1_500_000),
    "education-num": (1, 16),
    "capital-gain": (0, 99_999),
    "capital-loss": (0, 5_000),
    "hours-per-week": (1, 99),
}
"""Bounds of numbers, all whole."""
GAPS = ("workclass", "occupation", "native-country")
LEVELS = {
    "workclass": "Private, Self-emp-not-inc, Self-emp-inc, Federal-gov, Local-gov, State-gov,"
    " Without-pay, Never-worked",
    "education": "Bachelors, Some-college, 11th, HS-grad, Prof-school, Assoc-acdm, Assoc-voc, 9th,"
    " 7th-8th, 12th, Masters, 1st-4th, 10th, Doctorate, 5th-6th, Preschool",
    "marital-status": "Married-civ-spouse, Divorced, Never-married, Separated, Widowed,"
    " Married-spouse-absent, Married-AF-spouse",
    "occupation": "Tech-support, Craft-repair, Other-service, Sales, Exec-managerial,"
    " Prof-specialty, Handlers-cleaners, Machine-op-inspct, Adm-clerical, Farming-fishing,"
    " Transport-moving, Priv-house-serv, Protective-serv, Armed-Forces",
    "relationship": "Wife, Own-child, Husband, Not-in-family, Other-relative, Unmarried",
    "race": "White, Asian-Pac-Islander, Amer-Indian-Eskimo, Other, Black",
    "sex": "Female, Male",
    "native-country": "United-States, Cambodia, England, Puerto-Rico, Canada, Germany,"
    " Outlying-US(Guam-USVI-etc), India, Japan, Greece, South, China, Cuba, Iran, Honduras,"
    " Philippines, Italy, Poland, Jamaica, Vietnam, Mexico, Portugal, Ireland, France,"
    " Dominican-Republic, Laos, Ecuador, Taiwan, Haiti, Columbia, Hungary, Guatemala, Nicaragua,"
    " Scotland, Thailand, Yugoslavia, El-Salvador, Trinadad&Tobago, Peru, Hong,"
    " Holand-Netherlands",
    "income": "<=50K, >50K",
}


def public_schema() -> str:
    """Return the schema of Adult as TOML, from what is known without its rows."""
    lines = ["public = true"]
    for name, (low, high) in NUMBERS.items():
        lines += [f"[columns.{name}]", 'kind = "numeric"', f"low = {low}", f"high = {high}"]
        lines.append("step = 1")
    for name, levels in LEVELS.items():
        lines += [f"[columns.{name}]", 'kind = "category"', f"levels = {levels.split(', ')}"]
        lines.append(f"gaps = {str(name in GAPS).lower()}")
    return "\n".join(lines)


def measure(
    train: Path, test: Path, schema: Path, epsilon: float, seed: int, steps: int | None
) -> dict[str, Any]:
    """Return figures of one private run."""
    settings = [f"data.source={train}", f"data.schema={schema}", "data.held_out=0.05"]
    settings += [f"privacy.epsilon={epsilon}", f"training.seed={seed}"]
    settings += [f"training.steps={steps}"] if steps else []
    config, data = configure([from_settings(settings)])
    run = Run.start(config, data, watch=None)
    begun = time.process_time()
    for _ in run.records():
        pass
    seconds = time.process_time() - begun
    options = EvaluationOptions(target="income", test=test)
    found = evaluate_model(run.model, run.split, options, seed)
    return {
        "epsilon": epsilon,
        "delta": config.privacy.delta,
        "seed": seed,
        "steps": run.state.step,
        "training_rows": run.split.n_train,
        "processor_seconds": seconds,
        "figures": {
            line["metric"]: (line["generated"]["value"], line["real"])
            for line in found.to_json()["lines"]
            if line["metric"] in FIGURES
        },
        "provenance": provenance(),
    }


def main() -> None:
    """Measure, record and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilons", type=float, nargs="+", default=[1, 3, 10])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="for a trial: other than the preset's")
    parser.add_argument("--out", type=Path, default=Path("private.jsonl"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(folder) / "public.toml"
        schema.write_text(public_schema(), encoding="utf-8")
        for epsilon in given.epsilons:
            line = measure(given.train, given.test, schema, epsilon, given.seed, given.steps)
            append_line(given.out, json.dumps(line))
            words = [f"{k} {v:.4f} (real {r:.4f})" for k, (v, r) in line["figures"].items()]
            print(
                f"epsilon {epsilon:g}, {line['steps']} steps, {line['processor_seconds']:.0f} s:",
                ", ".join(words),
                flush=True,
            )


if __name__ == "__main__":
    main()
