"""`wgan evaluate RUN`: how good is a run's generator, on data that it never saw?"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from wgan.base.errors import WganError
from wgan.base.files import append_line, write_text
from wgan.base.provenance import provenance
from wgan.cli.app import Flag, print_table, screen
from wgan.data import Split, TableCodec
from wgan.data.cache import file_digest
from wgan.data.tables.frames import read_frame
from wgan.distances.results import finite
from wgan.evaluation import Evaluation, evaluate_samples, evaluate_table
from wgan.evaluation.features.maps import load_features
from wgan.evaluation.protocol import Line, Progress
from wgan.models import load_model, sampler
from wgan.report import sentences, write_picture
from wgan.runs import read_run, steps_done


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
    """Measure the generator in RUN on the data that the run held out: figures, what they say, and a
    picture.

    All goes to evaluation.json and evaluation.png there; results.jsonl gets a line for each figure,
    each time.

    Parameters
    ----------
    run
        A run's folder.
    features
        Of pictures: what they are compared on: a folder of `wgan features train`, or the .npz of
        MobileNetV2's weights; pixels unless given.
    number
        Of pictures and points: samples in each set; as many as were held out, at most 2,000, unless
        given.
    target
        Of tables: the column that models are trained to tell; unless given the last that is a
        number or a category of few levels.
    test
        Of tables: a file with rows of the same columns, to compare with instead of the rows that
        the run held out.
    seed
        Names the noise, what is shuffled, and the models that are trained.
    json_
        Print JSON instead of text.
    quiet
        Do not show what is being measured.
    """
    started, step = time.perf_counter(), steps_done(run)
    model, (config, dataset) = load_model(run), read_run(run, progress=not quiet)
    split, is_table = (
        dataset.split(config.data.held_out, config.data.split_seed),
        isinstance(dataset.codec, TableCodec),
    )
    belongs = (
        (features, "--features", False),
        (number, "-n", False),
        (target, "--target", True),
        (test, "--test", True),
    )
    for value, flag, of_tables in belongs:
        if value is not None and of_tables != is_table:
            words = "for tables" if of_tables else "for pictures and points"
            raise WganError(
                f"{flag} is {words}, and {run} was trained on {dataset.codec.kind}: leave it out"
            )
    with Console(stderr=True).status("measuring ...") as status:
        told = (
            (lambda what: None) if quiet else (lambda what: status.update(f"measuring {what} ..."))
        )
        evaluation = _measured(
            sampler(model, seed), split, features, number, target, test, seed, told
        )
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


def _measured(
    sample: Callable[[int, int], np.ndarray],
    split: Split,
    features: Path | None,
    number: int | None,
    target: str | None,
    test: Path | None,
    seed: int,
    progress: Progress,
) -> Evaluation:
    codec = split.dataset.codec
    if not isinstance(codec, TableCodec):
        return evaluate_samples(
            sample, split, load_features(features, codec), number, seed, progress
        )
    held_out, against = (
        (None, "") if test is None else (codec.matrix(read_frame(test)), file_digest(test)[:8])
    )
    return evaluate_table(sample, split, target, held_out, against, seed, progress)


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
    target = f"; trained to tell {e.details['target']}" if "target" in e.details else ""
    features = e.get("frechet")
    title = (
        f"{e.sets} sets of {e.generated} generated samples against {e.held_out}"
        f" {compared_with}{target}{f'; on {features.of}' if features else ''}"
    )
    screen.print(title)
    table = Table(box=None)
    for name in ("", "generated", "real", e.broken, ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for line in e.lines:
        table.add_row(*line.cells)
    print_table(table)
