"""Where a run computes, and in which precision."""

import pytest
import torch
from nets import codec_for

from wgan.base.bfloat16 import computes_in_bfloat16
from wgan.base.errors import WganError
from wgan.config import choose_device, configure, from_settings
from wgan.config.device import choose_precision
from wgan.config.sections import TrainingConfig

CPU = torch.device("cpu")


PICTURES, POINTS = codec_for((3, 8, 8)), codec_for((8,))


def requesting(precision, device="cpu"):
    return TrainingConfig(precision=precision, device=device)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(
        WganError, match=r"training\.device = 'tpu': torch finds no such device here"
    ):
        choose_device("tpu")


@pytest.mark.parametrize(
    ("capabilities", "there"),
    [
        ({"avx512_bf16": True, "avx2": True}, True),
        ({"amx_bf16": False, "avx512_bf16": False}, False),
        ({"avx2": True}, False),
    ],
)
def test_bfloat16_is_computed_in_where_the_processor_says_so(capabilities, there, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert computes_in_bfloat16(CPU) is there
    assert choose_precision(requesting("auto"), PICTURES) == ("bfloat16" if there else "float32")
    assert choose_precision(requesting("auto"), POINTS) == "float32"
    assert choose_precision(requesting("bfloat16"), POINTS) == "bfloat16"
    assert choose_precision(requesting("float32"), PICTURES) == "float32"


def test_an_older_torch_that_cannot_tell_stays_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert choose_precision(requesting("auto"), PICTURES) == "float32"


@pytest.mark.parametrize("there", [True, False])
def test_a_configuration_says_what_was_chosen(there, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": there}, raising=False)
    configs = [
        configure([from_settings([f"data.source={source}", "training.device=cpu"])])[0]
        for source in ("digits", "swiss-roll")
    ]
    chosen = [config.training.precision for config in configs]
    assert chosen == ["bfloat16" if there else "float32", "float32"]


def test_a_configuration_for_another_machine_can_be_made(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_precision(requesting("auto", "cuda"), PICTURES) == "float32"
