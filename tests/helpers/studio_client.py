"""Clients of a studio in this process, with the token that its page has."""

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from wgan.studio.app import create_app

TOKEN = "a-token-of-the-tests"
ADDRESS = "http://127.0.0.1:8765"


def studio(folder: Path, **settings: Any) -> TestClient:
    """Return a client of the studio of a folder, which is made; errors inside are answers."""
    folder.mkdir(parents=True, exist_ok=True)
    app = create_app(folder, TOKEN, **settings)
    headers = {"X-Wgan-Token": TOKEN}
    return TestClient(app, ADDRESS, headers=headers, raise_server_exceptions=False)
