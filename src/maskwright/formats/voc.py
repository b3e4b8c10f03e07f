"""Pascal VOC: pictures of object numbers and of classes, as palette PNGs, with a file of boxes for each image."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from maskwright.base.errors import DataError, ImageFileError, MaskValueError
from maskwright.base.files import atomic_folder, atomic_write, natural_key
from maskwright.formats import stored
from maskwright.formats.annotations import (
    AnnotatedImage,
    Annotations,
    Holds,
    Loss,
    Note,
    check_losses,
    read_text,
    same_classes,
)
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.flat import OwnFiles, flatten
from maskwright.formats.voc_pictures import CLASSES, OBJECTS, Table, read_pictures, read_table, shift_of, write_pictures
from maskwright.formats.voc_tables import BACKGROUND, LABELMAP, NO_TEXT, written_labelmap
from maskwright.formats.xml_tree import read_xml
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

TITLE = "Pascal VOC"
HOLDS = Holds(
    exact=True, holes=True, parts=True, overlap=False, scores=False, crowd=False, classes=True, ignored=True, size=True
)

BOXES, SETS = "Annotations", "ImageSets/Segmentation"
WRITTEN_SET = "trainval.txt"  # lists every image that is written; who splits them writes train.txt and val.txt

MAX_XML, MAX_LIST = 1 << 24, 1 << 26
SHOWN = 5


def find(folder: Path) -> tuple[Path, ...]:
    """The folder, or those in it or its VOCdevkit/ that are called VOC..., which hold pictures of object numbers."""
    folder = Path(folder)
    places = [folder, *sorted(folder.glob("VOC*")), *sorted((folder / "VOCdevkit").glob("VOC*"))]
    return tuple(place for place in places if (place / OBJECTS).is_dir() and next((place / OBJECTS).rglob("*.png"), None))


def read(path: Path, *, max_pixels: int = MAX_PIXELS) -> Annotations:
    """The objects of every image that has both pictures; 255 is ignored.

    Classes are those of labelmap.txt, else the 20 of VOC. A palette PNG is read by its numbers, and by its colours where
    labelmap.txt gives them; an RGB picture by its colours. Images of boxes or classes alone are counted in a note. Raises
    `DataError` where there is no picture of objects, or labelmap.txt contradicts itself.
    """
    folder = Path(path)
    objects, classes = _pictures(folder / OBJECTS), _pictures(folder / CLASSES)
    if not objects:
        raise DataError(f"{folder}: is not of Pascal VOC's layout: there are no PNG files in {OBJECTS}/.")
    known, table = read_table(folder / LABELMAP)
    notes: list[Note] = []
    made = [_image(folder, id, classes.get(id), known, table, max_pixels, notes) for id in objects]
    _note_rest(folder, objects, classes, notes)
    images = tuple(image for image in made if image is not None)
    return Annotations(folder, known, images, tuple(notes), (_words(folder, images, known, table),))


def write(path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write SegmentationObject/ and SegmentationClass/, Annotations/ with the boxes, a list of all images, and labelmap.txt.

    Lost are scores, crowd marks, objects without pixels and what lies under other objects. Raises `MaskValueError` where
    images differ in their classes or have one name, on more than 254 objects an image or classes, and on a loss that is not
    allowed. The folder is whole or absent.
    """
    path, losses = Path(path), list[Loss]()
    classes: Classes | None = None
    files, ids = OwnFiles(path), list[str]()
    with atomic_folder(path) as folder:
        for name, instances in items:
            classes = same_classes(classes, instances, name, path)
            ids.append(files.stem(name))
            labels, lost = flatten(name, instances, HOLDS)
            losses += lost
            if allow_loss or not losses:
                places = write_pictures(folder, ids[-1], name, instances, labels)
                boxes = _described(_file_name_of(name, path), instances, places)
                atomic_write(folder / BOXES / f"{ids[-1]}.xml", boxes)
        losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
        names = [] if classes is None else list(classes.names[1 - shift_of(classes) :])
        atomic_write(folder / SETS / WRITTEN_SET, "".join(f"{id}\n" for id in ids))
        atomic_write(folder / LABELMAP, written_labelmap([BACKGROUND, *names], path))
    return tuple(losses)


def _pictures(folder: Path) -> dict[str, Path]:
    """PNG files by their path below the folder without suffix, in natural order."""
    every = {file.relative_to(folder).with_suffix("").as_posix(): file for file in folder.rglob("*.png") if file.is_file()}
    return {id: every[id] for id in sorted(every, key=natural_key)}


def _image(
    folder: Path, id: str, classes: Path | None, known: Classes, table: Table, max_pixels: int, notes: list[Note]
) -> AnnotatedImage | None:
    """An image by its two pictures, or None where one is missing or unlike the other, which is noted."""
    objects, where = folder / OBJECTS / f"{id}.png", f"{OBJECTS}/{id}.png"

    def leave_out(code: str, what: str, remedy: str) -> None:
        notes.append(Note(code, where, f"{what}; its objects are left out", remedy, "error", left_out=True))

    if classes is None:
        leave_out("missing-classes", f"there is no {CLASSES}/{id}.png that says their classes", "Add it.")
        return None
    try:
        size_hw, other_hw = (stored.read_header(file, max_pixels).size_hw for file in (objects, classes))
    except ImageFileError as error:
        leave_out("unreadable-mask", f"it cannot be read ({error})", "Restore it from a copy.")
        return None
    if size_hw != other_hw:
        sizes = f"it has {size_hw[1]} x {size_hw[0]} pixels, {CLASSES}/{id}.png {other_hw[1]} x {other_hw[0]}"
        leave_out("size-mismatch", sizes, "Export both anew.")
        return None

    def load(image_hw: tuple[int, int]) -> Instances:
        if image_hw != size_hw:
            raise MaskValueError(
                f"{objects}: the objects of '{id}' are for {size_hw[1]} x {size_hw[0]} pixels, but the image has {image_hw[1]} "
                f"x {image_hw[0]}. Use the image that was annotated, neither resized nor rotated."
            )
        return read_pictures(objects, classes, known, table, max_pixels)

    name = _file_name(folder / BOXES / f"{id}.xml", id, size_hw, notes)
    return AnnotatedImage(name, size_hw, load, objects)


def _file_name(boxes: Path, id: str, size_hw: tuple[int, int], notes: list[Note]) -> str:
    """The image's file name with its suffix, where the file of boxes says it; else the name alone."""
    if not boxes.is_file():
        return id
    where = f"{BOXES}/{id}.xml"
    try:
        root = read_xml(boxes, MAX_XML)
    except DataError as error:
        notes.append(Note("broken-file", where, f"it cannot be read ({error}); the pictures are enough", "", "warning"))
        return id
    size = tuple((root.findtext(f"size/{side}") or "").strip() for side in ("height", "width"))
    if all(side.isdecimal() for side in size) and tuple(map(int, size)) not in ((0, 0), size_hw):
        what = f"it says {size[1]} x {size[0]} pixels, but its pictures have {size_hw[1]} x {size_hw[0]}"
        notes.append(Note("size-mismatch", where, what, "Were the pictures resized? Compare them with the image."))
    said = PurePosixPath((root.findtext("filename") or "").strip().replace("\\", "/")).name
    own = PurePosixPath(id)
    return (own.parent / said).as_posix() if PurePosixPath(said).stem == own.name else id


def _note_rest(folder: Path, objects: dict[str, Path], classes: dict[str, Path], notes: list[Note]) -> None:
    """Note what has no picture of objects: classes alone, boxes alone, and what lists name."""
    bare = [id for id in classes if id not in objects]
    if bare:
        what = f"{len(bare)} pictures of classes ({', '.join(bare[:SHOWN])}) have no picture of objects and are not read"
        notes.append(Note("classes-alone", CLASSES, what, "Without --format voc, they are read as semantic masks.", "note"))
    boxed = sum(file.stem not in objects for file in (folder / BOXES).glob("*.xml"))
    if boxed:
        notes.append(Note("boxes-alone", BOXES, f"{boxed} images have boxes but no masks and are not read", "", "note"))
    for file in sorted((folder / SETS).glob("*.txt")):
        listed = [line.strip() for line in read_text(file, MAX_LIST).splitlines()]
        missing = [id for id in listed if id and id not in objects]
        if missing:
            what = f"{len(missing)} images of the list ({', '.join(missing[:SHOWN])}) have no picture of objects"
            notes.append(Note("listed-not-there", f"{SETS}/{file.name}", what, "Bring the files back, or shorten the list."))


def _words(folder: Path, images: Sequence[AnnotatedImage], known: Classes, table: Table) -> str:
    of = f"of {LABELMAP}" if table.by_color else f"of {TITLE}"
    return f"Pascal VOC folder {folder.name}: {len(images)} images with object masks, {len(known) - 1} classes {of}"


def _described(file_name: str, instances: Instances, places: Sequence[int]) -> bytes:
    """The file of boxes, in the order of the objects' numbers; VOC counts pixels from 1 and its boxes include both ends."""
    root = ElementTree.Element("annotation")

    def add(parent: ElementTree.Element, tag: str, text: object) -> None:
        ElementTree.SubElement(parent, tag).text = str(text)

    height, width = instances.size_hw
    add(root, "filename", file_name)
    size = ElementTree.SubElement(root, "size")
    add(size, "width", width)
    add(size, "height", height)
    add(root, "segmented", 1)
    for place in places:
        one = ElementTree.SubElement(root, "object")
        add(one, "name", instances.classes[int(instances.class_ids[place])].name)
        for tag, value in (("pose", "Unspecified"), ("truncated", 0), ("difficult", 0)):
            add(one, tag, value)
        box = ElementTree.SubElement(one, "bndbox")
        x0, y0, x1, y1 = _tight_box(instances.regions[place].window((0, 0, width, height)))
        for tag, value in (("xmin", x0 + 1), ("ymin", y0 + 1), ("xmax", x1), ("ymax", y1)):
            add(box, tag, value)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8")
    return content


def _file_name_of(name: str, path: Path) -> str:
    """The image's own file name. Raises `MaskValueError` where XML cannot hold it."""
    if NO_TEXT.search(name):
        raise MaskValueError(f"{path}: the image name {name!r} holds characters that XML cannot hold. Rename the image.")
    return PurePosixPath(name.replace("\\", "/")).name


def _tight_box(region: Region) -> tuple[int, int, int, int]:
    x0, y0, _, _ = region.box_xyxy
    left, top, right, bottom = Region.of_mask(region.pixels).box_xyxy
    return x0 + left, y0 + top, x0 + right, y0 + bottom
