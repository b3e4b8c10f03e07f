"""Splits hold out whole groups, blocks of few images, and never let one side see the other."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.base.errors import DataError
from maskwright.data.blocks import SMALLEST_SIDE, Cut, best_cut
from maskwright.data.dataset import read
from maskwright.data.groups import group, hold_out
from maskwright.data.record import Record
from maskwright.data.split import VAL_FOR_BOTH, Split, split


def make(folder: Path, names, *, size_hw=(80, 120), marked=lambda name: (slice(10, 40), slice(None)), image=None):
    """A data set of random images, each with a rectangle as its mask (None: no foreground)."""
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 255, size_hw, np.uint8) if image is None else image(number)
        mask = np.zeros(size_hw, np.uint8)
        if (where := marked(name)) is not None:
            mask[where] = 255
        for kind, array in (("images", pixels), ("masks", mask)):
            path = folder / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
    return read(folder)


def ids(part):
    return {record.id for record in part.records}


def test_one_image_in_five_is_held_out_and_nothing_is_in_both_parts(tmp_path):
    data = make(tmp_path, [f"a{i:x}b" for i in range(10)])
    made = split(data)
    assert (len(made.train), len(made.val), made.method) == (8, 2, "images")
    assert ids(made.train) | ids(made.val) == ids(data)
    assert ids(made.train).isdisjoint(ids(made.val))
    assert made.statement.startswith("8 images to train on, 2 images held out.")
    assert VAL_FOR_BOTH in made.statement
    assert made.test is made.val


def test_the_same_seed_gives_the_same_split_and_another_seed_another(tmp_path):
    data = make(tmp_path, [f"a{i:x}b" for i in range(16)])
    assert split(data, seed=3).to_json() == split(data, seed=3).to_json()
    assert len({frozenset(ids(split(data, seed=seed).val)) for seed in range(5)}) > 1


def test_images_of_one_folder_stay_together(tmp_path):
    data = make(tmp_path, [f"patient{p}/{i}" for p in range(4) for i in range(3)])
    made = split(data, fraction=0.25)
    assert made.method == "groups"
    assert len({record.group for record in made.val.records}) == 1
    assert len(made.val) == 3


def test_images_of_one_stem_stay_together_where_there_are_many_stems(tmp_path):
    made = split(make(tmp_path, [f"slide{s}_tile{i}" for s in range(6) for i in range(2)]))
    assert {record.id.split("_")[0] for record in made.train.records}.isdisjoint(
        {record.id.split("_")[0] for record in made.val.records}
    )
    assert "by the stem of the file name" in made.statement


def test_a_few_stems_may_be_the_kinds_of_things_and_are_not_held_out_whole():
    records = [Record(f"{kind} ({i})", Path("x")) for kind in ("normal", "benign", "malignant") for i in range(9)]
    assert group(records, None, ()).kind == "images"


@pytest.mark.parametrize(("group_by", "count"), [(r"^(\w)", 2), (r"\d", 3), ("", 6)])
def test_group_by_goes_before_folders_and_stems(group_by, count):
    records = [Record(f"{letter}{digit}", Path("x"), group="all") for letter in "ab" for digit in "123"]
    assert group(records, group_by, ()).count == count


@pytest.mark.parametrize(("group_by", "words"), [("(", "regular expression"), ("^q", "finds nothing"), (r"^a", "one group")])
def test_a_wrong_group_by_is_an_error(tmp_path, group_by, words):
    data = make(tmp_path, [f"a{i:x}b" for i in range(6)])
    with pytest.raises(DataError, match=words):
        split(data, group_by=group_by)


def test_images_named_together_stay_on_one_side(tmp_path):
    data = make(tmp_path, [f"a{i:x}b" for i in range(10)])
    pairs = [("a0b", "a5b"), ("a5b", "a7b"), ("a1b", "gone")]
    for seed in range(8):
        val = ids(split(data, seed=seed, together=pairs).val)
        assert len(val & {"a0b", "a5b", "a7b"}) in (0, 3)


def test_every_class_is_held_out_and_trained_on_where_that_can_be():
    units = np.arange(20)
    present = np.ones((20, 3), bool)
    present[:, 2] = np.isin(units, [4, 11])  # a class that two images show
    for seed in range(10):
        held = hold_out(units, present, 0.2, np.random.default_rng(seed))
        assert present[held, 2].sum() == 1
        assert held.sum() == 4


def test_a_class_that_one_image_shows_is_trained_on():
    present = np.ones((12, 2), bool)
    present[1:, 1] = False
    assert not any(hold_out(np.arange(12), present, 0.25, np.random.default_rng(seed))[0] for seed in range(10))


def test_a_huge_group_is_not_held_out():
    units = np.array([0] * 18 + [1, 2])
    held = hold_out(units, np.ones((20, 1), bool), 0.2, np.random.default_rng(0))
    assert not held[:18].any()
    assert held.any()


def test_slices_of_a_stack_are_held_out_as_a_run_of_neighbours(tmp_path):
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 1, (20, 80, 120))
    stack = np.array([sum(0.7 ** abs(i - k) * steps[k] for k in range(20)) for i in range(20)])
    stack = stack * 25 + 128
    made = split(make(tmp_path, [f"{i:02d}" for i in range(20)], image=lambda i: stack[i].clip(0, 255).astype(np.uint8)))
    held = sorted(int(name) for name in ids(made.val))
    assert held == list(range(held[0], held[0] + 4))
    assert "run of neighbours" in made.statement


@settings(max_examples=30)
@given(st.integers(5, 40), st.integers(2, 12), st.floats(0.05, 0.6), st.integers(0, 99))
def test_groups_are_never_cut_and_both_sides_have_images(count, groups, fraction, seed):
    rng = np.random.default_rng(seed)
    units = np.unique(rng.integers(0, groups, count), return_inverse=True)[1]
    if units.max() == 0:
        units[0] = 1
    held = hold_out(units, rng.random((count, 3)) < 0.5, fraction, rng)
    assert 0 < held.sum() < count
    assert not set(units[held]) & set(units[~held])


# one to four images


def test_one_image_is_cut_along_its_longer_side_behind_a_guard_band(tmp_path):
    made = split(make(tmp_path, ["only"], size_hw=(100, 400)), guard=64)
    assert made.method == "blocks"
    (train,), (val,) = made.train.records, made.val.records
    assert {train.window_xyxy, val.window_xyxy} in (  # held out 80 = a fifth; guard 50 = an eighth, less than was asked for
        {(0, 0, 270, 100), (320, 0, 400, 100)},
        {(130, 0, 400, 100), (0, 0, 80, 100)},
    )
    assert made.val[0].image.shape == (100, 80, 1)
    assert "guard band of 50 pixels" in made.statement
    assert "not how the model works on a new specimen" in made.statement


def test_the_guard_band_is_as_wide_as_asked_where_there_is_room(tmp_path):
    (train,), (val,) = (part.records for part in split(make(tmp_path, ["only"], size_hw=(100, 400)), guard=20).parts.values())
    (x0, _, x1, _), (v0, _, v1, _) = train.window_xyxy, val.window_xyxy
    assert max(v0 - x1, x0 - v1) == 20


def test_the_end_that_shows_foreground_is_held_out(tmp_path):
    made = split(make(tmp_path, ["only"], marked=lambda name: (slice(20, 60), slice(0, 70)), size_hw=(60, 120)))
    assert made.val.records[0].window_xyxy == (0, 0, 24, 60)
    assert made.val[0].segmentation.ids.any()
    assert made.train[0].segmentation.ids.any()


def test_an_object_in_the_middle_makes_the_block_larger_until_both_parts_show_it():
    ids_ = np.zeros((100, 200), np.uint16)
    ids_[30:70, 75:125] = 1
    cut = best_cut([ids_], 2, share=0.2, guard=16)
    (left, top, right, bottom), (x0, y0, x1, y1) = cut.boxes((100, 200), 16)
    assert cut.share > 0.2
    assert ids_[top:bottom, left:right].any()
    assert ids_[y0:y1, x0:x1].any()


def test_all_images_are_cut_alike(tmp_path):
    """Else the neighbour of a slice would show in training what is held out of the slice."""
    data = make(tmp_path, ["a", "b", "c"], marked=lambda name: (slice(0, 80), slice(0, 60) if name == "a" else slice(60, 120)))
    assert len({record.window_xyxy for record in split(data).val.records}) == 1


@settings(max_examples=60)
@given(
    st.integers(SMALLEST_SIDE, 600), st.integers(1, 64), st.integers(0, 200), st.sampled_from([0.2, 0.35, 0.5]), st.booleans()
)
def test_blocks_lie_inside_the_image_and_keep_their_distance(longer, shorter, guard, share, at_end):
    for size_hw in ((longer, shorter), (shorter, longer)):
        cut = Cut(share, along_longer=True, at_end=at_end)
        train, held = cut.boxes(size_hw, guard)
        for x0, y0, x1, y1 in (train, held):
            assert 0 <= x0 < x1 <= size_hw[1]
            assert 0 <= y0 < y1 <= size_hw[0]
        axis = 0 if size_hw[1] >= size_hw[0] else 1
        gap = max(held[axis] - train[axis + 2], train[axis] - held[axis + 2])
        assert gap == min(guard, longer // 8)


def test_images_too_small_to_cut_train_without_a_held_out_part_and_say_so(tmp_path):
    made = split(make(tmp_path, ["a", "b"], size_hw=(40, 60)))
    assert (made.method, made.val, made.test) == ("none", None, None)
    assert "no score says how well the model works" in made.statement


def test_small_images_beside_large_ones_only_train(tmp_path):
    make(tmp_path, ["small"], size_hw=(40, 50))
    made = split(make(tmp_path, ["large"], size_hw=(100, 200)))
    assert (len(made.train), len(made.val)) == (2, 1)
    assert "1 image too small to be cut only trains." in made.statement


def test_many_images_of_one_look_are_cut_into_blocks(tmp_path):
    data = make(tmp_path, [f"a{i:x}b" for i in range(6)])
    assert split(data, together=[sorted(ids(data))]).method == "blocks"


# faults


def test_images_without_masks_are_in_no_part_and_are_counted(tmp_path):
    data = make(tmp_path, [f"a{i:x}b" for i in range(6)])
    extra = data.with_records([*data.records, Record("new", tmp_path / "new.png")])
    made = split(extra)
    assert "new" not in ids(made.train) | ids(made.val)
    assert "In no part: 1 image without a mask." in made.statement


def test_no_masks_at_all_is_an_error(tmp_path):
    data = make(tmp_path, ["a"])
    with pytest.raises(DataError, match="no image has a mask"):
        split(data.with_records([Record("a", tmp_path / "a.png")]))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, 1.5, float("nan")])
def test_a_fraction_that_leaves_a_side_empty_is_an_error(tmp_path, fraction):
    with pytest.raises(DataError, match=r"between 0 and 1.*0\.2 is usual"):
        split(make(tmp_path, ["a"]), fraction=fraction)


# on disk


@pytest.mark.parametrize("names", [["only"], [f"a{i:x}b" for i in range(6)]], ids=["blocks", "images"])
def test_a_split_comes_back_from_json(tmp_path, names):
    data = make(tmp_path, names)
    made = split(data)
    assert Split.from_json(made.to_json(), data) == made


def test_a_split_whose_images_have_gone_is_an_error_that_names_them(tmp_path):
    data = make(tmp_path, [f"a{i:x}b" for i in range(6)])
    value = split(data).to_json()
    with pytest.raises(DataError, match=r"1 images of the split.*a3b"):
        Split.from_json(value, data.with_records([record for record in data.records if record.id != "a3b"]))


@pytest.mark.parametrize("value", [{}, {"parts": []}, {"parts": {"train": [{"id": "a"}]}, "method": "", "statement": ""}])
def test_a_damaged_split_is_an_error(tmp_path, value):
    with pytest.raises(DataError, match="wrong at"):
        Split.from_json(value, make(tmp_path, ["a"]))


@pytest.mark.real
def test_the_nuclei_image_is_cut_into_two_parts_with_nuclei(real_data):
    made = split(read(real_data / "stardist_sample"))
    (train,), (val,) = list(made.train), list(made.val)
    assert train.size_hw in ((346, 512), (512, 346))
    assert val.size_hw in ((102, 512), (512, 102))
    assert len(val.segmentation) > 15


@pytest.mark.real
def test_the_slices_of_the_membrane_stack_are_held_out_in_a_run(real_data):
    held = sorted(int(name) for name in ids(split(read(real_data / "isbi2012_em")).val))
    assert held == list(range(held[0], held[0] + 6))
