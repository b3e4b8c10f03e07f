"""Shrunk images and classes: by hand, and as the network shrinks images."""

import numpy as np
import pytest
import torch

from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances
from maskwright.nn.shrunk import Shrunk
from maskwright.sampling.normalize import Normalization
from maskwright.sampling.samples import PreparedSamples
from maskwright.sampling.shrink import shrink_classes, shrink_image, shrink_objects


def test_pixels_become_the_mean_of_their_block() -> None:
    image = np.array([[0, 2, 9], [1, 4, 9], [7, 8, 6]], np.uint8)[..., None]
    assert shrink_image(image, 2)[..., 0].tolist() == [
        [2, 6],
        [5, 7],
    ]  # of 7, 24, 20 and 27 quarters; column 1 and row 1 again at the rim
    assert shrink_image(image.astype(np.float32), 2)[0, 0, 0] == 1.75
    assert np.array_equal(shrink_image(image, 1), image)


@pytest.mark.parametrize("size_hw", [(7, 5), (8, 6), (2, 1), (3, 9)])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_network_is_shown_in_training_what_it_is_shown_later(size_hw: tuple[int, int], factor: int) -> None:
    image = np.random.default_rng(0).random((*size_hw, 3), np.float32)
    seen: list[torch.Tensor] = []
    network = torch.nn.Identity()
    network.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    enlarged = Shrunk(network, factor)(torch.from_numpy(image).permute(2, 0, 1)[None])
    np.testing.assert_allclose(seen[0][0].permute(1, 2, 0).numpy(), shrink_image(image, factor), rtol=1e-5)
    assert enlarged.shape == (1, 3, *size_hw)


def test_most_pixels_of_a_block_decide_and_its_middle_where_they_are_even() -> None:
    ids = np.array([[0, 0, 1, 1], [2, 1, 1, 0], [1, 1, 3, IGNORE], [0, 0, IGNORE, IGNORE]], np.uint16)
    assert shrink_classes(ids, 2).tolist() == [[0, 1], [0, IGNORE]]
    assert shrink_classes(ids.T, 2).tolist() == [[0, 0], [1, IGNORE]]  # 1 1 0 0: the middle is the lower right one
    assert np.array_equal(shrink_classes(ids, 1), ids)


def test_a_plane_of_one_class_moves_by_no_more_than_half_a_block() -> None:
    """Whatever the ids are: neither the lower nor the higher one gains at every outline."""
    for low, high in ((0, 1), (1, 0)):
        shares = []
        for start in range(8):
            ids = np.full((32, 64), low, np.uint16)
            ids[:, 16 + start : 48 + start] = high
            shares.append((shrink_classes(ids, 8) == high).mean())
        assert np.mean(shares) == 0.5


def test_objects_are_shrunk_one_by_one_and_keep_what_they_are() -> None:
    """Three that touch or overlap, and one that no block is mostly of; the first lies across blocks."""
    boxes = ((1, 2, 8, 7), (8, 0, 12, 4), (8, 2, 10, 4), (11, 6, 12, 7))
    regions = tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box in boxes)
    ignored = np.zeros((7, 13), bool)
    ignored[:2, :2] = ignored[5:, 11:] = True
    numbers = np.arange(4)
    objects = Instances((7, 13), regions, numbers % 3, numbers / 4, numbers > 1, Classes.named("background", "a", "b"), ignored)
    shrunk = shrink_objects(objects, 2)
    assert shrunk.size_hw == (4, 7)
    assert [region.tight().box_xyxy for region in shrunk.regions] == [(0, 1, 4, 3), (4, 0, 6, 2), (4, 1, 5, 2)]
    assert shrunk.class_ids.tolist() == [0, 1, 2]
    assert shrunk.scores.tolist() == [0, 0.25, 0.5]
    assert shrunk.is_crowd.tolist() == [False, False, True]
    assert shrunk.ignored is not None
    assert np.argwhere(shrunk.ignored).tolist() == [[0, 0], [2, 6], [3, 5], [3, 6]]
    assert shrink_objects(objects, 1) is objects


def test_samples_are_shrunk_with_the_statistics_of_the_whole(labelled) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(0).integers(0, 255, (20, 24, 1), np.uint8)
    samples = [labelled("a", np.repeat([[0, 1]], 20, axis=0).repeat(12, axis=1), values)]
    whole = PreparedSamples(samples, Normalization(), lambda mask: mask.ids)[0]
    small = PreparedSamples(samples, Normalization(), lambda mask: shrink_classes(mask.ids, 4), shrink=4)[0]
    assert (small.size_hw, small.target.shape) == ((5, 6), (5, 6))
    assert small.target.tolist() == [[0, 0, 0, 1, 1, 1]] * 5
    assert np.array_equal(small.scale.apply(values), whole.scale.apply(values))
