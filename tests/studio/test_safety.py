"""Hostile requests: none succeeds, and none is a fault of the server."""

import asyncio
import glob
import re

import numpy as np
import pytest
from anyio import BrokenResourceError
from fastapi.testclient import TestClient
from studio_client import ADDRESS, TOKEN, studio

from wgan.base.errors import WganError
from wgan.data import KINDS
from wgan.studio.app import STATIC, create_app
from wgan.studio.safety import Roots
from wgan.web.gate import MOST_BODY, Gate, Guard

PROBE = "/api/lab/nothing"
"""A path below /api that no route has: 404 says that the gate let the request through."""


@pytest.fixture
def client(tmp_path):
    return studio(tmp_path / "runs")


def test_the_page_needs_no_token_and_loads_its_own_files_alone(tmp_path):
    app = create_app(tmp_path, TOKEN)
    answer = TestClient(app, ADDRESS).get("/")
    assert answer.status_code == 200
    assert "<title>wgan studio</title>" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("app.js", "api.js", "dom.js", "lab.js", "style.css"):
        assert TestClient(app, ADDRESS).get(f"/{name}").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é", "\x00"])
def test_data_need_the_token(tmp_path, token):
    bare = TestClient(create_app(tmp_path, TOKEN), ADDRESS)
    assert bare.get(PROBE, headers={"X-Wgan-Token": token.encode()}).status_code == 401
    assert bare.get(PROBE, params={"token": token}).status_code == 401


def test_the_token_counts_in_a_header_and_for_reading_in_the_address(tmp_path):
    bare = TestClient(create_app(tmp_path, TOKEN), ADDRESS)
    assert bare.get(PROBE).status_code == 401
    assert bare.get(PROBE, headers={"X-Wgan-Token": TOKEN}).status_code == 404
    assert bare.get(PROBE, params={"token": TOKEN}).status_code == 404
    assert bare.get(f"{PROBE}?token={TOKEN}&token={TOKEN}").status_code == 401
    assert bare.post(PROBE, params={"token": TOKEN}).status_code == 401, "a form of another page"
    assert bare.get(PROBE + "?" + "&".join(["a=1"] * 1000)).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "127.0.0.1@evil"]
)
def test_a_foreign_host_is_refused_even_with_the_token(client, host):
    assert client.get(PROBE, headers={"Host": host}).status_code == 421
    assert client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "[::1]:8765", "LOCALHOST"])
def test_every_name_of_this_machine_is_its_host(client, host):
    assert client.get(PROBE, headers={"Host": host}).status_code == 404


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:9999",
        "http://127.0.0.1:8765.evil",
        "http://[",
    ],
)
def test_a_page_of_another_origin_is_refused_even_with_the_token(client, origin):
    for call in (client.get, client.post):
        assert call(PROBE, headers={"Origin": origin}).status_code == 403
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    for site in ("cross-site", "same-site"):
        assert client.get(PROBE, headers={"Sec-Fetch-Site": site}).status_code == 403


def test_the_own_page_is_no_foreign_one(client):
    headers = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert client.get(PROBE, headers=headers).status_code == 404
    assert client.post(PROBE, headers=headers).status_code == 405


def test_a_large_body_is_refused_by_what_it_says_and_by_what_it_is(client):
    def pieces():
        for _ in range(3):
            yield b"x" * (MOST_BODY // 2)

    assert client.post(PROBE, content=b"x" * (MOST_BODY + 1)).status_code == 413
    assert client.post(PROBE, content=b"x", headers={"Content-Length": "-1"}).status_code == 413
    assert client.post(PROBE, content=pieces()).status_code in (405, 413)


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/%00", "/a\\b"])
def test_static_files_are_those_that_are_shipped(client, path):
    assert client.get(path).status_code in (400, 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_no_requests_of_the_page(client, method):
    assert client.request(method, "/").status_code == 405
    assert client.request(method, PROBE).status_code in (404, 405)


def test_nothing_is_told_about_the_routes(client):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../x", "", ".", "a\0b", "x" * 5000, "\udcff", "out/x"]
)
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(WganError):
        Roots(folder).inside(name)
    assert Roots(folder).inside("a/b") == folder / "a" / "b"


def test_data_outside_are_read_where_the_command_allows_it(tmp_path):
    table = tmp_path / "tables" / "x.csv"
    with pytest.raises(WganError, match=r"start `wgan studio --data .*tables` to allow it"):
        Roots(tmp_path / "runs").check_readable(str(table))
    Roots(tmp_path / "runs", (tmp_path / "tables",)).check_readable(str(table))


@pytest.mark.parametrize("error", [BrokenResourceError, ValueError])
def test_a_page_that_leaves_without_reading_is_no_fault(error):
    """Its stream ends in an error of anyio's, which would be printed with a traceback."""

    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ExceptionGroup("of a task group", [error()])

    async def ignore(message):
        pass

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"127.0.0.1")]}
    answered = Guard(stream, Gate("wgan studio", ""))(scope, ignore, ignore)
    if error is BrokenResourceError:
        asyncio.run(answered)
    else:
        with pytest.raises(ExceptionGroup):
            asyncio.run(answered)


def test_scripts_make_no_markup_of_text_and_load_nothing_from_elsewhere():
    for path in STATIC.iterdir():
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}, path


def test_scripts_ask_no_kind_of_data():
    kinds = "|".join(KINDS)
    for path in STATIC.glob("*.js"):
        assert not re.search(rf"[\"'`]({kinds})[\"'`]", path.read_text()), path


def test_no_pattern_leads_out_behind_its_wildcard(tmp_path):
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    np.save(tmp_path / "secret/x.npy", np.zeros((4, 2)))
    pattern = f"{tmp_path}/runs/*/../../secret/*.npy"
    assert glob.glob(pattern)
    with pytest.raises(WganError, match="write it without"):
        Roots(tmp_path / "runs").check_source(pattern)
    Roots(tmp_path / "runs").check_source(f"{tmp_path}/runs/*/*.npy")
