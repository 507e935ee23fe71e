"""The tab of a new run: uploads, what is inferred and corrected, the command."""

import io
import os
import shlex
import time
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from mixed_tables import mixed_table
from PIL import Image
from studio_client import studio

from wgan.base.errors import WganError
from wgan.cli import app
from wgan.cli.data_flags import DataFlags
from wgan.studio import uploads
from wgan.studio.new_run import AT_ONCE, Reading, arguments_of, with_kinds


@pytest.fixture
def client(tmp_path):
    return studio(tmp_path / "runs", most_upload=200_000)


def upload(client, name, content):
    return client.post("/api/upload", params={"name": name}, content=content)


def from_the_second_time(check):
    """Return a check that finds nothing wrong the first time."""

    def counted(*arguments):
        counted.calls += 1
        if counted.calls > 1:
            check(*arguments)

    counted.calls = 0
    return counted


def table():
    return mixed_table(120).to_csv(index=False).encode()


def array():
    content = io.BytesIO()
    np.save(content, np.random.default_rng(0).normal(size=(50, 3)))
    return content.getvalue()


def pictures():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for i in range(12):
            png = io.BytesIO()
            Image.fromarray(np.full((8, 8, 3), 20 * i, dtype=np.uint8)).save(png, "png")
            file.writestr(f"{i % 2}/{i}.png", png.getvalue())
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "make", "kind"),
    [("x.csv", table, "tables"), ("x.npy", array, "vectors"), ("x.zip", pictures, "images")],
)
def test_a_dropped_file_is_kept_and_told_as_it_is_read(client, tmp_path, name, make, kind):
    source = upload(client, name, make()).json()["source"]
    assert (tmp_path / "runs" / source).read_bytes() == make()
    found = client.post("/api/data", json={"source": source}).json()
    assert found["kind"] == kind
    assert found["train"] + found["held_out"] == found["samples"]
    assert source in client.get("/api/new").json()["uploads"]
    plan = client.post("/api/plan", json={"source": source, "minutes": 2.5}).json()
    assert plan["command"] == f"wgan train runs/{source} --minutes 2.5 --seed 0 --out runs/x-0"


def test_nothing_is_written_over(client, tmp_path):
    names = [upload(client, "a b.csv", table()).json()["source"] for _ in range(3)]
    assert names == ["uploads/a-b.csv", "uploads/a-b-2.csv", "uploads/a-b-3.csv"]
    (tmp_path / "runs/a-b-0").mkdir()
    assert client.post("/api/plan", json={"source": names[0]}).json()["name"] == "a-b-0-run2"


@pytest.mark.parametrize(
    "name", ["x.txt", "x.json", "x", "", "a/b", ".csv.exe", "x.toml", "\0.csv ", "x.py"]
)
def test_files_of_no_data_are_not_taken(client, tmp_path, name):
    assert upload(client, name, b"x").status_code in (400, 422)
    assert not list((tmp_path / "runs").glob("uploads/*"))


@pytest.mark.parametrize("name", ["../../x.csv", "/etc/x.csv", "..\\x.csv", "é\n.csv", ".csv"])
def test_names_are_made_safe(client, tmp_path, name):
    source = upload(client, name, b"a,b\n1,2\n").json()["source"]
    (kept,) = (tmp_path / "runs/uploads").iterdir()
    assert source == f"uploads/{kept.name}"
    assert kept.name in ("x.csv", "data.csv")


def test_large_and_empty_files_are_refused_and_leave_nothing(client, tmp_path):
    def pieces():
        for _ in range(300):
            yield b"x" * 1000

    assert upload(client, "x.csv", b"x" * 200_001).status_code == 413
    assert upload(client, "x.csv", pieces()).status_code == 413
    assert upload(client, "x.csv", b"").status_code == 400
    assert not list((tmp_path / "runs").glob("uploads/*"))
    assert not list((tmp_path / "runs").glob("uploads/.*"))


def test_a_full_disk_is_told(client, monkeypatch):
    monkeypatch.setattr(uploads, "LEAST_FREE", 10**18)
    answer = upload(client, "x.csv", b"a")
    assert answer.status_code == 507
    assert "make room" in answer.json()["error"]


def test_a_disk_that_fills_on_the_way_ends_an_upload_of_unknown_length(
    client, tmp_path, monkeypatch
):
    monkeypatch.setattr(uploads, "CHECK_EVERY", 1000)
    monkeypatch.setattr(uploads, "LEAST_FREE", 10**18)
    monkeypatch.setattr(uploads, "_check_room", checks := from_the_second_time(uploads._check_room))
    pieces = (b"1,2\n" * 100 for _ in range(100))
    answer = client.post("/api/upload", params={"name": "x.csv"}, content=pieces)
    assert answer.status_code == 507
    assert checks.calls == 2
    assert list((tmp_path / "runs/uploads").iterdir()) == []


def test_uploads_behind_a_link_out_are_refused(client, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs/uploads").symlink_to(tmp_path / "elsewhere")
    assert upload(client, "x.csv", b"a").status_code == 403
    assert client.get("/api/new").status_code == 403
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_a_column_was_taken_for_can_be_corrected(client, tmp_path):
    source = upload(client, "x.csv", table()).json()["source"]
    found = client.post("/api/data", json={"source": source}).json()
    first = found["columns"][0]
    number = next(each["name"] for each in found["columns"] if each["kind"] == "numeric")
    assert set(found["column_kinds"]) >= {"numeric", "category", "identifier"}
    assert found["corrected"] is None
    again = client.post("/api/data", json={"source": source, "kinds": {number: "identifier"}})
    corrected = again.json()
    kinds = {each["name"]: each["kind"] for each in corrected["columns"]}
    assert kinds[number] == "identifier"
    assert kinds[first["name"]] == first["kind"] or first["name"] == number
    body = {"source": source, "schema_text": corrected["corrected"]}
    words = shlex.split(client.post("/api/plan", json=body).json()["command"])
    at_once = {"source": source, "kinds": {number: "identifier"}}
    assert client.post("/api/plan", json=at_once).json()["command"] == shlex.join(words)
    schema = tmp_path / words[words.index("--schema") + 1]
    assert tomllib.loads(schema.read_text())["columns"][number]["kind"] == "identifier"
    assert client.post("/api/data", json=body).json()["columns"] == corrected["columns"]


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": {"nothing": "numeric"}},
        {"kinds": {"nothing": "x"}},
        {"schema_text": "nonsense ="},
        {"schema_text": "[[["},
        {"schema_text": "columns = 1"},
        {"schema_text": '[columns.nothing]\nkind = "numeric"'},
        {"reading": {"kind": "nothing"}},
        {"reading": {"encoding": "nothing"}},
        {"reading": {"labels": "nothing"}},
        {"reading": {"window": 5, "series": "nothing"}},
        {"reading": {"resize": [1, 1]}},
        {"reading": {"key": "nothing"}},
    ],
)
def test_corrections_that_do_not_fit_are_refused_in_one_line(client, change):
    source = upload(client, "x.csv", table()).json()["source"]
    answer = client.post("/api/data", json={"source": source, **change})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_a_file_that_is_none_is_told(client):
    for name in ("x.npy", "x.zip", "x.parquet", "x.xlsx", "x.gz", "x.npz", "x.csv.gz"):
        source = upload(client, name, b"\x00\x01nonsense").json()["source"]
        answer = client.post("/api/data", json={"source": source})
        assert answer.status_code == 400, name
        assert answer.json()["error"]


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "../secret.csv",
        "uploads/../../secret.csv",
        "https://example.org/x.csv",
        "s3://a/b.npy",
        "stacked-mnist:/tmp",
        "uploads",
        "uploads/nothing.csv",
        "uploads/*.npy",
        "~/x.csv",
        "a\0b",
        "list.txt",
    ],
)
@pytest.mark.parametrize("path", ["/api/data", "/api/plan", "/api/start"])
def test_data_outside_the_folder_are_refused(client, tmp_path, source, path):
    (tmp_path / "secret.csv").write_bytes(table())
    (tmp_path / "runs/list.txt").write_text("/etc/x-{0..9}.npy\n")
    answer = client.post(path, json={"source": source})
    assert answer.status_code in (400, 403, 404)
    assert not list((tmp_path / "runs").glob("*/run.json"))


def test_labels_outside_the_folder_are_refused(client, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("0\n" * 1797)
    body = {"source": "digits", "reading": {"labels": str(labels)}}
    assert client.post("/api/data", json=body).status_code == 403
    assert client.post("/api/plan", json=body).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"variant": "nothing"},
        {"minutes": 0},
        {"minutes": -1},
        {"steps": 0},
        {"seed": -1},
        {"seed": 2**64},
        {"out": "../x"},
        {"out": "/tmp/x"},
        {"out": ".hidden"},
        {"out": "a/b"},
        {"out": "--quiet"},
        {"out": "uploads"},
        {"out": "x" * 101},
        {"settings": ["data.source=/etc/passwd"]},
        {"settings": ["data.labels=/etc/passwd"]},
        {"settings": ["--out=/tmp/x"]},
        {"settings": ["nothing.here=1"]},
        {"settings": ["network.width"]},
        {"settings": ["x"] * 101},
        {"nothing": 1},
        {"reading": {"nothing": 1}},
        {"reading": {"window": -1}},
        {"kinds": {"x": 1}},
    ],
)
def test_choices_that_cannot_be_are_refused(client, change):
    for path in ("/api/plan", "/api/start"):
        answer = client.post(path, json={"source": "digits", **change})
        assert answer.status_code in (400, 422), change
        assert "\n" not in answer.json()["error"]


def test_a_run_that_is_there_is_not_begun_again(client, tmp_path):
    (tmp_path / "runs/taken").mkdir()
    answer = client.post("/api/start", json={"source": "digits", "out": "taken"})
    assert answer.status_code == 409


def test_the_command_is_one_that_the_command_line_takes(client):
    body = {
        "source": "digits",
        "reading": {"labels": "own"},
        "variant": "wgan-lp",
        "steps": 7,
        "seed": 3,
        "out": "mine",
        "settings": ["network.width=8", "optimizer.betas=[0.0, 0.9]"],
    }
    words = shlex.split(client.post("/api/plan", json=body).json()["command"])
    assert words[0] == "wgan"
    _, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    given = bound.arguments
    assert bound.args == ("digits",)
    assert (given["variant"], given["steps"], given["seed"]) == ("wgan-lp", 7, 3)
    assert str(given["out"]) == "runs/mine"
    assert given["set_"] == ["network.width=8", "optimizer.betas=[0.0, 0.9]"]
    assert given["how"].labels == "own"


def test_values_that_look_like_flags_stay_values(client):
    body = {"source": "digits", "reading": {"key": "--out=/tmp/x"}}
    words = shlex.split(client.post("/api/plan", json=body).json()["command"])
    _, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    assert bound.arguments["how"].key == "--out=/tmp/x"
    assert str(bound.arguments["out"]) == "runs/digits-0"


def test_every_way_of_reading_is_a_flag_or_a_list():
    flags = set(DataFlags.__dataclass_fields__)
    assert {name for name in Reading.model_fields if name not in flags} == {"resize"}


def test_a_column_of_another_kind_is_inferred_again():
    schema = '[columns.a]\nkind = "numeric"\nstep = 0.5\nmissing = ["?"]\n[columns.b]\nkind = "x"\n'
    changed = tomllib.loads(with_kinds(schema, {"a": "category"}))["columns"]
    assert changed == {"a": {"kind": "category", "missing": ["?"]}, "b": {"kind": "x"}}
    with pytest.raises(WganError, match="no column 'c'"):
        with_kinds(schema, {"c": "category"})


def test_a_name_of_other_bytes_among_the_uploads_is_passed_by(client, tmp_path):
    folder = tmp_path / "runs/uploads"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_bytes(table())
    (folder / os.fsdecode(b"\xff.csv")).write_bytes(table())
    assert client.get("/api/new").json()["uploads"] == ["uploads/x.csv"]


def test_few_data_sets_are_read_at_once_also_for_a_plan(client, monkeypatch):
    source = upload(client, "x.csv", table()).json()["source"]
    most = []
    now = []

    def slow(*arguments):
        now.append(1)
        most.append(len(now))
        time.sleep(0.2)
        now.pop()
        return arguments_of(*arguments)

    monkeypatch.setattr("wgan.studio.new_run.arguments_of", slow)
    body = {"source": source, "minutes": 1}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: client.post("/api/plan", json=body), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 422, 400}
    assert 1 <= max(most) <= AT_ONCE
