"""Pictures of samples: a grid, a scatter or panels, by the kind of data; always the same noise."""

import numpy as np
import pytest
from kinds_of_data import example
from PIL import Image
from short_runs import settled

from wgan.base.errors import WganError
from wgan.data import KINDS
from wgan.models import Model, write_beside, write_snapshot
from wgan.models.pictures import pictures_of
from wgan.training import Run

SMALL = ["network.width=4", "network.latent=4", "optimizer.batch=8"]


def begun(*settings, data=None):
    return Run.start(*settled(*SMALL, *settings, data=data), watch=None)


def pixels(path):
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("write", [write_snapshot, write_beside])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_pictures_from_the_same_noise(kind, write, tmp_path, mixed):
    run = begun(data=example(kind, mixed(200)))
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write(tmp_path / f"{name}.png", run.model, run.split, seed)
    first = pixels(tmp_path / "a.png")
    assert first.std() > 0
    assert np.array_equal(first, pixels(tmp_path / "b.png"))
    assert not np.array_equal(first, pixels(tmp_path / "c.png"))
    assert not list(tmp_path.glob("*.partial"))


def test_a_grid_has_a_column_a_class_where_there_are_few(tmp_path):
    run = begun("data.source=digits", "data.labels=own")
    write_snapshot(tmp_path / "s.png", run.model, run.split, 0)
    sheet = pixels(tmp_path / "s.png")
    zoom = (sheet.shape[1] + 2) // 10 - 2
    assert zoom % 8 == 0, "10 columns of 8 pixels, enlarged whole times"
    assert sheet.shape[0] == 6 * (zoom + 2) - 2, "60 of at most 64 pictures"


def test_generated_pictures_stand_above_their_nearest_training_pictures(tmp_path, monkeypatch):
    """With training pictures in the place of generated ones, both rows are the same."""
    run = begun("data.source=digits")
    train = run.split.train_sample(0, 40)

    monkeypatch.setattr(Model, "sample", lambda self, n, seed: train[:n])
    write_beside(tmp_path / "b.png", run.model, run.split, 0)
    sheet = pixels(tmp_path / "b.png")
    row = (sheet.shape[0] + 2) // 8
    for pair in range(4):
        top = 2 * pair * row
        above, below = (sheet[start : start + row - 2] for start in (top, top + row))
        assert np.array_equal(above, below)


def test_a_kind_without_pictures_is_told_where_to_add_them():
    with pytest.raises(WganError, match=r"no pictures for sounds: add a line to models.pictures"):
        pictures_of("sounds")
