"""`wgan studio`: what it needs, and what it refuses."""

import json
import signal
import socket
import subprocess
import sys
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.cli.addresses import check_installed, is_local
from wgan.web.server import address_of, listen, names_of


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--host", "0.0.0.0"], "give --token too"),
        (["--host", "0.0.0.0", "--token", "x" * 20], "give --name too"),
        (["--host", "192.168.1.2"], "whoever reaches this port"),
        (["--token", "short"], "16 or more"),
        (["--token", "spaces in this token are none"], "without spaces"),
        (["--port", "0"], "port"),
        (["--processes", "0"], "processes"),
        (["--host", "203.0.113.7", "--token", "x" * 20], "give an address of this machine"),
        (["--host", "no.such.host.invalid", "--token", "x" * 20], "give an address"),
    ],
)
def test_a_server_that_may_not_be_is_refused(words, fault, capsys, monkeypatch):
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: pytest.fail("it serves"))
    assert main(["studio", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert fault in line


def test_what_is_missing_is_said_in_one_line():
    with pytest.raises(WganError, match=r"needs no_such_package.*pip install 'wgan\[studio\]'"):
        check_installed("wgan studio", ["no_such_package"])


def test_the_package_and_the_command_line_import_no_server():
    program = "import sys, wgan, wgan.cli, wgan.cli.studio; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_addresses_of_this_machine():
    assert all(map(is_local, ["127.0.0.1", "127.8.8.8", "::1", "localhost"]))
    assert not any(map(is_local, ["0.0.0.0", "::", "", "10.0.0.1", "example.org"]))


def test_it_prints_an_address_that_works_and_ends_by_an_interrupt(tmp_path):
    command = [sys.executable, "-m", "wgan", "studio", "my-runs", "--port", "18865", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address, _, token = process.stdout.readline().strip().partition("#token=")
        assert len(token) >= 32
        assert b"wgan studio" in urlopen(address).read()
        request = Request(f"{address}api/runs", headers={"X-Wgan-Token": token})
        assert json.loads(urlopen(request).read())["runs"] == []
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{address}api/runs")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "my-runs").is_dir()


def test_the_next_free_port_is_taken():
    first = listen("127.0.0.1", 18965)
    second = listen("127.0.0.1", first.getsockname()[1])
    assert second.getsockname()[1] > first.getsockname()[1]
    assert first.proto == socket.IPPROTO_TCP, "answers would wait 40 ms for more to send"
    first.close()
    second.close()


def test_an_address_of_ipv6_has_brackets():
    assert "[fd00::5]" in names_of("::", "fd00::5")
    with listen("127.0.0.1", 18975) as found:
        port = found.getsockname()[1]
        assert address_of(found, "::", "fd00::5") == f"http://[fd00::5]:{port}/"


def test_any_token_survives_the_address(monkeypatch, capsys):
    token = "a+b/c&d%41=e#f123"

    def serve(folder, secret, host, port, ready, name, settings):
        ready("http://127.0.0.1:1/")
        return 0

    monkeypatch.setattr("wgan.studio.server.serve", serve)
    assert main(["studio", "--token", token, "--quiet"]) == 0
    found = parse_qs(urlsplit(capsys.readouterr().out.strip()).fragment, strict_parsing=True)
    assert found == {"token": [token]}
