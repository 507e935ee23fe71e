"""`wgan evaluate RUN`: figures of a run's generator on data that it never saw."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.status import Status
from rich.table import Table

from wgan.base.files import append_line, write_text
from wgan.base.progress import Progress, silent
from wgan.base.provenance import provenance
from wgan.cli.app import Flag, app, print_table, screen
from wgan.distances.results import finite
from wgan.evaluation import Evaluation, EvaluationOptions, evaluate
from wgan.evaluation.results import Line
from wgan.models import load_model, sampler
from wgan.report import sentences, write_picture
from wgan.runs import read_run, steps_done


@app.command(name="evaluate")
def evaluate_command(
    run: Path,
    /,
    *,
    features: Path | None = None,
    number: Annotated[int | None, Parameter(name=["-n", "--number"])] = None,
    target: str | None = None,
    test: Path | None = None,
    seed: int = 0,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Measure the generator in RUN on the data that the run held out.

    Prints figures and what they say. evaluation.json and evaluation.png in RUN hold the latest;
    results.jsonl gets a line for each figure, each time.

    Parameters
    ----------
    run
        A run's folder.
    features
        For images: what they are compared on, a folder of `wgan features train` or the .npz of
        MobileNetV2's weights; pixels unless given.
    number
        For images and vectors: samples in each set; as many as were held out, at most 2,000, unless
        given.
    target
        For tables: the column that models are trained to predict; unless given, the last that is a
        number or a category of few levels.
    test
        For tables: a file with rows of the same columns, to compare with instead of the rows that
        the run held out.
    seed
        Random seed of noise, shuffled columns and models.
    json_
        Print JSON instead of text.
    quiet
        Do not show what is being measured.
    """
    started = time.perf_counter()
    step = steps_done(run)
    model = load_model(run)
    config, dataset = read_run(run, progress=not quiet)
    split = dataset.split(config.data.held_out, config.data.split_seed)
    options = EvaluationOptions(features, number, target, test, seed)
    with Console(stderr=True).status("measuring ...") as status:
        progress = silent if quiet else _shown(status)
        evaluation = evaluate(sampler(model, seed), split, options, progress=progress)
    asked = {"features": features, "number": number, "target": target, "test": test, "seed": seed}
    about = {
        "run": str(run),
        "variant": model.variant,
        "data": dataset.name,
        "asked": {
            name: str(value) if isinstance(value, Path) else value for name, value in asked.items()
        },
        "step": step,
        "training_seed": config.training.seed,
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 1),
        **provenance(),
    }
    said = sentences(evaluation)
    whole = _write(run, evaluation, about, said)
    write_picture(run / "evaluation.png", model, split, seed)
    if json_:
        print(json.dumps(whole, indent=2))
        return 0
    _print_figures(evaluation, "held-out samples" if test is None else f"rows of {test}")
    for sentence in (*said, *(f"note: {note}" for note in evaluation.notes)):
        screen.print(sentence)
    if not quiet:
        screen.print(
            f"evaluation.json and evaluation.png in {run}; `wgan report {run}` makes a page"
        )
    return 0


def _shown(status: Status) -> Progress:
    """Return a listener that shows what is being measured."""
    return lambda what, done, total: status.update(f"measuring {what} ...")


def _write(
    run: Path, evaluation: Evaluation, about: dict[str, Any], said: list[str]
) -> dict[str, Any]:
    """Write evaluation.json and a line for each figure in results.jsonl; return what the first
    holds.
    """
    whole: dict[str, Any] = finite(about | {"evaluation": evaluation.to_json(), "said": said})
    counts = {"sets": evaluation.sets, "held_out": evaluation.held_out}
    lines = [
        {"metric": line.name, **_figures(line), "n": line.n, **counts, **about}
        for line in evaluation.lines
    ]
    append_line(run / "results.jsonl", "\n".join(json.dumps(finite(line)) for line in lines))
    write_text(run / "evaluation.json", json.dumps(whole, indent=2) + "\n")
    return whole


def _figures(line: Line) -> dict[str, float]:
    return {
        "value": line.generated.value,
        "half_width": line.generated.half_width,
        "floor": line.real,
        "ceiling": line.broken,
    }


def _print_figures(evaluation: Evaluation, compared_with: str) -> None:
    e = evaluation
    title = f"{e.sets} sets of {e.generated} generated samples against {e.held_out} {compared_with}"
    if "target" in e.details:
        title += f"; trained to tell {e.details['target']}"
    if features := e.get("frechet"):
        title += f"; on {features.of}"
    screen.print(title)
    table = Table(box=None)
    for name in ("", "generated", "real", e.broken, ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for line in e.lines:
        table.add_row(*line.cells)
    print_table(table)
