"""Devices that compute in bfloat16."""

import torch


def computes_in_bfloat16(device: torch.device) -> bool:
    """Return whether a device has instructions for products of bfloat16 numbers.

    Elsewhere they are emulated, which is slow, and less exact in some sums.

    Args:
        device: the device.
    """
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    return any(
        there for name, there in torch.cpu.get_capabilities().items() if name.endswith("bf16")
    )
