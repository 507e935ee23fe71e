"""Folders of finished runs, written by hand, for what only reads them."""

import json
from dataclasses import replace

import numpy as np

from wgan.base.intervals import Mean
from wgan.data.drawing import write_grid
from wgan.evaluation import Evaluation, HeldOutDistance
from wgan.evaluation.results import Line
from wgan.runs import About, DataFacts, Evaluated, Finish, Watched

BEGUN = {"begun": "2026-01-01", "wgan": "0.1.0", "packages": {"torch": "2.13.0"}}


def evaluation(modes=(0.25, 0.25, 0.25, 0.25), w1=1.5, frechet=None):
    """Return the figures of a generator with these shares of four modes."""
    lines = (
        Line("w1-exact", Mean(w1, 0.01), 1.4, 2.0, 200),
        Line("coverage", Mean(0.95, 0.01), 0.97, 0.2, 200, "pixels-64"),
        Line("modes", Mean(4.0, 0.0), 4.0, 1.0, 200, "place"),
        Line("modes-kl", Mean(0.01, 0.001), 0.005, 1.0, 200, "place"),
        Line("c2st-auc", Mean(0.6, 0.02), 0.5, 1.0, 200, "pixels-64"),
        Line("dcr-share", Mean(0.51, 0.02), 0.5, 0.6, 200),
    )
    if frechet is not None:
        lines += (Line("frechet", Mean(frechet, 0.1), 2.0, 9.0, 200, "pixels-64"),)
    counted = {"by": "place", "names": ["a", "b", "c", "d"], "n": 200}
    counted |= {"generated": list(modes), "true": [0.25] * 4}
    return Evaluation("wgan-samples-1", lines, 5, 200, 200, "blurred", {"modes": counted})


def fake_run(
    folder,
    variant="wgan-gp",
    seed=0,
    w1=1.5,
    half_width=0.01,
    data="f",
    evaluated=None,
    lr=1e-3,
    name="digits",
    held_out=0.2,
    labels=None,
):
    """Write a run of 30 steps whose held-out distance is `w1`; `evaluated` is its evaluation, if it
    has one.
    """
    (folder / "samples").mkdir(parents=True)
    (folder / "config.toml").write_text(
        f'[data]\nsource = "{name}"\nheld_out = {held_out}\nsplit_seed = 0\n'
        f'[objective]\nvariant = "{variant}"\n[optimizer]\nlr = {lr}\n'
        f"[training]\nseed = {seed}\nsteps = 30\n"
    )
    facts = DataFacts(name, "images", (1, 8, 8), 300, 240, 60, data, labels)
    write_json(folder / "run.json", About(facts, seed, (BEGUN,)).to_json())
    norms = {"gradient_norm": 1.0, "gradient_norm_5": 0.9, "gradient_norm_95": 1.1}
    norms |= {"generator_gradient_norm": 1.0}
    metrics = [
        {"step": s, "estimate": 1 / s, "held_out_w1": w1 + 1 / s} | norms for s in range(1, 31)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(m) + "\n" for m in metrics))
    distance = HeldOutDistance(w1, half_width, 1.4, 60, 5, 4, "pixels in [0,1]")
    said = ("converged within <its> noise",)
    finish = Finish(distance, None, said, 30, seed, 2.0, Watched(60, 1.42))
    write_json(folder / "finish.json", finish.to_json())
    if evaluated:
        about = (str(folder), variant, name, 30, seed, 0, 1.0)
        record = Evaluated(evaluated, ("said before",), {"features": None}, *about)
        write_json(folder / "evaluation.json", record.to_json())
        write_grid(np.zeros((4, 8, 8, 1), dtype=np.uint8), folder / "evaluation.png")
    for step in (0, 10, 20, 30):
        picture = np.full((4, 8, 8, 1), step, dtype=np.uint8)
        write_grid(picture, folder / "samples" / f"step-{step:07d}.png")
    return folder


def write_json(path, values):
    """Write values as a run's folder holds them."""
    path.write_text(json.dumps(values))


def with_w1(run, w1, half_width=None):
    """Return a finished run with another held-out distance."""
    old = run.finish.held_out
    distance = replace(old, w1=w1, half_width=old.half_width if half_width is None else half_width)
    return replace(run, finish=replace(run.finish, held_out=distance))
