import inspect
from itertools import pairwise
from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch import nn

import maskwright.models.fcn
from maskwright.base.errors import PlanError
from maskwright.models.fcn import FCNConfig
from maskwright.nn.encoders import EncoderName

PAPER = FCNConfig(encoder="vgg16", prediction_stride=8, head_width=4096)


def small(**numbers):
    return FCNConfig(**{"encoder": "plain", "head_width": 8, **numbers})


def with_random_scores(network):
    nn.init.normal_(network.score.weight)
    return network


def bilinear(maps, factor):
    return F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)


def test_the_papers_own_network_has_134_million_weights():
    with torch.device("meta"):
        network = PAPER.build(channels=3, classes=21)
    # By hand: 3x3 convolutions of VGG16, its dense layers as convolutions, scores of three maps, kernels of 4, 4 and 16.
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    vgg = sum(9 * a * b + b for a, b in pairwise(widths))
    head = 49 * 512 * 4096 + 4096 + 4096 * 4096 + 4096
    scores = 21 * (4096 + 1 + 512 + 1 + 256 + 1)
    assert sum(weights.numel() for weights in network.parameters()) == vgg + head + scores + 21 * (16 + 16 + 256) == 134_368_799


@pytest.mark.parametrize(("stride", "factors"), [(32, [32]), (16, [2, 16]), (8, [2, 2, 8])])
def test_how_far_each_network_goes_in_which_steps(stride, factors):
    network = small(prediction_stride=stride).build(channels=1, classes=2)
    assert [up.stride[0] for up in network.ups] == factors
    assert [up.weight.shape[-1] for up in network.ups] == [2 * factor for factor in factors]
    assert len(network.skips) == len(factors) - 1
    assert (network.config.stride, network.config.title) == (32, f"FCN-{stride}s on a plain encoder")


@pytest.mark.parametrize("names", [("classifier.0", "classifier.3"), ("pre_logits.fc1", "pre_logits.fc2")])
def test_the_head_takes_the_numbers_of_vgg16s_dense_layers(names):
    """The middle pixel of a map of 7x7 sees all of it, as the dense layers do; timm keeps them as convolutions already."""
    dense = nn.Linear(512 * 49, 8), nn.Linear(8, 8)
    state = {
        f"{name}.{part}": getattr(layer, part) for name, layer in zip(names, dense, strict=True) for part in ("weight", "bias")
    }
    if names[0].startswith("pre_logits"):
        state["pre_logits.fc1.weight"] = dense[0].weight.view(8, 512, 7, 7)
    network = FCNConfig(encoder="vgg16", head_width=8).build(channels=3, classes=2).eval()
    network.start_head(state)
    maps = torch.rand(1, 512, 7, 7)
    expected = dense[1](dense[0](maps.flatten(1)).relu()).relu()
    torch.testing.assert_close(network.head(maps)[..., 3, 3], expected)
    wider = FCNConfig(encoder="vgg16", head_width=16).build(channels=3, classes=2)
    before = wider.head[0].weight.clone()
    wider.start_head(state)
    assert torch.equal(wider.head[0].weight, before)


def test_the_skips_of_vgg16_are_pools_4_and_3():
    network = FCNConfig(head_width=4).build(channels=1, classes=2)
    seen = []
    for skip in network.skips:
        skip.register_forward_hook(lambda module, args, scores: seen.append(args[0]))
    image = torch.rand(1, 1, 64, 96)
    network(image)
    _, _, third, fourth, _, _ = network.encoder(image)  # the last map before each pooling
    assert torch.equal(seen[0], F.max_pool2d(fourth, 2))
    assert torch.equal(seen[1], F.max_pool2d(third, 2))
    assert [tuple(maps.shape) for maps in seen] == [(1, 512, 4, 6), (1, 256, 8, 12)]


@pytest.mark.parametrize("encoder", ["plain", "resnet18", "efficientnet-lite0"])
def test_the_skips_of_other_encoders_are_the_maps_of_strides_16_and_8(encoder):
    network = FCNConfig(encoder=encoder, head_width=4).build(channels=1, classes=2).eval()
    seen = []
    for skip in network.skips:
        skip.register_forward_hook(lambda module, args, scores: seen.append(args[0]))
    image = torch.rand(1, 1, 64, 96)
    network(image)
    by_stride = dict(zip(network.encoder.strides, network.encoder(image), strict=True))
    assert torch.equal(seen[0], by_stride[16])
    assert torch.equal(seen[1], by_stride[8])


@pytest.mark.parametrize("stride", [32, 16, 8])
def test_a_fresh_network_finds_every_class_equally_likely(stride):
    logits = small(prediction_stride=stride).build(channels=3, classes=4)(torch.rand(1, 3, 50, 70))
    assert torch.equal(logits, torch.zeros(1, 4, 50, 70))


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_scores_are_added_by_hand(upsampling):
    """Constant scores of 10, 1 and 0.25 on the three maps are 11.25 at every pixel, the rim included."""
    network = small(upsampling=upsampling).build(channels=3, classes=2)
    for layer, score in zip((network.score, *network.skips), (10, 1, 0.25), strict=True):
        nn.init.constant_(layer.bias, score)
    assert torch.equal(network(torch.rand(1, 3, 64, 96)), torch.full((1, 2, 64, 96), 11.25))


@pytest.mark.parametrize("encoder", ["plain", "vgg16", "efficientnet-lite0"])
@pytest.mark.parametrize("stride", [32, 16, 8])
def test_with_skips_at_zero_it_is_bilinear_upsampling_in_steps(encoder, stride):
    torch.manual_seed(0)
    network = with_random_scores(
        FCNConfig(encoder=encoder, prediction_stride=stride, head_width=4).build(channels=3, classes=2)
    )
    network.eval()
    image = torch.rand(1, 3, 64, 96)
    scores = network.score(network.head(network.encoder(image)[-1]))
    assert scores.shape == (1, 2, 2, 3)
    assert float(scores.detach().std()) > 0
    in_steps = scores
    for factor in {32: (32,), 16: (2, 16), 8: (2, 2, 8)}[stride]:
        in_steps = bilinear(in_steps, factor)
    torch.testing.assert_close(network(image), in_steps, rtol=1e-5, atol=1e-6)


def test_fixed_upsampling_has_no_weights_and_learned_upsampling_starts_there():
    learned, fixed = (small(upsampling=kind, dropout=0).build(channels=3, classes=2) for kind in ("transposed", "bilinear"))
    nn.init.normal_(learned.score.weight)
    for skip in learned.skips:
        nn.init.normal_(skip.weight)
    absent = fixed.load_state_dict(learned.state_dict(), strict=False)
    assert absent.missing_keys == []
    assert absent.unexpected_keys == [f"ups.{i}.weight" for i in range(3)]
    image = torch.rand(1, 3, 50, 70)
    torch.testing.assert_close(learned(image), fixed(image), rtol=1e-4, atol=1e-4)


def test_without_a_head_the_encoders_last_map_is_scored():
    network = with_random_scores(small(prediction_stride=32, head_width=0).build(channels=3, classes=2)).eval()
    image = torch.rand(1, 3, 64, 96)
    scores = bilinear(network.score(network.encoder(image)[-1]), 32)
    torch.testing.assert_close(network(image), scores, rtol=1e-5, atol=1e-6)


def test_all_that_starts_at_zero_learns():
    """The scores get a gradient at once, and everything before them as soon as they are no longer 0."""
    torch.manual_seed(0)
    network = small(dropout=0).build(channels=1, classes=2)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    image, target = torch.rand(2, 1, 64, 64), torch.randint(0, 2, (2, 64, 64))
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(network(image), target).backward()
        optimizer.step()
    for name, weights in network.named_parameters():
        assert weights.grad.abs().max() > 0, name


@given(
    stride=st.sampled_from([32, 16, 8]),
    head_width=st.integers(0, 4),
    channels=st.integers(1, 4),
    classes=st.integers(1, 4),
    size_hw=st.tuples(st.integers(1, 80), st.integers(1, 80)),
)
def test_any_channels_classes_and_size(stride, head_width, channels, classes, size_hw):
    network = small(prediction_stride=stride, head_width=head_width).build(channels=channels, classes=classes)
    assert network(torch.rand(2, channels, *size_hw)).shape == (2, classes, *size_hw)


@pytest.mark.parametrize("encoder", get_args(EncoderName))
def test_every_encoder_can_carry_it(encoder):
    network = with_random_scores(FCNConfig(encoder=encoder, head_width=4).build(channels=2, classes=3))
    logits = network(torch.rand(1, 2, 33, 70))  # one image, in training mode: the hardest case for a normalisation
    assert logits.shape == (1, 3, 33, 70)
    assert logits.isfinite().all()


def test_padding_gives_what_a_larger_image_with_the_same_mirror_gives():
    network = with_random_scores(small().build(channels=1, classes=2)).eval()
    image = torch.rand(1, 1, 60, 61)
    mirrored = F.pad(image, (0, 3, 0, 4), mode="reflect")
    assert torch.equal(network(image), network(mirrored)[..., :60, :61])


@pytest.mark.parametrize("head_width", [0, 8])
def test_dropout_acts_in_training_only(head_width):
    network = with_random_scores(small(head_width=head_width).build(channels=1, classes=2))
    image = torch.rand(1, 1, 64, 64)
    network.encoder.eval()
    assert not torch.equal(network(image), network(image))
    assert torch.equal(network.eval()(image), network(image))


def test_nothing_asks_whether_it_is_training():
    assert "self.training" not in inspect.getsource(maskwright.models.fcn)


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_bf16_and_channels_last_stay_what_they_are(upsampling):
    network = with_random_scores(small(upsampling=upsampling).build(channels=3, classes=2)).eval()
    network.to(memory_format=torch.channels_last)
    image = torch.rand(2, 3, 50, 70).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(image)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), network(image), rtol=0.1, atol=0.1)


def test_it_learns_to_copy_a_picture_of_squares():
    torch.manual_seed(0)
    network = small(head_width=16, dropout=0).build(channels=1, classes=2)
    squares = torch.rand(1, 1, 8, 8)
    image = squares.repeat_interleave(16, 2).repeat_interleave(16, 3)
    target = (image[:, 0] > 0.5).long()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(60):
        loss = F.cross_entropy(network(image), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((network(image).argmax(dim=1) == target).float().mean()) > 0.9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"encoder": "vgg61"}, "Did you mean 'vgg16'"),
        ({"prediction_stride": 4}, "cannot be 4. Possible are 32, 16 and 8"),
        ({"head_width": -1}, "not -1"),
        ({"dropout": 1.0}, "from 0 to below 1"),
        ({"upsampling": "nearest"}, "Possible are: bilinear, transposed"),
    ],
)
def test_numbers_that_make_no_network_are_refused_in_words(wrong, words):
    with pytest.raises(PlanError, match=words):
        FCNConfig(**wrong)


def test_a_network_needs_a_channel_and_a_class():
    with pytest.raises(PlanError, match="not 1 and 0"):
        FCNConfig().build(channels=1, classes=0)


def test_a_config_survives_json_and_refuses_names_it_does_not_know():
    adapter = TypeAdapter(FCNConfig)
    assert adapter.validate_json(adapter.dump_json(PAPER)) == PAPER
    with pytest.raises(ValidationError, match="haed_width"):
        adapter.validate_python({"haed_width": 8})
    with pytest.raises(PlanError, match="not -1"):
        adapter.validate_python({"head_width": -1})
