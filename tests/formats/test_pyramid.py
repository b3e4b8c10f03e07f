"""Large label images: every pixel of every level, written from strips of any height, read again by others' readers."""

import itertools

import numpy as np
import pytest
import tifffile

from maskwright.formats import pyramid, read_mask
from maskwright.formats.large_image import open_large

LABELS = np.random.default_rng(0).integers(0, 70_000, (150, 211), np.uint32)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(pyramid, "SIDE", 32)


def strips_of(labels, heights):
    bounds = np.cumsum([0, *heights])
    assert bounds[-1] == len(labels)
    return lambda: (labels[a:b] for a, b in itertools.pairwise(bounds))


@pytest.mark.parametrize("heights", [[150], [1, 2, 3, 33, 61, 50], [31, 32, 33, 54], [1] * 150])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_a_tiff_holds_the_labels_and_every_second_pixel_at_each_level(tmp_path, heights, dtype):
    labels = LABELS.astype(dtype)
    pyramid.write_tiff(tmp_path / "a.tif", strips_of(labels, heights), labels.shape, labels.dtype)
    assert np.array_equal(read_mask(tmp_path / "a.tif").values, labels)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        levels = file.series[0].levels
        assert [level.shape for level in levels] == [(150, 211), (75, 106), (38, 53), (19, 27)]
        for number, level in enumerate(levels):
            assert np.array_equal(level.asarray(), labels[:: 2**number, :: 2**number])
        assert not file.is_bigtiff
    image = open_large(tmp_path / "a.tif")
    assert np.array_equal(image.read((100, 100, 211, 150))[..., 0], labels[100:, 100:])
    image.close()


def test_what_does_not_fit_a_classic_tiff_becomes_a_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr(pyramid, "CLASSIC_BYTES", 100_000)
    pyramid.write_tiff(tmp_path / "a.tif", strips_of(LABELS, [150]), LABELS.shape, LABELS.dtype)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff


def test_strips_that_do_not_cover_the_image_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="The strips have 150 rows, but the image 160"):
        pyramid.write_tiff(tmp_path / "a.tif", strips_of(LABELS, [150]), (160, 211), LABELS.dtype)
    assert list(tmp_path.iterdir()) == []


def test_an_ome_zarr_holds_the_same_levels(tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    pyramid.write_zarr(tmp_path / "a.zarr", strips_of(LABELS, [31, 32, 33, 54]), LABELS.shape, LABELS.dtype)
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    for level, entry in enumerate(group.attrs["multiscales"][0]["datasets"]):
        assert np.array_equal(group[entry["path"]][:], LABELS[:: 2**level, :: 2**level])
    image = open_large(tmp_path / "a.zarr")
    assert np.array_equal(image.read((100, 100, 211, 150))[..., 0], LABELS[100:, 100:])
