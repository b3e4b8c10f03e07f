"""OpenVINO gives what torch gives: every network, sizes it has not seen, in either precision; what is kept is checked."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.base.errors import MaskwrightError
from maskwright.base.openvino import installed
from maskwright.engine.runtimes import openvino
from maskwright.engine.runtimes import torch as pytorch
from maskwright.engine.runtimes.compiled import CompiledFolder
from maskwright.models import (
    DeepLabConfig,
    EncoderUNetConfig,
    FCNConfig,
    MaskRCNNConfig,
    PanopticDeepLabConfig,
    PanopticFPNConfig,
    UNetConfig,
)

needs_openvino = pytest.mark.skipif(installed() is None, reason="OpenVINO is not installed (pip install 'maskwright[fast]')")
CPU = torch.device("cpu")
DETECTOR = MaskRCNNConfig(width=16, box_width=16, candidates=20, proposals=20, detections=10)
NETWORKS = {
    "unet": UNetConfig(widths=(4, 8, 16)),
    "unet without padding": UNetConfig(widths=(4, 8), norm="none", padding="valid", upsampling="nearest"),
    "unet, instance norm": UNetConfig(widths=(4, 8), norm="instance", upsampling="bilinear"),
    "unet, group norm": UNetConfig(widths=(4, 8), norm="group", upsampling="shuffle"),
    "encoder unet": EncoderUNetConfig(widths=(4, 8, 8, 8), enlarge=2, coarse_scores=True),
    "fcn": FCNConfig(encoder="efficientnet-lite0", prediction_stride=8),
    "deeplab": DeepLabConfig(encoder="efficientnet-lite0", width=16),
    "panoptic deeplab": PanopticDeepLabConfig(width=16, thing_width=8),
    "mask rcnn": DETECTOR,
    "panoptic fpn": PanopticFPNConfig(detector=DETECTOR, stuff_width=8),
}


def network(config, channels=1):
    torch.manual_seed(0)
    made = config.build(channels=channels, classes=3).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as after training: not the identity
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d) and not module.weight.any():
            torch.nn.init.normal_(module.weight, std=0.1)  # what starts at zero would hide every difference
    detector = getattr(made, "detector", made)
    if hasattr(detector, "box_head"):
        torch.nn.init.zeros_(detector.box_head.classes.bias)
        detector.box_head.classes.bias.data[-1] = 1.0
    return made


def both(config, precision="fp32", folder=None):
    made = network(config)
    fast = openvino.ready(made, channels=1, stride=config.stride, precision=precision, folder=folder)
    return fast, pytorch.ready(made, precision="fp32", device=CPU)


@torch.inference_mode()
def maps(ready, image):
    found = ready.network(ready.takes(image))
    return [found] if isinstance(found, torch.Tensor) else found


@needs_openvino
@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("mask rcnn", "panoptic fpn")])
def test_maps_agree_at_sizes_that_were_not_traced(name):
    fast, exact = both(NETWORKS[name])
    for size_hw in ((70, 41), (1, 50), (33, 64)):
        image = torch.randn(2, 1, *size_hw)
        for found, expected in zip(maps(fast, image), maps(exact, image), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


@needs_openvino
@pytest.mark.parametrize("name", ["mask rcnn", "panoptic fpn"])
@torch.inference_mode()
def test_objects_agree(name):
    fast, exact = both(NETWORKS[name])
    image = torch.randn(1, 1, 90, 70)
    found, expected = (ready.network.detect(image) for ready in (fast, exact))
    if name == "panoptic fpn":
        (found, stuff), (expected, expected_stuff) = found, expected
        torch.testing.assert_close(stuff, expected_stuff, rtol=1e-3, atol=1e-4)
    assert len(expected[0].scores) > 3
    for level, expected_level in zip(maps(fast, image), maps(exact, image), strict=True):
        torch.testing.assert_close(level, expected_level, rtol=1e-3, atol=1e-4 * float(expected_level.abs().max()))
    for field in ("boxes_xyxy", "class_ids", "scores", "masks"):
        torch.testing.assert_close(getattr(found[0], field), getattr(expected[0], field), rtol=1e-3, atol=1e-3)


@needs_openvino
def test_bf16_is_close_or_left_out_where_the_processor_lacks_it():
    fast, exact = both(NETWORKS["unet"], precision="bf16")
    (found,), (expected,) = maps(fast, torch.ones(1, 1, 32, 32)), maps(exact, torch.ones(1, 1, 32, 32))
    assert fast.precision in ("bf16", "fp32")
    assert found.dtype == torch.float32
    assert float((found - expected).norm() / expected.norm()) < 0.05


@needs_openvino
def test_the_network_that_was_handed_in_is_left_as_it_was():
    made = network(NETWORKS["unet"]).train()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    openvino.ready(made, channels=1, stride=4, precision="fp32")
    assert made.training
    assert all(torch.equal(before[name], tensor) for name, tensor in made.state_dict().items())
    assert made(torch.zeros(2, 1, 8, 8)).requires_grad


@needs_openvino
def test_what_was_compiled_is_taken_from_the_folder_and_made_anew_where_it_is_damaged(tmp_path: Path, monkeypatch):
    folder = CompiledFolder(tmp_path, ("weights 1",))
    image = torch.randn(1, 1, 24, 24)
    first, _ = both(NETWORKS["unet"], folder=folder)
    (file,) = tmp_path.iterdir()
    whole, expected = file.read_bytes(), maps(first, image)[0]
    with monkeypatch.context() as patched:
        patched.setattr(openvino, "parts", lambda *_: pytest.fail("it was compiled again"))
        again, _ = both(NETWORKS["unet"], folder=folder)
    assert torch.equal(maps(again, image)[0], expected)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (bytes(flipped), whole[:-1], b""):
        file.write_bytes(damaged)
        mended, _ = both(NETWORKS["unet"], folder=folder)
        assert torch.equal(maps(mended, image)[0], expected)
        assert folder.load("") is not None
    assert CompiledFolder(tmp_path, ("weights 2",)).load("") is None


def test_without_openvino_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(openvino, "installed", lambda: None)
    with pytest.raises(MaskwrightError, match=r"pip install 'maskwright\[fast\]'"):
        openvino.ready(network(NETWORKS["unet"]), channels=1, stride=4, precision="fp32")


@needs_openvino
def test_what_openvino_cannot_run_is_said_in_words():
    class Odd(torch.nn.Module):
        def forward(self, image):
            return torch.special.bessel_j0(image)

    with pytest.raises(MaskwrightError, match="--runtime torch"):
        openvino.ready(Odd(), channels=1, stride=4, precision="fp32")


def test_compiled_files_are_whole_or_not_taken(tmp_path: Path):
    folder = CompiledFolder(tmp_path / "new", ("a",))
    assert folder.load("head") is None
    folder.keep("head", b"content")
    assert folder.load("head") == b"content"
    assert folder.file("head").name.startswith("head-")
    assert np.all([CompiledFolder(tmp_path / "new", other).load("head") is None for other in (("b",), ("a", "b"))])
