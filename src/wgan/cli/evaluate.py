"""`wgan evaluate RUN`: how good is a run's generator, on data that it never saw?"""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from wgan.cli.app import Flag, app, screen
from wgan.data import TableCodec
from wgan.data.frames import read_frame
from wgan.distances.results import finite
from wgan.errors import WganError
from wgan.evaluation import TableVerdict, evaluate, evaluate_table
from wgan.evaluation.table_verdict import TITLES
from wgan.files import append_line
from wgan.intervals import decimals
from wgan.training import load_model, read_run, sampler, sampler_of_classes

WORST = 3


@app.command(name="evaluate")
def evaluate_command(
    run: Path,
    /,
    *,
    target: str | None = None,
    test: Path | None = None,
    seed: int = 0,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Measure the generator in RUN on the data that the run held out; the figures also go to results.jsonl there, a line each time.

    Parameters
    ----------
    run
        A run's folder.
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
    model, (config, dataset) = load_model(run), read_run(run, progress=not quiet)
    split, codec = dataset.split(config.data.held_out, config.data.split_seed), dataset.codec
    about = {"run": str(run), "variant": model.variant, "training_seed": config.training.seed, "seed": seed}
    if not isinstance(codec, TableCodec):
        for flag, value in (("--target", target), ("--test", test)):
            if value is not None:
                raise WganError(f"{flag} is for tables, and {run} was trained on {codec.kind}: leave it out")
        verdict = evaluate(sampler(model, seed), split, sampler_of_classes(model, seed))
        figures, text = verdict.to_json(), [str(verdict)]
    else:
        held_out = None if test is None else codec.matrix(read_frame(test))
        console = Console(stderr=True)
        with console.status("measuring ...") as status:
            told = (lambda what: None) if quiet else (lambda what: status.update(f"measuring {what} ..."))
            table_verdict = evaluate_table(sampler(model, seed), split, target, held_out, seed, told)
        compared_with = "held-out rows" if test is None else f"rows of {test}"
        figures, text = {"compared_with": compared_with} | table_verdict.to_json(), _worst(table_verdict)
        if not json_:
            screen.print(_table(table_verdict, compared_with))
    figures = finite(about | figures)
    append_line(run / "results.jsonl", json.dumps(figures))
    if json_:
        print(json.dumps(figures, indent=2))
    else:
        for line in text:
            screen.print(line)
    return 0


def _table(verdict: TableVerdict, compared_with: str) -> Table:
    v = verdict
    table = Table(
        title=f"{v.sets} sets of {v.train_rows} generated rows against {v.held_out_rows} {compared_with}; trained to tell {v.target}",
        title_justify="left",
        title_style="",
        box=None,
    )
    for name in ("", "generated", "real", "shuffled", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for line in v.lines:
        title, unit, read = TITLES[line.metric]
        scale = 100 if unit == "%" else 1
        value, half_width, real, mixed = (scale * each for each in (line.generated.value, line.generated.half_width, line.real, line.shuffled))
        d = decimals(half_width)
        table.add_row(f"{title}{f', {unit}' if unit else ''}", f"{value:.{d}f} +- {half_width:.{d}f}", f"{real:.3g}", f"{mixed:.3g}", read)
    return table


def _worst(verdict: TableVerdict) -> list[str]:
    lines = []
    for what, errors in (("columns", verdict.columns), ("pairs", verdict.pairs)):
        worst = sorted(errors.items(), key=lambda item: -item[1])[:WORST]
        if worst:
            lines.append(f"{what} farthest off: " + "; ".join(f"{name} {error:.1%}" for name, error in worst))
    return lines
