"""`wgan variants` and `wgan data`: what is there to choose from?"""

from wgan.cli.app import app, screen, times
from wgan.data import load, named_sources
from wgan.objectives import VARIANTS


@app.command
def variants() -> int:
    """Print the table of variants."""
    for row in VARIANTS.values():
        screen.print(row.name, style="bold")
        facts = {
            "score": row.score.name,
            "estimates": row.score.measures,
            "penalty": row.penalty or "none",
            **({"consistency": row.consistency} if row.consistency else {}),
            "constraint": row.constraint or "none",
            "settings": ", ".join(f"{k} {v}" for k, v in row.optimiser.items()),
            "choose it": row.when,
            "paper": row.paper,
        }
        for name, fact in facts.items():
            screen.print(f"  {name:11} {fact}")
    return 0


@app.command
def data(source: str | None = None, /) -> int:
    """List the data known by name, or describe SOURCE.

    Parameters
    ----------
    source
        Anything that `wgan train` takes.
    """
    if source is None:
        for name, summary in named_sources().items():
            screen.print(f"{name:18} {summary}")
        screen.print("or a path: .npy, .npz, .csv (numbers), idx (as MNIST ships, .gz too), a folder or zip of pictures")
        return 0
    dataset = load(source, progress=True)
    split = dataset.split()
    screen.print(f"{dataset.name}: {len(dataset)} samples of shape {times(dataset.shape)} ({dataset.codec.kind})")
    screen.print(
        f"stored as {dataset.rows.dtype}, split into {split.n_train} for training and {split.n_held_out} held out; distances in {dataset.codec.units}"
    )
    if dataset.classes:
        screen.print(f"{len(dataset.classes)} classes: {', '.join(dataset.classes[:20])}")
    if dataset.toy and dataset.toy.partner:
        screen.print(f"known exactly: {dataset.toy.partner.formula}")
    return 0
