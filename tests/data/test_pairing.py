import os
import unicodedata
from pathlib import Path

import pytest

from maskwright.base.errors import DataError
from maskwright.data.pairing import Pairing, list_images, pair


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"never opened by pairing")
    return root


def pairs(found: Pairing, root: Path) -> dict[str, str]:
    return {record.id: record.mask.relative_to(root).as_posix() for record in found.pairs}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["images/a.png", "masks/a.png"], {"a": "masks/a.png"}),
        (["image/a.jpg", "label/a.png"], {"a": "label/a.png"}),
        (["Images/a.jpg", "Labels/a.png"], {"a": "Labels/a.png"}),
        (["imgs/a.jpg", "gt/a.png"], {"a": "gt/a.png"}),
        (["img/a.jpg", "mask/a.png"], {"a": "mask/a.png"}),
        (["JPEGImages/a.jpg", "SegmentationClass/a.png", "SegmentationObject/a.png"], {"a": "SegmentationClass/a.png"}),
        (["images/a.png", "annotations/a.png"], {"a": "annotations/a.png"}),
        (["images/a.png", "annotations/trimaps/a.png"], {"a": "annotations/trimaps/a.png"}),
        (["images/a.png", "masks/a_mask.png"], {"a": "masks/a_mask.png"}),
        (["a.png", "masks/a.png"], {"a": "masks/a.png"}),
        (["train/images/a.png", "train/masks/a.png", "val/images/a.png", "val/masks/a.png"],
         {"train/a": "train/masks/a.png", "val/a": "val/masks/a.png"}),
        (["images/train/a.png", "masks/train/a.png", "images/val/a.png", "masks/val/a.png"],
         {"train/a": "masks/train/a.png", "val/a": "masks/val/a.png"}),
        (["Tile 1/images/p1.jpg", "Tile 1/masks/p1.png", "Tile 2/images/p1.jpg", "Tile 2/masks/p1.png"],
         {"Tile 1/p1": "Tile 1/masks/p1.png", "Tile 2/p1": "Tile 2/masks/p1.png"}),
        (["a.png", "a_mask.png"], {"a": "a_mask.png"}),
        (["a.tif", "a_seg.tif", "b.tif", "b-mask.png"], {"a": "a_seg.tif", "b": "b-mask.png"}),
        (["a.png", "a_label.png", "b.png", "b_labels.png", "c.png", "c_gt.png", "d.png", "mask_d.png"],
         {"a": "a_label.png", "b": "b_labels.png", "c": "c_gt.png", "d": "mask_d.png"}),
        (["images/a.png", "images/a_mask.png"], {"a": "images/a_mask.png"}),
        (["images/A.JPG", "masks/a.png"], {"A": "masks/a.png"}),
    ],
)  # fmt: skip
def test_the_usual_layouts(tmp_path, names, expected):
    found = pair(make(tmp_path, *names))
    assert pairs(found, tmp_path) == expected
    assert (found.images_without_mask, found.masks_without_image, found.ambiguous, found.broken) == ((), (), (), ())


def test_masks_in_another_folder(tmp_path):
    make(tmp_path, "photos/a.jpg", "photos/sub/b.jpg", "drawn/a.png", "drawn/sub/b.png")
    found = pair(tmp_path / "photos", tmp_path / "drawn")
    assert pairs(found, tmp_path) == {"a": "drawn/a.png", "sub/b": "drawn/sub/b.png"}
    assert [record.group for record in found.pairs] == ["", "sub"]


def test_masks_in_a_named_folder_inside_the_images_folder(tmp_path):
    make(tmp_path, "a.jpg", "drawn/a.png")
    found = pair(tmp_path, tmp_path / "drawn")
    assert pairs(found, tmp_path) == {"a": "drawn/a.png"}
    assert not found.broken


def test_globs_say_what_is_what(tmp_path):
    make(tmp_path, "a.jpg", "a.png", "b.jpg", "b.png")
    assert len(pair(tmp_path).ambiguous) == 2
    assert pairs(pair(tmp_path, mask_glob="*.png"), tmp_path) == {"a": "a.png", "b": "b.png"}
    assert pairs(pair(tmp_path, image_glob="*.jpg", mask_glob="*.png"), tmp_path) == {"a": "a.png", "b": "b.png"}


def test_a_pattern_that_most_names_share_is_found_and_told(tmp_path):
    make(tmp_path, "images/x1.png", "images/x2.png", "images/x10.png")
    make(tmp_path, "masks/x1_lbl2.png", "masks/x2_lbl2.png", "masks/x10_lbl2.png")
    found = pair(tmp_path)
    assert pairs(found, tmp_path) == {"x1": "masks/x1_lbl2.png", "x2": "masks/x2_lbl2.png", "x10": "masks/x10_lbl2.png"}
    assert found.notes == ("3 masks were matched by the pattern 'NAME_lbl2'.",)
    make(tmp_path / "sat", "1_sat.jpg", "1_mask.png", "2_sat.jpg", "2_mask.png")
    found = pair(tmp_path / "sat")
    assert pairs(found, tmp_path / "sat") == {"1_sat": "1_mask.png", "2_sat": "2_mask.png"}
    assert "NAME_sat" in found.notes[0]


def test_what_has_no_partner_is_listed(tmp_path):
    make(tmp_path, "images/a.png", "images/b.png", "masks/b.png", "masks/zebra.png")
    found = pair(tmp_path)
    assert pairs(found, tmp_path) == {"b": "masks/b.png"}
    assert [record.id for record in found.images_without_mask] == ["a"]
    assert found.masks_without_image == (tmp_path / "masks/zebra.png",)


def test_same_names_in_several_folders_are_not_mixed_up(tmp_path):
    make(tmp_path, "images/one/a.png", "images/two/a.png", "masks/two/a.png")
    found = pair(tmp_path)
    assert pairs(found, tmp_path) == {"two/a": "masks/two/a.png"}
    assert [record.id for record in found.images_without_mask] == ["one/a"]


@pytest.mark.parametrize(
    "names",
    [
        ["images/a.jpg", "images/a.png", "masks/a.png"],
        ["images/a.PNG", "images/a.png", "masks/a.png"],
        ["images/A.png", "images/a.png", "masks/a.png"],
        [f"images/{unicodedata.normalize(form, 'ü')}.png" for form in ("NFC", "NFD")],
        ["img/a.png", "images/a.png", "masks/a.png"],
        ["images/a.png", "masks/a.png", "masks/a.tif"],
        ["images/a.png", "masks/a_mask.png", "masks/a_seg.png"],
    ],
)
def test_files_that_claim_one_name_are_listed_together_and_not_used(tmp_path, names):
    found = pair(make(tmp_path, *names))
    assert found.pairs == ()
    assert len(found.ambiguous) == 1
    assert len(found.ambiguous[0]) == 2


def test_composed_and_decomposed_unicode_match(tmp_path):
    image, mask = (unicodedata.normalize(form, "Zürich é") for form in ("NFD", "NFC"))
    found = pair(make(tmp_path, f"images/{image}.png", f"masks/{mask}.png"))
    assert [record.id for record in found.pairs] == [unicodedata.normalize("NFC", "Zürich é")]
    assert found.pairs[0].image.name == f"{image}.png"


@pytest.mark.parametrize("name", [b"caf\xe9", b"two\nlines", b"-x", b" space ", b"quo'te\"", "🙂".encode(), b"dot.ted.name"])
def test_any_name_pairs_and_its_id_can_be_printed(tmp_path, name):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / os.fsdecode(name + b".png")).write_bytes(b"x")
    found = pair(tmp_path)
    assert len(found.pairs) == 1
    found.pairs[0].id.encode()
    assert os.fsencode(found.pairs[0].image).endswith(name + b".png")


def test_order_is_natural(tmp_path):
    make(tmp_path, *(f"{folder}/x{i}.png" for i in (10, 9, 1) for folder in ("images", "masks")))
    assert [record.id for record in pair(tmp_path).pairs] == ["x1", "x9", "x10"]


def test_other_files_are_passed_over_with_their_number(tmp_path):
    make(tmp_path, "images/a.png", "masks/a.png", "images/.DS_Store", "images/._a.png", "masks/Thumbs.db", "README.md")
    make(tmp_path, "scribbles/a.png", "splits.json", "annotations.json", "__MACOSX/images/a.png")
    found = pair(tmp_path)
    assert pairs(found, tmp_path) == {"a": "masks/a.png"}
    assert {reason: len(paths) for reason, paths in found.passed_over} == {
        "hidden files": 4, ".md files": 1, ".json files": 2, "in neither an image nor a mask folder": 1
    }  # fmt: skip


def test_links_in_a_circle_and_into_nothing_are_named(tmp_path):
    make(tmp_path, "images/a.png", "masks/a.png")
    (tmp_path / "images/loop").symlink_to(tmp_path / "images")
    (tmp_path / "images/gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "images/self.png").symlink_to("self.png")
    found = pair(tmp_path)
    assert pairs(found, tmp_path) == {"a": "masks/a.png"}
    assert {path.name for path, _ in found.broken} == {"loop", "gone.png", "self.png"}


def test_links_to_files_elsewhere_are_followed(tmp_path):
    make(tmp_path, "store/a.png", "data/masks/a.png")
    (tmp_path / "data/images").symlink_to(tmp_path / "store")
    assert pairs(pair(tmp_path / "data"), tmp_path / "data") == {"a": "masks/a.png"}


def test_a_folder_without_masks_is_a_list_of_images(tmp_path):
    found = pair(make(tmp_path, "a.png", "sub/b.png"))
    assert found.pairs == ()
    assert [record.id for record in found.images_without_mask] == ["a", "sub/b"]
    found = pair(make(tmp_path / "named", "label_1.png", "label_2.png"))
    assert [record.id for record in found.images_without_mask] == ["label_1", "label_2"]


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        pair(tmp_path / "nowhere")
    make(tmp_path, "a.png")
    with pytest.raises(DataError, match="a file, not a folder"):
        pair(tmp_path / "a.png")


def test_images_of_files_and_folders_have_ids_that_tell_them_apart(tmp_path):
    make(tmp_path, "one/a.png", "one/deep/b.png", "two/a.png", "two/notes.txt")
    assert [record.id for record in list_images([tmp_path / "one"])] == ["a", "deep/b"]
    assert [record.id for record in list_images([tmp_path / "one", tmp_path / "two"])] == ["one/a", "one/deep/b", "two/a"]
    assert [record.id for record in list_images([tmp_path / "one/a.png", tmp_path / "two/a.png"])] == ["one/a", "two/a"]
    assert [record.id for record in list_images([tmp_path / "one/a.png", tmp_path / "one"])] == ["a", "deep/b"]
    assert all(record.mask is None for record in list_images([tmp_path]))


def test_lists_of_images_that_cannot_be_are_refused(tmp_path):
    make(tmp_path, "a.png", "a.jpg")
    with pytest.raises(DataError, match=r"a\.(jpg|png) and .*a\.(jpg|png) would both be called 'a'"):
        list_images([tmp_path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no image files found"):
        list_images([tmp_path / "empty"])
    with pytest.raises(DataError, match="No images were named"):
        list_images([])
    with pytest.raises(DataError, match="nowhere"):
        list_images([tmp_path / "nowhere"])


def test_a_zarr_is_one_thing_that_is_passed_over_and_its_chunks_are_nothing(tmp_path):
    make(tmp_path, "a.png", "embryo.zarr/0/.zarray", "embryo.zarr/0/0.0.png")
    (tmp_path / "embryo.zarr/.zgroup").write_text("{}")
    pairing = pair(tmp_path)
    assert [record.id for record in pairing.images_without_mask] == ["a"]
    assert pairing.passed_over == (("Zarr folders", (tmp_path / "embryo.zarr",)),)


def test_two_masks_of_one_plane_are_ambiguous_and_the_other_planes_are_paired(tmp_path):
    make(tmp_path, "images/e.tif", "masks/e.tif/z=1.png", "masks/e.tif/z=1.bmp", "masks/e.tif/z=3.png")
    pairing = pair(tmp_path)
    assert [record.id for record in pairing.pairs] == ["e.tif/z=3"]
    assert [{path.name for path in same} for same in pairing.ambiguous] == [{"z=1.png", "z=1.bmp"}]
