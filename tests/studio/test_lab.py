"""The Lab's routes: right answers, one clear line for anything else, and processes that end."""

import asyncio
import json
import sys
import time
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from queue import Queue

import httpx
import pytest
from studio_client import TOKEN, studio
from studio_server import app_with, serving

from wgan.experiments.demos.results import Claim, Demo, Result
from wgan.studio import lab_plane, lab_session, lab_worker
from wgan.studio.lab_session import Sessions

LINE = "/api/lab/line"
EXAMPLE = {"p": [3, 2, 1, 4], "q": [1, 2, 4, 3]}
SMALL = {"network.width": 8, "network.depth": 2, "optimizer.batch": 32}
ECHO = """
import sys
print('{"kind": "ready"}', flush=True)
for line in sys.stdin:
    print(line, end="", flush=True)
"""
"""A process in the worker's place, which starts at once and hands back its commands."""


@pytest.fixture
def client(tmp_path):
    return studio(tmp_path)


def test_the_example_has_distance_five(client):
    found = client.post(LINE, json=EXAMPLE).json()
    assert found["walk"]["distance"] == 5
    assert [each["name"] for each in found["measures"]][:2] == ["W1", "JS"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"p": [1], "q": [NaN]}',
        b'{"p": [Infinity], "q": [1]}',
        b'{"p": [1e999], "q": [1]}',
        b'{"p": [-1, 2], "q": [1, 0]}',
        b'{"p": [], "q": []}',
        b'{"p": [0], "q": [0]}',
        b'{"p": [1, 2], "q": [1]}',
        b'{"p": "1", "q": "1"}',
        b'{"p": [[1]], "q": [[1]]}',
        b'{"p": [1], "q": [1], "shift": 65}',
        b'{"p": [1], "q": [1], "shift": 0.5}',
        b'{"p": [1], "q": [1], "shift": 1' + b"0" * 400 + b"}",
        b'{"p": [1], "q": [1], "more": 1}',
        b'{"p": [1e-320], "q": [1e9]}',
        b'{"p": [' + b"1," * 64 + b'1], "q": [1]}',
        b'{"p": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
def test_anything_else_is_one_clear_line(client, body):
    answer = client.post(LINE, content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 200:  # tiny masses are masses
        assert b"1e-320" in body
        return
    assert answer.status_code in (400, 422)
    error = answer.json()["error"]
    assert 0 < len(error) < 300
    assert "\n" not in error


def test_the_page_offers_data_variants_and_claims(client):
    found = client.get("/api/lab/choices").json()
    assert "8-gaussians" in [each["name"] for each in found["data"]]
    words = [each["word"] for each in found["variants"]]
    assert words == ["minimax", "non-saturating", "clipped", "penalty", "certified"]
    assert "no-overlap" in [each["name"] for each in found["claims"]]


@contextmanager
def served(sessions):
    """Yield a client of a real server, since streams are to be cut in the middle."""
    app = app_with(sessions, Path("runs").absolute())  # in the folder of the test
    with serving(app, timeout_graceful_shutdown=20) as port:
        address = f"http://127.0.0.1:{port}/api/lab"
        with httpx.Client(base_url=address, headers={"X-Wgan-Token": TOKEN}, timeout=60) as client:
            client.app = app
            yield client


@contextmanager
def events(client, name):
    """Yield an iterator over the events of a session; leaving closes the connection."""
    with client.stream("GET", f"/session/{name}/events") as answer:
        assert answer.status_code == 200
        lines = (line for line in answer.iter_lines() if line.startswith("data:"))
        yield (json.loads(line.removeprefix("data:")) for line in lines)


def opened(client):
    answer = client.post("/session")
    assert answer.status_code == 200, answer.text
    return answer.json()["session"]


@pytest.fixture
def quick(monkeypatch):
    """Start the echo in the worker's place."""

    async def start():
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ECHO), stdin=pipe, stdout=pipe
        )

    monkeypatch.setattr(lab_session, "_start", start)


def gone(sessions, seconds=10):
    """Return whether no session has a process any more, within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        processes = [each._process for each in sessions._sessions.values()]
        if all(process.returncode is not None for process in processes):
            return True
        time.sleep(0.05)
    return False


def test_a_training_streams_and_ends_when_the_page_leaves():
    sessions = Sessions()
    with served(sessions) as client:
        name = opened(client)
        with events(client, name) as stream:
            assert next(stream) == {"kind": "ready"}
            begin = {"data": "8-gaussians", "variants": ["wgan-ortho", "gan"], "pace": "pause"}
            assert client.post(f"/session/{name}/begin", json=begin).status_code == 200
            scene = next(stream)
            assert scene["kind"] == "scene"
            assert len(scene["real"]) == scene["n"]
            assert [each["word"] for each in scene["trainings"]] == ["certified", "non-saturating"]
            first = next(stream)
            client.post(f"/session/{name}/pace", json={"pace": "step"})
            second = next(stream)
            client.post(f"/session/{name}/pace", json={"pace": "fast"})
            third = next(stream)
            assert [each["frames"][0]["step"] for each in (first, second)] == [0, 1]
            assert third["frames"][0]["step"] > 1
            for each in (first, second, third):
                certified = each["frames"][0]
                assert max(map(max, certified["slopes"])) <= 1.001
                assert certified["lipschitz"] <= 1.0001
            assert not gone(sessions, 0.1)
        assert gone(sessions), "the page left, and its training goes on"


def test_a_server_takes_two_sessions_and_gives_a_place_back(quick):
    sessions = Sessions()
    with served(sessions) as client:
        first, second = opened(client), opened(client)
        refused = client.post("/session")
        assert refused.status_code == 429
        assert "2 labs" in refused.json()["error"]
        client.post(f"/session/{first}/close")
        third = opened(client)
        assert len({first, second, third}) == 3


def test_a_session_ends_without_a_listener_and_when_its_time_is_over(quick):
    sessions = Sessions(life=2.0, unattended=0.3)
    with served(sessions) as client:
        opened(client)
        assert gone(sessions)
        name = opened(client)
        with events(client, name) as stream:
            *_, last = stream
        assert last["kind"] == "ended"
        assert "minutes are over" in last["why"]


def test_a_page_that_leaves_while_nothing_is_sent_ends_its_session_too(quick):
    sessions = Sessions()
    with served(sessions) as client:
        name = opened(client)
        with events(client, name) as stream:
            next(stream)
        assert gone(sessions)


def test_a_stream_ends_with_the_server_and_says_so(quick):
    sessions = Sessions()
    with served(sessions) as client:
        name = opened(client)
        with events(client, name) as stream:
            next(stream)
            client.app.state.studio.follower.closed = True
            assert list(stream) == [{"kind": "ended", "why": "the studio ended"}]
        assert gone(sessions)


def test_a_session_has_one_listener_and_a_process_that_fails_says_so(quick):
    sessions = Sessions()
    with served(sessions) as client:
        name = opened(client)
        with events(client, name) as stream:
            next(stream)
            assert client.get(f"/session/{name}/events").status_code == 409
            client.post(f"/session/{name}/pace", json={"pace": "slow"})
            assert next(stream) == {"do": "pace", "pace": "slow"}
            sessions.find(name)._process.kill()
            assert next(stream)["kind"] == "ended"
        assert client.post(f"/session/{name}/pace", json={"pace": "slow"}).status_code == 410


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("begin", {"data": "8-gaussians", "variants": ["wgan-pg"]}, 400),
        ("begin", {"data": "/etc/passwd", "variants": ["gan"]}, 400),
        ("begin", {"data": "8-gaussians", "variants": ["gan", "gan"]}, 400),
        ("begin", {"data": "8-gaussians", "variants": []}, 422),
        ("begin", {"data": "8-gaussians", "variants": ["gan"] * 9}, 422),
        ("begin", {"data": "8-gaussians", "variants": ["gan"], "seed": -1}, 422),
        ("begin", {"data": "8-gaussians", "variants": ["gan"], "do": "claim"}, 422),
        ("pace", {"pace": "faster"}, 422),
        ("claim", {"name": "no-overlaps"}, 400),
        ("claim", {"name": "no-overlap", "seeds": 6}, 422),
    ],
)
def test_commands_that_cannot_be_followed_are_refused(quick, what, body, status):
    with served(Sessions()) as client:
        name = opened(client)
        assert client.post(f"/session/{name}/{what}", json=body).status_code == status


@pytest.mark.parametrize("name", ["none", "..", "%00", "a" * 5000])
def test_sessions_that_there_are_not_are_refused(client, name):
    for answer in (
        client.get(f"/api/lab/session/{name}/events"),
        client.post(f"/api/lab/session/{name}/pace", json={"pace": "slow"}),
        client.post(f"/api/lab/session/{name}/close"),
    ):
        assert answer.status_code in (404, 405)
        assert answer.json()["error"]


def test_a_training_ends_with_the_studio(monkeypatch):
    """Standard input ends when the studio is killed, and the process with it."""
    codes = []
    monkeypatch.setattr(lab_worker.os, "_exit", codes.append)
    monkeypatch.setattr(lab_worker.sys, "stdin", StringIO('{"do": "pace", "pace": "slow"}\n'))
    commands = Queue()
    lab_worker._listen(commands)
    assert commands.get_nowait() == {"do": "pace", "pace": "slow"}
    assert codes == [0]


def test_the_paces_of_a_training(monkeypatch):
    monkeypatch.setattr(lab_plane, "SETTINGS", lab_plane.SETTINGS | SMALL)
    monkeypatch.setattr(lab_worker, "SLOW", 0.01)
    sent = []
    commands = Queue()
    pace = {"do": "pace"}

    def send(event):
        sent.append(event)
        steps = [each["frames"][0]["step"] for each in sent if each["kind"] == "frames"]
        if event["kind"] == "frames" and steps[-1] == 0:
            commands.put(pace | {"pace": "step"})
        elif len(steps) == 2:
            commands.put(pace | {"pace": "slow"})
        elif len(steps) == 4:
            commands.put(pace | {"pace": "fast"})
        elif len(steps) == 6:
            commands.put({"do": "claim", "name": "estimate"})

    begin = {"data": "swiss-roll", "variants": ["gan"], "seed": 3, "pace": "pause"}
    assert lab_worker.train(begin, commands, send) == {"do": "claim", "name": "estimate"}
    assert [each["kind"] for each in sent] == ["scene"] + ["frames"] * 6
    steps = [each["frames"][0]["step"] for each in sent[1:]]
    assert steps[:4] == [0, 1, 2, 3]
    assert steps[4] >= 4
    assert steps[5] > steps[4] + 1, "fast takes several steps a frame"


def test_a_claim_sends_its_progress_and_what_was_seen(monkeypatch):
    def run(seeds, effort, progress):
        progress("<b>training</b>", 0, seeds)
        rows = [{"critic": "wgan-gp", "reading": 0.12345}]
        return Result(rows, rows, [Claim("it reads", True, "0.123")], lambda figure: None)

    monkeypatch.setattr(lab_worker, "demo", lambda name: Demo(name, "", run))
    sent = []
    lab_worker.claim("it", 2, sent.append)
    assert sent[0] == {"kind": "progress", "what": "<b>training</b>", "done": 0, "total": 2}
    assert sent[1]["claims"] == [{"text": "it reads", "holds": True, "figures": "0.123"}]
    assert sent[1]["columns"] == ["critic", "reading"]
    assert sent[1]["rows"] == [["wgan-gp", "0.123"]]
    assert sent[1]["figure"].startswith("data:image/png;base64,iVBOR")
    json.dumps(sent, allow_nan=False)
