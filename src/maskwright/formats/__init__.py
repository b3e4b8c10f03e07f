"""Files that hold images and segmentations, one module a format."""

from collections.abc import Callable
from pathlib import Path

from maskwright.base.errors import MaskwrightError, did_you_mean
from maskwright.formats import cityscapes, coco, coco_panoptic, cvat, labelme, labels, png, project, tiff, voc, yolo
from maskwright.formats.annotations import AnnotationFormat
from maskwright.formats.content import MAX_PIXELS, image_kind
from maskwright.formats.plane_paths import file_of
from maskwright.masks.coding import RawMask
from maskwright.masks.types import Instances, LabelMap

# What a mask file's content is -> who reads it.
FORMATS: dict[str, Callable[..., RawMask]] = {
    "png": png.read_mask,
    "jpeg": png.read_mask,
    "bmp": png.read_mask,
    "webp": png.read_mask,
    "gif": png.read_mask,
    "tiff": tiff.read_mask,
}

# What an annotation format is called -> who finds, reads and writes it.
ANNOTATION_FORMATS: dict[str, AnnotationFormat] = {
    "coco": coco,
    "coco-panoptic": coco_panoptic,
    "yolo": yolo,
    "voc": voc,
    "cityscapes": cityscapes,
    "labelme": labelme,
    "cvat": cvat,
    "labels": labels,
    "project": project,
}

# What a mask file is called -> who writes it.
LABEL_MAP_WRITERS = {".png": png.write_label_map, ".tif": tiff.write_label_map, ".tiff": tiff.write_label_map}
INSTANCE_WRITERS = {".png": png.write_instances, ".tif": tiff.write_instances, ".tiff": tiff.write_instances}


def read_mask(path: Path, *, max_pixels: int = MAX_PIXELS) -> RawMask:
    """The mask as its file holds it, whatever the file is called. Raises `ImageFileError`, `MaskValueError`.

    A path such as `embryo.tif/z=3` is that plane of a stack of masks.
    """
    return FORMATS[image_kind(file_of(Path(path)))](path, max_pixels=max_pixels)


def write_label_map(path: Path, label_map: LabelMap) -> None:
    """Write class ids in the format that the file name asks for (.png, .tif)."""
    _check_suffix(path)
    LABEL_MAP_WRITERS[Path(path).suffix.lower()](path, label_map)


def write_instances(path: Path, instances: Instances, *, allow_loss: bool = False) -> tuple[str, ...]:
    """Write numbered objects in the format that the file name asks for; returns in words what it could not hold."""
    _check_suffix(path)
    return INSTANCE_WRITERS[Path(path).suffix.lower()](path, instances, allow_loss=allow_loss)


def _check_suffix(path: Path) -> None:
    suffix = Path(path).suffix.lower()
    if suffix not in LABEL_MAP_WRITERS:
        raise MaskwrightError(f"{path}: masks are not written as '{suffix}'. {did_you_mean(suffix, LABEL_MAP_WRITERS)}")
