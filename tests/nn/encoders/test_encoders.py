"""What every encoder keeps to, and agreement with the networks whose names of weights ours have."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import golden
from golden.fill import fill, image, sample
from maskwright.base.errors import PlanError
from maskwright.nn.encoders import ENCODERS, OUTPUT_STRIDES, TITLES, build_encoder
from maskwright.nn.encoders.weights import load_encoder_weights

GOLDEN = Path(golden.__path__[0])
GOLDEN_FILES = (*(name for name in ENCODERS if name != "plain"), "resnet50-stride16", "resnet50-stride8")
EVERY_KIND = ("plain", "vgg16", "resnet18", "resnet50", "efficientnet-lite0")  # the deeper ResNets are made of the same parts


def filled(encoder: nn.Module) -> nn.Module:
    """The encoder in evaluation mode, with weights by formula: no norm is an identity, no residual branch silent."""
    shapes = {name: tuple(value.shape) for name, value in encoder.state_dict().items()}
    encoder.load_state_dict({name: torch.from_numpy(value) for name, value in fill(shapes).items()})
    return encoder.eval()


def picture(height: int = 64, width: int = 96, *, channels: int = 3) -> Tensor:
    return torch.from_numpy(image(1, channels, height, width))


def assert_close(ours: Tensor, theirs: Tensor, tolerance: float) -> None:
    """Within `tolerance` of the spread of all values."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance * theirs.std().item())


@pytest.mark.parametrize("name", EVERY_KIND)
@pytest.mark.parametrize("output_stride", OUTPUT_STRIDES)
def test_maps_have_the_widths_and_strides_that_are_said(name, output_stride):
    encoder = build_encoder(name, channels=2, output_stride=output_stride).eval()
    with torch.no_grad():
        maps = encoder(torch.zeros(2, 2, 32, 64))
    assert [values.shape for values in maps] == [
        (2, width, 32 // stride, 64 // stride) for width, stride in zip(encoder.widths, encoder.strides, strict=True)
    ]
    assert max(encoder.strides) == output_stride


@pytest.mark.parametrize("name", ENCODERS)
def test_there_is_one_map_at_each_stride_of_a_classifier(name):
    encoder = build_encoder(name, channels=1)
    assert encoder.strides in {(1, 2, 4, 8, 16, 32), (2, 4, 8, 16, 32)}
    assert name in TITLES


@pytest.mark.parametrize("name", EVERY_KIND)
def test_dilation_gives_the_values_of_the_strided_network_where_both_have_one(name):
    """The same weights: every second value, or fourth, of the dilated network's map is the strided network's, borders too."""
    strided = filled(build_encoder(name, channels=3))
    for output_stride in (16, 8):
        dilated = build_encoder(name, channels=3, output_stride=output_stride).eval()
        dilated.load_state_dict(strided.state_dict())
        with torch.no_grad():
            pairs = zip(strided(picture()), dilated(picture()), strided.strides, dilated.strides, strict=True)
        for coarse, fine, stride, finer in pairs:
            every = stride // finer
            assert_close(fine[..., ::every, ::every], coarse, 1e-5)
    assert every == 4


@pytest.mark.parametrize("file", GOLDEN_FILES)
def test_torchvision_and_timm_give_the_same_maps(tmp_path, file):
    """From a file of their state dict, the classifier's weights included, to the maps of every stride."""
    name, _, stride = file.partition("-stride")
    expected = np.load(GOLDEN / f"{file}.npz")
    weights = {key: torch.from_numpy(value) for key, value in fill(json.loads(str(expected["shapes"]))).items()}
    save_file(weights, tmp_path / "weights.safetensors")
    encoder = build_encoder(name, channels=3, output_stride=int(stride or 32)).eval()
    load_encoder_weights(encoder, name, str(tmp_path / "weights.safetensors"))
    with torch.no_grad():
        maps = encoder(picture())
    assert len(maps) == len(expected.files) - 1
    for number, values in enumerate(maps):
        assert_close(torch.from_numpy(sample(values.numpy())), torch.from_numpy(expected[f"map{number}"]), 1e-5)


@pytest.mark.parametrize("name", EVERY_KIND)
@pytest.mark.parametrize("autocast", [False, True])
def test_bfloat16_in_channels_last_layout(name, autocast):
    """Recent processors and GPUs train and predict so: in values near to float32's, and without leaving the layout."""
    encoder = filled(build_encoder(name, channels=3, output_stride=16)).to(memory_format=torch.channels_last)
    seen = picture().contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected = encoder(seen)[-1]
    encoder, seen = (encoder, seen) if autocast else (encoder.bfloat16(), seen.bfloat16())
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        maps = encoder(seen)
    assert all(values.is_contiguous(memory_format=torch.channels_last) for values in maps)
    near = torch.corrcoef(torch.stack([maps[-1].detach().float().ravel(), expected.ravel()]))[0, 1]
    assert near > 0.99
    maps[-1].float().square().mean().backward()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())


@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_fresh_encoder_trains_at_once(name):
    """Its maps and gradients are neither lost nor without bounds on the way through all layers."""
    torch.manual_seed(0)
    encoder = build_encoder(name, channels=3).train()
    maps = encoder(torch.randn(2, 3, 64, 64))
    assert 0.01 < maps[-1].std() < 100
    maps[-1].sum().backward()
    first = next(encoder.parameters())
    assert 0 < first.grad.norm() < torch.inf


def test_what_cannot_be_built_is_said():
    unchecked = inspect.unwrap(build_encoder)  # as a program calls it, without the test run's check of types
    with pytest.raises(PlanError, match=r"There is no encoder 'resnet52'\. Did you mean 'resnet50'\?"):
        unchecked("resnet52", channels=3)
    with pytest.raises(PlanError, match="at least 1 channel, not 0"):
        build_encoder("vgg16", channels=0)
    with pytest.raises(PlanError, match="output stride 4"):
        build_encoder("vgg16", channels=3, output_stride=4)
