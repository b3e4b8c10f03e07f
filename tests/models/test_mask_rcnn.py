import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from safetensors.torch import save_file

from maskwright.base.errors import PlanError, WeightsError
from maskwright.models.mask_rcnn import MaskRCNN, MaskRCNNConfig
from maskwright.models.paste import paste
from maskwright.models.roi_heads import Objects
from maskwright.models.torchvision_names import in_our_names, load_torchvision

GOLDEN = Path(__file__).parents[1] / "golden"
FORMULA = runpy.run_path(str(GOLDEN / "fill.py"))
CASES = runpy.run_path(str(GOLDEN / "detection_cases.py"))
TINY = {"encoder": "plain", "width": 16, "box_width": 32, "anchor_sizes": (8, 16, 32, 64, 128)}
TINY |= {"candidates": 60, "proposals": 40, "sampled_anchors": 64, "sampled_boxes": 32}


def tiny(**numbers) -> MaskRCNN:
    torch.manual_seed(0)
    return MaskRCNNConfig(**TINY | numbers).build(channels=1, classes=3)


def objects(*boxes: list[float], size_hw: tuple[int, int] = (64, 64), class_id: int = 1) -> Objects:
    masks = torch.zeros(len(boxes), *size_hw, dtype=torch.bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        if x1 > x0 and y1 > y0:
            mask[max(int(y0), 0) : int(y1), max(int(x0), 0) : int(x1)] = True
    return Objects(torch.tensor(boxes).float().reshape(-1, 4), torch.full((len(boxes),), class_id), masks)


@pytest.fixture(scope="module")
def torchvisions(tmp_path_factory) -> tuple[MaskRCNN, dict]:
    """Our network with torchvision's weights from a file, and what torchvision gave."""
    with np.load(GOLDEN / "mask-rcnn.npz") as file:
        kept = dict(file)
    weights = {name: torch.from_numpy(value) for name, value in FORMULA["fill"](json.loads(str(kept["shapes"]))).items()}
    for name, (factor, bias) in json.loads(str(kept["scaled"])).items():
        weights[f"{name}.weight"] *= factor
        weights[f"{name}.bias"] = torch.tensor(bias)
    path = tmp_path_factory.mktemp("weights") / "torchvision.safetensors"
    save_file(weights, path)
    numbers = CASES["NUMBERS"]
    config = MaskRCNNConfig(
        encoder="resnet50",
        candidates=numbers["pre_nms"],
        proposals=numbers["post_nms"],
        detections=numbers["detections"],
        sampled_anchors=numbers["sampled"],
        sampled_boxes=numbers["sampled"],
        aligned=False,
    )
    network = config.build(channels=3, classes=CASES["CLASSES"]).eval()
    load_torchvision(network, path)
    return network, kept


def test_it_gives_torchvisions_maps_and_detections(torchvisions):
    network, kept = torchvisions
    image = torch.from_numpy(FORMULA["image"](1, 3, *CASES["NETWORK_HW"]))
    maps = network(image)
    for level, expected in ((maps[0], kept["finest"]), (maps[-1], kept["coarsest"])):
        got = FORMULA["sample"](level.detach().numpy())
        assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()
    (found,) = network.detect(image)
    np.testing.assert_array_equal(found.class_ids, kept["class_ids"])
    np.testing.assert_allclose(found.boxes_xyxy, kept["boxes"], rtol=0, atol=1e-2)
    np.testing.assert_allclose(found.scores, kept["scores"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.masks[:, ::3, ::3], kept["masks"], rtol=0, atol=1e-3)


def test_it_gives_torchvisions_losses(torchvisions):
    """Of all anchors and boxes, so that nothing depends on chance."""
    network, kept = torchvisions
    image = torch.from_numpy(FORMULA["image"](1, 3, *CASES["NETWORK_HW"]))
    with torch.no_grad():
        losses = network.losses(image, [Objects(*map(torch.from_numpy, CASES["network_targets"]()))])
    names = {"objectness": "loss_objectness", "proposals": "loss_rpn_box_reg", "classes": "loss_classifier"}
    names |= {"boxes": "loss_box_reg", "masks": "loss_mask"}
    expected = json.loads(str(kept["losses"]))
    assert {name: float(losses[name]) for name in names} == pytest.approx(
        {name: expected[theirs] for name, theirs in names.items()}, rel=1e-3
    )


def test_proposals_are_torchvisions(torchvisions, monkeypatch):
    network, kept = torchvisions
    seen = []
    monkeypatch.setattr(
        network, "_box_head", lambda maps, boxes, whole=network._box_head: (seen.extend(boxes), whole(maps, boxes))[1]
    )
    network.detect(torch.from_numpy(FORMULA["image"](1, 3, *CASES["NETWORK_HW"])))
    np.testing.assert_allclose(seen[0], kept["proposals"], rtol=0, atol=1e-2)


def test_older_files_of_torchvision_have_other_names():
    older = ["backbone.fpn.inner_blocks.2.weight", "rpn.head.conv.bias", "roi_heads.mask_head.mask_fcn3.weight"]
    newer = ["backbone.fpn.inner_blocks.2.0.weight", "rpn.head.conv.0.0.bias", "roi_heads.mask_head.2.0.weight"]
    values = {name: torch.zeros(1) for name in older}
    assert in_our_names(values).keys() == in_our_names({name: torch.zeros(1) for name in newer}).keys()
    assert in_our_names({"something.else": torch.zeros(1)}).keys() == {"something.else"}


def test_a_file_of_another_network_is_refused(tmp_path):
    save_file({"backbone.body.conv1.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="belong to another network"):
        load_torchvision(tiny(), tmp_path / "other.safetensors")


@pytest.mark.parametrize("encoder", ["plain", "vgg16", "resnet18", "efficientnet-lite0"])
@torch.no_grad()
def test_every_encoder_carries_it(encoder):
    network = tiny(encoder=encoder).eval()
    maps = network(torch.rand(1, 1, 50, 70))
    assert [tuple(level.shape[-2:]) for level in maps] == [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]


NAN = float("nan")


@settings(max_examples=12)
@given(
    boxes=st.lists(
        st.sampled_from([[5, 5, 30, 30], [40, 40, 64, 64], [3, 3, 3, 3], [9, 9, 4, 30], [-20, 10, 12, 90], [70, 70, 90, 90]]),
        max_size=4,
    ),
    size_hw=st.sampled_from([(64, 64), (50, 41), (33, 64)]),
)
def test_losses_and_gradients_are_numbers_whatever_the_objects(boxes, size_hw):
    """No objects, none with an area, cut by the crop, or wholly outside: always five losses, and a gradient everywhere."""
    network = tiny()
    losses = network.losses(torch.rand(2, 1, *size_hw), [objects(*boxes, size_hw=size_hw), objects(size_hw=size_hw)])
    assert list(losses) == ["objectness", "proposals", "classes", "boxes", "masks"]
    sum(losses.values()).backward()
    assert all(loss.isfinite() for loss in losses.values())
    gradients = {name: weights.grad for name, weights in network.named_parameters()}
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients.values())


def test_boxes_that_are_no_numbers_are_left_out():
    broken = objects([5, 5, 30, 30], [1, 1, 2, 2])
    broken.boxes_xyxy[1] = torch.tensor([NAN, 0, 5, 5])
    losses = tiny().losses(torch.rand(1, 1, 64, 64), [broken])
    assert all(loss.isfinite() for loss in losses.values())


def test_the_same_seed_gives_the_same_losses():
    network, image = tiny(), torch.rand(1, 1, 64, 64)
    values = []
    for _ in range(2):
        torch.manual_seed(4)
        values.append({name: float(loss.detach()) for name, loss in network.losses(image, [objects([5, 5, 30, 30])]).items()})
    assert values[0] == values[1]


def test_it_learns_two_squares():
    """Boxes and masks of what it was shown, in 60 steps."""
    network = tiny(least_score=0.5)
    image = torch.zeros(1, 1, 64, 64)
    image[..., 8:32, 8:32], image[..., 40:60, 30:58] = 1, -1
    truth = objects([8, 8, 32, 32], [30, 40, 58, 60])
    truth.class_ids[1] = 2
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(60):
        loss = sum(network.losses(image, [truth]).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    (found,) = network.eval().detect(image)
    assert sorted(found.class_ids.tolist()) == [1, 2]
    for box, class_id, grid in zip(found.boxes_xyxy, found.class_ids, found.masks, strict=True):
        number = int(class_id) - 1
        assert (box - truth.boxes_xyxy[number]).abs().max() < 4
        mask, true = paste(grid.numpy(), box.numpy(), (64, 64)).mask((64, 64)), truth.masks[number].numpy()
        assert (mask & true).sum() / (mask | true).sum() > 0.75


def test_nothing_is_found_where_no_score_is_high_enough():
    (first, second) = tiny(least_score=1.0).eval().detect(torch.rand(2, 1, 64, 40))
    assert len(first.boxes_xyxy) == len(second.scores) == 0
    assert first.masks.shape == (0, 28, 28)


def test_norms_stay_fixed_where_asked():
    network = tiny(encoder="resnet18", fixed_norms=True).train()
    before = network.encoder.bn1.running_mean.clone()
    network(torch.rand(2, 1, 64, 64) + 3)
    assert torch.equal(network.encoder.bn1.running_mean, before)
    assert network.box_head.training
    moving = tiny(encoder="resnet18").train()
    moving(torch.rand(2, 1, 64, 64) + 3)
    assert not torch.equal(moving.encoder.bn1.running_mean, before)


def test_half_precision_gives_whole_losses():
    network = tiny()
    with torch.autocast("cpu", torch.bfloat16):
        losses = network.losses(torch.rand(1, 1, 64, 64), [objects([5, 5, 30, 30])])
        network.eval().detect(torch.rand(1, 1, 64, 64))
    sum(losses.values()).backward()
    assert all(loss.dtype == torch.float32 and loss.isfinite() for loss in losses.values())


def test_the_title_and_stride():
    assert MaskRCNNConfig().title == "Mask R-CNN on EfficientNet-Lite0"
    assert MaskRCNNConfig().stride == 32


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"encoder": "resnet-50"}, "Did you mean 'resnet50'"),
        ({"anchor_sizes": (32, 64)}, r"each of its 5 maps, such as \(32, 64, 128, 256, 512\), not \(32, 64\)"),
        ({"anchor_sizes": (0, 1, 2, 3, 4)}, "positive anchor size"),
        ({"width": 0}, "at least 1 of 'width', not 0"),
        ({"detections": 0}, "'detections', not 0"),
        ({"most_iou": 1.5}, "'most_iou' of a Mask R-CNN lies between 0 and 1, not at 1.5"),
    ],
)
def test_numbers_that_make_no_network_are_refused_in_words(wrong, words):
    with pytest.raises(PlanError, match=words):
        MaskRCNNConfig(**wrong)


def test_the_background_is_a_class():
    with pytest.raises(PlanError, match="not 3 and 1"):
        MaskRCNNConfig().build(channels=3, classes=1)


def test_a_config_survives_json():
    adapter, config = TypeAdapter(MaskRCNNConfig), MaskRCNNConfig(encoder="resnet18", width=64)
    assert adapter.validate_json(adapter.dump_json(config)) == config
