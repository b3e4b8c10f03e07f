"""The classes of Cityscapes as its authors list them: ids in pictures, ids in training, colours, and which are counted."""

from dataclasses import dataclass

from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.coding import Color


@dataclass(frozen=True)
class Label:
    """A class: its id in labelIds pictures and its id in training (255 is none), whether objects of it are told apart, and
    whether its pixels count in scores."""

    name: str
    id: int
    train_id: int
    is_thing: bool
    is_ignored: bool
    color: Color


# From cityscapesScripts (helpers/labels.py), but for the license plate, whose id of -1 stands in no picture.
LABELS = tuple(
    Label(name, id, train_id, is_thing, train_id == 255, color)
    for id, (name, train_id, is_thing, color) in enumerate(
        (
            ("unlabeled", 255, False, (0, 0, 0)),
            ("ego vehicle", 255, False, (0, 0, 0)),
            ("rectification border", 255, False, (0, 0, 0)),
            ("out of roi", 255, False, (0, 0, 0)),
            ("static", 255, False, (0, 0, 0)),
            ("dynamic", 255, False, (111, 74, 0)),
            ("ground", 255, False, (81, 0, 81)),
            ("road", 0, False, (128, 64, 128)),
            ("sidewalk", 1, False, (244, 35, 232)),
            ("parking", 255, False, (250, 170, 160)),
            ("rail track", 255, False, (230, 150, 140)),
            ("building", 2, False, (70, 70, 70)),
            ("wall", 3, False, (102, 102, 156)),
            ("fence", 4, False, (190, 153, 153)),
            ("guard rail", 255, False, (180, 165, 180)),
            ("bridge", 255, False, (150, 100, 100)),
            ("tunnel", 255, False, (150, 120, 90)),
            ("pole", 5, False, (153, 153, 153)),
            ("polegroup", 255, False, (153, 153, 153)),
            ("traffic light", 6, False, (250, 170, 30)),
            ("traffic sign", 7, False, (220, 220, 0)),
            ("vegetation", 8, False, (107, 142, 35)),
            ("terrain", 9, False, (152, 251, 152)),
            ("sky", 10, False, (70, 130, 180)),
            ("person", 11, True, (220, 20, 60)),
            ("rider", 12, True, (255, 0, 0)),
            ("car", 13, True, (0, 0, 142)),
            ("truck", 14, True, (0, 0, 70)),
            ("bus", 15, True, (0, 60, 100)),
            ("caravan", 255, True, (0, 0, 90)),
            ("trailer", 255, True, (0, 0, 110)),
            ("train", 16, True, (0, 80, 100)),
            ("motorcycle", 17, True, (0, 0, 230)),
            ("bicycle", 18, True, (119, 11, 32)),
        )
    )
)

UNLABELED = 0
THINGS = tuple(label for label in LABELS if label.is_thing)
IGNORED = tuple(label.id for label in LABELS if label.is_ignored and not label.is_thing)

# What objects are read as: the background, then the things by their ids.
CLASSES = Classes(
    (ClassInfo("background", (0, 0, 0)), *(ClassInfo(label.name, label.color, is_thing=True) for label in THINGS))
)
