"""A critic of one's own, trained by `CriticLoss` alone: what it says of two known distributions.

W1 between N(0, I) and N((3, 4), I) is 5, the distance of their means.
"""

import torch

from wgan.audit import slope_corrected
from wgan.objectives import VARIANTS, CriticLoss

torch.manual_seed(0)
critic = torch.nn.Sequential(
    torch.nn.Linear(2, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1), torch.nn.Flatten(0)
)
loss = CriticLoss(critic, VARIANTS["wgan-gp"])
optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2, betas=(0.0, 0.9))
for _ in range(300):
    real = torch.randn(256, 2)
    fake = torch.randn(256, 2) + torch.tensor([3.0, 4.0])
    terms = loss(real, fake, torch.rand(256))
    optimizer.zero_grad()
    terms.loss.mean().backward()
    optimizer.step()
estimate = terms.estimate.mean().item()
print(f"estimate {estimate:.2f}; without the penalty's excess {slope_corrected(estimate, 10):.2f}")
