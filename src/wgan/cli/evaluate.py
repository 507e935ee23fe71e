"""`wgan evaluate RUN`: how good is a run's generator, on data that it never saw?"""

import json
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from wgan.cli.app import Flag, app, print_table, screen
from wgan.data import TableCodec
from wgan.data.cache import file_digest
from wgan.data.frames import read_frame
from wgan.distances.results import finite
from wgan.errors import WganError
from wgan.evaluation import Evaluation, evaluate_samples, evaluate_table
from wgan.evaluation.features import load_features
from wgan.evaluation.protocol import Line
from wgan.files import append_line, write_text
from wgan.provenance import provenance
from wgan.report import sentences, write_picture
from wgan.training import load_model, read_run, sampler, steps_done


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
    """Measure the generator in RUN on the data that the run held out: figures, what they say, and a picture.

    All goes to evaluation.json and evaluation.png there; results.jsonl gets a line for each figure, each time.

    Parameters
    ----------
    run
        A run's folder.
    features
        Of pictures: what they are compared on: a folder of `wgan features train`, or the .npz of MobileNetV2's weights; pixels unless given.
    number
        Of pictures and points: samples in each set; as many as were held out, at most 2,000, unless given.
    target
        Of tables: the column that models are trained to tell; unless given the last that is a number or a category of few levels.
    test
        Of tables: a file with rows of the same columns, to compare with instead of the rows that the run held out.
    seed
        Names the noise, what is shuffled, and the models that are trained.
    json_
        Print JSON instead of text.
    quiet
        Do not show what is being measured.
    """
    started = time.perf_counter()
    model, (config, dataset) = load_model(run), read_run(run, progress=not quiet)
    split, codec = dataset.split(config.data.held_out, config.data.split_seed), dataset.codec
    is_table = isinstance(codec, TableCodec)
    belongs = ((features, "--features", False), (number, "-n", False), (target, "--target", True), (test, "--test", True))
    for value, flag, of_tables in belongs:
        if value is not None and of_tables != is_table:
            raise WganError(
                f"{flag} is {'for tables' if of_tables else 'for pictures and points'}, and {run} was trained on {codec.kind}: leave it out"
            )
    with Console(stderr=True).status("measuring ...") as status:
        told = (lambda what: None) if quiet else (lambda what: status.update(f"measuring {what} ..."))
        if isinstance(codec, TableCodec):
            held_out = None if test is None else codec.matrix(read_frame(test))
            evaluation = evaluate_table(sampler(model, seed), split, target, held_out, seed, told)
        else:
            evaluation = evaluate_samples(sampler(model, seed), split, load_features(features, codec), number, seed, told)
    about = {
        "run": str(run),
        "variant": model.variant,
        "data": dataset.name,
        "features": str(features) if features else None,
        "features_digest": file_digest(features) if features and features.is_file() else None,
        "compared_with": "held-out samples" if test is None else str(test),
        "step": steps_done(run),
        "training_seed": config.training.seed,
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 1),
        **provenance(),
    }
    said = sentences(evaluation)
    whole = finite(about | {"evaluation": evaluation.to_json(), "said": said})
    counts = {"sets": evaluation.sets, "held_out": evaluation.held_out}
    lines = [{"metric": line.name, **_figures(line), "n": line.n, **counts, **about} for line in evaluation.lines]
    append_line(run / "results.jsonl", "\n".join(json.dumps(finite(line)) for line in lines))
    write_text(run / "evaluation.json", json.dumps(whole, indent=2) + "\n")
    write_picture(run / "evaluation.png", model, split, seed)
    if json_:
        print(json.dumps(whole, indent=2))
        return 0
    _print_figures(evaluation, about["compared_with"])
    for sentence in (*said, *(f"note: {note}" for note in evaluation.notes)):
        screen.print(sentence)
    if not quiet:
        screen.print(f"evaluation.json and evaluation.png in {run}; `wgan report {run}` makes a page")
    return 0


def _figures(line: Line) -> dict[str, float]:
    return {"value": line.generated.value, "half_width": line.generated.half_width, "floor": line.real, "ceiling": line.broken}


def _print_figures(evaluation: Evaluation, compared_with: str) -> None:
    e = evaluation
    target = f"; trained to tell {e.details['target']}" if "target" in e.details else ""
    features = e.get("frechet")
    title = (
        f"{e.sets} sets of {e.generated} generated samples against {e.held_out} {compared_with}{target}{f'; on {features.of}' if features else ''}"
    )
    screen.print(title)
    table = Table(box=None)
    for name in ("", "generated", "real", e.broken, ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for line in e.lines:
        table.add_row(*line.cells)
    print_table(table)
