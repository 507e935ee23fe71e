"""Stacked-MNIST: 1,000 modes, three MNIST digits as the colours of one picture.

Known of the protocol (Metz et al. 2017, section 3.3; Srivastava et al. 2017, section 4; Lin et al.
2018, section 4.2, and the settings that its authors published): 128,000 pictures of random digits;
DCGAN with a uniform latent of 100, kernels of 5, 64 to 512 channels and batch normalisation, but
not in the critic's first layer; Adam 2e-4 (0.5, 0.999), batches of 64 packs, 50 epochs, 10 trials.
A classifier of digits reads each channel of 26,000 generated pictures: modes are the numbers that
occur, and KL is that of their shares from equal ones.

Assumed, or otherwise here: 100,000 pictures are made of MNIST's training part alone, of which a
fifth is held out. Critic and generator move once a step in turn; the published code moves the
generator twice. Each paper has a classifier of its own; ours is stated with its accuracy. The
preset keeps its own networks, and its batches count samples, not packs.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import published_networks as networks
from published_papers import STACKED
from published_trials import Entry, add_dials, gan_of_a_paper, machine, table, trials

from wgan.data import Dataset, load
from wgan.data.stacked import PREFIX
from wgan.evaluation.features.classifier import (
    Classifier,
    load_classifier,
    save_classifier,
    train_classifier,
)
from wgan.evaluation.metrics.modes import ModeCoverage, coverage_of

MODES = 1000
BATCH, EPOCHS = 64, 50
EPOCH = 128_000 // BATCH
"""Steps of an epoch as published: 128,000 pictures in batches of 64, however many a pack has."""
BLOCK = 2000
"""Pictures that are classified at once, so that memory does not grow with their number."""


def settings(pack: int) -> dict[str, Any]:
    """Return the settings of the paper for pictures, with a pack of so many."""
    return {
        **gan_of_a_paper(pack, BATCH, EPOCHS, EPOCH),
        "network.latent": 100,
        "optimizer.lr": 2e-4,
        "optimizer.betas": [0.5, 0.999],
    }


def classifier_of(folder: Path, mnist: Path) -> Classifier:
    """Return the classifier in a folder, trained there on MNIST's digits if there is none."""
    if not folder.exists():
        names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
        pictures, labels = (next(mnist.glob(f"{name}*")) for name in names)
        save_classifier(train_classifier(load(str(pictures), labels=str(labels))), folder)
    return load_classifier(folder)


def counted(data: Dataset, classifier: Classifier, raw: np.ndarray) -> ModeCoverage:
    """Return the coverage of the 1,000 numbers by pictures, against equal shares."""
    blocks = np.array_split(raw, -(-len(raw) // BLOCK))
    shape = data.codec.shape
    measured = [data.codec.measure(block).reshape(-1, *shape) for block in blocks]
    return coverage_of(np.concatenate([classifier.classify(x) for x in measured]), np.ones(MODES))


def entries(data: Dataset, args: Any) -> list[Entry]:
    """Return the lines of the table."""
    found = []
    for kind in args.networks:
        for pack in args.pack:
            if kind == "preset":
                found.append(Entry(f"preset-pack-{pack}", data, {"network.pack": pack}))
                continue
            pair = networks.pictures(BATCH, args.critic)
            smaller = "" if args.critic == 1 else f"-critic-{args.critic:g}"
            name = f"published{smaller}-pack-{pack}"
            found.append(Entry(name, data, settings(pack), pair))
    return found


def pictures(args: Any) -> None:
    """Stacked-MNIST: modes of 1,000 and KL, beside real pictures and the published figures."""
    classifier = classifier_of(args.features or args.out / "features", args.mnist)
    data = load(f"{PREFIX}{args.mnist}")

    def count(raw: np.ndarray) -> ModeCoverage:
        return counted(data, classifier, raw)

    found = trials(entries(data, args), args, lambda entry: count, EPOCH)
    real = count(data.rows[np.arange(args.samples)])
    print(
        f"\nStacked-MNIST: {args.samples} pictures a trial, read by a classifier that names"
        f" {classifier.accuracy:.1%} of {classifier.n_test} held-out digits rightly; {machine()}"
    )
    print("\n".join(table(found, real, STACKED)), flush=True)


def add_to(commands: Any) -> None:
    """Add `pictures` to a command line.

    Args:
        commands: sub-commands of argparse.
    """
    one = commands.add_parser(
        "pictures",
        help=pictures.__doc__,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.set_defaults(run=pictures)
    one.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's idx files")
    one.add_argument("--features", type=Path, help="a classifier of digits; else OUT/features")
    one.add_argument(
        "--critic", type=float, default=1.0, help="published critic's channels, a share of DCGAN's"
    )
    add_dials(one, samples=26_000, count=10)
