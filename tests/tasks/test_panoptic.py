"""Panoptic maps as a task: crops become classes and numbers, tiles give what the whole gives, mirrors turn offsets back."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from maskwright.losses import LossTerm
from maskwright.losses.centers import center_targets
from maskwright.masks.centers import EXTRA_OUTPUTS, OFFSET_PX
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import panoptic_of
from maskwright.masks.tiles import tiles
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segment
from maskwright.models import PanopticDeepLabConfig, UNetConfig
from maskwright.plan.plan import Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.batches import Batch
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of
from maskwright.tasks.panoptic import PanopticTask

CLASSES = Classes.named("sky", "road", "car", "person", things=("car", "person"))
PLAN = Plan(
    task="panoptic", classes=CLASSES, background=None, channels=1, model=UNetConfig(widths=(4, 8)),
    normalization=Normalization(), crop_hw=(32, 32), batch=2, foreground_share=0.5, augmentation=Augmentation(),
    loss=(LossTerm(name="cross-entropy"), LossTerm(name="dice", background=True)), steps=1, validate_every=1,
    precision="fp32", tile_hw=(48, 48), tile_overlap=16, budget_minutes=1.0, center_px=3.0,
)  # fmt: skip
TASK = task_of(PLAN)
ALL = {"center": 0.2, "apart": 7, "smallest": 1, "least_stuff": 0.0}


def street(size_hw=(70, 110)) -> Panoptic:
    """Sky over road, and cars and people before both."""
    ids = np.ones(size_hw, np.int32)
    ids[size_hw[0] // 2 :] = 2
    segments = [Segment(1, 0), Segment(2, 1)]
    for y, x, high, wide, class_id in ((30, 5, 12, 20, 2), (32, 25, 14, 16, 2), (20, 60, 25, 8, 3), (40, 66, 15, 30, 2)):
        segments.append(Segment(len(segments) + 1, class_id))
        ids[y : y + high, x : x + wide] = len(segments)
    return Panoptic(ids, tuple(segment for segment in segments if (ids == segment.id).any()), CLASSES)


def said_of(truth: Panoptic) -> np.ndarray:
    """What a network that makes no mistake says: probabilities, nearness and offsets."""
    layers = TASK.encode(truth)
    near, offsets = center_targets(torch.from_numpy(layers[1].astype(np.int64))[None], PLAN.center_px)
    classes = np.stack([layers[0] == class_id for class_id in range(len(CLASSES))]).astype(np.float32)
    return np.concatenate([classes, near.numpy(), offsets[0].numpy() / OFFSET_PX])


def test_the_target_holds_classes_and_numbers_of_any_kind_of_segmentation():
    layers = TASK.encode(street())
    assert layers.shape == (2, 70, 110)
    assert set(np.unique(layers[1]).tolist()) == {0, 1, 2, 3, 4}
    ids = np.zeros((8, 8), np.uint16)
    ids[:, 4:], ids[0] = 2, IGNORE
    of_label_map = TASK.encode(LabelMap(ids, CLASSES))
    assert np.array_equal(of_label_map[0], ids)
    assert np.array_equal(of_label_map[1], ids == 2)


@pytest.mark.parametrize(
    "model", [UNetConfig(widths=(4, 8)), PanopticDeepLabConfig(encoder="resnet18", width=8, thing_width=8)]
)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["street", "no things", "no stuff", "all void", "crowd"])
def test_losses_and_gradients_are_numbers_whatever_a_crop_shows(model, precision, kind):
    task = task_of(replace(PLAN, model=model, precision=precision))
    truth = {
        "street": street((32, 32)),
        "no things": Panoptic(np.ones((32, 32), np.int32), (Segment(1, 0),), CLASSES),
        "no stuff": Panoptic(np.ones((32, 32), np.int32), (Segment(1, 3),), CLASSES),
        "all void": Panoptic(np.zeros((32, 32), np.int32), (), CLASSES),
        "crowd": Panoptic(np.ones((32, 32), np.int32), (Segment(1, 3, is_crowd=True),), CLASSES),
    }[kind]
    target = torch.from_numpy(np.stack([task.encode(truth)] * 2).astype(np.int64))
    target[target == IGNORE] = -1
    torch.manual_seed(0)
    network = task.network()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        terms = task.losses(network, Batch(torch.randn(2, 1, 32, 32), target, ("a", "b")))
    assert terms.keys() == {"cross-entropy", "dice", "centers", "offsets"}
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


class Told(torch.nn.Module):
    """Stands for a network: says what the image holds, logits of certain classes first."""

    def forward(self, image):
        return torch.cat([60 * image[:, :-EXTRA_OUTPUTS], image[:, -EXTRA_OUTPUTS:]], dim=1)


@pytest.mark.parametrize("mirror", [False, True])
def test_an_image_in_tiles_gives_the_segments_that_it_gives_at_once(mirror):
    task = PanopticTask(PLAN, ALL)
    said = said_of(street())

    def found(tile_hw, overlap):
        outputs = []
        for tile in tiles((70, 110), tile_hw, overlap):
            pixels = torch.from_numpy(said[:, tile.rows, tile.columns].copy())[None]
            outputs.append((tile, task.predict_tile(Told(), pixels)[0].numpy()))
        return task.merge(outputs, (70, 110))

    whole, tiled = found((128, 128), 0), found((40, 48), 16)
    assert np.array_equal(whole.segment_ids, tiled.segment_ids)
    assert [(s.id, s.class_id) for s in whole.segments] == [(s.id, s.class_id) for s in tiled.segments]
    (pq,) = [task.scores(["a"], [task.tally("a", street(), tiled)]).row("PQ", "all classes").value]
    assert pq == 1.0


class Slope(torch.nn.Module):
    """Offsets are the slopes of the image, which a mirror turns round; the rest is the image itself."""

    def forward(self, image):
        padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
        down, right = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1], padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
        return torch.cat([image, -image, image, down, right], dim=1)


def test_mirror_images_say_the_same_of_what_a_mirror_turns_round():
    image = torch.randn(1, 1, 9, 12)
    plain, mirrored = (PanopticTask(replace(PLAN, mirror=mirror)).predict_tile(Slope(), image) for mirror in (False, True))
    torch.testing.assert_close(plain, mirrored)


def test_thresholds_settle_on_the_best_panoptic_quality():
    """The network is unsure of all centres: with the thresholds of the beginning it finds no thing."""
    truth = street()
    said = said_of(truth)
    said[-3] *= 0.08
    task = PanopticTask(PLAN)
    settled = task.settle([(said, truth)])
    assert settled.keys() == {"center", "apart", "smallest", "least_stuff"}

    def quality(which):
        (whole,) = tiles((70, 110), (70, 110), 0)
        tally = which.tally("a", truth, which.merge([(whole, said)], (70, 110)))
        return which.scores(["a"], [tally]).row("PQ", "all classes").value

    assert quality(task) < 0.6
    assert quality(PanopticTask(PLAN, settled)) == 1.0


def test_objects_are_scored_as_the_segments_that_they_are():
    truth = street()
    things = Instances(
        (70, 110), (), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool), Classes.named("background", "car", things=["car"])
    )
    assert TASK.scores(["a"], [TASK.tally("a", truth, truth)]).row("PQ", "all classes").value == 1
    assert panoptic_of(things).segments == (Segment(1, 0),)
