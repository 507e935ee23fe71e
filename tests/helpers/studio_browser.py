"""Debian's chromium, as tests of the studio's page drive it through playwright."""

from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""A container has no sandbox and no GPU, and a browser of a test asks nobody for news."""
PATIENCE = 60_000
"""Milliseconds that a step of a flow may take: a process of training takes seconds to import."""
NEEDS_CHROMIUM = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="Debian's chromium is not installed"
)


def launched(driver: Any) -> Any:
    """Return a browser that playwright's driver has started; what is expected may be slow."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    return driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
