"""The mask doctor's report: what a folder holds, and what of it spoils a training."""

import json

import pytest

from maskwright.base.errors import DataError
from maskwright.data.check import check
from maskwright.data.coding import CodingOptions
from maskwright.data.dataset import read
from maskwright.data.sheet import sheet
from some_folders import finding, put, square


def test_a_good_folder_is_described_and_nothing_is_found(folder):
    report = check(folder)
    assert report.findings == ()
    assert not report.spoils_training
    words = str(report)
    assert "4 images with masks" in words
    assert "255 is class 1 'foreground'" in words
    assert "images: 4 gray uint8" in words
    assert "size: 80 pixels wide, 64 high" in words
    assert "class 1 'foreground': 11.7% of the pixels, in 4 of 4 masks" in words
    assert "Nothing was found" in words


def test_a_data_set_is_checked_as_its_folder_is(folder):
    assert check(read(folder)).words == check(folder).words


def test_progress_reaches_the_end(folder):
    calls = []
    check(folder, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_folder_of_which_nothing_can_be_read_spoils_training(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    report = check(tmp_path)
    assert report.spoils_training
    assert finding(report, "nothing-usable")


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        check(tmp_path / "absent")


def test_the_report_is_json_and_gravest_first(folder):
    put(folder, "masks/good1.png", square(255, (80, 64)))
    put(folder, "masks/good2.png", square(0))
    report = check(folder)
    value = json.loads(json.dumps(report.to_json()))
    assert [one["severity"] for one in value["findings"]] == ["error", "warning"]
    assert value["spoils_training"] is True
    assert value["findings"][1]["files"] == ["masks/good2.png"]
    assert str(report).splitlines()[-1].endswith("[empty-masks]")


def test_the_sheet_shows_masks_and_says_which_file_cannot_be_read(folder):
    data = read(folder)
    whole = sheet(data, count=4)
    assert whole.shape[2] == 3
    (folder / "images/good0.png").write_bytes(b"")
    broken = sheet(data, count=4)
    assert broken.shape[1] == whole.shape[1]
    assert (broken == 128).all(axis=2).sum() > 10_000  # the gray cell


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "options", "codes"),
    [
        ("isbi2012_em", {}, set()),
        ("camvid", {"ignore": (11,)}, set()),
        ("medscribble", {}, set()),
        ("stardist_sample", {}, {"unreadable-image"}),
        ("oxford_pets_26", {}, {"undeclared-ignore"}),
        ("dsb2018_nuclei", {}, set()),
        ("coco_panoptic_sample", {}, {"class-never-occurs", "class-in-one-file"}),
    ],
)
def test_what_is_found_in_the_real_data_sets(real_data, name, options, codes):
    assert {one.code for one in check(real_data / name, options=CodingOptions(**options)).findings} == codes
