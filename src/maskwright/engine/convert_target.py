"""What a conversion writes: objects, segments or classes; how any segmentation becomes these, and what that loses."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from maskwright.data.things import needs_things, thing_classes, things_alone
from maskwright.engine.convert_source import Holds
from maskwright.formats import ANNOTATION_FORMATS, class_masks, coco_panoptic
from maskwright.formats.annotations import Annotations, Loss
from maskwright.masks.convert import panoptic_of, segments_of, to_instances, to_panoptic
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation

PANOPTIC, SEMANTIC = "coco-panoptic", "semantic"

# What is written -> what it is called, and what is counted and compared of it.
TARGETS: dict[str, tuple[str, str]] = {
    **{name: (module.TITLE, "segment" if name == PANOPTIC else "object") for name, module in ANNOTATION_FORMATS.items()},
    SEMANTIC: (class_masks.TITLE, "class area"),
}
ONE_FILE = {"coco": "instances.json", "cvat": "annotations.xml", PANOPTIC: "panoptic.json"}  # called so in a folder


def holds(to: str) -> Holds:
    """What a format says: of objects alone, or of every pixel its segment or its class."""
    return "segments" if to == PANOPTIC else "classes" if to == SEMANTIC else "objects"


def prepare(to: str, name: str, segmentation: Segmentation) -> tuple[Segmentation, list[Loss]]:
    """The segmentation as the format's `write` takes it, and what that loses already: the stuff, where objects are written."""
    if to == SEMANTIC:
        return segmentation, []
    if to == PANOPTIC:
        return (panoptic_of(segmentation) if isinstance(segmentation, LabelMap) else segmentation), []
    if not isinstance(segmentation, Panoptic) and not needs_things(segmentation.classes):
        return to_instances(segmentation), []
    classes = segmentation.classes if not needs_things(segmentation.classes) else thing_classes(segmentation.classes)
    return things_alone(segmentation, classes), _stuff(name, panoptic_of(segmentation))


def write(
    to: str,
    path: Path,
    items: Iterable[tuple[str, Segmentation]],
    *,
    described_by: Path | None,
) -> tuple[Loss, ...]:
    """Write what `prepare` made, whatever that loses. described_by: the panoptic file whose ids stay, for segments."""
    writers: dict[str, Callable[..., tuple[Loss, ...]]] = {
        SEMANTIC: class_masks.write,
        **{name: module.write for name, module in ANNOTATION_FORMATS.items()},
    }
    if to == PANOPTIC:
        return coco_panoptic.write(path, items, allow_loss=True, described_by=described_by)  # type: ignore[arg-type]
    return writers[to](path, items, allow_loss=True)


def read_again(to: str, path: Path) -> Annotations:
    """What was written."""
    return class_masks.read(path) if to == SEMANTIC else ANNOTATION_FORMATS[to].read(path)


def pieces(to: str, segmentation: Segmentation, *, like: Segmentation) -> Instances:
    """What is counted and compared: objects, segments of stuff too, or the area of each class.

    like: what was written; of objects, what lies between them is no segment of its own.
    """
    if to == SEMANTIC:
        return segments_of(to_panoptic(class_masks.label_map_of(segmentation)))
    if to == PANOPTIC and not isinstance(like, Instances):
        return segments_of(panoptic_of(segmentation))
    return to_instances(segmentation)


def _stuff(name: str, panoptic: Panoptic) -> list[Loss]:
    """That the stuff of an image is lost, by name, with its pixels."""
    stuff = [one for one in panoptic.segments if not panoptic.classes[one.class_id].is_thing]
    pixels = {one.id: int(np.count_nonzero(panoptic.segment_ids == one.id)) for one in stuff}
    listed = ", ".join(f"{panoptic.classes[one.class_id].name} ({pixels[one.id]} pixels)" for one in stuff)
    return [Loss(name, None, f"its stuff: {listed}")] if stuff else []
