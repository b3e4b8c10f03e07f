"""Panoptic FPN as a task: crowds are not shown, void is; tiles give whole things, and thresholds settle by quality."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from maskwright.losses import IGNORE_TARGET, LossTerm
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.tiles import tiles
from maskwright.masks.types import Panoptic, Segment
from maskwright.models import MaskRCNNConfig, PanopticFPNConfig
from maskwright.models.roi_heads import Detections
from maskwright.plan import objective
from maskwright.plan.plan import Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.batches import Batch
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of
from maskwright.tasks.panoptic_fpn import PanopticFPNTask

CLASSES = Classes.named("car", "sky", "road", things=("car",))
DETECTOR = MaskRCNNConfig(
    encoder="plain", width=16, box_width=32, anchor_sizes=(8, 16, 32, 64, 128), candidates=60, proposals=40, sampled_anchors=64,
    sampled_boxes=32,
)  # fmt: skip
PLAN = Plan(
    task="panoptic", classes=CLASSES, background=None, channels=1,
    model=PanopticFPNConfig(detector=DETECTOR, things=(0,), stuff_width=8), normalization=Normalization(), crop_hw=(64, 64),
    batch=2, foreground_share=0.5, augmentation=Augmentation(), loss=(LossTerm(name="cross-entropy"),), steps=1,
    validate_every=1, precision="fp32", tile_hw=(64, 64), tile_overlap=32, budget_minutes=1.0,
)  # fmt: skip
TASK = task_of(PLAN)


def street(*boxes, size_hw=(64, 64), crowd=None, void=None) -> Panoptic:
    """Sky over road, and cars before both."""
    ids = np.ones(size_hw, np.int32)
    ids[size_hw[0] // 2 :] = 2
    segments = [Segment(1, 1), Segment(2, 2)]
    for y, x, high, wide in boxes:
        segments.append(Segment(len(segments) + 1, 0))
        ids[y : y + high, x : x + wide] = len(segments)
    if crowd is not None:
        ids[crowd] = 99
        segments.append(Segment(99, 0, is_crowd=True))
    if void is not None:
        ids[void] = 0
    return Panoptic(ids, tuple(segment for segment in segments if (ids == segment.id).any()), CLASSES)


def target_of(truth):
    layers = TASK.encode(truth).astype(np.int64)
    layers[layers == IGNORE] = IGNORE_TARGET
    return torch.from_numpy(layers)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "truth",
    [
        street((5, 5, 10, 20), (10, 20, 20, 20)),
        street(),
        street(void=np.s_[:]),
        street((0, 0, 64, 64)),
        street((63, 63, 1, 1), crowd=np.s_[:30, :30]),
    ],
    ids=["cars", "no things", "all void", "no stuff", "a sliver and a crowd"],
)
def test_losses_and_gradients_are_numbers_whatever_a_crop_shows(precision, truth):
    task = task_of(replace(PLAN, precision=precision))
    torch.manual_seed(0)
    network = task.network()
    target = torch.stack([target_of(truth), torch.full((2, 64, 64), IGNORE_TARGET)])
    terms = task.losses(network, Batch(torch.randn(2, 1, 64, 64), target, ("a", "b")))
    assert terms.keys() == {"objectness", "proposals", "classes", "boxes", "masks", "stuff"}
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_crowds_are_not_shown_and_void_is(monkeypatch):
    seen = {}

    class Watching(torch.nn.Module):
        def losses(self, image, objects, class_ids):
            seen.update(image=image, objects=objects, class_ids=class_ids)
            return {}

    truth = street((5, 5, 10, 20), crowd=np.s_[40:50, 30:], void=np.s_[60:, :])
    objective.losses_of(PLAN)(Watching(), Batch(torch.ones(1, 1, 64, 64), target_of(truth)[None], ("a",)))
    assert (seen["image"][0, 0] == 0).sum() == 10 * 34
    assert not seen["image"][0, 0, 40:50, 30:].any()
    (objects,) = seen["objects"]
    assert objects.boxes_xyxy.tolist() == [[5, 5, 25, 15]]
    assert objects.class_ids.tolist() == [0]  # as the data have it; the network knows which of its own that is
    assert (seen["class_ids"][0, 60:] == IGNORE_TARGET).all()
    assert (seen["class_ids"][0, 5:15, 5:25] == 0).all()


class Finder(torch.nn.Module):
    """Stands for a network that makes no mistake: cars are bright rectangles of one value each, stuff is 0 or below."""

    def detect(self, image):
        found = []
        for picture in image[:, 0]:
            rows = []
            for value in sorted(set(picture[picture > 0].tolist()), reverse=True):
                y, x = torch.nonzero(picture == value, as_tuple=True)
                rows.append([float(x.min()), float(y.min()), float(x.max() + 1), float(y.max() + 1), value])
            table = torch.tensor(rows).reshape(-1, 5)
            masks = torch.ones(len(rows), 28, 28)
            found.append(Detections(table[:, :4], torch.zeros(len(rows), dtype=torch.int64), table[:, 4], masks))
        stuff = torch.stack([image[:, 0] == 0, image[:, 0] < 0, image[:, 0] > 0], dim=1)
        return found, stuff.float()


def pictured(truth, scores):
    image = np.where(truth.segment_ids == 2, -1, 0).astype(np.float32)
    for number, score in enumerate(scores, 3):
        image[truth.segment_ids == number] = score
    return image


def outputs_of(image, tile_hw, overlap):
    for tile in tiles(image.shape, tile_hw, overlap):
        yield tile, TASK.predict_tile(Finder(), torch.from_numpy(image[tile.rows, tile.columns])[None, None])[0]


def test_an_image_in_tiles_gives_the_segments_that_it_gives_at_once():
    truth = street((5, 5, 18, 14), (30, 52, 18, 14), (52, 30, 18, 14), (60, 90, 18, 14), (33, 120, 18, 14), size_hw=(100, 150))
    image = pictured(truth, np.linspace(0.95, 0.7, 5))
    whole, tiled = (TASK.merge(outputs_of(image, *how), (100, 150)) for how in (((128, 160), 0), ((64, 64), 32)))
    assert np.array_equal(whole.segment_ids, tiled.segment_ids)
    assert whole.segments == tiled.segments
    assert TASK.scores(["a"], [TASK.tally("a", truth, whole)]).row("PQ", "all classes").value > 0.98


def test_thresholds_settle_on_the_best_panoptic_quality():
    """Of three cars that are found the least sure is none; the two others are less sure than 0.5."""
    truth = street((5, 5, 18, 14), (30, 40, 18, 14))
    wrong = street((5, 5, 18, 14), (30, 40, 18, 14), (50, 5, 10, 12))
    image = pictured(wrong, (0.45, 0.4, 0.2))
    found = TASK.gather(outputs_of(image, (64, 64), 0), (64, 64))
    assert len(found.things) == 3
    settled = TASK.settle([(found, truth)])
    assert 0.2 < settled["least_score"] <= 0.4
    better = PanopticFPNTask(PLAN, settled).merge(outputs_of(image, (64, 64), 0), (64, 64))
    assert sum(segment.class_id == 0 for segment in better.segments) == 2
    assert sum(segment.class_id == 0 for segment in TASK.merge(outputs_of(image, (64, 64), 0), (64, 64)).segments) == 0
