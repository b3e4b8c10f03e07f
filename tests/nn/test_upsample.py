import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from maskwright.nn.blocks import he_initialise
from maskwright.nn.upsample import LearnedInterpolation, UpConv, bilinear_, upsample

KINDS = ["transposed", "bilinear", "nearest", "shuffle"]


def transposed_convolution(maps, weight, *, stride, padding=0, output_padding=0, dilation=1):
    """The definition: every input pixel paints its value times the kernel onto the output, `stride` further on each."""
    (inside, height, width), (_, outside, rows, columns) = maps.shape, weight.shape
    full_hw = [
        (pixels - 1) * stride + (taps - 1) * dilation + 1 + output_padding
        for pixels, taps in ((height, rows), (width, columns))
    ]
    canvas = np.zeros((outside, *full_hw))
    for a in range(inside):
        for b in range(outside):
            for y in range(height):
                for x in range(width):
                    for i in range(rows):
                        for j in range(columns):
                            canvas[b, y * stride + i * dilation, x * stride + j * dilation] += (
                                maps[a, y, x] * weight[a, b, i, j]
                            )
    return canvas[:, padding : full_hw[0] - padding, padding : full_hw[1] - padding]


def test_the_definition_by_hand():
    paint = np.array([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])
    painted = transposed_convolution(np.array([[[1.0, 10]]]), paint, stride=2)
    # The third column of the left patch and the first of the right one fall on the same pixels and are added.
    assert painted[0].tolist() == [[1, 2, 13, 20, 30], [4, 5, 46, 50, 60], [7, 8, 79, 80, 90]]


def test_a_kernel_that_the_stride_does_not_divide_leaves_a_checkerboard():
    ones = np.ones((1, 4, 4))
    counts = transposed_convolution(ones, np.ones((1, 1, 3, 3)), stride=2)[0]
    assert counts[2:6, 2:6].tolist() == [[4, 2, 4, 2], [2, 1, 2, 1], [4, 2, 4, 2], [2, 1, 2, 1]]
    assert np.all(transposed_convolution(ones, np.ones((1, 1, 2, 2)), stride=2) == 1)
    assert np.all(transposed_convolution(ones, np.ones((1, 1, 4, 4)), stride=2)[0, 2:-2, 2:-2] == 4)


@given(st.data())
def test_a_transposed_convolution_is_what_the_definition_says(data):
    def draw(low, high):
        return data.draw(st.integers(low, high))

    stride, dilation = draw(1, 4), draw(1, 3)
    output_padding = draw(0, max(stride, dilation) - 1)
    inside, outside, rows, columns, height, width = draw(1, 3), draw(1, 3), draw(1, 4), draw(1, 4), draw(1, 4), draw(1, 4)
    least = min((height - 1) * stride + (rows - 1) * dilation, (width - 1) * stride + (columns - 1) * dilation)
    padding = draw(0, min(3, least // 2))  # which leaves at least one pixel
    rng = np.random.default_rng(draw(0, 99))
    maps, weight = rng.normal(size=(inside, height, width)), rng.normal(size=(inside, outside, rows, columns))
    settings = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    layer = nn.ConvTranspose2d(inside, outside, (rows, columns), bias=False, **settings).double()
    layer.load_state_dict({"weight": torch.from_numpy(weight)})
    painted = layer(torch.from_numpy(maps)[None])[0].detach().numpy()
    np.testing.assert_allclose(painted, transposed_convolution(maps, weight, **settings), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_it_doubles_the_resolution_and_sets_the_channels(kind):
    assert upsample(kind, 6, 4)(torch.rand(2, 6, 3, 5)).shape == (2, 4, 6, 10)


def test_each_pixel_of_a_transposed_convolution_becomes_a_square_of_its_own():
    up = upsample("transposed", 1, 1)
    with torch.no_grad():
        up.weight.copy_(torch.tensor([[1.0, 2], [3, 4]]))
        up.bias.zero_()
    assert up(torch.tensor([[[[1.0, 10]]]]))[0, 0].tolist() == [[1, 2, 10, 20], [3, 4, 30, 40]]


def test_bilinear_by_hand():
    up = upsample("bilinear", 1, 1)
    nn.init.constant_(up[0].weight, 2)
    nn.init.constant_(up[0].bias, 1)
    torch.testing.assert_close(up(torch.tensor([[[[0.0, 4]]]]))[0, 0], torch.tensor([[1.0, 3, 7, 9]] * 2))


def test_the_convolution_may_come_before_the_interpolation():
    up, maps = upsample("bilinear", 3, 2), torch.rand(1, 3, 5, 4)
    torch.testing.assert_close(up(maps), up[0](up[1](maps)))


def test_nearest_by_hand():
    up = upsample("nearest", 1, 1)
    nn.init.constant_(up[1].weight, 1)
    nn.init.constant_(up[1].bias, 0)
    # Repeated to [1 1 10 10] in both rows; then sums of 3x3 pixels, of which two rows lie in the map.
    assert up(torch.tensor([[[[1.0, 10]]]]))[0, 0].tolist() == [[4, 24, 42, 40]] * 2


def test_shuffle_by_hand():
    up = upsample("shuffle", 1, 1)
    with torch.no_grad():
        up[0].weight.zero_()
        up[0].weight[:, 0, 1, 1] = torch.tensor([1.0, 2, 3, 4])  # only the middle tap
        up[0].bias.zero_()
    assert up(torch.tensor([[[[1.0, 10]]]]))[0, 0].tolist() == [[1, 2, 10, 20], [3, 4, 30, 40]]


def test_a_shuffle_after_a_1x1_convolution_is_a_transposed_convolution():
    transposed, maps = upsample("transposed", 3, 2), torch.rand(1, 3, 4, 5)
    weight = transposed.weight.permute(1, 2, 3, 0).reshape(8, 3, 1, 1)
    shuffled = F.pixel_shuffle(F.conv2d(maps, weight, transposed.bias.repeat_interleave(4)), 2)
    torch.testing.assert_close(shuffled, transposed(maps))


@pytest.mark.parametrize("initialise", [lambda network: None, he_initialise])
def test_a_shuffle_starts_as_a_nearest_upsampling(initialise):
    up, maps = upsample("shuffle", 3, 2), torch.rand(1, 3, 4, 5)
    initialise(up)
    small = F.conv2d(maps, up[0].weight[::4], padding=1)
    torch.testing.assert_close(up(maps), F.interpolate(small, scale_factor=2))
    assert small[0].std(dim=(1, 2)).min() > 0


@pytest.mark.parametrize("kind", ["nearest", "shuffle"])
@pytest.mark.parametrize("initialise", [lambda network: None, he_initialise])
def test_the_start_keeps_the_variance(kind, initialise):
    torch.manual_seed(0)
    up = upsample(kind, 64, 64)
    initialise(up)
    assert 0.9 < float(up(torch.randn(1, 64, 32, 32)).detach()[..., 2:-2, 2:-2].var()) < 1.1


def test_the_first_two_kinds_stay_what_older_runs_hold():
    torch.manual_seed(3)
    layers = [upsample("transposed", 3, 2), upsample("bilinear", 3, 2)]
    torch.manual_seed(3)
    as_ever = [nn.ConvTranspose2d(3, 2, 2, stride=2), nn.Sequential(nn.Conv2d(3, 2, 1))]
    for layer, old in zip(layers, as_ever, strict=True):
        assert list(layer.state_dict()) == list(old.state_dict())
        assert all(torch.equal(a, b) for a, b in zip(layer.parameters(), old.parameters(), strict=True))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.bfloat16, 2e-2)])
def test_an_up_convolution_is_a_transposed_convolution(dtype, tolerance):
    """Its gradients too, that of the bias among them."""
    torch.manual_seed(0)
    up = UpConv(6, 5)
    nn.init.normal_(up.bias)
    maps = torch.randn(2, 6, 4, 3, dtype=dtype, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        up = up.to(torch.float32 if dtype == torch.bfloat16 else dtype)
        made, plain = up(maps), nn.ConvTranspose2d.forward(up, maps)
    assert made.dtype == plain.dtype == dtype
    torch.testing.assert_close(made, plain, rtol=tolerance, atol=tolerance)
    painter = torch.randn_like(plain)
    wanted = (up.weight, up.bias, maps)
    of_both = [torch.autograd.grad(out, wanted, painter) for out in (made, plain)]
    torch.testing.assert_close(*of_both, rtol=tolerance, atol=tolerance)


def test_bilinear_weights_by_hand():
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])  # of a kernel of 4 at stride 2
    assert torch.equal(bilinear_(torch.empty(2, 1, 4, 4)), (row[:, None] * row).expand(2, 1, 4, 4))
    eighths = [1 / 8, 3 / 8, 5 / 8, 7 / 8, 7 / 8, 5 / 8, 3 / 8, 1 / 8]  # of a kernel of 8 at stride 4
    assert bilinear_(torch.empty(1, 1, 8, 8))[0, 0, 3].tolist() == [7 / 8 * x for x in eighths]


@given(
    stride=st.sampled_from([2, 4, 6, 8, 16, 32]), channels=st.integers(1, 4), height=st.integers(1, 5), width=st.integers(1, 5)
)
def test_a_learned_interpolation_starts_as_bilinear_up_to_the_rim(stride, channels, height, width):
    maps = torch.randn(2, channels, height, width)
    interpolated = F.interpolate(maps, scale_factor=stride, mode="bilinear", align_corners=False)
    torch.testing.assert_close(LearnedInterpolation(channels, stride)(maps), interpolated, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_learned_interpolation_is_a_transposed_convolution(stride):
    """With any weights; its gradients too."""
    up = LearnedInterpolation(3, stride).double()
    nn.init.normal_(up.weight)
    maps = torch.randn(2, 3, 4, 5, dtype=torch.double, requires_grad=True)
    plain = nn.ConvTranspose2d.forward(up, F.pad(maps, (1, 1, 1, 1), mode="replicate"))
    torch.testing.assert_close(up(maps), plain)
    painter = torch.randn_like(plain)
    of_weights_and_maps = [torch.autograd.grad(out, (up.weight, maps), painter) for out in (up(maps), plain)]
    torch.testing.assert_close(*of_weights_and_maps)


def test_an_initialised_network_keeps_the_bilinear_start():
    up = nn.Sequential(LearnedInterpolation(2, 4))
    nn.init.zeros_(up[0].weight)
    he_initialise(up)
    assert torch.equal(up[0].weight, bilinear_(torch.empty(2, 1, 8, 8)))


def test_an_uneven_stride_is_refused():
    with pytest.raises(ValueError, match="even stride, not 3"):
        LearnedInterpolation(2, 3)
