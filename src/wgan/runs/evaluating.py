"""Evaluation of a finished run: its generator is measured on the data that the run held out."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wgan.base.progress import Progress, silent
from wgan.base.provenance import provenance
from wgan.evaluation import EvaluationOptions, OwnMetric
from wgan.evaluation.words import sentences
from wgan.models import evaluate_model, write_beside
from wgan.runs.folder import RunFolder
from wgan.runs.records import Evaluated


def evaluate_run(
    path: Path,
    options: EvaluationOptions | None = None,
    metrics: Sequence[OwnMetric] = (),
    progress: Progress = silent,
    data: str | None = None,
    name: str = "",
) -> Evaluated:
    """Measure the generator of a run, and write the figures and a picture into its folder.

    Args:
        path: the run's folder.
        options: options of the evaluation; None: the defaults.
        metrics: metrics of your own.
        progress: listener to each measurement.
        data: the present place of the run's data; None: the earlier one.
        name: name of the run in the results; empty: its path.

    Raises:
        WganError: a folder without a run, data that have changed, or options that do not fit the
            data.
    """
    started = time.perf_counter()
    options = options or EvaluationOptions()
    folder = RunFolder(path)
    step = folder.step()
    model = folder.model()
    config, dataset = folder.load(progress, data)
    split = config.split(dataset)
    encoding = options.encoding or config.data.encoding
    read = replace(options, encoding=encoding, sheet=options.sheet or config.data.key)
    evaluation = evaluate_model(model, split, read, options.seed, metrics, progress)
    evaluated = Evaluated(
        evaluation=evaluation,
        said=tuple(sentences(evaluation)),
        requested=requested(options),
        run=name or str(path),
        variant=model.variant,
        data=dataset.name,
        step=step,
        training_seed=config.training.seed,
        seed=options.seed,
        seconds=round(time.perf_counter() - started, 1),
        provenance=provenance(),
    )
    folder.write_evaluation(evaluated)
    write_beside(folder.picture, model, split, options.seed)
    return evaluated


def requested(options: EvaluationOptions) -> dict[str, Any]:
    """Return options as plain values."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(options).items()
    }
