"""One process's part of a batch and its gradient: a module that spawned processes can import."""

import torch
import torch.distributed as dist
from short_runs import settled
from torch.nn.parallel import DistributedDataParallel

from wgan.data import Batches
from wgan.objectives import CriticLoss
from wgan.training import Run
from wgan.training.draws import Draws

SETTINGS = ["data.source=digits", "network.width=4", "network.latent=8", "optimizer.batch=16"]
SETTINGS += ["training.device=cpu"]
CPU = torch.device("cpu")


def gradient(rank, world_size, wrap):
    torch.set_num_threads(1)
    run = Run.start(*settled(*SETTINGS), watch=None)
    draws = Draws(Batches(run.split, 0, rank=rank, world_size=world_size), run.config, CPU)
    x_real, z, u, _ = draws.critic(3)
    # A wrapper that is dropped before backward reduces nothing.
    loss = wrap(CriticLoss(run.state.critic, run.variant))
    loss(x_real, run.state.generator(z).detach(), u).loss.mean().backward()
    return torch.cat([p.grad.flatten() for p in run.state.critic.parameters()])


def save_gradient(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save(gradient(rank, 2, DistributedDataParallel), f"{folder}/{rank}.pt")
    dist.destroy_process_group()
