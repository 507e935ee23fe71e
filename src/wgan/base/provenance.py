"""Provenance of a result: versions, commit and machine, stored beside every result."""

import os
import platform
import re
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wgan.base.version import __version__

PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "POT", "safetensors", "pillow")
"""Packages whose version can change a number of a result, or a file in which it is stored."""

CPUINFO = Path("/proc/cpuinfo")


def provenance() -> dict[str, Any]:
    """Return the time, versions, commit and machine of this process, as plain values for JSON.

    Two results are the same to the bit only where versions and number of threads are the same.
    """
    import torch  # here, so that this file imports in milliseconds

    return {
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "wgan": __version__,
        "commit": _commit(Path(__file__).resolve().parents[3]),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def _processor() -> str:
    """Return the model of the processor where Linux names it, otherwise its architecture."""
    with suppress(OSError):
        found = re.search(r"^model name\s*: (.+)$", CPUINFO.read_text(encoding="utf-8"), re.M)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _commit(checkout: Path) -> str | None:
    """Return the commit of a checkout, with a + if tracked files have changes.

    None where the folder is not a checkout (wgan was installed as a wheel) or git cannot be run.
    Only the folder itself counts: a wheel inside another project's checkout has no commit of its
    own.
    """
    if not (checkout / ".git").exists():
        return None
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        changes = _git(checkout, "status", "--porcelain", "-uno")
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changes else "")


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
