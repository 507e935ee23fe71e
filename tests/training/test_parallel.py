"""Two processes on halves of a batch give one process's gradient, penalty included."""

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from wgan.config import configure, from_settings
from wgan.data import Batches
from wgan.objectives import CriticLoss
from wgan.training import prepare, variant_of
from wgan.training.draws import Draws

SETTINGS = [
    "data.source=digits",
    "network.width=4",
    "network.latent=8",
    "optimizer.batch=16",
    "training.device=cpu",
]
CPU = torch.device("cpu")


def gradient(rank, world_size, wrap):
    torch.set_num_threads(1)
    config, data = configure([from_settings(SETTINGS)])
    state = prepare(config, data)
    draws = Draws(Batches(data.split(), 0, rank=rank, world_size=world_size), config, CPU)
    x_real, z, u, _ = draws.critic(3)
    loss = wrap(
        CriticLoss(state.critic, variant_of(config))
    )  # a wrapper that is dropped before backward reduces nothing
    loss(x_real, state.generator(z).detach(), u).loss.mean().backward()
    return torch.cat([p.grad.flatten() for p in state.critic.parameters()])


def worker(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save(gradient(rank, 2, DistributedDataParallel), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_on_half_batches_give_the_gradient_of_one(tmp_path):
    mp.spawn(worker, (str(tmp_path),), nprocs=2)
    whole = gradient(0, 1, lambda m: m)
    for rank in range(2):
        part = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert float((part - whole).norm() / whole.norm()) < 1e-5
