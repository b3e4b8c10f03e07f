import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn

from maskwright.base.errors import PlanError
from maskwright.models.deeplab import DeepLab, DeepLabConfig
from maskwright.nn.fold import fold_batch_norm

GOLDEN = Path(__file__).parents[1] / "golden"
FORMULA = runpy.run_path(str(GOLDEN / "fill.py"))  # fill, image, sample: shared with the scripts that made the golden files

# Names of torchvision and segmentation-models-pytorch, and ours.
PYRAMID = {
    r"convs\.0\.": "aspp.point.",
    r"convs\.1\.": "aspp.atrous.0.",
    r"convs\.2\.": "aspp.atrous.1.",
    r"convs\.3\.": "aspp.atrous.2.",
    r"convs\.4\.": "aspp.pooled.",
    r"project\.": "aspp.project.",
}
TORCHVISION = {r"backbone\.": "encoder.", r"classifier\.1\.": "head."} | {rf"classifier\.0\.{a}": b for a, b in PYRAMID.items()}
SEPARABLE = {  # a pair of convolutions there, two layers of ours
    r"(decoder\.aspp\.convs\.[123]\.)0\.([01])\.": r"\g<1>\g<2>.",
    r"(decoder\.aspp\.convs\.[123]\.)1\.": r"\g<1>2.",
    r"decoder\.block2\.0\.([01])\.": r"decoder.refine.\g<1>.",
    r"decoder\.block2\.1\.": "decoder.refine.2.",
}
SMP = {r"decoder\.block1\.": "decoder.reduce.", r"head\.0\.": "head."} | {rf"decoder\.aspp\.{a}": b for a, b in PYRAMID.items()}


def tiny(**numbers) -> DeepLabConfig:
    return DeepLabConfig(**{"encoder": "resnet18", "width": 8, "low_level_width": 4} | numbers)


def filled(golden: str, *tables: dict[str, str]) -> tuple[dict[str, Tensor], np.ndarray]:
    """The weights of a golden file under our names, and its logits."""
    with np.load(GOLDEN / f"{golden}.npz") as kept:
        shapes, logits = json.loads(str(kept["shapes"])), kept["logits"]
    weights = {}
    for name, value in FORMULA["fill"](shapes).items():
        for table in tables:
            wanted = [(old, new) for old, new in table.items() if re.match(old, name)]
            for old, new in wanted[:1]:
                name = re.sub(f"^{old}", new, name)
        weights[name] = torch.from_numpy(value)
    return weights, logits


def test_deeplabv3_gives_torchvisions_logits():
    weights, expected = filled("deeplabv3", TORCHVISION)
    config = DeepLabConfig(encoder="resnet50", output_stride=8, decoder=False, separable=False)
    network = config.build(channels=3, classes=5).eval()
    network.load_state_dict(weights)
    with torch.inference_mode():
        logits = network(torch.from_numpy(FORMULA["image"](1, 3, 64, 320))).numpy()
    difference = np.abs(FORMULA["sample"](logits) - expected).max()
    assert difference < 1e-5 * np.abs(expected).max()


class Given(nn.Module):
    """In place of an encoder: maps that are known."""

    def __init__(self, maps: list[Tensor]) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, image: Tensor) -> list[Tensor]:
        return self.maps


def test_the_head_of_v3_plus_gives_the_logits_of_segmentation_models_pytorch():
    """That has one 3x3 convolution in the decoder where the paper has two."""
    weights, expected = filled("deeplabv3plus-head", SEPARABLE, SMP)
    network = DeepLabConfig(encoder="resnet18", width=32).build(channels=3, classes=5).eval()
    low_level, coarsest = (np.maximum(FORMULA["image"](1, channels, 16, 80), 0) for channels in (64, 512))
    unused = torch.zeros(1)
    network.encoder = Given([unused, *map(torch.from_numpy, (low_level, coarsest[..., ::4, ::4]))])
    network.decoder.refine = network.decoder.refine[0]
    network.load_state_dict(weights)
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, 64, 320)).numpy()
    difference = np.abs(FORMULA["sample"](logits) - expected).max()
    assert difference < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(("output_stride", "size_hw"), [(16, (4, 6)), (8, (8, 12))])
def test_the_coarsest_map_has_the_output_stride(output_stride, size_hw):
    network, seen = tiny(output_stride=output_stride).build(channels=3, classes=2), []
    network.aspp.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].shape, output.shape)))
    assert network(torch.rand(1, 3, 64, 96)).shape == (1, 2, 64, 96)
    assert seen == [((1, 512, *size_hw), (1, 8, *size_hw))]


def rates_of(network: DeepLab) -> list[tuple[int, int]]:
    return [layer[0].dilation for layer in network.aspp.atrous]


def test_the_rates_double_where_the_output_stride_is_half():
    with torch.device("meta"):
        assert rates_of(tiny(output_stride=16).build(channels=3, classes=2)) == [(6, 6), (12, 12), (18, 18)]
        assert rates_of(tiny(output_stride=8).build(channels=3, classes=2)) == [(12, 12), (24, 24), (36, 36)]
        assert rates_of(tiny(output_stride=8, rates=(3, 5)).build(channels=3, classes=2)) == [(3, 3), (5, 5)]


def test_both_output_strides_have_the_same_weights():
    with torch.device("meta"):
        coarse, fine = (tiny(output_stride=stride).build(channels=3, classes=2).state_dict() for stride in (16, 8))
    assert {name: value.shape for name, value in coarse.items()} == {name: value.shape for name, value in fine.items()}


def test_v3_plus_has_the_papers_decoder():
    """By hand: 48 channels of 1x1 from stride 4 and 256 of the pyramid, then two 3x3 of 256, each with its norm."""
    config = DeepLabConfig(encoder="resnet50", separable=False)
    with torch.device("meta"):
        network = config.build(channels=3, classes=21)
        plain = DeepLabConfig(encoder="resnet50", separable=False, decoder=False).build(channels=3, classes=21)
    added = (256 * 48 + 2 * 48) + (9 * (48 + 256) * 256 + 2 * 256) + (9 * 256 * 256 + 2 * 256)
    counts = [sum(weights.numel() for weights in module.parameters()) for module in (network, plain)]
    assert counts[0] - counts[1] == added
    pyramid = 2048 * 256 * (1 + 3 * 9 + 1) + 5 * 256 * 256 + 6 * 2 * 256
    assert sum(weights.numel() for weights in network.aspp.parameters()) == pyramid


def test_the_decoder_interpolates_joins_and_refines():
    network = tiny().build(channels=3, classes=2).eval()
    pyramid, low_level = torch.rand(1, 8, 4, 5), torch.rand(1, 64, 16, 20)
    decoder = network.decoder
    fine = nn.functional.interpolate(pyramid, scale_factor=4, mode="bilinear")
    expected = decoder.refine(torch.cat([fine, decoder.reduce(low_level)], dim=1))
    torch.testing.assert_close(decoder(pyramid, low_level), expected)
    assert expected.shape == (1, 8, 16, 20)


@pytest.mark.parametrize("encoder", ["plain", "vgg16", "resnet18", "resnet50", "efficientnet-lite0"])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_every_encoder_hands_its_stride_4_map_to_the_decoder(encoder, output_stride):
    network, seen = tiny(encoder=encoder, output_stride=output_stride).build(channels=2, classes=3), []
    network.decoder.register_forward_hook(lambda module, inputs, output: seen.extend(maps.shape[-2:] for maps in inputs))
    assert network(torch.rand(1, 2, 32, 48)).shape == (1, 3, 32, 48)
    assert seen == [(32 // output_stride, 48 // output_stride), (8, 12)]


@settings(max_examples=20)
@given(
    decoder=st.booleans(),
    output_stride=st.sampled_from([8, 16]),
    separable=st.booleans(),
    classes=st.integers(1, 3),
    size_hw=st.tuples(st.integers(1, 50), st.integers(1, 50)),
)
def test_the_logits_are_as_large_as_the_image(decoder, output_stride, separable, classes, size_hw):
    """Of one image in training mode, which is the hardest case for a normalisation."""
    config = tiny(decoder=decoder, output_stride=output_stride, separable=separable)
    logits = config.build(channels=1, classes=classes)(torch.rand(1, 1, *size_hw))
    assert logits.shape == (1, classes, *size_hw)
    assert logits.isfinite().all()


def test_a_size_that_is_no_multiple_is_mirrored_and_cut_back():
    network = tiny().build(channels=1, classes=2).eval()
    image = torch.rand(1, 1, 41, 50)
    mirrored = nn.functional.pad(image, (0, 14, 0, 7), mode="reflect")
    assert torch.equal(network(image), network(mirrored)[..., :41, :50])


@pytest.mark.parametrize("decoder", [False, True])
def test_the_folded_network_predicts_the_same_without_any_batch_norm(decoder):
    network = tiny(decoder=decoder).build(channels=1, classes=2)
    network(torch.rand(2, 1, 64, 64))  # the norms have seen something
    folded, image = fold_batch_norm(network), torch.rand(2, 1, 40, 64)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded(image), network.eval()(image), rtol=1e-4, atol=1e-4)


def test_a_fresh_network_starts_with_logits_of_moderate_size():
    torch.manual_seed(0)
    for decoder in (False, True):
        logits = tiny(decoder=decoder, width=64).build(channels=3, classes=4)(torch.randn(4, 3, 64, 64))
        assert 0.1 < float(logits.detach().std()) < 3


def test_weights_start_by_incoming_values_and_those_of_the_encoder_in_its_own_way():
    network = tiny(width=64, separable=False).build(channels=3, classes=40)
    deviations = {
        network.aspp.atrous[0][0]: (2 / (9 * 512)) ** 0.5,
        network.decoder.refine[1][0]: (2 / (9 * 64)) ** 0.5,
        network.head: (1 / 64) ** 0.5,
        network.encoder.layer2[0].conv1: (2 / (9 * 128)) ** 0.5,  # 64 channels come in, 128 go out
    }
    for conv, deviation in deviations.items():
        assert float(conv.weight.detach().std()) == pytest.approx(deviation, rel=0.1)


def test_dropout_acts_in_training_only():
    network, image = tiny(width=64, dropout=0.5).build(channels=1, classes=2), torch.rand(2, 1, 32, 32)
    assert not torch.equal(network(image), network(image))
    network.eval()
    assert torch.equal(network(image), network(image))


def test_it_learns_one_class_as_one_logit():
    torch.manual_seed(0)
    network = tiny(width=16, rates=(1, 2)).build(channels=1, classes=1)
    image = torch.zeros(2, 1, 32, 32)
    image[0, :, 8:24, 8:24] = 1
    image[1, :, :, 16:] = 1
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(25):
        loss = nn.functional.binary_cross_entropy_with_logits(network(image), image)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.3


def test_bf16_and_channels_last_stay_what_they_are():
    network = tiny(width=16).build(channels=3, classes=2).to(memory_format=torch.channels_last)
    image = torch.rand(2, 3, 40, 50).to(memory_format=torch.channels_last)
    network(image)
    network.eval()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(image)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), network(image), rtol=0.1, atol=0.1)


def test_the_title_says_what_it_is():
    assert DeepLabConfig().title == "DeepLabv3+ on EfficientNet-Lite0, output stride 16"
    assert tiny(decoder=False, output_stride=8).title == "DeepLabv3 on ResNet-18, output stride 8"
    assert DeepLabConfig(output_stride=8).stride == 8


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"encoder": "resnet-50"}, "Did you mean 'resnet50'"),
        ({"output_stride": 32}, r"16 \(faster\) or 8 \(finer\), not 32"),
        ({"rates": ()}, r"such as \(6, 12, 18\), not \(\)"),
        ({"rates": (6, 0)}, r"not \(6, 0\)"),
        ({"width": 0}, "not 0 and 48"),
        ({"low_level_width": 0}, "not 256 and 0"),
        ({"dropout": 1.0}, "from 0 to below 1"),
    ],
)
def test_numbers_that_make_no_network_are_refused_in_words(wrong, words):
    with pytest.raises(PlanError, match=words):
        DeepLabConfig(**wrong)


def test_a_network_needs_a_channel_and_a_class():
    with pytest.raises(PlanError, match="not 3 and 0"):
        DeepLabConfig().build(channels=3, classes=0)


def test_a_config_survives_json_and_refuses_names_it_does_not_know():
    adapter, config = TypeAdapter(DeepLabConfig), DeepLabConfig(rates=(3, 6), output_stride=8)
    assert adapter.validate_json(adapter.dump_json(config)) == config
    with pytest.raises(ValidationError, match="output_strid"):
        adapter.validate_python({"output_strid": 8})
    with pytest.raises(PlanError, match="not 32"):
        adapter.validate_python({"output_stride": 32})
