import json

import pytest

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.formats.native import is_native, read_native, write_native
from maskwright.masks.classes import Classes
from maskwright.masks.coding import MaskCoding

CODINGS = [
    MaskCoding("class-ids", ((0, 0), (5, 1)), (255,), Classes.named("background", "cell", things=("cell",))),
    MaskCoding("colors", (((0, 0, 0), 0), ((255, 0, 9), 1)), ((1, 2, 3),), Classes.named("sky", "Straße <b> 🙂"), nearest=True),
    MaskCoding("instances", ((0, 0),), (), Classes.named("background", "nucleus")),
]


@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: coding.kind)
def test_a_coding_comes_back(tmp_path, coding):
    write_native(tmp_path, coding)
    assert is_native(tmp_path)
    assert read_native(tmp_path) == coding


def test_a_dataset_json_of_another_program_is_left_alone(tmp_path):
    assert not is_native(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"background": 0}, "file_ending": ".png"}))
    assert not is_native(tmp_path)
    with pytest.raises(DataError, match="another program"):
        read_native(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 2"),
        ({"classes": []}, "0"),
        ({"values": [["red", 0]]}, "red"),
        ({"values": [[0, 7]]}, "7"),
        ({"kind": "words"}, "words"),
        ({"ignore": [0]}, "cannot be a class and ignored"),
        ({"values": None}, "wrong at"),
    ],
)
def test_a_wrong_part_is_named(tmp_path, change, words):
    write_native(tmp_path, CODINGS[0])
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=words) as caught:
        read_native(tmp_path)
    assert str(path) in str(caught.value)


def test_a_cut_file_is_an_error_with_its_place(tmp_path):
    (tmp_path / "dataset.json").write_text('{"format": "maskwright-dat')
    with pytest.raises(MaskwrightError, match="line 1 column"):
        is_native(tmp_path)
