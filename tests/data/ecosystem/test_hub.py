"""Data sets of the Hub, from a stand-in for it on this machine."""

import io
import logging
import os
import subprocess
import sys

import hub_server
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from wgan.base.errors import WganError
from wgan.base.hub import LONGEST, told
from wgan.data import load
from wgan.data.ecosystem.hub import Address, address_of, chosen_files

huggingface_hub = pytest.importorskip("huggingface_hub")
PLAIN = Address("user/name", None, "")


def stored(table):
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


def rows(start, stop):
    numbers = range(start, stop)
    return pa.table({"a": [i % 7 for i in numbers], "b": [i / 3 for i in numbers]})


@pytest.fixture(scope="module")
def repositories():
    lines = [b"%d,%.2f,%s" % (i % 7, i / 9, [b"a", b"b"][i % 2]) for i in range(90)]
    texts = b"\n".join([b"n,x,c", *lines]) + b"\n"
    files = {
        "user/table": {
            "README.md": b"# a table",
            "data/train-00000-of-00002.parquet": stored(rows(0, 80)),
            "data/train-00001-of-00002.parquet": stored(rows(80, 140)),
            "data/test-00000-of-00001.parquet": stored(rows(140, 190)),
        },
        "user/text": {"shop.csv": texts},
        "user/nothing": {"README.md": b"# nothing"},
    }
    try:
        import datasets
    except ImportError:
        return files
    shades = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["zebra", "ant"])}
    values = {"image": list(shades), "label": [i % 2 for i in range(30)]}
    pictures = datasets.Dataset.from_dict(values, features=datasets.Features(features))
    file = io.BytesIO()
    pictures.to_parquet(file)
    return files | {"user/pictures": {"mnist/train-00000-of-00001.parquet": file.getvalue()}}


@pytest.fixture
def hub(repositories, monkeypatch, tmp_path):
    """The stand-in, which the client in this process uses, without a token."""
    with hub_server.running() as server:
        for name, files in repositories.items():
            server.repos[name] = hub_server.Repo()
            server.repos[name].commit(files)
        hub_server.use(monkeypatch, server, tmp_path / "home")
        yield server


FILES = {
    "one": ["README.md", "train.parquet"],
    "splits": ["data/test-00000-of-00001.parquet", "data/train-00000-of-00001-0a1b.parquet"],
    "folders": ["en/train/0000.parquet", "en/test/0000.parquet", "de/train/0000.parquet"],
    "both": ["train.csv", "train.parquet"],
    "years": ["sales-2019.parquet", "sales-2020.parquet"],
    "numbers": ["years/2019.parquet", "years/2020.parquet"],
    "first": ["data/train-00000-of-00003.parquet"],
    "gap": ["train/0000.parquet", "train/0002.parquet"],
    "beside": ["data/train-00000-of-00001.parquet", "train.parquet"],
    "folder": ["data/0000.parquet", "data/0001.parquet"],
    "anew": ["train-00000-of-00001-0a.parquet", "train-00000-of-00001-0b.parquet"],
    "from one": ["train-00001-of-00002.parquet", "train-00002-of-00002.parquet"],
    "one on": ["data/0001.parquet", "data/0002.parquet"],
    "last": ["train-00002-of-00003.parquet"],
    "versions": ["train.v1.parquet", "train.v2.parquet"],
    "counts": ["train-00000-of-00001.parquet", "train-00001-of-00002.parquet"],
}


@pytest.mark.parametrize(
    ("files", "rest", "found"),
    [
        ("one", "", ["train.parquet"]),
        ("splits", "train", ["data/train-00000-of-00001-0a1b.parquet"]),
        ("folders", "en/test", ["en/test/0000.parquet"]),
        ("folders", "de", ["de/train/0000.parquet"]),
        ("both", "", ["train.parquet"]),
        ("both", "train.csv", ["train.csv"]),
        ("years", "sales-2020", ["sales-2020.parquet"]),
        ("numbers", "2020", ["years/2020.parquet"]),
        ("first", "data/train-00000-of-00003.parquet", ["data/train-00000-of-00003.parquet"]),
        ("beside", "train.parquet", ["train.parquet"]),
        ("from one", "train", ["train-00001-of-00002.parquet", "train-00002-of-00002.parquet"]),
        ("one on", "", ["data/0001.parquet", "data/0002.parquet"]),
        ("folder", "", ["data/0000.parquet", "data/0001.parquet"]),
    ],
)
def test_files_are_chosen_by_their_names(files, rest, found):
    assert chosen_files(FILES[files], Address("user/name", None, rest)) == found


@pytest.mark.parametrize(
    ("files", "rest", "words"),
    [
        ("splits", "", "holds test, train: give one, hf://datasets/user/name/train"),
        ("folders", "train", "holds de/train, en/train: give one"),
        ("years", "", "holds sales-2019, sales-2020: give one"),
        ("numbers", "", "holds years/2019, years/2020: give one"),
        ("first", "train", "holds 1 of 3 parts of train, without number 1: give one for that part"),
        ("first", "", "holds 1 of 3 parts of train"),
        ("gap", "", "holds 2 of 3 parts of train, without number 1"),
        ("last", "", "holds 1 of 3 parts of train, without number 0"),
        ("beside", "train", "00001.parquet and train.parquet are no parts of one table: give one"),
        ("beside", "", "are no parts of one table"),
        ("anew", "", "are no parts of one table"),
        ("versions", "", "are no parts of one table"),
        ("counts", "", "are no parts of one table"),
        ("splits", "valid", "hf://datasets/user/name/valid: no such split or file: give test, tr"),
    ],
)
def test_several_splits_and_none_are_refused_with_their_names(files, rest, words):
    with pytest.raises(WganError, match=words):
        chosen_files(FILES[files], Address("user/name", None, rest))


@pytest.mark.parametrize("wrong", ["hf://user/name", "hf://datasets/name", "hf://datasets/a/b@"])
def test_addresses_of_another_form_are_refused(wrong):
    with pytest.raises(WganError, match="no address of a data set: give hf://datasets/USER/NAME"):
        address_of(wrong)
    assert address_of("hf://datasets/a/b@v1/c/d.csv") == Address("a/b", "v1", "c/d.csv")
    assert address_of("hf://datasets/a/b/") == Address("a/b", None, "")


@pytest.mark.parametrize(
    ("text", "revision", "rest"),
    [
        ("@refs/convert/parquet", "refs/convert/parquet", ""),
        ("@refs/convert/parquet/default/train", "refs/convert/parquet", "default/train"),
        ("@refs/pr/1/train", "refs/pr/1", "train"),
        ("@v1.0/refs/pr/1", "v1.0", "refs/pr/1"),
    ],
)
def test_revisions_of_the_hub_itself_hold_slashes(text, revision, rest):
    assert address_of(f"hf://datasets/a/b{text}") == Address("a/b", revision, rest)


def test_converted_files_are_read_by_their_revision(hub):
    files = {f"default/train/000{i}.parquet": stored(rows(70 * i, 70 * i + 70)) for i in (0, 1)}
    hub.repos["user/text"].commit(files, branch="refs/convert/parquet")
    assert len(load("hf://datasets/user/text@refs/convert/parquet/default/train")) == 140


def test_a_split_in_several_files_is_one_table(hub):
    data = load("hf://datasets/user/table/train")
    assert (data.codec.kind, len(data)) == ("tables", 140)
    frame = data.codec.wrap(data.rows[np.arange(140)])
    assert frame["a"].tolist() == rows(0, 140)["a"].to_pylist()


def test_a_text_is_one_table_and_errors_name_its_address(hub, tmp_path):
    data = load("hf://datasets/user/text")
    assert (data.name, len(data)) == ("hf://datasets/user/text", 90)
    schema = tmp_path / "schema.toml"
    schema.write_text('[columns.n]\nkind = "datetime"\nformat = "%Y"\n')
    with pytest.raises(WganError) as caught:
        load("hf://datasets/user/text", schema=str(schema))
    assert str(tmp_path / "home") not in str(caught.value)


def test_pictures_come_with_their_classes(hub, repositories):
    if "user/pictures" not in repositories:
        pytest.skip("datasets is not installed")
    data = load("hf://datasets/user/pictures/train")
    assert (data.codec.kind, data.shape, data.classes) == ("images", (1, 8, 8), ("ant", "zebra"))
    assert data.labels.tolist()[:3] == [1, 0, 1]
    with pytest.raises(WganError, match=r"data.labels = 'lable' is no column .*'label'"):
        load("hf://datasets/user/pictures", labels="lable")


def test_series_are_cut_from_one_file(hub):
    data = load("hf://datasets/user/table/test", kind="series", **windows(2))
    assert data.shape == (2, 1, 2)
    with pytest.raises(WganError, match="2 files, and series are cut from one: give hf://"):
        load("hf://datasets/user/table/train", kind="series", **windows(2))


def windows(steps):
    from wgan.data.series.windows import Reading

    return {"reading": Reading(window=steps)}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("hf://datasets/user/absent", "no such data set, or a private one"),
        ("hf://datasets/user/nothing", r"holds no .parquet or .csv, 1 file such as README.md"),
        ("hf://datasets/user/table", "holds test, train: give one"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(hub, source, words):
    with pytest.raises(WganError, match=words) as caught:
        load(source)
    assert "\n" not in str(caught.value)


def test_settings_of_pictures_do_not_fit_tables(hub):
    with pytest.raises(WganError, match=r"data.resize is not for tables: leave it out"):
        load("hf://datasets/user/text", resize=(8, 8))


def test_files_are_those_of_one_commit(hub):
    """The branch moves once the commit is known: what is read is still of that commit."""
    repo = hub.repos["user/text"]
    files = repo.files("main")[1]
    rows = files["shop.csv"].count(b"\n") - 1
    fewer = files["shop.csv"].splitlines(keepends=True)[: rows // 2]
    hub.moves = lambda: repo.commit(files | {"shop.csv": b"".join(fewer)})
    try:
        assert len(load("hf://datasets/user/text")) == rows
    finally:
        hub.moves = None
        repo.commit(files)


def test_the_command_line_takes_an_address_and_a_hub_may_not_answer(hub, tmp_path):
    here = {"HF_HOME": str(tmp_path / "home"), "WGAN_CACHE": str(tmp_path / "cache")}

    def data(endpoint):
        command = [sys.executable, "-m", "wgan", "data", "hf://datasets/user/table/test"]
        env = os.environ | here | {"HF_ENDPOINT": endpoint}
        return subprocess.run(command, capture_output=True, text=True, env=env)

    found = data(hub.url)
    assert found.returncode == 0, found.stderr
    assert "50 rows of 2 columns (tables)" in found.stdout
    refused = data("http://127.0.0.1:9")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "check the connection" in refused.stderr


READS = "hf_jo_reads"


@pytest.mark.parametrize("token", [None, READS])
@pytest.mark.parametrize(
    ("where", "status", "words"),
    [
        ("/api/", 401, {None: "127.0.0.1 asks for a token: set HF_TOKEN", READS: "does not know"}),
        ("/api/", 403, {None: "a request without a token may not do that", READS: "the token may"}),
        ("/api/", 404, {None: "has no such data set (404): check the name", READS: "(404)"}),
        ("/api/", 429, {None: "had too many requests (429): try again later", READS: "(429)"}),
        ("/api/", 503, {None: "answered with an error of its own (503)", READS: "(503)"}),
        ("/resolve/", 403, {None: "a request without a token may not do", READS: "the token may"}),
        ("/resolve/", 502, {None: "answered with an error of its own (502)", READS: "(502)"}),
    ],
)
def test_answers_of_the_hub_say_what_they_are(
    hub, monkeypatch, tmp_path, capfd, token, where, status, words
):
    hub_server.use(monkeypatch, hub, tmp_path / "home", token)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.fails[where] = status
    with pytest.raises(WganError) as caught:
        load("hf://datasets/user/text")
    assert words[token] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hf_jo" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_token_a_gate_and_a_revision_that_the_hub_refuses(hub, monkeypatch, tmp_path):
    with pytest.raises(WganError, match="has no such revision: give a branch"):
        load("hf://datasets/user/text@v9")
    hub.repos["user/text"].gated = True
    with pytest.raises(WganError, match="gives access to those who ask on its page"):
        load("hf://datasets/user/text")
    hub.repos["user/text"].private = True
    with pytest.raises(WganError, match="no such data set, or a private one"):
        load("hf://datasets/user/text")
    hub_server.use(monkeypatch, hub, tmp_path / "home", "hf_unknown")
    with pytest.raises(WganError, match="does not know the token: set HF_TOKEN"):
        load("hf://datasets/user/text")


@pytest.mark.parametrize("before", [194, LONGEST - 6])
def test_no_part_of_a_token_is_said(hub, monkeypatch, tmp_path, before):
    hub_server.use(monkeypatch, hub, tmp_path / "home", READS)

    def fails(*_, **__):
        raise RuntimeError("x" * before + READS)

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", fails)
    with pytest.raises(WganError) as caught:
        load("hf://datasets/user/text")
    assert READS[:4] not in str(caught.value)


@pytest.mark.parametrize("noun", ["model", "data set"])
def test_the_client_prints_no_line_of_its_tries(noun, capfd):
    said = logging.getLogger("huggingface_hub.utils._http")
    with told("hf://a/b", noun):
        said.warning("Retrying in 1s")
    assert capfd.readouterr() == ("", "")
