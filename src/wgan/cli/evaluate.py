"""`wgan evaluate RUN`: figures of a run's generator on data that it never saw."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from wgan.base.intervals import CONFIDENCE
from wgan.cli.json_output import Json, print_json
from wgan.cli.numbers import NUMBER, SEED
from wgan.cli.output import Flag, check_here, screen
from wgan.cli.progress import bar
from wgan.evaluation import EvaluationOptions
from wgan.runs import RunFolder
from wgan.runs.evaluating import evaluate_run
from wgan.runs.private import promised


def evaluate_command(
    run: Path,
    /,
    *,
    features: Path | None = None,
    number: Annotated[int | None, NUMBER] = None,
    target: str | None = None,
    test: Path | None = None,
    encoding: str | None = None,
    data: str | None = None,
    seed: Annotated[int, SEED] = 0,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Measure the generator in RUN on the data that the run held out.

    It prints figures and what they mean. evaluation.json and evaluation.png in RUN hold the latest
    evaluation. Each evaluation adds a line for each figure to results.jsonl.

    Parameters
    ----------
    run
        Folder of a run.
    features
        For images: features to compare them on, a folder of `wgan features train` or a file with
        the weights of MobileNetV2 (.npz), InceptionV3 or DINOv2 (.safetensors or .pth); by default
        pixels.
    number
        For images, vectors and series: samples in each set; by default as many as were held out,
        at most 2,000.
    target
        For tables: column that models are trained to predict; by default the last that is a number
        or a category of few levels.
    test
        For tables: file, or folder of .parquet files, with rows of the same columns. They replace
        the rows that the run held out.
    encoding
        Encoding of the text of --test; by default that of the run's data.
    data
        New place of the data that RUN was trained on, if they have moved.
    seed
        Random seed of noise, shuffled columns and models.
    json_
        Print one JSON document instead of text.
    quiet
        Do not print what is being measured.
    """
    check_here(run)
    options = EvaluationOptions(features, number, target, test, seed, encoding)
    with bar(quiet, remaining=False) as progress:
        evaluated = evaluate_run(run, options, progress=progress, data=data)
    evaluation = evaluated.evaluation
    promise = promised(RunFolder(run).about().settings)
    if json_:
        values = evaluated.to_json()
        values["evaluation"] |= {
            "units": RunFolder(run).model().codec.units,
            "confidence": CONFIDENCE,
            "lines": [line.in_full() for line in evaluation.lines],
        }
        print_json("evaluate", values | {"privacy": None if promise is None else asdict(promise)})
        return 0
    screen.print(evaluation.table("held-out samples" if test is None else f"rows of {test}"))
    for sentence in (*evaluated.said, *(f"note: {note}" for note in evaluation.notes)):
        screen.print(sentence)
    if promise is not None:
        screen.print(
            "note: these figures and evaluation.json, evaluation.png and results.jsonl are of real"
            " rows without noise: the differential privacy of the generator does not cover them"
        )
    if not quiet:
        screen.print(
            f"evaluation.json and evaluation.png in {run}; `wgan report {run}` makes a page"
        )
    return 0
