"""`wgan serve` as a process: an address that works, its end by a signal, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from short_runs import flags

from wgan.cli import main

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve") / "run"
    words = ["train", "8-gaussians", "--steps", "3", "--out", str(folder), "--quiet"]
    assert main([*words, *flags(["network.width=8"])]) == 0
    return folder


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--host", "0.0.0.0"], "give --token too"),
        (["--token", "short"], "16 or more"),
        (["--port", "0"], "port"),
        (["--most", "0"], "most"),
        (["--host", "203.0.113.7", "--token", "x" * 20], "give an address of this machine"),
    ],
)
def test_a_server_that_may_not_be_is_refused(run, words, fault, capsys, monkeypatch):
    monkeypatch.delenv("WGAN_TOKEN", raising=False)
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: pytest.fail("it serves"))
    assert main(["serve", str(run), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert fault in line


def test_no_model_is_one_line(tmp_path, capsys):
    assert main(["serve", str(tmp_path / "nothing")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_it_answers_with_the_token_of_the_environment_and_ends_by_a_signal(run):
    command = [sys.executable, "-m", "wgan", "serve", str(run), "--port", "18465"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "WGAN_TOKEN": TOKEN},
    )
    try:
        assert "WGAN_TOKEN" in process.stdout.readline()
        address = process.stdout.readline().strip()
        assert json.loads(urlopen(f"{address}health").read())["status"] == "ok"
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        asked = Request(f"{address}sample", b'{"n": 4, "seed": 0}', headers)
        assert len(json.loads(urlopen(asked).read())["samples"]) == 4
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{address}model")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
