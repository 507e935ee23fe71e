"""`wgan features train DATA`: train your own feature map for comparing pictures.

It sees more than pixels do.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from wgan.base.errors import WganError
from wgan.base.places import check_new
from wgan.cli.data_flags import DataName
from wgan.cli.json_output import Json, print_json
from wgan.cli.numbers import COUNT, SEED
from wgan.cli.output import Flag, screen
from wgan.cli.progress import bar
from wgan.data import load, short_name
from wgan.evaluation.features.classifier import save_classifier
from wgan.evaluation.images import train_features

features = App(
    name="features",
    help="Feature maps, on which `wgan evaluate` and `wgan compare` compare pictures.",
    help_epilogue="",
)


@features.command(name="train")
def train_features_command(
    data: DataName,
    /,
    *,
    labels: str = "own",
    out: Path | None = None,
    epochs: Annotated[int, COUNT] = 3,
    seed: Annotated[int, SEED] = 0,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train a small classifier of labelled pictures, and write its features as a feature map.

    A fifth of the pictures is held out to measure its accuracy.

    Parameters
    ----------
    data
        Pictures, as `wgan train` takes them.
    labels
        Classes of the pictures: own (folders, digits), an array of the .npz, or a file with one
        label for each picture.
    out
        Folder for features.safetensors and features.json; by default features/DATA.
    epochs
        Number of passes over the pictures.
    seed
        Random seed of weights and batches.
    json_
        Print one JSON document instead of text.
    quiet
        No progress bar.
    """
    if epochs < 1:
        raise WganError(f"--epochs {epochs}: give 1 or more")
    folder = out or Path("features") / short_name(str(data))
    check_new(folder, folder=True)
    with bar(quiet) as progress:
        dataset = load(data, labels=labels, progress=progress)
        found = train_features(dataset, epochs, seed, progress)
    save_classifier(found, folder)
    if json_:
        values = {
            "name": found.name,
            "accuracy": found.accuracy,
            "n_test": found.n_test,
            "classes": found.classes,
            "folder": folder,
        }
        print_json("features train", values)
        return 0
    screen.print(
        f"{found.name}: {found.accuracy:.1%} of {found.n_test} held-out pictures in the right one"
        f" of {len(found.classes)} classes; in {folder}"
    )
    return 0
