"""COCO files of single images joined into one."""

import json

import numpy as np
import pytest

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import coco
from maskwright.formats.coco_join import join
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

CLASSES = Classes.named("background", "cell", "nucleus", things=["cell", "nucleus"])


def objects(*scores, classes=CLASSES):
    count = len(scores)
    return Instances(
        size_hw=(9, 9),
        regions=tuple(Region((i, 0, i + 2, 3), np.ones((3, 2), bool)) for i in range(count)),
        class_ids=np.arange(count) % 2 + 1,
        scores=np.array(scores, np.float64),
        is_crowd=np.zeros(count, bool),
        classes=classes,
    )


def test_joined_is_what_writing_at_once_gives(tmp_path):
    items = [("b.png", objects(0.5, 1)), ("none.png", objects()), ("é/a.png", objects(0.25))]
    parts = []
    for number, item in enumerate(items):
        parts.append(tmp_path / f"{number}.json")
        coco.write(parts[-1], [item], predicted=True)
    join(tmp_path / "all.json", parts)
    coco.write(tmp_path / "once.json", items, predicted=True)
    assert json.loads((tmp_path / "all.json").read_text()) == json.loads((tmp_path / "once.json").read_text())
    assert [image.name for image in coco.read(tmp_path / "all.json").images] == ["b.png", "none.png", "é/a.png"]


def test_nothing_joined_is_an_empty_file(tmp_path):
    join(tmp_path / "all.json", [])
    assert json.loads((tmp_path / "all.json").read_text()) == {"images": [], "annotations": [], "categories": []}


def test_parts_that_contradict_each_other_or_are_no_parts_are_refused_and_nothing_is_written(tmp_path):
    coco.write(tmp_path / "1.json", [("a.png", objects(1))])
    coco.write(tmp_path / "2.json", [("b.png", objects(1, classes=Classes.named("background", "cat", things=["cat"])))])
    with pytest.raises(DataError, match=r"2\.json: the category 1 is called otherwise"):
        join(tmp_path / "all.json", [tmp_path / "1.json", tmp_path / "2.json"])
    (tmp_path / "3.json").write_text("[]")
    with pytest.raises(DataError, match=r"3\.json: is not the COCO file of an image"):
        join(tmp_path / "all.json", [tmp_path / "3.json"])
    assert not (tmp_path / "all.json").exists()


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_refused_in_words(tmp_path, score):
    with pytest.raises(MaskValueError, match=r"object 2 of 'a\.png' has the score (nan|inf), which JSON cannot hold"):
        coco.write(tmp_path / "a.json", [("a.png", objects(1, score))])
    coco.write(tmp_path / "a.json", [("a.png", objects(1, 1))])
    with pytest.raises(MaskValueError, match="which JSON cannot hold"):
        coco.write_results(tmp_path / "r.json", [("a.png", objects(1, score))], described_by=tmp_path / "a.json")
    assert not (tmp_path / "r.json").exists()


def test_a_list_of_results_is_told_from_an_instances_file(tmp_path):
    for name, text, is_list in (("a.json", "\ufeff\n [", True), ("b.json", '{"a": [', False), ("c.txt", "[", False)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert coco.holds_results(tmp_path / name) is is_list
    assert not coco.holds_results(tmp_path / "none.json")
