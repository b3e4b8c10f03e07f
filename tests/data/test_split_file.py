"""Splits that a file names, in every form the real data sets have them."""

import json

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.data.dataset import read
from maskwright.data.split_file import from_file

NAMES = [f"c{i:x}d" for i in range(12)]


@pytest.fixture
def data(tmp_path):
    mask = np.zeros((70, 90), np.uint8)
    mask[20:50, 5:85] = 255
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for number, name in enumerate(NAMES):
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (70, 90), np.uint8)).save(
            tmp_path / f"images/{name}.png"
        )
        Image.fromarray(mask).save(tmp_path / f"masks/{name}.png")
    return read(tmp_path)


def load(data, value, **options):
    path = data.root / "splits.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return from_file(path, data, **options)


def ids(part):
    return [record.id for record in part.records]


def test_three_lists_are_three_parts(data):
    made = load(data, {"train": NAMES[:8], "val": NAMES[8:10], "test": NAMES[10:]})
    assert {name: ids(part) for name, part in made.parts.items()} == {
        "train": NAMES[:8], "val": NAMES[8:10], "test": NAMES[10:],
    }  # fmt: skip
    assert "The test part is looked at once" in made.statement


def test_file_names_and_other_words_for_the_parts_are_understood(data):
    made = load(data, {"training": [f"{name}.png" for name in NAMES[:8]], "validation": NAMES[8:]})
    assert (ids(made.train), ids(made.val)) == (NAMES[:8], NAMES[8:])
    assert made.test is made.val
    assert "also chooses the best weights" in made.statement


def test_without_a_validation_part_one_is_taken_from_the_train_list(data):
    made = load(data, {"train": NAMES[:10], "test": NAMES[10:]})
    assert ids(made.test) == NAMES[10:]
    assert sorted(ids(made.train) + ids(made.val)) == sorted(NAMES[:10])
    assert len(made.val) == 2
    assert "taken from the train list" in made.statement
    assert "also chooses the best weights" not in made.statement


def test_a_short_train_list_gives_blocks_to_choose_by(data):
    made = load(data, {"train": NAMES[:3], "test": NAMES[3:]})
    assert all(record.window_xyxy for record in (*made.train.records, *made.val.records))
    assert all(record.window_xyxy is None for record in made.test.records)


def test_the_official_split_is_taken_where_it_holds_something_out(data):
    value = {
        "suggested": {"train": NAMES[:6], "val": NAMES[6:]},
        "official": {"train": NAMES[:9], "val": NAMES[9:]},
        "note": "x",
    }
    assert ids(load(data, value).train) == NAMES[:9]
    assert ids(load(data, value, name="suggested").train) == NAMES[:6]


def test_the_suggested_split_is_taken_where_the_official_one_holds_nothing_out(data):
    value = {"official": {"train": NAMES}, "suggested": {"train": NAMES[:6], "val": NAMES[6:]}}
    made = load(data, value)
    assert ids(made.val) == NAMES[6:]
    assert "'suggested' of splits.json" in made.statement


@pytest.mark.parametrize("value", [{"all": NAMES}, {"train": NAMES, "val": []}])
def test_a_file_that_holds_nothing_out_is_split_here(data, value):
    made = load(data, value)
    assert (len(made.train), len(made.val)) == (10, 2)
    assert made.statement.startswith("splits.json holds nothing out.")


def test_images_that_are_not_listed_are_in_no_part_and_are_counted(data):
    made = load(data, {"train": NAMES[:5], "val": NAMES[5:7]})
    assert sum(map(len, made.parts.values())) == 7
    assert "In no part: 5 images that it does not list." in made.statement


def test_a_listed_file_that_cannot_be_used_is_left_out(data):
    (data.root / "images" / "c0d.png").write_bytes(b"")
    made = load(read(data.root), {"train": NAMES[:8], "val": NAMES[8:]})
    assert ids(made.train) == NAMES[1:8]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"train": ["c0d", "nobody"], "val": ["c1d"]}, r"splits\.json: names 1 image .*nobody"),
        ({"train": NAMES[:5], "val": NAMES[4:6]}, "'c4d' is in both train and val"),
        ({"test": NAMES}, "names no image with a mask to train on"),
        ({"note": "none"}, "no lists of image names"),
        (["c0d"], "a JSON object"),
        ("{", "not a readable JSON file"),
    ],
)
def test_what_a_file_cannot_say_is_an_error_that_names_it(data, value, words):
    with pytest.raises(MaskwrightError, match=words):
        load(data, value)


def test_an_unknown_name_of_a_split_names_the_nearest(data):
    with pytest.raises(DataError, match=r"no split called 'offical'. Did you mean 'official'\?"):
        load(data, {"official": {"train": NAMES}}, name="offical")


def test_a_stem_that_two_images_share_is_an_error(tmp_path):
    for folder in ("p", "q"):
        for kind, value in (("images", 40), ("masks", 1)):
            (tmp_path / kind / folder).mkdir(parents=True)
            Image.fromarray(np.eye(64, dtype=np.uint8) * np.uint8(value)).save(tmp_path / kind / folder / "a.png")
    data = read(tmp_path)
    with pytest.raises(DataError, match="'a' may be any of p/a, q/a"):
        load(data, {"train": ["a"]})
    assert ids(load(data, {"train": ["p/a"], "val": ["q/a"]}).val) == ["q/a"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "options", "sizes"),
    [
        ("isbi2012_em", {}, {"train": 24, "val": 6}),
        ("camvid", {"ignore": (11,)}, {"train": 46, "val": 13}),
        ("stardist_sample", {}, {"train": 1, "val": 1}),
    ],
)
def test_the_files_of_the_real_data_sets_are_understood(real_data, name, options, sizes):
    made = from_file(real_data / name / "splits.json", read(real_data / name, **options))
    assert {part: len(data) for part, data in made.parts.items()} == sizes


@pytest.mark.real
def test_dubai_keeps_its_tiles_apart(real_data):
    made = from_file(real_data / "dubai_aerial" / "splits.json", read(real_data / "dubai_aerial"))
    tiles = [{record.id.split("_")[0] for record in part.records} for part in made.parts.values()]
    assert len(made.test) == 18
    assert sum(map(len, tiles)) == len(set.union(*tiles))
