"""Mask R-CNN as a task: crops become objects, tiles give whole ones, unsure ones are ranked but not shown, no loss is NaN."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from maskwright.base.errors import PlanError
from maskwright.losses import IGNORE_TARGET, LossTerm
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.region import Region
from maskwright.masks.tiles import tiles
from maskwright.masks.types import Instances, LabelMap
from maskwright.models import MaskRCNNConfig
from maskwright.models.roi_heads import Detections
from maskwright.plan.plan import Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.batches import Batch
from maskwright.sampling.normalize import Normalization
from maskwright.sampling.objects import SLIVER, learnable
from maskwright.tasks import task_of

CLASSES = Classes.named("background", "cell", "nucleus")
TINY = MaskRCNNConfig(
    encoder="plain", width=16, box_width=32, anchor_sizes=(8, 16, 32, 64, 128), candidates=60, proposals=40, sampled_anchors=64,
    sampled_boxes=32,
)  # fmt: skip
PLAN = Plan(
    task="instance", classes=CLASSES, channels=1, model=TINY, normalization=Normalization(), crop_hw=(64, 64), batch=2,
    foreground_share=0.5, augmentation=Augmentation(), loss=(LossTerm(name="cross-entropy"),), steps=1, validate_every=1,
    precision="fp32", tile_hw=(64, 64), tile_overlap=32, budget_minutes=1.0,
)  # fmt: skip
TASK = task_of(PLAN)
NAMES = {"objectness", "proposals", "classes", "boxes", "masks"}


def instances(*boxes, scores=None, size_hw=(64, 64)):
    regions = tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box in boxes)
    numbers = np.ones(len(boxes)) if scores is None else np.array(scores, float)
    return Instances(size_hw, regions, np.ones(len(boxes), np.int64), numbers, np.zeros(len(boxes), bool), CLASSES)


def target_of(*boxes):
    layers = torch.from_numpy(TASK.encode(instances(*boxes)).astype(np.int64))
    return torch.cat([layers, torch.zeros(5 - len(layers), 64, 64, dtype=torch.int64)])


def test_the_objects_of_a_crop_are_learned_and_slivers_are_not_shown():
    target = target_of((5, 5, 25, 15), (20, 10, 40, 30), (63, 0, 64, 2))[None]
    image, (objects,) = learnable(torch.ones(1, 1, 64, 64), target)
    assert objects.boxes_xyxy.tolist() == [[5, 5, 25, 15], [20, 10, 40, 30]]
    assert objects.class_ids.tolist() == [1, 1]
    assert objects.masks.sum(dim=(1, 2)).tolist() == [200, 400]
    assert SLIVER > 2
    assert (image[0, 0] == 0).nonzero().tolist() == [[0, 63], [1, 63]]


def test_what_is_left_out_is_not_shown():
    target = target_of((5, 5, 25, 15))[None]
    target[0, 0, 40:50, 30:] = IGNORE_TARGET
    image, (objects,) = learnable(torch.ones(1, 1, 64, 64), target)
    assert len(objects.boxes_xyxy) == 1
    assert (image[0, 0] == 0).sum() == 10 * 34
    assert not image[0, 0, 40:50, 30:].any()


def test_objects_of_a_label_map_are_its_connected_parts():
    ids = np.zeros((64, 64), np.uint16)
    ids[3:9, 3:9], ids[20:30, 20:30], ids[50:, :] = 1, 2, IGNORE
    layers = TASK.encode(LabelMap(ids, CLASSES))
    assert np.array_equal(layers[0], ids)
    assert set(np.unique(layers[2])) == {0, 1, 2}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "boxes", [(), ((5, 5, 25, 15), (20, 10, 40, 30)), ((0, 0, 1, 64),), ((63, 63, 64, 64),), ((0, 0, 64, 64),)]
)
def test_losses_and_gradients_are_numbers_whatever_a_crop_leaves(precision, boxes):
    """No object, objects that overlap, a line of one pixel, a sliver, one that fills the crop; beside an ignored image."""
    task = task_of(replace(PLAN, precision=precision))
    torch.manual_seed(0)
    network = task.network()
    nothing = torch.full((5, 64, 64), IGNORE_TARGET)
    terms = task.losses(network, Batch(torch.randn(2, 1, 64, 64), torch.stack([target_of(*boxes), nothing]), ("a", "b")))
    assert terms.keys() == NAMES
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    assert all(term.dtype == torch.float32 for term in terms.values())


def square(x0, y0, x1, y1, score, class_id=1):
    return (float(x0), float(y0), float(x1), float(y1)), class_id, score


class Finder(torch.nn.Module):
    """Stands for a network that makes no mistake: finds bright rectangles, each of one value, by their value."""

    def detect(self, image):
        found = []
        for picture in image[:, 0]:
            rows = []
            for value in sorted(set(picture.unique().tolist()) - {0.0}, reverse=True):
                y, x = torch.nonzero(picture == value, as_tuple=True)
                rows.append(square(x.min(), y.min(), x.max() + 1, y.max() + 1, value))
            boxes = torch.tensor([box for box, _, _ in rows]).reshape(-1, 4)
            ids, scores = (torch.tensor([row[i] for row in rows]) for i in (1, 2))
            found.append(Detections(boxes, ids.long(), scores, torch.ones(len(rows), 28, 28)))
        return found


def test_an_image_in_tiles_gives_the_objects_that_it_gives_at_once():
    image = np.zeros((100, 150), np.float32)
    for number, (y, x) in enumerate([(5, 5), (30, 52), (52, 30), (60, 90), (33, 120), (80, 60)]):
        image[y : y + 18, x : x + 14] = 0.9 - 0.05 * number

    def found(tile_hw, overlap):
        said = []
        for tile in tiles((100, 150), tile_hw, overlap):
            pixels = torch.from_numpy(image[tile.rows, tile.columns])[None, None]
            said.append((tile, TASK.predict_tile(Finder(), pixels)[0]))
        return TASK.merge(said, (100, 150))

    whole, tiled = found((128, 160), 0), found((64, 64), 32)
    assert len(whole) == len(tiled) == 6
    assert whole.scores.tolist() == tiled.scores.tolist()
    for one, other in zip(whole.regions, tiled.regions, strict=True):
        assert one.box_xyxy == other.box_xyxy
        assert np.array_equal(one.pixels, other.pixels)


def test_unsure_objects_are_ranked_but_neither_shown_nor_counted():
    truth = instances((0, 0, 10, 10), (20, 20, 30, 30))
    found = instances((0, 0, 10, 10), (20, 20, 30, 30), (40, 40, 50, 50), scores=[0.9, 0.4, 0.2])
    assert len(TASK.confident(found)) == 1
    scores = TASK.scores(["a"], [TASK.tally("a", truth, found)])
    assert scores.row("AP50 (COCO)", "cell").value == 1.0
    assert scores.row("recall at IoU 0.5", "cell").value == 0.5
    assert scores.row("precision at IoU 0.5", "cell").value == 1.0
    assert "score below 0.5 out" in scores.row("PQ", "cell").rule


def test_the_confidence_settles_on_what_agrees_best():
    truth = instances((0, 0, 10, 10), (20, 20, 30, 30))
    found = instances((0, 0, 10, 10), (20, 20, 30, 30), (40, 40, 50, 50), scores=[0.9, 0.4, 0.2])
    settled = TASK.settle([(found, truth)])
    assert settled == {"least_score": 0.4}
    assert len(task_of(PLAN, settled).confident(found)) == 2
    assert TASK.settle([(found, instances())]) == {"least_score": 0.5}  # nothing tells


def test_a_confidence_beyond_1_is_refused():
    with pytest.raises(PlanError, match="between 0 and 1, not at 7"):
        task_of(PLAN, {"least_score": 7})


def test_a_mask_without_pixels_is_no_object():
    empty = Detections(torch.tensor([[3.0, 3, 9, 9]]), torch.tensor([1]), torch.tensor([0.9]), torch.zeros(1, 28, 28))
    network = torch.nn.Module()
    network.detect = lambda image: [empty]
    (found,) = TASK.predict_tile(network, torch.zeros(1, 1, 64, 64))
    assert len(found) == 0
