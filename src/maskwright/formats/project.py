"""Labelling projects: a JSON file an image with its objects as runs in their boxes, and project.json with the classes."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maskwright.base.errors import DataError, MaskValueError, MaskwrightError
from maskwright.base.files import atomic_folder, atomic_write, natural_key, read_json
from maskwright.formats.annotations import (
    AnnotatedImage,
    Annotations,
    Holds,
    Loss,
    Note,
    check_losses,
    not_held,
    path_below,
    same_classes,
)
from maskwright.formats.project_file import LABELS, ProjectClass, is_project, read_project, write_project
from maskwright.masks import box_runs
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

TITLE = "labelling project"
HOLDS = Holds(
    exact=True, holes=True, parts=True, overlap=True, scores=True, crowd=True, classes=True, ignored=True, size=True
)  # fmt: skip

SUFFIX = ".json"  # behind the image's own, so that a.jpg and a.png have each a file

State = Literal["todo", "done", "look"]
Size = Annotated[int, Field(ge=1)]
Place = Annotated[int, Field(ge=0)]


class LabelledObject(BaseModel):
    """An object in a label file. What else stands there belongs to the studio."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    class_id: int | None
    box: tuple[Place, Place, Place, Place]
    runs: str
    place: int = 0
    layer: int = 0
    crowd: bool = False
    score: Annotated[float, Field(allow_inf_nan=False)] = 1.0


class LabelFile(BaseModel):
    """The labels of an image. revision: of the project's journal when it was written."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal["maskwright-labels"] = "maskwright-labels"
    version: Literal[1] = 1
    image: str
    size_hw: tuple[Size, Size]
    revision: int = 0
    state: State = "todo"
    note: str = ""
    sha256: str | None = None
    objects: tuple[LabelledObject, ...] = ()

    @property
    def is_labelled(self) -> bool:
        """Whether it is to be learnt from: it is done, or has objects."""
        return self.state == "done" or bool(self.objects)


def find(folder: Path) -> tuple[Path, ...]:
    """The folder, if it is a labelling project with label files."""
    folder = Path(folder)
    try:
        return (folder,) if is_project(folder) and next((folder / LABELS).rglob(f"*{SUFFIX}"), None) else ()
    except MaskwrightError:
        return ()


def read(path: Path) -> Annotations:
    """The objects of every image that is done or has objects; those without a class are pixels to leave out.

    Objects stand in the order in which they lie on each other: by layer, and within it as they came. A damaged file is a note.
    Raises `DataError` where project.json is missing or damaged.
    """
    folder = Path(path)
    project = read_project(folder)
    classes, class_of = project.as_classes()
    notes: list[Note] = []
    images: list[AnnotatedImage] = []
    unfinished = 0
    for file in sorted((folder / LABELS).rglob(f"*{SUFFIX}"), key=lambda file: natural_key(file.as_posix())):
        try:
            labels = read_labels(file)
        except DataError as error:
            remedy = "Open the project with 'maskwright label', which writes it anew."
            notes.append(Note("damaged-labels", file.name, str(error), remedy, "error", left_out=True))
            continue
        if labels.is_labelled:
            unfinished += labels.state != "done"
            images.append(_image(file, labels, classes, class_of))
    words = [f"labelling project {folder.name}: {len(images)} images are labelled, {len(classes) - 1} classes"]
    words += [f"{unfinished} of them have objects and are not marked as done; they are used"] if unfinished else []
    return Annotations(folder, classes, tuple(images), tuple(notes), tuple(words), images_root=project.images, is_partial=True)


def write(path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write a project whose images are all done, for `maskwright label` to open. Lost are objects without pixels alone.

    Ignored pixels become an object without class. Raises `MaskValueError` where images differ in their classes, and on a loss
    that is not allowed. The folder is whole or absent.
    """
    path, losses = Path(path), list[Loss]()
    classes: Classes | None = None
    with atomic_folder(path) as folder:
        for name, instances in items:
            classes = same_classes(classes, instances, name, path)
            losses += not_held(name, instances, HOLDS)
            content = LabelFile(image=name, size_hw=instances.size_hw, state="done", objects=tuple(_objects(instances)))
            write_labels(label_path(folder, name), content)
        losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
        write_project(folder, None, project_classes(classes))
    return tuple(losses)


def project_classes(classes: Classes | None) -> list[ProjectClass]:
    """The classes of a project, with their places as ids; without a background."""
    behind = None if classes is None else classes.background
    return [
        ProjectClass(place, info.name, info.color, "thing" if info.is_thing else "stuff")
        for place, info in enumerate(classes or ())
        if place != behind
    ]


def label_path(folder: Path, name: str) -> Path:
    """The label file of an image by its name below the images' folder. Raises `MaskValueError` where that leads out of it."""
    path = path_below(folder / LABELS, name, "")
    return path.with_name(PurePosixPath(name.replace("\\", "/")).name + SUFFIX)


def read_labels(file: Path) -> LabelFile:
    """Raises `DataError` where the file is damaged or of a newer version."""
    try:
        return LabelFile.model_validate(read_json(file))
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{file}: is no label file: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    except MaskwrightError as error:
        raise DataError(str(error)) from error


def write_labels(file: Path, labels: LabelFile) -> None:
    """Write a label file atomically."""
    atomic_write(file, labels.model_dump_json() + "\n")


def _image(file: Path, labels: LabelFile, classes: Classes, class_of: dict[int, int]) -> AnnotatedImage:
    def load(size_hw: tuple[int, int]) -> Instances:
        if size_hw != labels.size_hw:
            raise MaskValueError(
                f"{file}: the labels are for {labels.size_hw[1]} x {labels.size_hw[0]} pixels, but the image has "
                f"{size_hw[1]} x {size_hw[0]}. Use the image that was labelled, neither resized nor rotated."
            )
        return _instances(file, labels, classes, class_of)

    count = sum(one.class_id is not None for one in labels.objects)
    return AnnotatedImage(labels.image, labels.size_hw, load, file, count)


def _instances(file: Path, labels: LabelFile, classes: Classes, class_of: dict[int, int]) -> Instances:
    kept = sorted((one for one in labels.objects if one.class_id is not None), key=lambda one: (one.layer, one.place))
    unknown = sorted({one.class_id for one in kept if one.class_id is not None} - class_of.keys())
    if unknown:
        raise MaskValueError(f"{file}: objects have the classes {unknown}, which are not in project.json. Put them back there.")
    return Instances(
        size_hw=labels.size_hw,
        regions=tuple(_region(file, one, labels.size_hw) for one in kept),
        class_ids=np.array([class_of[one.class_id] for one in kept if one.class_id is not None], np.int64),
        scores=np.array([one.score for one in kept], np.float64),
        is_crowd=np.array([one.crowd for one in kept], bool),
        classes=classes,
        ignored=_ignored(file, labels),
    )


def _ignored(file: Path, labels: LabelFile) -> np.ndarray | None:
    regions = [_region(file, one, labels.size_hw) for one in labels.objects if one.class_id is None]
    if not regions:
        return None
    ignored = np.zeros(labels.size_hw, bool)
    for region in regions:
        ignored |= region.mask(labels.size_hw)
    return ignored


def _region(file: Path, one: LabelledObject, size_hw: tuple[int, int]) -> Region:
    if one.box[2] > size_hw[1] or one.box[3] > size_hw[0]:
        raise MaskValueError(f"{file}: the object {one.id} lies outside of its image. Open the project to write it anew.")
    try:
        return box_runs.region_of(one.box, one.runs)
    except MaskValueError as error:
        raise MaskValueError(f"{file}: the object {one.id} is damaged. {error}") from error


def _objects(instances: Instances) -> Iterable[LabelledObject]:
    for place, region in enumerate(instances.regions):
        inside = region.window((0, 0, instances.size_hw[1], instances.size_hw[0])).tight()
        if inside.area:
            yield LabelledObject(
                id=str(place + 1), class_id=int(instances.class_ids[place]), box=inside.box_xyxy, runs=box_runs.text_of(inside),
                place=place, crowd=bool(instances.is_crowd[place]), score=float(instances.scores[place]),
            )  # fmt: skip
    if instances.ignored is not None and instances.ignored.any():
        region = Region.of_mask(instances.ignored)
        runs = box_runs.text_of(region)
        yield LabelledObject(id="ignored", class_id=None, box=region.box_xyxy, runs=runs, place=len(instances))
