import runpy
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.nn.roi_align import ADAPTIVE, Pooling, pyramid_levels, pyramid_roi_align, roi_align

GOLDEN = Path(__file__).parents[1] / "golden"
FORMULA = runpy.run_path(str(GOLDEN / "fill.py"))
CASES = runpy.run_path(str(GOLDEN / "detection_cases.py"))


def pooled(maps, boxes, pooling, **scale):
    """Of the first image of the batch."""
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return roi_align(maps, boxes, torch.zeros(len(boxes), dtype=torch.int64), pooling, **scale)


def counting(side: int) -> torch.Tensor:
    return torch.arange(float(side * side)).view(1, 1, side, side)


@pytest.mark.parametrize("ratio", [ADAPTIVE, 1, 2, 3])
def test_the_numbers_of_a_small_map(ratio):
    """On a map that is a plane, the mean of samples is the value at the bin's middle, whatever their number."""
    output = pooled(counting(5), [[1, 1, 3, 3]], Pooling((4, 4), ratio))
    rows = [[4.5, 5, 5.5, 6], [7, 7.5, 8, 8.5], [9.5, 10, 10.5, 11], [12, 12.5, 13, 13.5]]
    torch.testing.assert_close(output[0, 0], torch.tensor(rows))
    shifted = pooled(counting(5), [[1, 1, 3, 3]], Pooling((4, 4), ratio, aligned=False))
    torch.testing.assert_close(shifted[0, 0], torch.tensor(rows) + 3)


@pytest.mark.parametrize("ratio", [ADAPTIVE, 2])
def test_one_bin_a_pixel_copies_the_pixels(ratio):
    output = pooled(counting(5), [[1, 2, 4, 4]], Pooling((2, 3), 1 if ratio else ratio))
    assert output[0, 0].tolist() == [[11, 12, 13], [16, 17, 18]]


@pytest.mark.parametrize("number", range(len(CASES["ROI_CASES"])))
def test_it_equals_torchvisions_values_and_gradients(number):
    size_hw, scale, ratio, aligned = CASES["ROI_CASES"][number]
    boxes, images = map(torch.from_numpy, CASES["roi_boxes"]())
    maps = torch.from_numpy(FORMULA["image"](*CASES["ROI_MAPS"])).requires_grad_()
    output = roi_align(maps, boxes, images, Pooling(size_hw, ratio, aligned), scale=scale)
    (output * torch.cos(torch.arange(output.numel()).float()).view(output.shape)).sum().backward()
    with np.load(GOLDEN / "detection-parts.npz") as kept:
        expected, gradient = kept[f"roi_{number}"], kept[f"roi_gradient_{number}"]
    np.testing.assert_allclose(FORMULA["sample"](output.detach().numpy()), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(FORMULA["sample"](maps.grad.numpy()), gradient, rtol=0, atol=1e-5)


@pytest.mark.parametrize("ratio", [ADAPTIVE, 2])
@pytest.mark.parametrize("aligned", [False, True])
def test_boxes_without_area_give_zero_and_no_gradient(ratio, aligned):
    nan, inf = float("nan"), float("inf")
    boxes = [[2, 2, 2, 2], [1, 1, 1, 4], [3, 3, 1, 1], [nan, 0, 2, 2], [0, 0, inf, 2]]
    maps = (counting(5) + 1).requires_grad_()
    output = pooled(maps, boxes, Pooling((3, 3), ratio, aligned))
    output.sum().backward()
    assert output.shape == (5, 1, 3, 3)
    assert not output.detach().any()
    assert torch.equal(maps.grad, torch.zeros_like(maps))


@pytest.mark.parametrize("ratio", [ADAPTIVE, 2])
def test_no_boxes_give_nothing_and_a_gradient_of_zero(ratio):
    maps = counting(5).requires_grad_()
    output = pooled(maps, [], Pooling((3, 4), ratio))
    output.sum().backward()
    assert output.shape == (0, 1, 3, 4)
    assert torch.equal(maps.grad, torch.zeros_like(maps))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    ratio=st.sampled_from([ADAPTIVE, 1, 2]),
    aligned=st.booleans(),
    size_hw=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_values_stay_between_zero_and_the_largest(seed, ratio, aligned, size_hw):
    """Each bin is a mean; and a map of ones gives ones wherever a box lies within the map."""
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.rand(6, 4, generator=generator) * 16 - 4
    output = pooled(torch.ones(1, 2, 7, 9), boxes.tolist(), Pooling(size_hw, ratio, aligned))
    assert output.min() >= 0
    assert output.max() <= 1 + 1e-5
    inside = pooled(torch.ones(1, 2, 7, 9), [[1, 1, 8, 6]], Pooling(size_hw, ratio, aligned))
    torch.testing.assert_close(inside, torch.ones_like(inside))


def test_the_gradient_is_the_derivative():
    maps = torch.rand(2, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    boxes, images = torch.tensor([[0.5, 1, 4, 4.5], [-2, 0, 3, 9]]), torch.tensor([1, 0])
    for ratio in (ADAPTIVE, 2):
        assert torch.autograd.gradcheck(lambda maps, r=ratio: roi_align(maps, boxes, images, Pooling((2, 3), r)), maps)


def test_each_box_has_the_map_of_its_level_and_image():
    levels = [torch.rand(2, 3, 16 >> level, 24 >> level) for level in range(3)]
    boxes = torch.rand(12, 4) * 30
    boxes[:, 2:] += boxes[:, :2]
    images, of = torch.arange(12) % 2, torch.arange(12) % 3
    pooling, scales = Pooling((3, 4)), [0.5, 0.25, 0.125]
    together = pyramid_roi_align(levels, boxes, images, of, pooling, scales=scales)
    for number in range(12):
        part = slice(number, number + 1)
        alone = roi_align(levels[of[number]], boxes[part], images[part], pooling, scale=scales[of[number]])
        torch.testing.assert_close(together[part], alone)


def test_levels_by_the_side_of_a_box():
    """224x224 pixels belong to stride 16, half of that to stride 8, and what is smaller or larger to the ends."""
    sides = [0, 10, 56, 111, 112, 223, 224, 447, 448, 5000]
    boxes = torch.tensor([[3, 4, 3 + side, 4 + side] for side in sides], dtype=torch.float32)
    assert pyramid_levels(boxes, finest=2, coarsest=5).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]


def test_masks_are_averaged_in_parts(monkeypatch):
    """What is copied at a time does not change the outcome."""
    maps, boxes = torch.rand(3, 1, 20, 30), torch.rand(9, 4) * 10
    boxes[:, 2:] += 12
    images = torch.arange(9) % 3
    whole = roi_align(maps, boxes, images, Pooling((4, 4), ADAPTIVE))
    monkeypatch.setattr("maskwright.nn.roi_align.WORKING_VALUES", 1300)
    assert torch.equal(roi_align(maps, boxes, images, Pooling((4, 4), ADAPTIVE)), whole)


@pytest.mark.parametrize("aligned", [True, False])
def test_the_operation_of_onnx_computes_the_same(aligned):
    """To 1e-5, of boxes beyond the map and on several levels too, and for another number of boxes than was traced."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (pip install 'maskwright[export]')")
    pytest.importorskip("onnx", reason="onnx is not installed (pip install 'maskwright[export]')")
    pooling = Pooling((3, 4), aligned=aligned)

    class Pooled(torch.nn.Module):
        def forward(self, fine, coarse, boxes):
            levels = pyramid_levels(boxes * 20, finest=2, coarsest=3)
            images = torch.zeros_like(levels)
            return pyramid_roi_align([fine, coarse], boxes, images, levels, pooling, scales=[1.0, 0.5])

    def example(count):
        boxes = torch.rand(count, 4) * 12 - 3
        boxes[:, 2:] = boxes[:, :2] + 0.5 + 9 * torch.rand(count, 2)
        return torch.rand(1, 3, 16, 16), torch.rand(1, 3, 8, 8), boxes

    names = ["fine", "coarse", "boxes"]
    content = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls this exporter old
        torch.onnx.export(
            Pooled(), example(5), content, dynamo=False, opset_version=18, input_names=names, dynamic_axes={"boxes": {0: "n"}}
        )
    session = onnxruntime.InferenceSession(content.getvalue())
    for count in (5, 9, 1):
        inputs = example(count)
        (found,) = session.run(None, {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)})
        torch.testing.assert_close(torch.from_numpy(found), Pooled()(*inputs), rtol=0, atol=1e-5)


def test_half_precision_keeps_its_type_and_weights():
    maps, boxes, images = torch.rand(1, 2, 8, 8), torch.tensor([[0.3, 1, 5, 6]]), torch.zeros(1, dtype=torch.int64)
    for ratio in (ADAPTIVE, 2):
        output = roi_align(maps.bfloat16(), boxes, images, Pooling((3, 3), ratio))
        assert output.dtype == torch.bfloat16
        torch.testing.assert_close(output.float(), roi_align(maps, boxes, images, Pooling((3, 3), ratio)), rtol=0.02, atol=0.02)


def test_it_traces_for_any_number_of_boxes():
    class Pooled(torch.nn.Module):
        def forward(self, maps, boxes, images):
            return roi_align(maps, boxes, images, Pooling((3, 3)))

    many = torch.export.Dim("many", min=2, max=500)
    example = (torch.rand(1, 2, 8, 8), torch.tensor([[0.0, 0, 5, 5]] * 3), torch.zeros(3, dtype=torch.int64))
    program = torch.export.export(Pooled(), example, dynamic_shapes=({}, {0: many}, {0: many}))
    more = torch.rand(7, 4) * 4
    more[:, 2:] += 4
    inputs = (example[0], more, torch.zeros(7, dtype=torch.int64))
    torch.testing.assert_close(program.module()(*inputs), Pooled()(*inputs))
