"""The studio under load: many open pages, several runs that log, a page that does not read, and a
server that is killed.

python benchmarks/studio.py --pages 50 --runs 5 --seconds 20

Lines are written as a run writes them, so that training takes no part of the cores. Needs Linux,
and the extras `studio` and `dev`.
"""

import argparse
import asyncio
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from wgan.runs.folder import FINISH, LOCK, METRICS

TOKEN = "a-token-of-the-benchmark"
HEADERS = {"X-Wgan-Token": TOKEN}
SMALL = ("network.width=8", "network.depth=1", "optimizer.batch=16", "training.log_every=1")
PATIENCE = 90
BURST = 20_000
"""Lines that wait for each page that does not read: 5 MB, more than the buffers of a connection."""


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between two lines")
    return parser.parse_args()


def serve(folder: Path) -> tuple[subprocess.Popen[str], str, float]:
    """Start the studio; return its process, its address, and the seconds until it listened."""
    begun = time.monotonic()
    command = [sys.executable, "-P", "-m", "wgan", "studio", str(folder), "--quiet"]
    server = subprocess.Popen(
        [*command, "--token", TOKEN, "--processes", "2"], stdout=subprocess.PIPE, text=True
    )
    address = server.stdout.readline().split("#")[0]
    if not address:
        raise SystemExit("the studio did not start")
    return server, address, time.monotonic() - begun


def memory(pid: int) -> tuple[float, float]:
    """Return the memory of a process in MiB, and the seconds of a core that it took."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
    ticks = sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return resident, ticks / os.sysconf("SC_CLK_TCK")


def make_runs(folder: Path, n: int) -> list[Path]:
    """Train a short run and copy it, to write their metrics on here; return their folders."""
    made = [folder / f"run-{i}" for i in range(n)]
    settings = [word for each in (*SMALL, "training.steps=4") for word in ("--set", each)]
    command = [sys.executable, "-m", "wgan", "train", "swiss-roll", *settings]
    done = subprocess.run([*command, "--out", str(made[0])], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    (made[0] / FINISH).unlink()  # it trains still
    for copy in made[1:]:
        shutil.copytree(made[0], copy)
    return made


def burst(run: Path) -> None:
    """Add many lines to a run at once."""
    line = json.loads((run / METRICS).read_text().splitlines()[-1])
    with (run / METRICS).open("a") as file:
        file.writelines(json.dumps({**line, "step": 5 + i // 100}) + "\n" for i in range(BURST))


async def log(runs: list[Path], seconds: float, interval: float) -> dict[tuple[str, int], float]:
    """Add a line to each run again and again; return when each was written, by run and step."""
    lines = {run: json.loads((run / METRICS).read_text().splitlines()[-1]) for run in runs}
    written = {}
    step, end = 1000, time.monotonic() + seconds
    while time.monotonic() < end:
        step += 1
        for run, line in lines.items():
            with (run / METRICS).open("a") as file:
                file.write(json.dumps({**line, "step": step}) + "\n")
            written[run.name, step] = time.monotonic()
            await asyncio.sleep(interval / len(runs))
    return written


async def watch(
    client: httpx.AsyncClient, address: str, came: list[tuple[str, int, float]]
) -> None:
    """Read events as a page does; note when each line came."""
    async with client.stream("GET", f"{address}api/events") as answer:
        async for text in answer.aiter_lines():
            if not text.startswith("data:"):
                continue
            now = time.monotonic()
            for name, news in json.loads(text[5:])["lines"].items():
                came += [(name, line["step"], now) for line in news["lines"]]


def stall(address: str) -> socket.socket:
    """Open a page that reads nothing."""
    host, port = re.search(r"//([\d.]+):(\d+)", address).groups()
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.connect((host, int(port)))
    request = f"GET /api/events HTTP/1.1\r\nHost: {host}:{port}\r\nX-Wgan-Token: {TOKEN}\r\n\r\n"
    line.sendall(request.encode())
    return line


async def load(asked: argparse.Namespace, address: str, runs: list[Path], pid: int) -> None:
    """Measure latency and memory with many pages, two of which do not read."""
    before, _ = memory(pid)
    stalled = [stall(address) for _ in range(2)]
    await asyncio.sleep(1)
    burst(runs[0])
    await asyncio.sleep(3)
    locks = [(run / LOCK).open("w") for run in runs]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)  # so that the studio sees them train
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(headers=HEADERS, timeout=PATIENCE, limits=limits) as client:
        logs: list[list[tuple[str, int, float]]] = [[] for _ in range(asked.pages)]
        pages = [asyncio.create_task(watch(client, address, came)) for came in logs]
        await asyncio.sleep(4)
        _, cpu = memory(pid)
        begun = time.monotonic()
        written = await log(runs, asked.seconds, asked.interval)
        took = time.monotonic() - begun
        await asyncio.sleep(3)
        after, cpu_after = memory(pid)
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
    late = [now - written[name, step] for came in logs for name, step, now in came if step > 1000]
    median, high, worst = np.quantile(late, [0.5, 0.95, 1])
    expected = len(written) * asked.pages
    print(f"lines written                     {len(written)}, to {len(runs)} runs")
    print(f"events that came                  {len(late)} of {expected}")
    print(f"latency: median                   {median * 1000:.0f} ms")
    print(f"latency: 95 %                     {high * 1000:.0f} ms")
    print(f"latency: largest                  {worst * 1000:.0f} ms")
    print(f"memory of the server, no page     {before:.0f} MiB")
    print(f"memory of the server, {asked.pages} pages    {after:.0f} MiB")
    print(f"cores that the server took        {(cpu_after - cpu) / (took + 3):.2f}")
    for each in (*stalled, *locks):
        each.close()


def until(condition, what: str) -> float:
    """Wait until something holds; return the seconds."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > PATIENCE:
            raise SystemExit(f"never: {what}")
        time.sleep(0.1)
    return time.monotonic() - begun


def kill_and_restart(folder: Path, server: subprocess.Popen[str], address: str) -> None:
    """Kill the server while a run trains; start it again, and stop that run."""
    with httpx.Client(headers=HEADERS, timeout=PATIENCE) as client:
        plan = {"source": "swiss-roll", "out": "live", "steps": 10**8, "settings": list(SMALL)}
        client.post(f"{address}api/start", json=plan).raise_for_status()

        def state(name: str) -> str | None:
            runs = client.get(f"{address}api/runs").json()["runs"]
            return next((each["state"] for each in runs if each["name"] == name), None)

        until(lambda: state("live") == "training", "the run trains")
        count = len(client.get(f"{address}api/runs").json()["runs"])
        server.send_signal(signal.SIGKILL)
        server.wait()
        server, address, seconds = serve(folder)
        found = until(
            lambda: len(client.get(f"{address}api/runs").json()["runs"]) == count, "all runs"
        )
        print(f"killed, started again: listens    {seconds:.1f} s")
        print(f"then all {count} runs are found        {found:.1f} s")
        was = state("live")
        client.post(f"{address}api/run/stop", json={"name": "live"}).raise_for_status()
        took = until(lambda: state("live") == "stopped", "the run is stopped")
        print(f"the run that {was} is stopped    {took:.1f} s")
    server.send_signal(signal.SIGTERM)
    server.wait()


def main() -> None:
    """Measure, and print the figures."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "runs"
        folder.mkdir()
        runs = make_runs(folder, asked.runs)
        server, address, _ = serve(folder)
        try:
            httpx.get(f"{address}api/runs", headers=HEADERS, timeout=PATIENCE).raise_for_status()
            asyncio.run(load(asked, address, runs, server.pid))
            kill_and_restart(folder, server, address)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
