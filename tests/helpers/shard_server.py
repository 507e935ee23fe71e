"""An HTTP server on loopback that answers range requests, counts them, and can fail."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class ShardServer:
    """Serves the files of a folder; used as a context.

    `failing[name] = k` answers the next k requests of a file with 503; `slow[name] = seconds` waits
    before each answer; `ranges = False` sends whole files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.failing: Counter[str] = Counter()
        self.slow: dict[str, float] = {}
        self.ranges = True
        self.released = threading.Event()

    def __enter__(self) -> "ShardServer":
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(owner):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                pass

            def do_HEAD(self) -> None:
                self.do_GET(body=False)

            def do_GET(self, body: bool = True) -> None:
                name = self.path.lstrip("/")
                owner.requests[name] += 1
                path = owner.folder / name
                if name in owner.slow:
                    owner.released.wait(owner.slow[name])
                if owner.failing[name] > 0:
                    owner.failing[name] -= 1
                    self._answer(503)
                elif not path.is_file():
                    self._answer(404)
                else:
                    self._file(path, name, body)

            def _answer(self, code: int) -> None:
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _file(self, path: Path, name: str, body: bool) -> None:
                data = path.read_bytes()
                whole = len(data)
                asked = self.headers.get("Range")
                if asked and owner.ranges:
                    first, last = asked.removeprefix("bytes=").split("-")
                    data = data[int(first) : int(last) + 1]
                    self.send_response(206)
                    self.send_header(
                        "Content-Range", f"bytes {first}-{int(first) + len(data) - 1}/{whole}"
                    )
                else:
                    self.send_response(200)
                self.send_header("ETag", f'"{path.stat().st_mtime_ns}"')
                if owner.ranges:
                    self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if body:
                    owner.sent[name] += len(data)
                    self.wfile.write(data)

        return Handler
