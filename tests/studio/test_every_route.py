"""Every route against values that no page sends: none succeeds, and none is a fault."""

import json
import random

import pytest
from fastapi.routing import APIRoute

from wgan.studio.processes import Processes

WORDS = [
    "",
    " ",
    "..",
    "../..",
    "/",
    "/etc/passwd",
    "\0",
    "a\0b",
    "\ud800",
    "é" * 300,
    "x" * 5_000,
    "%2e%2e%2f",
    "-1",
    "1e999",
    "nan",
    "999999999999999999999999",
    "<script>",
    "images-0/../../x",
    "images-0/samples",
    ".studio",
    "\n",
    "${x}",
    "{}",
]
VALUES = [None, True, -1, 0, 10**30, 1e308, [], {}, [[]], {"a": {"b": []}}, *WORDS]
FIELDS = {
    "name",
    "source",
    "reading",
    "schema_text",
    "kinds",
    "variant",
    "minutes",
    "seed",
    "out",
    "settings",
    "n",
    "label",
    "where",
    "truncation",
    "values",
    "side",
    "u",
    "v",
}
STREAM = "/api/events"


def routes(client):
    """All routes of the application but those of the Lab, which has tests of its own."""
    found = []
    pending = list(client.app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        pending += getattr(getattr(route, "original_router", None), "routes", [])
    return [route for route in found if not route.path.startswith("/api/lab")]


def test_there_are_routes_to_try(client):
    paths = {route.path for route in routes(client)}
    assert {"/api/run", "/api/upload", "/report", "/api/play/samples"} <= paths


@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_no_word_in_an_address_is_a_fault(client, word):
    for route in routes(client):
        if "GET" in route.methods and route.path not in (STREAM, "/"):
            names = [field.name for field in route.dependant.query_params]
            query = {name: word.encode("utf-8", "surrogatepass") for name in names}
            answer = client.get(route.path, params=query)
            assert answer.status_code < 500, (route.path, word)
            if names:
                assert answer.status_code >= 400, (route.path, word)
                assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("seed", range(6))
def test_no_body_is_a_fault(client, seed, monkeypatch):
    monkeypatch.setattr(Processes, "begin", lambda *_: None)  # some bodies are right
    choose = random.Random(seed)
    headers = {"Content-Type": "application/json"}
    for route in routes(client):
        if "POST" not in route.methods or route.path == "/api/upload":
            continue
        for _ in range(8):
            names = choose.sample(sorted(FIELDS), choose.randint(0, 6))
            body = {name: choose.choice(VALUES) for name in names}
            if choose.random() < 0.5:
                body["name"] = "images-0"
            answer = client.post(route.path, content=json.dumps(body), headers=headers)
            assert answer.status_code < 500, (route.path, body)


def test_no_body_of_another_kind_is_a_fault(client):
    bodies = [b"", b"\xff", b"{" * 5000, b"null", b"1", b'"x"', b"[" * 100_000, b'{"name":' * 2000]
    pairs = [(body, "application/json") for body in bodies]
    form = b"name=images-0"
    for kind in ("text/plain", "", "multipart/form-data", "multipart/form-data; boundary=x"):
        pairs.append((form, kind))
    pairs.append((form, "application/x-www-form-urlencoded"))
    pairs.append((form, "application/json; charset=utf-99"))
    for route in routes(client):
        if "POST" in route.methods and route.path != "/api/upload":
            for body, kind in pairs:
                answer = client.post(route.path, content=body, headers={"Content-Type": kind})
                assert 400 <= answer.status_code < 500, (route.path, body[:20], kind)
