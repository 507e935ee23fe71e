"""Values of `wgan train --json`: a run that finished, was stopped, or is planned."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from wgan.base.intervals import CONFIDENCE
from wgan.config import Config
from wgan.networks import count_parameters
from wgan.runs import Finish
from wgan.runs.private import guarantee
from wgan.training import Run


def about_run(run: Run, status: str) -> dict[str, Any]:
    """Return facts about a run and its progress, as plain values.

    Args:
        run: the run.
        status: `finished` or `stopped`.
    """
    training = run.config.training
    return {
        "status": status,
        "data": run.dataset.name,
        "variant": run.variant.name,
        "seed": training.seed,
        "step": run.state.step,
        "steps": training.steps,
        "seconds": run.state.seconds,
        "folder": run.folder.path if run.folder else None,
    }


def finish_values(run: Run, finish: Finish) -> dict[str, Any]:
    """Return the result of a run, as plain values.

    Args:
        run: the run.
        finish: what it ended with.
    """
    promise = guarantee(run.config, run.split.n_train, run.state.step)
    headroom = finish.headroom
    return {
        **about_run(run, "finished"),
        **finish.to_json(),
        "seconds": run.state.seconds,
        "confidence": CONFIDENCE,
        "figures": [line.in_full() for line in finish.held_out.figures],
        "headroom": None if headroom is None else asdict(headroom) | {"state": headroom.state},
        "privacy": None if promise is None else asdict(promise),
    }


def plan_values(run: Run, config: Config, place: Path) -> dict[str, Any]:
    """Return the plan of a run, as plain values.

    Args:
        run: the run, which has not begun.
        config: its settings.
        place: its folder.
    """
    codec = run.dataset.codec
    return {
        "status": "planned",
        "data": run.dataset.name,
        "kind": codec.kind,
        "samples_in_words": codec.samples_in_words,
        "train": run.split.n_train,
        "held_out": run.split.n_held_out,
        "classes": run.classes,
        "settings": asdict(config),
        "parameters": {
            "generator": count_parameters(run.state.generator),
            "critic": count_parameters(run.state.critic),
        },
        "notes": run.chosen,
        "folder": place,
    }
