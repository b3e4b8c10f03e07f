"""CVAT's XML for images 1.1: the objects of all images in one file, as polygons, boxes, ellipses or masks."""

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_write, natural_key
from maskwright.formats.annotations import (
    AnnotatedImage,
    Annotations,
    Holds,
    Loss,
    Note,
    bare_words,
    check_losses,
    not_held,
    object_classes,
    same_classes,
    written_classes,
)
from maskwright.formats.cvat_shapes import DRAWN, NO_MASKS, read_shape, row_counts
from maskwright.formats.drawn import DrawnObject, drawn_image, joined
from maskwright.formats.rings import Tell, note_crossing, teller
from maskwright.formats.xml_tree import read_xml
from maskwright.masks.classes import Classes
from maskwright.masks.polygons import is_hole, outline
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

TITLE = "CVAT XML"
HOLDS = Holds(exact=True, holes=True, parts=True, overlap=True, scores=True, crowd=True, classes=True, size=True)

MAX_BYTES = 1 << 28  # of an XML file; read, it takes several times as much memory
HEAD = 4096  # bytes by which a file is known

SCORE, CROWD = "score", "is_crowd"  # attributes of an object; CVAT's own COCO export calls the crowd mark so

COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that no XML file may hold


def find(folder: Path) -> tuple[Path, ...]:
    """XML files in a folder, or in its annotations/, that begin as CVAT's do."""
    folder = Path(folder)
    places = (folder, folder / "annotations")
    files = [path for place in places if place.is_dir() for path in sorted(place.glob("*.xml")) if path.is_file()]
    return tuple(path for path in files if _looks_like_cvat(path))


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> Annotations:
    """The objects of an XML file; shapes of one group and label are one object, and masks overlap whatever their z-order.

    Labels become classes 1, 2, ... in the order of the file, behind the background. Raises `DataError` where the file is no
    CVAT file for images, is damaged or too large.
    """
    path = Path(path)
    root = read_xml(path, max_bytes)
    images, tracks = root.findall("image"), root.findall("track")
    if root.tag != "annotations" or (not images and root.find("meta") is None):
        raise DataError(f"{path}: is not a CVAT file: <annotations> with <image> elements are expected, not <{root.tag}>.")
    if tracks and not images:
        raise DataError(f"{path}: holds {len(tracks)} tracks of a video. Export it from CVAT as 'CVAT for images 1.1'.")
    notes: list[Note] = []
    if tracks:
        what = f"{len(tracks)} tracks of a video are left out"
        notes.append(Note("not-a-mask", path.name, what, "Export it as 'CVAT for images 1.1'.", "error", left_out=True))
    classes, class_of = _classes(root, images, path, notes)
    made = tuple(_image(image, number, classes, class_of, path, notes) for number, image in enumerate(images, 1))
    for name, count in Counter(image.name for image in made).items():
        if count > 1:
            what = f"{count} images are called so, and which objects are its own cannot be told"
            notes.append(Note("repeated-image", name, what, "Give each image a name of its own.", "error"))
    return Annotations(path, classes, made, tuple(notes), tuple(_words(path, classes, made)))


def write(path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write an XML file: polygons where they are exact, masks for objects with holes or of several parts.

    Scores other than 1 and crowd marks are attributes. Lost are ignored pixels and objects without pixels. Raises
    `MaskValueError` where images differ in their classes, or on a loss that is not allowed.
    """
    path, losses, parts = Path(path), list[Loss](), list[str]()
    classes: Classes | None = None
    used: set[int] = set()
    for number, (name, instances) in enumerate(items):
        classes = same_classes(classes, instances, name, path)
        losses += not_held(name, instances, HOLDS)
        height, width = instances.size_hw
        parts.append(f'  <image id="{number}" name={_quoted(name, path)} width="{width}" height="{height}">\n')
        parts += _written(instances, path)
        parts.append("  </image>\n")
        used.update(instances.class_ids.tolist())
    losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
    size = sum(part.startswith("  <image") for part in parts)
    atomic_write(path, "".join([*_head(classes, used, size, path), *parts, "</annotations>\n"]))
    return tuple(losses)


def _looks_like_cvat(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return b"<annotations>" in head and (b"<meta>" in head or b"<image " in head)


def _classes(root: Element, images: Sequence[Element], path: Path, notes: list[Note]) -> tuple[Classes, dict[str, int]]:
    """The classes of the labels that the file lists, and of those that are only used; which class a label is."""
    listed: dict[str, str] = {}
    for label in root.iterfind("meta/*/labels/label"):
        name = (label.findtext("name") or "").strip()
        if label.findtext("parent"):
            continue  # a joint of a skeleton
        if not name:
            raise DataError(f"{path}: a label has no name. Write one, or take the label out.")
        listed.setdefault(name, label.findtext("color") or "")
    used = {element.get("label", "").strip() for image in images for element in image if element.tag in DRAWN} - {""}
    unlisted = sorted(used - listed.keys(), key=natural_key)
    if listed and unlisted:
        what = f"the labels {', '.join(unlisted)} are used but not listed; they are classes, too"
        notes.append(Note("unlisted-label", path.name, what, "List them in <meta>, or correct them if they are misspelt."))
    names = [*listed, *unlisted]
    infos = list(object_classes(names))
    for place, name in enumerate(names, 1):
        color = COLOR.fullmatch(listed.get(name, ""))
        if color and color[0] != "#000000":  # black is never painted
            red, green, blue = (int(part, 16) for part in color.groups())
            infos[place] = replace(infos[place], color=(red, green, blue))
    return Classes(tuple(infos)), {name: place for place, name in enumerate(names, 1)}


def _image(
    image: Element, number: int, classes: Classes, class_of: dict[str, int], path: Path, notes: list[Note]
) -> AnnotatedImage:
    name, id = image.get("name", ""), image.get("id", "")
    if not name:
        raise DataError(f"{path}: image number {number} has no name. Write the name of its file.")
    height, width = (int(text) if (text := image.get(key, "")).isdecimal() else 0 for key in ("height", "width"))
    size_hw = (height, width) if height and width else None
    shapes: list[tuple[Hashable | None, DrawnObject]] = []
    for place, element in enumerate(image, 1):
        where = f"{name}, shape {place} ({element.tag})"
        shape = _object(element, size_hw, where, class_of, notes)
        if shape is not None:
            group = element.get("group_id", "0").strip()
            shapes.append((None if group in ("", "0") else group, shape))
    note_crossing([(shape.where, ring) for _, shape in shapes for ring in shape.rings], notes)
    return drawn_image(name, size_hw, joined(shapes), classes, path, where=f"image {id}" if id else "")


def _object(
    element: Element, size_hw: tuple[int, int] | None, where: str, class_of: dict[str, int], notes: list[Note]
) -> DrawnObject | None:
    """The object of an element of an image, or None where it has no mask, which is noted."""
    tell = teller(where, notes)
    label = element.get("label", "").strip()
    if element.tag in NO_MASKS:
        what = f"<{element.tag}> has no area; it is left out"
        tell("not-a-mask", what, "Draw a polygon or a mask where its object lies.", left_out=True)
    elif element.tag not in DRAWN:
        tell("not-a-shape", f"<{element.tag}> is no shape; it is passed over", "", severity="note")
    elif not label:
        tell("unknown-class", "it has no label; it is left out", "Give it a label.", severity="error", left_out=True)
    else:
        shape = read_shape(element, size_hw, tell)
        attributes = {one.get("name"): (one.text or "").strip() for one in element.iterfind("attribute")}
        crowd = attributes.get(CROWD, "").lower() in ("true", "1")
        score = _score(attributes.get(SCORE, "1"), tell)
        if isinstance(shape, Region):
            return DrawnObject(where, class_of[label], masks=(shape,), score=score, is_crowd=crowd)
        if shape is not None:
            return DrawnObject(where, class_of[label], rings=(shape,), score=score, is_crowd=crowd)
    return None


def _score(text: str, tell: Tell) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if math.isfinite(score):
        return score
    tell("wrong-score", f"its score is {text[:40]}; 1 is taken", "Write a number.", severity="error")
    return 1.0


def _words(path: Path, classes: Classes, images: Sequence[AnnotatedImage]) -> Iterable[str]:
    objects = sum(image.objects or 0 for image in images)
    yield f"CVAT file {path.name}: {len(images)} images, {objects} objects, {len(classes) - 1} labels"
    yield from bare_words(images)


def _written(instances: Instances, path: Path) -> Iterable[str]:
    """The elements of an image's objects, from what is behind to what is in front."""
    height, width = instances.size_hw
    for place, region in enumerate(instances.regions):
        inside = region.window((0, 0, width, height))
        if not inside.area:
            continue
        label = _quoted(instances.classes[int(instances.class_ids[place])].name, path)
        tag, shape = _shape(inside)
        attributes = []
        if instances.scores[place] != 1:
            attributes.append(f'      <attribute name="{SCORE}">{float(instances.scores[place])!r}</attribute>\n')
        if instances.is_crowd[place]:
            attributes.append(f'      <attribute name="{CROWD}">true</attribute>\n')
        yield f'    <{tag} label={label} source="manual" occluded="0" {shape} z_order="{place}">\n'
        yield from attributes
        yield f"    </{tag}>\n"


def _shape(inside: Region) -> tuple[str, str]:
    """A polygon where one is exact, else a mask: the element's name, and its place."""
    x0, y0, _, _ = inside.box_xyxy
    rings = outline(inside.pixels)
    if len(rings) == 1 and not is_hole(rings[0]):
        points = ";".join(f"{x + x0:.2f},{y + y0:.2f}" for x, y in rings[0].tolist())
        return "polygon", f'points="{points}"'
    tight = Region.of_mask(inside.pixels)
    left, top, right, bottom = tight.box_xyxy
    runs = ", ".join(map(str, row_counts(tight)))
    return "mask", f'rle="{runs}" left="{x0 + left}" top="{y0 + top}" width="{right - left}" height="{bottom - top}"'


def _head(classes: Classes | None, used: set[int], size: int, path: Path) -> Iterable[str]:
    """What comes before the images: version, and a task with the labels and the attributes that objects may have."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
    yield f"      <name>{_escaped(path.stem, path)}</name>\n      <size>{size}</size>\n      <mode>annotation</mode>\n"
    yield "      <labels>\n"
    for _, info in written_classes(classes, used):
        red, green, blue = info.color
        yield f"        <label>\n          <name>{_escaped(info.name, path)}</name>\n"
        yield f"          <color>#{red:02x}{green:02x}{blue:02x}</color>\n          <type>any</type>\n          <attributes>\n"
        for name, kind, default in ((SCORE, "text", "1"), (CROWD, "checkbox", "false")):
            yield f"            <attribute><name>{name}</name><mutable>False</mutable><input_type>{kind}</input_type>"
            yield f"<default_value>{default}</default_value><values>{default}</values></attribute>\n"
        yield "          </attributes>\n        </label>\n"
    yield "      </labels>\n    </task>\n  </meta>\n"


def _quoted(text: str, path: Path) -> str:
    return quoteattr(_allowed(text, path))


def _escaped(text: str, path: Path) -> str:
    return escape(_allowed(text, path))


def _allowed(text: str, path: Path) -> str:
    if NO_XML.search(text):
        raise MaskValueError(f"{path}: the name {text!r} holds characters that no XML file may hold. Rename it.")
    return text
