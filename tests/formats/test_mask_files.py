"""Masks through files: png, tiff, and the choice between them by content."""

import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskwright.base.errors import ImageFileError, MaskValueError, MaskwrightError
from maskwright.formats import read_mask, write_instances, write_label_map
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import instances_from_labels, instances_to_labels
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap

IDS = np.array([[0, 1, 2], [3, 4, 0]], np.uint8)
COLORS = ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128))
OBJECTS = Classes.named("background", "object", things=("object",))


def test_palette_indices_are_never_converted_to_gray(tmp_path):
    image = Image.fromarray(IDS)
    image.putpalette([channel for color in COLORS for channel in color])
    image.save(tmp_path / "x.png")
    raw = read_mask(tmp_path / "x.png")
    assert raw.values.tolist() == IDS.tolist()
    assert raw.palette[: len(COLORS)] == COLORS


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 255]], np.uint8),
        np.array([[0, 300]], np.uint16),
        np.array([[0, 70000]], np.uint32),
        np.array([[-1, 2]], np.int16),
    ],
    ids=str,
)
def test_integers_are_kept(tmp_path, values):
    tifffile.imwrite(tmp_path / "x.tif", values)
    raw = read_mask(tmp_path / "x.tif")
    assert raw.values.tolist() == values.tolist()
    assert raw.values.dtype == values.dtype
    if values.dtype in (np.uint8, np.uint16):
        (tmp_path / "x.png").write_bytes(imagecodecs.png_encode(values))
        assert read_mask(tmp_path / "x.png").values.tolist() == values.tolist()


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_gray_of_few_bits_is_not_spread_over_0_to_255(tmp_path, bits):
    """Pillow shows the value 1 of a 2-bit PNG as 85."""
    rows = b"".join(b"\0" + bytes([0b0110_0011]) for _ in range(2))  # each row: filter byte, then the packed pixels

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8 // bits, 2, bits, 0, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(content)
    expected = {1: [0, 1, 1, 0, 0, 0, 1, 1], 2: [1, 2, 0, 3], 4: [6, 3]}[bits]
    assert read_mask(tmp_path / "x.png").values.tolist() == [expected, expected]


def test_a_boolean_tiff_keeps_its_values(tmp_path):
    """tifffile marks booleans as 'white is 0' without turning them round; a viewer shows the negative."""
    tifffile.imwrite(tmp_path / "x.tif", np.array([[True, False]]))
    raw = read_mask(tmp_path / "x.tif")
    assert raw.values.tolist() == [[1, 0]]
    assert "0 as white" in raw.notes[0]


def test_whole_floats_are_taken_and_fractions_refused(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.array([[0, 3]], np.float64))
    assert read_mask(tmp_path / "x.tif").values.tolist() == [[0, 3]]
    assert "float64" in read_mask(tmp_path / "x.tif").notes[0]
    for bad in (0.25, np.nan, np.inf, 1e20):
        tifffile.imwrite(tmp_path / "bad.tif", np.array([[0, bad]], np.float32))
        with pytest.raises(MaskValueError, match=r"bad\.tif: 1 of 2 float values"):
            read_mask(tmp_path / "bad.tif")


def test_colours_are_kept_and_alpha_is_understood(tmp_path):
    colors = np.array([[[255, 0, 0, 255], [0, 0, 255, 255]]], np.uint8)
    Image.fromarray(colors[..., :3]).save(tmp_path / "rgb.png")
    Image.fromarray(colors).save(tmp_path / "opaque.png")
    assert read_mask(tmp_path / "rgb.png").values.tolist() == [[[255, 0, 0], [0, 0, 255]]]
    assert read_mask(tmp_path / "opaque.png").values.tolist() == [[[255, 0, 0], [0, 0, 255]]]
    colors[0, 1, 3] = 0
    Image.fromarray(colors).save(tmp_path / "clear.png")
    assert read_mask(tmp_path / "clear.png").values.tolist() == [[[255, 0, 0], [0, 0, 0]]]
    colors[..., :3] = 7
    Image.fromarray(colors).save(tmp_path / "alpha.png")
    assert read_mask(tmp_path / "alpha.png").values.tolist() == [[255, 0]]


def test_a_jpeg_is_marked_as_lossy(tmp_path):
    Image.fromarray(IDS).save(tmp_path / "x.jpg")
    Image.fromarray(IDS).save(tmp_path / "x.png")
    Image.fromarray(IDS).save(tmp_path / "x.webp", lossless=True)
    Image.fromarray(IDS).save(tmp_path / "lossy.webp")
    lossy = {path.name: read_mask(path).lossy for path in tmp_path.iterdir()}
    assert lossy == {"x.jpg": True, "x.png": False, "x.webp": False, "lossy.webp": True}


def test_channels_that_are_no_colour_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((4, 4, 5), np.uint8), photometric="minisblack", planarconfig="contig")
    with pytest.raises(MaskValueError, match="5 channels"):
        read_mask(tmp_path / "x.tif")
    tifffile.imwrite(tmp_path / "rgb.tif", np.full((4, 4, 3), 1000, np.uint16), photometric="rgb")
    with pytest.raises(MaskValueError, match="1000"):
        read_mask(tmp_path / "rgb.tif")


def test_a_damaged_mask_is_an_error_like_a_damaged_image(tmp_path):
    (tmp_path / "x.png").write_bytes(b"<html>")
    with pytest.raises(ImageFileError, match="HTML"):
        read_mask(tmp_path / "x.png")


# Writing

CODING = MaskCoding("class-ids", tuple((i, i) for i in range(5)), (255,), Classes.named("a", "b", "c", "d", "e"))


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_a_label_map_comes_back(tmp_path, name):
    ids = IDS.astype(np.uint16)
    ids[1, 2] = IGNORE
    write_label_map(tmp_path / name, LabelMap(ids, CODING.classes))
    raw = read_mask(tmp_path / name)
    expected = np.where(ids == IGNORE, 255 if name == "x.png" else IGNORE, ids)
    assert raw.values.tolist() == expected.tolist()
    if name == "x.png":
        assert raw.palette[:5] == tuple(info.color for info in CODING.classes)
        assert CODING.decode(raw, tmp_path / name).ids.tolist() == ids.tolist()


def test_more_classes_than_8_bits_hold_are_written_with_16(tmp_path):
    classes = Classes.named(*(f"class {i}" for i in range(300)))
    ids = np.array([[0, 299, IGNORE]], np.uint16)
    write_label_map(tmp_path / "x.png", LabelMap(ids, classes))
    assert read_mask(tmp_path / "x.png").values.tolist() == [[0, 299, IGNORE]]
    write_label_map(tmp_path / "y.png", LabelMap(np.array([[254]], np.uint16), Classes(classes.infos[:255])))
    assert read_mask(tmp_path / "y.png").values.dtype == np.uint8


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_instances_come_back_with_holes_single_pixels_and_parts(tmp_path, name):
    labels = np.array([[1, 1, 1, 0], [1, 0, 1, 2], [1, 1, 1, 0], [3, 0, 0, 3]], np.int32)
    assert write_instances(tmp_path / name, instances_from_labels(labels, OBJECTS)) == ()
    raw = read_mask(tmp_path / name)
    assert raw.values.tolist() == labels.tolist()
    back = MaskCoding("instances", ((0, 0),), (), OBJECTS).decode(raw, tmp_path / name)
    assert instances_to_labels(back).tolist() == labels.tolist()


@given(st.integers(0, 2**32 - 1))
def test_any_instances_come_back(tmp_path_factory, seed):
    path = tmp_path_factory.getbasetemp() / "any.png"
    labels = np.random.default_rng(seed).integers(0, 6, (5, 7)).astype(np.int32)
    labels = np.unique(np.append(labels, 0), return_inverse=True)[1][:-1].reshape(labels.shape).astype(np.int32)
    write_instances(path, instances_from_labels(labels, OBJECTS))
    assert np.array_equal(read_mask(path).values, labels)


def test_too_many_objects_for_16_bits_go_to_a_tiff(tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.formats.png.MOST_OBJECTS", 7)  # as if 3 bits were all; 65535 objects take seconds
    labels = np.arange(9, dtype=np.int32).reshape(3, 3)
    instances = instances_from_labels(labels, OBJECTS)
    with pytest.raises(MaskValueError, match=r"holds 7 objects, not 8\. Write a \.tif"):
        write_instances(tmp_path / "x.png", instances)
    assert not (tmp_path / "x.png").exists()
    write_instances(tmp_path / "x.tif", instances)
    raw = read_mask(tmp_path / "x.tif")
    assert np.array_equal(raw.values, labels)
    assert raw.values.dtype == np.uint32


def overlapping() -> Instances:
    masks = [np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool)]
    return Instances((1, 3), tuple(map(Region.of_mask, masks)), np.array([1, 1]), np.ones(2), np.zeros(2, bool), OBJECTS)


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_overlaps_are_refused_unless_the_loss_is_allowed(tmp_path, name):
    with pytest.raises(MaskValueError, match="1 pixels where objects overlap"):
        write_instances(tmp_path / name, overlapping())
    assert not (tmp_path / name).exists()
    assert write_instances(tmp_path / name, overlapping(), allow_loss=True) == ("1 pixels where objects overlap",)
    assert read_mask(tmp_path / name).values.tolist() == [[1, 2, 2]]


def test_classes_are_not_lost_in_silence(tmp_path):
    two = Instances(
        (1, 2),
        tuple(map(Region.of_mask, np.eye(2, dtype=bool)[:, None])),
        np.array([0, 1]),
        np.ones(2),
        np.zeros(2, bool),
        OBJECTS,
    )
    with pytest.raises(MaskValueError, match="background, object"):
        write_instances(tmp_path / "x.png", two)


@pytest.mark.parametrize(("name", "mark"), [("x.png", 65535), ("x.tif", 2**32 - 1)])
def test_ignored_pixels_of_instances_are_marked(tmp_path, name, mark):
    labels = np.array([[1, 0, 0]], np.int32)
    plain = instances_from_labels(labels, OBJECTS)
    ignored = np.array([[False, False, True]])
    instances = Instances((1, 3), plain.regions, plain.class_ids, plain.scores, plain.is_crowd, OBJECTS, ignored)
    write_instances(tmp_path / name, instances)
    raw = read_mask(tmp_path / name)
    assert raw.values.tolist() == [[1, 0, mark]]
    back = MaskCoding("instances", ((0, 0),), (mark,), OBJECTS).decode(raw, tmp_path / name)
    assert len(back) == 1
    assert back.ignored.tolist() == ignored.tolist()


def test_a_file_name_chooses_the_format_and_others_are_refused(tmp_path):
    with pytest.raises(MaskwrightError, match=r"\.jpg"):
        write_label_map(tmp_path / "x.jpg", LabelMap(IDS.astype(np.uint16), CODING.classes))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    label_map = LabelMap(IDS.astype(np.uint16), CODING.classes)
    write_label_map(tmp_path / "x.png", label_map)
    before = (tmp_path / "x.png").read_bytes()

    def full(*args, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(MaskwrightError, match=r"x\.png: cannot be written"):
        write_label_map(tmp_path / "x.png", label_map)
    assert (tmp_path / "x.png").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
