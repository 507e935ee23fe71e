"""The protocol of an evaluation: one loop over real, broken and generated sets of samples.

Every set is compared with the same held-out samples. Real samples in the place of generated ones
give the floor, broken samples the ceiling. A kind may have further broken samples, which are
printed beside. The interval is 95 % (Student's t) over sets of fresh
generated samples, with the held-out samples fixed. Nothing is resampled: a generator can be drawn
from again, and the repeated samples of a bootstrap would bias distances of neighbours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.intervals import Mean, mean_of
from wgan.base.progress import Progress
from wgan.data import Codec, Split
from wgan.evaluation.metric import Comparison, Measured, Metric, Reference
from wgan.evaluation.results import Evaluation, Line, line_of
from wgan.evaluation.sampler import ConditionalSampler, Sampler

Figures = Mapping[str, float | Mean]


@dataclass(frozen=True)
class EvaluationOptions:
    """Settings of an evaluation. Each kind of data takes some of them, and `seed`.

    Args:
        features: features on which images are compared: a folder of `wgan features train`, or a
            file with the weights of MobileNetV2 (`.npz`), InceptionV3 or DINOv2 (`.safetensors` or
            `.pth`); pixels unless given.
        number: samples in a set; as many as are held out, at most 2,000, unless given.
        target: the column of a table that models predict; unless given, the last that is a number
            or a category of few levels.
        test: a file, or a folder of .parquet files, with rows to compare with, instead of the
            held-out rows of a table.
        seed: random seed of projections, folds, shuffled columns and models.
        encoding: encoding of the text of `test`; by default that of the run's data.
        sheet: the sheet of an `.xlsx` as `test`, if it has one of that name; else the first.
    """

    features: Path | None = None
    number: int | None = None
    target: str | None = None
    test: Path | None = None
    seed: int = 0
    encoding: str | None = None
    sheet: str | None = None


def no_check(codec: Codec, options: EvaluationOptions) -> None:
    """Accept all options that a kind takes."""


def no_arrays(comparison: Comparison[Any]) -> Mapping[str, np.ndarray]:
    """Return no figures of parts of a set."""
    return {}


def no_details(reference: Reference, means: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return no details."""
    return {}


def no_notes(reference: Reference) -> tuple[str, ...]:
    """Return no notes."""
    return ()


@dataclass(frozen=True)
class Protocol:
    """Protocol by which generators of one kind of data are evaluated.

    Args:
        name: name and version, such as `wgan-samples-2`; figures of protocols with different names
            are not comparable.
        sets: sets of generated samples.
        real_sets: the most disjoint sets of training samples for the floor.
        metrics: the metrics, in the order of printing.
        options: names of the options that the kind takes, except `seed`.
        reference: builds the reference from the data and the options.
        broken: maps a reference and a number to as many raw broken samples.
        broken_word: a word or two for these samples.
        more_broken: further broken samples, each as `broken`, by a word or two for them.
        each_set: figures of each column, pair or mode in a set, as arrays by name.
        details: builds the details of an evaluation from means of `each_set`.
        notes: sentences on how figures were taken.
        check: refuses option values that do not fit the data, before anything is measured.
        at_end: metrics that the end of a run states too, beside exact W1.
    """

    name: str
    sets: int
    real_sets: int
    metrics: tuple[Metric, ...]
    options: frozenset[str]
    reference: Callable[[Split, EvaluationOptions], Reference]
    broken: Callable[[Any, int], np.ndarray]
    broken_word: str
    more_broken: Mapping[str, Callable[[Any, int], np.ndarray]] = field(default_factory=dict)
    each_set: Callable[[Comparison[Any]], Mapping[str, np.ndarray]] = no_arrays
    details: Callable[[Any, Mapping[str, np.ndarray]], dict[str, Any]] = no_details
    notes: Callable[[Any], Sequence[str]] = no_notes
    check: Callable[[Codec, EvaluationOptions], None] = no_check
    at_end: tuple[Metric, ...] = ()


def run_protocol(
    protocol: Protocol,
    reference: Reference,
    sample: Sampler,
    own: Sequence[Metric],
    progress: Progress,
    conditional: ConditionalSampler | None = None,
) -> Evaluation:
    """Return all figures of a generator.

    Args:
        protocol: the protocol of the data's kind.
        reference: what sets are compared with.
        sample: the generator.
        own: more metrics, which are printed last.
        progress: a listener, called before each set and at the end.
        conditional: the generator under conditions; None where it takes none.
    """
    metrics = (*protocol.metrics, *own)
    n = reference.n
    split = reference.split
    # Some metrics take more samples than a set has; they get a longer piece of the same draw.
    drawn = max([n, *(metric.samples(reference) for metric in metrics)])
    real_sets = min(protocol.real_sets, split.n_train // n)
    faults = {"broken samples": protocol.broken}
    faults |= {f"broken samples: {word}": make for word, make in protocol.more_broken.items()}
    before = real_sets + len(faults)
    total = before + protocol.sets
    real = []
    for i in range(real_sets):
        what = f"real samples, set {i + 1}"
        progress(what, i, total)
        train = split.train_sample(i * n, (i + 1) * n)
        on_sets = [metric for metric in metrics if metric.floor is None]
        real.append(_figures(on_sets, Comparison(reference, train, what)))
    broken: list[Figures] = []
    for what, make in faults.items():
        progress(what, real_sets + len(broken), total)
        worst = make(reference, drawn)
        on_broken = [metric for metric in metrics if metric.ceiling is None]
        broken.append(_figures(on_broken, Comparison(reference, worst, what)))
    generated, details = [], []
    for draw in range(protocol.sets):
        what = f"generated samples, set {draw + 1} of {protocol.sets}"
        progress(what, before + draw, total)
        given = partial(_under, conditional, draw) if conditional else None
        comparison = Comparison(reference, sample(drawn, draw), what, given)
        generated.append(_figures(metrics, comparison))
        details.append(protocol.each_set(comparison))
    progress("samples", total, total)
    lines = (_line(metric, reference, generated, real, broken) for metric in metrics)
    return Evaluation(
        protocol=protocol.name,
        lines=tuple(line for line in lines if line),
        sets=protocol.sets,
        generated=n,
        held_out=len(reference.held_out),
        broken=protocol.broken_word,
        more_broken=tuple(protocol.more_broken),
        details=protocol.details(reference, _means(details)),
        notes=tuple(protocol.notes(reference)),
    )


def _under(
    conditional: ConditionalSampler, draw: int, where: Mapping[str, str], n: int
) -> np.ndarray:
    """Return rows of one draw that satisfy conditions."""
    return conditional(where, n, draw)


def _figures(metrics: Sequence[Metric], comparison: Comparison[Reference]) -> Figures:
    """Return the figures of a set by name, without those that the data do not have."""
    values = {metric.name: metric.measure(comparison) for metric in metrics}
    return {name: value for name, value in values.items() if value is not None}


def _line(
    metric: Metric,
    reference: Reference,
    generated: Sequence[Figures],
    real: Sequence[Figures],
    broken: Sequence[Figures],
) -> Line | None:
    """Return the line of a metric; none where a side does not have the figure."""
    name = metric.name
    floor = metric.floor(reference) if metric.floor else _floor([each.get(name) for each in real])
    ceiling = metric.ceiling(reference) if metric.ceiling else broken[0].get(name)
    if floor is None or ceiling is None or not all(name in each for each in generated):
        return None
    against = f"against-{reference.against}" if reference.against else ""
    more = [each.get(name) for each in broken[1:]]
    return line_of(
        metric,
        generated=_mean([each[name] for each in generated]),
        real=_value(floor),
        broken=_value(ceiling),
        more_broken=tuple(None if value is None else _value(value) for value in more),
        n=metric.samples(reference),
        of="-".join(part for part in (metric.of(reference), against) if part),
    )


def _floor(values: Sequence[Measured]) -> float | None:
    """Return the mean over sets of real samples; none where a set does not have the figure."""
    present = [_value(value) for value in values if value is not None]
    return float(np.mean(present)) if present and len(present) == len(values) else None


def _mean(values: Sequence[float | Mean]) -> Mean:
    """Return the mean over sets.

    The half-width is at least the largest that a set states for itself, because sets may share the
    samples that their noise comes from.
    """
    mean = mean_of([_value(value) for value in values])
    stated = [value.half_width for value in values if isinstance(value, Mean)]
    return Mean(mean.value, max([mean.half_width, *stated]))


def _value(value: float | Mean) -> float:
    return value.value if isinstance(value, Mean) else value


def _means(sets: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.mean([each[name] for each in sets], axis=0) for name in sets[0]}
