"""With what was a result made? Versions, commit and machine, stored beside every result."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from wgan.base.version import __version__

PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "POT", "safetensors", "pillow")


def provenance() -> dict[str, Any]:
    """Return when, with what and where this process works; results are the same to the bit only
    where versions and threads are.
    """
    return {
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "wgan": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def _commit() -> str | None:
    """Return the commit of wgan's own checkout, with a + where it has changes; none where it was
    installed as a wheel.
    """
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None
    try:
        git = ["git", "-C", str(folder)]
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True
        ).stdout.strip()
        return commit + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
