import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import DataError, ImageFileError, MaskValueError
from maskwright.data.coding import CodingError, CodingOptions
from maskwright.data.dataset import Record, grouped, read
from maskwright.formats.native import write_native
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.types import Instances, LabelMap

MASK = np.array([[0, 0, 255], [255, 0, 0]], np.uint8)


def save(path, pixels, **named):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels) if path.suffix == ".tif" else Image.fromarray(pixels).save(path, **named)


@pytest.fixture
def folder(tmp_path):
    """Three images of 2 x 3 pixels with binary masks; image i holds the value i everywhere."""
    for i in range(3):
        save(tmp_path / f"images/day{i % 2}/{i}.png", np.full((2, 3), i, np.uint8))
        save(tmp_path / f"masks/day{i % 2}/{i}.png", MASK)
    return tmp_path


def test_a_folder_becomes_samples(folder):
    data = read(folder)
    assert len(data) == 3
    assert data.classes.names == ("background", "foreground")
    sample = data[0]
    assert (sample.id, sample.group) == ("day0/0", "day0")
    assert sample.image.shape == (2, 3, 1)
    assert isinstance(sample.segmentation, LabelMap)
    assert sample.segmentation.ids.tolist() == (MASK // 255).tolist()
    assert [each.id for each in data] == ["day0/0", "day0/2", "day1/1"]
    assert [int(each.image[0, 0, 0]) for each in data] == [0, 2, 1]
    assert data.words == ("3 images with masks", "masks hold 0 and 255 in 3 files: binary, 255 is class 1 'foreground'")
    with pytest.raises(IndexError):
        data[3]


def test_any_mix_of_files_is_one_data_set(tmp_path):
    rng = np.random.default_rng(0)
    images = {
        "a.png": rng.integers(0, 255, (2, 3, 3)).astype(np.uint8),
        "b.tif": rng.integers(0, 65535, (2, 3)).astype(np.uint16),
        "c.tif": rng.random((2, 3)).astype(np.float32),
        "d.png": np.dstack([rng.integers(0, 255, (2, 3, 3)), np.full((2, 3), 255)]).astype(np.uint8),
    }
    for name, pixels in images.items():
        save(tmp_path / "images" / name, pixels)
        save(tmp_path / "masks" / name, MASK.astype(np.uint16) if name == "b.tif" else MASK)
    data = read(tmp_path)
    assert [(sample.image.shape[2], sample.image.dtype.name) for sample in data] == [
        (3, "uint8"), (3, "uint16"), (3, "float32"), (3, "uint8")
    ]  # fmt: skip
    assert all(np.array_equal(sample.segmentation.ids, MASK // 255) for sample in data)


def test_a_window_is_cut_from_image_and_mask(folder):
    data = read(folder)
    record = data.records[0]
    cut = data.with_records([Record(record.id, record.image, record.mask, window_xyxy=(1, 0, 3, 1))])
    assert cut[0].image.shape == (1, 2, 1)
    assert cut[0].segmentation.ids.tolist() == [[0, 1]]
    assert len(cut) == 1


def test_a_window_cuts_objects(folder):
    data = read(folder, kind="instances")
    record = data.records[0]
    cut = data.with_records([Record(record.id, record.image, record.mask, window_xyxy=(0, 0, 2, 2))])
    assert isinstance(cut[0].segmentation, Instances)
    assert [region.box_xyxy for region in cut[0].segmentation.regions] == [(0, 1, 1, 2)]


def test_images_without_masks_have_no_segmentation_and_no_classes(tmp_path):
    save(tmp_path / "a.png", MASK)
    data = read(tmp_path)
    assert data.coding is None
    assert data[0].segmentation is None
    with pytest.raises(DataError, match="--masks"):
        _ = data.classes


def test_options_reach_the_coding(folder):
    data = read(folder, class_names=("ground", "cell"), foreground=0)
    assert data.classes.names == ("ground", "cell")
    assert data[0].segmentation.ids.tolist() == (1 - MASK // 255).tolist()
    assert data.coding.kind == "binary"
    ignored = read(folder, kind="class-ids", ignore=(255,))
    assert ignored[0].segmentation.ids.tolist() == np.where(MASK, IGNORE, 0).tolist()


def test_a_wrong_option_names_the_right_one():
    with pytest.raises(DataError, match="Did you mean 'instances'"):
        CodingOptions(kind="instance")
    with pytest.raises(DataError, match="nearest"):
        CodingOptions(repair="magic")


def test_masks_in_a_folder_of_their_own(folder):
    (folder / "masks").rename(folder / "drawn")
    data = read(folder / "images", folder / "drawn")
    assert len(data) == 3
    assert data[0].segmentation is not None


def test_bad_files_are_left_out_and_listed(folder):
    (folder / "images/day0/0.png").write_bytes(b"")
    save(folder / "masks/day1/1.png", MASK.T)
    data = read(folder)
    assert [record.id for record in data.records] == ["day0/2"]
    assert {fault.code for fault in data.faults} == {"unreadable-image", "size-mismatch"}
    assert "1 left out: size-mismatch" in data.words
    assert "swapped" in " ".join(fault.message for fault in data.faults)


def test_only_bad_files_are_an_error_that_names_one(folder):
    for path in folder.glob("images/*/*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"no usable images .*3 faults: .*empty"):
        read(folder)


def test_an_image_turned_by_exif_and_its_unturned_mask_are_explained(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a", "b"):
        save(tmp_path / f"images/{name}.jpg", np.zeros((20, 30, 3), np.uint8), exif=exif)
    save(tmp_path / "masks/a.png", np.eye(30, 20, dtype=np.uint8))
    save(tmp_path / "masks/b.png", np.eye(20, 30, dtype=np.uint8))
    data = read(tmp_path)
    assert data[0].size_hw == (30, 20)
    assert "EXIF orientation 6" in data.faults[0].message


def test_a_file_that_changes_after_reading_is_named_when_it_is_used(folder):
    data = read(folder)
    save(folder / "masks/day0/0.png", MASK.T)
    with pytest.raises(DataError, match=r"0\.png: the mask is 2 x 3 pixels"):
        data[0]
    save(folder / "masks/day0/0.png", MASK // 2)
    with pytest.raises(MaskValueError, match=r"0\.png: .* 127 in 2 pixels"):
        data[0]
    (folder / "masks/day0/0.png").unlink()
    with pytest.raises(ImageFileError, match=r"0\.png: cannot be read"):
        data[0]


def test_names_that_match_nothing_are_shown_side_by_side(tmp_path):
    save(tmp_path / "images/cat.png", MASK)
    save(tmp_path / "masks/dog.png", MASK)
    with pytest.raises(DataError, match=r"cat\.png; masks \(1\): dog\.png"):
        read(tmp_path)


def test_names_that_clash_are_an_error_that_lists_both(folder):
    save(folder / "images/day0/0.bmp", MASK)
    with pytest.raises(DataError, match=r"0\.bmp and .*0\.png have one name"):
        read(folder)


def test_folders_without_images_are_an_error(tmp_path):
    with pytest.raises(DataError, match="no usable images"):
        read(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read(tmp_path / "nowhere")


# dataset.json

CELLS = MaskCoding("binary", ((0, 0), (255, 1)), (7,), Classes.named("medium", "cell", things=("cell",)))


def test_dataset_json_decides(folder):
    write_native(folder, CELLS)
    data = read(folder)
    assert data.coding == CELLS
    assert str(folder / "dataset.json") in data.words[-1]


def test_dataset_json_that_does_not_fit_the_masks_is_an_error(folder):
    write_native(folder, MaskCoding("binary", ((0, 0), (1, 1)), (), CELLS.classes))
    with pytest.raises(CodingError, match="255 in 2 pixels"):
        read(folder)


def test_options_go_before_dataset_json_and_that_is_told(folder):
    write_native(folder, CELLS)
    data = read(folder, class_names=("a", "b"))
    assert data.classes.names == ("a", "b")
    assert "was not used" in data.words[-1]


def test_a_dataset_json_of_another_program_is_told(folder):
    (folder / "dataset.json").write_text(json.dumps({"labels": {"background": 0}}))
    data = read(folder)
    assert data.classes.names == ("background", "foreground")
    assert "another program" in data.words[-1]


# Groups


def test_groups_come_from_a_pattern(folder):
    assert [record.group for record in read(folder, group_by=r"day(\d)").records] == ["0", "0", "1"]
    assert [record.group for record in read(folder, group_by=r"day\d").records] == ["day0", "day0", "day1"]
    with pytest.raises(DataError, match=r"finds nothing in 3 of 3 ids: day0/0"):
        read(folder, group_by="week")
    with pytest.raises(DataError, match="no regular expression"):
        grouped([], "(")


# The real folders


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "options", "kind", "images", "classes"),
    [
        ("stardist_sample", {}, "instances", 1, 2),
        ("dsb2018_nuclei", {}, "instances", 146, 2),
        ("isbi2012_em", {}, "binary", 30, 2),
        ("dubai_aerial", {}, "class-ids", 60, 6),
        ("oxford_pets_26", {"ignore": (255,)}, "class-ids", 26, 3),
        ("camvid", {"ignore": (11,)}, "class-ids", 59, 11),
        ("medscribble", {}, "binary", 18, 2),
        ("coco128_seg", {}, "instances", 128, 2),
    ],
)
def test_real_folders_are_understood(real_data, name, options, kind, images, classes):
    data = read(real_data / name, **options)
    assert (data.coding.kind, len(data), len(data.classes)) == (kind, images, classes)
    sample = data[0]
    assert sample.segmentation.size_hw == sample.size_hw
    listed = json.dumps(json.loads((real_data / name / "splits.json").read_text()))
    assert all(f'"{record.id}"' in listed for record in data.records)
    assert [fault.path.name for fault in data.faults] == (["nuclei3d.tif"] if name == "stardist_sample" else [])


@pytest.mark.real
def test_real_traps_are_named(real_data):
    assert "axes QYX (Q=31, Y=61, X=57)" in read(real_data / "stardist_sample").faults[0].message
    with pytest.raises(CodingError, match="--ignore 255"):
        read(real_data / "oxford_pets_26")
    with pytest.raises(CodingError, match="47 colours"):
        read(real_data / "coco_panoptic_sample", real_data / "coco_panoptic_sample/masks")
    assert len(read(real_data / "stardist_sample")[0].segmentation) == 125
