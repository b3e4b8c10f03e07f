"""What formats of annotated objects have in common: annotated images, what a format can hold, what writing one loses."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

import numpy as np

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.types import Instances, Panoptic

SHOWN = 5  # losses told in an error; all are in the returned list


@dataclass(frozen=True)
class Holds:
    """What a format can hold of instances; what it cannot is a `Loss` when it is written.

    exact: masks pixel for pixel, whatever their shape. holes: objects with holes. parts: objects of several parts. overlap:
    objects over one another. empty: objects without a pixel. ignored: pixels that count nowhere. size: the image's size.
    """

    exact: bool
    holes: bool
    parts: bool
    overlap: bool
    scores: bool
    crowd: bool
    classes: bool
    empty: bool = False
    ignored: bool = False
    size: bool = False


@dataclass(frozen=True)
class Note:
    """Something in an annotation file that a person should know.

    code: stays the same, for reports. where: the annotation, as 'annotation 17' or 'cat.json, shape 3'; '' is the whole file.
    what: what is wrong with it. remedy: what to do. left_out: the object is in no `Instances`. severity: 'error' where training
    would learn or be scored wrongly, 'warning' where something is left out or doubtful, 'note' where it is good to know.
    """

    code: str
    where: str
    what: str
    remedy: str = ""
    severity: Literal["error", "warning", "note"] = "warning"
    left_out: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}".strip(": ")


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """An image and how its objects are got.

    name: the image's file name, below the images' folder, with '/' between folders; without suffix where the format says none.
    size_hw: as the file says, or None. load: the objects on an image of this size (that of the image's file), or the segment of
    every pixel where the format knows it; raises `MaskValueError` where the annotations were made for another size. path: the
    file that the annotations stand in. objects: how many `load` gives; None where that is not known before. where: what the
    file calls the image, as 'image 17'.
    """

    name: str
    size_hw: tuple[int, int] | None
    load: Callable[[tuple[int, int]], Instances | Panoptic]
    path: Path
    objects: int | None = None
    where: str = ""


@dataclass(frozen=True, eq=False)
class Annotations:
    """What an annotation file (or a folder of them) holds: classes, images, and in words what a person should know.

    Class 0 is the background, the objects' classes follow; but panoptic files have none, since what they leave open is void.
    Every object of the file is in what an image's `load` gives, or in `notes`.
    words: what was found, for the check: counts of images, objects, crowds. images_root: the folder of the images, where the
    annotations say it. is_partial: whether images that are not named are just not annotated yet, which is no fault.
    """

    path: Path
    classes: Classes
    images: tuple[AnnotatedImage, ...]
    notes: tuple[Note, ...] = ()
    words: tuple[str, ...] = field(default=())
    images_root: Path | None = None
    is_partial: bool = False


@dataclass(frozen=True)
class Loss:
    """What one object lost when it was written.

    image: its name. object: the object's place in the `Instances`, or None where it concerns the whole image. what: in words.
    iou: intersection over union of the mask that was written and the mask that was to be (1 where only a score is lost).
    """

    image: str
    object: int | None
    what: str
    iou: float = 1.0

    def __str__(self) -> str:
        who = self.image if self.object is None else f"{self.image}, object {self.object + 1}"
        return f"{who}: {self.what}" + (f" (IoU {self.iou:.3f})" if self.iou < 1 else "")


class AnnotationFormat(Protocol):
    """A format module. Outside formats need no registration: functions take the module or any object like it."""

    TITLE: str  # 'COCO', for sentences
    HOLDS: Holds

    def find(self, folder: Path) -> Sequence[Path]:
        """What in a data folder is surely of this format and can be given to `read`: files, or folders of them."""
        ...

    def read(self, path: Path) -> Annotations:
        """Raises `DataError` where the file is not of this format, or names contradict each other."""
        ...

    def write(self, path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
        """Write images by name with their objects, atomically. Raises `MaskValueError` on a loss that is not allowed."""
        ...


def check_losses(losses: Sequence[Loss], path: Path, title: str, *, allow_loss: bool, better: str = "") -> tuple[Loss, ...]:
    """The losses, or `MaskValueError` that lists them where they are not allowed. To be called before anything is written.

    better: the format that holds them, where it is another one than for objects.
    """
    if losses and not allow_loss:
        better = better or ("labelme" if all(loss.object is None for loss in losses) else "COCO")  # ignored pixels, or objects
        more = f"; and {len(losses) - SHOWN} more" if len(losses) > SHOWN else ""
        raise MaskValueError(
            f"{path}: {title} cannot hold all of these objects: {'; '.join(map(str, losses[:SHOWN]))}{more}. "
            f"Write a format that holds them ({better}), or allow the loss with --allow-loss."
        )
    return tuple(losses)


def bare_words(images: Sequence[AnnotatedImage]) -> Iterable[str]:
    """That some images have no object, where it is so."""
    bare = sum(image.objects == 0 for image in images)
    if bare:
        yield f"{bare} images have no object; they count as images in which there is nothing to find"


def object_classes(names: Sequence[str]) -> Classes:
    """Classes of things with these names, behind a background as class 0, which is called so unless an object is."""
    taken = {name.strip().lower() for name in names}
    behind = next(name for name in ("background", "void", "nothing", "unlabelled") if name not in taken)
    return Classes.named(behind, *names, things=names)


def same_classes(known: Classes | None, instances: Instances, name: str, path: Path) -> Classes:
    """The classes of an image that is written, which are those of the images before it, or `MaskValueError`."""
    if known is not None and instances.classes != known:
        raise MaskValueError(f"{path}: {name} has other classes than the images before it; one data set has one list.")
    return instances.classes


def written_classes(classes: Classes | None, used: Collection[int]) -> list[tuple[int, ClassInfo]]:
    """Class ids with their classes, all but a background that no object has."""
    skipped = None if classes is None else classes.background
    return [(id, info) for id, info in enumerate(classes or ()) if id != skipped or id in used]


def not_held(name: str, instances: Instances, holds: Holds) -> list[Loss]:
    """What of an image's objects is lost beside their shapes: scores, crowd marks, ignored pixels, objects without pixels."""
    losses = []
    for place, region in enumerate(instances.regions):
        height, width = instances.size_hw
        score = float(instances.scores[place])
        if not holds.empty and not region.window((0, 0, width, height)).area:
            losses.append(Loss(name, place, "it has no pixel and is left out", 0.0))
        elif score != 1 and not holds.scores:
            losses.append(Loss(name, place, f"its score {score:g}"))
        if instances.is_crowd[place] and not holds.crowd:
            losses.append(Loss(name, place, "it is a crowd, not one object"))
    ignored = 0 if instances.ignored is None else int(np.count_nonzero(instances.ignored))
    return losses + ([Loss(name, None, f"{ignored} ignored pixels")] if ignored and not holds.ignored else [])


def path_below(folder: Path, name: str, suffix: str) -> Path:
    """Where the annotations of an image stand that have a file of their own: its name below a folder, with another suffix.

    What follows the last dot is a suffix if images are called so; 'cell.1' has none. Raises `MaskValueError` on a name that
    leads out of the folder.
    """
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or not relative.name or relative.parts[0].endswith(":"):
        raise MaskValueError(
            f"{folder}: the image '{name}' would be written outside of it. Name it by a path below its folder."
        )
    stem = relative.stem if relative.suffix.lower() in IMAGE_SUFFIXES else relative.name
    return folder / relative.with_name(stem + suffix)


def read_text(path: Path, max_bytes: int) -> str:
    """The text of an annotation file in UTF-8. Raises `DataError` on one that is too large, is no text or cannot be read."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DataError(
                f"{path}: has {size / 1e6:.0f} MB, more than the {max_bytes / 1e6:.0f} MB that are read at once. "
                f"Split it into several files, a part of the images each."
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is no text in UTF-8 ({error}). Save it as UTF-8.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
