"""`wgan serve` under load: requests a second, their times, memory, and bad requests among them.

    python benchmarks/serving.py RUN --clients 16 --seconds 20 --n 64 [--format json] [--bad]

Each client asks again as soon as it was answered. The server has a process of its own on the same
machine, and so shares its cores with the clients. Needs Linux, and the extras `serve` and `dev`.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np

BAD = (
    {"content": b"{"},
    {"json": {"n": -1}},
    {"json": {"n": 10**9}},
    {"json": {"n": 1, "format": "../../etc/passwd"}},
    {"content": b"x" * 2_000_000},
    {"json": {"n": 1}, "headers": {"Host": "evil.example"}},
)
"""Requests that are to be refused."""


def memory(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


async def ask(client: httpx.AsyncClient, body: dict, until: float, times: list, codes: Counter):
    """Ask until the time is over."""
    while time.monotonic() < until:
        begun = time.monotonic()
        answer = await client.post("/sample", json=body)
        codes[answer.status_code] += 1
        if answer.status_code == 200:
            times.append(time.monotonic() - begun)
        else:
            await asyncio.sleep(0.1)


async def disturb(client: httpx.AsyncClient, until: float, codes: Counter):
    """Send bad requests until the time is over."""
    while time.monotonic() < until:
        for each in BAD:
            try:
                codes[(await client.post("/sample", **each)).status_code] += 1
            except httpx.TransportError:  # the server need not read all of a large body
                codes["cut"] += 1
        await asyncio.sleep(0.05)


async def load(address: str, options: argparse.Namespace) -> tuple[list, Counter, Counter]:
    """Return the times of answers in seconds, and how often which code came."""
    times: list[float] = []
    codes, refused = Counter(), Counter()
    limits = httpx.Limits(max_connections=options.clients + 4)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        body = {"n": options.n, "format": options.format}
        await client.post("/sample", json=body)  # the first loads kernels
        until = time.monotonic() + options.seconds
        tasks = [ask(client, body, until, times, codes) for _ in range(options.clients)]
        if options.bad:
            tasks.append(disturb(client, until, refused))
        await asyncio.gather(*tasks)
    return times, codes, refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--format", default="json")
    parser.add_argument("--bad", action="store_true", help="send bad requests meanwhile")
    options = parser.parse_args()
    command = [sys.executable, "-m", "wgan", "serve", str(options.run), "--quiet"]
    begun = time.monotonic()
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        started = time.monotonic() - begun
        before = memory(server.pid)
        times, codes, refused = asyncio.run(load(address, options))
        after = memory(server.pid)
    finally:
        server.terminate()
        server.wait()
    middle, late = 1000 * np.quantile(times, [0.5, 0.99])
    print(
        f"{options.clients} clients, {options.n} samples as {options.format}: "
        f"{len(times) / options.seconds:.1f} answers/s, "
        f"median {middle:.0f} ms, 99 % {late:.0f} ms; "
        f"memory {before:.0f} -> {after:.0f} MiB; listened after {started:.1f} s; "
        f"codes {dict(codes)}; bad requests {dict(refused)}"
    )


if __name__ == "__main__":
    main()
