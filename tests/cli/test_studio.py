"""`wgan studio`: what it needs, and what it refuses."""

import subprocess
import sys

import pytest

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.cli.studio import check_installed, is_local


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
        check_installed(["no_such_package"])


def test_the_package_and_the_command_line_import_no_server():
    program = "import sys, wgan, wgan.cli, wgan.cli.studio; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_addresses_of_this_machine():
    assert all(map(is_local, ["127.0.0.1", "127.8.8.8", "::1", "localhost"]))
    assert not any(map(is_local, ["0.0.0.0", "::", "", "10.0.0.1", "example.org"]))
