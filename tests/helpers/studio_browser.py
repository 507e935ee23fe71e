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
NEEDS_CHROMIUM = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="Debian's chromium is not installed"
)


def launched(driver: Any) -> Any:
    """Return a browser that playwright's driver has started."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
