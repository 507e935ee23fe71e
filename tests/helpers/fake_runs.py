"""Folders of finished runs, written by hand, for what only reads them."""

import json

import numpy as np
from wgan.data.writers import write_grid

from wgan.base.intervals import Mean
from wgan.evaluation.protocol import Evaluation, Line


def evaluation(modes=(0.25, 0.25, 0.25, 0.25), w1=1.5, frechet=None):
    lines = (
        Line("w1-exact", Mean(w1, 0.01), 1.4, 2.0, 200),
        Line("coverage", Mean(0.95, 0.01), 0.97, 0.2, 200, "pixels-64"),
        Line("modes", Mean(4.0, 0.0), 4.0, 1.0, 200, "place"),
        Line("modes-kl", Mean(0.01, 0.001), 0.005, 1.0, 200, "place"),
        Line("c2st-auc", Mean(0.6, 0.02), 0.5, 1.0, 200, "pixels-64"),
        Line("dcr-share", Mean(0.51, 0.02), 0.5, 0.6, 200),
    )
    lines += (
        (Line("frechet", Mean(frechet, 0.1), 2.0, 9.0, 200, "pixels-64"),)
        if frechet is not None
        else ()
    )
    counted = {
        "modes": {
            "by": "place",
            "names": ["a", "b", "c", "d"],
            "generated": list(modes),
            "true": [0.25] * 4,
            "n": 200,
        }
    }
    return Evaluation("wgan-samples-1", lines, 5, 200, 200, "blurred", counted)


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
    """Write a run of 30 steps whose verdict is `w1`; `evaluated` is its evaluation, if it has
    one.
    """
    (folder / "samples").mkdir(parents=True)
    data_lines = f'[data]\nsource = "{name}"\nheld_out = {held_out}\nsplit_seed = 0\n'
    toml = (
        f'{data_lines}[objective]\nvariant = "{variant}"\n[optimizer]\nlr = {lr}\n[training]\nseed'
        f" = {seed}\nsteps = 30\n"
    )
    (folder / "config.toml").write_text(toml)
    about = {
        "data": {
            "name": name,
            "shape": [1, 8, 8],
            "samples": 300,
            "train": 240,
            "held_out": 60,
            "fingerprint": data,
            "labels": labels,
        },
        "sittings": [{"begun": "2026-01-01", "wgan": "0.1.0", "packages": {"torch": "2.13.0"}}],
    }
    (folder / "run.json").write_text(json.dumps(about))
    metrics = [
        {
            "step": s,
            "estimate": 1 / s,
            "gradient_norm": 1.0,
            "gradient_norm_5": 0.9,
            "gradient_norm_95": 1.1,
            "generator_gradient_norm": 1.0,
            "held_out_w1": w1 + 1 / s,
        }
        for s in range(1, 31)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(m) + "\n" for m in metrics))
    verdict = {
        "w1": w1,
        "half_width": half_width,
        "floor": 1.4,
        "n": 60,
        "repeats": 5,
        "units": "pixels in [0,1]",
        "step": 30,
        "seconds": 2.0,
        "diagnosis": ["converged within <its> noise"],
        "measured": {"n": 60, "floor": 1.42},
    }
    (folder / "verdict.json").write_text(json.dumps(verdict))
    if evaluated:
        values = {
            "step": 30,
            "features": None,
            "evaluation": evaluated.to_json(),
            "said": ["said before"],
        }
        (folder / "evaluation.json").write_text(json.dumps(values))
        write_grid(np.zeros((4, 8, 8, 1), dtype=np.uint8), folder / "evaluation.png")
    for step in (0, 10, 20, 30):
        write_grid(
            np.full((4, 8, 8, 1), step, dtype=np.uint8), folder / "samples" / f"step-{step:07d}.png"
        )
    return folder
