"""Training on two hosts: two network namespaces with a link of known delay and rate between them.

Each host runs torchrun with one process of one thread. The link is a pair of TUN devices; this
process carries the packets, late by the delay and no faster than the rate. Beside it, one process
trains on whole batches, and the weights are compared:

    distance = |w_2 - w_1| / |w_1|, over all parameters of the generator.

    sudo python benchmarks/two_hosts.py digits --steps 200 --delay 1 --rate 100

It needs root, and the commands `ip` and `torchrun`.
"""

import argparse
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from safetensors.torch import load_file

HOSTS = {"wgan-host-0": "10.93.0.1", "wgan-host-1": "10.93.0.2"}
DEVICE = "wgan0"
PORT = 29_500
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
"""Requests of the kernel's TUN driver (linux/if_tun.h): packets of IP alone, without a header."""
LARGEST = 9_000
"""Bytes of a packet at most, as in the jumbo frames of data centres: this process carries each."""
PACKETS_WAITING = 1_000
"""Packets that the link holds before it drops some, as a switch does."""


class Link(threading.Thread):
    """One direction of the link: packets leave `delay` seconds after they were sent at the rate.

    Args:
        source: descriptor of the TUN device that packets come from.
        target: descriptor of the one that they go to.
        delay: seconds.
        rate: bytes a second.
    """

    def __init__(self, source: int, target: int, delay: float, rate: float) -> None:
        super().__init__(daemon=True)
        self.source = source
        self.target = target
        self.delay = delay
        self.rate = rate
        self.carried = 0

    def run(self) -> None:
        waiting: deque[tuple[float, bytes]] = deque()
        free = 0.0  # when the last packet will have left the sender
        while True:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                packet = waiting.popleft()[1]
                os.write(self.target, packet)
                self.carried += len(packet)
            until = max(0.0, waiting[0][0] - now) if waiting else None
            if not select.select([self.source], [], [], until)[0]:
                continue
            packet = os.read(self.source, LARGEST)
            if len(waiting) < PACKETS_WAITING:
                free = max(free, time.monotonic()) + len(packet) / self.rate
                waiting.append((free + self.delay, packet))


def tun_in(namespace: str) -> int:
    """Return the descriptor of a new TUN device in a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{namespace}") as other:
        if libc.setns(other.fileno(), 0):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}: run as root")
        try:
            device = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN_NO_PI))
        finally:
            libc.setns(own.fileno(), 0)
    return device


@contextmanager
def two_hosts(delay: float, rate: float) -> Iterator[list[Link]]:
    """Within, both namespaces exist, with a link of this delay (s) and rate (bytes/s)."""
    made: list[str] = []
    try:
        devices = []
        for name, address in HOSTS.items():
            ip("netns", "add", name)
            made.append(name)
            devices.append(tun_in(name))
            ip("-n", name, "addr", "add", f"{address}/24", "dev", DEVICE)
            for device in ("lo", DEVICE):
                ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "link", "set", DEVICE, "mtu", str(LARGEST))
        links = [Link(*pair, delay, rate) for pair in (devices, devices[::-1])]
        for link in links:
            link.start()
        yield links
    finally:
        for name in made:
            ip("netns", "del", name)


def ip(*arguments: str) -> None:
    """Run `ip` of iproute2."""
    subprocess.run(["ip", *arguments], check=True)


def on_both(command: Sequence[str]) -> float:
    """Run a module under torchrun on both hosts; return the seconds that it took.

    Raises:
        SystemExit: it failed on one of them.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": DEVICE}
    started = time.perf_counter()
    processes = []
    for i, (name, address) in enumerate(HOSTS.items()):
        start = ["ip", "netns", "exec", name, sys.executable, "-m", "torch.distributed.run"]
        start += ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d"]
        start += ["--rdzv-endpoint", f"{next(iter(HOSTS.values()))}:{PORT}"]
        start += ["--rdzv-conf", f"is_host={int(i == 0)}", "--local-addr", address]
        processes.append(subprocess.Popen([*start, "-m", *command], env=environment))
    codes = [process.wait() for process in processes]
    if any(codes):
        raise SystemExit(f"torchrun ended with {codes}")
    return time.perf_counter() - started


def distance(a: Path, b: Path) -> float:
    """Return |w_a - w_b| / |w_b| of two generators."""
    left, right = (load_file(each / "generator.safetensors") for each in (a, b))
    apart = sum(float((left[name] - right[name]).double().square().sum()) for name in right)
    size = sum(float(value.double().square().sum()) for value in right.values())
    return (apart / size) ** 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--delay", type=float, default=1, help="milliseconds, one way")
    parser.add_argument("--rate", type=float, default=100, help="megabits a second, each way")
    values, settings = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        both, alone = Path(folder, "both"), Path(folder, "alone")
        train = ["wgan", "train", values.data, "--steps", str(values.steps), *settings]
        with two_hosts(values.delay / 1e3, values.rate * 1e6 / 8) as links:
            seconds = on_both([*train, "--out", str(both)])
            carried = sum(link.carried for link in links)
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        started = time.perf_counter()
        command = [sys.executable, "-m", *train, "--out", str(alone)]
        subprocess.run(command, env=environment, check=True)
        whole = time.perf_counter() - started
        print(
            f"{values.delay:g} ms, {values.rate:g} Mbit/s: two hosts {seconds:.1f} s, one process"
            f" {whole:.1f} s, start and finish included; {carried / values.steps / 1e6:.2f} MB a"
            f" step over the link; generators {distance(both, alone):.2g} apart"
        )


if __name__ == "__main__":
    main()
