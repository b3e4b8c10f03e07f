"""The U-Net on encoders: every size, every encoder, what it refuses."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.base.errors import PlanError
from maskwright.models import MODELS, EncoderUNetConfig, UNetConfig, model_config
from maskwright.nn.encoders import ENCODERS

NARROW = EncoderUNetConfig(widths=(4, 4, 4, 4, 4))
SCORED = replace(NARROW, coarse_scores=True)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_makes_a_network_whose_logits_have_the_image_s_size(encoder):
    torch.manual_seed(0)
    network = EncoderUNetConfig(encoder=encoder, widths=(4, 4, 4, 4, 4)).build(channels=2, classes=3).eval()
    with torch.inference_mode():
        logits = network(torch.randn(1, 2, 40, 70))
    assert logits.shape == (1, 3, 40, 70)
    assert logits.std() > 0


@given(height=st.integers(1, 70), width=st.integers(1, 70))
@settings(max_examples=8, derandomize=True, deadline=None)
def test_any_size_goes(height, width):
    network = NARROW.build(channels=1, classes=1).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, height, width)).shape == (1, 1, height, width)


@pytest.mark.parametrize("encoder", ["efficientnet-lite0", "plain"])
def test_an_image_can_be_shown_at_twice_its_size(encoder):
    """The decoder ends at the image's own resolution, beside the encoder's map of it; every weight is trained."""
    torch.manual_seed(0)
    config = EncoderUNetConfig(encoder=encoder, widths=(4, 4, 4, 4), enlarge=2)
    network = config.build(channels=1, classes=2)
    assert config.stride == 16
    assert len(network.decoder) == 4
    assert network.decoder[-1][0].in_channels == 4 + network.encoder.widths[network.encoder.strides.index(2)]
    logits = network(torch.randn(2, 1, 41, 70))
    assert logits.shape == (2, 2, 41, 70)
    logits.square().mean().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []


@pytest.mark.parametrize("config", [NARROW, SCORED])
def test_every_weight_is_trained(config):
    torch.manual_seed(0)
    network = config.build(channels=3, classes=2)
    network(torch.randn(2, 3, 64, 64)).square().mean().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []


def test_coarse_scores_start_at_nothing_and_are_added_at_the_resolution_of_the_image():
    plain, scored = NARROW.build(channels=1, classes=2).eval(), SCORED.build(channels=1, classes=2).eval()
    scored.load_state_dict(plain.state_dict(), strict=False)
    image = torch.randn(1, 1, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(scored(image), plain(image))
        assert len(scored.coarse_heads) == 5
        for place, head in enumerate(scored.coarse_heads):
            head.bias.copy_(torch.tensor([10.0**place, 0.0]))
        added = scored(image) - plain(image)
    torch.testing.assert_close(added[:, 0], torch.full_like(added[:, 0], 11111.0))
    torch.testing.assert_close(added[:, 1], torch.zeros_like(added[:, 1]))


def test_the_decoder_sees_the_encoder_s_map_of_each_resolution():
    """A pixel that only the finest map of the encoder can place moves the logits there and not two pixels away."""
    torch.manual_seed(0)
    network = EncoderUNetConfig(encoder="plain", widths=(8, 8, 8, 8, 8)).build(channels=1, classes=1).eval()
    joined = [block[0].in_channels for block in network.decoder]
    assert joined == [8 + 256, 8 + 128, 8 + 64, 8 + 32, 8 + 16]


def test_a_model_by_its_name():
    assert isinstance(model_config("unet", "plain"), UNetConfig)
    assert model_config("unet", "resnet34") == EncoderUNetConfig(encoder="resnet34", coarse_scores=True)
    for name in MODELS:
        assert "EfficientNet-Lite0" in model_config(name, "efficientnet-lite0").title
    assert model_config("fcn-16s", "vgg16").title == "FCN-16s on VGG16"


def test_what_cannot_be_is_refused_with_what_can():
    with pytest.raises(PlanError, match=r"no model 'unett'\. Did you mean 'unet'"):
        model_config("unett", "plain")
    with pytest.raises(PlanError, match=r"no encoder 'resnet43'\. Did you mean 'resnet"):
        model_config("unet", "resnet43")
    with pytest.raises(PlanError, match="cannot be 'resnet43'"):
        EncoderUNetConfig(encoder="resnet43")
    with pytest.raises(PlanError, match="needs 5 positive widths"):
        EncoderUNetConfig(widths=(8, 16))
    with pytest.raises(PlanError, match="at least 1 channel"):
        NARROW.build(channels=0, classes=2)
