"""How fast is a training step? Our loop against a textbook loop, and both against this machine's own matrix product.

The textbook loop is written here from the papers in plain PyTorch: the same networks, batch, optimiser and float32, the
penalty by `torch.autograd.grad(..., create_graph=True)`, real, fake and interpolates scored one after another. The two
take turns in one process, and medians of the pairs' ratios are reported. Floating-point operations of matrix
products and convolutions are counted on the textbook's step; divided by the time they give each loop's share of the rate
of a 2048 x 2048 matrix product, timed in the same rounds.

    python benchmarks/step.py [--seconds 20] [--threads 2] [--out step.json]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

import wgan
from wgan.data import Batches, Dataset, load
from wgan.training import Config, configure, from_settings, prepare, row_of
from wgan.training.draws import Draws
from wgan.training.losses import build_losses
from wgan.training.step import train_step

CASES = {
    "MLP 512x3, 2-D, batch 256": ((2,), ["network.width=512", "network.depth=3", "network.latent=2", "optimiser.batch=256"]),
    "conv 64, 28x28x1, batch 64": ((28, 28, 1), ["network.width=64", "optimiser.batch=64"]),
    "conv 64, 32x32x3, batch 64": ((32, 32, 3), ["network.width=64", "optimiser.batch=64"]),
}
COMMON = ["optimiser.critic_steps=5", "optimiser.lr=1e-4", "optimiser.betas=[0.0, 0.9]", "optimiser.decay=none", "objective.penalty_weight=10"]
PRODUCTS = 5
Step = Callable[[], None]


def data_of(shape: tuple[int, ...]) -> Dataset:
    """Random data of a shape: the step's cost does not depend on the values."""
    generator = torch.Generator().manual_seed(0)
    n = 4096
    return load(
        torch.randn(n, *shape, generator=generator) if len(shape) == 1 else torch.randint(0, 256, (n, *shape), generator=generator, dtype=torch.uint8)
    )


def our_step(config: Config, data: Dataset) -> Step:
    """A step of `wgan.training`: five critic updates, one of the generator, the moving average, data and noise drawn."""
    state, row = prepare(config, data), row_of(config)
    device = next(state.critic.parameters()).device
    draws = Draws(Batches(data.split(), 0, device), config, device)
    losses = build_losses(state, row, config)
    return lambda: (train_step(state, losses, row, draws, config), None)[1]


def textbook_step(config: Config, data: Dataset) -> Step:
    """The same by the book: `DataLoader`-free indexing of a tensor, `randn`, three passes of the critic, double backward."""
    state = prepare(config, data)
    generator, critic = (deepcopy(net).to(memory_format=torch.contiguous_format) for net in (state.generator, state.critic))
    device = next(critic.parameters()).device
    batch, latent = config.optimiser.batch, config.network.latent
    optimisers = [torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.0, 0.9)) for net in (critic, generator)]
    everything = data.encode(data.rows[:]).to(device)

    def penalty(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        u = torch.rand(batch, *[1] * (real.ndim - 1), device=device)
        x = (u * real + (1 - u) * fake).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()

    def step() -> None:
        for _ in range(config.optimiser.critic_steps):
            real = everything[torch.randint(len(everything), (batch,), device=device)]
            fake = generator(torch.randn(batch, latent, device=device)).detach()
            optimisers[0].zero_grad()
            (critic(fake).mean() - critic(real).mean() + 10 * penalty(real, fake)).backward()
            optimisers[0].step()
        optimisers[1].zero_grad()
        (-critic(generator(torch.randn(batch, latent, device=device))).mean()).backward()
        optimisers[1].step()

    return step


def matrix_product(device: torch.device, size: int = 2048) -> Step:
    """A float32 matrix product of 2 size^3 operations, several times over: the machine's own limit."""
    a = torch.randn(size, size, device=device)

    def step() -> None:
        for _ in range(PRODUCTS):
            a @ a

    return step


def repeat_for(seconds: float, least: int = 5) -> Iterator[None]:
    """Yield until the time is over, at least `least` times."""
    start, count = time.perf_counter(), 0
    while count < least or time.perf_counter() - start < seconds:
        yield None
        count += 1


def timed(step: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that one call takes, work on the device included."""
    start = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of matrix products and convolutions by torch's own formulas.

    Not torch's `FlopCounterMode`, whose tracking of modules cannot stand in a double backward.
    """

    total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry:
            self.total += flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=out)
        return out


def operations(step: Step) -> int:
    """Count the operations of one step."""
    with Operations() as counter:
        step()
    return counter.total


def measure(name: str, seconds: float, device: torch.device) -> dict[str, Any]:
    """Time both loops and the matrix product in turn; return medians, and medians of ratios round by round."""
    shape, settings = CASES[name]
    data = data_of(shape)
    config, _ = configure([from_settings([*COMMON, *settings, f"training.device={device.type}"])], data=data)
    ours, textbook, product = our_step(config, data), textbook_step(config, data), matrix_product(device)
    flops = operations(textbook)
    for step in (ours, textbook, product):
        step()
    rounds = [[timed(step, device) for step in (ours, textbook, product)] for _ in repeat_for(seconds)]
    a, b, c = (statistics.median(r[i] for r in rounds) for i in range(3))
    samples = config.optimiser.critic_steps * config.optimiser.batch
    limit = PRODUCTS * 2 * 2048**3
    return {
        "case": name,
        "rounds": len(rounds),
        "ratio": statistics.median(r[1] / r[0] for r in rounds),
        "critic samples/s": {"ours": samples / a, "textbook": samples / b},
        "operations a step (textbook)": flops,
        "matrix product, operations/s": limit / c,
        "share of the matrix product's rate": {
            "ours": statistics.median(flops / r[0] / (limit / r[2]) for r in rounds),
            "textbook": statistics.median(flops / r[1] / (limit / r[2]) for r in rounds),
        },
    }


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="time for each pair of networks")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    print(
        f"wgan {wgan.__version__}, torch {torch.__version__}, {device}, {arguments.threads} threads, float32\n"
        "critic samples/s, and the share of the matrix product's rate"
    )
    rows = []
    for name in CASES:
        row = measure(name, arguments.seconds, device)
        rows.append(row)
        rate, share = row["critic samples/s"], row["share of the matrix product's rate"]
        print(
            f"{name:27} ours {rate['ours']:7.0f} ({share['ours']:.0%})  textbook {rate['textbook']:7.0f} ({share['textbook']:.0%})"
            f"  ratio {row['ratio']:.2f}  matrix product {row['matrix product, operations/s'] / 1e9:.0f} GFLOP/s  {row['rounds']} rounds",
            flush=True,
        )
    if arguments.out:
        Path(arguments.out).write_text(
            json.dumps({"torch": torch.__version__, "threads": arguments.threads, "device": str(device), "rows": rows}, indent=2)
        )


if __name__ == "__main__":
    main()
