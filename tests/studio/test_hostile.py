"""Hostile requests to a server that listens: none leaves the folder, and none is its fault."""

import gzip
import http.client
import io
import json
import socket
import zipfile

import numpy as np
import pytest
from fake_runs import fake_run
from fastapi.testclient import TestClient
from studio_client import ADDRESS, TOKEN
from studio_server import serving

from wgan.studio.app import create_app

SECRET = "secret-of-somebody-else"
OUTSIDE = ("../private/x.csv", "/etc/passwd", "%2e%2e/private/x.csv", "uploads/../../private/x.csv")
PATHS = (
    *OUTSIDE,
    *(
        "out",
        "dangling",
        "out/x.csv",
        "linked.csv",
        "good/../../private",
        ".",
        "..",
        "/",
        "~/.ssh",
        "a\0b",
    ),
    *(
        "\\..\\private\\x.csv",
        "....//private/x.csv",
        "\u202ex",
        "x" * 400,
        "good/" * 90,
        "*",
        "{a}",
    ),
    *("file:///etc/passwd", "s3://b/x.csv", "http://127.0.0.1/x.csv", "stacked-mnist:../private"),
    *("list.txt", "shards.json", "-", "--out=x", "good\n", "nul", "\ud800", ".studio", "uploads"),
)
"""Names of runs and of data, as a page might send them."""
ALLOWED = ("nul", "list.txt", "shards.json")
"""Names that the command of a new run may have; one that is taken is refused by its start."""
SETTINGS = (
    *("data.source=/etc/passwd", "data.labels=../private/x.csv", "data.schema=/etc/passwd"),
    *(" data . source=/etc/passwd", '"data".source="/etc/passwd"', "data=1", "data.source"),
    *("x.y=1", "training.out=/tmp", "network.width=1e999", "network.width=" + "9" * 180, "=", "."),
    *("training.steps=-1", "training.steps=[[[[", "optimizer.lr=nan", "--out=/tmp/x", "\0.\0=\0"),
    *(
        "device.device=/dev/zero",
        "training.seed=" + "[" * 190,
        "\ud800.a=1",
        "training.log_every=0",
    ),
)
FORMS = (
    *(b"", b"{", b"[]", b"null", b"0", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000),
    *(b'{"name": NaN}', b'{"name": 1e999}', b'{"name": ' + b"9" * 5000 + b"}", b'{"\\ud800": 1}'),
    *(b'{"name": "\\ud800", "source": "\\ud800"}', b'{"name": {"a": []}}', b'{"name": null}'),
    *(b"name=good", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b'{"name": ""}'),
)
ROUTES = (
    *("/api/data", "/api/plan", "/api/start", "/api/run/stop", "/api/run/go-on", "/api/run/forget"),
    *("/api/play/samples", "/api/play/latents", "/api/play/plane", "/api/play/point"),
    *("/api/lab/line", "/api/lab/session/x/begin", "/api/lab/session/x/claim"),
)
ENDLESS = ("/api/events", "/api/lab/session")
"""A stream that does not end, and a process that is begun."""
ABOUT_RUNS = ("/api/run", "/api/run/metrics", "/api/run/floor", "/report", "/api/play")
RAW = (
    *(b"GET / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    *(b"GET http://evil/api/runs HTTP/1.1\r\nHost: evil\r\n\r\n", b"A" * 70_000),
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\nX-Wgan-Token: %b\r\n\r\n",
    b"GET /%%%%zz%%00%%c0%%ae HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    b"GET /../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    b"GET //etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    b"GET /api/../api/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    b"GET /%%61pi/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
    b"POST /api/plan HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Wgan-Token: %b\r\nContent-Length: "
    + b"9" * 5000
    + b"\r\n\r\n",
    b"POST /api/plan HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Wgan-Token: %b\r\nContent-Length: 2\r\n"
    b"Content-Length: 3\r\nConnection: close\r\n\r\n{}",
    b"POST /api/plan HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Wgan-Token: %b\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nffffffffffffffffff\r\n",
    b"POST /api/plan HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Wgan-Token: %b\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
)
"""Bytes that are no request of a browser, or one that smuggles another; %b stands for the token."""


ENTITY = "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return content.getvalue()


def zip_with_link():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for i in range(4):
            link = zipfile.ZipInfo(f"{i % 2}/{i}.png")
            link.external_attr = 0o120777 << 16
            file.writestr(link, "/etc/passwd")
    return content.getvalue()


def uploads():
    """Return files that are no data, or would be too large, by name."""
    huge = b"\0" * 30_000_000
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, "
    header += b"'shape': (99999999999,)}"
    objects = io.BytesIO()
    np.save(objects, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return {
        "bomb.zip": zipped(**{"0/a.png": huge, "1/b.png": huge}),
        "nested.zip": zipped(**{"a.zip": zipped(**{"b.zip": huge})}),
        "climbing.zip": zipped(**{"../../../escaped.png": b"x", "/etc/escaped.png": b"x"}),
        "links.zip": zip_with_link(),
        "bomb.csv.gz": gzip.compress(b"a,b\n" + b"1,2\n" * 300_000),
        "cut.csv.gz": gzip.compress(b"a,b\n1,2\n" * 100)[:40],
        "bomb.npz": zipped(**{"x.npy": header.ljust(128) + huge}),
        "shape.npy": header.ljust(128) + b"\n",
        "objects.npy": objects.getvalue(),
        "entity.xlsx": zipped(**{"xl/workbook.xml": ENTITY}),
        "x.parquet": b"PAR1" + b"\xff" * 100 + b"PAR1",
        "nul.csv": b"a,b\n\0,\0\n" * 50,
        "paths.csv": b"path\n/etc/passwd\n../../private/x.csv\n" * 20,
        "wide.csv": b",".join(b"%d" % i for i in range(20_000)) + b"\n" + b"1," * 19_999 + b"1\n",
        "x.gz": b"\x1f\x8b\x08",
    }


NAMES = (
    *(
        "../../escaped.csv",
        "/tmp/escaped.csv",
        "..\\..\\escaped.csv",
        "a\0.csv",
        ".csv",
        "x.csv/..",
    ),
    *("\ud800.csv".encode("utf-8", "surrogatepass").decode("latin-1"), "\u202evsc.exe", "x.sh"),
    *("CON.csv", "x.csv;rm -rf", "a" * 900 + ".csv", "a" * 5000 + ".csv", ".studio/r.csv"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of runs with links out of it, beside somebody's private file."""
    home = tmp_path_factory.mktemp("hostile")
    (home / "private").mkdir()
    (home / "private/x.csv").write_text("a,b\n" + f"{SECRET},1\n" * 50)
    folder = home / "runs"
    fake_run(folder / "good")
    for name in ("list.txt", "shards.json"):
        (folder / name).write_text('["../private/x.csv"]')
    (folder / "out").symlink_to(home / "private")
    (folder / "dangling").symlink_to(home / "escaped")
    (folder / "linked.csv").symlink_to(home / "private/x.csv")
    (folder / "good/samples/step-0000099.png").symlink_to(home / "private/x.csv")
    return home


@pytest.fixture(scope="module")
def port(place):
    """The port of a server whose runs can begin nothing: it may have no process."""
    app = create_app(place / "runs", TOKEN, most_running=0, most_upload=3_000_000)
    with serving(app, log_level="critical") as port:
        yield port


@pytest.fixture
def ask(port, place):
    """A function that sends a request and returns its status; what lies outside stays as it was."""

    def send(method, path, body=None, **headers):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"X-Wgan-Token": TOKEN, "Content-Type": "application/json"} | headers
        line.request(method, path, body, headers)
        answer = line.getresponse()
        content = answer.read()
        line.close()
        assert answer.status < 500, (path, body and body[:200], content[:500])
        assert SECRET.encode() not in content, path
        assert b"root:" not in content, path
        return answer.status

    before = {path: path.read_bytes() for path in (place / "private").iterdir()}
    yield send
    assert {path: path.read_bytes() for path in (place / "private").iterdir()} == before
    assert {path.name for path in place.iterdir()} == {"private", "runs"}
    assert not list(place.parent.rglob("*escaped*.png"))


def query(path, **fields):
    pairs = ((key, str(value).encode("utf-8", "surrogatepass")) for key, value in fields.items())
    return f"{path}?" + "&".join(f"{k}=" + "".join(f"%{b:02x}" for b in v) for k, v in pairs)


def test_no_name_leads_out_of_the_folder(ask):
    for name in PATHS:
        for path in ABOUT_RUNS:
            assert ask("GET", query(path, name=name)) in (400, 403, 404, 422), name
        assert ask("GET", query("/api/run/picture", name=name, step=0)) >= 400
        assert ask("GET", query("/api/play/download", name=name, n=1, ending=".csv")) >= 400
        for path in ("/api/run/stop", "/api/run/go-on", "/api/run/forget"):
            status = ask("POST", path, json.dumps({"name": name}))
            assert status >= 400 or path.endswith("forget"), name
        for path in ("/api/data", "/api/plan", "/api/start"):
            assert ask("POST", path, json.dumps({"source": name})) in (400, 403, 404, 422), name
        for path in ("/api/plan", "/api/start"):
            status = ask("POST", path, json.dumps({"source": "digits", "out": name}))
            assert status >= 400 or name in ALLOWED, name
    assert ask("GET", query("/api/run/picture", name="good", step=99)) == 404


def test_no_setting_names_data_or_a_folder(ask):
    for setting in SETTINGS:
        body = json.dumps({"source": "digits", "settings": [setting]})
        status = ask("POST", "/api/start", body)
        assert status >= 400, setting
    for field in ("labels", "series", "time", "key", "encoding", "kind"):
        for value in (*PATHS, "/dev/zero", "idna", "base64", "zip", "utf-7"):
            ask("POST", "/api/plan", json.dumps({"source": "digits", "reading": {field: value}}))
    for schema in ("\0", "[", "a = " * 1000, "[columns]", "[" * 10_000, "x = " + "[" * 5000):
        body = {"source": "digits", "schema_text": schema}
        assert ask("POST", "/api/data", json.dumps(body)) >= 400
        ask("POST", "/api/plan", json.dumps({**body, "kinds": {"\ud800": "numeric"}}))


def test_no_malformed_form_is_taken(ask):
    for path in ROUTES:
        for form in FORMS:
            assert ask("POST", path, form) in (400, 404, 409, 413, 422), (path, form[:50])
        assert ask("POST", path, b"x" * 2_000_000) == 413


def test_no_upload_leaves_its_folder_or_is_taken_for_more_than_it_is(ask, place):
    for name in NAMES:
        ask("POST", query("/api/upload", name=name), b"a,b\n1,2\n")
    for name, content in uploads().items():
        status = ask("POST", query("/api/upload", name=name), content)
        if status == 200:
            ask("POST", "/api/data", json.dumps({"source": f"uploads/{name}"}))
            for kind in ("images", "series", "tables", "vectors"):
                body = {"source": f"uploads/{name}", "reading": {"kind": kind}}
                ask("POST", "/api/data", json.dumps(body))
    assert ask("POST", "/api/upload?name=x.csv", b"x" * 4_000_000) == 413
    kept = [path.name for path in (place / "runs/uploads").iterdir()]
    assert not any(name.startswith(".") for name in kept)


def test_no_bytes_that_are_no_request_are_answered(port, ask):
    for raw in RAW:
        raw = raw.replace(b"%b", TOKEN.encode()).replace(b"%%", b"%")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.settimeout(2)
            content = b""
            try:
                line.sendall(raw)
                line.shutdown(socket.SHUT_WR)
                while piece := line.recv(65536):
                    content += piece
            except OSError:  # the server hung up first
                pass
        assert not content.startswith((b"HTTP/1.1 5", b"HTTP/1.1 200 OK\r\ncontent-type: app")), raw
        assert b'"runs"' not in content
        assert b"root:" not in content
    assert ask("GET", "/api/runs") == 200


def test_no_request_that_fits_the_schema_is_a_fault(place):
    """Requests that are drawn from the application's own schema, a few for each route."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    hypothesis = pytest.importorskip("hypothesis")
    app = create_app(place / "runs", TOKEN, most_running=0)
    client = TestClient(app, ADDRESS, headers={"X-Wgan-Token": TOKEN})
    asked = 0
    for result in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        operation = result.ok()
        if operation.path in ENDLESS:
            continue

        @hypothesis.settings(max_examples=5, deadline=None, database=None, derandomize=True)
        @hypothesis.given(case=operation.as_strategy())
        def probe(case):
            nonlocal asked
            asked += 1
            answer = client.request(**case.as_transport_kwargs(base_url=ADDRESS))
            assert answer.status_code < 500
            assert SECRET not in answer.text

        probe()
    assert asked > 60
    assert {path.name for path in place.iterdir()} == {"private", "runs"}
