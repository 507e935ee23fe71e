import pytest
import torch

from wgan.base.errors import WganError
from wgan.base.tensors import read_header, read_tensors, write_tensors


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.uint8]
)
def test_every_type_comes_back_to_the_bit(tmp_path, dtype):
    tensor = (torch.randn(3, 4, 5) * 10).to(dtype)
    write_tensors(tmp_path / "t", {"a.b": tensor, "empty": torch.zeros(0, dtype=dtype)})
    tensors, header = read_tensors(tmp_path / "t")
    assert header == {}
    assert set(tensors) == {"a.b", "empty"}
    assert tensors["a.b"].dtype == dtype
    assert torch.equal(tensors["a.b"], tensor)


def test_numbers_that_are_no_numbers_come_back_too(tmp_path):
    tensor = torch.tensor([float("nan"), float("inf"), -0.0, 5e-324], dtype=torch.float64)
    write_tensors(tmp_path / "t", {"x": tensor})
    back = read_tensors(tmp_path / "t")[0]["x"]
    assert torch.equal(back.view(torch.int64), tensor.view(torch.int64))


def test_a_view_of_any_layout_and_with_a_gradient_is_stored_by_its_values(tmp_path):
    base = torch.randn(4, 6, requires_grad=True)
    views = {
        "t": base.T,
        "part": base[::2, 1:3],
        "last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
    }
    write_tensors(tmp_path / "t", views)
    back, _ = read_tensors(tmp_path / "t")
    for name, view in views.items():
        assert torch.equal(back[name], view)
        assert back[name].is_contiguous()
        assert not back[name].requires_grad


def test_the_header_is_text_and_is_read_by_itself(tmp_path):
    header = {"step": "12", "word": "größer"}
    write_tensors(tmp_path / "t", {"x": torch.ones(2)}, header)
    assert read_header(tmp_path / "t") == header
    assert read_tensors(tmp_path / "t")[1] == header


def test_tensors_outlive_their_file(tmp_path):
    path = tmp_path / "t"
    write_tensors(path, {"x": torch.arange(1000.0)})
    tensor = read_tensors(path)[0]["x"]
    path.write_bytes(b"\0" * path.stat().st_size)
    path.unlink()
    assert torch.equal(tensor, torch.arange(1000.0))


@pytest.mark.parametrize("read", [read_tensors, read_header])
def test_a_missing_file_and_a_damaged_one_are_named(tmp_path, read):
    with pytest.raises(WganError, match=r"gone: no such file"):
        read(tmp_path / "gone")
    write_tensors(tmp_path / "t", {"x": torch.ones(100)})
    whole = (tmp_path / "t").read_bytes()
    for damaged in (b"", whole[:50], whole[:-8], b"not a file of tensors"):
        (tmp_path / "t").write_bytes(damaged)
        with pytest.raises(WganError, match=r"t: a damaged safetensors file"):
            read(tmp_path / "t")
