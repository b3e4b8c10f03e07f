"""What finding objects needs of data that know stuff too: a background and the classes of things, numbered anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from maskwright.data.labels import Labels
from maskwright.data.record import Record
from maskwright.formats.annotations import Note, object_classes
from maskwright.masks.classes import Classes
from maskwright.masks.convert import panoptic_of, things_of
from maskwright.masks.types import Instances, Segmentation


@dataclass(frozen=True)
class ThingLabels:
    """The things of other labels. Class 0 is the background, behind it stand the classes of things in their order.

    So a network that finds objects has no output for stuff, and 0 means "no object" as it does in annotations of objects. Stuff
    is background, void stays ignored.
    """

    whole: Labels

    @cached_property
    def classes(self) -> Classes:
        return thing_classes(self.whole.classes)

    @property
    def notes(self) -> tuple[Note, ...]:
        return self.whole.notes

    @property
    def described_by(self) -> Path | None:
        return self.whole.described_by

    def read(self, record: Record, size_hw: tuple[int, int]) -> Instances:
        """The things of an image; of a label map, each connected part of a class of things. Raises as `Labels.read` does."""
        return things_alone(self.whole.read(record, size_hw), self.classes)


def needs_things(classes: Classes) -> bool:
    """Whether some classes are things and others are stuff, beside a background as class 0."""
    kinds = [info.is_thing for info in classes]
    return any(kinds) and (kinds[0] or not all(kinds[1:]))


def thing_classes(classes: Classes) -> Classes:
    """A background, and the classes of things in their order, with their colours."""
    things = [info for info in classes if info.is_thing]
    return Classes((object_classes([info.name for info in things])[0], *things))


def things_alone(segmentation: Segmentation, classes: Classes) -> Instances:
    """The things of a segmentation, numbered as in `classes`, which `thing_classes` made of its own."""
    own = segmentation.classes
    if isinstance(segmentation, Instances):
        found = segmentation.take(_places_of_things(segmentation))
    else:
        found = things_of(panoptic_of(segmentation))
    number = {name: class_id for class_id, name in enumerate(classes.names) if class_id}
    class_ids = np.array([number[own[class_id].name] for class_id in found.class_ids.tolist()], np.int64)
    return replace(found, class_ids=class_ids, classes=classes)


def _places_of_things(instances: Instances) -> Sequence[int]:
    return [place for place, class_id in enumerate(instances.class_ids.tolist()) if instances.classes[class_id].is_thing]
