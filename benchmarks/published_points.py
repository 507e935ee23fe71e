"""PacGAN's ring and grid: modes of points in the plane.

Known of the protocol (Lin et al. 2018, section 4.1, and the settings that its authors published):
8 modes on a circle of radius 1 with standard deviation 0.01, or 25 at -4, -2, ... 4 with 0.05;
100,000 points; a normal latent of 2; a generator of 4 x 400 with batch normalisation and ReLU, a
critic of 3 x 200 maxout units with 5 pieces, weights of standard deviation 0.02; Adam 1e-4 (0.8,
0.999), batches of 100 packs, 400 epochs, 10 trials. Of 2,500 samples those within 3 standard
deviations of a mode are good; a mode is found that has one. KL is that of the modes' shares among
good samples from equal ones.

Assumed, or otherwise here: the ring has radius 2 and 0.02, the same picture at twice the size.
Points are standardised before they are learned. A fifth is held out, and not learned. Critic and
generator move in turn; in the published code both move from the same point. The preset keeps its
own networks, and its batches count samples, not packs.

VEEGAN's task in 1,200 dimensions is left out: the means and covariances that would define it were
not found.
"""

import argparse
from typing import Any

import numpy as np
import published_networks as networks
from published_papers import POINTS
from published_trials import Entry, add_dials, gan_of_a_paper, machine, table, trials

from wgan.data import load
from wgan.data.toys import TOYS
from wgan.evaluation.metrics.modes import mode_coverage

DATA = {"ring": "8-gaussians", "grid": "25-gaussians"}
BATCH, EPOCHS = 100, 400
EPOCH = 100_000 // BATCH
"""Steps of an epoch as published: 100,000 points in batches of 100, however many a pack has."""
REAL_SEED = 1
"""Seed of the real points that are counted beside the generated ones."""


def settings(pack: int) -> dict[str, Any]:
    """Return the settings of the paper for points, with a pack of so many."""
    return {
        **gan_of_a_paper(pack, BATCH, EPOCHS, EPOCH),
        "network.latent": 2,
        "optimizer.lr": 1e-4,
        "optimizer.betas": [0.8, 0.999],
    }


def entries(name: str, args: Any) -> list[Entry]:
    """Return the lines of the table of a data set."""
    data = load(DATA[name])
    found = []
    for kind in args.networks:
        for pack in args.pack:
            title = f"{name}-{kind}-pack-{pack}"
            if kind == "preset":
                found.append(Entry(title, data, {"network.pack": pack}))
            else:
                found.append(Entry(title, data, settings(pack), networks.POINTS))
    return found


def points(args: Any) -> None:
    """PacGAN's ring and grid: modes, good samples and KL, beside the published figures."""
    for name in args.data:
        toy = TOYS[DATA[name]]
        assert toy.modes is not None

        def count(x: np.ndarray, toy: Any = toy) -> Any:
            return mode_coverage(x.astype(np.float64), toy.modes, toy.mode_sd)

        found = trials(entries(name, args), args, lambda entry, count=count: count, EPOCH)
        real = count(toy.draw(args.samples, np.random.default_rng(REAL_SEED)))
        print(f"\n{name}: {args.samples} samples a trial; {machine()}")
        print("\n".join(table(found, real, POINTS[name])), flush=True)


def add_to(commands: Any) -> None:
    """Add `points` to a command line.

    Args:
        commands: sub-commands of argparse.
    """
    one = commands.add_parser(
        "points",
        help=points.__doc__,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.set_defaults(run=points)
    one.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    add_dials(one, samples=2500, count=10)
