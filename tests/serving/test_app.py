"""`wgan serve`: the samples of `wgan sample` by requests, bounded, and refused in one line."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from studio_runs import small_runs

from wgan.cli import main
from wgan.data import KINDS
from wgan.runs import RunFolder
from wgan.serving import app as serving
from wgan.serving.app import create_app
from wgan.web.drawing import Turns

EVERY_KIND = pytest.mark.parametrize("kind", list(KINDS))
TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of finished runs, and their names by kind."""
    folder = tmp_path_factory.mktemp("serving") / "runs"
    return folder, small_runs(folder)


@pytest.fixture
def client(trained):
    """A function that returns a client of the server of a kind's run."""
    folder, names = trained

    def of(kind, **settings):
        model = RunFolder(folder / names[kind]).model()
        app = create_app(model, names[kind], **settings)
        return TestClient(app, "http://127.0.0.1:8000", raise_server_exceptions=False)

    return of


@EVERY_KIND
def test_files_have_the_bytes_that_the_command_writes(client, trained, kind, tmp_path):
    folder, names = trained
    asked = client(kind)
    formats = asked.get("/model").json()["formats"]
    assert formats[0] == "json"
    for name in {"csv", "npy", "parquet", "png"} & set(formats):
        answer = asked.post("/sample", json={"n": 5, "seed": 3, "format": name})
        assert answer.status_code == 200, answer.text
        out = tmp_path / f"x.{name}"
        words = ["sample", str(folder / names[kind]), "-n", "5", "--seed", "3", "-o", str(out)]
        assert main(words) == 0
        assert answer.content == out.read_bytes()
        assert f'filename="{names[kind]}-seed3.{name}"' in answer.headers["content-disposition"]


@EVERY_KIND
def test_json_has_the_samples_of_the_seed(client, trained, kind):
    folder, names = trained
    model = RunFolder(folder / names[kind]).model()
    found = client(kind).post("/sample", json={"n": 3, "seed": 7}).json()
    raw = model.sample(3, 7)
    assert found["seed"] == 7
    if isinstance(found["samples"][0], dict):
        frame = pd.DataFrame(found["samples"])
        assert list(frame.columns) == [str(c) for c in model.codec.frame(raw).columns]
        assert len(frame) == len(model.codec.frame(raw))
    else:
        np.testing.assert_array_equal(np.array(found["samples"], dtype=raw.dtype), raw)
    if model.classes:
        assert set(found["labels"]) <= set(model.classes)


def test_missing_values_are_null():
    listed = serving._listed(np.array([[1.5, np.nan]], dtype=np.float32))
    assert json.dumps(listed) == "[[1.5, null]]"


def test_rows_satisfy_conditions(client):
    body = {"n": 20, "seed": 1, "where": ["age>=50"]}
    found = client("tables").post("/sample", json=body).json()
    assert min(row["age"] for row in found["samples"]) >= 50
    assert 0 < found["acceptance"] <= 1
    assert found["drawn"] >= 20


def test_a_seed_that_is_left_out_is_drawn_and_told(client):
    asked = client("vectors")
    answers = [asked.post("/sample", json={"n": 1}) for _ in range(2)]
    seeds = [int(answer.headers["x-wgan-seed"]) for answer in answers]
    assert seeds[0] != seeds[1]
    again = asked.post("/sample", json={"n": 1, "seed": seeds[0]})
    assert again.json() == answers[0].json()


def test_a_large_file_comes_in_pieces_and_is_removed(client, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body = {"n": 50_000, "seed": 0, "format": "npy"}
    with client("vectors").stream("POST", "/sample", json=body) as answer:
        assert len(list(tmp_path.glob("download-*/samples.npy"))) == 1
        content = b"".join(pieces := list(answer.iter_raw()))
    assert len(pieces) > 1
    assert len(np.load(io.BytesIO(content))) == 50_000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"n": 0}, "n: "),
        ({"n": 100_001}, "at most 100000 samples a request"),
        ({"n": 60_000, "seed": 0, "format": "json", "where": ["age>=1"]}, ""),
        ({"n": 1, "more": 1}, "more: Extra inputs"),
        ({"n": 1, "seed": -1}, "seed: "),
        ({"n": 1, "seed": 1.5}, "seed: "),
        ({"n": 1, "format": "exe"}, "choose one of"),
        ({"n": 1, "format": "../x.csv"}, "choose one of"),
        ({"n": 1, "label": "x"}, "trained without labels"),
        ({"n": 1, "where": ["nonsense"]}, ""),
        ({"n": 1, "truncation": 2}, "truncation: "),
        ([], ""),
    ],
)
def test_what_cannot_be_drawn_is_one_line(client, body, fault):
    answer = client("vectors").post("/sample", json=body)
    assert 400 <= answer.status_code < 500
    error = answer.json()["error"]
    assert "\n" not in error
    assert any(each in error for each in fault.split("|"))


def test_json_is_bounded_by_its_values(client, monkeypatch):
    monkeypatch.setattr(serving, "MOST_VALUES", 100)
    answer = client("images").post("/sample", json={"n": 2})
    assert "128 values are too many for json, at most 100" in answer.json()["error"]
    assert client("images").post("/sample", json={"n": 2, "format": "npy"}).status_code == 200


def test_all_but_its_health_needs_the_token(client):
    asked = client("vectors", token=TOKEN, hosts=())
    assert asked.get("/health", headers={"Host": "10.0.0.7"}).json()["status"] == "ok"
    for path in ("/model", "/openapi.json"):
        assert asked.get(path).status_code == 401
    right = {"Authorization": f"Bearer {TOKEN}", "Host": "api.example.org"}
    wrong = [{}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}]
    for headers in wrong:
        assert asked.post("/sample", json={"n": 1}, headers=headers).status_code == 401
    assert asked.post(f"/sample?token={TOKEN}", json={"n": 1}).status_code == 401
    assert asked.post("/sample", json={"n": 1}, headers=right).status_code == 200
    assert "/sample" in asked.get("/openapi.json", headers=right).json()["paths"]


def test_without_a_token_no_page_of_another_site_may_ask(client):
    asked = client("vectors")
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert asked.post("/sample", json={"n": 1}, headers=headers).status_code in (403, 421)
    large = {"n": 1, "where": ["x" * 400] * 20, "label": "x" * 2**20}
    assert asked.post("/sample", json=large).status_code == 413


def test_requests_beyond_those_that_wait_are_refused():
    turns = Turns(1, 1)
    inside, leave = Event(), Event()

    def hold():
        with turns.turn():
            inside.set()
            leave.wait(30)

    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(hold), pool.submit(hold)]
        inside.wait(30)
        for _ in range(1000):
            if not turns._places._value:
                break
            Event().wait(0.01)
        with pytest.raises(Exception, match="too many requests wait"), turns.turn():
            pass
        leave.set()
        for each in held:
            each.result()
    with turns.turn():
        pass


def test_a_refusal_for_want_of_room_says_when_to_come_back(client, monkeypatch):
    monkeypatch.setattr(serving, "AT_ONCE", 1)
    monkeypatch.setattr(serving, "WAITING", 0)
    asked = client("vectors")
    inside, leave = Event(), Event()

    def slow(*_):
        inside.set()
        leave.wait(30)
        return serving.JSONResponse({})

    monkeypatch.setattr(serving, "sampled", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asked.post, "/sample", json={"n": 1})
        inside.wait(30)
        answer = asked.post("/sample", json={"n": 1})
        assert asked.get("/health").status_code == 200
        leave.set()
        assert first.result().status_code == 200
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
