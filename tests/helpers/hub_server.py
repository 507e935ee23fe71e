"""A stand-in of the Hub's interface on this machine, driven by the real client `huggingface_hub`.

It speaks what the client of the Hub needs to make a model, upload to it and read from it: headers
of commits and ETags, redirects of large files, and the codes of errors. Tests put repositories in
it, make it fail or wait, and read what it was asked.
"""

import base64
import hashlib
import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

LICENSES = {"mit", "apache-2.0", "cc-by-4.0", "other"}
TOKENS = {
    "hf_jo_writes": ("jo", True),
    "hf_jo_reads": ("jo", False),
    "hf_ann_writes": ("ann", True),
}
"""User of each token, and whether it may write."""


@dataclass
class Repo:
    """A repository: files by name at each commit, and the commit of each branch and tag."""

    private: bool = False
    gated: bool = False
    commits: dict = field(default_factory=dict)
    refs: dict = field(default_factory=dict)

    def commit(self, files, branch="main"):
        """Add a commit of these files; return its name."""
        digest = hashlib.sha1(repr((len(self.commits), sorted(files))).encode())
        for name in sorted(files):
            digest.update(files[name])
        sha = digest.hexdigest()
        self.commits[sha] = dict(files)
        self.refs[branch] = sha
        return sha

    def files(self, revision):
        """Return the commit of a revision and its files; None where there is none."""
        sha = self.refs.get(revision, revision)
        return (sha, self.commits[sha]) if sha in self.commits else None


class Hub(ThreadingHTTPServer):
    """The server. `sizes` are told in place of the true ones. `moves` is called once the facts of a
    model were looked up. `mode` is that of uploads.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos = {}
        self.objects = {}
        self.asked = []
        self.sizes = {}
        self.fails = {}
        self.waits = 0.0
        self.moves = None
        self.mode = "regular"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, name, folder, **more):
        """Put a folder into a new repository; return it."""
        repo = self.repos[name] = Repo(**more)
        repo.commit({path.name: path.read_bytes() for path in folder.iterdir()})
        return repo

    def asked_for(self, words):
        """Return the requests whose path holds some words."""
        return [path for _, path, _ in self.asked if words in path]


class RefusedError(Exception):
    """An answer other than 200: its status, and the code in its header."""

    def __init__(self, status, code="", words=""):
        self.status, self.code, self.words = status, code, words


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer()

    def do_HEAD(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def do_PUT(self):
        self.answer()

    def answer(self):
        parts = urlsplit(self.path)
        self.path, self.query = unquote(parts.path), parts.query
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.user, self.writes = TOKENS.get(token, (None, False))
        self.server.asked.append((self.command, self.path, token))
        time.sleep(self.server.waits)
        try:
            for words, status in self.server.fails.items():
                if words in self.path:
                    raise RefusedError(status, words="it fails")
            if token and self.user is None:
                raise RefusedError(401, words="Invalid credentials in Authorization header")
            self.route()
        except RefusedError as refused:
            headers = {"X-Error-Code": refused.code, "X-Error-Message": refused.words}
            headers = {name: value for name, value in headers.items() if value}
            self.send(json.dumps({"error": refused.words}).encode(), refused.status, headers)

    def send(self, body, status=200, headers=(), length=None):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **dict(headers)}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_json(self, values):
        self.send(json.dumps(values).encode())

    def route(self):
        routes = {
            r"/api/repos/create": self.create,
            r"/api/validate-yaml": self.validate,
            r"/api/(?:models|datasets)/([^/]+/[^/]+)(?:/revision/(.+))?": self.info,
            r"/api/models/([^/]+/[^/]+)/preupload/(.+)": self.preupload,
            r"/api/models/([^/]+/[^/]+)/commit/(.+)": self.commit,
            r"/(?:datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)": self.resolve,
            r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch": self.batch,
            r"/objects/([0-9a-f]{64})": self.object,
        }
        for pattern, route in routes.items():
            found = re.fullmatch(pattern, self.path)
            if found:
                return route(*found.groups())
        raise RefusedError(404, words="no such route")

    def repo(self, name, writes=False):
        """The repository, where the user may see it, and write to it."""
        owner = name.split("/")[0]
        repo = self.server.repos.get(name)
        if repo is None or (repo.private and owner != self.user):
            raise RefusedError(404 if self.user else 401, "RepoNotFound", "Repository not found")
        if writes and (owner != self.user or not self.writes):
            raise RefusedError(403 if self.user else 401, "", "may not write")
        return repo

    def at(self, name, revision):
        found = self.repo(name).files(revision)
        if found is None:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return found

    def create(self):
        wanted = json.loads(self.body)
        owner = wanted.get("organization") or self.user
        if self.user is None:
            raise RefusedError(401, words="Invalid username or password.")
        if owner != self.user or not self.writes:
            raise RefusedError(403, words="You don't have the rights to create a model")
        name = f"{owner}/{wanted['name']}"
        url = {"url": f"{self.server.url}/{name}"}
        if name in self.server.repos:
            return self.send(json.dumps(url).encode(), 409)
        private = wanted.get("private") is True or wanted.get("visibility") == "private"
        self.server.repos[name] = Repo(private)
        self.server.repos[name].commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        return self.send_json(url)

    def validate(self):
        content = json.loads(self.body)["content"]
        said = re.search(r'^license: "?([^"\n]*)"?$', content, re.M)
        errors = []
        if not said or said[1] not in LICENSES:
            errors = [{"message": f'"license" must be one of {sorted(LICENSES)}'}]
        said = json.dumps({"errors": errors, "warnings": []})
        if self.headers.get("Accept") == "text/plain":
            said = "".join(each["message"] for each in errors)
        self.send(said.encode(), 400 if errors else 200)

    def info(self, name, revision):
        sha, files = self.at(name, revision or "main")
        sizes = {each: len(content) for each, content in files.items()} | self.server.sizes
        siblings = [
            {"rfilename": each} | ({"size": sizes[each]} if "blobs" in self.query else {})
            for each in files
        ]
        repo = self.server.repos[name]
        more = {"private": repo.private, "gated": "manual" if repo.gated else False}
        if self.server.moves:
            self.server.moves()
        self.send_json({"_id": "1", "id": name, "sha": sha, "siblings": siblings, **more})

    def preupload(self, name, revision):
        self.repo(name, writes=True)
        files = [
            {
                "path": each["path"],
                "uploadMode": self.server.mode if "safetensors" in each["path"] else "regular",
                "shouldIgnore": False,
            }
            for each in json.loads(self.body)["files"]
        ]
        self.send_json({"files": files})

    def commit(self, name, revision):
        repo = self.repo(name, writes=True)
        files = dict(repo.files(revision)[1])
        for line in self.body.splitlines():
            change = json.loads(line)
            value = change["value"]
            if change["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif change["key"] == "lfsFile":
                files[value["path"]] = self.server.objects[value["oid"]]
            elif change["key"] == "deletedFile":
                del files[value["path"]]
        sha = repo.commit(files)
        url = f"{self.server.url}/{name}/commit/{sha}"
        self.send_json({"commitUrl": url, "commitOid": sha})

    def resolve(self, name, revision, path):
        sha, files = self.at(name, revision)
        if self.server.repos[name].gated and self.user is None:
            raise RefusedError(401, "GatedRepo", "Access to this model is restricted")
        if path not in files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha}
            return self.send(b"", 404, headers)
        content = files[path]
        etag = hashlib.sha256(content).hexdigest()
        headers = {"X-Repo-Commit": sha, "ETag": f'"{etag}"'}
        if path.endswith(".safetensors"):
            self.server.objects[etag] = content
            headers["X-Linked-Size"] = str(len(content))
            headers["X-Linked-ETag"] = f'"{etag}"'
            # Another host, as the Hub's large files have: the client takes the facts from here.
            headers["Location"] = f"http://localhost:{self.server.server_port}/objects/{etag}"
            return self.send(b"", 302, headers)
        return self.send(content, headers=headers, length=len(content))

    def batch(self, name):
        self.repo(name, writes=True)
        wanted = json.loads(self.body)["objects"]
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.server.url}/objects/{each['oid']}"}}}
            for each in wanted
        ]
        self.send_json({"transfer": "basic", "objects": objects})

    def object(self, oid):
        if self.command == "PUT":
            assert hashlib.sha256(self.body).hexdigest() == oid
            self.server.objects[oid] = self.body
            return self.send(b"")
        return self.send(self.server.objects[oid], headers={"ETag": f'"{oid}"'})


@contextmanager
def running():
    """Serve on a free port of the loopback."""
    hub = Hub()
    thread = Thread(target=hub.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()


def environment(hub, home, token=None, **more):
    """Return the variables with which a process uses the stand-in, and a cache of its own."""
    found = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_ETAG_TIMEOUT": "2",
        "HF_HUB_DOWNLOAD_TIMEOUT": "2",
    }
    return found | ({"HF_TOKEN": token} if token else {}) | more


def use(monkeypatch, hub, home, token=None, offline=False):
    """Let the client in this process, which read its variables when it was imported, use the
    stand-in.
    """
    from huggingface_hub import constants

    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    for name, value in environment(hub, home).items():
        monkeypatch.setenv(name, value)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    else:
        monkeypatch.delenv("HF_TOKEN", raising=False)
    values = {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "HF_HUB_OFFLINE": offline,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_ETAG_TIMEOUT": 2,
        "HF_HUB_DOWNLOAD_TIMEOUT": 2,
    }
    for name, value in values.items():
        monkeypatch.setattr(constants, name, value)
