"""Shards behind addresses: HTTP on loopback, an emulated object store, failures and time-outs."""

import os
import time

import numpy as np
import pytest
from shard_server import ShardServer
from shard_sets import SIZES, write_arrays, write_pictures

from wgan.base.errors import WganError
from wgan.data import Batches, load
from wgan.data.shards import reading

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
RANGE = "/s-{000..006}.npy"


@pytest.fixture
def data(tmp_path):
    raw = write_arrays(tmp_path / "data")
    with ShardServer(tmp_path / "data") as server:
        yield raw, server, tmp_path / "data"


def test_shards_over_http_are_those_on_disk(data):
    raw, server, folder = data
    local, remote = load(str(folder)), load(server.url + RANGE)
    assert remote.fingerprint == local.fingerprint
    assert np.array_equal(remote.rows[:], raw)
    there, here = Batches(remote.split(), 0), Batches(local.split(), 0)
    assert np.array_equal(there(3, 64), here(3, 64))
    (folder / "list.txt").write_text("s-{000..006}.npy\n")
    assert load(server.url + "/list.txt").fingerprint == local.fingerprint


def test_a_part_of_a_shard_is_read_and_not_the_whole(tmp_path):
    np.save(tmp_path / "big.npy", np.arange(20_000, dtype=np.float32).reshape(-1, 2))
    with ShardServer(tmp_path) as server:
        dataset = load(server.url + "/big.npy")
        before = server.sent["big.npy"]
        assert np.array_equal(dataset.rows[[7000]], [[14_000, 14_001]])
        # A block of ten rows of eight bytes, unless the row is at hand.
        assert server.sent["big.npy"] - before in (0, 80)


def test_failed_reads_are_tried_again(data):
    raw, server, _ = data
    server.failing["s-002.npy"] = 2
    dataset = load(server.url + RANGE)
    server.failing["s-004.npy"] = 2
    assert np.array_equal(dataset.rows[:], raw)
    assert server.failing["s-004.npy"] == 0


def test_what_fails_each_time_is_one_error_that_names_the_shard(data):
    _, server, _ = data
    server.failing["s-002.npy"] = 1000
    with pytest.raises(WganError, match=r"s-002\.npy: could not be read in 5 tries .*503"):
        load(server.url + RANGE)
    # The size is asked for by HEAD and then by GET at each try.
    assert 1000 - server.failing["s-002.npy"] == 2 * reading.ATTEMPTS


def test_a_missing_shard_is_not_asked_for_again(data):
    _, server, _ = data
    with pytest.raises(WganError, match=r"s-007\.npy: no such shard: put it back"):
        load(server.url + "/s-{006..007}.npy")
    assert server.requests["s-007.npy"] <= 2


def test_a_slow_read_ends_in_time(data, monkeypatch):
    _, server, _ = data
    monkeypatch.setattr(reading, "TIMEOUT", 0.2)
    monkeypatch.setattr(reading, "ATTEMPTS", 2)
    server.slow["s-002.npy"] = 30
    begun = time.monotonic()
    with pytest.raises(WganError, match=r"s-002\.npy: could not be read in 2 tries"):
        load(server.url + RANGE)
    assert time.monotonic() - begun < 25  # and not twice 30 seconds


def test_servers_that_cannot_be_used_are_named(data):
    _, server, _ = data
    server.ranges = False
    with pytest.raises(WganError, match="sends whole files where a part is asked for"):
        load(server.url + RANGE)
    with pytest.raises(WganError, match="HTTP has no listing"):
        load(server.url + "/")
    with pytest.raises(WganError, match="could not be read in 5 tries"):
        load("http://127.0.0.1:9" + RANGE)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr("wgan.data.shards.stores.find_spec", lambda name: None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[remote\]'"):
        load("s3://bucket/*.npy")


def test_pictures_over_http(tmp_path):
    pictures, classes = write_pictures(tmp_path / "data")
    with ShardServer(tmp_path / "data") as server:
        dataset = load(server.url + "/p-{0..2}.tar")
        assert np.array_equal(dataset.rows[:], pictures)
        assert [dataset.classes[i] for i in dataset.labels] == classes
        requests = server.requests.total()
        assert np.array_equal(dataset.rows[5:30], pictures[5:30])
        assert server.requests.total() == requests  # they are unpacked in the cache
    assert not list((tmp_path / "cache").glob(".scratch-*"))


@pytest.fixture(scope="module")
def bucket():
    pytest.importorskip("s3fs")
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
    }
    before = dict(os.environ)
    os.environ.update(settings)
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    files.mkdir("shards")
    yield files
    server.stop()
    os.environ.clear()
    os.environ.update(before)


def test_shards_of_an_object_store(bucket, tmp_path):
    raw = write_arrays(tmp_path / "data")
    for path in (tmp_path / "data").iterdir():
        bucket.put(str(path), f"shards/data/{path.name}")
    local = load(str(tmp_path / "data"))
    for source in ("s3://shards/data/", "s3://shards/data/*.npy", "s3://shards/data" + RANGE):
        dataset = load(source)
        assert dataset.fingerprint == local.fingerprint
    assert len(dataset.rows.heads) == len(SIZES)
    assert np.array_equal(dataset.rows[:], raw)
    with pytest.raises(WganError, match="no such shard"):
        load("s3://shards/data/s-{006..007}.npy")
    with pytest.raises(WganError, match="no shards found"):
        load("s3://shards/nothing/")
