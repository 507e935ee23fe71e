"""A stand-in for the Hugging Face Hub on this machine: it lists files of data sets, and sends
those of one commit.
"""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        repositories = self.server.repositories
        for repo, files in repositories.items():
            about = f"/api/datasets/{repo}"
            if path == about or path.startswith(f"{about}/revision/"):
                return self._send(200, self._info(repo, files))
            prefix = f"/datasets/{repo}/resolve/"
            if path.startswith(prefix):
                revision, _, name = path.removeprefix(prefix).partition("/")
                if revision != COMMIT:  # a branch may move between two requests
                    return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
                if name in files:
                    tag = hashlib.sha1(files[name]).hexdigest()
                    headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}
                    return self._send(200, files[name], headers)
                return self._send(404, b"Entry not found", {"X-Error-Code": "EntryNotFound"})
        return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def do_HEAD(self):
        self.do_GET()

    def _info(self, repo, files):
        siblings = [{"rfilename": name} for name in files]
        return json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings, "tags": []}).encode()

    def _send(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def hub_of(repositories):
    """Yield the address of a server that holds `{"user/name": {"path": bytes}}`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.repositories = repositories
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
