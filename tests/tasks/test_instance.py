"""The instance task: maps become objects, tiles cut none, thresholds settle on what suits."""

import numpy as np
import torch
from scipy import ndimage

from maskwright.losses import LossTerm
from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels, instances_to_labels
from maskwright.masks.object_maps import CLASS, DEPTH, DEPTH_STEPS, OUTLINE, to_maps
from maskwright.masks.tiles import tiles
from maskwright.masks.types import LabelMap
from maskwright.models.unet import UNetConfig
from maskwright.plan.plan import Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.batches import Batch
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of
from maskwright.tasks.instance import FOREGROUNDS, NEARLY, SEEDS, SMALLEST, SURE

CLASSES = Classes.named("background", "cell")
PLAN = Plan(
    task="instance", classes=CLASSES, channels=1, model=UNetConfig(widths=(4,)), normalization=Normalization(),
    crop_hw=(16, 16), batch=2, foreground_share=0.5, augmentation=Augmentation(),
    loss=(LossTerm(name="cross-entropy"), LossTerm(name="dice")), steps=1, validate_every=1,
    precision="fp32", tile_hw=(32, 32), tile_overlap=8, budget_minutes=1.0,
)  # fmt: skip
TASK = task_of(PLAN)


def squares():
    """Two squares that touch, and one apart."""
    labels = np.zeros((40, 60), np.int32)
    labels[4:20, 4:20], labels[4:20, 20:36], labels[25:37, 40:55] = 1, 2, 3
    return instances_from_labels(labels, CLASSES)


def outputs_of(instances):
    """What a network that makes no mistake says."""
    layers = to_maps(instances)
    cell = layers[CLASS].astype(np.float32)
    return np.stack([1 - cell, cell, layers[OUTLINE].astype(np.float32), layers[DEPTH] / np.float32(DEPTH_STEPS)])


def test_the_network_draws_classes_outline_and_depth():
    network = TASK.network()
    images = torch.zeros(2, 1, 16, 16)
    assert network(images).shape == (2, 4, 16, 16)
    target = torch.zeros(2, 3, 16, 16, dtype=torch.int64)
    assert TASK.losses(network, Batch(images, target, ("a", "b"))).keys() == {"cross-entropy", "dice", "outline", "depth"}


def test_outlines_and_depths_are_rare_before_anything_is_learned():
    maps = TASK.predict_tile(TASK.network(), torch.zeros(1, 1, 16, 16))
    assert maps[:, -2:].mean() < 0.2
    assert 0.2 < maps[:, 0].mean() < 0.8


def test_what_a_tile_says_lies_between_0_and_1():
    said = TASK.predict_tile(TASK.network(), torch.randn(1, 1, 9, 9))
    assert said.min() >= 0
    assert torch.allclose(said[:, :2].sum(dim=1), torch.ones(1, 9, 9))
    assert said.max() <= 1


def test_objects_across_tiles_come_out_whole_and_once():
    """In tiles as at once: the objects are found in the whole image's maps."""
    truth = squares()
    maps = outputs_of(truth)
    whole = TASK.merge([(tile, maps[:, tile.rows, tile.columns]) for tile in tiles((40, 60), (40, 60), 0)], (40, 60))
    tiled = TASK.merge([(tile, maps[:, tile.rows, tile.columns]) for tile in tiles((40, 60), (16, 16), 4)], (40, 60))
    assert len(whole) == len(tiled) == 3
    assert np.array_equal(instances_to_labels(whole), instances_to_labels(tiled))
    assert TASK.scores(["a"], [TASK.tally("a", truth, tiled)]).headline_row.value == 1.0


def test_connected_parts_of_a_label_map_are_its_objects():
    ids = np.zeros((6, 8), np.uint16)
    ids[1:3, 1:3], ids[4:, 5:] = 1, 1
    layers = TASK.encode(LabelMap(ids, CLASSES))
    assert np.array_equal(layers[CLASS], ids)
    assert (layers[DEPTH] > 0).sum() == ids.sum()


def test_thresholds_settle_on_what_finds_the_objects():
    """A network that is never sure: at the usual threshold nothing is found, at a lower one everything."""
    truth = squares()
    maps = outputs_of(truth)
    maps[1] *= 0.45  # the surest pixel is below the usual threshold
    maps[0] = 1 - maps[1]
    assert len(TASK.merge([(tile, maps) for tile in tiles((40, 60), (40, 60), 0)], (40, 60))) == 0
    settled = TASK.settle([(maps, truth)])
    assert settled["foreground"] < 0.45
    found = task_of(PLAN, settled).merge([(tile, maps) for tile in tiles((40, 60), (40, 60), 0)], (40, 60))
    assert len(found) == 3


def test_settled_are_the_thresholds_that_the_scores_favour():
    """Maps of noise around three objects: the best average precision, of those that leave out least among the nearly best."""
    truth, rng = squares(), np.random.default_rng(3)
    maps = np.clip(outputs_of(truth) + ndimage.gaussian_filter(rng.normal(0, 2, (4, 40, 60)), (0, 2, 2)), 0, 1).astype(
        np.float32
    )
    maps[0] = 1 - maps[1]

    def agreement(**thresholds):
        found = task_of(PLAN, thresholds).merge([(tile, maps) for tile in tiles((40, 60), (40, 60), 0)], (40, 60))
        scores = TASK.scores(["a"], [TASK.tally("a", truth, found)])
        return np.mean([scores.row(f"AP{at} (StarDist)", "cell").value for at in (50, 55, 60, 65, 70, 75)])

    usual = {"foreground": 0.5, "seed": 0.4, "smallest": 8, "sure": 0.0}
    tried = [usual, *({**usual, "foreground": a, "seed": b, "sure": c} for a in FOREGROUNDS for b in SEEDS for c in SURE)]
    reached = [agreement(**thresholds) for thresholds in tried]
    nearly = [at for at, value in enumerate(reached) if value >= max(reached) - NEARLY]
    least = min(tried[at]["sure"] for at in nearly)
    best = tried[max((at for at in nearly if tried[at]["sure"] == least), key=lambda at: reached[at])]
    expected = max([best, *({**best, "smallest": pixels} for pixels in SMALLEST)], key=lambda each: agreement(**each))
    assert expected != usual
    assert TASK.settle([(maps, truth)]) == expected


def test_doubtful_objects_are_left_out_only_where_that_gains_something():
    """One spurious object costs a twentieth beside eighteen true ones, and next to nothing beside three hundred."""

    def settled(rows):
        labels = np.zeros((8 * rows, 160), np.int32)
        for number in range(20 * rows - 1):
            row, column = divmod(number, 20)
            labels[8 * row + 1 : 8 * row + 7, 8 * column + 1 : 8 * column + 7] = number + 1
        maps = outputs_of(instances_from_labels(np.where(labels == 1, 0, labels), CLASSES))
        doubtful = labels == 1
        maps[1, doubtful], maps[0, doubtful] = 0.65, 0.35
        return TASK.settle([(maps, instances_from_labels(np.where(labels == 1, 0, labels), CLASSES))])["sure"]

    assert settled(rows=1) == 0.7
    assert settled(rows=15) == 0.0
