import inspect

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch import nn

import maskwright.models.unet
import maskwright.nn.blocks
from maskwright.base.errors import PlanError
from maskwright.models import UNetConfig

PAPER = UNetConfig(widths=(64, 128, 256, 512, 1024), norm="none", padding="valid", dropout=0.5)


def test_the_papers_own_network_has_31_million_weights():
    with torch.device("meta"):
        network = PAPER.build(channels=1, classes=2)
    # By hand: 3x3 convolutions of encoder and bridge, of the decoder (concatenated maps first), 2x2 upsampling, 1x1 head.
    pairs = [(1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)]
    down = sum(9 * a * b + b + 9 * b * b + b for a, b in pairs)
    up = sum(9 * 2 * b * b + b + 9 * b * b + b + 4 * 2 * b * b + b for b in (512, 256, 128, 64))
    assert sum(weights.numel() for weights in network.parameters()) == down + up + 64 * 2 + 2 == 31_030_658


def test_572_pixels_become_388_as_in_the_paper():
    with torch.device("meta"):
        network, image = PAPER.build(channels=1, classes=2), torch.empty(1, 1, 572, 572)
        assert network.whole(image).shape == (1, 2, 388, 388)
    assert (PAPER.margin, PAPER.padded(388), PAPER.stride) == (92, 572, 16)


def test_every_level_of_the_papers_network_has_the_sizes_of_its_figure():
    with torch.device("meta"):
        network, sizes = PAPER.build(channels=1, classes=2), []
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.register_forward_hook(lambda module, args, maps: sizes.append(maps.shape[-1]))
        network.whole(torch.empty(1, 1, 572, 572))
    assert sizes == [570, 568, 282, 280, 138, 136, 66, 64, 30, 28, 56, 54, 52, 104, 102, 100, 200, 198, 196, 392, 390, 388, 388]


def test_the_papers_network_mirrors_what_lies_beyond_the_border():
    config = UNetConfig(widths=(4, 8, 16), norm="none", padding="valid")
    network, image = config.build(channels=1, classes=2), torch.rand(1, 1, 60, 60)
    mirrored = nn.functional.pad(image, (config.margin,) * 4, mode="reflect")
    assert config.padded(60) == 60 + 2 * config.margin == mirrored.shape[-1]
    assert torch.equal(network(image), network.whole(mirrored))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("norm", ["none", "batch", "instance", "group"])
@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_the_logits_are_as_large_as_the_image(padding, norm, upsampling):
    config = UNetConfig(widths=(3, 5, 8), norm=norm, upsampling=upsampling, padding=padding)
    network = config.build(channels=2, classes=3)
    for size_hw in [(1, 1), (1, 50), (8, 8), (9, 16), (33, 70)]:
        logits = network(torch.rand(1, 2, *size_hw))  # one image, in training mode: the hardest case for a normalisation
        assert logits.shape == (1, 3, *size_hw)
        assert logits.isfinite().all()


@given(
    widths=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    convs=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    channels=st.integers(1, 4),
    classes=st.integers(1, 4),
    size_hw=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_any_depth_any_widths_any_size(widths, convs, padding, channels, classes, size_hw):
    network = UNetConfig(widths=widths, convs_per_level=convs, padding=padding).build(channels=channels, classes=classes)
    assert network(torch.rand(2, channels, *size_hw)).shape == (2, classes, *size_hw)


@given(levels=st.integers(1, 6), convs=st.integers(1, 3), padding=st.sampled_from(["same", "valid"]), size=st.integers(1, 700))
def test_the_padded_size_is_the_least_that_passes_whole(levels, convs, padding, size):
    config = UNetConfig(widths=(1,) * levels, convs_per_level=convs, padding=padding)
    padded = config.padded(size)
    assert padded >= size + 2 * config.margin
    assert config.padded(padded - 2 * config.margin) == padded
    if size > 4 * config.stride:
        assert padded - config.stride < size + 2 * config.margin


def test_padding_gives_what_a_larger_image_with_the_same_mirror_gives():
    network = UNetConfig(widths=(4, 8, 16), norm="none").build(channels=1, classes=2)
    image = torch.rand(1, 1, 29, 30)
    mirrored = nn.functional.pad(image, (0, 2, 0, 3), mode="reflect")
    assert torch.equal(network(image), network(mirrored)[..., :29, :30])


def test_skips_join_the_decoder_where_the_resolution_is_theirs():
    """With the way through the bridge cut off, the image still reaches the logits."""
    network = UNetConfig(widths=(4, 8), norm="none").build(channels=1, classes=2)
    nn.init.zeros_(network.ups[0].weight)
    black, white = network(torch.zeros(1, 1, 8, 8)), network(torch.ones(1, 1, 8, 8))
    assert not torch.equal(black, white)
    nn.init.zeros_(network.encoder[0][-3].weight)  # and with the skip cut off as well, no more
    assert torch.equal(network(torch.zeros(1, 1, 8, 8)), network(torch.ones(1, 1, 8, 8)))


def test_dropout_acts_in_training_only():
    network = UNetConfig(widths=(4, 8), norm="none", dropout=0.5).build(channels=1, classes=2)
    image = torch.rand(1, 1, 16, 16)
    assert not torch.equal(network(image), network(image))
    assert torch.equal(network.eval()(image), network(image))


def test_nothing_asks_whether_it_is_training():
    for module in (maskwright.models.unet, maskwright.nn.blocks):
        assert "self.training" not in inspect.getsource(module)


def test_bf16_and_channels_last_stay_what_they_are():
    network = UNetConfig(widths=(8, 16), norm="instance").build(channels=3, classes=2).to(memory_format=torch.channels_last)
    image = torch.rand(2, 3, 13, 18).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(image)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), network(image), rtol=0.1, atol=0.1)


def test_it_learns_to_copy_a_picture():
    torch.manual_seed(0)
    network = UNetConfig(widths=(8, 16)).build(channels=1, classes=2)
    image = torch.rand(1, 1, 16, 16)
    target = (image[:, 0] > 0.5).long()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(60):
        loss = nn.functional.cross_entropy(network(image), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.05


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"widths": ()}, "one positive width"),
        ({"widths": (8, 0)}, r"\(8, 0\)"),
        ({"convs_per_level": 0}, "at least 1 convolution"),
        ({"dropout": 1.0}, "from 0 to below 1"),
        ({"norm": "batchnorm"}, "Did you mean 'batch'"),
        ({"upsampling": "bilinar"}, "Did you mean 'bilinear'"),
        ({"padding": "reflect"}, "Possible are: same, valid"),
    ],
)
def test_numbers_that_make_no_network_are_refused_in_words(wrong, words):
    with pytest.raises(PlanError, match=words):
        UNetConfig(**wrong)


def test_a_network_needs_a_channel_and_a_class():
    with pytest.raises(PlanError, match="not 1 and 0"):
        UNetConfig().build(channels=1, classes=0)


def test_a_config_survives_json_and_refuses_names_it_does_not_know():
    adapter = TypeAdapter(UNetConfig)
    assert adapter.validate_json(adapter.dump_json(PAPER)) == PAPER
    with pytest.raises(ValidationError, match="widhts"):
        adapter.validate_python({"widhts": (1, 2)})
    with pytest.raises(PlanError, match="one positive width"):
        adapter.validate_python({"widths": ()})
