"""Trials of a published protocol: runs in folders, and a table of their figures."""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from published_papers import Modes

from wgan.base.files import write_text
from wgan.base.intervals import Mean, mean_of
from wgan.base.provenance import provenance
from wgan.config import from_settings
from wgan.data import Dataset
from wgan.evaluation.metrics.modes import ModeCoverage
from wgan.networks import Pair
from wgan.training import Run

FIGURES = {"modes": "modes", "good": "good, %", "kl": "KL, nats"}
RESULTS = "results.json"
STEPS = "steps.json"
REHEARSED = 60
"""Steps whose process time says how many fit into some minutes; the first third is left out, in
which memory is allocated.
"""


@dataclass(frozen=True)
class Entry:
    """One line of a table: data, networks and pack.

    Args:
        name: in folders and in the table.
        data: what it is trained on.
        settings: of the run.
        pair: networks; none: those of the package.
    """

    name: str
    data: Dataset | str
    settings: Mapping[str, Any] = field(default_factory=dict)
    pair: Pair | None = None


def gan_of_a_paper(pack: int, batch: int, epochs: int, epoch: int) -> dict[str, Any]:
    """Return what the papers' settings share: GAN, packs, one critic step, weights as they end.

    Args:
        pack: samples that the critic sees at once.
        batch: packs of a batch.
        epochs: how many epochs.
        epoch: steps of an epoch.
    """
    return {
        "objective.variant": "gan",
        "network.pack": pack,
        "optimizer.batch": batch * pack,
        "optimizer.critic_steps": 1,
        "optimizer.decay": "none",
        "training.ema": 0.0,
        "training.steps": epochs * epoch,
    }


def opened(entry: Entry, seed: int, steps: int | None, args: Any, out: Path | None) -> Run:
    """Return the run of a trial, begun or to go on with."""
    more = {"training.snapshot_every": 10**6, "training.measure_every": 10**6}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # notes on the data, the same for each seed
        return Run.open(
            entry.data,
            seed=seed,
            steps=steps,
            settings={**entry.settings, **more},
            layers=[from_settings(args.set)],
            watch=None,
            pair=entry.pair,
            out=out,
        )


def steps_of(entry: Entry, args: Any, epoch: int | None) -> int | None:
    """Return the steps of each trial of an entry; none: the preset's.

    Those of `--minutes` are counted once, and kept, so that a trial that goes on has as many.
    """
    if args.steps:
        return args.steps
    if args.epochs and epoch:
        return max(1, round(args.epochs * epoch))
    if not args.minutes:
        return None
    path = args.out / STEPS
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    name = f"{entry.name}, {args.minutes:g} minutes"
    if name not in known:
        first = REHEARSED // 3
        begun = 0.0
        for record in opened(entry, 0, REHEARSED, args, None).records():
            if record.step == first:
                begun = time.process_time()
        each = (time.process_time() - begun) / (REHEARSED - first)
        known[name] = max(1, int(60 * args.minutes / each))
        write_text(path, json.dumps(known, indent=1))
    return int(known[name])


def trial(
    entry: Entry, seed: int, steps: int | None, args: Any, count: Callable[[np.ndarray], Any]
) -> dict[str, Any]:
    """Train one trial, or go on with it, and return its figures."""
    run = opened(entry, seed, steps, args, args.out / f"{entry.name}-seed-{seed}")
    whole = run.state.step == 0
    begun = time.process_time()
    for _ in run.records():
        pass
    minutes = (time.process_time() - begun) / 60
    found: ModeCoverage = count(run.model.sample(args.samples, seed=seed))
    run.close()
    return {
        "modes": found.covered,
        "good": 100 * found.share,
        "kl": found.kl,
        "steps": run.config.training.steps,
        # Of a trial that went on, the time of its first part is not known.
        "minutes": minutes if whole else None,
    }


def trials(
    entries: Sequence[Entry], args: Any, count: Callable[[Entry], Any], epoch: int | None
) -> dict[str, list[dict[str, Any]]]:
    """Return the figures of all trials; those that are known are not trained again."""
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / RESULTS
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        steps = steps_of(entry, args, epoch)
        for seed in range(args.trials):
            name = f"{entry.name}-seed-{seed}"
            asked = {"steps": steps, "samples": args.samples, "set": args.set}
            if known.get(name, {}).get("asked") != asked:
                known[name] = trial(entry, seed, steps, args, count(entry)) | {"asked": asked}
                write_text(path, json.dumps(known, indent=1))
                print(f"{name}: {line_of([known[name]])}", flush=True)
            found.setdefault(entry.name, []).append(known[name])
    return found


def line_of(found: Sequence[Mapping[str, Any]], figures: Sequence[str] = FIGURES) -> str:
    """Return the cells of some trials: their figures, steps, minutes, and how many there are."""
    minutes = [each["minutes"] for each in found if each["minutes"] is not None]
    cells = [finite_mean([each[key] for each in found]) for key in figures]
    spent = f"{mean_of(minutes).value:.1f}" if minutes else "-"
    return " | ".join([*cells, str(found[0]["steps"]), spent, str(len(found))])


def finite_mean(values: Sequence[float]) -> str:
    """Return the mean with its interval; KL has no value in a trial without a good sample."""
    known = [value for value in values if isfinite(value)]
    if not known:
        return "none"
    lost = len(values) - len(known)
    return f"{mean_of(known)}{f' ({lost} without)' if lost else ''}"


def table(
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    real: ModeCoverage,
    published: Mapping[str, Modes],
) -> list[str]:
    """Return a Markdown table of ours, of real data, and of what papers publish.

    Args:
        found: figures of each entry's trials.
        real: the coverage by as many real samples.
        published: figures of papers, by model.
    """
    # Every picture is some number to a classifier, so that all are good.
    figures = [
        key for key in FIGURES if any(getattr(of, key) is not None for of in published.values())
    ]
    headings = [*(FIGURES[key] for key in figures), "steps", "minutes", "trials"]
    lines = [f"| | {' | '.join(headings)} |", "|" + "---|" * (1 + len(headings))]
    lines += [f"| {name} | {line_of(each, figures)} |" for name, each in found.items()]
    floor = {"modes": real.covered, "good": 100 * real.share, "kl": real.kl}
    cells = [str(Mean(floor[key], float("nan"))) for key in figures]
    lines.append(f"| real, as many samples | {' | '.join(cells)} | | | |")
    for name, of in published.items():
        values = [getattr(of, key) for key in figures]
        cells = ["" if x is None else f"{x:g}" for x in values]
        lines.append(f"| {name}, published | {' | '.join(cells)} | | | |")
    return lines


def machine() -> str:
    """Return the machine, the threads and the version of torch, in words."""
    about = provenance()
    of = about["machine"]
    return (
        f"{of['processor']}, {of['threads']} of {of['cores']} cores, torch"
        f" {about['packages']['torch']}; minutes of process time of the training alone, a mean;"
        " intervals of 95 % over trials (Student's t)"
    )


def add_dials(one: argparse.ArgumentParser, samples: int, count: int) -> None:
    """Add the flags that points and pictures share.

    Args:
        one: the sub-command.
        samples: generated samples of a trial.
        count: trials, as published.
    """
    one.add_argument("--out", type=Path, required=True, help="a folder of this command alone")
    one.add_argument("--trials", type=int, default=count, help=f"published: {count}")
    one.add_argument("--samples", type=int, default=samples, help=f"published: {samples}")
    one.add_argument("--pack", type=int, nargs="+", default=[1], help="samples that a critic sees")
    one.add_argument(
        "--networks",
        nargs="+",
        choices=("preset", "published"),
        default=["preset"],
        help="the package's preset, or the paper's networks and settings",
    )
    length = one.add_mutually_exclusive_group()
    length.add_argument(
        "--steps", type=int, help="of each trial; else the preset's, or the paper's"
    )
    length.add_argument("--epochs", type=float, help="of each trial, as the paper counts them")
    length.add_argument("--minutes", type=float, help="of process time of each trial, about")
    one.add_argument(
        "--set", action="append", default=[], help="a setting of all trials: KEY=VALUE"
    )
