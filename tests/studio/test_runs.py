"""The tab of runs: what is there, what is new, and what can be done."""

import asyncio
import json

import pytest
from fake_runs import fake_run
from studio_client import TOKEN, studio

from wgan.runs import RunFolder
from wgan.runs.beginning import claim
from wgan.studio import follow
from wgan.studio.context import Studio
from wgan.studio.followed import Followed, seconds_left, state_of
from wgan.studio.runs import MOST_LINES, thinned
from wgan.studio.safety import Roots


def by_name(client):
    return {run["name"]: run for run in client.get("/api/runs").json()["runs"]}


def test_the_list_has_every_run_with_its_numbers(client, trained):
    found = by_name(client)
    assert set(found) == set(trained[1].values())
    for kind, name in trained[1].items():
        run = found[name]
        assert (run["kind"], run["state"], run["step"], run["steps"]) == (kind, "finished", 6, 6)
        assert run["held_out_w1"] > 0
        assert run["floor"] > 0
        assert run["units"]
        assert run["seconds_left"] is None


def test_one_run_is_told_in_full(client, trained):
    for name in trained[1].values():
        found = client.get("/api/run", params={"name": name}).json()
        assert found["snapshots"] == [0, 3, 6]
        assert any("held-out samples" in sentence for sentence in found["diagnosis"])
        assert found["results"]["rows"][0][0] == "W1"
        assert found["go_on"].startswith("wgan train ")
        assert "steps = 6" in found["settings"]
        lines = client.get("/api/run/metrics", params={"name": name}).json()["lines"]
        assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
        picture = client.get("/api/run/picture", params={"name": name, "step": 3})
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
        real = client.get("/api/run/floor", params={"name": name}).json()
        finish = RunFolder(trained[0] / name).finish()
        assert real["floor"] == pytest.approx(finish.watched.floor)


def test_the_report_is_one_page_that_loads_nothing(client, trained):
    name = trained[1]["vectors"]
    page = client.get("/report", params={"name": name})
    assert page.status_code == 200
    assert "W1" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    two = client.get("/report", params={"name": [name, trained[1]["images"]]})
    assert two.status_code == 400
    assert "data" in two.json()["error"]


def test_names_are_escaped_in_the_report(runs):
    fake_run(runs / "odd", name="<script>alert(1)</script>")
    page = studio(runs).get("/report", params={"name": "odd"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("name", ["../runs/images-0", "/etc", "nothing", "uploads", ".", "a\0b"])
@pytest.mark.parametrize(
    "path", ["/api/run", "/api/run/metrics", "/api/run/floor", "/api/run/picture?step=0", "/report"]
)
def test_what_is_no_run_is_refused(client, name, path):
    answer = client.get(path, params={"name": name, "step": 0})
    assert answer.status_code in (400, 403)
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("path", ["/api/run/stop", "/api/run/go-on"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"name": 1}', b'{"name": "x", "more": 1}', b"[" * 9999]
)
def test_malformed_bodies_are_refused(client, path, body):
    headers = {"Content-Type": "application/json"}
    assert client.post(path, content=body, headers=headers).status_code in (400, 422)


@pytest.mark.parametrize("step", ["-1", "x", "99999999999999999999999", "1.5", ""])
def test_pictures_of_no_step_are_refused(client, trained, step):
    params = {"name": trained[1]["images"], "step": step}
    assert client.get("/api/run/picture", params=params).status_code in (404, 422)


def test_a_picture_behind_a_link_out_of_the_run_is_not_sent(client, runs, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_text("secret")
    place = runs / "images-0/samples/step-0000003.png"
    place.unlink()
    place.symlink_to(secret)
    answer = client.get("/api/run/picture", params={"name": "images-0", "step": 3})
    assert answer.status_code == 404


def test_data_outside_the_folder_are_not_read(runs, trained):
    bare = studio(runs)
    name = trained[1]["tables"]
    answer = bare.get("/api/run/floor", params={"name": name})
    assert answer.status_code == 403
    assert "wgan studio --data" in answer.json()["error"]
    (runs / name / "finish.json").unlink()
    assert bare.post("/api/run/go-on", json={"name": name}).status_code == 403


def test_a_damaged_run_is_told_and_the_others_are_there(client, runs):
    (runs / "images-0/run.json").write_text("{")
    (runs / "series-0/metrics.jsonl").write_text("nonsense\n")
    found = by_name(client)
    assert found["images-0"]["state"] == "damaged"
    assert "run.json" in found["images-0"]["fault"]
    answer = client.get("/api/run", params={"name": "series-0"})
    assert "metrics.jsonl" in answer.json()["error"]
    assert "metrics.jsonl" in by_name(client)["series-0"]["fault"]
    assert found["vectors-0"]["state"] == "finished"
    assert client.get("/api/run", params={"name": "images-0"}).status_code == 400


def test_a_run_of_a_terminal_is_seen_and_not_stopped(client, runs):
    (runs / "vectors-0/finish.json").unlink()
    lock = claim(runs / "vectors-0")
    try:
        assert by_name(client)["vectors-0"]["state"] == "training"
        answer = client.post("/api/run/stop", json={"name": "vectors-0"})
        assert answer.status_code == 409
        assert "Ctrl-C" in answer.json()["error"]
        assert client.post("/api/run/go-on", json={"name": "vectors-0"}).status_code == 409
    finally:
        lock.close()


def test_a_private_run_is_shown_without_a_distance(tmp_path):
    run = fake_run(tmp_path / "runs/p")
    (run / "finish.json").unlink()
    with (run / "config.toml").open("a") as file:
        file.write("[privacy]\nepsilon = 3.0\n")
    lines = [{"step": s, "epsilon": s / 10, "seconds": float(s)} for s in range(1, 31)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    client = studio(tmp_path / "runs")
    found = by_name(client)["p"]
    assert (found["private"], found["state"], found["held_out_w1"]) == (True, "finished", None)
    assert client.get("/api/run", params={"name": "p"}).status_code == 200
    assert client.get("/api/run/floor", params={"name": "p"}).status_code == 400
    assert client.get("/report", params={"name": "p"}).status_code == 400


def test_diagnosis_of_a_run_that_trains_has_its_sentences(client, runs):
    run = runs / "vectors-0"
    (run / "finish.json").unlink()
    lines = [
        {
            "step": s,
            "estimate": 1.0,
            "generator_gradient_norm": 1.0 if s < 20 else 1e-6,
            "held_out_w1": 100.0 - s,
            "seconds": float(s),
        }
        for s in range(1, 80)
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = client.get("/api/run", params={"name": "vectors-0"}).json()
    assert any("all but vanished" in sentence for sentence in found["diagnosis"])
    assert any("not converged: held-out W1" in sentence for sentence in found["diagnosis"])
    assert found["noise"] > 0


def collect(folder, act, count):
    """Return the first news of a folder; `act` is called between them with their number."""
    roots = Roots(folder)
    follower = Studio.of(roots, 1).follower

    async def run():
        found = []
        async for news in follower.news():
            found.append(news)
            if len(found) == count:
                return found
            act(len(found))
        return found

    return asyncio.run(asyncio.wait_for(run(), 20))


def test_news_are_what_a_page_has_not_seen(tmp_path):
    run = fake_run(tmp_path / "r")
    (run / "finish.json").unlink()
    lock = claim(run)

    def act(number):
        if number == 1:
            with (run / "metrics.jsonl").open("a") as file:
                file.write('{"step": 31, "estimate": 0.5}\n{"step": 32, "estimate": 0.4}\n')
        elif number == 2:
            (run / "metrics.jsonl").write_text('{"step": 1, "estimate": 2.0}\n')
        elif number == 3:
            fake_run(tmp_path / "s")
            run.rename(tmp_path / ".gone")

    first, second, third, fourth = collect(tmp_path, act, 4)
    lock.close()
    assert [each["name"] for each in first["runs"]] == ["r"]
    assert first["all"]
    assert "all" not in second
    assert first["lines"] == {}, "a page fetches what there was before"
    assert [line["step"] for line in second["lines"]["r"]["lines"]] == [31, 32]
    assert not second["lines"]["r"]["first"]
    assert [each["step"] for each in second["runs"]] == [32]
    assert third["lines"]["r"] == {"first": True, "lines": [{"step": 1, "estimate": 2.0}]}
    assert fourth["gone"] == ["r"]
    assert [each["name"] for each in fourth["runs"]] == ["s"]


def test_what_changes_while_news_are_gathered_is_sent_next(tmp_path, monkeypatch):
    """Other requests look at the same runs, in threads of their own."""
    run = fake_run(tmp_path / "r")
    pending = []

    def lines(followed):
        if pending and pending.pop() == "here":
            followed.summary = {**followed.summary, "state": "stopped"}
            followed.version += 1
        return followed.tail.lines

    monkeypatch.setattr(Followed, "lines", property(lines))
    follower = Studio.of(Roots(run.parent), 1).follower

    async def follow_states():
        news = follower.news()
        states = [(await anext(news))["runs"][0]["state"]]
        pending.extend(["here", "before"])  # two readings of its lines, the second after all else
        monkeypatch.setattr(follower, "look", lambda fresh=0.0: None)
        states.append((await anext(news))["runs"][0]["state"])
        return states

    assert asyncio.run(asyncio.wait_for(follow_states(), 10)) == ["finished", "stopped"]


def test_a_page_that_stalls_holds_nothing_back(tmp_path):
    run = fake_run(tmp_path / "r")
    (run / "finish.json").unlink()
    lock = claim(run)
    follower = Studio.of(Roots(tmp_path), 1).follower

    async def follow_twice():
        stalled, quick = follower.news(), follower.news()
        await anext(stalled)
        await anext(quick)
        steps = []
        for step in (31, 32, 33):
            with (run / "metrics.jsonl").open("a") as file:
                file.write(f'{{"step": {step}, "estimate": 0.5}}\n')
            news = await anext(quick)
            steps += [line["step"] for line in news["lines"]["r"]["lines"]]
        late = await anext(stalled)
        return steps, [line["step"] for line in late["lines"]["r"]["lines"]]

    steps, late = asyncio.run(asyncio.wait_for(follow_twice(), 20))
    lock.close()
    assert steps == late == [31, 32, 33], "it takes all at once, when it is ready"


def test_the_stream_needs_the_token(client):
    answer = client.get("/api/events", headers={"X-Wgan-Token": "wrong"})
    assert answer.status_code == 401
    assert TOKEN not in answer.text


def test_a_run_that_failed_without_a_folder_can_be_forgotten(client, runs):
    (runs / ".studio").mkdir(exist_ok=True)
    (runs / ".studio/x.json").write_text('{"pid": 999999999, "command": ["wgan"]}')
    (runs / ".studio/x.log").write_text("wgan: error: out of memory")
    assert by_name(client)["x"]["fault"] == "out of memory"
    assert client.post("/api/run/forget", json={"name": "x"}).status_code == 200
    assert "x" not in by_name(client)
    assert client.post("/api/run/forget", json={"name": "../x"}).status_code == 403


def test_a_folder_of_many_runs_fills_the_list_bit_by_bit(tmp_path, monkeypatch):
    for i in range(5):
        fake_run(tmp_path / f"r{i}")
    monkeypatch.setattr(follow, "MOST_AT_A_LOOK", -1.0)
    follower = Studio.of(Roots(tmp_path), 1).follower
    assert follower.summaries() == []
    assert follower.find("r3").summary["state"] == "finished", "one that is asked for is read"
    monkeypatch.setattr(follow, "MOST_AT_A_LOOK", 10.0)
    follower.look()
    assert len(follower.summaries()) == 5
    assert not follower.runs["r1"].lines, "metrics of a finished run wait until they are shown"
    assert follower.find("r1").lines


def test_a_long_curve_is_thinned_and_keeps_its_measurements():
    lines = [{"step": s} | ({"held_out_w1": 1.0} if s % 997 == 0 else {}) for s in range(20_000)]
    kept = thinned(lines)
    assert len(kept) < 1.1 * MOST_LINES
    assert [m for m in kept if "held_out_w1" in m] == [m for m in lines if "held_out_w1" in m]
    assert kept[-1] == lines[-1]
    assert thinned(lines[:10]) == lines[:10]


def test_the_time_left_is_that_of_the_last_lines():
    lines = [{"step": 10 * i, "seconds": float(i)} for i in range(40)]
    lines.append({"step": 400, "seconds": 100.0})  # a pause
    assert seconds_left(lines[:40], 790) == pytest.approx(40.0)
    assert seconds_left(lines[:1], 100) is None
    assert seconds_left([], 100) is None
    assert seconds_left([{"step": 5}, {"step": 5}], 100) is None


def test_states_of_a_run():
    assert state_of(True, False, False) == "training"
    assert state_of(True, True, False) == "ending"
    assert state_of(False, True, False) == "finished"
    assert state_of(False, False, True) == "finished"
    assert state_of(False, False, False) == "stopped"


def test_labels_of_a_run_outside_the_folder_are_not_read(client, runs, trained, tmp_path):
    """A run may come from a stranger, and name any file as its labels."""
    name = trained[1]["images"]
    (tmp_path / "private.txt").write_text("secret\n")
    config = runs / name / "config.toml"
    labels = f'labels = "{tmp_path}/private.txt"'
    config.write_text(config.read_text().replace('labels = "own"', labels))
    answer = client.get("/api/run/floor", params={"name": name})
    assert answer.status_code == 403
    found = client.post("/api/play/samples", json={"name": name, "n": 1, "nearest": True}).json()
    assert "wgan studio --data" in found["no_neighbours"]


def test_steps_that_are_no_number_while_a_file_is_edited_do_no_harm(client, runs):
    run = runs / "vectors-0"
    (run / "finish.json").unlink()
    lock = claim(run)
    try:
        config = run / "config.toml"
        config.write_text(config.read_text().replace("steps = 6", 'steps = "many"'))
        found = by_name(client)["vectors-0"]
        assert (found["state"], found["steps"], found["seconds_left"]) == ("training", None, None)
    finally:
        lock.close()


def test_runs_may_come_and_go_while_they_are_listed(tmp_path):
    """A thread finds new runs, and others list what there is."""
    fake_run(tmp_path / "first")
    follower = Studio.of(Roots(tmp_path), 1).follower
    follower.look()

    class Growing(Followed):
        @property
        def summary(self):
            follower.runs[f"more-{len(follower.runs)}"] = follower.runs["first"]
            return {"name": "grows"}

        @summary.setter
        def summary(self, value):
            pass

    first = follower.runs["first"]
    follower.runs = {"first": first, "grows": Growing(first.path, first.tail)}
    follower.look = lambda *_: None
    assert len(follower.summaries()) == 2
