"""Class masks: a PNG of class ids for each image, in masks/, with dataset.json that says what they mean."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_folder
from maskwright.formats import native, stored
from maskwright.formats.annotations import AnnotatedImage, Annotations, Holds, Loss, check_losses
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.flat import OwnFiles, flatten
from maskwright.formats.mask_values import mask_values
from maskwright.formats.png import IGNORE_8BIT, write_label_map
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import to_label_map, to_panoptic
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation

TITLE = "class masks"
HOLDS = Holds(
    exact=True, holes=True, parts=True, overlap=False, scores=False, crowd=False, classes=True, ignored=True, size=True
)


def read(path: Path, *, max_pixels: int = MAX_PIXELS) -> Annotations:
    """The masks that `write` wrote, as panoptic maps in which each class is a segment.

    Raises `DataError` where a folder holds other masks.
    """
    folder = Path(path)
    coding = native.read_native(folder)
    if coding.kind != "class-ids":
        raise DataError(f"{folder}: by its {native.NAME} the masks hold {coding.kind}, not class ids.")

    def image(file: Path) -> AnnotatedImage:
        def load(size_hw: tuple[int, int]) -> Panoptic:
            label_map = coding.decode(mask_values(*stored.read_pixels(file, max_pixels), file), file)
            assert isinstance(label_map, LabelMap)  # since that is the coding's kind
            return to_panoptic(label_map)

        size_hw = stored.read_header(file, max_pixels).size_hw
        return AnnotatedImage(file.relative_to(folder / native.MASKS).with_suffix("").as_posix(), size_hw, load, file)

    return Annotations(folder, coding.classes, tuple(map(image, native.mask_files(folder))))


def write(path: Path, items: Iterable[tuple[str, Segmentation]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write masks/ and dataset.json; beside an images/ with the images of the same names, that is a data set.

    Void and ignored pixels have 255, or 65535 in 16 bits where there are more than 255 classes. Lost is which object a pixel
    belongs to, with scores and crowd marks, and what lies under objects of other classes. Raises `MaskValueError` where images
    differ in their classes or have one name, and on a loss that is not allowed. The folder is whole or absent.
    """
    path, losses = Path(path), list[Loss]()
    classes: Classes | None = None
    files = OwnFiles(path)
    with atomic_folder(path) as folder:
        for name, segmentation in items:
            if classes is not None and segmentation.classes != classes:
                raise MaskValueError(f"{path}: {name} has other classes than the images before it; one data set has one list.")
            classes = segmentation.classes
            losses += losses_of(name, segmentation)
            if allow_loss or not losses:
                write_label_map(folder / native.MASKS / f"{files.stem(name)}.png", label_map_of(segmentation))
        losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss, better="COCO or COCO panoptic"))
        if classes is not None:
            ignored = IGNORE_8BIT if len(classes) <= IGNORE_8BIT else IGNORE
            values = tuple((class_id, class_id) for class_id in range(len(classes)))
            native.write_native(folder, MaskCoding("class-ids", values, (ignored,), classes))
    return tuple(losses)


def label_map_of(segmentation: Segmentation) -> LabelMap:
    """The class of every pixel; where objects overlap, the smaller of equal score lies on top, so that least is lost."""
    if not isinstance(segmentation, Instances):
        return to_label_map(segmentation)
    labels, _ = flatten("", segmentation, HOLDS)
    ids = np.append(0, segmentation.class_ids).astype(np.uint16)[labels]
    if segmentation.ignored is not None:
        ids[segmentation.ignored] = IGNORE
    return LabelMap(ids, segmentation.classes)


def losses_of(name: str, segmentation: Segmentation) -> list[Loss]:
    """What class masks lose of an image: which of its objects is which, and pixels that get another object's class."""
    if isinstance(segmentation, LabelMap):
        return []
    if isinstance(segmentation, Panoptic):
        classes = segmentation.classes
        counts = Counter(one.class_id for one in segmentation.segments if classes[one.class_id].is_thing)
        return [_merged(name, counts, classes)] if counts else []
    losses = [_merged(name, Counter(segmentation.class_ids.tolist()), segmentation.classes)] if len(segmentation) else []
    ids = label_map_of(segmentation).ids
    for place, region in enumerate(segmentation.regions):
        inside = region.window((0, 0, segmentation.size_hw[1], segmentation.size_hw[0]))
        x0, y0, x1, y1 = inside.box_xyxy
        class_id = int(segmentation.class_ids[place])
        hidden = int(np.count_nonzero(ids[y0:y1, x0:x1][inside.pixels] != class_id))
        if hidden:
            whose = f"object {place + 1} ({segmentation.classes[class_id].name})"
            what = f"{hidden} of {inside.area} pixels of {whose} lie under other classes or ignored pixels"
            losses.append(Loss(name, None, what, 1 - hidden / inside.area))
    return losses


def _merged(name: str, counts: Counter[int], classes: Classes) -> Loss:
    """That objects are told apart no more."""
    listed = ", ".join(f"{count} {classes[class_id].name}" for class_id, count in sorted(counts.items()))
    return Loss(name, None, f"which object is which ({listed}), with scores and crowd marks")
