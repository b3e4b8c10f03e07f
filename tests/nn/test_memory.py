"""Memory by hand on networks of few layers, and what must hold for all."""

from torch import nn

from maskwright.models.unet import UNetConfig
from maskwright.nn.memory import to_predict, to_train

NETWORK = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1))
WEIGHTS = 4 + 4 + 8 + 2
PIXELS = 100 * 100


def test_prediction_by_hand():
    """The fullest moment is the ReLU: the image is still held by the caller, 4 channels go in and 4 come out."""
    memory = to_predict(NETWORK, channels=1, size_hw=(100, 100), precision="fp32")
    assert memory.weights == 4 * WEIGHTS
    assert memory.image == 4 * PIXELS * (1 + 4 + 4)
    half = to_predict(NETWORK, channels=1, size_hw=(100, 100), precision="bf16")
    assert (2 * half.weights, 2 * half.image) == (memory.weights, memory.image)
    assert memory.of(3) == memory.weights + 3 * memory.image


def test_maps_that_are_done_with_are_given_back():
    """However deep a row of layers is, two maps are alive at a time."""
    deep = nn.Sequential(*(nn.Conv2d(1, 1, 1) for _ in range(20)))
    assert to_predict(deep, channels=1, size_hw=(10, 10), precision="fp32").image == 4 * 100 * 3


def test_training_keeps_what_the_way_back_needs():
    """Each of 20 convolutions keeps its input; weights are held five times."""
    deep = nn.Sequential(*(nn.Conv2d(1, 1, 1) for _ in range(20)))
    memory = to_train(deep, channels=1, size_hw=(100, 100), precision="fp32")
    assert memory.weights == 5 * 4 * 40
    assert 20 * 4 * PIXELS <= memory.image <= 26 * 4 * PIXELS


def test_gradients_of_weights_are_counted_once_and_not_with_each_image():
    """Of a wide layer on four pixels the weights outweigh all maps."""
    wide = nn.Sequential(nn.Conv2d(1, 1000, 1), nn.Conv2d(1000, 1000, 1), nn.Conv2d(1000, 2, 1))
    memory = to_train(wide, channels=1, size_hw=(2, 2), precision="fp32")
    assert memory.weights > 5 * 4 * 1000**2
    assert memory.image < 4 * 4 * 1000 * 20


def test_a_map_in_place_is_not_counted_twice():
    fresh, same = (nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(inplace=inplace)) for inplace in (False, True))
    images = [to_predict(network, channels=1, size_hw=(10, 10), precision="fp32").image for network in (fresh, same)]
    assert images == [4 * 100 * 17, 4 * 100 * 9]


def test_four_times_the_pixels_take_four_times_the_maps():
    network = UNetConfig(widths=(4, 8)).build(channels=3, classes=2)
    small, large = (to_train(network, channels=3, size_hw=(side, side), precision="fp32") for side in (64, 128))
    assert small.weights == large.weights
    assert 3.8 < large.image / small.image <= 4
