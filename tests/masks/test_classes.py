"""Classes: their ids, names and colours."""

import itertools

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.masks.classes import IGNORE, PALETTE, Classes, ClassInfo

# What a dichromat sees of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
COLOR_SIGHT = {
    "all cones": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def test_a_class_id_is_its_place_and_things_are_marked():
    classes = Classes.named("background", "nucleus", "debris", things=["nucleus"])
    assert classes.names == ("background", "nucleus", "debris")
    assert [info.is_thing for info in classes] == [False, True, False]
    assert classes[1].name == "nucleus"
    assert len(classes) == 3


def test_the_background_is_black_and_colours_repeat_only_after_the_palette():
    classes = Classes.named("background", *(f"class {i}" for i in range(len(PALETTE))))
    assert classes[0].color == (0, 0, 0)
    assert classes[len(PALETTE)].color == classes[1].color == PALETTE[1]
    assert len({info.color for info in classes}) == len(PALETTE)


def test_where_every_class_is_real_none_is_black():
    assert [info.color for info in Classes.named("sky", "road", "car")] == list(PALETTE[1:4])


@pytest.mark.parametrize("sight", COLOR_SIGHT)
def test_the_first_eight_colours_differ_for_the_colour_blind(sight):
    """Okabe and Ito's colours; the nearest two are as far apart as two grays that everyone tells apart."""
    linear = (np.array(PALETTE[:8]) / 255) ** 2.2
    seen = np.clip(linear @ np.array(COLOR_SIGHT[sight]).T, 0, 1) ** (1 / 2.2) * 255
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25


@pytest.mark.parametrize("names", [(), ("a", "a"), ("a", ""), ("a", "  ")])
def test_names_must_be_unique_and_not_empty(names):
    with pytest.raises(DataError):
        Classes.named(*names)


def test_a_class_id_is_never_the_ignore_value():
    with pytest.raises(DataError, match="needs 1 to 65534"):
        Classes((ClassInfo("one of many", (0, 0, 0)),) * IGNORE)
