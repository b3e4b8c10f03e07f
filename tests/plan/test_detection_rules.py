"""Which way to objects suits, and the numbers of a Mask R-CNN: at both sides of where each decision turns."""

from dataclasses import replace

import pytest

from maskwright.data.fingerprint import Fingerprint, Intensity
from maskwright.models import MaskRCNNConfig
from maskwright.plan import detection_rules as rules

NUCLEI = Fingerprint(
    images=4,
    sizes_hw=((512, 512),) * 4,
    channels=1,
    dtypes=("uint16",),
    intensity=(Intensity(0.0, 100.0, 1000.0, 150.0, 50.0),),
    class_names=("background", "nucleus"),
    class_pixels=(8000, 2000),
    ignored_pixels=0,
    images_with_class=(4, 4),
    object_sizes=(None, (100.0, 200.0, 300.0)),
    objects_per_image=30.0,
    thickness=12.0,
    most_objects=80,
    extent=30.0,
    touching=0.4,
)
PETS = replace(
    NUCLEI, channels=3, dtypes=("uint8",), color=0.1, object_sizes=(None, (9000.0, 22500.0, 60000.0)), objects_per_image=1.0,
    most_objects=2, extent=320.0, touching=0.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected", "reason"),
    [
        (NUCLEI, "unet", "1 kind of objects, 14 pixels across, of which 40% touch another"),
        (replace(NUCLEI, objects_per_image=61.0, overlap=0.5), "unet", "61 objects an image"),
        (replace(NUCLEI, overlap=0.03), "mask-rcnn", "3% of the pixels of objects lie under others"),
        (replace(NUCLEI, overlap=0.01), "unet", "hardly any under others"),
        (replace(NUCLEI, object_sizes=(None, *((9.0, 9.0, 9.0),) * 4)), "mask-rcnn", "4 kinds of objects"),
        (replace(NUCLEI, object_sizes=(None, *((9.0, 9.0, 9.0),) * 3)), "unet", "3 kinds of objects"),
        (PETS, "mask-rcnn", "few large objects, 150 pixels across"),
        (replace(PETS, object_sizes=(None, (900.0, 2500.0, 6000.0))), "unet", "50 pixels across"),
        (replace(PETS, color=0.0), "unet", "150 pixels across"),
    ],
)
def test_the_better_way_to_objects(found: Fingerprint, expected: str, reason: str) -> None:
    way, why = rules.way(found)
    assert way == expected
    assert reason in why


def test_anchors_reach_the_objects_and_there_are_enough_detections() -> None:
    small, _ = rules.network(NUCLEI, MaskRCNNConfig(), None)
    assert small.anchor_sizes == (8, 16, 32, 64, 128)
    assert (small.detections, small.fixed_norms) == (160, False)
    assert small.proposals >= 2 * small.detections
    large, why = rules.network(PETS, MaskRCNNConfig(encoder="resnet50"), "imagenet")
    assert large.anchor_sizes == (32, 64, 128, 256, 512)
    assert (large.encoder, large.detections, large.fixed_norms) == ("resnet50", 100, True)
    assert "norms stay as they are trained" in why
    mixed = replace(PETS, sides=(11.0, 237.0))  # small things beside large ones: the anchors lie around the middle of both
    assert rules.network(mixed, MaskRCNNConfig(), None)[0].anchor_sizes == (16, 32, 64, 128, 256)
    assert rules.network(replace(NUCLEI, most_objects=9000), MaskRCNNConfig(), None)[0].detections == 500


@pytest.mark.parametrize(("size_hw", "crop_hw"), [((480, 640), (480, 512)), ((100, 300), (128, 320)), ((20, 20), (64, 64))])
def test_a_crop_is_the_whole_image_where_that_is_affordable(size_hw: tuple[int, int], crop_hw: tuple[int, int]) -> None:
    assert rules.crop(replace(PETS, sizes_hw=(size_hw,) * 3))[0] == crop_hw


@pytest.mark.parametrize(
    ("side", "extent", "tile", "overlap"),
    [(640, 320.0, 1024, 320), (1200, 5.0, 1216, 32), (4096, 100.0, 1536, 128), (4096, 3000.0, 1536, 768)],
)
def test_tiles_hold_the_image_or_overlap_by_the_largest_objects(side: int, extent: float, tile: int, overlap: int) -> None:
    assert rules.tiles(replace(PETS, sizes_hw=((side, side),), extent=extent))[:2] == (tile, overlap)


def test_photographs_are_never_turned_upside_down() -> None:
    chosen = rules.augmentation(PETS)
    assert chosen is not None
    assert (chosen[0].flip_y, chosen[0].transpose, chosen[0].elastic) == (0, 0, 0)
    assert rules.augmentation(NUCLEI) is None


def test_a_trained_encoder_learns_gently() -> None:
    assert rules.optimizer("imagenet")[0].encoder_rate < 1
    assert rules.optimizer(None)[0].encoder_rate == 1


def test_without_known_objects_their_extent_is_guessed_from_areas() -> None:
    unknown = replace(PETS, extent=None, sizes_hw=((4096, 4096),))
    assert rules.tiles(unknown)[1] == 384  # 1.5 x 245 pixels, in steps of 32
