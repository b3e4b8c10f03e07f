"""Prepared samples: kept in memory or read again, with the same values; bad ones are named."""

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.data.sample import Sample
from maskwright.sampling.normalize import Normalization
from maskwright.sampling.samples import PreparedSamples


class Reading:
    """A data set that counts how often it is read."""

    def __init__(self, samples):
        self.samples, self.reads = list(samples), 0

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        self.reads += 1
        return self.samples[index]


def test_images_in_memory_are_read_once(discs, prepared):
    data = Reading(discs)
    samples = PreparedSamples(data, Normalization(), lambda mask: mask.ids)
    for _ in range(3):
        assert [samples[i].id for i in range(len(samples))] == [disc.id for disc in discs]
    assert data.reads == 5


def test_beyond_the_bound_images_are_read_again_and_equal(discs):
    """A disc image takes 96 x 80 x (1 + 2) bytes; two of them fit."""
    data = Reading(discs)
    samples = PreparedSamples(data, Normalization(), lambda mask: mask.ids, memory_gb=2.5 * 96 * 80 * 3 / 2**30)
    whole = PreparedSamples(discs, Normalization(), lambda mask: mask.ids)
    for number in range(5):
        again, kept = samples[number], whole[number]
        assert np.array_equal(again.image, kept.image)
        assert np.array_equal(again.target, kept.target)
        assert np.array_equal(again.scale.apply(again.image), kept.scale.apply(kept.image))
    assert data.reads == 5 + 3


def test_an_image_without_a_mask_is_named(prepared):
    with pytest.raises(DataError, match="lonely: no mask"):
        prepared([Sample("lonely", np.zeros((3, 3, 1), np.uint8))])


def test_mixed_channels_name_the_image(labelled):
    gray, color = labelled("gray", np.zeros((4, 4))), labelled("color", np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(DataError, match="color: the image has 3 channels, the first one 1"):
        PreparedSamples([gray, color], Normalization(), lambda mask: mask.ids)


def test_an_image_that_changes_meanwhile_is_named(labelled):
    data = Reading([labelled("cells", np.zeros((4, 4)))])
    samples = PreparedSamples(data, Normalization(), lambda mask: mask.ids, memory_gb=0)
    data.samples[0] = labelled("cells", np.zeros((4, 5)))
    with pytest.raises(DataError, match=r"cells: .*\(4, 5\), but had \(4, 4\)"):
        samples[0]
