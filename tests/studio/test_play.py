"""The tab of models: samples of every kind, latents, planes, downloads."""

import base64
import io
import json
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from studio_client import studio

from wgan.data import KINDS
from wgan.models import grid
from wgan.runs import RunFolder
from wgan.studio.play import remove_leftovers

EVERY_KIND = pytest.mark.parametrize("kind", list(KINDS))


def image(url):
    head, content = url.split(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def post(client, path, **body):
    answer = client.post(f"/api/play/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@EVERY_KIND
def test_samples_are_those_of_the_seed_with_scores_and_neighbours(client, trained, kind):
    name = trained[1][kind]
    info = client.get("/api/play", params={"name": name}).json()
    found = post(client, "samples", name=name, n=5, seed=3, nearest=True)
    model = RunFolder(trained[0] / name).model()
    raw = model.draw(5, 3, model.draw_labels(5, 3) if model.classes else None)
    labels = model.draw_labels(5, 3) if model.classes else None
    scores = model.scores(raw.raw, labels)
    assert [each["score"] for each in found["samples"]] == pytest.approx(scores.tolist(), rel=1e-4)
    assert len(found["samples"]) == 5
    assert image(found["together"]).width > 50
    for each in found["samples"]:
        assert each["nearest"]["distance"] >= 0
        if info["columns"] is None:
            assert image(each["picture"]).size == image(each["nearest"]["picture"]).size
        else:
            assert len(each["cells"]) == len(each["nearest"]["cells"]) == len(info["columns"])
    again = post(client, "samples", name=name, n=2, seed=3)
    assert again["samples"][0].get("cells") == found["samples"][0].get("cells")
    assert again["samples"][0].get("picture") == found["samples"][0].get("picture")
    assert again["samples"][0]["nearest"] is None


def test_samples_of_a_class_are_of_that_class(client, trained):
    name = trained[1]["images"]
    found = post(client, "samples", name=name, n=4, label="7")
    assert [each["label"] for each in found["samples"]] == ["7"] * 4
    wrong = client.post("/api/play/samples", json={"name": name, "label": "seven"})
    assert wrong.status_code == 400
    assert "no class is called" in wrong.json()["error"]


def test_rows_satisfy_conditions(client, trained):
    name = trained[1]["tables"]
    info = client.get("/api/play", params={"name": name}).json()
    free = post(client, "samples", name=name, n=8)
    model = RunFolder(trained[0] / name).model()
    column = next(c for c in model.codec.learned if c.kind == "category")
    level = column.levels[0]
    found = post(client, "samples", name=name, n=8, where=[f"{column.name}={level}"])
    place = info["columns"].index(column.name)
    assert {each["cells"][place] for each in found["samples"]} == {level}
    assert {each["cells"][place] for each in free["samples"]} != {level}
    assert 0 < found["acceptance"] <= 1
    wrong = client.post("/api/play/samples", json={"name": name, "where": ["nothing=1"]})
    assert wrong.status_code == 400


@pytest.mark.parametrize("kind", ["images", "vectors", "series"])
def test_a_latent_that_is_moved_moves_the_sample(client, trained, kind):
    name = trained[1][kind]
    first = post(client, "latents", name=name, seed=2)
    same = post(client, "latents", name=name, seed=2, values=first["latents"])
    moved = post(client, "latents", name=name, seed=2, values=[3.0, -3.0])
    assert moved["latents"][:2] == [3.0, -3.0]
    assert moved["latents"][2:] == pytest.approx(first["latents"][2:])
    key = "cells" if "cells" in first else "picture"
    assert same[key] == first[key]
    assert moved[key] != first[key]


@pytest.mark.parametrize("kind", ["images", "vectors", "series"])
def test_the_plane_has_the_first_samples_of_the_seed_in_its_corners(client, trained, kind):
    name = trained[1][kind]
    assert image(post(client, "plane", name=name, seed=5, side=3)["picture"]).width > 50
    model = RunFolder(trained[0] / name).model()
    raw = grid(model, 3, 5)
    for u, v, place in ((0, 0, 0), (1, 0, 2), (0, 1, 6), (1, 1, 8), (0.5, 0.5, 4)):
        found = post(client, "point", name=name, seed=5, u=u, v=v)
        if "cells" in found:
            shown = [float(cell) for cell in found["cells"]]
            assert shown == pytest.approx(raw[place].tolist(), rel=1e-4)


def test_tables_have_no_latents_to_move(client, trained):
    name = trained[1]["tables"]
    assert client.get("/api/play", params={"name": name}).json()["not_continuous"]
    for path, more in (("latents", {}), ("plane", {}), ("point", {"u": 0, "v": 0})):
        answer = client.post(f"/api/play/{path}", json={"name": name, **more})
        assert answer.status_code == 400
        assert "one by one" in answer.json()["error"]


@EVERY_KIND
def test_every_format_can_be_downloaded(client, runs, trained, kind):
    name = trained[1][kind]
    info = client.get("/api/play", params={"name": name}).json()
    for ending in info["endings"]:
        params = {"name": name, "n": 6, "seed": 1, "ending": ending}
        answer = client.get("/api/play/download", params=params)
        if ending in (".mp4",):
            assert answer.status_code in (200, 400)
            continue
        assert answer.status_code == 200, (ending, answer.text[:300])
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.content
    assert not [path for path in (runs / ".studio").iterdir() if path.is_dir()]


def test_a_download_has_the_rows_of_the_seed(client, trained):
    name = trained[1]["tables"]
    params = {"name": name, "n": 20, "seed": 4, "ending": ".csv"}
    frame = pd.read_csv(io.BytesIO(client.get("/api/play/download", params=params).content))
    expected = RunFolder(trained[0] / name).model()
    assert list(frame.columns) == list(expected.codec.names)
    assert len(frame) == 20
    params["ending"] = ".parquet"
    parquet = pd.read_parquet(io.BytesIO(client.get("/api/play/download", params=params).content))
    assert len(parquet) == 20
    walks = {"name": trained[1]["series"], "n": 3, "seed": 0, "ending": ".npy"}
    array = np.load(io.BytesIO(client.get("/api/play/download", params=walks).content))
    assert array.shape == (3, 8, 2)
    walker = RunFolder(trained[0] / walks["name"]).model()
    np.testing.assert_allclose(array, walker.draw(3, 0).raw, rtol=1e-5)
    assert not np.allclose(array, walker.draw(3, 1).raw), "another seed gives other rows"


def test_a_download_is_truncated_as_what_is_shown(client, trained):
    params = {"name": trained[1]["vectors"], "n": 4, "ending": ".npy", "truncation": 0}
    array = np.load(io.BytesIO(client.get("/api/play/download", params=params).content))
    np.testing.assert_allclose(array, array[[0]].repeat(4, axis=0), rtol=1e-5)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "images-0", "n": 0},
        {"name": "images-0", "n": 65},
        {"name": "images-0", "seed": -1},
        {"name": "images-0", "seed": 2**63},
        {"name": "images-0", "truncation": 2},
        {"name": "images-0", "truncation": "nan"},
        {"name": "images-0", "label": 3},
        {"name": "images-0", "where": ["a=1"]},
        {"name": "images-0", "where": ["a=1"] * 21},
        {"name": "images-0", "more": 1},
        {"name": "../images-0"},
        {"name": "/etc"},
        {"name": "nothing"},
        {"name": "\ud800"},
    ],
)
def test_samples_that_cannot_be_are_refused(client, body):
    content = json.dumps(body)
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/play/samples", content=content, headers=headers)
    assert answer.status_code in (400, 403, 422)
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("latents", {"values": [9.0]}),
        ("latents", {"values": [0.0] * 13}),
        ("latents", {"values": ["x"]}),
        ("plane", {"side": 1}),
        ("plane", {"side": 13}),
        ("point", {}),
        ("point", {"u": -0.1, "v": 0}),
        ("point", {"u": 0, "v": 1.1}),
    ],
)
def test_latents_that_cannot_be_are_refused(client, path, body):
    answer = client.post(f"/api/play/{path}", json={"name": "images-0", **body})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "params",
    [
        {"ending": ".exe"},
        {"ending": "/../x.npy"},
        {"ending": ""},
        {"ending": ".npy", "n": 0},
        {"ending": ".npy", "n": 10**7},
        {"ending": ".npy", "label": "nothing"},
        {"ending": ".npy", "where": "x=1"},
    ],
)
def test_downloads_that_cannot_be_are_refused_and_leave_nothing(client, runs, params):
    answer = client.get("/api/play/download", params={"name": "images-0", "n": 4, **params})
    assert answer.status_code in (400, 422)
    assert not [path for path in (runs / ".studio").glob("*") if path.is_dir()]


def test_neighbours_are_told_to_be_missing_where_data_may_not_be_read(runs, trained):
    found = post(studio(runs), "samples", name=trained[1]["tables"], n=2, nearest=True)
    assert "wgan studio --data" in found["no_neighbours"]
    assert found["samples"][0]["nearest"] is None


def test_a_model_that_is_damaged_is_told(client, runs):
    (runs / "images-0/generator.safetensors").write_bytes(b"nonsense")
    answer = client.get("/api/play", params={"name": "images-0"})
    assert answer.status_code == 400
    assert "generator.safetensors" in answer.json()["error"]


def test_no_training_row_of_a_private_run_is_shown(client, runs, trained):
    config = runs / trained[1]["tables"] / "config.toml"
    config.write_text(config.read_text().replace("[privacy]", "[privacy]\nepsilon = 3.0"))
    found = post(client, "samples", name=trained[1]["tables"], n=2, nearest=True)
    assert "private run" in found["no_neighbours"]


def test_downloads_of_a_server_that_ended_are_removed(tmp_path):
    old, new, other = (tmp_path / name for name in ("download-a", "download-b", "tmp-c"))
    for folder in (old, new, other):
        folder.mkdir()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["download-b", "tmp-c"]
