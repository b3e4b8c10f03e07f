import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from maskwright.base.errors import WeightsError
from maskwright.nn.convolutionalize import DENSE_LAYERS, convolutional_vgg16, convolutionalize
from maskwright.nn.encoders.vgg import VGG16


def whole_numbers(linear):
    """Small integers as weights: sums of them are exact in any order, so equal results are equal to the last bit."""
    for weights in linear.parameters():
        nn.init.uniform_(weights, -3, 3).data.round_()
    return linear


def vgg16_state(*, width, classes):
    """A state dict with torchvision's names and, where the width is 4096 and the classes 1000, its shapes."""
    torch.manual_seed(0)
    state = VGG16(channels=3).state_dict()
    for name, (inside, outside) in zip(DENSE_LAYERS, [(25088, width), (width, width), (width, classes)], strict=True):
        state[f"{name}.weight"] = torch.empty(outside, inside).uniform_(-1, 1).mul_((6 / inside) ** 0.5)
        state[f"{name}.bias"] = torch.empty(outside).uniform_(-0.1, 0.1)
    return state


def dense_classifier(state):
    """torchvision's classifier, which takes the fifth pooling's map flattened."""
    classifier = nn.Sequential()
    for number in range(3):
        outside, inside = state[f"{DENSE_LAYERS[number]}.weight"].shape
        classifier.extend([nn.Linear(inside, outside, device="meta"), nn.ReLU(), nn.Dropout()])
    classifier = classifier[:-2].eval()
    places = {name.removeprefix("classifier."): weights for name, weights in state.items() if name.startswith("classifier.")}
    classifier.load_state_dict(places, assign=True)
    return classifier


def test_by_hand():
    linear = nn.Linear(4, 1)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, 10, 100, 1000]]))
        linear.bias.fill_(0.5)
    conv = convolutionalize(linear, 1, (2, 2))
    assert conv(torch.tensor([[[[1.0, 2], [3, 4]]]])).tolist() == [[[[4321.5]]]]
    assert conv(torch.tensor([[[[1.0, 2, 5], [3, 4, 6]]]])).tolist() == [[[[4321.5, 6452.5]]]]


@given(
    channels=st.integers(1, 5),
    outside=st.integers(1, 6),
    size_hw=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    more_hw=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    bias=st.booleans(),
)
def test_every_window_of_a_map_gets_the_dense_layers_numbers(channels, outside, size_hw, more_hw, bias):
    (height, width), (down, right) = size_hw, more_hw
    linear = whole_numbers(nn.Linear(channels * height * width, outside, bias=bias))
    maps = torch.randint(-9, 10, (2, channels, height + down, width + right)).float()
    heat = convolutionalize(linear, channels, size_hw)(maps)
    assert heat.shape == (2, outside, down + 1, right + 1)
    for y in range(down + 1):
        for x in range(right + 1):
            assert torch.equal(heat[..., y, x], linear(maps[..., y : y + height, x : x + width].flatten(1)))


def test_a_dense_layer_that_took_another_map_is_refused():
    with pytest.raises(WeightsError, match=r"10 inputs does not fit 2 channels of 3x3 pixels, which are 18 values"):
        convolutionalize(nn.Linear(10, 2), 2, (3, 3))


@torch.inference_mode()
def test_vgg16_gives_the_classifiers_logits_and_a_heat_map_of_a_larger_image():
    state = vgg16_state(width=64, classes=10)
    network, classifier = convolutional_vgg16(state), dense_classifier(state)
    image = torch.randn(1, 3, 224, 224)
    flat = network.encoder(image)[-1].flatten(1)
    assert flat.shape == (1, 25088)
    # The sums are the same, added up in another order by a matrix product than by a convolution.
    torch.testing.assert_close(network(image), classifier(flat)[..., None, None], rtol=1e-4, atol=1e-5)
    larger = torch.randn(1, 3, 256, 288)
    last_map, heat = network.encoder(larger)[-1], network(larger)
    assert heat.shape == (1, 10, 2, 3)
    windows = [[classifier(last_map[..., y : y + 7, x : x + 7].flatten(1)) for x in range(3)] for y in range(2)]
    torch.testing.assert_close(heat, torch.stack([torch.stack(row, -1) for row in windows], -2), rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_at_torchvisions_own_size():
    state = vgg16_state(width=4096, classes=1000)
    network, classifier = convolutional_vgg16(state), dense_classifier(state)
    assert sum(weights.numel() for weights in network.parameters()) == 138_357_544  # as many as torchvision's VGG16
    last_map = torch.rand(1, 512, 7, 7)  # what lies before it is tested above
    logits = network.classifier(last_map)
    assert float(logits.std()) > 0.1
    torch.testing.assert_close(logits, classifier(last_map.flatten(1))[..., None, None], rtol=1e-4, atol=1e-4)
    assert network.classifier[0].weight.data_ptr() == state["classifier.0.weight"].data_ptr()  # no second copy of 400 MB


def test_weights_of_another_network_are_refused_by_name():
    state = VGG16(channels=3).state_dict()
    with pytest.raises(WeightsError, match=r"classifier\.0\.weight, classifier\.0\.bias, .* missing"):
        convolutional_vgg16(state)
    state = vgg16_state(width=2, classes=2)
    del state["features.28.weight"]
    with pytest.raises(WeightsError, match=r"features\.28\.weight"):
        convolutional_vgg16(state)
