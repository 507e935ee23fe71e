"""Two processes on halves of a batch give one process's gradient, penalty included."""

import torch
import torch.multiprocessing as mp
from half_batches import gradient, save_gradient


def test_two_processes_on_half_batches_give_the_gradient_of_one(tmp_path):
    mp.spawn(save_gradient, (str(tmp_path),), nprocs=2)
    whole = gradient(0, 1, lambda m: m)
    for rank in range(2):
        part = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert float((part - whole).norm() / whole.norm()) < 1e-5
