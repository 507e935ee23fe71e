"""How fast is a training step? Our loop against a textbook loop, and both against this machine's own matrix product.

The textbook loop is written here from the papers in plain PyTorch: the same networks, batch, optimiser and float32, the
penalty by `torch.autograd.grad(..., create_graph=True)`, real, fake and interpolates scored one after another. The two
take turns in one process, and medians of the pairs' ratios are reported. Floating-point operations are counted by torch
on the textbook's step, and divided by the time to give each loop's share of the matrix product's rate.

    python benchmarks/step.py [--seconds 20] [--threads 2] [--out step.json]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy

import torch
from torch.utils.flop_counter import FlopCounterMode

import wgan
from wgan.data import Batches, Dataset, load
from wgan.training import Config, configure, from_settings, prepare, row_of
from wgan.training.losses import build_losses
from wgan.training.step import Draws, train_step

CASES = {
    "MLP 512x3, 2-D, batch 256": ((2,), ["network.width=512", "network.depth=3", "network.latent=2", "optimiser.batch=256"]),
    "conv 64, 28x28x1, batch 64": ((28, 28, 1), ["network.width=64", "optimiser.batch=64"]),
    "conv 64, 32x32x3, batch 64": ((32, 32, 3), ["network.width=64", "optimiser.batch=64"]),
}
COMMON = ["optimiser.critic_steps=5", "optimiser.lr=1e-4", "optimiser.betas=[0.0, 0.9]", "optimiser.decay=none", "objective.penalty_weight=10"]
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
    generator, critic = deepcopy(state.generator), deepcopy(state.critic)
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


def matrix_rate(device: torch.device, size: int = 2048, seconds: float = 2.0) -> float:
    """Return the rate of a float32 matrix product, in operations a second (median of repeats)."""
    a = torch.randn(size, size, device=device)
    return 2 * size**3 / statistics.median(timed(lambda: a @ a, device) for _ in repeat_for(seconds))


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


def operations(step: Step) -> int:
    """Count the floating-point operations of matrix products and convolutions in one step."""
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def measure(name: str, seconds: float, device: torch.device) -> dict[str, object]:
    """Time both loops in turn and return medians."""
    shape, settings = CASES[name]
    data = data_of(shape)
    config, _ = configure([from_settings([*COMMON, *settings, f"training.device={device.type}"])], data=data)
    ours, textbook = our_step(config, data), textbook_step(config, data)
    flops = operations(textbook)
    for step in (ours, textbook):
        step()
    pairs = [(timed(ours, device), timed(textbook, device)) for _ in repeat_for(seconds)]
    mine, theirs = (statistics.median(p[i] for p in pairs) for i in range(2))
    samples = config.optimiser.critic_steps * config.optimiser.batch
    return {
        "case": name,
        "pairs": len(pairs),
        "ratio": statistics.median(b / a for a, b in pairs),
        "ours, critic samples/s": samples / mine,
        "textbook, critic samples/s": samples / theirs,
        "textbook operations a step": flops,
        "ours, operations/s": flops / mine,
        "textbook, operations/s": flops / theirs,
    }


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="time for each pair of networks")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    rate = matrix_rate(device)
    print(
        f"wgan {wgan.__version__}, torch {torch.__version__}, {device}, {arguments.threads} threads, float32 matrix product {rate / 1e9:.0f} GFLOP/s"
    )
    print(f"{'':28} {'ours':>10} {'textbook':>10} {'ratio':>6} {'share of limit':>20}")
    rows = []
    for name in CASES:
        row = measure(name, arguments.seconds, device) | {"matrix product, operations/s": rate}
        rows.append(row)
        shares = f"{row['ours, operations/s'] / rate:.0%}, textbook {row['textbook, operations/s'] / rate:.0%}"
        print(
            f"{name:28} {row['ours, critic samples/s']:8.0f}/s {row['textbook, critic samples/s']:8.0f}/s {row['ratio']:6.2f} {shares:>20}",
            flush=True,
        )
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            json.dump({"torch": torch.__version__, "threads": arguments.threads, "device": str(device), "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()
