"""Speed of a training step: ours, a textbook loop and Keras 3 in turn, beside a matrix product.

The textbook loop is written here as scripts have it, in plain PyTorch: the same networks and batch,
an unfused Adam, the penalty by `torch.autograd.grad(..., create_graph=True)`, real, fake and
interpolates scored one after another, a critic that is not frozen in the generator's step; in
bfloat16 by automatic casting. Keras is `keras_step.py` beside this file, in a process of its own
and an environment that has it. All take turns, and medians of the rounds' ratios to the textbook in
float32 are reported.

Floating-point operations of matrix products and convolutions are counted on each of PyTorch's
steps. Divided by the time, they give the share of the rate of a 2048 x 2048 matrix product in the
same precision, timed in the same rounds. Convolutions may go beyond it: a product of that size is
no more than a common measure.

    python benchmarks/step.py [--seconds 60] [--threads 2] [--keras PYTHON] [--device cuda] \\
        [--compiled] [--out step.json]
"""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

import wgan
from wgan.config import Config, configure, from_settings
from wgan.data import Batches, Dataset, load
from wgan.training import Run
from wgan.training.compiled import build_losses, compiled
from wgan.training.draws import Draws
from wgan.training.step import train_step

CASES = {
    "MLP 512x3, 2-D, batch 256": (
        (2,),
        ["network.width=512", "network.depth=3", "network.latent=2", "optimizer.batch=256"],
    ),
    "conv 64, 28x28x1, batch 64": ((28, 28, 1), ["network.width=64", "optimizer.batch=64"]),
    "conv 64, 32x32x3, batch 64": ((32, 32, 3), ["network.width=64", "optimizer.batch=64"]),
    "conv 64, 64x64x3, batch 64": ((64, 64, 3), ["network.width=64", "optimizer.batch=64"]),
}
COMMON = ["optimizer.critic_steps=5", "optimizer.lr=1e-4", "optimizer.betas=[0.0, 0.9]"]
COMMON += ["optimizer.decay=none", "objective.penalty_weight=10"]
PRODUCTS = 5
"""Matrix products that are timed as one: a single one is short beside the clock's noise."""
SIZE = 2048
"""Side of the matrix product: large enough to be bound by arithmetic. Larger ones take longer."""
Step = Callable[[], None]


def data_of(shape: tuple[int, ...]) -> Dataset:
    """Return random data of a shape; the step's cost does not depend on the values."""
    generator = torch.Generator().manual_seed(0)
    n = 4096
    return load(
        torch.randn(n, *shape, generator=generator)
        if len(shape) == 1
        else torch.randint(0, 256, (n, *shape), generator=generator, dtype=torch.uint8)
    )


def our_step(config: Config, data: Dataset) -> Step:
    """Return a step of `wgan.training`: five critic updates, and one of the generator.

    Data and noise are drawn in it, and the moving average is updated.
    """
    run = Run.start(config, data, watch=None)
    device = next(run.state.critic.parameters()).device
    draws = Draws(Batches(run.split, 0, device), config, device)
    losses = build_losses(run.state, run.variant, config)
    if config.training.compile:
        losses = compiled(losses, run.state, run.variant, config, draws)

    def step() -> None:
        train_step(run.state, losses, run.variant, draws, config)

    return step


def textbook_step(config: Config, data: Dataset) -> Step:
    """Return the same step by the book: three passes of the critic, and a double backward.

    Batches are indexed from a tensor without a `DataLoader`, and noise is `randn`.
    """
    state = Run.start(config, data, watch=None).state
    generator, critic = (
        deepcopy(net).to(memory_format=torch.contiguous_format)
        for net in (state.generator, state.critic)
    )
    device = next(critic.parameters()).device
    batch, latent = config.optimizer.batch, config.network.latent
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.0, 0.9)) for net in (critic, generator)
    ]
    everything = data.encode(data.rows[:]).to(device)

    def penalty(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        u = torch.rand(batch, *[1] * (real.ndim - 1), device=device)
        x = (u * real + (1 - u) * fake).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return ((gradient.flatten(1).float().norm(2, dim=1) - 1) ** 2).mean()

    def cast() -> torch.autocast:
        return torch.autocast(
            device.type, torch.bfloat16, enabled=config.training.precision == "bfloat16"
        )

    def step() -> None:
        for _ in range(config.optimizer.critic_steps):
            real = everything[torch.randint(len(everything), (batch,), device=device)]
            optimizers[0].zero_grad()
            with cast():
                fake = generator(torch.randn(batch, latent, device=device)).detach()
                loss = critic(fake).mean() - critic(real).mean() + 10 * penalty(real, fake)
            loss.backward()
            optimizers[0].step()
        optimizers[1].zero_grad()
        with cast():
            loss = -critic(generator(torch.randn(batch, latent, device=device))).mean()
        loss.backward()
        optimizers[1].step()

    return step


def matrix_product(device: torch.device, dtype: torch.dtype, size: int = SIZE) -> Step:
    """Return several matrix products of 2 size^3 operations: about the machine's own limit."""
    a = torch.randn(size, size, device=device).to(dtype)

    def step() -> None:
        for _ in range(PRODUCTS):
            a @ a

    return step


class Keras:
    """A process of `keras_step.py`: a step, and its seconds, for each call."""

    def __init__(self, python: str, case: int, backend: str, precision: str, threads: int) -> None:
        script = Path(__file__).with_name("keras_step.py")
        arguments = [python, str(script), "--backend", backend, "--case", str(case), "--serve"]
        arguments += ["--precision", precision, "--threads", str(threads)]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def seconds(self) -> float:
        """Run one step."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


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
    """Counts floating-point operations of products and convolutions by torch's own formulas.

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


def measure(
    name: str,
    seconds: float,
    device: torch.device,
    threads: int,
    keras: str | None,
    compiling: bool,
) -> dict[str, Any]:
    """Time all contenders in turn; return medians, and medians of ratios round by round."""
    shape, settings = CASES[name]
    data = data_of(shape)
    steps: dict[str, Step] = {}
    for precision in ("float32", "bfloat16"):
        where = [f"training.device={device.type}", f"training.precision={precision}"]
        chosen = [*COMMON, *settings, *where]
        config, _ = configure([from_settings(chosen)], data=data)
        steps[f"textbook, {precision}"] = textbook_step(config, data)
        steps[f"ours, {precision}"] = our_step(config, data)
        if compiling:
            chosen.append("training.compile=true")
            config, _ = configure([from_settings(chosen)], data=data)
            steps[f"ours, {precision}, compiled"] = our_step(config, data)
        steps[f"matrix product, {precision}"] = matrix_product(device, getattr(torch, precision))
    flops = {
        what: PRODUCTS * 2 * SIZE**3 if what.startswith("matrix") else operations(step)
        for what, step in steps.items()
        if "compiled" not in what
    }
    clocks = {what: lambda step=step: timed(step, device) for what, step in steps.items()}
    # On pictures JAX takes four to six times as long.
    backends = ("TensorFlow", "JAX") if len(shape) == 1 else ("TensorFlow",)
    workers = {
        f"Keras on {backend}, {p}": Keras(
            keras, list(CASES).index(name), backend.lower(), p, threads
        )
        for p in ("float32", "bfloat16")
        for backend in (backends if keras else ())
    }
    clocks |= {what: worker.seconds for what, worker in workers.items()}
    for clock in clocks.values():
        clock()
    rounds = [{what: clock() for what, clock in clocks.items()} for _ in repeat_for(seconds)]
    for worker in workers.values():
        worker.close()
    samples = config.optimizer.critic_steps * config.optimizer.batch
    results = {}
    for what in clocks:
        results[what] = {
            "seconds": statistics.median(r[what] for r in rounds),
            "ratio": statistics.median(r["textbook, float32"] / r[what] for r in rounds),
        }
        if not what.startswith("matrix"):
            results[what]["critic samples/s"] = samples / results[what]["seconds"]
        if what in flops:
            results[what]["operations"] = flops[what]
            limit = "matrix product, " + what.split(", ")[1]
            results[what]["share"] = statistics.median(
                flops[what] / r[what] * r[limit] / flops[limit] for r in rounds
            )
    default = configure(
        [from_settings([*COMMON, *settings, f"training.device={device.type}"])], data=data
    )[0].training.precision
    return {"case": name, "rounds": len(rounds), "default": default, "results": results}


def print_case(row: dict[str, Any]) -> None:
    """Print the results of one pair of networks."""
    print(f"\n{row['case']}: {row['rounds']} rounds; by default {row['default']}")
    for what, result in row["results"].items():
        if what.startswith("matrix"):
            print(
                f"  {what:28} {result['operations'] / result['seconds'] / 1e9:8.0f} GFLOP/s",
                flush=True,
            )
            continue
        share = ""
        if "share" in result:
            share = f"  share of the product's rate {result['share']:4.0%}"
        print(
            f"  {what:28} {result['critic samples/s']:8.0f} critic samples/s  ratio"
            f" {result['ratio']:.2f}{share}",
            flush=True,
        )


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="time for each pair of networks"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument(
        "--cases", type=int, nargs="+", default=[0, 1, 2], help="which pairs of networks, by number"
    )
    parser.add_argument(
        "--keras",
        default=None,
        metavar="PYTHON",
        help="the interpreter of an environment with keras, tensorflow-cpu and jax",
    )
    parser.add_argument(
        "--compiled", action="store_true", help="also our step with compiled losses"
    )
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    where = (
        torch.cuda.get_device_name() if device.type == "cuda" else f"{arguments.threads} threads"
    )
    print(
        f"wgan {wgan.__version__}, torch {torch.__version__}, {device}, {where}; ratios to the"
        " textbook in float32"
    )
    rows = []
    for name in (list(CASES)[i] for i in arguments.cases):
        rows.append(
            measure(
                name,
                arguments.seconds,
                device,
                arguments.threads,
                arguments.keras,
                arguments.compiled,
            )
        )
        print_case(rows[-1])
    if arguments.out:
        about = {"torch": torch.__version__, "threads": arguments.threads, "device": where}
        Path(arguments.out).write_text(json.dumps(about | {"rows": rows}, indent=2))


if __name__ == "__main__":
    main()
