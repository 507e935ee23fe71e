"""Examination of an installation: what is there, what a run would use, and how fast a step is.

Each check is a function that returns a finding. One that fails says why, and the others continue:
nothing but the ground floor is imported before a check needs it.
"""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wgan.base.printing import counted
from wgan.base.progress import Progress, silent
from wgan.base.provenance import CPUINFO
from wgan.experiments.installed import check_packages, extras_there, python_version

SPEED_DATA = "digits"
"""Data of the measured step, with the settings of `wgan train` without arguments."""
WARM_UP = 3
"""First steps, which choose kernels and get memory, and are not timed."""
TIMED_SECONDS = 3.0
"""Seconds of timed steps: with imports and data the whole takes about five."""
LEAST_TIMED = 5
"""Fewest steps that are timed: fewer have no quartiles."""
LEAST_FREE = 2**30
"""Bytes of free disk below which a note is made: a run of pictures takes some 100 MB."""
MATRIX_UNITS = ("amx_tile", "amx_bf16", "amx_int8", "amx_fp16")
VECTOR_UNITS = ("avx512_bf16", "avx512f", "avx2")
"""Flags of /proc/cpuinfo: units that multiply tiles of matrices, and those for vectors."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Finding:
    """Finding of one check.

    Attributes:
        name: of the check.
        lines: for people.
        values: the same as plain values; `unknown` says why there are none.
        faults: what is broken of all that a run needs, each with its remedy.
    """

    name: str
    lines: tuple[str, ...]
    values: dict[str, Any]
    faults: tuple[str, ...] = field(default=())


def examine(progress: Progress = silent) -> list[Finding]:
    """Return the findings of all checks, in order.

    Args:
        progress: listener.
    """
    findings = []
    for done, (name, check) in enumerate(CHECKS.items()):
        progress(name, done, len(CHECKS))
        findings.append(_found(name, check))
    progress(name, len(CHECKS), len(CHECKS))
    return findings


def faults_of(findings: Sequence[Finding]) -> list[str]:
    """Return the broken parts; a failure that a broken package explains is not reported again.

    Args:
        findings: of all checks.
    """
    by_name = {finding.name: list(finding.faults) for finding in findings}
    every = [fault for faults in by_name.values() for fault in faults]
    return by_name["packages"] or every


def _found(name: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding of a check, or that it failed."""
    try:
        return check()
    except Exception as error:  # whatever is broken, it is said
        lines = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
        faults = (f"{name}: {reason}",) if name in NEEDED else ()
        return Finding(name, (f"unknown ({reason})",), {"unknown": reason}, faults)


def _python() -> Finding:
    values = python_version()
    line = f"{values['version']}, {values['executable']}; wgan {values['wgan']}"
    return Finding("python", (line,), values)


def _packages() -> Finding:
    packages = check_packages()
    versions = ", ".join(f"{each.name} {each.version or 'missing'}" for each in packages)
    values = {each.name: each.to_json() for each in packages}
    faults = tuple(each.fault for each in packages if each.fault)
    return Finding("packages", (versions,), values, faults)


def _extras() -> Finding:
    extras = extras_there()
    width = max(len(each.name) for each in extras)
    lines = tuple(f"{each.name:{width}}  {each}" for each in extras)
    return Finding("extras", lines, {each.name: each.to_json() for each in extras})


def _device() -> Finding:
    import torch

    from wgan.config.device import choose_device

    device = choose_device("auto")
    there = {
        "CUDA": torch.cuda.is_available(),
        "Apple's MPS": torch.backends.mps.is_available(),
    }
    found = [name for name, is_there in there.items() if is_there]
    why = f"torch finds {found[0]}" if found else f"torch finds neither {' nor '.join(there)}"
    # An operation tells a device that is listed, but that this build of torch cannot drive.
    ones = torch.ones(2, 2, device=device)
    works = float((ones @ ones).sum()) == 8.0
    name = torch.cuda.get_device_name() if device.type == "cuda" else None
    memory = torch.cuda.mem_get_info()[1] if device.type == "cuda" else None
    values = {"chosen": device.type, "why": why, "name": name, "memory_bytes": memory}
    faults = () if works else (f"device: {device} multiplies wrongly: give --device cpu",)
    line = f"{device}{f' ({name})' if name else ''}: {why}"
    return Finding("device", (line,), values, faults)


def _precision() -> Finding:
    from wgan.base.bfloat16 import computes_in_bfloat16
    from wgan.config.device import choose_device

    device = choose_device("auto")
    has_it = computes_in_bfloat16(device)
    pictures = "bfloat16" if has_it else "float32"
    why = f"{device} {'computes' if has_it else 'does not compute'} in bfloat16"
    values = {"pictures": pictures, "others": "float32", "why": why}
    which = "bfloat16 for pictures of 8 bits, float32 for all else" if has_it else "float32"
    return Finding("precision", (f"{which}: {why}",), values)


def _threads() -> Finding:
    import torch

    threads, cores = torch.get_num_threads(), os.cpu_count()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    given = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    values = {"torch": threads, "cores": cores, "usable_cores": usable, "environment": given}
    words = "".join(f", {name}={value}" for name, value in given.items())
    line = f"{threads} of torch, on {usable} of {cores} cores{words}"
    return Finding("threads", (line,), values)


def _matrix_units() -> Finding:
    flags = set()
    for line in CPUINFO.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            flags |= set(value.split())
    units = [flag for flag in MATRIX_UNITS if flag in flags]
    vectors = [flag for flag in VECTOR_UNITS if flag in flags]
    values = {"amx": bool(units), "flags": [*units, *vectors]}
    words = f"AMX ({', '.join(units)})" if units else "no AMX"
    return Finding("matrix units", (f"{words}; {', '.join(vectors) or 'no AVX2'}",), values)


def _cache() -> Finding:
    from wgan.data.cache_contents import cache_contents, total

    contents = cache_contents()
    folder, size, count = contents.folder, total(contents.entries), len(contents.entries)
    fault = _unwritable(folder)
    values = {"folder": str(folder), "files": count, "bytes": size, "writable": not fault}
    line = f"{folder}: {size / 1e6:.1f} MB in {counted(count, 'file')}"
    faults = (f"cache: {fault}: name another in WGAN_CACHE",) if fault else ()
    return Finding("cache", (line,), values, faults)


def _disk() -> Finding:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    fault = _unwritable(here)
    values = {"folder": str(here), "free_bytes": free, "writable": not fault}
    low = " (little: runs of pictures take some 100 MB)" if free < LEAST_FREE else ""
    faults = (f"disk: {fault}: work in another folder, or give --out",) if fault else ()
    return Finding("disk", (f"{free / 1e9:.1f} GB free at {here}{low}",), values, faults)


def _unwritable(folder: Path) -> str:
    """Return why a folder, or the first above it that is there, cannot be written to."""
    there = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        return f"{there} is not a folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there} cannot be written to"


def _speed() -> Finding:
    from wgan.networks import count_parameters
    from wgan.training import Run

    run = Run.open(SPEED_DATA, watch=None)
    took = _seconds_of_steps(run)
    low, median, high = (1 / each for each in statistics.quantiles(took, n=4)[::-1])
    config = run.config
    values = {
        "steps_per_second": median,
        "quartiles": [low, high],
        "timed_steps": len(took),
        "data": SPEED_DATA,
        "shape": list(run.dataset.shape),
        "variant": run.variant.name,
        "batch": config.optimizer.batch,
        "critic_steps": config.optimizer.critic_steps,
        "parameters": count_parameters(run.state.generator) + count_parameters(run.state.critic),
        "precision": config.training.precision,
        "steps": config.training.steps,
        "expected_seconds": config.training.steps / median,
    }
    lines = (
        f"{median:.3g} steps/s (quartiles {low:.3g} to {high:.3g}; {len(took)} steps timed)",
        f"of `wgan train {SPEED_DATA}`: batch {values['batch']},"
        f" {counted(config.optimizer.critic_steps, 'critic step')} each,"
        f" {values['parameters']:,} parameters, {values['precision']}",
        f"its {values['steps']} steps would take about {values['expected_seconds']:.0f} s",
    )
    return Finding("speed", lines, values)


def _seconds_of_steps(run: Any) -> list[float]:
    """Return how long each step took, of as many as fit into the time."""
    took: list[float] = []
    records = run.records()
    before = time.perf_counter()
    for record in records:
        now = time.perf_counter()
        if record.step > WARM_UP:
            took.append(now - before)
        before = now
        if len(took) >= LEAST_TIMED and sum(took) > TIMED_SECONDS:
            break
    records.close()
    return took


CHECKS: dict[str, Callable[[], Finding]] = {
    "python": _python,
    "packages": _packages,
    "extras": _extras,
    "device": _device,
    "precision": _precision,
    "threads": _threads,
    "matrix units": _matrix_units,
    "cache": _cache,
    "disk": _disk,
    "speed": _speed,
}
"""All checks, in the order of their lines."""
NEEDED = ("packages", "device", "cache", "disk", "speed")
"""Checks without which there is no run: a failure is a fault."""
