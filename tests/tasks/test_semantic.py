"""The semantic task: objects become their class, tiles become a label map, losses are those of the plan."""

import numpy as np
import pytest
import torch

from maskwright.base.errors import MaskValueError
from maskwright.losses import IGNORE_TARGET, LossTerm
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.tiles import tiles
from maskwright.masks.types import LabelMap
from maskwright.models.unet import UNetConfig
from maskwright.plan.plan import Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.batches import Batch
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of
from maskwright.tasks.semantic import SemanticTask

CLASSES = Classes.named("background", "cell", "debris")
PLAN = Plan(
    classes=CLASSES, channels=2, model=UNetConfig(widths=(4,)), normalization=Normalization(), crop_hw=(16, 16), batch=2,
    foreground_share=0.5, augmentation=Augmentation(), loss=(LossTerm(name="cross-entropy", weight=2.0), LossTerm(name="dice")),
    class_weights=(1.0, 2.0, 3.0), steps=1, validate_every=1, precision="fp32", tile_hw=(32, 32), tile_overlap=8,
    budget_minutes=1.0,
)  # fmt: skip
TASK = task_of(PLAN)


def test_the_plan_names_its_task() -> None:
    assert isinstance(TASK, SemanticTask)


def test_the_network_has_an_output_a_class() -> None:
    assert TASK.network()(torch.zeros(1, 2, 5, 7)).shape == (1, 3, 5, 7)


def test_objects_are_encoded_as_their_class() -> None:
    labels = np.array([[0, 7, 7], [9, 0, 0]])
    assert TASK.encode(instances_from_labels(labels, CLASSES, 1)).tolist() == [[0, 1, 1], [1, 0, 0]]


def test_losses_are_the_planned_terms_with_their_weights() -> None:
    image = torch.randn(2, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    target = torch.randint(-1, 3, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    network = TASK.network().eval()
    terms = TASK.losses(network, Batch(image, target, ("a", "b")))
    assert list(terms) == ["cross-entropy", "dice"]
    expected = torch.nn.functional.cross_entropy(
        network(image), target, torch.tensor([1.0, 2.0, 3.0]), ignore_index=IGNORE_TARGET
    )
    assert terms["cross-entropy"].item() == pytest.approx(2 * expected.item(), rel=1e-5)


def test_tiles_merge_into_the_likeliest_class() -> None:
    rng = np.random.default_rng(0)
    whole = rng.random((3, 20, 30)).astype(np.float32)
    cut = [(tile, whole[:, tile.rows, tile.columns]) for tile in tiles((20, 30), (12, 16), 4)]
    merged = TASK.merge(cut, (20, 30))
    assert isinstance(merged, LabelMap)
    assert (merged.ids == whole.argmax(axis=0)).all()


def test_what_is_ignored_counts_nowhere() -> None:
    truth = LabelMap(np.array([[0, 1, IGNORE]], np.uint16), CLASSES)
    prediction = LabelMap(np.array([[0, 2, 2]], np.uint16), CLASSES)
    assert TASK.tally("x", truth, prediction).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_other_sizes_are_refused_with_the_name() -> None:
    small, large = (LabelMap(np.zeros(size, np.uint16), CLASSES) for size in ((2, 2), (3, 3)))
    with pytest.raises(MaskValueError, match="slide 4"):
        TASK.tally("slide 4", small, large)
