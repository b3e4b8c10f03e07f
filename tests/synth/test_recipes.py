"""Every recipe: scenes that are whole, the same for ever, and as their numbers say; recipes as JSON."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.base.files import write_json
from maskwright.masks.convert import things_of
from maskwright.synth.cells import Cells
from maskwright.synth.copy_paste import CopyPaste
from maskwright.synth.recipes import RECIPES, draw, from_json, read_recipe, recipe_named, to_json

SMALL = {name: replace(recipe, size_hw=(96, 128)) for name, recipe in RECIPES.items()}

# SHA-256 of image and segments of the first scene of 96 x 128 pixels, seed 1: the same on every machine. A change to a recipe
# changes its line here, and is told in the CHANGELOG, since folders that were made before can no longer be made again.
GOLDEN = {
    "cells": "7631df74f847c981",
    "membranes": "f5e6df9fe57fda92",
    "tissue": "4126fa9add10ba20",
    "street": "0d1c5a4aa30d5f2f",
    "parts": "83050e34e7f21bde",
    "shapes": "41037bd4ce763171",
}


@pytest.mark.parametrize("name", RECIPES)
def test_scenes_are_what_they_have_always_been(name):
    scene = draw(SMALL[name], 1, 0)
    digest = hashlib.sha256(scene.image.tobytes() + scene.panoptic.segment_ids.tobytes()).hexdigest()
    assert digest[:16] == GOLDEN[name]


@pytest.mark.parametrize("name", RECIPES)
def test_a_scene_depends_on_seed_and_number_alone(name):
    recipe = SMALL[name]
    alone = draw(recipe, 5, 3)
    for index in (0, 3):
        last = draw(recipe, 5, index)
    np.testing.assert_array_equal(last.image, alone.image)
    np.testing.assert_array_equal(last.panoptic.segment_ids, alone.panoptic.segment_ids)
    assert not np.array_equal(draw(recipe, 5, 4).image, alone.image)
    assert not np.array_equal(draw(recipe, 6, 3).image, alone.image)


@pytest.mark.parametrize("name", RECIPES)
def test_every_pixel_has_a_class_and_stuff_is_one_segment(name):
    for index in range(4):
        scene = draw(SMALL[name], 2, index)
        panoptic = scene.panoptic
        assert scene.image.shape[:2] == panoptic.size_hw == (96, 128)
        assert scene.image.dtype == np.uint8
        assert panoptic.classes == SMALL[name].classes
        assert panoptic.segment_ids.min() > 0
        stuff = [one.class_id for one in panoptic.segments if not panoptic.classes[one.class_id].is_thing]
        assert len(stuff) == len(set(stuff))
        assert 10 < scene.image.std() + scene.image.mean() < 260


@pytest.mark.parametrize("name", RECIPES)
def test_there_are_things_in_most_scenes(name):
    counts = [len(things_of(draw(SMALL[name], 3, index).panoptic)) for index in range(6)]
    assert sum(count > 0 for count in counts) >= 4


@pytest.mark.parametrize("name", RECIPES)
def test_objects_are_seen_on_the_image(name):
    """Labels lie where the image changes: along their borders it varies more than inside of segments."""
    inside, across = [], []
    for index in range(4):
        scene = draw(SMALL[name], 4, index)
        step = np.abs(np.diff(scene.image.astype(float), axis=1)).mean(axis=2)
        is_border = np.diff(scene.panoptic.segment_ids, axis=1) != 0
        across.append(step[is_border].mean())
        inside.append(step[~is_border].mean())
    assert np.mean(across) > 1.2 * np.mean(inside)


def test_the_share_that_nuclei_cover_is_followed():
    few, many = (replace(SMALL["cells"], covered_share=(share, share), clump_share=(0, 0)) for share in (0.03, 0.3))
    shares = [[(draw(recipe, 0, i).panoptic.segment_ids > 1).mean() for i in range(5)] for recipe in (few, many)]
    assert np.mean(shares[0]) < 0.08
    assert 0.15 < np.mean(shares[1]) < 0.4


def test_stained_cells_are_dark_on_white_and_have_three_channels():
    stained = draw(replace(SMALL["cells"], stained_share=1.0), 0, 0)
    is_nucleus = stained.panoptic.segment_ids > 1
    assert stained.image.shape[2] == 3
    assert stained.image[is_nucleus].mean() < stained.image[~is_nucleus].mean() - 20


def test_defects_are_few_and_narrow():
    """Heavy imbalance: scratches and pits are below a hundredth of the pixels."""
    recipe = replace(RECIPES["parts"], defect_share=1.0)
    scenes = [draw(recipe, 0, index).panoptic for index in range(6)]
    names = recipe.classes.names
    defects = [
        np.count_nonzero(scene.segment_ids == one.id)
        for scene in scenes
        for one in scene.segments
        if names[one.class_id] in ("scratch", "pit")
    ]
    assert len(defects) >= 6
    assert sum(defects) < 0.01 * 6 * 256 * 256


def test_a_recipe_comes_back_from_json():
    for recipe in (*RECIPES.values(), CopyPaste(count=(1, 2))):
        value = json.loads(json.dumps(to_json(recipe)))
        assert from_json(value) == recipe


def test_what_an_edited_recipe_leaves_out_is_as_usual(tmp_path):
    write_json(tmp_path / "mine.json", {"kind": "cells", "radius_px": [3, 5]})
    assert recipe_named(str(tmp_path / "mine.json")) == Cells(radius_px=(3.0, 5.0))


def test_the_recipe_beside_drawn_images_is_taken(tmp_path):
    write_json(tmp_path / "recipe.json", {"recipe": to_json(Cells(debris=(0, 1))), "seed": 3, "count": 5})
    assert read_recipe(tmp_path / "recipe.json") == Cells(debris=(0, 1))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"kind": "cels"}, "'cels'"),
        ([], "'list'"),
        ({"kind": "cells", "radius": [1, 2]}, "no 'radius'. Did you mean 'radius_px'?"),
        ({"kind": "cells", "radius_px": "large"}, "'cells.radius_px' is 'large'|'radius_px' is 'large'"),
        ({"kind": "cells", "radius_px": [5, 2]}, "the lower of two first"),
    ],
)
def test_wrong_recipes_are_told(value, words):
    with pytest.raises(DataError, match=words):
        from_json(value)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(DataError, match=r"'membrane' is no recipe\. Did you mean 'membranes'"):
        recipe_named("membrane")
