from dataclasses import replace

import pytest
import torch

from maskwright.base.errors import PlanError
from maskwright.models import MaskRCNNConfig, PanopticFPNConfig
from maskwright.models.panoptic_fpn import StuffBranch
from maskwright.models.roi_heads import Objects

DETECTOR = MaskRCNNConfig(
    encoder="plain", width=16, box_width=32, anchor_sizes=(8, 16, 32, 64, 128), candidates=60, proposals=40, sampled_anchors=64,
    sampled_boxes=32,
)  # fmt: skip
TINY = PanopticFPNConfig(detector=DETECTOR, things=(0, 3), stuff_width=8)  # of five classes 1, 2 and 4 are stuff
LOSSES = {"objectness", "proposals", "classes", "boxes", "masks", "stuff"}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return TINY.build(channels=1, classes=5)


def objects(*boxes, class_ids=(), size_hw=(64, 64)):
    masks = torch.zeros(len(boxes), *size_hw, dtype=torch.bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        mask[y0:y1, x0:x1] = True
    return Objects(torch.tensor(boxes).float().reshape(-1, 4), torch.tensor(class_ids, dtype=torch.int64), masks)


@pytest.mark.parametrize("size_hw", [(64, 64), (50, 70)])
@torch.no_grad()
def test_stuff_has_an_output_a_class_and_one_of_any_thing(network, size_hw):
    logits, *maps = network.eval()(torch.randn(2, 1, *size_hw))
    assert logits.shape == (2, 3 + 1, *size_hw)
    assert len(maps) == 5
    assert network.stuff == (1, 2, 4)


def test_every_map_comes_to_the_finest_ones_size_by_its_own_steps():
    branch = StuffBranch(16, 8, 4)
    assert [sum(isinstance(step, torch.nn.Upsample) for step in level) for level in branch.levels] == [0, 1, 2, 3]
    assert [sum(not isinstance(step, torch.nn.Upsample) for step in level) for level in branch.levels] == [1, 1, 2, 3]
    maps = [torch.randn(1, 16, 16 // 2**level, 16 // 2**level) for level in range(4)]
    assert branch(maps).shape == (1, 4, 16, 16)


def test_classes_of_the_data_are_those_of_detector_and_branch(network):
    assert network._detected(torch.tensor([3, 0, 3])).tolist() == [2, 1, 2]
    assert network._branched(torch.tensor([[[0, 1, 2, 3, 4, -1]]])).tolist() == [[[3, 0, 1, 3, 2, -1]]]


@torch.no_grad()
def test_what_is_found_has_classes_of_the_data(network):
    network.detector.rules = replace(network.detector.rules, least_score=0.0)
    (found,), stuff = network.eval().detect(torch.randn(1, 1, 64, 64))
    assert len(found.class_ids)
    assert set(found.class_ids.tolist()) <= {0, 3}
    torch.testing.assert_close(stuff.sum(dim=1), torch.ones(1, 64, 64))


@pytest.mark.parametrize("boxes", [(), ((5, 5, 25, 15), (20, 10, 40, 30)), ((0, 0, 64, 64),), ((63, 63, 64, 64),)])
@pytest.mark.parametrize("class_id", [-1, 0, 2])
def test_losses_and_gradients_are_numbers_whatever_there_is(network, boxes, class_id):
    """No things, things beside and over each other; void alone, things without their objects, stuff."""
    truth = objects(*boxes, class_ids=[0, 3][: len(boxes)])
    terms = network.losses(torch.randn(1, 1, 64, 64), [truth], torch.full((1, 64, 64), class_id))
    assert terms.keys() == LOSSES
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    assert (terms["stuff"] == 0) == (class_id == -1)


@torch.no_grad()
def test_the_loss_of_stuff_has_its_weight(network):
    twice = replace(TINY, stuff_weight=2 * TINY.stuff_weight).build(channels=1, classes=5)
    twice.load_state_dict(network.state_dict())
    image, target = torch.randn(1, 1, 64, 64), torch.ones((1, 64, 64), dtype=torch.int64)
    one, two = (float(each.eval().losses(image, [objects()], target)["stuff"]) for each in (network, twice))
    assert two == pytest.approx(2 * one)


def test_the_encoder_is_the_detectors(network):
    assert network.encoder is network.detector.encoder
    assert network.get_submodule("encoder") is network.detector.encoder
    assert TINY.encoder == "plain"
    assert TINY.stride == DETECTOR.stride


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"things": ()}, "ids of the classes of things.*train with --task semantic"),
        ({"things": (1, 1)}, "each once"),
        ({"stuff_width": 0}, "positive width and weight"),
        ({"stuff_weight": 0.0}, "positive width and weight"),
    ],
)
def test_what_cannot_be_built_is_refused(wrong, message):
    with pytest.raises(PlanError, match=message):
        PanopticFPNConfig(**wrong)
    with pytest.raises(PlanError, match="at least 1 channel and 4 classes"):
        TINY.build(channels=1, classes=3)
