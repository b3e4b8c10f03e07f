"""Large label images: every pixel of every level, written from strips of any height, read again by others' readers."""

import itertools
import weakref

import numpy as np
import pytest
import tifffile

from maskwright.formats import pyramid, read_mask
from maskwright.formats.large_axes import Axis
from maskwright.formats.large_image import open_large
from maskwright.masks.classes import Classes

AXES = (Axis("y", 150), Axis("x", 211))
CLASSES = Classes.named("background", "cell", "debris")
LABELS = np.random.default_rng(0).integers(0, 70_000, (150, 211), np.uint32)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(pyramid, "SIDE", 32)


def strips_of(labels, heights):
    bounds = np.cumsum([0, *heights])
    assert bounds[-1] == len(labels)
    return lambda plane: (labels[a:b] for a, b in itertools.pairwise(bounds))


@pytest.mark.parametrize("heights", [[150], [1, 2, 3, 33, 61, 50], [31, 32, 33, 54], [1] * 150])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_a_tiff_holds_the_labels_and_every_second_pixel_at_each_level(tmp_path, heights, dtype):
    labels = LABELS.astype(dtype)
    pyramid.write_tiff(tmp_path / "a.tif", strips_of(labels, heights), AXES, labels.dtype)
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


@pytest.mark.parametrize("write", [pyramid.write_tiff, pyramid.write_zarr])
def test_no_level_holds_more_than_the_strips_in_hand(tmp_path, write):
    """Else the highest level would hold the whole image."""
    if write is pyramid.write_zarr:
        pytest.importorskip("zarr")
    given: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def strips(plane):
        for top in range(0, 150, 10):
            alive.append(sum(one() is not None for one in given))
            given.append(weakref.ref(strip := LABELS[top : top + 10].copy()))
            yield strip

    write(tmp_path / f"a.{write.__name__[6:]}", strips, AXES, LABELS.dtype)
    assert max(alive[20:]) <= 4  # of the finest level a block of 32 rows


def test_what_does_not_fit_a_classic_tiff_becomes_a_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr(pyramid, "CLASSIC_BYTES", 100_000)
    pyramid.write_tiff(tmp_path / "a.tif", strips_of(LABELS, [150]), AXES, LABELS.dtype)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff


def test_strips_that_do_not_cover_the_image_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="The strips have 150 rows, but the image 160"):
        pyramid.write_tiff(tmp_path / "a.tif", strips_of(LABELS, [150]), (Axis("y", 160), Axis("x", 211)), LABELS.dtype)
    assert list(tmp_path.iterdir()) == []


def test_an_ome_zarr_holds_the_same_levels(tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    pyramid.write_zarr(tmp_path / "a.zarr", strips_of(LABELS, [31, 32, 33, 54]), AXES, LABELS.dtype)
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    for level, entry in enumerate(group.attrs["multiscales"][0]["datasets"]):
        assert np.array_equal(group[entry["path"]][:], LABELS[:: 2**level, :: 2**level])
    image = open_large(tmp_path / "a.zarr")
    assert np.array_equal(image.read((100, 100, 211, 150))[..., 0], LABELS[100:, 100:])


STACK = np.random.default_rng(1).integers(0, 70_000, (2, 3, 70, 90), np.uint32)
STACK_AXES = (
    Axis("t", 2, 2.5, "second"),
    Axis("z", 3, 1.5, "micrometer"),
    Axis("y", 70, 0.5, "micrometer"),
    Axis("x", 90, 0.5, "micrometer"),
)


def strips_of_stack(plane):
    whole = STACK.reshape(-1, 70, 90)[plane]
    return (whole[top : top + 33] for top in range(0, 70, 33))


def test_a_stack_is_an_ome_tiff_whose_levels_have_all_planes(tmp_path):
    pyramid.write_tiff(tmp_path / "a.tif", strips_of_stack, STACK_AXES, STACK.dtype)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_ome
        assert 'PhysicalSizeZ="1.5"' in file.ome_metadata
        assert (file.series[0].axes, [level.shape for level in file.series[0].levels]) == (
            "TZYX",
            [(2, 3, 70, 90), (2, 3, 35, 45), (2, 3, 18, 23)],
        )
        for number, level in enumerate(file.series[0].levels):
            assert np.array_equal(level.asarray(), STACK[..., :: 2**number, :: 2**number])
    image = open_large(tmp_path / "a.tif")
    assert image.planes == ("t=0 z=0", "t=0 z=1", "t=0 z=2", "t=1 z=0", "t=1 z=1", "t=1 z=2")
    assert np.array_equal(image.read((3, 4, 50, 40), 4)[..., 0], STACK[1, 1, 4:40, 3:50])
    image.close()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_stack_as_ome_zarr_says_what_its_axes_are_and_how_far_apart(tmp_path, version):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    pyramid.write_zarr(tmp_path / "a.zarr", strips_of_stack, STACK_AXES, STACK.dtype, version=version)
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert group.metadata.zarr_format == {"0.4": 2, "0.5": 3}[version]
    about = group.attrs["ome"] if version == "0.5" else dict(group.attrs)
    (scales,) = about["multiscales"]
    assert [axis["name"] for axis in scales["axes"]] == ["t", "z", "y", "x"]
    assert scales["axes"][0] == {"name": "t", "type": "time", "unit": "second"}
    assert scales["datasets"][2]["coordinateTransformations"] == [{"type": "scale", "scale": [2.5, 1.5, 2.0, 2.0]}]
    assert about["image-label"] == ({"version": "0.4"} if version == "0.4" else {})
    assert np.array_equal(group["1"][:], STACK[..., ::2, ::2])
    image = open_large(tmp_path / "a.zarr")
    assert (image.version, image.axes) == (version, STACK_AXES)
    assert np.array_equal(image.read((3, 4, 50, 40), 5)[..., 0], STACK[1, 2, 4:40, 3:50])


def test_what_the_values_of_classes_mean_stands_in_an_ome_zarr(tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    strips = strips_of((LABELS % 3).astype(np.int32), [150])
    pyramid.write_labels(tmp_path / "a.zarr", strips, AXES, classes=CLASSES)
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert group["0"].dtype == np.uint8
    about = group.attrs["image-label"]
    assert about["colors"][:2] == [{"label-value": 0, "rgba": [0, 0, 0, 0]}, {"label-value": 1, "rgba": [230, 159, 0, 255]}]
    assert about["properties"][2] == {"label-value": 2, "class": "debris"}
    pyramid.write_labels(tmp_path / "b.zarr", strips, AXES)
    assert zarr.open_group(str(tmp_path / "b.zarr"), mode="r")["0"].dtype == np.uint32
