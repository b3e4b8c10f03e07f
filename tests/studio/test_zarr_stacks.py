"""Zarr in the studio: slices and times of an OME-Zarr are labelled like those of a TIFF, and what is no stack says so."""

import numpy as np
import pytest

from maskwright.data.dataset import read
from maskwright.engine.manifest import manifest
from maskwright.studio import images
from maskwright.studio.pictures import Pictures
from maskwright.studio.store import open_store
from some_edits import SIZE_HW, draw

zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")

RNG = np.random.default_rng(7)


def names(store):
    return [one["name"] for one in images.listed(store.database, "name")["images"]]


def put_zarr(path, pixels, axes):
    """An OME-Zarr 0.4 of one level."""
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_array("0", shape=pixels.shape, chunks=(1,) * (pixels.ndim - 2) + pixels.shape[-2:], dtype=pixels.dtype)[:] = (
        pixels
    )
    described = {"version": "0.4", "axes": [{"name": axis} for axis in axes], "datasets": [{"path": "0"}]}
    group.attrs["multiscales"] = [described]


def test_an_ome_zarr_is_labelled_as_a_tiff_is(tmp_path):
    photos = tmp_path / "photos"
    pixels = RNG.integers(0, 4000, (1, 2, 3, *SIZE_HW), np.uint16)
    put_zarr(photos / "a/embryo.zarr", pixels, "tczyx")
    with open_store(tmp_path / "x", photos, ["cell"]) as store:
        assert names(store) == [f"a/embryo.zarr/t=0 z={z}" for z in range(3)]
        plane = images.listed(store.database, "name")["images"][2]["id"]
        opened = images.opened(store, Pictures(store.folder, max_pixels=1 << 20), plane)
        assert (opened["channels"], opened["size_hw"], opened["trouble"]) == (2, list(SIZE_HW), "")
        assert [axis["length"] for axis in opened["planes"]["axes"]] == [1, 3]
        draw(store, plane, 0, "a", (1, 1, 4, 3))
        store.write_files()
        data = read(tmp_path / "x")
        (sample,) = data
        assert (sample.id, data.faults) == ("a/embryo.zarr/t=0 z=2", ())
        assert np.array_equal(sample.image, pixels[0, :, 2].transpose(1, 2, 0))
        before = manifest([data])
        assert not store.file_state(plane).changed
        put_zarr(photos / "a/embryo.zarr", pixels[:, :, ::-1], "tczyx")
        assert store.file_state(plane).changed
        assert manifest([data]) != before
        assert not store.accept(plane).changed


def test_a_zarr_that_is_no_stack_says_so(tmp_path):
    put_zarr(tmp_path / "photos/flat.zarr", RNG.integers(0, 255, SIZE_HW, np.uint8), "yx")
    with open_store(tmp_path / "x", tmp_path / "photos", ["cell"]) as store:
        assert names(store) == ["flat.zarr"]
        assert "has neither slices nor times, and such a Zarr is not labelled" in store.file_state(1).trouble


def test_a_zarr_whose_name_or_size_makes_it_no_stack_says_so(tmp_path):
    put_zarr(tmp_path / "photos/embryo", RNG.integers(0, 255, (3, *SIZE_HW), np.uint8), "zyx")
    put_zarr(tmp_path / "photos/empty.zarr", np.zeros((0, *SIZE_HW), np.uint8), "zyx")
    with open_store(tmp_path / "x", tmp_path / "photos", ["cell"]) as store:
        assert names(store) == ["embryo", "empty.zarr"]
        assert "its name ends with .zarr, as embryo.zarr. Rename it" in store.file_state(1).trouble
        assert "holds no pixels, its array is 0 x " in store.file_state(2).trouble
